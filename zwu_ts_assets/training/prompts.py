"""How media are introduced: Jinja2 templates that a user can edit.

What belongs here: finding, checking and rendering templates. What does not: what they are filled
from (`facts`), how questions are worded (`picture/`).

`media.j2` opens every conversation: it says what picture and video show. `interpolated.j2` follows
for a sample that has interpolated values. A user's folder overrides either by name, and may hold
more to include. All are read when they are loaded; rendering touches no file. They run in Jinja2's
sandbox, which denies them Python's internals, and without what would give another prompt each time.
"""

import hashlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import (
    FunctionLoader,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.exceptions import SecurityError

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.regular_files import open_inside
from zwu_ts_assets.timeseries.series import counted
from zwu_ts_assets.training.facts import FACTS
from zwu_ts_assets.training.reserved import reserved_word
from zwu_ts_assets.training.template_bounds import SECONDS, TEMPLATE_LIMIT, BoundedEnvironment

DEFAULT_FOLDER: Final = Path(__file__).parent / "templates"
"""The templates that come with the project: copy what you want to change to a folder of yours."""

_SUFFIX: Final = ".j2"
_MEDIA: Final = f"media{_SUFFIX}"
_UNEVEN: Final = f"uneven{_SUFFIX}"
_INTERPOLATED: Final = f"interpolated{_SUFFIX}"
# What an expression in a template may raise when it is evaluated.
_FAILURES: Final = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    MemoryError,
)


@dataclass(frozen=True)
class _Source:
    file: Path
    text: str


@dataclass(frozen=True, eq=False)
class PromptTemplates:
    """Templates that have been read and checked.

    Attributes:
        digest: Changes whenever the text of a template does; part of what an export is made from.
        files: Which file each template came from, by name.
    """

    digest: str
    files: Mapping[str, Path]
    _environment: BoundedEnvironment

    def introduction(self, facts: Mapping[str, object]) -> str:
        """What a conversation begins with, without white space around it.

        What the settings tell of the series and its columns follows what the media show, as it is.
        Where facts tell of interpolated values, a paragraph on these comes last: also behind the
        template of a user who did not think of them, since answers must not rest on them unseen.

        Args:
            facts: What `prompt_facts` gives.

        Raises:
            CorpusError: A template uses what does not exist or is not allowed, takes too long, or
                gives too much, nothing or a reserved word; names file and line.
        """
        told = self._rendered(_MEDIA, facts, "what the media show")
        sentences = facts["context"]
        if isinstance(sentences, list) and sentences:
            told = "\n\n".join([told, "\n".join(map(str, sentences))])
        if facts["interpolated"] or facts["target_interpolated"]:
            more = self._rendered(_INTERPOLATED, facts, "a sentence on interpolated values")
            told = f"{told}\n\n{more}"
        if facts["uneven"]:
            more = self._rendered(_UNEVEN, facts, "a sentence on the steps")
            told = f"{told}\n\n{more}"
        return told

    def _rendered(self, name: str, facts: Mapping[str, object], expected: str) -> str:
        """What a template gives, checked."""
        try:
            prompt = self._environment.rendered(name, facts).strip()
        except _FAILURES as error:
            raise CorpusError(self._told(name, error)) from error
        word = reserved_word(prompt)
        if word:
            raise CorpusError(
                f"{self.files[name]}: the prompt holds {word!r}, a reserved word of the chat "
                "template or of a trainer. Media placeholders are added by each export; remove "
                "the word."
            )
        if not prompt:
            raise CorpusError(f"{self.files[name]}: the prompt is empty; expected {expected}.")
        return prompt

    def _told(self, name: str, error: Exception) -> str:
        """An error in a template with file, line and what to do."""
        ours = {str(file) for file in self.files.values()}
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in ours]
        where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else self.files[name]
        what = str(error).rstrip(".") or type(error).__name__
        if isinstance(error, SecurityError):
            return f"{where}: {what}. Templates may only use the facts: {', '.join(FACTS)}."
        if isinstance(error, UndefinedError):
            facts = ", ".join(FACTS)
            return f"{where}: {what}. The facts are: {facts}."
        return f"{where}: {what}. Mend that line."


def load_templates(folder: Path | None = None, *, seconds: float = SECONDS) -> PromptTemplates:
    """Read and check the templates.

    Args:
        folder: A folder with templates that override those of the project; None for none.
        seconds: How long a prompt may take.

    Raises:
        CorpusError: The folder is none or holds no template, or a template is not valid, is used
            by nothing or holds a reserved word; names file and line.
    """
    sources = _read(DEFAULT_FOLDER)
    own: dict[str, _Source] = {}
    if folder is not None:
        own = _read(folder)
        if not own:
            raise CorpusError(
                f"{folder}: holds no template; expected files such as {_MEDIA}. Copy "
                f"those that you want to change from {DEFAULT_FOLDER}."
            )
    sources |= own
    environment = _environment(sources, seconds)
    included: set[str] = set()
    for name, source in sorted(sources.items()):
        included |= _checked(environment, name, source, sources)
    for name in own:
        if name not in (_MEDIA, _INTERPOLATED, _UNEVEN) and name not in included:
            raise CorpusError(
                f"{own[name].file}: nothing uses this template and no template includes it. Those "
                f"that are used are {_MEDIA}, {_INTERPOLATED} and {_UNEVEN}. Rename it."
            )
    texts = json.dumps(sorted((name, source.text) for name, source in sources.items()))
    return PromptTemplates(
        digest=hashlib.sha256(texts.encode("ascii")).hexdigest(),
        files={name: source.file for name, source in sources.items()},
        _environment=environment,
    )


def _read(folder: Path) -> dict[str, _Source]:
    sources = {}
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == _SUFFIX)
        for file in files:
            # A link could lead anywhere, and its content into the prompts.
            if not file.resolve().is_relative_to(folder.resolve()):
                raise CorpusError(f"{file}: is a link out of its folder. Put a copy there instead.")
            # Line ends as git may have changed them must not change the digest.
            with open_inside(folder, file.name, TEMPLATE_LIMIT) as stream:
                text = stream.read(TEMPLATE_LIMIT).decode("utf-8").replace("\r\n", "\n")
            sources[file.name] = _Source(file, text)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{file}: not UTF-8 text: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise CorpusError(
            f"{error.filename or folder}: cannot be read as a template or a folder of templates: "
            f"{error.strerror}. Mend the setting or the file."
        ) from error
    return sources


def _environment(sources: Mapping[str, _Source], seconds: float) -> BoundedEnvironment:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        source = sources.get(name)
        return None if source is None else (source.text, str(source.file), lambda: True)

    filters: dict[str, Callable[..., object]] = {"counted": counted, "sentence": _sentence}
    return BoundedEnvironment(FunctionLoader(load), filters, seconds)


def _sentence(text: str) -> str:
    """A text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def _checked(
    environment: BoundedEnvironment,
    name: str,
    source: _Source,
    sources: Mapping[str, _Source],
) -> set[str]:
    """Refuse what can be seen without facts; return which templates this one includes."""
    for number, line in enumerate(source.text.split("\n"), start=1):
        word = reserved_word(line)
        if word:
            raise CorpusError(
                f"{source.file}, line {number}: holds {word!r}, a reserved word of the chat "
                "template or of a trainer. Media placeholders are added by each export; remove "
                "the word."
            )
    try:
        environment.get_template(name)
        tree = environment.parse(source.text, name, str(source.file))
    except TemplateSyntaxError as error:
        what = str(error.message).rstrip(".")
        raise CorpusError(
            f"{source.file}, line {error.lineno}: {what}. Mend that line; the syntax is that of "
            "Jinja2."
        ) from error
    except (SyntaxError, RecursionError, MemoryError) as error:  # of Python, behind Jinja2
        raise CorpusError(
            f"{source.file}: nests too deep to be read ({error}). Make it simpler."
        ) from error
    except TemplateNotFound as error:  # pragma: no cover - `load` has every name
        raise CorpusError(f"{source.file}: {error}") from error
    included = {other for other in meta.find_referenced_templates(tree) if other is not None}
    for other in sorted(included - set(sources)):
        raise CorpusError(
            f"{source.file}: includes {other!r}, which does not exist; the templates are: "
            f"{', '.join(sorted(sources))}. Names of other folders are not allowed."
        )
    return included

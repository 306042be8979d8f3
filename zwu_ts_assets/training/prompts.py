"""Prompts from Jinja2 templates that a user can edit.

What belongs here: finding, checking and rendering templates. What does not: what they are filled
from (`facts`), which tasks there are (`tasks`).

Each task has a template of its name, `forecast.j2`; what they share, they include. Those in
`selection/` take the place of others where feature panels show a selection of the columns. What
`interpolated.j2` says follows the prompts of a sample that has interpolated values, and no other's.
A user's folder overrides any of the files that come with the project, by name, and may hold more to
include. All are read when they are loaded; rendering touches no file. They run in Jinja2's sandbox,
which denies them Python's internals, and without what would give another prompt each time.
"""

import hashlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.time_axis import counted
from zwu_ts_assets.training.facts import FACTS
from zwu_ts_assets.training.reserved import reserved_word
from zwu_ts_assets.training.tasks import TASKS

DEFAULT_FOLDER: Final = Path(__file__).parent / "templates"
"""The templates that come with the project: copy what you want to change to a folder of yours."""

SELECTION_FOLDER: Final = DEFAULT_FOLDER / "selection"
"""Those that take their place where feature panels show a selection of the columns."""

INTERPOLATION_FOLDER: Final = DEFAULT_FOLDER / "interpolation"
"""What is said of interpolated values."""

ORDER_FOLDER: Final = DEFAULT_FOLDER / "order"
"""What is said of steps that are no fixed time."""

_SUFFIX: Final = ".j2"
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
    _environment: Any

    def render(self, task: str, facts: Mapping[str, object]) -> str:
        """The prompt of a task, without white space around it.

        Where facts tell of interpolated values, a paragraph on these comes last: also behind the
        templates of a user who did not think of them, since answers must not rest on them unseen.

        Args:
            task: Name of the task.
            facts: What `prompt_facts` gives; templates must have been loaded for interpolated
                values if it tells of any.

        Raises:
            CorpusError: A template uses what does not exist or is not allowed, or gives nothing or
                a reserved word; names file and line.
        """
        prompt = self._rendered(task + _SUFFIX, facts, "a question")
        if facts["interpolated"] or facts["target_interpolated"]:
            told = self._rendered(_INTERPOLATED, facts, "a sentence on interpolated values")
            prompt = f"{prompt}\n\n{told}"
        if facts["uneven"]:
            told = self._rendered(_UNEVEN, facts, "a sentence on the steps")
            prompt = f"{prompt}\n\n{told}"
        return prompt

    def _rendered(self, name: str, facts: Mapping[str, object], expected: str) -> str:
        """What a template gives, checked."""
        try:
            prompt = str(self._environment.get_template(name).render(facts)).strip()
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
            return f"{where}: {what}. The facts are: {facts}. Some of them only some tasks have."
        return f"{where}: {what}. Mend that line."


def load_templates(
    folder: Path | None = None,
    *,
    selection: bool = False,
    interpolated: bool = False,
    uneven: bool = False,
) -> PromptTemplates:
    """Read and check the templates of all tasks.

    Args:
        folder: A folder with templates that override those of the project; None for none.
        selection: Whether feature panels show a selection of the columns, which templates must
            then speak of. They are files of their own, so that prompts about all columns, and
            their digest, stay what they are.
        interpolated: Whether a sample has interpolated values, which its prompts must then speak
            of; a file of its own, likewise.
        uneven: Whether steps are rows at times that tell no interval, likewise.

    Raises:
        CorpusError: The folder is none or holds no template, or a template is not valid, is used
            by no task or holds a reserved word; names file and line.
    """
    sources = _read(DEFAULT_FOLDER)
    if selection:
        sources |= _read(SELECTION_FOLDER)
    if interpolated:
        sources |= _read(INTERPOLATION_FOLDER)
    if uneven:
        sources |= _read(ORDER_FOLDER)
    own: dict[str, _Source] = {}
    if folder is not None:
        own = _read(folder)
        if not own:
            raise CorpusError(
                f"{folder}: holds no template; expected files such as forecast{_SUFFIX}. Copy "
                f"those that you want to change from {DEFAULT_FOLDER}."
            )
    sources |= own
    environment = _environment(sources)
    included: set[str] = set()
    for name, source in sorted(sources.items()):
        included |= _checked(environment, name, source, sources)
    for name in own:
        used = name in (_INTERPOLATED, _UNEVEN, *included)
        if name.removesuffix(_SUFFIX) not in TASKS and not used:
            raise CorpusError(
                f"{own[name].file}: no task uses this template and no template includes it. The "
                f"tasks' templates are: {', '.join(task + _SUFFIX for task in TASKS)}. Rename it."
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
            text = file.read_bytes().decode("utf-8").replace("\r\n", "\n")
            sources[file.name] = _Source(file, text)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{file}: not UTF-8 text: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise CorpusError(
            f"{error.filename or folder}: cannot be read as a template or a folder of templates: "
            f"{error.strerror}. Mend the setting or the file."
        ) from error
    return sources


def _environment(sources: Mapping[str, _Source]) -> ImmutableSandboxedEnvironment:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        source = sources.get(name)
        return None if source is None else (source.text, str(source.file), lambda: True)

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=False,  # prompts are plain text, nothing shows them as HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Both draw from Python's global random generator.
    del environment.globals["lipsum"], environment.filters["random"]
    environment.filters["counted"] = counted
    return environment


def _checked(
    environment: ImmutableSandboxedEnvironment,
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
    except TemplateNotFound as error:  # pragma: no cover - `load` has every name
        raise CorpusError(f"{source.file}: {error}") from error
    included = {other for other in meta.find_referenced_templates(tree) if other is not None}
    for other in sorted(included - set(sources)):
        raise CorpusError(
            f"{source.file}: includes {other!r}, which does not exist; the templates are: "
            f"{', '.join(sorted(sources))}. Names of other folders are not allowed."
        )
    return included

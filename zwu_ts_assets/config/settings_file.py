"""Settings from TOML files: the one beside a CSV, and the one of all datasets.

What belongs here: reading the files, which of them wins, and saying what is wrong in one. What does
not: the settings themselves and their bounds (`settings.py`).
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ValidationError

from zwu_ts_assets.config.settings import Settings, shown
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import SERIES_LIMIT
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import Event, TaskSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SHARED_SETTINGS: Final = "datasets.toml"
"""The file in the data folder with a table of settings per dataset."""

SETTINGS_LIMIT: Final = 65_536
"""The most bytes of a settings file: a hundred long column names are a tenth of it."""

DEPTH_LIMIT: Final = 8
"""How deep a settings file may nest, in one name (`a.b.c`) or in brackets; `tasks.x` is two."""

# All of TOML that may hold dots and brackets which nest nothing, and what nests. Each character is
# looked at once, however hostile the file is.
_TOKEN: Final = re.compile(
    r"""
    (?P<text> \"{3} (?: [^\\] | \\.? )*? (?: \"{3,5} | \Z )
            | '{3} .*? (?: '{3,5} | \Z )
            | " (?: [^"\\\n] | \\[^\n] )* "?
            | ' [^'\n]* '? )
    | (?P<comment> \# [^\n]* )
    | (?P<word> [\w-]+ )
    | (?P<space> [ \t]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)

_PROBLEMS: Final = 10  # told at once
_SHOWN: Final = 120  # characters of TOML's own words in a message

_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "split": SplitRule,
    "tasks": TaskSettings,
    "events": Event,
}


def read_settings(
    toml: Path,
    defaults: Mapping[str, object] | None = None,
    table: str | None = None,
    given: Mapping[str, object] | None = None,
) -> Settings:
    """The settings in a TOML file over the defaults; the defaults alone if it does not exist.

    Args:
        toml: The file, for example `data/ETTh1.toml`.
        defaults: A dataset's own defaults, which the file may override.
        table: The dataset's table in the shared file `datasets.toml` beside it, whose settings come
            between the two; None for no look there.
        given: Settings by name that override those of the files.

    Raises:
        CorpusError: A file is too long, is not TOML, has an unknown key or a value out of bounds.
    """
    shared = toml.with_name(SHARED_SETTINGS)
    between = shared_tables(shared).get(table, {}) if table is not None else {}
    own = {**_overrides(toml), **(given or {})}
    try:
        return Settings.model_validate({**(defaults or {}), **between, **own})
    except ValidationError as error:
        place = f"{shared}, table [{table}]"
        toml_text = f"{toml} and the settings given by name" if given else str(toml)
        place = (f"{toml_text} and {place}" if own else place) if between else toml_text
        raise CorpusError(f"{place}: " + "; ".join(_say(error))) from error


def shared_tables(toml: Path) -> dict[str, dict[str, object]]:
    """The tables of the settings file of all datasets, by the dataset's name; none without it.

    Args:
        toml: The file, for example `data/datasets.toml`.

    Raises:
        CorpusError: The file is too long, is not TOML, or has settings outside of tables.
    """
    tables: dict[str, dict[str, object]] = {}
    for name, content in _overrides(toml).items():
        if not isinstance(content, dict):
            raise CorpusError(
                f"{toml}: found {shown(name)} outside of a table; expected a table for each "
                "dataset, such as [etth1], and the settings in it. Put it below such a line."
            )
        tables[name] = content
    return tables


def each_series(toml: Path) -> tuple[str, ...]:
    """The series of a long table that each are a dataset of their own; usually none.

    Args:
        toml: The settings file beside the table. What is wrong with it is told when it is read as
            settings.
    """
    try:
        content = _overrides(toml)
    except CorpusError:
        return ()
    names = content.get("each_series")
    if not isinstance(names, list) or "features" in content:
        return ()
    texts = tuple(name for name in names if isinstance(name, str) and name)
    sound = len(set(texts)) == len(names) and 0 < len(names) <= SERIES_LIMIT
    return texts if sound else ()


def _overrides(toml: Path) -> dict[str, object]:
    """What a settings file says; nothing, if there is none."""
    try:
        if not toml.exists():
            return {}
        if not toml.is_file():
            raise CorpusError(f"{toml}: found something that is no file; expected a TOML file.")
        with toml.open("rb") as file:
            data = file.read(SETTINGS_LIMIT + 1)
    except OSError as error:
        raise CorpusError(f"{toml}: cannot be read: {error.strerror}.") from error
    if len(data) > SETTINGS_LIMIT:
        raise CorpusError(
            f"{toml}: found more than {SETTINGS_LIMIT:,} bytes; expected a few settings. Is it "
            "the right file?"
        )
    try:
        # With a byte order mark too, as Windows' editor writes it: it is seen nowhere, and the
        # sentence about an invalid statement in line 1 would help nobody.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{toml}: not UTF-8 text: {error}. Save it as UTF-8.") from error
    _refuse_depth(toml, text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(
            f"{toml}: not valid TOML: {str(error)[:_SHOWN]}. Mend that line."
        ) from error
    except ValueError as error:
        # What TOML allows and tomllib does not.
        raise CorpusError(
            f"{toml}: found a number with thousands of digits; expected a few settings. Mend the "
            "file."
        ) from error


def _refuse_depth(toml: Path, text: str) -> None:
    """Refuse what nests deeper than any settings, before it is parsed.

    The parser's time grows with the cube of the dots in a name: 65,536 bytes of them took it 40 s.
    """
    dots = brackets = 0
    separated = True  # two words that no dot joins begin a new name
    for token in _TOKEN.finditer(text):
        match token.lastgroup, token[0]:
            case "space", _:
                pass
            case "other", ".":
                dots += 1
                separated = False
            case (("text" | "word"), _):
                dots = 0 if separated else dots
                separated = True
            case "other", ("[" | "{"):
                brackets, dots, separated = brackets + 1, 0, True
            case "other", ("]" | "}"):
                brackets, dots, separated = max(brackets - 1, 0), 0, True
            case _:
                dots, separated = 0, True
        if max(dots + 1, brackets) > DEPTH_LIMIT:
            line = text.count("\n", 0, token.start()) + 1
            raise CorpusError(
                f"{toml}, line {line}: found names or brackets nested deeper than {DEPTH_LIMIT} "
                "levels; expected a few settings. Mend that line."
            )


def _say(error: ValidationError) -> list[str]:
    """One sentence for each invalid setting: name, value found, what is expected, what to do."""
    problems = error.errors(include_url=False)
    sentences: list[str] = []
    for problem in problems[:_PROBLEMS]:
        text, marker, known = _sentence(problem).partition("; the settings are: ")
        # Which settings there are fills half a screen: once is enough.
        told = any(sentence.endswith(marker + known) for sentence in sentences)
        sentences.append(text if told else text + marker + known)
    if len(problems) > _PROBLEMS:
        sentences.append(f"and {len(problems) - _PROBLEMS} more")
    return sentences


def _sentence(problem: "ErrorDetails") -> str:
    """What is wrong with one setting; those of a table are named `table.setting`."""
    *above, last = problem["loc"] or ("",)
    name = _joined(problem["loc"])
    expected = problem["msg"][0].lower() + problem["msg"][1:]
    match problem["type"]:
        case "extra_forbidden":
            table = _TABLES.get(str(above[0]) if above else "", Settings)
            where = f" in the table [{_joined(above)}]; its" if above else "; the"
            known = ", ".join(table.model_fields)
            return f"unknown setting {shown(last)}{where} settings are: {known}"
        case "value_error":  # our own validators name the settings themselves
            told = problem["msg"].removeprefix("Value error, ")
            return f"setting {name!r}: {told}" if name else told
        case "missing":
            expected = f"value {last + 1 if isinstance(last, int) else last!r} of it is missing"
            name = _joined(above)
        case "model_type" | "model_attributes_type":
            expected = f"expected a table, written [{name}]"
    return f"setting {name!r} is {shown(problem['input'])}; {expected}"


def _joined(parts: Iterable[int | str]) -> str:
    """The name of a setting: `split.ratios[1]`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts).removeprefix(".")

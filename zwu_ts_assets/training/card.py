"""The dataset card: what people, and the Hugging Face hub, read of an export.

What belongs here: the card's facts, its text and its two pictures. What does not: counting and
checking, and the manifest for machines (`exports/manifest`).

The same facts give the same bytes: nothing here knows the time.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, Final

from zwu_ts_assets.errors import entered
from zwu_ts_assets.training.export_files import WrittenFile

CARD: Final = "README.md"
FIGURE: Final = "card/figure.png"
FILM_STRIP: Final = "card/film_strip.jpg"

# The hub refuses a licence that it does not know. These are the ones that data sets have.
_HUB_LICENCES: Final = frozenset(
    (
        *("apache-2.0", "mit", "bsd-3-clause", "gpl-3.0", "cc"),
        *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0"),
        *("cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
        *(
            "cc-by-nd-4.0",
            "cc-by-nc-nd-3.0",
            "cc-by-nc-nd-4.0",
            "cc-by-nc-sa-2.0",
            "cc-by-nc-sa-3.0",
        ),
        *("cc-by-nc-sa-4.0", "odbl", "odc-by", "pddl", "cdla-permissive-1.0"),
        *("cdla-permissive-2.0", "cdla-sharing-1.0", "unlicense", "wtfpl", "unknown"),
        "other",
    )
)
_EXAMPLE: Final = 400  # characters of a question in the table
_OF_LINKS: Final = (
    "Figures and videos that lie here as files are hard links to those of the corpus, as its "
    'settings ask for (`export_media = "link"`). A program that writes into one changes both: work '
    "on a copy of this folder."
)
_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))


@dataclass(frozen=True)
class Picture:
    """A picture of the card.

    Attributes:
        made_from: A digest that changes whenever the bytes would.
        build: Gives the bytes; a PNG for the figure, a JPEG for the film strip.
    """

    made_from: str
    build: Callable[[], bytes]


@dataclass(frozen=True)
class SplitFacts:
    """What is said of a split.

    Attributes:
        name: One of `SPLITS`.
        first_row: The first row of any sample's past; None for an empty split.
        stop_row: The row after the last one of any target; likewise.
        first_time: The time of that first row, or empty.
        last_time: The time of the last row of any target, or empty.
        samples: Number of samples.
        conversations: Number of conversations.
        embargoed: Windows left out so that no row is in two splits.
        tokens: Visual and text tokens of all conversations; None if they were not counted.
    """

    name: str
    first_row: int | None
    stop_row: int | None
    first_time: str
    last_time: str
    samples: int
    conversations: int
    embargoed: int
    tokens: int | None = None


@dataclass(frozen=True)
class CheckFacts:
    """A check that was made of the corpus: its name, whether it passed, and what it found."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class TaskFacts:
    """What is said of a task.

    Attributes:
        name: Its name.
        level: 1 read, 2 locate, 3 watch, 4 join, 5 look ahead.
        needs: The views in which its answers stand; none where they lie ahead.
        questions: How many are asked.
        chance: The share that guessing gets right; 0 where there are no options.
        example: The text of one of its questions.
        answer: The answer to it.
    """

    name: str
    level: int
    needs: Sequence[str]
    questions: int
    chance: float
    example: str
    answer: str


@dataclass(frozen=True)
class CardFacts:
    """Everything that the card says.

    Attributes:
        dataset: Name of the dataset.
        title: What people call it.
        description: A paragraph on what the series is.
        source: Where the CSV comes from: an address or a sentence.
        licence: The CSV's licence, as the hub names it (`cc-by-nd-4.0`) or in words; empty for
            unknown.
        units: Unit by column, in the order of the columns; empty where none is known.
        interval: The sampling interval, for example `1 hour`.
        splits: In the order of time.
        split_rule: How the splits were cut, for example `ratio 0.7/0.1/0.2`.
        tasks: In the order of their levels.
        evidence: What readers made of the questions: a table in Markdown.
        baselines: What a model has to beat, likewise.
        rationale: Whether answers say how they were read: `none`, `answer` or `think`.
        parameters: Settings by name.
        checks: In the order of the card.
        fingerprints: Content versions by asset.
        versions: By package or asset.
        figure: An image of the corpus.
        film_strip: The frames of a video.
        selection: Which columns the feature panels show, in a sentence; empty where they show all.
        media_are_links: Whether the export's figures and videos are hard links to the corpus' own.
    """

    dataset: str
    title: str
    description: str
    source: str
    licence: str
    units: Mapping[str, str]
    interval: str
    splits: Sequence[SplitFacts]
    split_rule: str
    tasks: Sequence[TaskFacts]
    evidence: str
    baselines: str
    rationale: str
    parameters: Mapping[str, str | int | float | bool | None]
    checks: Sequence[CheckFacts]
    fingerprints: Mapping[str, str]
    versions: Mapping[str, str]
    figure: Picture
    film_strip: Picture
    language: str = field(default="en")
    selection: str = ""
    media_are_links: bool = False


Configurations = Mapping[str, Mapping[str, Sequence[str]]]
"""By name and split, patterns of files with data; the first is the default."""


def card_files(
    facts: CardFacts, *, format_name: str, configurations: Configurations, usage: str
) -> Iterator[WrittenFile]:
    """The card and its pictures, as files of an export.

    Args:
        facts: What the card says.
        format_name: Name of the export's format.
        configurations: What `load_dataset` loads, and the hub's viewer shows.
        usage: How the export is loaded, in Markdown.
    """
    content = card_markdown(
        facts, format_name=format_name, configurations=configurations, usage=usage
    ).encode("utf-8")
    digest = hashlib.sha256(content).hexdigest()
    yield WrittenFile(CARD, digest, lambda sink: sink.write(content))
    for path, picture in ((FIGURE, facts.figure), (FILM_STRIP, facts.film_strip)):
        yield WrittenFile(path, picture.made_from, partial(_put, picture))


def _put(picture: Picture, sink: BinaryIO) -> None:
    sink.write(picture.build())


def card_markdown(
    facts: CardFacts, *, format_name: str, configurations: Configurations, usage: str
) -> str:
    """The card's text; arguments as for `card_files`."""
    parts = [
        f"# {_text(facts.title)}",
        _text(facts.description),
        f"Made from a multivariate time series with zwu_ts_assets; this is the `{format_name}` "
        f"export. {entered('look', facts.dataset)}, in the project that made it, makes pages of "
        "every sample to look at, with its media, questions and answers.",
        f"![A figure: dependence matrices of a window]({FIGURE})",
        f"![The frames of a video: the patches of a window]({FILM_STRIP})",
        "## Loading",
        usage,
        _OF_LINKS if facts.media_are_links else "",
        "`corpus.json` lists every sample with its rows, token counts and media; the command "
        "`validate` checks the export against it.",
        "## Source and licence",
        f"Source: {_link(facts.source) or 'not told'}\n\n"
        f"Licence of the series: {_text(facts.licence) or 'not told'}"
        + _no_derivatives(facts.licence),
        "## Columns",
        f"Sampling interval: {_text(facts.interval)}",
        _table(("column", "unit"), [(n, u or "not told") for n, u in facts.units.items()]),
        _text(facts.selection),
        "## Splits",
        f"Chronological: {_text(facts.split_rule)}. No row of a sample's past or target is in two "
        "splits; windows that would have broken this were left out (embargoed).",
        _table(
            ("split", "rows", "from", "to", "samples", "conversations", "embargoed", "tokens"),
            [_split_row(split) for split in facts.splits],
        ),
        "## Questions",
        _ANSWERS[facts.rationale],
        _table(
            ("task", "level", "needs", "questions", "chance", "example", "answer"),
            [_task_row(task) for task in facts.tasks],
        ),
        "The examples are about the window of the pictures above, where it was asked that.",
        _COPIES if any("altered" in task.needs for task in facts.tasks) else "",
        "### Do they need the picture, and can they be answered from it?",
        "A blind reader sees the text alone and has learned from the train split; a reader of "
        "pixels sees the decoded media alone; with the wrong picture, it sees those of another "
        "window.",
        facts.evidence.strip(),
        "### What has to be beaten",
        "Guessing, the most frequent answer of the train split, and forecasts that anyone can "
        "make; blind reader and reader of pixels are in the table above.",
        facts.baselines.strip(),
        "## Parameters",
        _table(("parameter", "value"), _pairs(facts.parameters)),
        "## Checks",
        _table(
            ("check", "result", "found"),
            [(c.name, "passed" if c.passed else "failed", c.detail) for c in facts.checks],
        ),
        "## Fingerprints",
        _table(("asset", "content version"), _pairs(facts.fingerprints)),
        "## Versions",
        _table(("package or asset", "version"), _pairs(facts.versions)),
    ]
    body = "\n\n".join(part for part in parts if part) + "\n"
    return f"{_front_matter(facts, configurations, body)}\n\n{body}"


def _front_matter(facts: CardFacts, configurations: Configurations, body: str) -> str:
    """YAML whose scalars from elsewhere are quoted, so that no name can break out of it.

    `datasets` 5.2 caches what it loads by what it reads here, and does not look at the files: of
    an export made again it would give the rows of before. So each configuration has a description
    that changes with the facts about the content, fingerprints included.
    """
    content = hashlib.sha256(body.encode("utf-8")).hexdigest()[:16]
    rows = sum(split.conversations for split in facts.splits)
    size = next((name for bound, name in _SIZES if rows < bound), "100K<n<1M")
    lines = ["---", *_licence_lines(facts.licence), "language:", f"- {_quoted(facts.language)}"]
    lines += [f"pretty_name: {_quoted(facts.title)}", "size_categories:", f"- {size}"]
    lines += ["task_categories:", "- time-series-forecasting", "- visual-question-answering"]
    lines += ["tags:", "- time-series", "- qwen3-vl", "- multimodal"]
    if configurations:
        lines.append("configs:")
    for number, (name, data_files) in enumerate(configurations.items()):
        lines.append(f"- config_name: {name}")
        if len(configurations) > 1 and number == 0:
            lines.append("  default: true")
        lines += [f"  description: {_quoted(f'content {content}')}", "  data_files:"]
        for split, patterns in data_files.items():
            lines += [f"  - split: {split}", "    path:"]
            lines += [f"    - {_quoted(pattern)}" for pattern in patterns]
    return "\n".join([*lines, "---"])


def _quoted(text: str) -> str:
    """A double-quoted scalar of YAML. JSON's would not do: it escapes characters in pairs."""
    characters = []
    for character in text:
        if character in '"\\':
            characters.append("\\" + character)
        else:
            code = f"\\U{ord(character):08x}"
            characters.append(character if character.isprintable() else code)
    return '"' + "".join(characters) + '"'


def _licence_lines(licence: str) -> list[str]:
    known = licence.strip().lower()
    if not known:
        return ["license: unknown"]
    if known in _HUB_LICENCES:
        return [f"license: {known}"]
    name = re.sub(r"[^a-z0-9.]+", "-", known).strip("-.") or "named-in-the-card"
    return ["license: other", f"license_name: {_quoted(name)}"]


def forbids_adapted_material(licence: str) -> bool:
    """Whether a licence allows sharing only what is unchanged: CC BY-ND and its like."""
    return re.search(r"(?<![a-z])nd(?![a-z])|no.?deriv", licence, re.IGNORECASE) is not None


def _no_derivatives(licence: str) -> str:
    if not forbids_adapted_material(licence):
        return ""
    return (
        ". It allows sharing the series only unchanged: before you share this export, which is "
        "made from it, ask whoever owns the series."
    )


def _split_row(split: SplitFacts) -> tuple[str, ...]:
    empty = split.first_row is None or split.stop_row is None
    return (
        split.name,
        "none" if empty else f"{split.first_row} to {split.stop_row - 1}",  # type: ignore[operator]
        split.first_time,
        split.last_time,
        f"{split.samples:,}",
        f"{split.conversations:,}",
        f"{split.embargoed:,}",
        "not counted" if split.tokens is None else f"{split.tokens:,}",
    )


_COPIES: Final = (
    "Questions that need `altered` show the line plot of a copy of a window, into which an anomaly "
    "was put before it was drawn, or nothing. No other question shows such a copy, and these show "
    "nothing else."
)

_ANSWERS: Final[Mapping[str, str]] = {
    "none": "Every answer is one line, `Answer: ` and what was asked for.",
    "answer": "Every answer says how it was read; its last line is `Answer: ` and what was asked "
    "for.",
    "think": "Every answer begins with a thought between `<think>` and `</think>`; its last line "
    "is `Answer: ` and what was asked for.",
}


def _task_row(task: TaskFacts) -> tuple[str, ...]:
    return (
        task.name,
        f"{task.level}",
        " + ".join(task.needs) or "what lies ahead",
        f"{task.questions:,}",
        f"{task.chance:.0%}" if task.chance else "",
        task.example if len(task.example) <= _EXAMPLE else f"{task.example[:_EXAMPLE]}...",
        task.answer,
    )


def _pairs(values: Mapping[str, str | int | float | bool | None]) -> list[tuple[str, str]]:
    return [(name, "none" if value is None else str(value)) for name, value in values.items()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "None."
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|") or " "


def _link(text: str) -> str:
    """An address as a link; any other text as it is."""
    return f"<{text}>" if re.fullmatch(r"https?://[^\s<>]+", text) else _text(text)


def _text(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>#])", r"\\\1", plain)

"""A corpus -> static pages: an overview with filters, a page per sample, per task, per dataset.

What belongs here: what is on which page, and rendering it. What does not: where samples, questions
and proof come from, where pages are written.

Pages are opened from disk (`file://`), where a browser lets no script read another file: what the
overview filters comes as a script that holds nothing but JSON. Media are not copied: pages lie two
folders below the dataset's own at most, and refer to them there.

Everything that a user's data says (names of columns, units, texts, tasks) is hostile until escaped:
templates escape by themselves, the script sets text and never HTML, and the policy on each page
lets nothing be loaded that does not lie in these folders.
"""

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import jinja2

from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.sample import SPLITS, Conversation, Sample
from zwu_ts_assets.training.splits import SplitReport

INDEX: Final = "index.html"
"""The page to open."""

OVERVIEW: Final = "look.html"
"""The page above the galleries of several datasets, in the folder of all artifacts."""

DATA: Final = "index.js"
"""What that page filters: a script that holds nothing but JSON, between these two texts."""

DATA_BEGINS: Final = "show_gallery("
DATA_ENDS: Final = ");\n"

ASSETS: Final = ("gallery.css", "gallery.js")
"""The style sheet and the script, which are the same for each corpus."""

_EXAMPLES: Final = 12  # of a task
_TIME_LINE: Final = 1000  # units of the drawing
_MARK: Final = 1.5  # the least width of a mark, in the same

_WHY: Final = {
    "embargoed": "they reach over a border of two splits",
    "target incomplete": "the series ends before their target does",
    "before the first border": "they begin before the rows that are divided",
    "after the last border": "they reach beyond the rows that are divided",
    "target has a gap": "a row of their target lacks a value",
}

_LEVELS: Final = {1: "read", 2: "locate", 3: "watch", 4: "join", 5: "look ahead"}


@dataclass(frozen=True)
class Film:
    """What a page knows of a video: frames, frames per second, and the steps of each patch."""

    frames: int
    fps: float
    patches: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Corpus:
    """What the pages of one dataset show.

    Attributes:
        dataset: Name of the dataset.
        card: Title, description, source and licence, by these names; empty where none is told.
        command: What made the pages, for people who want to make them again.
        samples: In the order of time.
        report: How windows were divided among the splits.
        conversations: Of these samples.
        film: Of their videos.
        tokens: Tokens of a text, by conversation and turn: of prompt and answer.
        left_out: Why a task has no question, by its name.
        evidence: The numbers of the proof, as the asset `evidence` has them; empty for none.
        pictures: Further pictures of the dataset, by their title: paths like those of samples.
        missing: What splits lack, and what helps, in sentences.
    """

    dataset: str
    card: Mapping[str, str]
    command: str
    samples: Sequence[Sample]
    report: SplitReport
    conversations: Sequence[Conversation]
    film: Film
    tokens: Mapping[str, Sequence[tuple[int, int]]]
    left_out: Mapping[str, str]
    evidence: Mapping[str, Any]
    pictures: Mapping[str, str]
    missing: Sequence[str] = ()


def gallery_files(corpus: Corpus) -> Iterator[WrittenFile]:
    """The files of a gallery, each rendered when its turn comes."""
    asked: dict[str, list[Conversation]] = {sample.id: [] for sample in corpus.samples}
    for conversation in corpus.conversations:
        asked[conversation.sample_id].append(conversation)
    for name in ASSETS:
        yield _file(name, asset(name))
    yield _file(DATA, index_script(corpus, asked))
    yield _page(INDEX, "index.html", title=_title(corpus), scripts=[(DATA, "../")])
    by_task: dict[str, list[PictureQuestion]] = {}
    for conversation in corpus.conversations:
        for turn in conversation.turns:
            by_task.setdefault(turn.question.task, []).append(turn.question)
    yield _dataset_page(corpus, by_task)
    for task, questions in by_task.items():
        yield _task_page(corpus, task, questions)
    for at, sample in enumerate(corpus.samples):
        before = corpus.samples[at - 1].id if at else ""
        after = corpus.samples[at + 1].id if at + 1 < len(corpus.samples) else ""
        yield _sample_page(corpus, sample, asked[sample.id], before, after)


def overview(datasets: Mapping[str, str]) -> bytes:
    """One page with the samples of several datasets, to lie above their folders.

    Args:
        datasets: The folder of each dataset that has a gallery, by its name, relative to where the
            page lies; it ends in a slash, or is empty.
    """
    scripts = [(f"{folder}gallery/{DATA}", folder) for folder in datasets.values()]
    first = next(iter(datasets.values()))
    html = _rendered(
        "index.html", title="All datasets", scripts=scripts, root=f"{first}gallery/", several=True
    )
    return html.encode("utf-8")


def asset(name: str) -> bytes:
    """The style sheet or the script, as the package has it."""
    return (files(__package__) / "templates" / name).read_bytes()


def index_script(corpus: Corpus, asked: Mapping[str, Sequence[Conversation]]) -> bytes:
    """What the overview filters, as a script that hands JSON to the page."""
    tasks = {
        turn.question.task: turn.question.level
        for conversation in corpus.conversations
        for turn in conversation.turns
    }
    numbers = {task: number for number, task in enumerate(tasks)}
    rows = []
    for sample in corpus.samples:
        about = [turn.question for each in asked[sample.id] for turn in each.turns]
        rows.append(
            {
                "id": sample.id,
                "split": sample.split,
                "batch": sample.batch,
                "rows": [sample.past_start, sample.past_stop],
                "time": sample.axis.time_text(sample.past_timestamps[0]),
                "image": sample.image,
                "flags": list(sample.flags),
                "tasks": sorted({numbers[question.task] for question in about}),
                "questions": len(about),
            }
        )
    told = {
        "dataset": corpus.dataset,
        "tasks": [{"name": task, "level": level} for task, level in tasks.items()],
        "levels": {str(level): name for level, name in _LEVELS.items()},
        "samples": rows,
    }
    return data_script(told)


def data_script(told: object) -> bytes:
    """JSON as the script that hands it to the page."""
    # In ASCII, and without what could end a script or begin a comment in one.
    text = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return f"{DATA_BEGINS}{text}{DATA_ENDS}".encode("ascii")


def _title(corpus: Corpus) -> str:
    return corpus.card.get("title") or corpus.dataset


def _sample_page(
    corpus: Corpus, sample: Sample, asked: Sequence[Conversation], before: str, after: str
) -> WrittenFile:
    time = sample.axis.time_text
    last = sample.target_timestamps if len(sample.target_timestamps) else sample.past_timestamps
    frames = []
    for start, stop in corpus.film.patches:
        first, final = sample.past_timestamps[start], sample.past_timestamps[stop - 1]
        frames.append(f"steps {start} to {stop - 1}: {time(first)} to {time(final)}")
    conversations = []
    for each in asked:
        counted = corpus.tokens[each.id]
        text = sum(prompt + answer for prompt, answer in counted)
        media = sample.image_tokens * len(each.images) + sample.video_tokens * len(each.videos)
        turns = [
            {
                "question": turn.question,
                "prompt": turn.prompt,
                "answer": turn.answer,
                "tokens": tokens,
                "shows": _shown(turn.images, turn.videos),
            }
            for turn, tokens in zip(each.turns, counted, strict=True)
        ]
        conversations.append({"about": each, "turns": turns, "text": text, "media": media})
    return _page(
        f"samples/{sample.id}.html",
        "sample.html",
        title=sample.id,
        corpus=corpus,
        sample=sample,
        times=(time(sample.past_timestamps[0]), time(last[-1])),
        frames=frames,
        conversations=conversations,
        before=before,
        after=after,
        levels=_LEVELS,
    )


def _shown(images: int, videos: int) -> str:
    told = [
        f"{count} {name}{'s' * (count > 1)}"
        for count, name in ((images, "picture"), (videos, "video"))
        if count
    ]
    return " and ".join(told)


def _task_page(corpus: Corpus, task: str, questions: Sequence[PictureQuestion]) -> WrittenFile:
    rows = [row for row in corpus.evidence.get("rows", ()) if row["task"] == task]
    seen: dict[tuple[object, ...], PictureQuestion] = {}
    for question in questions:  # as different ones as there are, before any that is alike
        seen.setdefault((question.wording, question.form, question.answer), question)
    chosen = list(seen.values())[:_EXAMPLES]
    return _page(
        f"tasks/{task}.html",
        "task.html",
        title=task,
        corpus=corpus,
        task=questions[0],
        level=_LEVELS[questions[0].level],
        counts=_counts(questions),
        answers=Counter(question.answer for question in questions).most_common(_EXAMPLES),
        examples=chosen,
        evidence=list(map(_evidence_row, rows)),
    )


def _evidence_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the proof as texts, by the heading of its column."""
    blind = max(row["blind"].values(), key=_share, default=None)
    return {
        "split": row["split"],
        "questions": row["questions"],
        "chance": f"{row['chance']:.0%}",
        "best blind reader": _rate(blind),
        "pixels of another window": _rate(row["wrong_picture"]),
        **{f"pixels, {name}": _rate(rate) for name, rate in row["pixels"].items()},
    }


def _share(rate: Mapping[str, Any]) -> float:
    return float(rate["right"] / rate["asked"]) if rate["asked"] else -1.0


def _rate(rate: Mapping[str, Any] | None) -> str:
    if rate is None or not rate["asked"]:
        return "not asked"
    low, high = rate["interval"]
    return f"{_share(rate):.1%} of {rate['asked']} ({low:.0%} to {high:.0%})"


def _counts(questions: Iterable[PictureQuestion]) -> dict[str, int]:
    counts = Counter(question.split for question in questions)
    return {split: counts[split] for split in SPLITS}


def _dataset_page(corpus: Corpus, by_task: Mapping[str, Sequence[PictureQuestion]]) -> WrittenFile:
    splits = [
        {
            "name": name,
            "samples": corpus.report.samples[name],
            "rows": corpus.report.rows[name],
            "times": corpus.report.times[name],
            "questions": sum(_counts(questions)[name] for questions in by_task.values()),
            "why_empty": "" if corpus.report.samples[name] else _why_empty(corpus, name),
        }
        for name in SPLITS
    ]
    proof = {row["task"]: _evidence_row(row) for row in corpus.evidence.get("rows", ())}
    tasks = [
        {
            "about": questions[0],
            "level": _LEVELS[questions[0].level],
            "counts": _counts(questions),
            "evidence": proof.get(task, {}),
        }
        for task, questions in sorted(by_task.items(), key=lambda item: item[1][0].level)
    ]
    flags = Counter(flag for sample in corpus.samples for flag in sample.flags)
    return _page(
        "dataset.html",
        "dataset.html",
        title=_title(corpus),
        corpus=corpus,
        splits=splits,
        time_line=_time_line(corpus),
        left_out=_left_out(corpus),
        unasked=_by_reason(corpus.left_out),
        tasks=tasks,
        flags=flags.most_common(40),
        more_flags=max(0, len(flags) - 40),
    )


def _why_empty(corpus: Corpus, split: str) -> str:
    """Why a split has no sample."""
    first, stop = corpus.report.rows[split]
    if stop <= first:
        return "it has no rows"
    needed = corpus.samples[0].target_stop - corpus.samples[0].past_start if corpus.samples else 0
    if stop - first < needed:
        return f"its {stop - first:,} rows are fewer than the {needed:,} of a window and its target"
    return "no window that was made lies in its rows with its whole target"


def _by_reason(told: Mapping[str, str]) -> dict[str, list[str]]:
    """Names by what is told of them."""
    found: dict[str, list[str]] = {}
    for name, reason in told.items():
        found.setdefault(reason, []).append(name)
    return found


def _left_out(corpus: Corpus) -> list[dict[str, Any]]:
    """Why windows are in no split, how many, and the first and last row of each."""
    report = corpus.report
    length = corpus.samples[0].past_stop - corpus.samples[0].past_start if corpus.samples else 1
    known = {"embargoed": report.embargoed, **report.left_out}
    return [
        {
            "reason": reason,
            "told": _WHY.get(reason, ""),
            "windows": windows,
            "rows": [f"{first} to {first + length - 1}" for first in known.get(reason, ())],
        }
        for reason, windows in report.unused.items()
        if windows
    ]


def _time_line(corpus: Corpus) -> dict[str, Any]:
    """The splits in rows as bands, and below them what is used and what is embargoed, as marks.

    Of a split without a sample, where to say so.
    """
    samples, report = corpus.samples, corpus.report
    stops = [stop for _, stop in report.rows.values()] + [sample.target_stop for sample in samples]
    rows = max(*stops, 1)
    scale = _TIME_LINE / rows
    length = samples[0].target_stop - samples[0].past_start if samples else 1

    def marks(spans: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
        joined: list[list[int]] = []
        for start, stop in spans:
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], stop)
            else:
                joined.append([start, stop])
        return [
            (round(start * scale, 2), round(max((stop - start) * scale, _MARK), 2))
            for start, stop in joined
        ]

    spans = {name: span for name, span in report.rows.items() if span[1] > span[0]}
    bands = {name: marks([span]) for name, span in spans.items()}
    used = {
        name: marks((each.past_start, each.target_stop) for each in samples if each.split == name)
        for name in SPLITS
    }
    out = marks((row, row + length) for row in sorted(report.embargoed))
    empty = {name: bands[name][0][0] for name in bands if not report.samples[name]}
    facts = {"bands": bands, "used": used, "empty": empty, "embargoed": out}
    return {"width": _TIME_LINE, "rows": rows, **facts}


def _page(path: str, template: str, **facts: Any) -> WrittenFile:
    root = "../" * path.count("/")
    return _file(path, _rendered(template, root=root, **facts).encode("utf-8"))


def _file(path: str, content: bytes) -> WrittenFile:
    return WrittenFile(path, hashlib.sha256(content).hexdigest(), lambda sink: sink.write(content))


def _rendered(template: str, **facts: Any) -> str:
    return _environment().get_template(template).render(facts)


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    # The templates are the project's own; what they are given is not, and so is always escaped.
    return jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

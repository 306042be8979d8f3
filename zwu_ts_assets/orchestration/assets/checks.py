"""The corpus' checks: what is on disk is whole, and is what it should be.

What belongs here: what a check looks at, and what it says. What does not: which check
guards which asset (`specs.py`), how an artifact is verified (`figures/verification.py`,
`text/verification.py`), Dagster and the checks that compare with the CSV (`check_definitions.py`).

A check that runs within a run for some batches looks at those; started by itself, at all.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from zwu_ts_assets.orchestration.contexts import CheckRun
from zwu_ts_assets.orchestration.terminal import expect, step
from zwu_ts_assets.orchestration.work import Artifact, Check, Verdict, warnings_among

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.work import Batches
    from zwu_ts_assets.timeseries.windows import Batch, Window

Files = Mapping[str, bytes]


def _matrices_are_sound(run: CheckRun, windows: "Batches") -> Verdict:
    """Compute the matrices of each window again."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    return _verify(run, windows, products.window_problem, _of_windows)


def _pngs_decode_to_the_canvas(run: CheckRun, pngs: "Batches") -> Verdict:
    """Decode each figure or line plot."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    return _verify(run, pngs, partial(products.figure_problem, settings=run.dataset.settings))


def _videos_decode_to_every_frame(run: CheckRun, videos: "Batches") -> Verdict:
    """Decode each video."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    return _verify(run, videos, partial(products.film_problem, settings=run.dataset.settings))


def _text_covers_every_batch(run: CheckRun, made: Files, windows: "Batches") -> Verdict:
    """Look for every window in the stats text."""
    from zwu_ts_assets.text.stats import parse_stats

    known = range(run.batch_count())
    keys = (key for key, _ in parse_stats(made["text"].decode("utf-8")))
    present = Counter(key[0] if isinstance(key, tuple) else key for key in keys)
    # Of a batch that is not made, at least one window is missing; of one in which every window
    # has a gap, none is.
    records = windows.records.items()
    expected = {batch: int(record.details.get("windows", 1) or 0) for batch, record in records}
    covered = [batch for batch in known if present[batch] == expected.get(batch, 1)]
    return Verdict(
        len(covered) == len(known),
        f"{len(covered)} of {len(known)} known batches",
        {"batches": len(covered), "known_batches": len(known)},
    )


def _text_tells_every_variance(run: CheckRun, made: Artifact) -> Verdict:
    """Look what was found of the text when it was made."""
    hidden = warnings_among(made.record.details)
    return Verdict(not hidden, " ".join(hidden))


def _ids_give_the_tokens(run: CheckRun, made: Files) -> Verdict:
    """Look ids up in the small vocabulary."""
    from zwu_ts_assets.text.verification import vocabulary_problem

    problem = vocabulary_problem(made["vocab"], made["tokens"])
    return Verdict(not problem, problem)


def _ids_decode_to_the_text(run: CheckRun, made: Files, stats: Files) -> Verdict:
    """Decode ids by the tokenizer."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    where = run.surroundings
    source = products.tokenizer_source(run.dataset.settings, where.project_dir, where.cache_dir)
    problem = products.tokens_problem(stats, made, source)
    return Verdict(not problem, problem)


def _verify(
    run: CheckRun,
    batches: "Batches",
    problem: Callable[[Any], str],
    parts_of: Callable[[Any], Iterator[tuple[str, Any]]] | None = None,
) -> Verdict:
    """Look at the run's batches, or at all, and name each one that has a problem.

    Window by window, so that a batch of many of them keeps every worker busy.
    """
    chosen = run.chosen(batches)
    labels: deque[tuple[int, str]] = deque()
    expect(len(chosen))

    def parts() -> Iterator[Any]:
        for batch, content in batches.pick(map(str, chosen)):
            for label, part in (parts_of or _of_files)(content):
                labels.append((batch, label))
                yield part

    problems = {}
    under_way: int | None = None
    for sentence in run.pool.map(problem, parts()):
        batch, label = labels.popleft()
        if under_way not in {None, batch}:
            step()
        under_way = batch
        if sentence:
            problems[f"{batch}{label}"] = sentence
    if under_way is not None:
        step()
    return Verdict(
        not problems,
        "; ".join(f"batch {b} {p}" for b, p in list(problems.items())[:3]),
        {"batches": len(chosen), "problems": problems},
    )


def _of_windows(batch: "Batch") -> "Iterator[tuple[str, Window]]":
    """The windows of a batch, with what tells them apart where it has several."""
    for window in batch.windows:
        yield f" row {window.start}" if len(batch.starts) > 1 else "", window


def _of_files(files: Mapping[str, bytes]) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """The files of a batch one by one, likewise."""
    for role, data in files.items():
        yield f" {role.replace('_', ' ')}" if len(files) > 1 else "", {role: data}


MATRICES_ARE_SOUND: Final = Check(
    name="matrices_are_sound",
    description="All six matrices are symmetric, and finite except for constant columns.",
    verify=_matrices_are_sound,
    effort=0.15,
)
PNGS_DECODE_TO_THE_CANVAS: Final = Check(
    name="pngs_decode_to_the_canvas",
    description="Every PNG decodes, whole, to the size of the canvas.",
    verify=_pngs_decode_to_the_canvas,
    effort=0.25,
)
VIDEOS_DECODE_TO_EVERY_FRAME: Final = Check(
    name="videos_decode_to_every_frame",
    description="Every video decodes, whole, to the right number of frames of the right size.",
    verify=_videos_decode_to_every_frame,
    effort=1.2,
)
TEXT_COVERS_EVERY_BATCH: Final = Check(
    name="text_covers_every_batch",
    description="The text has every window of the CSV; fewer while some are not made yet.",
    verify=_text_covers_every_batch,
    inputs={"windows": "batch_windows"},
    warns=True,  # a part of the corpus is what a run for one batch was asked for
)
TEXT_TELLS_EVERY_VARIANCE: Final = Check(
    name="text_tells_every_variance",
    description="No column's variance is hidden by two decimals in most windows where it varies.",
    verify=_text_tells_every_variance,
    warns=True,
)
IDS_GIVE_THE_TOKENS: Final = Check(
    name="ids_give_the_tokens",
    description="Every row's ids, looked up in the vocabulary, give its tokens again.",
    verify=_ids_give_the_tokens,
)
IDS_DECODE_TO_THE_TEXT: Final = Check(
    name="ids_decode_to_the_text",
    description="Every window of the stats has a row whose ids decode to its text again.",
    verify=_ids_decode_to_the_text,
    inputs={"stats": "batch_stats"},
)

"""Whether a trainer did what it should: its record against what its export holds.

What belongs here: the comparison and its sentences. What does not: the record (`record`), what is
expected (`corpus`).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.trainers.corpus import ExpectedRow
from benchmarks.trainers.record import Record, Row

END = "<|im_end|>"
"""The token that ends an answer: what a model has to learn to stop."""

FALLS_TO = 0.75
"""The last loss on one row is at most this part of the first."""


def trained_problems(record: Record, expected: Sequence[ExpectedRow]) -> list[str]:
    """What is wrong with a run of supervised training; nothing if all is right."""
    return [*_rows_problems(record.rows, expected), *_loss_problems(record.losses)]


def _rows_problems(rows: Sequence[Row], expected: Sequence[ExpectedRow]) -> Iterator[str]:
    if len(rows) != len(expected):
        yield f"{len(rows)} rows seen, {len(expected)} exported"
    if wrong := sum(row.misplaced for row in rows):
        yield f"{wrong} labels are not the token at their place"
    unended = [text for row in rows for text in row.learned if not text.rstrip("\n").endswith(END)]
    if unended:
        yield f"{len(unended)} learned texts do not end the turn, such as {unended[0]!r:.80}"
    seen = Counter(_comparable(row) for row in rows)
    due = Counter(expected)
    surplus, lacking = seen - due, due - seen
    if surplus or lacking:
        yield (
            f"{lacking.total()} rows are not as exported and as preflight says: expected "
            f"{next(iter(lacking), None)}, found {next(iter(surplus), None)}"
        )


def _comparable(row: Row) -> ExpectedRow:
    return ExpectedRow(
        tokens=row.tokens,
        answers=tuple(text.removesuffix("\n").removesuffix(END) for text in row.learned),
        images=row.images,
        videos=row.videos,
        image_tokens=row.image_tokens,
        video_tokens=row.video_tokens,
    )


def _loss_problems(losses: Sequence[float]) -> Iterator[str]:
    if not losses:
        yield "no step was taken on one row"
    elif not all(map(math.isfinite, losses)):
        yield f"a loss is not finite: {losses}"
    elif losses[-1] > FALLS_TO * losses[0]:
        yield f"the loss on one row went from {losses[0]:.3f} to {losses[-1]:.3f}"


def rewarded_problems(
    record: Record, expected: Sequence[ExpectedRow], ids: Sequence[str]
) -> list[str]:
    """What is wrong with a run of reinforcement learning.

    Args:
        record: What happened.
        expected: The rows, without the answers, which a model is not shown.
        ids: Of the questions that should be rewarded.
    """
    problems = []
    if set(record.rewarded) != set(ids):
        missing = sorted(set(ids) - set(record.rewarded))
        problems.append(f"{len(missing)} of {len(ids)} questions got no reward: {missing[:3]}")
    if not record.rewards or not all(0 <= each <= 1 for each in record.rewards):
        problems.append(f"rewards are not all between 0 and 1: {record.rewards[:8]}")
    if not record.losses or not all(map(math.isfinite, record.losses)):
        problems.append(f"losses are not finite: {record.losses[:8]}")
    seen = Counter(
        (row.images, row.image_tokens, row.videos, row.video_tokens) for row in record.rows
    )
    due = Counter((row.images, row.image_tokens, row.videos, row.video_tokens) for row in expected)
    if seen != due:
        problems.append(f"media: expected {dict(due - seen)}, found {dict(seen - due)}")
    return problems


def graded_problems(record: Record, ids: Sequence[str]) -> list[str]:
    """What is wrong where a trainer's reward was called on the right answers, then on a wrong one.

    Args:
        record: What it gave.
        ids: Of the questions that should have been graded.
    """
    problems = []
    if sorted(record.rewarded) != sorted(ids):
        problems.append(f"{len(record.rewarded)} questions graded, {len(ids)} exported")
    *right, wrong = record.rewards or [0.0]
    if low := [each for each in right if each < 0.999]:
        problems.append(f"{len(low)} of {len(right)} right answers got less than 1: {low[:3]}")
    if len(right) != len(ids) or wrong > 0.1:
        problems.append(f"{len(right)} answers got a reward, and a wrong one got {wrong}")
    return problems

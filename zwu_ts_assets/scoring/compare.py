"""Two or more files of predictions on the same questions: what changed, and whether by chance.

Questions are paired, so that how hard they are takes no part: what counts is the questions on which
two files differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.scoring.baselines import Reference
from zwu_ts_assets.scoring.intervals import Interval, mcnemar, paired_difference, ratio_of
from zwu_ts_assets.scoring.score import Score, interval_json, scaled_error


@dataclass(frozen=True)
class Change:
    """What changed from the first file to another, in some questions.

    Attributes:
        kind: By what questions are counted together, see `score.KINDS`.
        name: Which of the kind.
        asked: So many questions.
        before: The share that was right.
        after: The share that is right.
        gained: Questions that are right now and were wrong.
        lost: Questions that are wrong now and were right.
        difference: Of the shares, with the 95 % interval for paired questions.
        p: How likely a fair coin differs as much, by McNemar's exact test.
    """

    kind: str
    name: str
    asked: int
    before: float
    after: float
    gained: int
    lost: int
    difference: Interval
    p: float


@dataclass(frozen=True)
class Comparison:
    """All changes from the first file to another.

    Attributes:
        before: Name of the first file.
        after: Name of the other one.
        changes: By kind and name, as the rows of a score.
        forecasts: So many forecasts both answered.
        forecast_skill: 1 less the ratio of the scaled errors on those: above 0 the other is nearer.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    forecasts: int
    forecast_skill: Interval

    def to_json(self) -> dict[str, object]:
        """All figures as plain numbers, for a file."""
        return {
            "before": self.before,
            "after": self.after,
            "changes": [
                {**vars(each), "difference": interval_json(each.difference)}
                for each in self.changes
            ],
            "forecasts": self.forecasts,
            "forecast_skill": interval_json(self.forecast_skill),
        }


def compare(
    before: Score, after: Score, references: Mapping[str, Reference] | None = None
) -> Comparison:
    """Tell what changed from one score to another.

    Args:
        before: The first score.
        after: The other one.
        references: What forecasts are held against, by question.

    Raises:
        CorpusError: They are of different questions.
    """
    if before.outcomes.keys() != after.outcomes.keys():
        raise CorpusError(
            f"{before.name} and {after.name} are scores of different questions; score both against "
            "the same split of the same dataset"
        )
    changes = []
    for row in before.rows:
        pairs = [
            (each.right, after.outcomes[each.question.id].right) for each in before.of_row(row)
        ]
        gained = sum(new and not old for old, new in pairs)
        lost = sum(old and not new for old, new in pairs)
        changes.append(
            Change(
                kind=row.kind,
                name=row.name,
                asked=len(pairs),
                before=sum(old for old, _ in pairs) / len(pairs),
                after=sum(new for _, new in pairs) / len(pairs),
                gained=gained,
                lost=lost,
                difference=paired_difference(gained, lost, len(pairs)),
                p=mcnemar(gained, lost),
            )
        )
    held = references or {}
    both = [
        (old, new)
        for i, outcome in before.outcomes.items()
        if (old := scaled_error(outcome, held)) is not None
        and (new := scaled_error(after.outcomes[i], held)) is not None
    ]
    ratio = ratio_of([new for _, new in both], [old for old, _ in both])
    return Comparison(
        before=before.name,
        after=after.name,
        changes=tuple(changes),
        forecasts=len(both),
        forecast_skill=Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low),
    )

"""From files of predictions to a report: read, score, compare, write.

What belongs here: what the command `score` does, as functions. What does not: where the artifacts
of a dataset are.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.scoring.baselines import references
from zwu_ts_assets.scoring.compare import Comparison, compare
from zwu_ts_assets.scoring.files import read_predictions
from zwu_ts_assets.scoring.pages import markdown_text, plot_png
from zwu_ts_assets.scoring.score import Known, Score, score
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.sample import Sample


@dataclass(frozen=True)
class Material:
    """What predictions are held against.

    Attributes:
        questions: Those of the split, and of train for the most frequent answers; others tell a
            user who mixed up splits.
        samples: The samples behind them; without them forecasts are counted and not scored.
        evidence: What the readers made of the questions; None if that is not known.
    """

    questions: Sequence[PictureQuestion]
    samples: Sequence[Sample] = ()
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """Scores of one or more files, and how each differs from the first."""

    scores: tuple[Score, ...]
    comparisons: tuple[Comparison, ...]

    def to_json(self) -> dict[str, object]:
        """All figures as plain numbers, for a file."""
        return {
            "scores": [each.to_json() for each in self.scores],
            "comparisons": [each.to_json() for each in self.comparisons],
        }


def score_files(predictions: Sequence[Path], material: Material, split: str = "test") -> Report:
    """Score files of predictions against the questions of a split.

    Args:
        predictions: JSON Lines with `id` and `prediction`; each is compared with the first.
        material: What they are held against.
        split: Name of the split.

    Raises:
        CorpusError: The split has no questions, or a file cannot be read; the message names file
            and line.
    """
    asked = [question for question in material.questions if question.split == split]
    if not asked:
        found = sorted({question.split for question in material.questions})
        raise CorpusError(
            f"no question is in the split {split!r}; there are questions in "
            f"{', '.join(found) or 'none'}. Name one of these."
        )
    others = {q.id: q.split for q in material.questions if q.split != split}
    held = references(asked, material.samples)
    known = Known(
        train=[question for question in material.questions if question.split == "train"],
        references=held,
        evidence=material.evidence,
    )
    # All are read before any is scored: a broken second file is told at once.
    texts = [read_predictions(path, asked, others) for path in predictions]
    scores = [
        score(asked, found, known, name)
        for found, name in zip(texts, _names(predictions), strict=True)
    ]
    return Report(tuple(scores), tuple(compare(scores[0], each, held) for each in scores[1:]))


def _names(paths: Sequence[Path]) -> list[str]:
    """What the files are called: their names, or where two have the same, their paths."""
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write a report as table, numbers and plot, each file in one step.

    Args:
        report: The report.
        folder: Made if it is not there.

    Returns:
        The files.

    Raises:
        CorpusError: The folder cannot be used.
    """
    contents = {
        "score.md": markdown_text(report.scores, report.comparisons).encode("utf-8"),
        "score.json": (json.dumps(report.to_json(), indent=1) + "\n").encode("utf-8"),
        "score.png": plot_png(report.scores),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = FolderStore(folder)
        for name, content in contents.items():
            store.write(name, content)
    except OSError as error:
        raise CorpusError(
            f"{folder}: cannot be written ({error.strerror}); name another folder"
        ) from error
    return [folder / name for name in contents]

"""A task of a user's own: allowed, checked, balanced and proven as the project's are."""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.reading import Gallery
from zwu_ts_assets.evidence.report import ALL_SPLITS, NATIVE, markdown, prove
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.training.picture.own_tasks import own_task
from zwu_ts_assets.training.picture.pose import questions_of
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

MODULE = """
import numpy as np
from zwu_ts_assets.training.picture.task import PictureTask, choices

def texts(world):
    values = np.array(world.pasts)
    low, high = values.min(axis=1), values.max(axis=1)
    middle = (values.mean(axis=1) - low) / (high - low)
    names, subject = list(world.columns), {"view": "line plot"}
    yield from choices(middle, 0.1, names, subject, "high", largest=True, size=2)

def reader(asked, seen):
    means = [seen.lines[0].middle[seen.columns.index(option)].mean() for option in asked.options]
    return int(np.argmax(means))

def high_column():
    return PictureTask(
        "high_column", 2, ("lines",), "the column whose mean is highest in its range", texts,
        tuple(f"Way {i} to ask: which column is mostly high in the {{view}}?" for i in range(10)),
        reader=READER,
    )
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_tasks", raising=False)
    return tmp_path


def write(folder: Path, text: str = MODULE, **words: str) -> AllowedCode:
    for old, new in {"READER": "reader", **words}.items():
        text = text.replace(old, new)
    (folder / "my_tasks.py").write_text(text, encoding="utf-8")
    return AllowedCode(frozenset({"my_tasks"}))


def test_a_task_of_ones_own_is_balanced_and_proven(folder: Path) -> None:
    task = own_task("my_tasks:high_column", write(folder))
    samples = world(90)
    asked = questions_of(samples, PATCHES, Asking(tasks=(), own=(task,)))
    assert len(asked.questions) > 40
    answers: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for question in asked.questions:
        assert question.task == "high_column"
        answers[question.split, question.prompt][question.right] += 1
    assert all(len(set(counts.values())) == 1 for counts in answers.values())
    by_id = {sample.id: sample for sample in samples}

    def lines(sample: str) -> np.ndarray:
        return draw_line_plot(by_id[sample].past, by_id[sample].features)

    def nothing(_: str) -> np.ndarray:
        raise AssertionError("lines alone are needed")

    gallery = Gallery(nothing, nothing, samples[0].features, ROWS, PATCHES, lines)  # type: ignore[arg-type]
    assert task.reader is not None
    evidence = prove(asked.questions, gallery, readers={task.name: task.reader})
    (row,) = [row for row in evidence.rows if row.split == ALL_SPLITS]
    assert evidence.problems == []
    assert row.pixels[NATIVE].right == row.pixels[NATIVE].asked == len(asked.questions)
    assert {rate.share for rate in row.blind.values()} == {0.5}


def test_without_a_reader_the_table_says_so(folder: Path) -> None:
    task = own_task("my_tasks:high_column", write(folder, READER="None"))
    asked = questions_of(world(60), PATCHES, Asking(tasks=(), own=(task,)))
    gallery = Gallery(None, None, (), ROWS, PATCHES)  # type: ignore[arg-type]
    evidence = prove(asked.questions, gallery)
    assert evidence.unread == ("high_column",)
    assert "Nothing reads high_column: no reader of pixels was given." in markdown(evidence)


def test_what_nobody_allowed_is_not_run(folder: Path) -> None:
    write(folder)
    with pytest.raises(CorpusError, match=r"question_task 'my_tasks:high_column'.*not allowed"):
        own_task("my_tasks:high_column", AllowedCode())
    assert "my_tasks" not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("range(10)", "range(7)", r"has 7 different wordings of 7; expected at least 10"),
        ('"high_column", 2', '"drift", 2', r"is called 'drift', as one of the project's"),
        ('"high_column", 2', '"high_column", 9', r"its level is 9; expected 1 to 5"),
        ('("lines",)', '("smell",)', r"it needs 'smell'; expected some of figure, video"),
        ("return PictureTask(", "return texts(1, 2) or PictureTask(", r"the function raised TypeE"),
        ("return PictureTask(", "return 3 or PictureTask(", r"returned int; expected a Picture"),
    ],
)
def test_an_unsound_task_is_told_apart(folder: Path, old: str, new: str, message: str) -> None:
    allowed = write(folder, MODULE.replace(old, new))
    with pytest.raises(CorpusError, match=message):
        own_task("my_tasks:high_column", allowed)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '{"view": "line plot"}',
            "{}",
            r"a wording names \{view\}, which the subject \{\} has not",
        ),
        ("values.min(axis=1)", "values.nonsense()", r"its texts raised AttributeError"),
        ("yield from choices", "yield 3 or list", r"its texts are int; expected Text"),
    ],
)
def test_texts_that_cannot_be_asked_are_told(
    folder: Path, old: str, new: str, message: str
) -> None:
    task = own_task("my_tasks:high_column", write(folder, MODULE.replace(old, new)))
    with pytest.raises(CorpusError, match=message):
        questions_of(world(30), PATCHES, Asking(tasks=(), own=(task,)))

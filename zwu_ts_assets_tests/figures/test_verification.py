"""Each verification finds the problem it is there for, and nothing in sound artifacts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.figures import verification
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.figures.verification import (
    matrices_problem,
    png_problem,
    qwen_problem,
    video_problem,
    vocabulary_problem,
)
from zwu_ts_assets.text.qwen import qwen_rows_jsonl
from zwu_ts_assets.text.qwen import vocabulary_json as tokenizer_vocabulary_json
from zwu_ts_assets.text.vocabulary import build_vocabulary, token_rows_jsonl, vocabulary_json
from zwu_ts_assets_tests.fuzz.token_rows import Letters

VALUES = np.random.default_rng(3).normal(size=(24, 4)).cumsum(axis=0)
CONSTANT = np.column_stack([VALUES, np.full(24, 0.1)])


def spoil(name: str, at: tuple[int, int], value: float, values: NDArray[np.float64]) -> str:
    """What is said of a window's matrices with one cell replaced."""

    def spoilt(given: NDArray[np.float64], columns: None) -> DependenceMatrices:
        matrices = dependence_matrices(given)
        matrix = getattr(matrices, name).copy()
        matrix[at] = value
        if at[0] != at[1] and name != "feature_dtw":
            matrix[at[::-1]] = value
        return replace(matrices, **{name: matrix})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "dependence_matrices", spoilt)
        return matrices_problem(values)


@pytest.mark.parametrize("values", [VALUES, CONSTANT, np.zeros((24, 4)), VALUES[:, :1]])
def test_sound_matrices_have_no_problem(values: NDArray[np.float64]) -> None:
    assert matrices_problem(values) == ""


@pytest.mark.parametrize(
    ("name", "at", "value", "values", "said"),
    [
        ("feature_dtw", (0, 1), 1.0, VALUES, "feature dtw is not symmetric"),
        ("time_dtw", (0, 1), np.inf, VALUES, "time dtw has a value that is not finite"),
        ("time_covariance", (2, 2), np.nan, VALUES, "time covariance has a value that is not"),
        ("feature_pearson", (0, 1), 1.5, VALUES, "feature pearson has a value outside -1..1"),
        ("feature_pearson", (0, 1), np.nan, VALUES, "columns 0 and 1 is NaN though both vary"),
        ("feature_pearson", (4, 4), 1.0, CONSTANT, "gives a constant column a correlation"),
        ("time_pearson", (3, 5), np.nan, VALUES, "steps 3 and 5 is NaN though both vary"),
    ],
)
def test_an_unsound_matrix_is_told(
    name: str, at: tuple[int, int], value: float, values: NDArray[np.float64], said: str
) -> None:
    assert said in spoil(name, at, value, values)


def test_bytes_that_are_no_picture_or_video_are_told() -> None:
    assert png_problem(b"GIF89a", 448, 224).startswith("does not decode")
    assert video_problem(b"", 448, 224, 4, 2.0).startswith("does not decode")


STATS = b"--- Batch 0 ---\na: Mean=1.00, Max=2.00, Var=0.25\n\n"
TEXT = "a: Mean=1.00, Max=2.00, Var=0.25"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"\xff\n", "line 1 of the rows: not JSON in UTF-8"),
        (b"[" * 100_000, "line 1 of the rows: not JSON in UTF-8"),
        (b"null\n", "line 1 of the rows is not a row with batch, tokens and ids"),
        (b'{"batch": 0, "tokens": ["a"], "ids": null}\n', "line 1 of the rows is not a row"),
        (b'{"batch": 0, "tokens": [["a"]], "ids": [2, 3]}\n', "line 1 of the rows is not a row"),
        (
            b'{"batch": 0, "tokens": ["a"], "ids": [2, true, 3]}\n',
            "line 1 of the rows is not a row",
        ),
        (
            b'{"batch": 0, "row": "3", "tokens": ["a"], "ids": [2, 3]}\n',
            "line 1 of the rows is not",
        ),
    ],
)
def test_damaged_token_rows_are_a_problem_told_and_no_error(rows: bytes, said: str) -> None:
    vocabulary = vocabulary_json(build_vocabulary([TEXT]))
    assert vocabulary_problem(vocabulary, rows).startswith(said)
    assert qwen_problem(STATS, rows, b"{}", Letters()).startswith(said)


def test_rows_of_windows_that_overlap_are_told_by_their_first_row() -> None:
    stats = b"--- Batch 0 Row 0 ---\n" + TEXT.encode() + b"\n\n"
    vocabulary = build_vocabulary([TEXT])
    entries = tokenizer_vocabulary_json(Letters())
    rows = qwen_rows_jsonl([((0, 0), TEXT)], Letters())
    assert qwen_problem(stats, rows, entries, Letters()) == ""
    assert "do not match" in qwen_problem(STATS, rows, entries, Letters())
    wrong = rows.replace(b'"ids": [97,', b'"ids": [98,')
    assert qwen_problem(stats, wrong, entries, Letters()) == (
        "the ids of batch 0 row 0 do not decode to its text"
    )
    small = token_rows_jsonl([((0, 0), TEXT)], vocabulary).replace(b"[2,", b"[3,")
    assert vocabulary_problem(vocabulary_json(vocabulary), small) == (
        "batch 0 row 0 is not between <bos> and <eos>"
    )


def test_a_damaged_vocabulary_or_text_is_a_problem_told_and_no_error() -> None:
    vocabulary = build_vocabulary([TEXT])
    rows = token_rows_jsonl([(0, TEXT)], vocabulary)
    assert vocabulary_problem(vocabulary_json(vocabulary), rows) == ""
    assert vocabulary_problem(b"[]", rows).startswith("vocabulary: found JSON of another kind")
    rows = qwen_rows_jsonl([(0, TEXT)], Letters())
    assert qwen_problem(STATS, rows, tokenizer_vocabulary_json(Letters()), Letters()) == ""
    assert qwen_problem(STATS, rows, b"{", Letters()).startswith("the vocabulary: not JSON")
    assert qwen_problem(STATS, rows, b"[]", Letters()) == (
        "the vocabulary has no entries, the tokenizer 128"
    )
    assert "stats text, line 1" in qwen_problem(b"x", rows, b"{}", Letters())
    assert "can't decode" in qwen_problem(b"\xff", rows, b"{}", Letters())

"""Labelled cases in `.ts` files: read as pieces of one table that nothing reaches across.

The files are written here from arrays, which are the truth.
"""

import gzip
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.corpus_products import raw_product
from zwu_ts_assets.orchestration.assets.tables import decode_series, encode_series
from zwu_ts_assets.orchestration.assets.training_products import series_digests
from zwu_ts_assets.timeseries.csv_file import count_grid_rows, lines_are_rows, read_csv
from zwu_ts_assets.timeseries.csv_rules import CsvRules, holds_cases
from zwu_ts_assets.timeseries.series import Series, with_lags, with_room
from zwu_ts_assets.timeseries.windows import batch_count, cut_batch
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.splits import place, resolve_borders
from zwu_ts_assets_tests.shell import Shell

Case = tuple[NDArray[np.float64], str]

HEAD = """\
#Readme of the archive
@problemName Some
@timeStamps false
@missing false
@univariate false
@dimensions {dimensions}
@equalLength false
{classes}
@data
"""


def cases_of(lengths: Sequence[int], classes: Sequence[str], dimensions: int = 2) -> list[Case]:
    """Cases of random values; no two values are equal."""
    generator = np.random.default_rng(3)
    return [
        (generator.normal(size=(length, dimensions)) * [1e-7, 1e5][:dimensions], name)
        for length, name in zip(lengths, classes, strict=True)
    ]


def ts_text(cases: Sequence[Case], classes: str = "", blank: bool = False) -> str:
    """A file in the format of sktime and aeon."""
    known = " ".join(dict.fromkeys(name for _, name in cases))
    head = HEAD.format(
        dimensions=cases[0][0].shape[1], classes=classes or f"@classLabel true {known}"
    )
    lines = [
        ":".join([*(",".join(map(repr, column.tolist())) for column in values.T), name])
        for values, name in cases
    ]
    return head + ("\n" if blank else "") + "\n".join(lines) + "\n"


def write(folder: Path, text: str, name: str = "some.ts") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def pieces(series: Series) -> list[NDArray[np.float64]]:
    assert series.breaks is not None
    return np.split(series.values, series.breaks)


def told(series: Series) -> list[str]:
    """The label of each case, all of whose rows have it."""
    assert series.labels is not None
    assert series.breaks is not None
    edges = [0, *series.breaks.tolist(), series.rows]
    found = [set(series.labels.of(a, b)) for a, b in pairwise(edges)]
    assert all(len(each) == 1 for each in found)
    return [each.pop() for each in found]


@pytest.mark.parametrize("name", ["some.ts", "SOME.TS", "some.ts.gz"])
@pytest.mark.parametrize("blank", [False, True])
def test_cases_follow_each_other_with_their_classes(tmp_path: Path, name: str, blank: bool) -> None:
    cases = cases_of([7, 4, 9, 4], ["run", "stop", "run", "stop"])
    reading = read_csv(write(tmp_path, ts_text(cases, blank=blank), name))
    series = reading.series
    assert series.features == ("dim_0", "dim_1")
    for found, (expected, _) in zip(pieces(series), cases, strict=True):
        assert found.tobytes() == np.ascontiguousarray(expected).tobytes()
    assert told(series) == ["run", "stop", "run", "stop"]
    assert series.axis.to_text() == "rows"
    assert reading.notes == ("4 cases of 4 to 9 rows",)


def test_classes_that_are_numbers_are_no_flags_of_anomalies(tmp_path: Path) -> None:
    path = write(tmp_path, ts_text(cases_of([5, 5, 5], ["0", "1", "0"])))
    assert told(read_csv(path).series) == ["class 0", "class 1", "class 0"]


def test_classes_that_are_together_take_turns(tmp_path: Path) -> None:
    names = ["a"] * 6 + ["b"] * 3 + ["c"] * 3
    cases = cases_of([5] * 12, names)
    reading = read_csv(write(tmp_path, ts_text(cases)))
    order = told(reading.series)
    assert "dealt out in turn" in reading.notes[1]
    for part in range(3):  # of every third as many as of every other
        assert sorted(order[4 * part : 4 * part + 4]) == ["a", "a", "b", "c"]
    known = {values.tobytes(): name for values, name in cases}
    assert [known[piece.tobytes()] for piece in pieces(reading.series)] == order


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    window=st.integers(2, 16),
    stride=st.integers(1, 16),
    horizon=st.integers(0, 8),
)
def test_no_window_and_no_target_has_rows_of_two_cases(
    lengths: list[int], window: int, stride: int, horizon: int
) -> None:
    stride = min(stride, window)
    rows = sum(lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    values = np.stack([owner, np.concatenate([np.arange(n) for n in lengths])], axis=1)
    compact = Series(
        np.arange(rows).view("datetime64[s]"),
        values.astype(np.float64),
        ("case", "row"),
        breaks=np.cumsum(lengths[:-1]).astype(np.int64),
    )
    series = with_room(compact, stride)
    found = []
    for batch in range(batch_count(series.rows, window, stride)):
        cut = cut_batch(series, batch, length=window, horizon=horizon, stride=stride)
        for each in cut.windows:
            case = each.values[0, 0]
            assert (each.values[:, 0] == case).all()
            assert np.array_equal(np.diff(each.values[:, 1]), np.ones(window - 1))
            after = lengths[int(case)] - int(each.values[0, 1]) - window
            assert each.target_rows == min(horizon, after)
            found.append((int(case), int(each.values[0, 1])))
    # Each case has all its windows, the first one at its beginning.
    assert found == [
        (case, start)
        for case, length in enumerate(lengths)
        for start in range(0, length - window + 1, stride)
    ]


def test_the_rows_are_counted_beforehand_and_kept_in_the_table(tmp_path: Path) -> None:
    path = write(tmp_path, ts_text(cases_of([7, 4, 9], ["x", "y", ""], 1)))
    settings = Settings.model_validate(
        {"window_length": 4, "window_stride": 3, "patch_length": 2, "patch_stride": 1, "horizon": 2}
    )
    series = raw_product(path, settings).value
    assert series.rows == 9 + 6 + 9  # each up to a multiple of three, but for the last
    assert count_grid_rows(path, rules=CsvRules(), stride=3) == series.rows
    assert not lines_are_rows(path, rules=CsvRules())
    again = decode_series(encode_series(series))
    assert again.breaks is not None
    assert again.breaks.tolist() == [9, 15]
    assert series_digests(again) == series_digests(series)
    assert again.labels is not None
    assert again.labels.of(15, 16) == ("",)  # a case whose class is not known


def test_borders_of_splits_lie_between_cases(tmp_path: Path) -> None:
    cases = cases_of([30] * 10, ["x", "y"] * 5)
    series = with_room(read_csv(write(tmp_path, ts_text(cases))).series, 8)
    rule = SplitRule(ratios=(0.55, 0.2, 0.25))
    borders = resolve_borders(rule, series.timestamps, series.breaks)
    assert borders.rows == (0, 5 * 32, 7 * 32, 9 * 32 + 30)
    for start, stop, split in ((0, 30, "train"), (152, 158, "train"), (160, 170, "validation")):
        assert place(borders, start, stop, series.missing_rows).split == split
    over = place(borders, 152, 168, series.missing_rows)
    assert over.reason == "target incomplete"


def test_values_that_are_missing_are_gaps_and_nothing_is_interpolated_over_cases(
    tmp_path: Path,
) -> None:
    text = HEAD.format(dimensions=1, classes="@classLabel true a b")
    path = write(tmp_path, f"{text}1,?,3,NaN:a\n?,6,-9,8:b\n")
    with pytest.raises(CorpusError, match="line 10, column 'dim_0, value 2': found '\\?', a missi"):
        read_csv(path)
    marks = ("-9",)
    dropped = read_csv(path, rules=CsvRules(gaps="drop", missing_values=marks)).series
    assert dropped.missing_rows.tolist() == [1, 3, 4, 6]
    filled = read_csv(
        path, rules=CsvRules(gaps="interpolate", interpolate_limit=5, missing_values=marks)
    ).series
    assert filled.values[[0, 1, 2, 5, 6, 7], 0].tolist() == [1, 2, 3, 6, 7, 8]
    assert filled.missing_rows.tolist() == [3, 4]


def test_dimensions_are_chosen_with_features(tmp_path: Path) -> None:
    cases = cases_of([6, 6], ["x", "y"])
    path = write(tmp_path, ts_text(cases))
    reading = read_csv(path, features=["dim_1"])
    assert np.array_equal(pieces(reading.series)[1][:, 0], cases[1][0][:, 1])
    assert reading.columns.left_out == (("dim_0", "not named in the setting `features`"),)
    with pytest.raises(CorpusError, match="no column 'dim_7'"):
        read_csv(path, features=["dim_7"])


def test_the_number_that_a_regression_predicts_is_left_out(tmp_path: Path) -> None:
    cases = cases_of([6, 6], ["0.25", "-3.5"])
    reading = read_csv(write(tmp_path, ts_text(cases, "@targetlabel true")))
    assert reading.series.labels is None
    assert "the number to be predicted of each case left out" in reading.notes
    assert np.array_equal(pieces(reading.series)[1], cases[1][0])
    bare = ts_text(cases_of([6, 6], ["", ""]), "@classLabel false").replace(":\n", "\n")
    assert read_csv(write(tmp_path, bare)).series.labels is None


SOME = ts_text(cases_of([6, 6], ["x", "y"]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("@timeStamps false", "@timeStamps true"), ", line 3: found values that tell their times"),
        (("@data\n", ""), "found no line `@data`"),
        (("@dimensions 2", "@dimensions 3"), ", line 10: found 2 dimensions; expected 3"),
        ((":x\n", ":z\n"), ", line 10: found the class 'z'; expected one of those"),
        ((":y\n", ":1:y\n"), ", line 11: found 4 parts with colons"),
        ((":y\n", ",1_0:y\n"), ", line 11, column 'dim_1, value 7': found '1_0'"),
        ((":y\n", ",1:y\n"), ", line 11: found dimensions of 6 to 7 values"),
        ((":y\n", ",1e999:y\n"), "too large for a 64-bit float"),
    ],
)
def test_a_file_that_is_none_or_a_case_that_is_not_like_the_others_is_told(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = write(tmp_path, SOME.replace(*change))
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)


def test_settings_of_other_tables_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, SOME)
    with pytest.raises(CorpusError, match="and the setting `label_column`"):
        read_csv(path, rules=CsvRules(label_column="x"))
    with pytest.raises(CorpusError, match="and the setting `time_column`"):
        read_csv(path, time_column="x")
    with pytest.raises(CorpusError, match="The setting `lags` would copy the end of one case"):
        with_lags(read_csv(path).series, (1,))


def test_cases_that_are_shorter_than_a_window_are_told_with_settings_that_fit(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, ts_text(cases_of([8, 20, 30], ["x", "y", "x"])))
    with pytest.raises(CorpusError) as caught:
        raw_product(path, Settings.model_validate({}))
    assert "each of its 3 cases, of 8 to 30 rows, is shorter than a window of 96" in str(
        caught.value
    )
    fits = "`window_length = 8`, `patch_length = 2`, `patch_stride = 1` and `horizon = 0`"
    assert fits in str(caught.value)
    some = Settings.model_validate({"window_length": 16, "patch_length": 4, "patch_stride": 4})
    details = raw_product(path, some).details
    assert str(details["warning_short_cases"]).startswith("1 of 3 cases have fewer rows")
    assert "write `horizon = 0`" in str(details["warning_no_target"])
    fitting = Settings.model_validate(
        {"window_length": 8, "patch_length": 2, "patch_stride": 1, "horizon": 0}
    )
    assert not [name for name in raw_product(path, fitting).details if "warning" in name]


def test_suffixes_of_cases() -> None:
    names = ["a.ts", "A.TS.zst", "a.tsv", "a.tsf", "a.tsv.gz", "a.csv", ".ts"]
    assert [holds_cases(Path(name)) for name in names] == [True, True, *[False] * 5]


@pytest.mark.slow
def test_the_class_of_cases_is_asked_and_held_against_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    generator = np.random.default_rng(1)
    cases: list[Case] = [
        (generator.normal(size=(24, 2)).cumsum(axis=0), name) for name in ("0", "1") * 8
    ]
    cases.sort(key=lambda case: case[1])
    path = shell.data / "motions.ts"
    path.write_text(ts_text(cases), "utf-8")
    (shell.data / "motions.toml").write_text(
        "window_length = 24\npatch_length = 12\nhorizon = 0\n"
        'preset = "compact"\n[split]\nratios = [0.5, 0, 0.5]\n[tasks]\ntasks = ["label"]\n',
        encoding="utf-8",
    )
    made = shell.enter("export", "motions", "--format", "rl", "--workers", "1")
    assert made.exit_code == 0, made.output
    sound = shell.enter("validate", "motions")
    assert sound.exit_code == 0, sound.output
    assert "16 conversations with 16 questions" in sound.output
    text = path.read_text().replace(":1\n", ":x\n").replace(":0\n", ":1\n").replace(":x\n", ":0\n")
    path.write_text(text, "utf-8")
    wrong = shell.enter("validate", "motions")
    assert wrong.exit_code == 1

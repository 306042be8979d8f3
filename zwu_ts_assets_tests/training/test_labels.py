"""Labels of the user's own: read, kept out of everything that is drawn, carried, asked about."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.report import ALL_SPLITS, NATIVE, Evidence, Rate, TaskEvidence, markdown
from zwu_ts_assets.orchestration.assets.tables import decode_series, encode_series
from zwu_ts_assets.orchestration.assets.training_products import series_digests
from zwu_ts_assets.text.named_functions import AllowedCode
from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import Series, with_lags
from zwu_ts_assets.training.picture.balance import imbalances
from zwu_ts_assets.training.picture.pose import questions_of
from zwu_ts_assets.training.picture.question import LABEL_TASK_NAMES, PictureQuestion
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.sample_table import SAMPLE_SCHEMA, decode_samples, encode_samples
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets_tests.shell import Shell
from zwu_ts_assets_tests.training.builders import samples_of, walk
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

STATES = ["run", "stop", "idle, waiting"]


def table(labels: list[str], freq: str = "h") -> pd.DataFrame:
    stamps = pd.date_range("2020-01-01", periods=len(labels), freq=freq)
    frame = pd.DataFrame(walk(len(labels), 2).round(4), columns=["a", "b"])
    frame.insert(0, "date", stamps.strftime("%Y-%m-%d %H:%M:%S"))
    frame["state"] = labels
    return frame


def series_in(path: Path, frame: pd.DataFrame, **rules: object) -> Series:
    frame.to_csv(path / "some.csv", index=False)
    return read_series(
        path / "some.csv",
        rules=CsvRules(label_column="state", **rules),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("names", [STATES, ["0", "1"], ["1.5", "7"]])
def test_labels_are_read_row_by_row_and_are_no_feature(tmp_path: Path, names: list[str]) -> None:
    labels = [names[row // 7 % len(names)] for row in range(60)]
    series = series_in(tmp_path, table(labels))
    assert series.features == ("a", "b")
    assert series.labels is not None
    assert list(series.labels.of(0, 60)) == labels
    assert series.labels.names == tuple(sorted(names))
    reading = read_csv(tmp_path / "some.csv", rules=CsvRules(label_column="state"))
    assert ("state", "labels the rows") in reading.columns.left_out


def test_labels_stay_with_their_rows_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    frame = table([STATES[row % 3] for row in range(60)])
    newest_first = pd.concat([frame, frame.iloc[[-1]]])[::-1]  # and a line twice
    series = series_in(tmp_path, newest_first)
    assert series.labels is not None
    assert list(series.labels.of(0, 60)) == frame["state"].tolist()
    holed = series_in(tmp_path, frame.drop(index=[10, 11, 30]), gaps="drop")
    assert holed.labels is not None
    expected = [
        "" if row in (10, 11, 30) else label for row, label in enumerate(frame["state"].tolist())
    ]
    assert list(holed.labels.of(0, 60)) == expected
    lagged = with_lags(series, (4,))
    assert lagged.labels is not None
    assert list(lagged.labels.of(0, 56)) == frame["state"].tolist()[4:]


def test_the_raw_table_keeps_them_and_is_the_same_bytes_without(tmp_path: Path) -> None:
    frame = table([STATES[row % 3] for row in range(60)])
    series = series_in(tmp_path, frame)
    again = decode_series(encode_series(series))
    assert again.labels is not None and series.labels is not None
    assert again.labels.names == series.labels.names
    assert np.array_equal(again.labels.codes, series.labels.codes)
    frame.drop(columns="state").to_csv(tmp_path / "bare.csv", index=False)
    bare = read_series(tmp_path / "bare.csv")
    assert encode_series(bare) == encode_series(replace(series, labels=None))


def test_changed_labels_change_what_samples_are_made_from_and_no_window(tmp_path: Path) -> None:
    labels = [STATES[row // 24 % 3] for row in range(96)]
    first = series_in(tmp_path, table(labels))
    second = series_in(tmp_path, table([STATES[0], *labels[1:-1], STATES[1]]))
    assert series_digests(first) != series_digests(second)
    rule = SplitRule(borders=(0, 48, 72, 96))
    samples, others = (samples_of(each, rule, 24, 0)[0] for each in (first, second))
    assert [each.fingerprints for each in samples] == [each.fingerprints for each in others]
    for sample in samples:
        assert list(sample.labels) == labels[sample.past_start : sample.past_stop]
        assert not set(STATES) & set(sample.stats_text.split())
    data = encode_samples(samples)
    assert [each.labels for each in decode_samples(data)] == [each.labels for each in samples]
    bare = encode_samples([replace(each, labels=()) for each in samples])
    assert decode_samples(bare)[0].labels == ()
    assert "labels" not in SAMPLE_SCHEMA.names


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "State"}, "label_column"),
        ({"state": "date"}, "found the time in the column that `label_column` names"),
    ],
)
def test_a_column_that_cannot_label_is_told(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    table(["x"] * 30).to_csv(tmp_path / "some.csv", index=False)
    with pytest.raises(CorpusError, match=told):
        read_series(tmp_path / "some.csv", rules=CsvRules(label_column=change["state"]))


def test_a_row_without_a_label_is_unlabelled(tmp_path: Path) -> None:
    labels = ["x", "y", "", " "] * 15
    series = series_in(tmp_path, table(labels))
    assert series.labels is not None
    assert series.labels.names == ("x", "y")
    assert list(series.labels.of(0, 60)) == [label.strip() for label in labels]
    again = decode_series(encode_series(series)).labels
    assert again is not None
    assert np.array_equal(again.codes, series.labels.codes)


def test_no_label_at_all_too_many_and_a_kind_without_a_column_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="column 'state': found no label in any cell"):
        series_in(tmp_path, table([""] * 40))
    with pytest.raises(CorpusError, match="found 101 different labels; expected at most 100"):
        series_in(tmp_path, table([f"v{row}" for row in range(101)]))
    with pytest.raises(CorpusError, match="`label_kind` and no `label_column`"):
        read_series(tmp_path / "some.csv", rules=CsvRules(label_kind="classes"))


@pytest.mark.parametrize(
    ("written", "called"),
    [
        (["0", "1"], ["class 0", "class 1"]),
        (["no", "YES"], ["class no", "class YES"]),
        (["run", "stop"], ["run", "stop"]),
    ],
)
def test_labels_that_the_user_names_classes_are_no_flags(
    tmp_path: Path, written: list[str], called: list[str]
) -> None:
    labels = [written[row // 7 % 2] for row in range(60)]
    series = series_in(tmp_path, table(labels), label_kind="classes")
    assert series.labels is not None
    names = dict(zip(written, called, strict=True))
    assert list(series.labels.of(0, 60)) == [names[label] for label in labels]
    assert {each.task for each in asked(labelled_world(called))} == {"label"}


def long_table(north: list[str], south: list[str], ends: int = 40) -> pd.DataFrame:
    """Two series below each other, with a label on each line."""
    parts = [
        table(labels).assign(unique_id=name)[:stop]
        for name, labels, stop in (("n", north, 40), ("s", south, ends))
    ]
    return pd.concat(parts)[["unique_id", "date", "a", "state"]]


def test_a_long_table_has_one_label_for_each_time(tmp_path: Path) -> None:
    north = [STATES[row // 9 % 3] for row in range(40)]
    south = ["" if row % 5 == 0 else label for row, label in enumerate(north)]
    for frame in (long_table(north, south), long_table(south, north)):
        series = series_in(tmp_path, frame)
        assert series.features == ("n", "s")
        assert series.labels is not None
        assert list(series.labels.of(0, 40)) == north
    unlike = [STATES[0], *north[1:-1], STATES[2]]
    with pytest.raises(CorpusError) as caught:
        series_in(tmp_path, long_table(north, unlike))
    assert (
        "line 81, column 'state': found 'idle, waiting' for the series 's' at 2020-01-02 15:00:00, "
        f"where line 41 has {north[-1]!r} for 'n'; expected one label for each time"
    ) in str(caught.value)
    assert 'for example `features = ["n"]`' in str(caught.value)
    path = tmp_path / "some.csv"
    for name, labels in (("n", north), ("s", unlike)):
        chosen = read_series(path, features=[name], rules=CsvRules(label_column="state"))
        assert chosen.labels is not None
        assert list(chosen.labels.of(0, 40)) == labels


def test_a_long_table_whose_times_differ_keeps_labels_with_their_times(tmp_path: Path) -> None:
    north = [STATES[row // 9 % 3] for row in range(40)]
    series = series_in(tmp_path, long_table(north, north, 30), gaps="drop")
    assert series.labels is not None
    assert list(series.labels.of(0, 40)) == north
    assert series.missing_rows.tolist() == list(range(30, 40))


def test_a_label_cannot_be_a_feature_as_well(tmp_path: Path) -> None:
    toml = tmp_path / "some.toml"
    toml.write_text('label_column = "state"\nfeatures = ["a", "state"]\n', encoding="utf-8")
    with pytest.raises(CorpusError, match="figures would show what is asked"):
        read_settings(toml)


def labelled_world(names: list[str], windows: int = 100) -> list[Sample]:
    """Windows of one class each but for every fifth, which changes its class within."""
    found = []
    for number, sample in enumerate(world(windows)):
        own, other = names[number % len(names)], names[(number + 1) % len(names)]
        cut = ROWS // 2 if number % 5 == 0 else ROWS
        found.append(replace(sample, labels=(own,) * cut + (other,) * (ROWS - cut)))
    return found


def flagged_world(windows: int = 100) -> list[Sample]:
    """Windows of which one in two has a few marked steps, some of them over a border."""
    found = []
    for number, sample in enumerate(world(windows)):
        start = (number * 7) % (ROWS - 5)
        marked = range(start, start + 5) if number % 2 else range(0)
        labels = tuple("1" if step in marked else "0" for step in range(ROWS))
        found.append(replace(sample, labels=labels))
    return found


def asked(samples: list[Sample]) -> tuple[PictureQuestion, ...]:
    return tuple(questions_of(samples, PATCHES, Asking(tasks=LABEL_TASK_NAMES)).questions)


@pytest.mark.parametrize("names", [STATES, [f"class {n}" for n in range(7)]])
def test_the_class_of_a_window_is_asked_where_all_its_rows_have_it(names: list[str]) -> None:
    samples = labelled_world(names)
    by_id = {sample.id: sample for sample in samples}
    found = asked(samples)
    assert {each.task for each in found} == {"label"}
    assert {each.split for each in found} == {"train", "validation", "test"}
    assert imbalances(found) == []
    for each in found:
        labels = by_id[each.sample_id].labels
        assert set(labels) == {each.options[each.right]}
        assert len(each.options) == min(len(names), 4)
        assert each.given == ("lines",)
    rights = Counter(each.options[each.right] for each in found)
    assert set(rights) == set(names)


def test_flags_are_asked_about_by_whether_and_where_and_never_both_of_a_window() -> None:
    samples = flagged_world()
    by_id = {sample.id: sample for sample in samples}
    found = asked(samples)
    assert {each.task for each in found} == {"labelled", "labelled_quarter"}
    assert imbalances(found) == []
    edges = [0, ROWS // 4, ROWS // 2, 3 * ROWS // 4, ROWS]
    for each in found:
        marked = [step for step, label in enumerate(by_id[each.sample_id].labels) if label == "1"]
        answer = each.options[each.right]
        if each.task == "labelled":
            assert answer == ("yes" if marked else "no")
        else:
            quarter = next(i for i in range(4) if edges[i] <= marked[0] < edges[i + 1])
            assert marked[-1] < edges[quarter + 1]
            assert answer == f"steps {edges[quarter]} to {edges[quarter + 1] - 1}"
    assert max(Counter(each.sample_id for each in found).values()) == 1


def test_a_row_without_a_label_silences_its_window_and_no_other() -> None:
    samples = flagged_world()
    whole = {each.sample_id for each in asked(samples)}
    gappy = {sample.id for sample in samples[::10]}
    samples = [
        replace(sample, labels=("", *sample.labels[1:])) if sample.id in gappy else sample
        for sample in samples
    ]
    found = {each.sample_id for each in asked(samples)}
    assert gappy & whole
    assert found
    assert not gappy & found


def test_nothing_is_asked_about_labels_that_are_not_there() -> None:
    plain = questions_of(world(30), PATCHES)
    assert not {each.task for each in plain.questions} & set(LABEL_TASK_NAMES)
    assert not set(plain.left_out) & set(LABEL_TASK_NAMES)
    labelled = questions_of(labelled_world(STATES, 30), PATCHES)
    own = [each for each in labelled.questions if each.task in LABEL_TASK_NAMES]
    assert {each.task for each in own} == {"label"}
    assert labelled.left_out["labelled"] == "the labels are classes, not flags such as 0 and 1"
    # Not in the prompt of any other question either.
    others = [each for each in labelled.questions if each.task not in LABEL_TASK_NAMES]
    assert not any(state in each.prompt for each in others for state in STATES)


def test_settings_name_the_tasks_about_labels(tmp_path: Path) -> None:
    from zwu_ts_assets.orchestration.assets.question_products import asked_of

    toml = tmp_path / "some.toml"
    toml.write_text(
        f'label_column = "state"\nwindow_length = {ROWS}\n[tasks]\ntasks = ["label"]\n',
        encoding="utf-8",
    )
    settings = read_settings(toml)
    assert settings.draws_lines
    found = asked_of(labelled_world(STATES), settings, AllowedCode())
    assert {each.task for each in found.questions} == {"label"}


def test_evidence_does_not_claim_that_labels_can_be_seen() -> None:
    row = TaskEvidence(
        "label",
        ALL_SPLITS,
        ("figure",),
        0.5,
        {"majority of the task": Rate(30, 60)},
        {NATIVE: Rate(0, 0)},
        Rate(0, 0),
        60,
    )
    told = markdown(Evidence((row,), unread=("label",)))
    assert told.endswith("\nEvery task needs its media.\n")


@pytest.mark.slow
def test_an_export_about_labels_is_held_against_the_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    shell.enter("synthetic", "--name", "toy", "--rows", "1500", "--columns", "2")
    toml = shell.data / "toy.toml"
    asked = 'preset = "compact"\n[split]\nratios = [1, 0, 0]\n[tasks]\ntasks = ["labelled"]\n'
    with toml.open("a", encoding="utf-8") as file:
        file.write(f"window_length = 24\nhorizon = 4\npatch_length = 12\n{asked}")
    made = shell.enter("export", "toy", "--format", "rl", "--workers", "1")
    assert made.exit_code == 0, made.output
    sound = shell.enter("validate", "toy")
    assert sound.exit_code == 0, sound.output
    csv = shell.data / "toy.csv"  # every mark is moved to where there was none
    text = csv.read_text().replace(",0\n", ",x\n").replace(",1\n", ",0\n").replace(",x\n", ",1\n")
    csv.write_text(text)
    wrong = shell.enter("validate", "toy")
    assert wrong.exit_code == 1
    assert "labelled" in wrong.output

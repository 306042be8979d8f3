"""A CSV in the data folder is a dataset; what gives none, or is broken, takes no other one down."""

import hashlib
import os
import re
import string
import tempfile
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.definitions.utils import DISALLOWED_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets import cli
from zwu_ts_assets.config import download
from zwu_ts_assets.config.discovery import NAME, dataset_name, discover
from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.broken import problem_now
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import (
    dataset_at,
    datasets_with_a_csv,
    find_datasets,
    names_of_paths,
)
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets_tests.project import SETTINGS, failures, write_csv


def put(folder: Path, *names: str) -> None:
    """Put small files of some names into a folder."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("date,a\n2016-07-01,1\n", encoding="utf-8")


def sound(folder: Path, *names: str) -> list[str]:
    """The names of the datasets that can be defined."""
    return [dataset.name for dataset in find_datasets(folder, names).sound]


def broken(folder: Path) -> dict[str, str]:
    """What is wrong, by name."""
    return {dataset.name: dataset.problem for dataset in find_datasets(folder).broken}


def test_every_csv_is_a_dataset_with_its_own_prefix_beside_etth1(tmp_path: Path) -> None:
    put(tmp_path, "weather.csv", "Traffic 2016.CSV", "notes.txt", ".hidden.csv", "weather.csv.tmp")
    found = {dataset.name: dataset for dataset in find_datasets(tmp_path).sound}
    assert list(found) == ["etth1", "traffic_2016", "weather"]
    assert found["etth1"].prefix == ()
    assert found["weather"].prefix == ("weather",)
    assert found["traffic_2016"].csv == tmp_path / "Traffic 2016.CSV"
    assert broken(tmp_path) == {}


def test_the_demonstration_is_a_dataset_only_where_it_is_named(tmp_path: Path) -> None:
    put(tmp_path, "sample.csv", "ETTh1.csv")
    assert sound(tmp_path) == ["etth1"]
    assert sound(tmp_path, "sample", "etth1") == ["sample", "etth1"]


@pytest.mark.parametrize("folder", ["none", "file"])
def test_without_a_folder_there_is_etth1_whose_csv_may_come_later(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert sound(tmp_path / folder) == ["etth1"]


def test_any_csv_can_be_named_and_an_unknown_name_is_told_with_those_there_are(
    tmp_path: Path,
) -> None:
    put(tmp_path, "weather.csv")
    assert sound(tmp_path, "weather") == ["weather"]
    with pytest.raises(
        CorpusError, match="no dataset 'wether'; the datasets are: etth1, sample, weather"
    ):
        find_datasets(tmp_path, ["wether"])


@settings(deadline=None)
@given(stem=st.text(min_size=1))
def test_a_name_is_lower_case_letters_digits_and_underscores(stem: str) -> None:
    assert set(dataset_name(stem)) <= set(string.ascii_lowercase + string.digits + "_")
    assert dataset_name(dataset_name(stem)) == dataset_name(stem)


def digits(name: str) -> str:
    """What tells apart the names of files that would give the same one."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("2016.csv", "csv_2016"),
        ("_x.csv", "csv__x"),
        ("BTC-USD.1d.csv", "btc_usd_1d"),
        ("Größe (m²).CSV", "gr__e__m__"),
        ("-.csv", f"csv_{digits('-.csv')}"),
        ("é.csv", f"csv_{digits('é.csv')}"),
        ("天気.csv", f"csv_{digits('天気.csv')}"),
        ("a" * 70 + ".csv", "a" * 56 + "_" + digits("a" * 70 + ".csv")),
        ("Samples.csv", "csv_samples"),
        ("datasets.csv", "csv_datasets"),
        ("load.parquet", "load"),
        ("load.csv.gz", "load"),
        ("Load.TSV.zst", "load"),
        ("household_power.txt", "household_power"),
        ("load.csv.gz.csv", "load_csv_gz"),
        ("tourism.tsf", "tourism"),
        ("GunPoint_TRAIN.ts", "gunpoint_train"),
    ],
)
def test_every_file_has_a_name(tmp_path: Path, file: str, name: str) -> None:
    put(tmp_path, file)
    found = {dataset.name: dataset.csv.name for dataset in find_datasets(tmp_path).sound}
    assert found == {"etth1": "ETTh1.csv", name: file}
    assert NAME.fullmatch(name)
    assert broken(tmp_path) == {}


@pytest.mark.parametrize(
    "files",
    [
        {"weather.csv": "weather", "Weather.csv": f"weather_{digits('Weather.csv')}"},
        {"a b.csv": f"a_b_{digits('a b.csv')}", "a-b.csv": f"a_b_{digits('a-b.csv')}"},
        {"load.csv": "load", "load.parquet": "load_parquet", "load.csv.gz": "load_csv_gz"},
        {"load.parquet": "load", "load.tsv.gz": "load_tsv_gz"},
        {"load.csv": "load", "load.parquet": f"load_parquet_{digits('load.parquet')}"}
        | {"load_parquet.csv": "load_parquet"},
        {"etth1.csv": f"etth1_{digits('etth1.csv')}"},
        {"ETTh1.parquet": f"etth1_{digits('ETTh1.parquet')}"},
        {"1.csv": f"csv_1_{digits('1.csv')}", "csv_1.csv": "csv_1"},
        {f"{'a' * 70}{end}.csv": f"{'a' * 56}_{digits('a' * 70 + end + '.csv')}" for end in "xyz"},
    ],
)
def test_files_whose_names_would_give_the_same_have_names_of_their_own(
    tmp_path: Path, files: dict[str, str]
) -> None:
    put(tmp_path, *files)
    found = {dataset.csv.name: dataset.name for dataset in find_datasets(tmp_path).sound}
    assert found == files | {"ETTh1.csv": "etth1"}
    assert broken(tmp_path) == {}


@settings(deadline=None)
@given(names=st.sets(st.text("aA1 _-é.", min_size=1, max_size=4), max_size=8))
def test_no_two_files_have_the_same_name(names: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{name}.csv" for name in names if not name.startswith(".")}
        put(Path(folder), *files)
        found = {dataset.csv.name: dataset.name for dataset in find_datasets(Path(folder)).sound}
        assert set(found) == files | {"ETTh1.csv"}
        assert len(set(found.values())) == len(found)


def test_what_is_passed_over_is_mentioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    put(data, "README.txt", "load.xlsx", "load.csv.zip", "old.toml", "load.csv", "load.toml")
    put(data, "datasets.toml", ".hidden", "ETTh1.toml", "LICENSE.txt")
    for name in ("old.toml", "load.toml", "datasets.toml", "ETTh1.toml"):
        (data / name).write_text("", "utf-8")
    (data / "more").mkdir()
    work_in(data, monkeypatch)
    ended = CliRunner().invoke(cli.main, ["status"])
    assert (
        f"{data}: not read: LICENSE.txt (no table of a kind that is read), README.txt (no table of "
        "a kind that is read), load.csv.zip (no table of a kind that is read), load.xlsx (no table "
        "of a kind that is read), more/ (a folder), old.toml (settings, and no table of that "
        "name). Read are .csv, .tsv, .txt, .parquet, .tsf, .ts, of which the texts may be "
        "packed (.gz, .bz2, .xz, .zst)."
    ) in ended.output
    assert "not read" not in CliRunner().invoke(cli.main, ["status", "load"]).output


def test_a_table_named_like_the_file_is_told_the_name_of_the_dataset(tmp_path: Path) -> None:
    put(tmp_path, "Weather 2020.csv")
    (tmp_path / "datasets.toml").write_text('["Weather 2020"]\n', "utf-8")
    assert broken(tmp_path)["table_1"].endswith("Did you mean [weather_2020]?")


@pytest.mark.parametrize(
    "name", [b"caf\xe9.csv", b"\xff.csv", b"a\nb.csv", "a\u2028b.csv".encode()]
)
def test_a_file_whose_name_cannot_be_printed_is_told_in_letters_that_can(
    tmp_path: Path, name: bytes
) -> None:
    put(tmp_path, "weather.csv")
    (tmp_path / os.fsdecode(name)).write_bytes(b"date,a\n2016-07-01,1\n")
    assert sound(tmp_path) == ["etth1", "weather"]
    ((_, problem),) = broken(tmp_path).items()
    assert problem.startswith(f"{tmp_path}: found a CSV whose name has bytes that are no UTF-8")
    assert problem.isprintable()
    assert problem.encode("utf-8")


def test_no_dataset_can_have_a_folder_of_etth1s(tmp_path: Path) -> None:
    put(tmp_path, "Samples.csv", "datasets.csv")
    assert sound(tmp_path) == ["etth1", "csv_datasets", "csv_samples"]


def test_words_that_python_and_dagster_use_can_be_names(tmp_path: Path) -> None:
    words = sorted(word for word in DISALLOWED_NAMES if NAME.fullmatch(word))
    assert "input" in words
    settings = Settings.model_validate({})
    datasets = [
        Dataset(word, tmp_path / f"{word}.csv", settings, prefix=(word,), specs=SPECS)
        for word in words[:6]
    ]
    definitions = build_definitions(datasets, tmp_path)
    assert definitions.resolve_job_def(f"{words[0]}_corpus")


def test_the_shared_settings_file_has_a_table_for_each_dataset_and_the_file_beside_wins(
    tmp_path: Path,
) -> None:
    put(tmp_path, "weather.csv")
    (tmp_path / "datasets.toml").write_text(
        "[weather]\nwindow_length = 48\nhorizon = 12\n[etth1]\nfps = 4.0\n[sample]\n", "utf-8"
    )
    (tmp_path / "weather.toml").write_text("horizon = 6\n", "utf-8")
    etth1, weather = find_datasets(tmp_path).sound
    assert (weather.settings.window_length, weather.settings.horizon) == (48, 6)
    assert (etth1.settings.window_length, etth1.settings.fps) == (96, 4.0)
    assert broken(tmp_path) == {}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"weather.toml": "fps = 0"}, "weather.toml: setting 'fps' is 0"),
        ({"datasets.toml": "[weather]\nfps = 0"}, "datasets.toml, table [weather]: setting 'fps'"),
        (
            {"weather.toml": "horizon = 1", "datasets.toml": "[weather]\nfps = 0"},
            "weather.toml and ",
        ),
    ],
)
def test_broken_settings_of_one_dataset_leave_the_others_defined(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    put(tmp_path, "weather.csv", "traffic.csv")
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert sound(tmp_path) == ["etth1", "traffic"]
    assert says in broken(tmp_path)["weather"]
    assert "fps" in broken(tmp_path)["weather"]


def test_a_shared_settings_file_that_cannot_be_read_is_told_for_every_dataset(
    tmp_path: Path,
) -> None:
    put(tmp_path, "weather.csv")
    (tmp_path / "datasets.toml").write_text("window_length = 48\n", "utf-8")
    assert sound(tmp_path) == []
    assert set(broken(tmp_path)) == {"etth1", "weather"}
    assert "'window_length' outside of a table" in broken(tmp_path)["weather"]


def test_a_table_without_a_csv_is_told(tmp_path: Path) -> None:
    (tmp_path / "datasets.toml").write_text('[wether]\n["../x"]\n', "utf-8")
    assert sound(tmp_path) == ["etth1"]
    assert set(broken(tmp_path)) == {"wether", "table_2"}
    assert "found a table 'wether' and no CSV that gives this name" in broken(tmp_path)["wether"]


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A data folder with a sound ETTh1 and a dataset whose settings are broken."""
    data = tmp_path / "data"
    data.mkdir()
    write_csv(data / "ETTh1.csv", 48)
    (data / "ETTh1.toml").write_text(SETTINGS, "utf-8")
    write_csv(data / "weather.csv", 48)
    (data / "weather.toml").write_text(SETTINGS + "fps = 0\n", "utf-8")
    return data


def work_in(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands find this data folder, and everything else beside it."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(data.parent / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(data.parent / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "")


def test_a_broken_dataset_says_so_in_its_asset_its_check_its_run_and_its_sensor(
    two: Path,
) -> None:
    found = find_datasets(two)
    automation = AutomationSettings()
    definitions = build_definitions(found.sound, two.parent, 1, automation, broken=found.broken)
    key = dg.AssetKey(["weather", "weather_raw"])
    graph = definitions.resolve_asset_graph()
    assert "'fps' is 0" in (graph.get(key).description or "")
    assert dg.AssetCheckKey(key, "csv_is_sound") in graph.asset_check_keys

    instance = dg.DagsterInstance.ephemeral()
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection={key}, asset_check_selection={dg.AssetCheckKey(key, "csv_is_sound")}
    )
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert any("'fps' is 0" in sentence for sentence in failures(result))

    sensor = definitions.resolve_sensor_def("weather_sensor")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.build_sensor_context(instance) as context:
        said = sensor(context)
    assert isinstance(said, dg.SkipReason)
    assert "'fps' is 0" in (said.skip_message or "")
    summary = instance.event_log_storage.get_asset_check_summary_records(
        [dg.AssetCheckKey(key, "csv_is_sound")]
    )
    (record,) = summary.values()
    assert record.last_check_execution_record is not None

    (two / "weather.toml").write_text(SETTINGS, "utf-8")
    with dg.build_sensor_context(instance) as context:
        said = sensor(context)
    assert isinstance(said, dg.SkipReason)
    assert "Reload definitions" in (said.skip_message or "")


def test_the_commands_do_what_can_be_done_and_then_tell_what_could_not(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(two, monkeypatch)
    (two / "traffic.csv").write_bytes(b"PK\x03\x04")
    ended = CliRunner().invoke(cli.main, ["status"])
    assert ended.exit_code == 1
    assert "etth1: " in ended.output
    assert "artifacts out of date" in ended.output
    assert "Error: weather: " in ended.output
    assert "'fps' is 0" in ended.output
    assert "traffic: " in ended.output
    assert "zip archive" in ended.output
    # With a name given, only that one counts.
    ended = CliRunner().invoke(cli.main, ["status", "etth1"])
    assert ended.exit_code == 0
    assert "weather" not in ended.output
    ended = CliRunner().invoke(cli.main, ["run", "weather"])
    assert ended.exit_code == 1
    assert ended.output.startswith(f"Error: {two / 'weather.toml'}: setting 'fps' is 0")
    ended = CliRunner().invoke(cli.main, ["validate", "etth1"])
    assert ended.exit_code == 1
    assert "there is no export" in ended.output


def test_a_broken_dataset_that_was_mended_or_removed_has_no_problem(two: Path) -> None:
    (weather,) = find_datasets(two).broken
    assert "'fps' is 0" in problem_now(weather)
    (two / "weather.csv").unlink()
    assert problem_now(weather) == ""
    put(two, "20\n16.csv")
    (nameless,) = find_datasets(two).broken
    assert "has bytes that are no UTF-8" in problem_now(nameless)
    (two / "20\n16.csv").unlink()
    assert problem_now(nameless) == ""


def test_names_found_are_told_with_the_demonstration(tmp_path: Path) -> None:
    put(tmp_path, "b.csv", "a.csv")
    assert discover(tmp_path).names == ["etth1", "sample", "a", "b"]


@pytest.mark.slow
def test_the_commands_work_on_the_dataset_that_is_named(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(two, monkeypatch)
    write_csv(two / "weather.csv", 345)
    split = "[split]\nratios = [1, 0, 0]\n"
    (two / "weather.toml").write_text(f"max_batches = 12\n{SETTINGS}{split}", "utf-8")
    (two / "a.csv").write_bytes(b"")  # of the others nothing is heard
    ended = CliRunner().invoke(
        cli.main, ["export", "weather", "--format", "qwen", "--workers", "1"]
    )
    assert ended.exit_code == 0, ended.output
    assert "etth1" not in ended.output
    assert (two.parent / "artifacts" / "weather" / "exports" / "qwen").is_dir()
    ended = CliRunner().invoke(cli.main, ["validate", "weather"])
    assert ended.exit_code == 0, ended.output
    assert "0 problems" in ended.output
    # What is wrong with another one matters where all are meant.
    (two / "traffic.csv").write_bytes(b"")
    (two / "traffic.toml").write_text("fps = 0", "utf-8")
    ended = CliRunner().invoke(cli.main, ["validate", "weather"])
    assert (ended.exit_code, "traffic" in ended.output) == (0, False)
    ended = CliRunner().invoke(cli.main, ["validate"])
    assert ended.exit_code == 1
    assert "0 problems" in ended.output
    assert "traffic: " in ended.output
    ended = CliRunner().invoke(cli.main, ["validate", "traffic"])
    assert ended.exit_code == 1
    assert f"traffic: {two / 'traffic.toml'}: setting 'fps' is 0" in ended.output
    assert "0 problems" not in ended.output
    (two / "traffic.csv").unlink()
    started: list[dict[str, str]] = []
    monkeypatch.setattr(os, "execv", lambda *_: started.append(dict(os.environ)))
    ended = CliRunner().invoke(cli.main, ["dev", "weather", "--port", "0"])
    assert ended.output == "weather: 12 batches\n"
    assert [environment["ZWU_TS_DATASETS"] for environment in started] == ["weather"]


def test_without_etth1_and_a_network_the_other_datasets_are_made(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(csv: Path, **_: object) -> None:
        raise CorpusError(f"ETTh1.csv could not be downloaded; copy it to {csv}")

    monkeypatch.setattr(download, "download_etth1", unreachable)
    work_in(two, monkeypatch)
    (two / "ETTh1.csv").unlink()
    (two / "weather.toml").unlink()
    found = datasets_with_a_csv([])
    assert [dataset.name for dataset in found.sound] == ["weather"]
    assert found.broken == ()
    (two / "weather.toml").write_text(SETTINGS, "utf-8")
    ended = CliRunner().invoke(cli.main, ["status"])
    assert ended.exit_code == 0, ended.output
    assert f"etth1: {two / 'ETTh1.csv'} is not there\n" in ended.output
    assert "weather: " in ended.output
    # Asked for by its name, it is missed.
    ended = CliRunner().invoke(cli.main, ["status", "etth1"])
    assert ended.exit_code == 1
    found = datasets_with_a_csv(["etth1", "weather"])
    assert [dataset.name for dataset in found.broken] == ["etth1"]
    # The sample is made all the same.
    found = datasets_with_a_csv(["etth1", "sample"])
    assert [dataset.name for dataset in found.sound] == ["sample"]
    assert found.sound[0].csv.is_file()


def test_where_nothing_is_but_the_sample_that_stands_in_for_etth1_the_status_is_the_samples(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(two, monkeypatch)
    for file in two.iterdir():
        file.unlink()
    write_csv(two / "sample.csv", 200)  # where `run` puts it
    ended = CliRunner().invoke(cli.main, ["status"])
    assert ended.exit_code == 0, ended.output
    assert f"etth1: {two / 'ETTh1.csv'} is not there\n" in ended.output
    assert re.search(r"^sample: \d+ artifacts out of date$", ended.output, re.M)


def test_each_series_of_a_long_table_is_a_dataset_where_that_is_asked(tmp_path: Path) -> None:
    put(tmp_path, "shops.csv.gz", "weather.csv", "shops_a.csv")
    (tmp_path / "shops.toml").write_text(
        'each_series = ["A", "North & South", "a"]\nwindow_length = 24\n', encoding="utf-8"
    )
    (tmp_path / "datasets.toml").write_text("[shops_a_3]\nfps = 1\n", encoding="utf-8")
    found = {dataset.name: dataset for dataset in find_datasets(tmp_path).sound}
    series = {
        name: dataset.settings.features
        for name, dataset in found.items()
        if dataset.csv.name == "shops.csv.gz"
    }
    assert series == {
        "shops_a_2": ("A",),
        "shops_north___south": ("North & South",),
        "shops_a_3": ("a",),
    }
    assert "shops" not in found
    assert {found[name].settings.window_length for name in series} == {24}
    assert found["shops_a_3"].settings.fps == 1
    assert found["shops_a_3"].settings.each_series is None
    assert found["shops_a"].csv.name == "shops_a.csv"
    assert broken(tmp_path) == {}


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('each_series = ["A", "B"]\nfeatures = ["A"]\n', "remove one of them"),
        ("each_series = []\n", "'each_series' is []"),
        ('each_series = ["A", "A"]\n', "more than once"),
        (f"each_series = {[f's{i}' for i in range(51)]}\n", "at most 50 items"),
        ("each_series = [1]\n", "should be a valid string"),
    ],
)
def test_what_makes_no_datasets_of_series_is_told_of_the_table(
    tmp_path: Path, toml: str, says: str
) -> None:
    put(tmp_path, "shops.csv")
    (tmp_path / "shops.toml").write_text(toml.replace("'", '"'), encoding="utf-8")
    assert says in broken(tmp_path)["shops"]


def test_series_are_told_apart_beside_their_table_and_nowhere_else(tmp_path: Path) -> None:
    put(tmp_path, "shops.csv")
    (tmp_path / "datasets.toml").write_text('[shops]\neach_series = ["A"]\n', encoding="utf-8")
    assert f"expected it in {tmp_path / 'shops.toml'} alone" in broken(tmp_path)["shops"]


def test_a_table_anywhere_whose_series_are_datasets_is_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "mine", "shops.csv")
    toml = tmp_path / "mine" / "shops.toml"
    toml.write_text('each_series = ["A", "B"]\n', encoding="utf-8")
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path / "data"))
    csv = tmp_path / "mine" / "shops.csv"
    assert names_of_paths([str(csv)]) == ["shops_a", "shops_b"]
    with pytest.raises(CorpusError, match="makes 2 datasets, one of each series"):
        dataset_at(csv)
    assert dataset_at(csv, given={"features": ["B"]}).settings.features == ("B",)

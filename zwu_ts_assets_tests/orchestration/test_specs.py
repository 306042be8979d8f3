"""The description of every asset: sound in itself, and what Dagster and the checks say.

`test_asset_spec`, `test_layout` and `test_definitions` hold what follows from it against
digests, names and edges that are written out there, `test_documentation` the reference.
"""

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration import check_definitions as checks
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS


@pytest.mark.parametrize("ranges", ["window", "train"])
@pytest.mark.parametrize("plots", [False, True])
def test_dagster_has_the_assets_as_they_are_described(
    ranges: str, plots: bool, tmp_path: Path
) -> None:
    settings = Settings.model_validate({"colour_range": ranges, "line_plots": plots})
    dataset = Dataset("some", tmp_path / "some.csv", settings, prefix=("some",), specs=SPECS)
    definitions = build_definitions([dataset], tmp_path)
    nodes = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs()}
    specs = SPECS.enabled(settings)
    assert set(nodes) == {"some_csv", *(dataset.asset_name(spec.name) for spec in specs)}
    assert ("colour_ranges" in nodes, "line_plots" in nodes) == (ranges == "train", plots)
    for spec in specs:
        node = nodes[dataset.asset_name(spec.name)]
        assert isinstance(node, dg.AssetSpec)
        assert node.description == spec.description
        sources = {dependency.asset_key.path[-1] for dependency in node.deps}
        inputs = SPECS.inputs(spec.name, settings).values()
        assert sources - {"some_csv"} == set(map(dataset.asset_name, inputs))
        assert set(node.kinds) == spec.kinds
        assert (node.partitions_def is not None) == spec.per_batch
        assert node.code_version is not None
        assert node.code_version.startswith(f"{spec.code_version}-")
        made = definitions.resolve_assets_def(node.key)
        assert made.get_io_manager_key_for_asset_key(node.key) == spec.io_manager
        checked = definitions.resolve_asset_graph().get_check_keys_for_assets({node.key})
        names = {key.name for key in checked} - {checks.CURRENT_CHECK, checks.CSV_CHECK}
        assert names == set(spec.guards)


def test_assets_come_after_what_they_are_made_from() -> None:
    known: set[str] = set()
    for spec in SPECS:
        assert set(spec.inputs.values()) <= known, spec.name
        known.add(spec.name)


def test_assets_name_settings_that_there_are() -> None:
    for spec in SPECS:
        assert set(spec.settings) <= set(Settings.model_fields), spec.name
        assert len(set(spec.settings)) == len(spec.settings), spec.name


def test_no_two_assets_have_the_same_file() -> None:
    places = Counter(place for spec in SPECS for place in spec.places)
    assert set(places.values()) == {1}
    for spec in SPECS:
        assert bool(spec.files) != bool(spec.folder), spec.name
        assert all(("{key}" in file) == spec.per_batch for file in spec.files.values())
        assert not spec.window_file or spec.per_batch


def test_no_dataset_can_have_the_name_of_a_folder_of_etth1() -> None:
    assert {
        *("batch_windows", "correlations", "exports", "line_plots", "altered_lines"),
        *("patch_videos", "preflight", "samples", "questions", "evidence", "baselines"),
        "gallery",
    } == SPECS.folders

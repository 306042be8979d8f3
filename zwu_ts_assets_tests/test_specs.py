"""The description of every asset is what the tables say, of which it is to take the place."""

from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets import asset_settings, checks, discovery, layout, lineage
from zwu_ts_assets.datasets import Dataset
from zwu_ts_assets.definitions import build_definitions
from zwu_ts_assets.settings import Settings
from zwu_ts_assets.specs import SPECS, enabled, enabled_inputs


@pytest.mark.parametrize("ranges", ["window", "train"])
@pytest.mark.parametrize("plots", [False, True])
def test_dagster_has_the_assets_as_they_are_described(
    ranges: str, plots: bool, tmp_path: Path
) -> None:
    settings = Settings.model_validate({"colour_range": ranges, "line_plots": plots})
    found = {s.role: tuple(enabled_inputs(s.role, settings).values()) for s in enabled(settings)}
    assert list(found.items()) == list(lineage.inputs(settings).items())
    dataset = Dataset("some", tmp_path / "some.csv", settings, prefix=("some",))
    definitions = build_definitions([dataset], tmp_path)
    nodes = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs()}
    assert set(nodes) == {"some_csv", *map(dataset.asset_name, found)}
    for spec in enabled(settings):
        name = dataset.asset_name(spec.role)
        node = nodes[name]
        assert node.description == spec.description
        sources = {dependency.asset_key.path[-1] for dependency in node.deps}
        assert sources - {"some_csv"} == set(map(dataset.asset_name, found[spec.role]))
        assert set(node.kinds) == spec.kinds
        assert (node.partitions_def is not None) == spec.per_batch
        made = definitions.resolve_assets_def(node.key)
        assert made.get_io_manager_key_for_asset_key(node.key) == spec.io_manager
        checked = definitions.resolve_asset_graph().get_check_keys_for_assets({node.key})
        names = {key.name for key in checked} - {checks.CURRENT_CHECK, checks.CSV_CHECK}
        assert names == set(spec.checks)
        assert isinstance(node, dg.AssetSpec)


def test_the_tables_say_the_same() -> None:
    assert {s.role: s.code_version for s in SPECS} == lineage.CODE_VERSIONS
    assert {s.role for s in SPECS if s.per_batch} == lineage.PER_BATCH
    assert tuple(s.role for s in SPECS if s.last_mile) == lineage.TRAINING
    told = asset_settings._SETTINGS_OF.items()
    assert {s.role: set(s.settings) for s in SPECS} == {k: set(v) for k, v in told}
    assert {s.role: s.files for s in SPECS if s.files} == layout.LAYOUT
    assert {s.role: s.window_file for s in SPECS if s.window_file} == layout.WINDOW_FILES
    exports = [s for s in SPECS if s.role.endswith("_export")]
    assert {s.folder for s in exports} == {layout.export_folder(s.role) for s in exports}
    assert {s.role: s.checks for s in SPECS} == checks.GUARDS
    folders = {place.split("/")[0] for s in SPECS for place in s.places if "/" in place}
    assert {*folders, "datasets"} == discovery.RESERVED

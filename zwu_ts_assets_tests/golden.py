"""Corpora whose bytes are pinned, asset by asset, and the command that pins them again.

`python -m zwu_ts_assets_tests.golden` writes `golden_bytes.json`. It refuses to pin changed bytes
of an asset whose code version was not raised, for artifacts with the old bytes would count as
current.

A digest covers the names and bytes of all files of an asset. Encoders are part of that: x264 of
`av` encodes videos, ISA-L and Pillow PNGs, pyarrow tables, all pinned in the lock. The
versions that an export tells of itself are left out, or every raised code version and every release
would change each export.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import dagster as dg

from zwu_ts_assets.orchestration.assets import export_products
from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of
from zwu_ts_assets.orchestration.datasets import asset_names
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets_tests.project import failures
from zwu_ts_assets_tests.reference import ETTH1_CSV, REPOSITORY

PINNED = Path(__file__).with_name("golden_bytes.json")

_SMALL = """\
window_length = 24
horizon = 12
patch_length = 12
patch_stride = 6
canvas_width = 448
canvas_height = 224
shard_samples = 3
"""
# Not that of the bundled dataset, which is too small for its usual windows.
_USUAL_SPLIT = "[split]\n"
_OPTIONAL = 'line_plots = true\ncolour_range = "train"\n'


def _sample_rows(rows: int) -> list[str]:
    text = (REPOSITORY / "data" / "sample.csv").read_text(encoding="utf-8")
    return text.splitlines()[: 1 + rows]


def _gappy_csv() -> str:
    """The sample with cells and rows that lack: some to be interpolated, some too many for that."""
    lines = _sample_rows(240)
    for line, column in ((31, 1), (32, 1), (90, 3), (91, 7), (150, 5)):
        cells = lines[line].split(",")
        cells[column] = ""
        lines[line] = ",".join(cells)
    return "\n".join(lines[:60] + lines[61:120] + lines[126:]) + "\n"


def _wide_csv() -> str:
    """120 columns of whole numbers that repeat after different numbers of rows."""
    lines = ["date," + ",".join(f"MT_{column:03d}" for column in range(120))]
    for row in range(96):
        values = (
            (row * row * (3 + column % 7) + row * column) % (61 + column % 40) - 30
            for column in range(120)
        )
        lines.append(
            f"2020-01-{1 + row // 24:02d} {row % 24:02d}:00:00,{','.join(map(str, values))}"
        )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Corpus:
    """A corpus whose bytes are pinned.

    Attributes:
        csv: The text of its CSV.
        settings: The text of the settings file beside it.
        batches: How many batches that gives.
    """

    csv: str
    settings: str
    batches: int


def corpora() -> dict[str, Corpus]:
    """The corpora by name; `etth1` only where the reference data is."""
    sample = "\n".join(_sample_rows(240)) + "\n"
    found = {
        "sample": Corpus(sample, _SMALL + _OPTIONAL + _USUAL_SPLIT, 10),
        "stride": Corpus(
            "\n".join(_sample_rows(160)) + "\n",
            _SMALL + "window_stride = 12\nline_plots = true\n",
            6,
        ),
        "wide": Corpus(
            _wide_csv(),
            _SMALL + _OPTIONAL + "figure_features = 40\n[tasks]\nforecast_steps = 3\n",
            4,
        ),
        "gappy": Corpus(
            _gappy_csv(),
            _SMALL + 'window_stride = 24\ngaps = "interpolate"\ninterpolate_limit = 2\n',
            9,
        ),
    }
    if ETTH1_CSV.exists():
        # Whole, for the features are chosen and the splits are cut in all of it; three batches.
        text = ETTH1_CSV.read_text(encoding="utf-8")
        found["etth1"] = Corpus(text, "max_batches = 3\nline_plots = true\n", 3)
    return found


@dataclass(frozen=True)
class Pin:
    """What is pinned of an asset.

    Attributes:
        code_version: Its code version, without the digest of its settings.
        digest: Of the names and the bytes of its files.
    """

    code_version: str
    digest: str


Pins = Mapping[str, Pin]


def pins_of(name: str, corpus: Corpus, folder: Path) -> dict[str, Pin]:
    """Make a corpus with all of its last mile, and tell each of its assets.

    Args:
        name: The dataset's name.
        corpus: What it is made from.
        folder: An empty folder.
    """
    csv = folder / f"{name}.csv"
    csv.write_text(corpus.csv, encoding="utf-8")
    csv.with_suffix(".toml").write_text(corpus.settings, encoding="utf-8")
    dataset = dataset_of(name, csv)
    job = build_definitions([dataset], folder, workers=1).resolve_job_def(job_name(dataset))
    assets = asset_names(dataset)
    with mock.patch.object(export_products, "_versions", return_value={"zwu-ts-assets": "any"}):
        result = job.get_subset(
            asset_selection={dg.AssetKey([*dataset.prefix, asset]) for asset in assets},
            asset_check_selection=set(),
        ).execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            tags={
                "dagster/asset_partition_range_start": "0",
                "dagster/asset_partition_range_end": str(corpus.batches - 1),
            },
            raise_on_error=False,
        )
    assert result.success, failures(result)
    store = FolderStore(folder.joinpath(*dataset.prefix))
    found = {}
    for asset in assets:
        spec = SPECS["raw" if asset == dataset.raw_asset else asset]
        keys = [str(batch) for batch in range(corpus.batches)] if spec.per_batch else [WHOLE]
        digest = hashlib.sha256()
        for key in keys:
            record = store.record(asset, key)
            assert record is not None, f"{asset} {key}"
            for file in sorted(record.files):
                content = (folder.joinpath(*dataset.prefix) / file).read_bytes()
                digest.update(f"{file} {hashlib.sha256(content).hexdigest()}\n".encode())
        found[spec.name] = Pin(spec.code_version, digest.hexdigest()[:16])
    return found


def problem(name: str, pinned: Pins, found: Pins, inputs: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong with the bytes of an asset, or '' if they are as pinned.

    Args:
        name: The asset's, as its spec has it.
        pinned: What is pinned of each asset of its corpus.
        found: What they are now.
        inputs: What each asset is made from.
    """
    if name in pinned and pinned[name] == found[name]:
        return ""
    again = "pin it again: python -m zwu_ts_assets_tests.golden"
    if name not in pinned:
        return f"bytes of {name} are not pinned: {again}"
    if pinned[name].code_version != found[name].code_version:
        return f"code version of {name} was raised: {again}"
    changed = [
        source
        for source in inputs[name]
        if source in pinned and pinned[source].digest != found[source].digest
    ]
    if changed:
        return f"bytes of {name} changed with those of {', '.join(changed)}: {again}"
    return (
        f"bytes of {name} changed: raise its code version. (Videos depend on PyAV, PNGs on "
        "the Pillow and ISA-L, tables on the pyarrow that the lock pins: install the lock, and "
        "raise the code version also where only one of those changed.)"
    )


def read_pins() -> dict[str, dict[str, Pin]]:
    """What is pinned, by corpus and asset."""
    pins = json.loads(PINNED.read_text(encoding="utf-8")) if PINNED.exists() else {}
    return {
        corpus: {name: Pin(**pin) for name, pin in assets.items()}
        for corpus, assets in pins.items()
    }


def inputs_of(name: str, corpus: Corpus, folder: Path) -> dict[str, tuple[str, ...]]:
    """What each asset of a corpus is made from, once `pins_of` has written it there."""
    settings = dataset_of(name, folder / f"{name}.csv").settings
    return {
        spec.name: tuple(SPECS.inputs(spec.name, settings).values())
        for spec in SPECS.enabled(settings)
    }


def main() -> int:
    """Pin what the code makes now; refuse changed bytes without a raised code version."""
    pins = read_pins()
    refused = []
    for name, corpus in corpora().items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            found = pins_of(name, corpus, folder)
            inputs = inputs_of(name, corpus, folder)
        problems = [problem(asset, pins.get(name, {}), found, inputs) for asset in found]
        refused += [f"{name}: {each}" for each in problems if "raise its code version" in each]
        pins[name] = found
    if refused:
        print("\n".join(refused), file=sys.stderr)
        return 1
    plain = {
        corpus: {name: vars(pin) for name, pin in assets.items()} for corpus, assets in pins.items()
    }
    PINNED.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

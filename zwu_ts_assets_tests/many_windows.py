"""A run over as many windows as one wants, in a process of its own that tells what it took.

`python -m zwu_ts_assets_tests.many_windows FOLDER WINDOWS` makes the corpus of a small synthetic
CSV at stride 1 through Dagster, and prints processor seconds and memory as JSON.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.runs import refresh_tags
from zwu_ts_assets_tests.project import write_csv

LENGTH: Final = 40
ASSETS: Final = (
    "etth1_raw",
    "batch_windows",
    "correlation_pngs",
    "batch_stats",
    "vocab",
    "patch_videos",
)
SETTINGS: Final = f"""\
features = ["HUFL", "OT"]
window_length = {LENGTH}
window_stride = 1
horizon = 0
patch_length = {LENGTH}
patch_stride = {LENGTH}
frame_multiple = 1
canvas_width = 448
canvas_height = 224
"""


def main(folder: Path, windows: int) -> None:
    """Make the corpus and print what it took."""
    data = folder / "data"
    data.mkdir(parents=True)
    write_csv(data / "ETTh1.csv", windows + LENGTH - 1)
    (data / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    dataset = etth1(data)
    definitions = build_definitions([dataset], folder / "artifacts", workers=2)
    batches = range((windows - 1) // LENGTH + 1)
    (folder / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(folder / "home")) as instance:
        # Without the checks, which decode everything again.
        job = definitions.resolve_job_def(job_name(dataset)).get_subset(
            asset_selection={dg.AssetKey(name) for name in ASSETS}, asset_check_selection=set()
        )
        tags = refresh_tags(dataset.name, "", batches)
        result = job.execute_in_process(instance=instance, tags=tags)
        assert result.success
    print(json.dumps({"processor_seconds": _processor_seconds(), "peak_mb": _peak_mb()}))


def _processor_seconds() -> float:
    """Of this process and of the workers that it has ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _peak_mb() -> list[float]:
    """The most that this process and that its largest worker ever held."""
    # Not ours from getrusage, which counts what the process held that started this one.
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return [own / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

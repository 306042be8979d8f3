"""What the environment says: where the folders are and which datasets are defined.

What belongs here: every environment variable of ours, and the rule that finds the project's root.
No other module reads one of ours. What does not: any path below `artifacts/`, which is the IO
managers' business.
"""

import os
from pathlib import Path

DATA_DIR_VARIABLE = "ZWU_TS_DATA_DIR"
ARTIFACTS_DIR_VARIABLE = "ZWU_TS_ARTIFACTS_DIR"
CACHE_DIR_VARIABLE = "ZWU_TS_CACHE_DIR"
DATASETS_VARIABLE = "ZWU_TS_DATASETS"


def project_root() -> Path:
    """The folder that holds `data/` and `artifacts/` by default.

    In a checkout it is the folder with `pyproject.toml` above the package, whatever the working
    directory. An installed wheel has no project around it: there it is the working directory.
    """
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "workspace.yaml").is_file():
        return checkout
    return Path.cwd()


def data_dir() -> Path:
    """The folder with the CSVs: `ZWU_TS_DATA_DIR`, or `data/` in the project."""
    return _folder(DATA_DIR_VARIABLE, project_root() / "data")


def artifacts_dir() -> Path:
    """The folder for the outputs: `ZWU_TS_ARTIFACTS_DIR`, or `artifacts/` in the project."""
    return _folder(ARTIFACTS_DIR_VARIABLE, project_root() / "artifacts")


def cache_dir() -> Path:
    """The folder for what can be rebuilt at any time, such as the embedded tokenizer.

    `ZWU_TS_CACHE_DIR`, or `zwu_ts_assets/` in the user's cache folder (`XDG_CACHE_HOME`, else
    `~/.cache`), so that every checkout on a machine shares it.
    """
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return _folder(CACHE_DIR_VARIABLE, user_cache / "zwu_ts_assets")


def dataset_names() -> list[str]:
    """The datasets to define: `ZWU_TS_DATASETS`, comma-separated; ETTh1 alone if it is not set.

    One by default, because assets with different batches cannot share a run: with a second
    dataset defined, `--select '*' --partition 17` would mean nothing.
    """
    names = os.environ.get(DATASETS_VARIABLE, "")
    return [name.strip() for name in names.split(",") if name.strip()] or ["etth1"]


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default

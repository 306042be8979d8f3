"""What the environment says: where the folders are, what is defined, and who does the work.

What belongs here: every environment variable of ours, and the rule that finds the project's root.
No other module reads one of ours. What does not: any path below `artifacts/`, which is the IO
managers' business.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.data_mirror import mirror_of
from zwu_ts_assets.storage.places import Place, place_of
from zwu_ts_assets.text.named_functions import ALLOWED_MODULES_VARIABLE, AllowedCode
from zwu_ts_assets.timeseries.csv_rules import data_suffix

DATA_DIR_VARIABLE = "ZWU_TS_DATA_DIR"
ARTIFACTS_DIR_VARIABLE = "ZWU_TS_ARTIFACTS_DIR"
CACHE_DIR_VARIABLE = "ZWU_TS_CACHE_DIR"
DATASETS_VARIABLE = "ZWU_TS_DATASETS"
SENSOR_VARIABLE = "ZWU_TS_SENSOR"
SCHEDULE_VARIABLE = "ZWU_TS_SCHEDULE"
SETTLE_VARIABLE = "ZWU_TS_SETTLE_SECONDS"
ATTEMPTS_VARIABLE = "ZWU_TS_ATTEMPTS"
RETRY_VARIABLE = "ZWU_TS_RETRY_SECONDS"
VERIFY_VARIABLE = "ZWU_TS_VERIFY_HOURS"
DASK_VARIABLE = "ZWU_TS_DASK"
BATCHES_PER_RUN_VARIABLE = "ZWU_TS_BATCHES_PER_RUN"
KEEP_RUNS_VARIABLE = "ZWU_TS_KEEP_RUNS"
READERS_VARIABLE = "ZWU_TS_READERS"
WEB_ADDRESSES_VARIABLE = "ZWU_TS_WEB_ADDRESSES"
WEB_TOKEN_VARIABLE = "ZWU_TS_WEB_TOKEN"  # noqa: S105 - its name

NO_TOKEN = "off"  # noqa: S105 - says that there is none
_LEAST_TOKEN = 16
_UMASKS = {"owner": 0o077, "group": 0o027, "all": 0o022}

_DASK_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+):[0-9]{1,5}", re.IGNORECASE)


def project_root() -> Path:
    """The folder that holds `data/` and `artifacts/` by default.

    In a checkout it is the folder with `pyproject.toml` above the package, whatever the working
    directory. An installed wheel has no project around it: there it is the working directory.
    """
    return _around() if is_checkout() else Path.cwd()


def is_checkout() -> bool:
    """Whether the package is the one of a checkout, where ETTh1 is a dataset unless told otherwise.

    An installed wheel is somebody's tool for their own data.
    """
    return all((_around() / name).is_file() for name in ("pyproject.toml", "workspace.yaml"))


def _around() -> Path:
    return Path(__file__).resolve().parents[2]


def data_dir() -> Path:
    """The folder with the CSVs: `ZWU_TS_DATA_DIR`, or `data/` in the project.

    Of a URL, the folder of this machine that follows it, as of the last `bring_up_to_date`.

    Raises:
        CorpusError: It is a URL that is no folder of an object store.
    """
    value = os.environ.get(DATA_DIR_VARIABLE)
    place = place_of(value, DATA_DIR_VARIABLE) if value else project_root() / "data"
    return place if isinstance(place, Path) else mirror_of(place, cache_dir(), data_suffix)


def artifacts_dir() -> Place:
    """The folder for the outputs: `ZWU_TS_ARTIFACTS_DIR`, or `artifacts/` in the project.

    Raises:
        CorpusError: It is a URL that is no folder of an object store.
    """
    value = os.environ.get(ARTIFACTS_DIR_VARIABLE)
    return place_of(value, ARTIFACTS_DIR_VARIABLE) if value else project_root() / "artifacts"


def readers_umask() -> int:
    """Whom run history and artifacts are hidden from, as a umask: `ZWU_TS_READERS`.

    `owner` (the default): from everybody else; `group`: from others; `all`: from nobody.

    Raises:
        CorpusError: It is something else.
    """
    readers = os.environ.get(READERS_VARIABLE, "").strip() or "owner"
    if readers not in _UMASKS:
        raise CorpusError(f"{READERS_VARIABLE} is {readers!r}; expected {', '.join(_UMASKS)}")
    return _UMASKS[readers]


def cache_dir() -> Path:
    """The folder for what can be rebuilt at any time, such as the embedded tokenizer.

    `ZWU_TS_CACHE_DIR`, or `zwu_ts_assets/` in the user's cache folder (`XDG_CACHE_HOME`, else
    `~/.cache`), so that every checkout on a machine shares it.
    """
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return _folder(CACHE_DIR_VARIABLE, user_cache / "zwu_ts_assets")


def dataset_names() -> list[str]:
    """The datasets to define: `ZWU_TS_DATASETS`, comma-separated; none named: those there are.

    Assets with different batches cannot share a run: with a second dataset defined, `--select '*'
    --partition 17` means nothing, and one selects `group:weather`.
    """
    names = os.environ.get(DATASETS_VARIABLE, "")
    return [name.strip() for name in names.split(",") if name.strip()]


def allowed_code(csv: Path) -> AllowedCode:
    """Whose functions the settings of a dataset may name: `ZWU_TS_ALLOWED_MODULES`.

    Comma-separated names of modules; none is allowed unless it is named. A folder `data/` is never
    code, wherever the CSVs are: in the working directory, Python could import it as a package.

    Args:
        csv: The dataset's CSV, beside which its settings lie.
    """
    names = os.environ.get(ALLOWED_MODULES_VARIABLE, "").split(",")
    return AllowedCode(
        frozenset(name.strip() for name in names if name.strip()),
        (csv.parent, data_dir(), project_root() / "data", Path.cwd() / "data"),
    )


def dask_address() -> str:
    """The Dask scheduler that gets the work: `ZWU_TS_DASK`; empty: this machine's processes.

    Raises:
        CorpusError: It is not the address of a scheduler.
    """
    return checked_dask_address(os.environ.get(DASK_VARIABLE, ""), DASK_VARIABLE)


def checked_dask_address(text: str, name: str) -> str:
    """The address of a Dask scheduler, if it is one that may be shown to everybody.

    Args:
        text: The address; white space around it is dropped, and it may be empty.
        name: What to call it before the user.

    Raises:
        CorpusError: It is not `tcp://host:port` or `tls://host:port`. The message does not repeat
            what may be a password.
    """
    address = text.strip()
    if "@" in address:
        raise CorpusError(
            f"{name} has something before an @, such as a user and a password. They would be shown "
            "in the web UI, and Dask does not take them: leave them out. A scheduler that asks who "
            "is there has an address tls://host:port, and the certificates are named in Dask's own "
            "configuration (distributed.comm.tls)"
        )
    if address and not _DASK_ADDRESS.fullmatch(address):
        shown = re.split(r"[?#;]", address)[0]
        raise CorpusError(
            f"{name} is {shown!r}; expected the address of a Dask scheduler, such as "
            "tcp://127.0.0.1:8786 or tls://scheduler.example:8786"
        )
    return address


def web_addresses() -> list[str]:
    """Under which addresses the web UI is opened beside this machine's own.

    `ZWU_TS_WEB_ADDRESSES`, separated by commas or white space, such as `https://corpus.example.com`.
    """
    return os.environ.get(WEB_ADDRESSES_VARIABLE, "").replace(",", " ").split()


def web_token() -> str | None:
    """The token of the web UI: `ZWU_TS_WEB_TOKEN`; None: it says `off`; empty: make one.

    Raises:
        CorpusError: It is so short that it can be guessed. The message does not repeat it.
    """
    token = os.environ.get(WEB_TOKEN_VARIABLE, "").strip()
    if token == NO_TOKEN:
        return None
    if token and len(token) < _LEAST_TOKEN:
        raise CorpusError(
            f"{WEB_TOKEN_VARIABLE} has {len(token)} characters; expected {_LEAST_TOKEN} or more "
            f"that nobody can guess, such as those of `openssl rand -hex 24`, or {NO_TOKEN!r}"
        )
    return token


@dataclass(frozen=True)
class Limits:
    """How patient to be.

    Attributes:
        attempts: Runs for one state, at least 1, before giving up.
        retry_seconds: Wait after the first unsuccessful attempt; doubled after each further one.
    """

    attempts: int = 5
    retry_seconds: float = 60.0


@dataclass(frozen=True)
class AutomationSettings:
    """When the corpus is looked after by itself; nothing here shapes its content.

    Attributes:
        sensor_seconds: Seconds between two looks of the sensor; None: it is switched off.
        schedule: Cron of the schedule; None: it is switched off.
        settle_seconds: How long a CSV must not have changed before it is read.
        limits: How often and after what wait a failed refresh is tried again.
        verify_hours: Hours after which a corpus that nobody compared with its CSV counts as stale.
        batches_per_run: At most so many batches in a run that Dagster starts; None: no bound.
        keep_runs: So many refreshes of a dataset stay in the run history; None: all.
    """

    sensor_seconds: int | None = 30
    schedule: str | None = None
    settle_seconds: float = 5.0
    limits: Limits = field(default_factory=Limits)
    verify_hours: float = 24.0
    batches_per_run: int | None = None
    keep_runs: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the sensor is off and still has to go on with what the schedule begins.

        Of a refresh in several runs, one look starts only those whose inputs are there.
        """
        alone = self.sensor_seconds is None and self.schedule is not None
        return alone and self.batches_per_run is not None


def automation_settings() -> AutomationSettings:
    """What the environment says of the sensor, the schedule and retries.

    Raises:
        CorpusError: A value is no number, or out of bounds.
    """
    sensor = os.environ.get(SENSOR_VARIABLE, "")
    schedule = os.environ.get(SCHEDULE_VARIABLE, "").strip()
    return AutomationSettings(
        sensor_seconds=None if sensor.strip() == "off" else _whole_number(SENSOR_VARIABLE, 30),
        schedule=None if schedule in ("", "off") else schedule,
        settle_seconds=_number(SETTLE_VARIABLE, 5, 0),
        limits=Limits(
            attempts=_whole_number(ATTEMPTS_VARIABLE, 5),
            retry_seconds=_number(RETRY_VARIABLE, 60, 0),
        ),
        verify_hours=_number(VERIFY_VARIABLE, 24, 0.05),
        batches_per_run=_whole_number(BATCHES_PER_RUN_VARIABLE, 0) or None,
        keep_runs=(
            None
            if os.environ.get(KEEP_RUNS_VARIABLE, "").strip() == "off"
            else _whole_number(KEEP_RUNS_VARIABLE, 0) or None
        ),
    )


def _number(variable: str, default: float, least: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    # Also refuses NaN, which compares false with everything.
    if not least <= value <= 1e6:
        raise CorpusError(
            f"{variable} is {text!r}; expected a number from {least:g} to 1000000"
            + (", or off" if variable in (SENSOR_VARIABLE, KEEP_RUNS_VARIABLE) else "")
        )
    return value


def _whole_number(variable: str, default: int) -> int:
    value = _number(variable, default, 1)
    if value != int(value):
        raise CorpusError(f"{variable} is '{value:g}'; expected a whole number, 1 or more")
    return int(value)


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default

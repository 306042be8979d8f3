"""The benchmark files of the forecasting literature from their public homes, or a clear no.

What belongs here: where each file is and what is known of it, fetching it, holding it against its
sha256 and moving it into place with settings. What does not: reading it.

The digests are those of the files as they are published. Those of ETTh1 and ETTh2 are of the bytes
in the ETDataset's own repository, those of exchange_rate and ili of the copies in public
repositories of papers with the line ends of the published file; the others are told alike by
several independent papers' repositories.
"""

import hashlib
import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.folder_store import FolderStore

_ETT: Final = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small"
_TSLIB: Final = "https://huggingface.co/datasets/thuml/Time-Series-Library/resolve/main"

# The largest file has 137 MB. Whatever a server sends beyond this is none of them, and is not read.
_MOST_BYTES: Final = 256 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_TIMEOUT_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Benchmark:
    """A file of the forecasting literature.

    Attributes:
        file: Its name in the data folder.
        url: Where it comes from.
        sha256: Of the published file.
        size: About how large it is, for people.
        rows: Of the published table.
        borders: First row of train, validation and test, and the row after test's last one, as
            papers divide it.
        title: What people call it.
        description: What it is.
        source: Who made it.
        licence: Its licence; empty where its makers state none.
        units: Unit by column, where one is known.
        settings: Further lines of its preset, as TOML.
    """

    file: str
    url: str
    sha256: str
    size: str
    rows: int
    borders: tuple[int, int, int, int]
    title: str
    description: str
    source: str
    licence: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""


_TRANSFORMER: Final = (
    "oil temperature (OT) of an electricity transformer and six power loads: high, middle and low, "
    "useful (UFL) and useless (ULL)."
)
_ETT_SOURCE: Final = "https://github.com/zhouhaoyi/ETDataset (Haoyi Zhou and others)"
_ETT_LICENCE: Final = "cc-by-nd-4.0"


def _ett(name: str, sha256: str, size: str, per_hour: int) -> Benchmark:
    first, second, third = (rows * per_hour for rows in (8640, 11520, 14400))
    return Benchmark(
        file=f"{name}.csv",
        url=f"{_ETT}/{name}.csv",
        sha256=sha256,
        size=size,
        rows=17420 * per_hour,
        borders=(0, first, second, third),
        title=name,
        description=f"{'Hourly' if per_hour == 1 else 'Quarter-hourly'} {_TRANSFORMER}",
        source=_ETT_SOURCE,
        licence=_ETT_LICENCE,
        units={"OT": "°C"},
    )


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "etth1": _ett(
        "ETTh1", "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066", "2.6 MB", 1
    ),
    "etth2": _ett(
        "ETTh2", "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b", "2.4 MB", 1
    ),
    "ettm1": _ett(
        "ETTm1", "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e", "10 MB", 4
    ),
    "ettm2": _ett(
        "ETTm2", "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd", "10 MB", 4
    ),
    "weather": Benchmark(
        file="weather.csv",
        url=f"{_TSLIB}/weather/weather.csv",
        sha256="34ee981d07313e51da2a50bb600072c8ae4a69cb4b0651f4cb93a069d7a2ba63",
        size="7 MB",
        rows=52_696,
        borders=(0, 36_887, 42_157, 52_696),
        title="Weather",
        description="21 measurements of a weather station in Jena every ten minutes of 2020.",
        source="Max Planck Institute for Biogeochemistry, as in Autoformer (Wu and others 2021)",
        # Some rows are missing, which papers pass over: they count rows. Borders by shares are
        # theirs, also where a line is there twice and is read once.
        settings='time_axis = "order"\n\n[split]\nratios = [0.7, 0.1, 0.2]\n',
    ),
    "electricity": Benchmark(
        file="electricity.csv",
        url=f"{_TSLIB}/electricity/electricity.csv",
        sha256="7e45845d54c5219bad0ae6bc1b5316cf8ff9cead5d33fa998a5a51c2e4a497ad",
        size="96 MB",
        rows=26_304,
        borders=(0, 18_412, 21_044, 26_304),
        title="Electricity",
        description="Hourly electricity consumption of 321 clients in kWh.",
        source="UCI, ElectricityLoadDiagrams20112014, as in LSTNet (Lai and others 2018)",
        licence="cc-by-4.0",
    ),
    "traffic": Benchmark(
        file="traffic.csv",
        url=f"{_TSLIB}/traffic/traffic.csv",
        sha256="cb06463d56fa17d87f47027cd9389ceae82a69eddee51cdb61480e120dab0b16",
        size="137 MB",
        rows=17_544,
        borders=(0, 12_280, 14_036, 17_544),
        title="Traffic",
        description="Hourly occupancy, 0 to 1, at 862 sensors of freeways in the San Francisco "
        "Bay area.",
        source="California Department of Transportation, as in LSTNet (Lai and others 2018)",
        settings='stats_format = "significant"\n',
    ),
    "exchange_rate": Benchmark(
        file="exchange_rate.csv",
        url=f"{_TSLIB}/exchange_rate/exchange_rate.csv",
        sha256="48b4d9d3d508f5104162e85b9a6042e3557fde11aa9f2944eba8c0d0efc89842",
        size="0.6 MB",
        rows=7588,
        borders=(0, 5311, 6071, 7588),
        title="Exchange rate",
        description="Daily exchange rates of eight countries.",
        source="LSTNet (Lai and others 2018)",
        settings='stats_format = "significant"\n\n[tasks]\ndecimals = 5\n',
    ),
    "ili": Benchmark(
        file="ili.csv",
        url=f"{_TSLIB}/illness/national_illness.csv",
        sha256="93601f64d2566dc796ca4305adad8b8560c2db1a1ff04543c3bd813a7263570a",
        size="0.1 MB",
        rows=966,
        borders=(0, 676, 773, 966),
        title="ILI",
        description="Weekly patients with influenza-like illness in the United States.",
        source="Centers for Disease Control and Prevention, as in Autoformer (Wu and others 2021)",
        settings="window_length = 36\nhorizon = 24\npatch_length = 12\npatch_stride = 6\n",
    ),
}
"""The files that `zwu-ts-assets fetch` gets, by the name of the dataset that each becomes."""


def benchmark_table() -> str:
    """All benchmark files with what is known of them, for people."""
    lines = []
    for name, known in BENCHMARKS.items():
        first, second, third, last = known.borders
        lines += [
            f"{name}: {known.description}",
            f"  {known.rows:,} rows, {known.size}; train {first}..{second - 1}, validation "
            f"{second}..{third - 1}, test {third}..{last - 1}",
            f"  source: {known.source}",
            f"  licence: {known.licence or 'none is stated'}",
            f"  {known.url}",
            f"  sha256 {known.sha256}",
        ]
    return "\n".join(lines)


def preset_of(name: str) -> str:
    """The settings of a benchmark as TOML; none for ETTh1, whose are built in."""
    if name == "etth1":
        return ""
    known = BENCHMARKS[name]
    units = ", ".join(f'{column} = "{unit}"' for column, unit in known.units.items())
    told = {
        "title": known.title,
        "description": known.description,
        "source": known.source,
        "licence": known.licence,
    }
    lines = [f'{key} = "{text}"' for key, text in told.items() if text]
    lines += [f"units = {{ {units} }}"] if units else []
    text = "\n".join(lines) + "\n" + known.settings
    if "[split]" not in text:
        text += f"\n[split]\nborders = {list(known.borders)}\n"
    return text


def fetch(name: str, folder: Path, *, timeout: float = _TIMEOUT_SECONDS) -> list[str]:
    """Download a benchmark file into a folder, with its preset beside it.

    Nothing that is there is overwritten.

    Args:
        name: One of `BENCHMARKS`.
        folder: The data folder; it is made.
        timeout: Seconds to wait for the server.

    Returns:
        What was done, in sentences.

    Raises:
        CorpusError: There is no such benchmark, it cannot be had, or another file is in its place.
    """
    if name not in BENCHMARKS:
        raise CorpusError(
            f"there is no benchmark {name!r}; expected one of: {', '.join(BENCHMARKS)}"
        )
    known = BENCHMARKS[name]
    table = folder / known.file
    if table.exists():
        found = _sha256(table)
        if found != known.sha256:
            raise CorpusError(
                f"{table} is there and is not the published file (sha256 {found}, expected "
                f"{known.sha256}); nothing was changed: rename it, and fetch again"
            )
        told = [f"{table} is there already, as published."]
    else:
        _download(known.url, known.sha256, table, timeout)
        told = [f"{table}: downloaded from {known.url}, sha256 {known.sha256} as published."]
    if preset := preset_of(name):
        settings = table.with_suffix(".toml")
        if settings.exists():
            told.append(f"{settings} is there already, and was left as it is.")
        else:
            _put(settings, preset.encode("utf-8"))
            told.append(f"{settings}: settings with the published borders.")
    licence = known.licence or "its makers state none; ask them before you publish what is made"
    return [*told, f"Licence: {licence}. Source: {known.source}."]


def download_etth1(csv: Path, *, timeout: float = _TIMEOUT_SECONDS) -> None:
    """Download ETTh1.csv, check it and put it into place in one step.

    Args:
        csv: Where it goes; its folder is made.
        timeout: Seconds to wait for the server.

    Raises:
        CorpusError: It cannot be had or is not the published file; says how to get it by hand.
    """
    known = BENCHMARKS["etth1"]
    _download(known.url, known.sha256, csv, timeout)


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows a server's word to another address, but not from https to anything less."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.startswith(f"{req.type}:"):
            raise urllib.error.URLError(f"it leads on to {newurl}, which is not {req.type}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, sha256: str, path: Path, timeout: float) -> None:
    """Download a file whose sha256 is known, and move it into place when it is whole."""
    remedy = f"download {url} yourself and copy it to {path}"
    opener = urllib.request.build_opener(_SameScheme)
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as file:
        try:
            with opener.open(url, timeout=timeout) as answer:
                while piece := answer.read(_PIECE):
                    size += len(piece)
                    if size > _MOST_BYTES:
                        raise CorpusError(
                            f"what {url} sends has more than {_MOST_BYTES:,} bytes, as no "
                            f"benchmark has; {remedy}"
                        )
                    digest.update(piece)
                    file.write(piece)
        except (OSError, http.client.HTTPException) as error:
            # Not only `URLError`: a proxy may answer with something that is no HTTP, or hang up.
            reason = getattr(error, "reason", None) or repr(error)
            raise CorpusError(
                f"{path.name} could not be downloaded ({reason}); {remedy}"
            ) from error
        if (found := digest.hexdigest()) != sha256:
            raise CorpusError(
                f"what {url} sent is not the published {path.name} (sha256 {found}, expected "
                f"{sha256}); {remedy}"
            )
        file.seek(0)
        _put(path, file.read())


def _put(path: Path, data: bytes) -> None:
    try:
        FolderStore(path.parent).write(path.name, data)
    except OSError as error:
        raise CorpusError(
            f"{path.name} could not be downloaded: {path.parent} cannot be written "
            f"({error.strerror}); make it writable, or set ZWU_TS_DATA_DIR"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

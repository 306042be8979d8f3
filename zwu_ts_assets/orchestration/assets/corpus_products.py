"""From an asset's inputs to its product: one function per asset, in the order of the lineage.

What belongs here: calling the corpus modules and saying what there is to know of the result. What
does not: the corpus itself (`figures/`, `text/`), Dagster, artifact paths. Batches are cut in
`batch_products.py`, drawn in `media_products.py` and told as text in `text_products.py`, whose
names are handed on here.

Importing this module imports pyarrow, matplotlib and the rest, so asset bodies import it when they
run and never when definitions load. The worker processes run its functions.
"""

import hashlib
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.verification import matrices_problem
from zwu_ts_assets.orchestration.assets.batch_products import (
    batch_product,
    require_rows,
    training_starts,
    training_versions,
)
from zwu_ts_assets.orchestration.assets.gap_settings import settings_told
from zwu_ts_assets.orchestration.assets.media_products import (
    Drawing,
    Files,
    altered_lines_product,
    colour_ranges_product,
    correlation_product,
    drawn_batches,
    figure_problem,
    film_problem,
    fitted_ranges,
    line_plot_product,
    ranges_of,
    training_extremes,
    video_product,
)
from zwu_ts_assets.orchestration.assets.previews import series_table
from zwu_ts_assets.orchestration.assets.text_products import (
    qwen_product,
    stats_product,
    tokenizer_source,
    tokens_problem,
    vocabulary_product,
)
from zwu_ts_assets.orchestration.work import WARNING, Product
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.timeseries.csv_file import Reading, read_csv
from zwu_ts_assets.timeseries.csv_rules import settings_file
from zwu_ts_assets.timeseries.series import Series, with_lags, with_room
from zwu_ts_assets.timeseries.windows import Window, batch_count, whole_starts, window_count

__all__ = [
    "Drawing",
    "Files",
    "altered_lines_product",
    "batch_product",
    "colour_ranges_product",
    "correlation_product",
    "csv_digest",
    "drawn_batches",
    "figure_problem",
    "film_problem",
    "fitted_ranges",
    "line_plot_product",
    "qwen_product",
    "ranges_of",
    "raw_product",
    "require_rows",
    "stats_product",
    "tokenizer_source",
    "tokens_problem",
    "training_extremes",
    "training_starts",
    "training_versions",
    "video_product",
    "vocabulary_product",
    "window_problem",
]


_SETTLED_SECONDS: Final = 2.0
_KEPT_BYTES: Final = 64 * 1024 * 1024

# A command compares, makes the raw table and compares again. For that, what was found in the last
# CSV is kept, with what the file system said of the file.
_DIGEST_CACHE: dict[Path, tuple[tuple[int, ...], str]] = {}
_TABLE_CACHE: dict[Path, tuple[tuple[int, ...], str, Product[Series]]] = {}


def csv_digest(csv: Path) -> str:
    """sha256 of the bytes of a CSV; of nothing if it cannot be read, which reading it will say."""
    if not csv.is_file():  # a pipe would be waited for, and a device has no end
        return "unreadable"
    try:
        identity = _settled_identity(csv)
        if identity and csv in _DIGEST_CACHE and _DIGEST_CACHE[csv][0] == identity:
            return _DIGEST_CACHE[csv][1]
        with csv.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"
    if identity and _settled_identity(csv) == identity:
        _DIGEST_CACHE.clear()
        _DIGEST_CACHE[csv] = (identity, sha256)
    return sha256


def _settled_identity(csv: Path) -> tuple[int, ...]:
    """What tells the content of a file from any other it had or will have; empty: nothing does.

    A file that was written a moment ago could be written again without another time of change.
    """
    stat = csv.stat()
    age = time.time() - max(stat.st_mtime, stat.st_ctime)
    if age <= _SETTLED_SECONDS:
        return ()
    return (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev)


def raw_product(csv: Path, settings: Settings) -> Product[Series]:
    """The validated table of a CSV.

    Raises:
        CorpusError: The CSV is not one we can use; the message says where and why.
    """
    identity = _settled_identity(csv) if csv.is_file() else ()
    how = settings.model_dump_json()
    if identity and csv in _TABLE_CACHE and _TABLE_CACHE[csv][:2] == (identity, how):
        return _TABLE_CACHE[csv][2]
    try:
        product = _read_product(csv, settings)
    except CorpusError as error:
        # A copy of the sentence with what was found by trying, or the error itself.
        told = settings_told(str(error), csv, settings, partial(_read_product, csv))
        if told == str(error):
            raise
        raise CorpusError(told) from error
    if identity and product.value.values.nbytes <= _KEPT_BYTES:
        _TABLE_CACHE.clear()
        _TABLE_CACHE[csv] = (identity, how, product)
    return product


def _read_product(csv: Path, settings: Settings) -> Product[Series]:
    sha256 = csv_digest(csv)
    reading = read_csv(
        csv,
        time_column=settings.time_column,
        features=settings.features,
        rules=settings.csv_rules,
    )
    series = with_room(with_lags(reading.series, settings.lags), settings.stride)
    if csv_digest(csv) != sha256:
        raise CorpusError(f"{csv}: changed while it was read; run again when it is complete")
    if settings.split.dates is not None and series.axis.kind == "rows":
        raise CorpusError(
            f"{csv}: has rows without times, and the setting `split` has dates; expected `ratios` "
            "or `borders`, which count rows. Change the setting, or name the columns of the time."
        )
    _require_what_is_told(csv, settings, series)
    rows = len(series.timestamps)
    if rows < settings.window_length and series.breaks is None:
        raise CorpusError(
            f"{csv}: has {rows} rows, fewer than one window of {settings.window_length}; add rows, "
            f"or set a smaller window_length in {settings_file(csv)}"
        )
    cutting = settings.window_length, settings.stride
    batches = batch_count(rows, *cutting, settings.max_batches)
    everything = batch_count(rows, *cutting)
    starts = range(0, window_count(rows, *cutting) * settings.stride, settings.stride)
    whole = whole_starts(series, starts, settings.window_length)
    # Windows in the batches that are made: all of them, unless `max_batches` leaves some out.
    wanted = sum(start < batches * settings.window_length for start in starts)
    found = int((whole < batches * settings.window_length).sum())
    if not found and series.breaks is not None:
        lengths = _case_lengths(reading.series)
        raise CorpusError(
            f"{csv}: each of its {len(lengths)} cases, of {lengths.min()} to {lengths.max()} rows, "
            f"is shorter than a window of {settings.window_length}, or lacks values, so there is "
            f"nothing to make; for a window of each case, write {_for_cases(lengths)} into "
            f"{settings_file(csv)}"
        )
    if not found:
        raise CorpusError(
            f"{csv}: each of its {wanted} windows of {settings.window_length} rows has a row "
            "that lacks a value, so there is nothing to make; fill the gaps, or set a smaller "
            f"window_length in {settings_file(csv)}"
        )
    # Neighbours share rows, or leave some between them that are in no window.
    covered = int(np.minimum(np.diff(whole), settings.window_length).sum())
    details: dict[str, Detail] = {
        "time": reading.time_told(settings.time_zone),
        "rows": rows,
        "features": _features(series.features),
        "first_timestamp": series.axis.time_text(series.timestamps[0]),
        "last_timestamp": series.axis.time_text(series.timestamps[-1]),
        **_interval(series),
        "batches": batches,
        "rows_in_no_batch": rows - covered - settings.window_length,
        "batches_left_out_by_max_batches": everything - batches,
        "csv_sha256": sha256,
        **_as_read(reading, series, settings),
        **_as_cases(reading.series, settings),
    }
    if settings.overlapping or len(whole) < len(starts):
        details["windows"] = found
        details["windows_with_gaps"] = wanted - found
    return Product(series, details, preview=series_table(series))


def _require_what_is_told(csv: Path, settings: Settings, series: Series) -> None:
    """Refuse settings about columns and times that the table does not have."""
    for name in ("covariates", "column_descriptions"):
        unknown = [column for column in getattr(settings, name) if column not in series.features]
        if unknown:
            raise CorpusError(
                f"{csv}: the setting `{name}` names {_features(unknown)}, which is no column that "
                f"is used; the columns are: {_features(series.features)}. Correct the name."
            )
    if settings.events and series.axis.kind == "rows":
        raise CorpusError(
            f"{csv}: has rows without times, and the setting `events` has dates; expected times. "
            "Remove the setting, or name the columns of the time."
        )


def _case_lengths(series: Series) -> NDArray[np.int64]:
    """The rows of each case as the file has them."""
    assert series.breaks is not None
    return np.diff(np.concatenate([[0], series.breaks, [series.rows]]))


def _for_cases(lengths: NDArray[np.int64]) -> str:
    """Settings that make a window of each case."""
    window = int(np.clip(lengths.min(), 4, 1000))
    patch = max(window // 4, 2)
    return (
        f"`window_length = {window}`, `patch_length = {patch}`, `patch_stride = "
        f"{max(patch // 2, 1)}` and `horizon = 0`"
    )


def _as_cases(series: Series, settings: Settings) -> dict[str, Detail]:
    """What becomes of cases that are no windows."""
    if series.breaks is None:
        return {}
    lengths = _case_lengths(series)
    details: dict[str, Detail] = {"cases": len(lengths)}
    short = int((lengths < settings.window_length).sum())
    if short:
        details[f"{WARNING}short_cases"] = (
            f"{short} of {len(lengths)} cases have fewer rows than a window of "
            f"{settings.window_length}, and are in none; for a window of each case, write "
            f"{_for_cases(lengths)}."
        )
    if not (lengths >= settings.window_length + settings.horizon).any():
        details[f"{WARNING}no_target"] = (
            f"no case has the {settings.window_length + settings.horizon} rows of a window and its "
            f"target (horizon {settings.horizon}), so there is no sample; write `horizon = 0`: "
            "nothing is forecast then, and the class is asked for."
        )
    return details


def _interval(series: Series) -> dict[str, Detail]:
    if series.axis.is_fixed:
        return {"interval_seconds": int(series.interval / np.timedelta64(1, "s"))}
    return {"interval": series.axis.span_text(1, 0)}


def _as_read(reading: Reading, series: Series, settings: Settings) -> dict[str, Detail]:
    """How a CSV was written, where that is not the usual, and what became of its gaps."""
    columns = reading.columns
    told: dict[str, tuple[Detail, Detail]] = {  # what it is, and what it usually is
        "time_column": (columns.time_name or None, "date"),
        "delimiter": (columns.delimiter, ","),
        "decimal": (columns.decimal, "."),
        "date_format": (columns.times.pattern or columns.times.kind, "iso"),
        "time_zone": (settings.time_zone or ("UTC" if columns.times.is_utc else None), None),
    }
    details = {name: found for name, (found, usual) in told.items() if found != usual}
    if columns.left_out:
        details["columns_left_out"] = _left_out(columns.left_out)
    if len(series.features) == 1:
        details[f"{WARNING}one_column"] = (
            f"{series.features[0]} is the only value column, so that five of the six panels of a "
            "figure are trivial: one cell, or the same everywhere. Add columns; or copies of its "
            "past as further columns, such as `lags = [1, 24]`; or draw the values themselves with "
            "`line_plots = true`."
        )
    if reading.notes:
        details["notes_on_reading"] = "; ".join(reading.notes)
    if settings.csv_rules.allows_gaps:
        missing, interpolated = series.missing, series.interpolated
        details["rows_inserted"] = reading.inserted
        details["values_interpolated"] = 0 if interpolated is None else int(interpolated.sum())
        details["rows_missing"] = 0 if missing is None else int(missing.sum())
    return details


def _left_out(columns: Sequence[tuple[str, str]]) -> str:
    """The columns that are not used, by reason."""
    names: dict[str, list[str]] = {}
    for name, reason in columns:
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{_features(found)} ({reason})" for reason, found in names.items())


def window_problem(window: Window) -> str:
    """What is wrong with the matrices of a window; nothing, usually."""
    return matrices_problem(window.values, window.shown.columns if window.shown else None)


def _features(names: Sequence[str]) -> str:
    """The names in one line; details are kept in the event log and must not flood it."""
    text = ", ".join(names)
    return text if len(text) <= 2_000 else f"{text[:2_000]}… ({len(names)} columns)"

"""From an asset's inputs to its product: one function per asset, in the order of the lineage.

What belongs here: calling the corpus modules and saying what there is to know of the result. What
does not: the corpus itself (`corpus/`), Dagster, artifact paths. Batches are cut in
`batch_products.py` and drawn in `media_products.py`, whose names are handed on here.

Importing this module imports pandas, matplotlib and the rest, so asset bodies import it when they
run and never when definitions load. The worker processes run its functions.
"""

import functools
import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from zwu_ts_assets.artifact_store import Detail, digest
from zwu_ts_assets.batch_products import (
    batch_product,
    require_rows,
    training_starts,
    training_versions,
)
from zwu_ts_assets.corpus.csv_file import Reading, read_csv
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.qwen import (
    TextTokenizer,
    TokenizerSource,
    load_tokenizer,
    qwen_rows_jsonl,
    resolve_tokenizer,
)
from zwu_ts_assets.corpus.qwen import vocabulary_json as tokenizer_vocabulary_json
from zwu_ts_assets.corpus.series import Series
from zwu_ts_assets.corpus.stats import format_stats, parse_stats, stats_lines
from zwu_ts_assets.corpus.verification import matrices_problem, qwen_problem
from zwu_ts_assets.corpus.vocabulary import (
    SPECIALS,
    build_vocabulary,
    resolve_splitter,
    token_rows_jsonl,
    vocabulary_json,
)
from zwu_ts_assets.corpus.window_key import WindowKey, window_key
from zwu_ts_assets.corpus.window_rows import batch_count, window_count
from zwu_ts_assets.corpus.windows import Batch, Window, whole_starts
from zwu_ts_assets.datasets import Settings
from zwu_ts_assets.lineage import tokens_made_from, vocabulary_made_from
from zwu_ts_assets.media_products import (
    Drawing,
    Files,
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
from zwu_ts_assets.previews import rows_table, series_table, text_block
from zwu_ts_assets.work import Product

__all__ = [
    "Drawing",
    "Files",
    "batch_product",
    "colour_ranges_product",
    "correlation_product",
    "csv_digest",
    "drawn_batches",
    "figure_problem",
    "film_problem",
    "fitted_ranges",
    "line_plot_product",
    "loaded_tokenizer",
    "qwen_inputs",
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
    "vocabulary_inputs",
    "vocabulary_product",
    "window_problem",
]


def csv_digest(csv: Path) -> str:
    """sha256 of the bytes of a CSV; of nothing if it cannot be read, which reading it will say."""
    if not csv.is_file():  # a pipe would be waited for, and a device has no end
        return "unreadable"
    try:
        with csv.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def raw_product(csv: Path, settings: Settings) -> Product[Series]:
    """The validated table of a CSV.

    Raises:
        CorpusError: The CSV is not one we can use; the message says where and why.
    """
    sha256 = csv_digest(csv)
    reading = read_csv(
        csv,
        time_column=settings.time_column,
        features=settings.features,
        rules=settings.csv_rules,
    )
    series = reading.series
    if csv_digest(csv) != sha256:
        raise CorpusError(f"{csv}: changed while it was read; run again when it is complete")
    rows = len(series.timestamps)
    if rows < settings.window_length:
        raise CorpusError(
            f"{csv}: has {rows} rows, fewer than one window of {settings.window_length}; add rows, "
            f"or set a smaller window_length in {csv.with_suffix('.toml')}"
        )
    cutting = settings.window_length, settings.stride
    batches = batch_count(rows, *cutting, settings.max_batches)
    everything = batch_count(rows, *cutting)
    starts = range(0, window_count(rows, *cutting) * settings.stride, settings.stride)
    whole = whole_starts(series, starts, settings.window_length)
    # Windows in the batches that are made: all of them, unless `max_batches` leaves some out.
    wanted = sum(start < batches * settings.window_length for start in starts)
    found = int((whole < batches * settings.window_length).sum())
    if not found:
        raise CorpusError(
            f"{csv}: each of its {wanted} windows of {settings.window_length} rows has a row "
            "that lacks a value, so there is nothing to make; fill the gaps, or set a smaller "
            f"window_length in {csv.with_suffix('.toml')}"
        )
    # Neighbours share rows, or leave some between them that are in no window.
    covered = int(np.minimum(np.diff(whole), settings.window_length).sum())
    details: dict[str, Detail] = {
        "rows": rows,
        "features": _features(series.features),
        "first_timestamp": str(series.timestamps[0]),
        "last_timestamp": str(series.timestamps[-1]),
        "interval_seconds": int(series.interval / np.timedelta64(1, "s")),
        "batches": batches,
        "rows_in_no_batch": rows - covered - settings.window_length,
        "batches_left_out_by_max_batches": everything - batches,
        "csv_sha256": sha256,
        **_as_read(reading, settings),
    }
    if settings.overlapping or len(whole) < len(starts):
        details["windows"] = found
        details["windows_with_gaps"] = wanted - found
    return Product(series, details, preview=series_table(series))


def _as_read(reading: Reading, settings: Settings) -> dict[str, Detail]:
    """How a CSV was written, where that is not the usual, and what became of its gaps."""
    columns, series = reading.columns, reading.series
    told: dict[str, tuple[Detail, Detail]] = {  # what it is, and what it usually is
        "time_column": (columns.time_name, "date"),
        "delimiter": (columns.delimiter, ","),
        "decimal": (columns.decimal, "."),
        "date_format": (columns.times.pattern or columns.times.kind, "iso"),
        "time_zone": (settings.time_zone or ("UTC" if columns.times.is_utc else None), None),
    }
    details = {name: found for name, (found, usual) in told.items() if found != usual}
    if settings.csv_rules.allows_gaps:
        missing, interpolated = series.missing, series.interpolated
        details["rows_inserted"] = reading.inserted
        details["values_interpolated"] = 0 if interpolated is None else int(interpolated.sum())
        details["rows_missing"] = 0 if missing is None else int(missing.sum())
    return details


def stats_product(
    batches: Mapping[int, Batch], known: int, *, settings: Settings
) -> Product[Files]:
    """The statistics of every window that exists, as text.

    Args:
        batches: Those that exist.
        known: How many there should be.
        settings: Whether a batch has several windows.
    """
    if not batches:
        raise CorpusError(
            "there is no window made with these settings to describe; materialize batch_windows "
            "first"
        )
    text = format_stats(
        (
            window_key(batch, window.start, overlapping=settings.overlapping),
            stats_lines(window.values, window.features),
        )
        for batch, content in batches.items()
        for window in content.windows
    )
    details: dict[str, Detail] = {
        "batches": len(batches),
        "known_batches": known,
        "complete": len(batches) == known,
        "characters": len(text),
    }
    windows = len(parse_stats(text))
    if settings.overlapping or windows < len(batches):
        details["windows"] = windows
    shown = text.split("\n\n--- ", 1)[0].split("\n")
    return Product({"text": text.encode("utf-8")}, details, preview=text_block(shown))


def vocabulary_inputs(stats: Files, settings: Settings) -> str:
    """What the small vocabulary is made from: the stats text and the splitting function."""
    name = settings.splitter or ""
    source = b""
    if name:
        resolve_splitter(name)  # says what is wrong with the name, if anything is
        file = importlib.import_module(name.split(":")[0]).__file__
        source = Path(file).read_bytes() if file else b""
    return vocabulary_made_from(_sha256(stats["text"]), digest(name, _sha256(source)))


def vocabulary_product(stats: Files, *, settings: Settings) -> Product[Files]:
    """The small vocabulary of the stats text and each window's tokens and ids in it."""
    split = resolve_splitter(settings.splitter)
    rows = parse_stats(stats["text"].decode("utf-8"))
    vocabulary = build_vocabulary((text for _, text in rows), split)
    tokens = token_rows_jsonl(rows, vocabulary, split)
    details: dict[str, Detail] = {
        **_row_counts(rows),
        "entries": len(vocabulary),
        "special_tokens": len(SPECIALS),
        **_token_counts(tokens),
    }
    files = {"vocab": vocabulary_json(vocabulary), "tokens": tokens}
    return Product(files, details, preview=rows_table(tokens))


def tokenizer_source(settings: Settings, project_dir: Path, cache: Path) -> TokenizerSource:
    """Where the tokenizer comes from, without loading it."""
    return resolve_tokenizer(settings.tokenizer, project_dir=project_dir, cache_dir=cache)


@functools.lru_cache(maxsize=2)
def loaded_tokenizer(source: TokenizerSource) -> TextTokenizer:
    """The tokenizer itself, loaded once per process: the asset and its check both need it."""
    return load_tokenizer(source)


def qwen_inputs(stats: Files, source: TokenizerSource) -> str:
    """What the token rows are made from: the stats text and the tokenizer."""
    return tokens_made_from(_sha256(stats["text"]), source.digest)


def qwen_product(stats: Files, source: TokenizerSource) -> Product[Files]:
    """Text, tokens and ids of each window in the Qwen3-VL tokenizer, and its vocabulary."""
    tokenizer = loaded_tokenizer(source)
    rows = parse_stats(stats["text"].decode("utf-8"))
    tokens = qwen_rows_jsonl(rows, tokenizer)
    details: dict[str, Detail] = {
        **_row_counts(rows),
        "entries": tokenizer.size,
        "tokenizer": f"{source.kind}: {source.location}",
        **_token_counts(tokens),
    }
    files = {"rows": tokens, "vocab": tokenizer_vocabulary_json(tokenizer)}
    return Product(files, details, preview=rows_table(tokens))


def window_problem(window: Window) -> str:
    """What is wrong with the matrices of a window; nothing, usually."""
    return matrices_problem(window.values, window.shown.columns if window.shown else None)


def tokens_problem(stats: Files, tokens: Files, source: TokenizerSource) -> str:
    """What is wrong with the token rows; nothing, usually."""
    tokenizer = loaded_tokenizer(source)
    return qwen_problem(stats["text"], tokens["rows"], tokens["vocab"], tokenizer)


def _features(names: Sequence[str]) -> str:
    """The names in one line; details are kept in the event log and must not flood it."""
    text = ", ".join(names)
    return text if len(text) <= 2_000 else f"{text[:2_000]}… ({len(names)} columns)"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _row_counts(rows: Sequence[tuple[WindowKey, str]]) -> dict[str, Detail]:
    """How many batches the rows are of, and how many rows there are where batches have several."""
    batches = {key[0] if isinstance(key, tuple) else key for key, _ in rows}
    overlapping = any(isinstance(key, tuple) for key, _ in rows)
    return {"batches": len(batches), **({"windows": len(rows)} if overlapping else {})}


def _token_counts(rows_jsonl: bytes) -> dict[str, Detail]:
    counts = []
    one = "batch"
    for row in map(json.loads, rows_jsonl.splitlines()):
        counts.append(len(row["ids"]))
        one = "window" if "row" in row else one
    return {
        "ids": sum(counts),
        f"fewest_ids_in_a_{one}": min(counts, default=0),
        f"most_ids_in_a_{one}": max(counts, default=0),
    }

"""Whether a finished artifact is what it should be, told from the artifact alone.

What belongs here: opening what was written and comparing it with the settings and the window. What
does not: making anything. A problem is returned as a sentence; no problem as an empty string.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.figures.mp4 import probe_mp4
from zwu_ts_assets.text.qwen import TextTokenizer, undecodable_rows
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.text.vocabulary import SPECIALS, read_vocabulary
from zwu_ts_assets.timeseries.window_key import WindowKey, key_label


def matrices_problem(values: NDArray[np.float64], columns: Sequence[int] | None = None) -> str:
    """Whether the six matrices of a window are symmetric, and finite except where undefined.

    Pearson is undefined, and NaN, for a column (or a row) that does not vary; nothing else may be.

    Args:
        values: (rows, features) float64, one window.
        columns: The features of the feature matrices, in order; None for all.
    """
    matrices = dependence_matrices(values, columns)
    chosen = values if columns is None else values[:, list(columns)]
    constant_columns = chosen.max(axis=0) == chosen.min(axis=0)
    for name in ("feature", "time"):
        for kind in ("dtw", "covariance", "pearson"):
            matrix = getattr(matrices, f"{name}_{kind}")
            if not np.array_equal(matrix, matrix.T, equal_nan=True):
                return f"{name} {kind} is not symmetric"
            if kind != "pearson" and not np.isfinite(matrix).all():
                return f"{name} {kind} has a value that is not finite"
            if kind == "pearson" and np.nanmax(np.abs(matrix), initial=0.0) > 1.0:
                return f"{name} pearson has a value outside -1..1"
    z = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-5)
    # Time steps whose z clearly differ from feature to feature; close calls may go either way.
    varying_rows = np.ptp(z, axis=1) > 1e-9
    defined = varying_rows[:, None] & varying_rows[None, :]
    if (np.isnan(matrices.time_pearson) & defined).any():
        row, column = np.argwhere(np.isnan(matrices.time_pearson) & defined)[0]
        return f"time pearson of steps {row} and {column} is NaN though both vary"
    undefined = np.isnan(matrices.feature_pearson)
    expected = constant_columns[:, None] | constant_columns[None, :]
    if (undefined & ~expected).any():
        row, column = np.argwhere(undefined & ~expected)[0]
        return f"feature pearson of columns {row} and {column} is NaN though both vary"
    if (expected & ~undefined).any():
        return "feature pearson gives a constant column a correlation"
    return ""


def png_problem(png: bytes, width: int, height: int) -> str:
    """Whether a PNG decodes, whole, to an RGB image of the canvas' size."""
    try:
        with Image.open(io.BytesIO(png)) as image:
            image.load()
            kind, mode, size = image.format, image.mode, image.size
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        return f"does not decode: {error}"
    if (kind, mode, size) != ("PNG", "RGB", (width, height)):
        return f"is {kind} {mode} {size[0]}x{size[1]}, not PNG RGB {width}x{height}"
    return ""


def video_problem(video: bytes, width: int, height: int, frames: int, fps: float) -> str:
    """Whether a video decodes, whole, to the expected frames."""
    try:
        found = probe_mp4(video)
    except CorpusError as error:
        return f"does not decode: {error}"
    if (found.width, found.height) != (width, height):
        return f"is {found.width}x{found.height}, not {width}x{height}"
    if found.frames != frames:
        return f"has {found.frames} frames, not {frames}"
    if abs(found.fps - fps) > 1e-3 * fps:
        return f"plays at {found.fps} frames per second, not {fps}"
    return ""


def vocabulary_problem(vocab: bytes, rows_jsonl: bytes) -> str:
    """Whether each row's ids, looked up in the vocabulary, give its tokens again."""
    try:
        by_id = {number: token for token, number in read_vocabulary(vocab).items()}
        rows = _read_rows(rows_jsonl)
    except CorpusError as error:
        return str(error)
    bos, eos = SPECIALS.index("<bos>"), SPECIALS.index("<eos>")
    for row in rows:
        if row.ids[:1] != [bos] or row.ids[-1:] != [eos]:
            return f"{key_label(row.key)} is not between <bos> and <eos>"
        if [by_id.get(number) for number in row.ids[1:-1]] != row.tokens:
            return f"the ids of {key_label(row.key)} do not give its tokens"
    return ""


def qwen_problem(stats: bytes, rows_jsonl: bytes, vocab: bytes, tokenizer: TextTokenizer) -> str:
    """Whether every window of the stats has a row, and its ids decode to the text again."""
    try:
        expected = parse_stats(stats.decode("utf-8"))
        rows = _read_rows(rows_jsonl)
        entries = _json(vocab, "the vocabulary")
    except (CorpusError, UnicodeDecodeError) as error:
        return str(error)
    if [(row.key, row.text) for row in rows] != expected:
        return f"{len(rows)} rows do not match the {len(expected)} windows of the stats"
    if not isinstance(entries, dict) or len(entries) != tokenizer.size:
        count = len(entries) if isinstance(entries, dict) else "no"
        return f"the vocabulary has {count} entries, the tokenizer {tokenizer.size}"
    if undecodable := undecodable_rows(rows_jsonl, tokenizer):
        return f"the ids of {key_label(undecodable[0])} do not decode to its text"
    return ""


@dataclass(frozen=True)
class _Row:
    key: WindowKey
    text: str | None
    tokens: list[str]
    ids: list[int]


def _read_rows(rows_jsonl: bytes) -> list[_Row]:
    """The rows of a JSON Lines file of tokens.

    Raises:
        CorpusError: A line is not such a row.
    """
    rows = []
    for number, line in enumerate(rows_jsonl.splitlines(), start=1):
        row = _json(line, f"line {number} of the rows")
        if not isinstance(row, dict) or not (
            _is_whole(row.get("batch"))
            and _is_whole(row.get("row", 0))
            and isinstance(row.get("text"), str | None)
            and _is_list(row.get("tokens"), lambda token: isinstance(token, str))
            and _is_list(row.get("ids"), _is_whole)
        ):
            raise CorpusError(f"line {number} of the rows is not a row with batch, tokens and ids")
        key: WindowKey = (row["batch"], row["row"]) if "row" in row else row["batch"]
        rows.append(_Row(key, row.get("text"), row["tokens"], row["ids"]))
    return rows


def _json(data: bytes, what: str) -> object:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deeply
        raise CorpusError(f"{what}: not JSON in UTF-8 ({error})") from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: object, holds: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(holds, value))

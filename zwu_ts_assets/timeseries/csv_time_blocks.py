"""The timestamps of a block of lines, all at once.

What belongs here: fast reading of stamps that are plainly of the form that was found. What does
not: the form and the reading of one stamp (`csv_times.py`), which says what is wrong with any
other.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_times import TimeFormat, seconds_of

# Where the digits of a stamp are, by its width: date, to the minute, to the second.
_DIGITS: Final = {
    10: [0, 1, 2, 3, 5, 6, 8, 9],
    16: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15],
    19: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18],
}
_SEPARATORS: Final = {4: b"-", 7: b"-", 10: b" T", 13: b":", 16: b":"}
# Where the units of a pattern belong in an ISO stamp to the second.
_PLACES: Final = {"%Y": 0, "%m": 5, "%d": 8, "%H": 11, "%M": 14, "%S": 17}
_UNITS: Final = re.compile(r"(%.)|(.)", re.DOTALL)


def parse_times(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp], form: TimeFormat
) -> NDArray[np.int64] | None:
    """The seconds that the stamps between byte positions name, (rows,) int64.

    None unless all are plainly as they should be: then the line-by-line reading decides.
    """
    if form.kind == "iso":
        return _iso_block(data, first, after)
    if form.kind == "offset":
        return _offset_block(data, first, after)
    if form.kind == "pattern":
        seconds = _pattern_block(data, first, after, form.pattern)
        if seconds is not None:
            return seconds
    text = data.tobytes()
    spans = zip(first.tolist(), after.tolist(), strict=True)
    found = [seconds_of(text[i:j].decode("utf-8", "replace").strip(), form) for i, j in spans]
    return None if None in found else np.array(found, dtype=np.int64)


def _iso_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """ISO stamps of one and the same width."""
    width = int(after[0] - first[0])
    if width not in _DIGITS or (after - first != width).any():
        return None
    cells = data[first[:, None] + np.arange(width)]
    digits = cells[:, _DIGITS[width]]
    if (digits < ord("0")).any() or (digits > ord("9")).any():
        return None
    for position, allowed in _SEPARATORS.items():
        if position < width and not np.isin(cells[:, position], list(allowed)).all():
            return None
    try:
        texts = cells.view(f"S{width}").ravel()
        return np.asarray(texts.astype("datetime64[s]").astype(np.int64))
    except ValueError:  # a thirteenth month: the line-by-line reading says where
        return None


def _offset_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """ISO stamps to the second with offsets of one and the same width: `Z`, `+01:00`, `+0100`."""
    width = int(after[0] - first[0])
    if not 20 <= width <= 25 or (after - first != width).any():
        return None
    local = _iso_block(data, first, first + 19)
    if local is None:
        return None
    suffixes = data[first[:, None] + np.arange(19, width)].view(f"S{width - 19}").ravel()
    kinds, which = np.unique(suffixes, return_inverse=True)
    # A day of which the offset alone is looked at.
    texts = [b"1970-01-01T00:00:00" + kind for kind in kinds.tolist()]
    offsets = [seconds_of(text.decode("latin-1"), TimeFormat("offset")) for text in texts]
    if None in offsets:
        return None
    return np.asarray(local + np.array(offsets, dtype=np.int64)[which])


def _pattern_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp], pattern: str
) -> NDArray[np.int64] | None:
    """Stamps of digits at fixed places, put into the order of ISO 8601; None for any others."""
    iso = np.frombuffer(b"0000-01-01T00:00:00", np.uint8)
    width, digits, marks = 0, [], []  # places in the stamp, and what belongs there
    for unit, mark in _UNITS.findall(pattern):
        if mark:
            marks.append((width, ord(mark)))
            width += 1
        elif unit in _PLACES:
            digits += [(width + i, _PLACES[unit] + i) for i in range(4 if unit == "%Y" else 2)]
            width += 4 if unit == "%Y" else 2
        else:
            return None
    if not digits or not pattern.isascii() or (after - first != width).any():
        return None
    cells = data[first[:, None] + np.arange(width)]
    if any((cells[:, place] != mark).any() for place, mark in marks):
        return None
    sources, targets = (list(places) for places in zip(*digits, strict=True))
    wanted = cells[:, sources]
    if (wanted < ord("0")).any() or (wanted > ord("9")).any():
        return None
    ordered = np.tile(iso, (len(first), 1))
    ordered[:, targets] = wanted
    if (ordered[:, :4] == ord("0")).all(axis=1).any():  # a year that `datetime` does not have
        return None
    starts = len(iso) * np.arange(len(first))
    return _iso_block(ordered.ravel(), starts, starts + len(iso))

"""Window statistics as text, and the text back.

What belongs here: the one text form of the statistics, written and read. What does not: splitting
the text into tokens (`vocabulary.py`, `qwen.py`).

The text is a sequence of blocks, and a blank line ends each of them. Numbers have two decimals, or
four significant digits where two decimals would hide them:

    --- Batch 0 ---
    HUFL: Mean=8.58, Max=12.73, Var=6.62
    OT: Mean=24.23, Max=33.13, Var=18.05

Where windows overlap, a heading tells the window's first row too: `--- Batch 17 Row 1640 ---`. It
can be read back whatever the features are called, as long as no name holds a line break (and
`stats_lines` writes none that does): a
statistics line ends with a number and a block's first line does not, and the last `: Mean=` of a
line is the one that was written by us.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import StatsFormat
from zwu_ts_assets.timeseries.windows import WindowKey, key_label, key_text

# Bounded: `int` refuses thousands of digits with an error of its own.
_NUMBER: Final = r"(0|[1-9][0-9]{0,17})"
_HEADING: Final = re.compile(rf"--- Batch {_NUMBER}(?: Row {_NUMBER})? ---")
_DECIMAL: Final = r"[0-9]+\.[0-9]{2}"
_SIGNIFICANT: Final = (
    r"0|0\.0{0,5}[1-9][0-9]{3}|[1-9](?:\.[0-9]{3}|[0-9]\.[0-9]{2}|[0-9]{2}\.[0-9]|[0-9]{3,14})"
    r"|[1-9]\.[0-9]{3}e[+-][0-9]{2,3}"
)
_WRITTEN: Final = rf"-?(?:{_DECIMAL}|{_SIGNIFICANT})"
# Between them, numbers are written without an exponent.
_LEAST_EXPONENT: Final = -6
_MOST_EXPONENT: Final = 15
_LINE: Final = re.compile(rf".+: Mean={_WRITTEN}, Max={_WRITTEN}, Var={_WRITTEN}")


def stats_lines(
    values: NDArray[np.float64], features: Sequence[str], form: StatsFormat = "decimals"
) -> list[str]:
    """Mean, maximum and population variance (divided by the number of rows) of each feature.

    Args:
        values: (rows, features) float64, at least one row.
        features: The column names.
        form: "decimals": with two decimals; a number that rounds to zero from below is written
            `-0.00`, as Python does. "significant": as `significant_text` writes them.

    Returns:
        One line per feature, in the order of the columns, without line ends.

    Raises:
        CorpusError: The shapes do not fit, a name holds a line break or what UTF-8 has no bytes
            for, or a statistic is not finite.
    """
    if values.ndim != 2 or len(values) == 0 or values.shape[1] != len(features):
        raise CorpusError(
            f"values have the shape {values.shape}; expected (rows, {len(features)}) with at least "
            "one row, for as many features as there are names."
        )
    for name in features:
        if not name or "\n" in name or "\r" in name:
            raise CorpusError(
                f"feature {name!r}: found a name that is empty or holds a line break; expected one "
                "line of text. Rename the column."
            )
        if any("\ud800" <= character <= "\udfff" for character in name):
            raise CorpusError(
                f"feature {name!r}: found half of a surrogate pair, which no UTF-8 file can hold; "
                "expected whole characters. Rename the column."
            )
    with np.errstate(over="ignore", invalid="ignore"):  # the check below speaks of it
        table = np.stack([values.mean(axis=0), values.max(axis=0), values.var(axis=0)])
    for name, column in zip(features, table.T, strict=True):
        if not np.isfinite(column).all():
            mean, maximum, variance = column
            raise CorpusError(
                f"feature {name!r}: found mean {mean}, maximum {maximum}, variance {variance}; "
                "expected finite numbers. The values are not finite or too large to be squared in "
                "64-bit floats: mend them, or change the unit of the column."
            )
    write = "{:.2f}".format if form == "decimals" else significant_text
    return [
        f"{name}: Mean={write(mean)}, Max={write(maximum)}, Var={write(variance)}"
        for name, (mean, maximum, variance) in zip(features, table.T, strict=True)
    ]


def significant_text(value: float) -> str:
    """A finite number with four significant digits, and all digits before the point.

    `0.006620`, `12.73`, `123457`; with an exponent below a millionth and from 10 ** 15 on; `0`.
    """
    if value == 0:
        return "0"
    scientific = f"{value:.3e}"  # rounds, which may lead to the next power of ten
    exponent = int(scientific.partition("e")[2])
    if not _LEAST_EXPONENT <= exponent < _MOST_EXPONENT:
        return scientific
    return f"{value:.{max(0, 3 - exponent)}f}"


def hidden_variances(values: NDArray[np.float64], lines: Sequence[str]) -> list[bool | None]:
    """Of which features the text says that the variance is zero, although it is not.

    Args:
        values: (rows, features) float64.
        lines: What `stats_lines` made of them.

    Returns:
        For each feature whether its variance is hidden; None where the feature is constant.
    """
    varies = (values.max(axis=0) > values.min(axis=0)).tolist()
    zeros = (float(line.rpartition("Var=")[2]) == 0 for line in lines)
    return [zero if moves else None for zero, moves in zip(zeros, varies, strict=True)]


def format_block(key: WindowKey, lines: Sequence[str]) -> str:
    """The text of one window: heading, lines, blank line.

    Args:
        key: The batch, from 0; or batch and first row.
        lines: What `stats_lines` gives for it.
    """
    return "".join(f"{line}\n" for line in (f"--- {key_text(key)} ---", *lines, ""))


def format_stats(blocks: Iterable[tuple[WindowKey, list[str]]]) -> str:
    r"""The whole text, one block after another, with `\n` as line end.

    Args:
        blocks: (key, lines) in increasing order of the keys, which may have gaps; either all keys
            have a row or none has.

    Raises:
        CorpusError: The keys do not increase.
    """
    texts = []
    before: WindowKey | None = None
    for key, lines in blocks:
        if not _follows(key, before):
            after = f" after {key_label(before)}" if before is not None else ""
            raise CorpusError(
                f"Statistics of {key_label(key)}{after}; expected increasing batches, each once, "
                "or increasing rows. Sort them."
            )
        before = key
        texts.append(format_block(key, lines))
    return "".join(texts)


def parse_stats(text: str) -> list[tuple[WindowKey, str]]:
    """Read the text of `format_stats` back.

    Args:
        text: The whole text, line ends as written.

    Returns:
        (key, text) per block, where the key is the batch, or batch and first row where the heading
        has it, and the text is the block's lines joined by one space.

    Raises:
        CorpusError: The text is not in that form; the message names the line, counted from 1.
    """
    blocks: list[tuple[WindowKey, str]] = []
    key: WindowKey | None = None
    lines: list[str] = []
    # Not `splitlines`: it also splits at characters that a feature's name may hold.
    *whole, rest = text.split("\n")
    for number, line in enumerate(whole, start=1):
        if key is None:
            key = _heading(line, number, before=blocks[-1][0] if blocks else None)
            lines = []
        elif line == "" and lines:
            blocks.append((key, " ".join(lines)))
            key = None
        elif _LINE.fullmatch(line):
            lines.append(line)
        else:
            _refuse(number, line, "a line like 'OT: Mean=24.23, Max=33.13, Var=18.05'")
    if rest or key is not None:
        _refuse(len(whole) + 1, rest, "a blank line after the last block, and the end of the text")
    return blocks


def _heading(line: str, number: int, before: WindowKey | None) -> WindowKey:
    """The window that a block's first line names."""
    match = _HEADING.fullmatch(line)
    if match is None:
        _refuse(number, line, "the first line of a block, like '--- Batch 0 ---'")
    key: WindowKey = int(match[1]) if match[2] is None else (int(match[1]), int(match[2]))
    if not _follows(key, before):
        kind = "a batch and a row" if isinstance(before, tuple) else "a batch"
        _refuse(number, line, f"{kind} after {key_label(before if before is not None else 0)}")
    return key


def _follows(key: WindowKey, before: WindowKey | None) -> bool:
    """Whether a block may stand after another: of a later batch, or of a later row of any batch."""
    if before is None:
        return min(key if isinstance(key, tuple) else (key,)) >= 0
    if isinstance(key, tuple) and isinstance(before, tuple):
        return key[0] >= before[0] and key[1] > before[1]
    return isinstance(key, int) and isinstance(before, int) and key > before


def _refuse(number: int, line: str, expected: str) -> NoReturn:
    """Raise the error for one line."""
    found = repr(line) if len(line) <= 80 else f"{line[:60]!r}... ({len(line)} characters)"
    raise CorpusError(
        f"stats text, line {number}: found {found}; expected {expected}. The text was changed or "
        "cut off: make it again from the windows."
    )

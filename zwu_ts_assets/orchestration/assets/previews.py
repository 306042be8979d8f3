"""Something to look at: small tables in Markdown, and previews as the text of a record.

What belongs here: what the web UI shows in place of a file. What does not: thumbnails of figures
and film strips, which are drawn with them (`figures/`).
"""

import base64
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zwu_ts_assets.timeseries.series import Series

# Enough rows, columns and characters to see whether the columns are what one thinks they are.
_ROWS: Final = 12
_COLUMNS: Final = 20
_CHARACTERS: Final = 60

# What Markdown, its tables, formulas and HTML would take for markup. A backslash before any of
# these makes it plain text: https://spec.commonmark.org/0.31.2/#backslash-escapes
_MARKUP: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|~$&!"})


def preview_text(preview: bytes | str) -> tuple[str, str]:
    """A preview as text for a record, with its kind."""
    if isinstance(preview, bytes):
        return base64.b64encode(preview).decode("ascii"), "jpeg" if preview else ""
    return preview, "markdown"


def series_table(series: "Series") -> str:
    """The first rows and columns of a series."""
    header = ("timestamp", *series.features[:_COLUMNS])
    shown = range(min(_ROWS, len(series.timestamps)))
    rows = (
        (series.axis.time_text(series.timestamps[row]), *map(str, series.values[row, :_COLUMNS]))
        for row in shown
    )
    return _markdown_table(header, rows)


def text_block(lines: Iterable[str]) -> str:
    """Lines as they are, but not without end."""
    shown = list(lines)[:_COLUMNS]
    # A fence ends only at a line of nothing but a longer fence of the same kind.
    return "\n".join(["```", *map(_shortened, shown), "```"])


def rows_table(rows_jsonl: bytes) -> str:
    """The first tokens of the first token rows."""
    lines = rows_jsonl.splitlines()[:_ROWS]
    parsed = [json.loads(line) for line in lines]
    told = ("batch", *(["row"] if any("row" in row for row in parsed) else []))
    return _markdown_table(
        (*told, "ids", "first tokens"),
        (
            (*(str(r[name]) for name in told), str(len(r["ids"])), " ".join(r["tokens"][:12]))
            for r in parsed
        ),
    )


def _markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cells) + " |"

    ruler = line("---" for _ in header)
    return "\n".join([line(map(_cell, header)), ruler, *(line(map(_cell, row)) for row in rows)])


def _cell(text: str) -> str:
    """A text as a cell: a name or token may hold bars, line breaks and HTML."""
    return _shortened(" ".join(text.split())).translate(_MARKUP)


def _shortened(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"

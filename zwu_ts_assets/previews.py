"""Something to look at: small tables in Markdown, and previews as the text of a record.

What belongs here: what the web UI shows in place of a file. What does not: thumbnails of figures
and film strips, which are drawn with them (`corpus/`).
"""

import base64
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zwu_ts_assets.corpus.series import Series

# Enough rows to see whether the columns are what one thinks they are.
_ROWS: Final = 12


def preview_text(preview: bytes | str) -> tuple[str, str]:
    """A preview as text for a record, with its kind."""
    if isinstance(preview, bytes):
        return base64.b64encode(preview).decode("ascii"), "jpeg" if preview else ""
    return preview, "markdown"


def series_table(series: "Series") -> str:
    """The first rows of a series."""
    header = ("timestamp", *series.features)
    shown = range(min(_ROWS, len(series.timestamps)))
    rows = ((str(series.timestamps[row]), *map(str, series.values[row])) for row in shown)
    return _markdown_table(header, rows)


def rows_table(rows_jsonl: bytes) -> str:
    """The first tokens of the first token rows."""
    lines = rows_jsonl.splitlines()[:_ROWS]
    parsed = [json.loads(line) for line in lines]
    return _markdown_table(
        ("batch", "ids", "first tokens"),
        ((str(r["batch"]), str(len(r["ids"])), " ".join(r["tokens"][:12])) for r in parsed),
    )


def _markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: Iterable[str]) -> str:
        # A column name or token with a bar or a line break would otherwise tear the table.
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return "\n".join([line(header), line("---" for _ in header), *map(line, rows)])

"""Small CSVs for the tests, what pandas reads, and the message that a bad one gets."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_series

HEADER = "date,load,temperature"


def good_lines(rows: int = 6) -> list[str]:
    """A header and hourly rows without line ends: line n of the file is element n - 1."""
    start = datetime(2016, 7, 1)
    lines = [HEADER]
    for row in range(rows):
        lines.append(f"{start + timedelta(hours=row)},{row}.25,-{row}.5")
    return lines


def text_of(lines: list[str]) -> str:
    """The lines as the text of a file."""
    return "".join(f"{line}\n" for line in lines)


def with_line(number: int, line: str, rows: int = 6) -> str:
    """A good CSV in which one line, counted from 1, is another."""
    lines = good_lines(rows)
    lines[number - 1] = line
    return text_of(lines)


def write(folder: Path, content: str | bytes) -> Path:
    """Write the bytes as `x.csv`."""
    path = folder / "x.csv"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def refusal(
    folder: Path,
    content: str | bytes,
    *,
    time_column: str | None = None,
    features: list[str] | None = None,
) -> str:
    """The message that reading the CSV ends with, from which the file's name is taken off."""
    path = write(folder, content)
    with pytest.raises(CorpusError) as caught:
        read_series(path, time_column=time_column, features=features)
    message = str(caught.value)
    assert message.startswith(str(path)), message
    return message.removeprefix(str(path))


def assert_reads_like_pandas(path: Path, time: str = "date", **options: Any) -> None:
    """Hold what is found against pandas, which is told all of it."""
    frame = pd.read_csv(path, **options)
    series = read_series(path)
    features = [name for name in frame.columns if name != time]
    assert series.features == tuple(features)
    assert series.values.tobytes() == frame[features].to_numpy(np.float64).tobytes()
    assert series.timestamps.tolist() == pd.to_datetime(frame[time]).dt.to_pydatetime().tolist()


def wide(columns: int, features: str = "c") -> str:
    """A CSV of so many numeric columns beside the time."""
    names = ",".join(f"{features}{index}" for index in range(columns))
    row = ",1.5" * columns
    return f"date,{names}\n2016-07-01{row}\n2016-07-02{row}\n"

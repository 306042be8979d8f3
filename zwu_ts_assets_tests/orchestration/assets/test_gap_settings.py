"""A table with gaps is refused with the lines that accept it, and those lines do."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets import gap_settings
from zwu_ts_assets.orchestration.assets.corpus_products import raw_product
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of

SETTINGS = "window_length = 24\npatch_length = 12\npatch_stride = 6\nhorizon = 6\n"
HEAD = "time,flow,leak_rate"

Change = Callable[[list[str]], list[str]]


def rows(count: int = 240) -> list[str]:
    start = np.datetime64("2024-03-01T00:00:00")
    return [
        f"{str(start + np.timedelta64(10 * i, 'm')).replace('T', ' ')},{i % 7}.5,0.00{i % 9}1"
        for i in range(count)
    ]


def without(lines: list[str], *gone: int) -> list[str]:
    return [line for at, line in enumerate(lines) if at not in gone]


def emptied(lines: list[str], *cells: int) -> list[str]:
    return [f"{x.rsplit(',', 1)[0]}," if at in cells else x for at, x in enumerate(lines)]


def shaken(lines: list[str]) -> list[str]:
    return [
        x.replace(":00,", f":{i % 50:02},", 1) if i % 7 == 0 else x for i, x in enumerate(lines)
    ]


def refused(folder: Path, lines: list[str], settings: str = SETTINGS) -> str:
    """Why a table is refused, once its settings are in place."""
    csv = folder / "pump.csv"
    csv.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    (folder / "pump.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        raw_product(csv, dataset_of("pump", csv).settings)
    return str(caught.value)


def windows(folder: Path, told: str) -> tuple[int, int]:
    """How many windows there are, and how many are left out, with further settings."""
    csv = folder / "pump.csv"
    (folder / "pump.toml").write_text(f"{SETTINGS}{told}\n", encoding="utf-8")
    details = raw_product(csv, dataset_of("pump", csv).settings).details
    batches = int(details["batches"] or 0)
    return int(details.get("windows", batches) or 0), int(details.get("windows_with_gaps") or 0)


DROP = ['gaps = "drop"']
FILL = ['gaps = "interpolate"', "interpolate_limit = {}"]
ORDER = ['time_axis = "order"']


@pytest.mark.parametrize(
    ("change", "accepted", "limit"),
    [
        (lambda x: without(x, 100, 101, 150), [DROP, FILL, ORDER], 2),
        (lambda x: emptied(x, 50, 51, 52, 200), [DROP, FILL], 3),
        (lambda x: without(emptied(x, 50, 51, 52), 100), [DROP, FILL], 3),
        (lambda x: without(x, *range(100, 140)), [DROP, FILL, ORDER], 3),
        (shaken, [ORDER], 0),
        (lambda x: emptied(shaken(x), 60), [[*DROP, *ORDER]], 0),
        (lambda x: emptied(x, *range(5, 240, 8)), [FILL], 3),
    ],
    ids=["steps", "values", "both", "long", "uneven", "uneven values", "everywhere"],
)
def test_the_lines_that_accept_a_table_are_told_with_their_file(
    tmp_path: Path, change: Change, accepted: list[list[str]], limit: int
) -> None:
    message = refused(tmp_path, change(rows()))
    _, told = message.split(f"Or write into {tmp_path / 'pump.toml'}, where ")
    assert told.startswith("this line accepts" if accepted == [ORDER] else "these lines accept")
    ways = [re.findall(r"`(.+?)`", way) for way in told.split("; or ")]
    assert ways == [[line.format(limit) for line in lines] for lines in accepted]
    assert not any(sentence in message for sentence in gap_settings._ADVICE)
    for way, said in zip(ways, told.split("; or "), strict=True):
        found, left_out = windows(tmp_path, "\n".join(way))
        assert found > 0
        shown = re.search(r"\((\d+) of (\d+) windows stay\)", said)
        assert bool(shown) == bool(left_out)
        if shown:
            assert (int(shown[1]), int(shown[2])) == (found, found + left_out)


def test_what_is_refused_for_another_reason_is_told_as_it_was(tmp_path: Path) -> None:
    lines = rows()
    lines[20] += ",7"
    assert "Or write into" not in refused(tmp_path, lines)
    assert "fewer than one window" in refused(tmp_path, rows(20))


def test_a_table_that_is_too_large_to_be_tried_is_told_what_might_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap_settings, "_LARGEST", 100)
    message = refused(tmp_path, without(rows(), 100))
    assert '`gaps` ("drop" or "interpolate") allows that.' in message
    assert "Or write into" not in message

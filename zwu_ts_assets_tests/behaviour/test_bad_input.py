"""A CSV that cannot be used fails with a sentence and leaves every earlier artifact as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zwu_ts_assets_tests.project import Project, failures

Break = Callable[[Path], object]


def edit(line: int, change: Callable[[str], str]) -> Break:
    def apply(csv: Path) -> None:
        lines = csv.read_text(encoding="utf-8").splitlines()
        lines[line - 1] = change(lines[line - 1])
        csv.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return apply


def as_directory(csv: Path) -> None:
    csv.unlink()
    csv.mkdir()


def last_cell(text: str) -> Callable[[str], str]:
    return lambda line: line.rsplit(",", 1)[0] + "," + text


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (Path.unlink, ["no such file", "Copy"]),
        (lambda csv: csv.write_bytes(b""), ["empty"]),
        (as_directory, ["directory"]),
        (lambda csv: csv.write_bytes(b"PK\x03\x04" + bytes(500)), ["zip archive"]),
        (edit(1, lambda line: line.replace(",", ";")), ["line 2", "1 fields"]),
        (edit(1, lambda line: line.replace("LULL", "XXXX")), ["'LULL'"]),
        (edit(1, lambda line: line.replace("LULL", "OT")), ["'OT'"]),
        (edit(5, last_cell("warm")), ["line 5", "'OT'", "warm"]),
        (edit(6, last_cell("")), ["line 6", "'OT'"]),
        (edit(7, last_cell("nan")), ["line 7", "'OT'", "nan"]),
        (edit(8, last_cell("inf")), ["line 8", "'OT'", "inf"]),
        (edit(9, lambda line: "yesterday" + line[19:]), ["line 9", "'date'", "yesterday"]),
        (edit(10, lambda line: "2015-07-01 00:00:00" + line[19:]), ["line 10", "'date'"]),
        (edit(11, lambda line: "2016-07-01 08:00:00" + line[19:]), ["line 11", "'date'"]),
        (edit(12, lambda line: "2016-07-01 10:30:00" + line[19:]), ["line 12", "'date'"]),
        (lambda csv: csv.write_bytes(csv.read_bytes()[:-9]), ["line 78"]),
        (lambda csv: csv.write_bytes(csv.read_bytes() + b"\xe9\n"), ["UTF-8"]),
    ],
)
def test_a_broken_csv_is_told_and_changes_nothing(
    tmp_path: Path, damage: Break, said: list[str]
) -> None:
    project = Project(tmp_path)
    assert project.materialize("etth1_raw", "batch_windows", batches=(0, 2)).success
    before, written = project.files(), project.modified()
    good = project.csv.read_bytes()
    damage(project.csv)
    result = project.materialize("etth1_raw")
    assert not result.success
    (sentence,) = failures(result)
    assert str(project.csv) in sentence
    for words in said:
        assert words in sentence
    assert (project.files(), project.modified()) == (before, written)
    # Mended, it works again.
    if project.csv.is_dir():
        project.csv.rmdir()
    project.csv.write_bytes(good)
    assert project.materialize("etth1_raw").success


def test_fewer_rows_than_one_window_are_told(tmp_path: Path) -> None:
    project = Project(tmp_path, rows=23)
    (sentence,) = failures(project.materialize("etth1_raw"))
    assert str(project.csv) in sentence
    assert "23 rows" in sentence
    assert "24" in sentence
    assert project.files() == {}

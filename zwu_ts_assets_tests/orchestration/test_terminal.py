"""How far a command is, what is left of it when it is interrupted, and tables as text."""

import io
import logging
import os
import re
import signal
import time
from pathlib import Path

import pytest

from zwu_ts_assets.orchestration import terminal
from zwu_ts_assets.orchestration.web.dev import NewsOfSensors
from zwu_ts_assets_tests.processes import Shell, patience, wait_for
from zwu_ts_assets_tests.project import SETTINGS, Project, commands_beside


def live_processes(group: int) -> list[str]:
    """The processes of a group that have not ended, by the kernel's own list."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text("ascii", "replace").rsplit(")")[-1].split()
            command = (folder / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(command)
    return found


BATCHES = 120
"""Enough that a run is still at its videos when a third of them are there."""


@pytest.mark.slow
@pytest.mark.parametrize("whole_terminal", [True, False])
def test_an_interrupted_run_says_what_is_kept_and_leaves_nobody_behind(
    tmp_path: Path, whole_terminal: bool
) -> None:
    shell = Shell(tmp_path / "project", batches=BATCHES)
    process = shell.start()
    videos = shell.artifacts / "patch_videos"
    wait_for(lambda: len(list(videos.glob("*.mp4"))) > 20)
    pressed = time.monotonic()
    # As a terminal does it, or as `kill -INT` of one process.
    (os.killpg if whole_terminal else os.kill)(process.pid, signal.SIGINT)
    code = process.wait(timeout=patience(20))
    assert time.monotonic() - pressed < patience(2)
    assert code == 130
    said = shell.said()
    found = re.search(
        rf"^Interrupted: (\d+) of {BATCHES} patch videos kept; run again to go on$", said, re.M
    )
    assert found, said
    assert 15 < int(found[1]) <= len(list(videos.glob("*.mp4"))) < BATCHES
    assert "Traceback" not in said
    wait_for(lambda: not live_processes(process.pid), 5)
    assert shell.strays() == []
    code, said = shell.run()
    assert code == 0, said
    assert len(list(videos.glob("*.mp4"))) == BATCHES


def test_without_a_terminal_a_line_now_and_then_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(terminal, "_STANDARD_ERROR", said)
    monkeypatch.setattr(terminal, "_TOLD", 0.05)
    with terminal.progress("weather", {"figures": 3.0, "figures: whole": 1.0}):
        terminal.begin("figures", total=10, kept=2)
        for _ in terminal.counted(range(4)):
            pass
        time.sleep(0.2)
    assert re.search(r"^weather: figures 6/10, [\d.e+]+/s, 38% of all", said.getvalue(), re.M)


def test_a_check_counts_what_it_goes_through_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches where it looks at batches; one that looks at a whole asset counts nothing."""
    told: list[tuple[str, int, int]] = []

    class Watched(terminal.Progress):
        def begin(self, stage: str, total: int = 0, kept: int = 0) -> None:
            if self.stage:
                told.append((self.stage, self.done, self.total))
            super().begin(stage, total, kept)

    monkeypatch.setattr(terminal, "Progress", Watched)
    project = Project(tmp_path / "project", settings=SETTINGS)
    with terminal.progress("etth1", {}) as shown:
        assert project.materialize(batches=(0, 2)).success
        shown.begin("end")
    checks = {stage.split(": ")[1]: (done, total) for stage, done, total in told if ": " in stage}
    for each in (
        "matrices_are_sound",
        "pngs_decode_to_the_canvas",
        "videos_decode_to_every_frame",
    ):
        assert checks.pop(each) == (3, 3)
    assert {"ids_decode_to_the_text", "text_covers_every_batch"} <= set(checks)
    assert set(checks.values()) == {(0, 0)}


@pytest.mark.slow
def test_evidence_counts_the_samples_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int, str]] = []

    class Watched(terminal.Progress):
        def step(self) -> None:
            super().step()
            if self.stage == "evidence":
                told.append((self.done, self.total, self.kept()))

    monkeypatch.setattr(terminal, "Progress", Watched)
    settings = SETTINGS.replace("horizon = 24", "horizon = 6") + "window_stride = 6\n"
    project = Project(tmp_path / "project", rows=200, settings=settings)
    result = commands_beside(project, monkeypatch)("evidence", "--workers", "1")
    assert result.exit_code == 0, result.output
    samples = len(told)
    assert samples > 5
    # Nothing of it is kept before all of them are read.
    assert told == [(number + 1, samples, "") for number in range(samples)]


def test_a_command_is_done_when_its_last_stage_is() -> None:
    shown = terminal.Progress("weather", {"figures": 3.0, "figures: whole": 1.0})
    shown.begin("figures", total=2)
    shown.step()
    assert shown.fraction == pytest.approx(3 / 8)
    shown.begin("figures: whole", total=2)
    assert 0.75 <= shown.fraction < 1.0  # what is not counted yet is expected to go on
    shown.step()
    shown.step()
    assert shown.fraction == 1.0


def test_progress_is_counted_nowhere_but_where_it_is_shown() -> None:
    terminal.begin("figures", total=3)
    assert list(terminal.counted("abc")) == ["a", "b", "c"]


def test_a_report_is_read_at_a_terminal_without_marks() -> None:
    report = "# Report\n\n| what | n |\n| --- | ---: |\n| a \\| b | 10 |\n| c | 2 |\n\n**Note**: x"
    assert terminal.plain(report) == "Report\n\nwhat    n\na | b  10\nc       2\n\nNote: x"


def test_what_a_sensor_says_is_logged_when_it_is_news() -> None:
    news = NewsOfSensors()

    def is_logged(line: str) -> bool:
        return news.filter(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    assert not is_logged("Checking for new runs for sensor: weather_sensor")
    current = "Sensor weather_sensor skipped: every artifact is current"
    assert [is_logged(current), is_logged(current)] == [True, False]
    assert is_logged("Sensor other_sensor skipped: every artifact is current")
    assert is_logged("Sensor weather_sensor skipped: line 3: found x")
    assert is_logged(current)
    assert is_logged("Completed launch of run 1 for weather_sensor")
    assert is_logged(current)

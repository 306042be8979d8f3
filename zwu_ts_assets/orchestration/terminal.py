"""What a person at a terminal sees while a command works, and the tables that it ends with.

What belongs here: how far a command is, and tables as aligned text. What does not: what progresses
(`dataset_run.py` plans it), the words of a command's result.

While a step runs, Dagster may send the process' output to a log file, so standard error is kept
from before: asked during a step, it never is a terminal.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, TextIO, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")

_REDRAWN: Final = 0.2  # seconds
_TOLD: Final = 10.0  # seconds between two lines where there is no terminal
_GUESSED: Final = 0.95  # a stage that cannot be counted is never believed to be done
_UNPLANNED: Final = 0.1


def _standard_error() -> TextIO | None:
    try:
        return os.fdopen(os.dup(2), "w", encoding="utf-8")
    except OSError:  # a service may be started without standard error
        return None


_STANDARD_ERROR: Final = _standard_error()


@dataclass
class Progress:
    """How far a command is, by the efforts that its stages take.

    Attributes:
        label: What is worked on, such as the name of a dataset.
        efforts: For each stage its effort, in any unit.
        stage: The stage under way; empty before the first one.
        total: Its items; 0: they are not counted.
        done: Those that are there.
        parts: Whether they are parts of one artifact, of which none is kept without the others.
    """

    label: str
    efforts: Mapping[str, float]
    stage: str = ""
    total: int = 0
    done: int = 0
    parts: bool = False
    _kept: int = 0
    _bar: "tqdm[NoReturn] | None" = None
    _finished: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _stage_began: float = field(default_factory=time.monotonic)

    def begin(self, stage: str, total: int = 0, kept: int = 0) -> None:
        """Leave the stage under way for the next one.

        Args:
            stage: Its name.
            total: Its items; 0: they are not counted.
            kept: Those that are there already.
        """
        if self.stage:
            self._finished += self._effort
        self.stage, self.total, self.done, self._kept = stage, total, kept, kept
        self.parts = False
        self._stage_began = time.monotonic()

    def step(self) -> None:
        """Count an item."""
        self.done += 1

    @property
    def fraction(self) -> float:
        """Which share of all efforts is done; of what cannot be counted, as it is expected."""
        effort, elapsed = self._effort, time.monotonic() - self._stage_began
        before = self._stage_began - self._began
        due = self.total - self._kept
        part = min(1.0, (self.done - self._kept) / due) if due > 0 else 0.0
        if not part and self._finished and before and effort:
            part = min(_GUESSED, elapsed * self._finished / before / effort)
        whole = max(sum(self.efforts.values()), self._finished + effort, _UNPLANNED)
        return min(1.0, (self._finished + effort * part) / whole)

    def sentence(self) -> str:
        """What is under way, how fast it goes, and how long all of it may still take."""
        now, fraction = time.monotonic(), self.fraction
        text = f"{self.label}: {self.stage or 'starting'}"
        if self.total > 1:
            text += f" {min(self.done, self.total)}/{self.total}"
            made, elapsed = self.done - self._kept, now - self._stage_began
            if made and elapsed > 0:
                text += f", {made / elapsed:.3g}/s"
        text += f", {fraction:.0%} of all"
        # Earlier, the guess would jump.
        if fraction > 0.02 and now - self._began > 1:
            text += f", {_clock((now - self._began) * (1 - fraction) / fraction)} left"
        return text

    def beside(self, say: Callable[[str], object]) -> Callable[[str], None]:
        """What prints a line, so that it prints it in place of the bar, which follows below.

        Args:
            say: Prints a line.
        """

        def clear_and_say(line: str) -> None:
            if self._bar is not None:
                self._bar.clear()
            say(line)

        return clear_and_say

    def kept(self) -> str:
        """What is there of the stage under way, for who has interrupted it; may be empty."""
        if self.total > 1 and not self.parts and ":" not in self.stage:
            return f"{self.done} of {self.total} {self.stage.replace('_', ' ')} kept"
        return ""

    @property
    def _effort(self) -> float:
        return self.efforts.get(self.stage, 0.0)


_CURRENT: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def progress(label: str, efforts: Mapping[str, float]) -> Iterator[Progress]:
    """Show how far the work within is: as a bar, and without a terminal as a line now and then.

    Args:
        label: What is worked on.
        efforts: For each stage its effort, in any unit.
    """
    shown = Progress(label, efforts)
    token, over = _CURRENT.set(shown), threading.Event()
    # A thread of its own: a stage may take minutes without counting anything.
    drawing = threading.Thread(target=_draw, args=(shown, over), daemon=True)
    drawing.start()
    try:
        yield shown
    finally:
        _CURRENT.reset(token)
        over.set()
        drawing.join(timeout=1.0)


def begin(stage: str, total: int = 0, kept: int = 0) -> None:
    """Begin a stage of the command's progress, if any is shown; see `Progress.begin`."""
    if shown := _CURRENT.get():
        shown.begin(stage, total, kept)


def expect(total: int) -> None:
    """Say how many items the stage under way has, where it begins without knowing."""
    if shown := _CURRENT.get():
        shown.total = total


def expect_parts(total: int) -> None:
    """Likewise of the parts of its only artifact, none of which is kept by itself."""
    if shown := _CURRENT.get():
        shown.total, shown.parts = total, True


def step() -> None:
    """Count an item of the stage under way."""
    if shown := _CURRENT.get():
        shown.step()


def counted(items: Iterable[T]) -> Iterator[T]:
    """The items, each of which is an item of the stage under way once it is consumed."""
    shown = _CURRENT.get()
    for item in items:
        yield item
        if shown:
            shown.step()


def _draw(shown: Progress, over: threading.Event) -> None:
    stream = _STANDARD_ERROR
    if stream is None:
        return
    with suppress(OSError, ValueError):  # a terminal that was closed stops no command
        if not stream.isatty():
            while not over.wait(_TOLD):
                print(shown.sentence(), file=stream, flush=True)
            return
        from tqdm import tqdm

        with tqdm(
            total=1.0,
            file=stream,
            leave=False,
            # Some terminals, such as those of containers, say that they have none.
            ncols=os.get_terminal_size(stream.fileno()).columns or 80,
            bar_format="{percentage:3.0f}%|{bar:20}| {desc}",
        ) as bar:
            shown._bar = bar
            while not over.wait(_REDRAWN):
                bar.n = shown.fraction
                bar.set_description_str(shown.sentence())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def plain(markdown: str) -> str:
    """A report in Markdown as it is read at a terminal: tables aligned, emphasis left out."""
    from zwu_ts_assets.scoring.pages import aligned  # not for every command

    lines: list[str] = []
    table: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
            table.append([cell.strip().replace("\\|", "|") for cell in cells])
            continue
        if table:
            head, _, *rows = table
            lines += aligned(head, rows).splitlines()
            table = []
        lines.append(re.sub(r"\*\*(.+?)\*\*", r"\1", re.sub(r"^#+ ", "", line)))
    return "\n".join(lines).strip()

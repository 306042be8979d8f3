"""How a time is taken and how a ratio is told.

What belongs here: clocks, and the lines of the tables that `make bench` prints. What does not: what
is measured (`bench`, `pipeline`, `stages`).
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table of targets.

    Attributes:
        what: What is measured.
        against: What it is divided by, or what divides it.
        ratios: One per repetition.
        at_least: The ratio that must be reached.
        aim: The ratio that is aimed at; where it is above `at_least`, more is better.
    """

    what: str
    against: str
    ratios: Sequence[float]
    at_least: float
    aim: float

    def text(self) -> str:
        """The line in Markdown."""
        middle, low, high = statistics.median(self.ratios), min(self.ratios), max(self.ratios)
        more_is_better = self.aim > self.at_least
        reached = middle >= self.at_least if more_is_better else middle <= self.at_least
        spread = f"{low:.3g} to {high:.3g}" if len(self.ratios) > 1 else "once"
        return (
            f"| {self.what} | {self.against} | {middle:.3g} | {spread} "
            f"| {self.at_least:g} | {self.aim:g} | {'yes' if reached else 'NO'} |"
        )


HEADER = (
    "| what | against | ratio, median | spread | at least | aim | reached |\n"
    "|---|---|---:|---|---:|---:|---|"
)
"""Of a table of `Row`s."""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Median wall time of several calls: what is short is decided by the neighbours otherwise."""
    return statistics.median(seconds(work) for _ in range(times))


def milliseconds_table(title: str, parts: Sequence[tuple[str, float]]) -> str:
    """Seconds as a Markdown table in milliseconds."""
    lines = [f"| {title} | ms |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {name} | {1000 * took:.1f} |" for name, took in parts)])


def seconds_table(title: str, parts: Sequence[tuple[str, float]]) -> str:
    """Seconds as a Markdown table."""
    lines = [f"| {title} | s |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {name} | {took:.2f} |" for name, took in parts)])

"""The steps between the rows of a CSV, fixed or of the calendar, and the holes between rows.

Months are of different lengths, and a missing one is a gap. Rows may be at any one place of their
months: the same day and time, the last day, the first or the last business day.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_lines import line_of, refuse
from zwu_ts_assets.timeseries.csv_rules import ROWS_ADVICE, CsvRules
from zwu_ts_assets.timeseries.csv_times import NANO, say_time
from zwu_ts_assets.timeseries.series import FIXED, TimeAxis, nanoseconds_text

_DAY: Final = 86_400
_LONGEST_FIXED: Final = 27 * _DAY
_MONDAY: Final = np.datetime64("0001-01-01")
_SUREST: Final = 10  # rows that are no chance

Seconds = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Times as steps of a calendar.

    Attributes:
        axis: The steps; its `step` is the usual one.
        numbers: (rows,) int64, the number of each row's month or business day.
        seconds_of: From such numbers back to times.
    """

    axis: TimeAxis
    numbers: Seconds
    seconds_of: Callable[[Seconds], Seconds]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """(rows - 1,) bool, which steps are not the usual one."""
        wrong: NDArray[np.bool_] = np.diff(self.numbers) != self.axis.step
        return wrong


def find_calendar(seconds: Seconds, usual: int) -> Calendar | None:
    """The calendar that the times of rows follow, with holes or without; None if they follow none.

    Args:
        seconds: (rows,) int64, increasing.
        usual: The step that is the most frequent.
    """
    if len(seconds) < 2 or usual < _DAY or (np.diff(seconds) <= 0).any():
        return None
    if usual > _LONGEST_FIXED:
        return _months(seconds)
    return _business_days(seconds) if usual == _DAY else None


def _months(seconds: Seconds) -> Calendar | None:
    numbers = seconds.view("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    steps = np.diff(numbers)
    if (steps < 1).any():
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    step = int(lengths[counts.argmax()])
    for back in _PLACES:
        clock = seconds - back(numbers)
        if (clock == clock[0]).all():
            first = int(clock[0])
            return Calendar(
                TimeAxis("months", step),
                numbers,
                lambda wanted, back=back, first=first: back(wanted) + first,  # type: ignore[misc]
            )
    return None


def _first_days(numbers: Seconds) -> Seconds:
    days = numbers.astype("datetime64[M]").astype("datetime64[D]")
    return days.astype(np.int64) * _DAY


def _last_days(numbers: Seconds) -> Seconds:
    return _first_days(numbers + 1) - _DAY


def _first_business_days(numbers: Seconds) -> Seconds:
    days = numbers.astype("datetime64[M]").astype("datetime64[D]")
    return np.busday_offset(days, 0, roll="forward").astype(np.int64) * _DAY


def _last_business_days(numbers: Seconds) -> Seconds:
    days = (numbers + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.busday_offset(days, -1, roll="forward").astype(np.int64) * _DAY


# Where in a month a row may be, the simplest first.
_PLACES: Final = (_first_days, _last_days, _first_business_days, _last_business_days)


def _business_days(seconds: Seconds) -> Calendar | None:
    clock = seconds % _DAY
    days = (seconds // _DAY).astype("datetime64[D]")
    if (clock != clock[0]).any() or not np.is_busday(days).all():
        return None
    numbers = np.busday_count(_MONDAY, days).astype(np.int64)
    # Within a week business days are days, and what only looks like them is a daily series.
    if len(seconds) < _SUREST and (np.diff(numbers) != 1).any():
        return None
    first = int(clock[0])

    def back(wanted: Seconds) -> Seconds:
        found = np.busday_offset(_MONDAY, wanted)
        return found.astype(np.int64) * _DAY + first

    return Calendar(TimeAxis("business days", 1), numbers, back)


_SHORT_MONTH: Final = 28 * 86_400

ORDER_ADVICE: Final = (
    'write `time_axis = "order"`: rows are counted then, whatever time lies between them'
)

ORDER_SENTENCE: Final = f"If the rows follow each other as they are, {ORDER_ADVICE}."

_SERIES: Final = (
    "If several series are below each other, name the column that tells them apart with "
    "`series_column`."
)

# What the last digit of a stamp may stand for, in nanoseconds.
_LAST_DIGITS: Final = (10**6, 10**3, 1)

# Steps at the start that tell the interval of a series with holes.
_STEPS: Final = 1_000

# What such a step means most often. To remove or sort the rows would be to lose an hour of data.
_HOUR: Final = 3_600
_CLOCKS: Final = (
    " If the clocks changed there, change no row: name their zone with the setting `time_zone`, "
    'for example "Europe/Berlin".'
)


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows a step apart, made of rows with holes.

    Attributes:
        timestamps: (rows,) int64 seconds.
        places: (rows of the CSV,) int64, the row that each has become; None if there is no hole.
        axis: What lies between two rows.
    """

    timestamps: NDArray[np.int64]
    places: NDArray[np.int64] | None = None
    axis: TimeAxis = FIXED

    @property
    def inserted(self) -> int:
        """How many rows the CSV did not have."""
        return 0 if self.places is None else len(self.timestamps) - len(self.places)

    @property
    def gaps(self) -> int:
        """How many holes there were between the rows of the CSV."""
        return 0 if self.places is None else int((np.diff(self.places) > 1).sum())


def grid_of(
    path: Path,
    column: str,
    seconds: NDArray[np.int64],
    rules: CsvRules,
    *,
    utc: bool = False,
    lines: NDArray[np.int64] | None = None,
) -> Grid:
    """Refuse rows that are not at one interval, or fill the holes between them where that is asked.

    Args:
        path: The file's name in messages.
        column: Name of the time column.
        seconds: (rows,) int64, the times of the rows of the CSV.
        rules: What becomes of gaps.
        utc: Whether the times are those of UTC and not those in the cells.
        lines: The line of each row, as in `DataRows`.

    Raises:
        CorpusError: Times do not increase by one and the same interval or, where holes are allowed,
            by multiples of it; or more rows are missing than there are.
    """
    steps = np.diff(seconds)
    fixed = len(steps) == 0 or bool(steps[0] > 0 and (steps == steps[0]).all())
    if rules.time_axis == "order":
        return _in_order(path, column, seconds, rules, utc, lines)
    if fixed and not (len(steps) and steps[0] >= _SHORT_MONTH):
        return Grid(seconds)
    # The interval is the one that most rows have: a gap after the first row must not make every
    # later row look wrong.
    told = steps[:_STEPS] if rules.allows_gaps else steps
    lengths, counts = np.unique(told[told > 0], return_counts=True)
    usual = int(lengths[counts.argmax()]) if len(lengths) else 0
    # Midnight somewhere else is another day in UTC: a Saturday there would pass for a Friday.
    shifted = utc and (rules.time_zone is not None or bool((seconds % 86_400).any()))
    calendar = None if shifted else find_calendar(seconds, usual)
    if calendar is not None and not calendar.wrong.any():
        return Grid(seconds, axis=calendar.axis)
    if fixed:
        return Grid(seconds)
    if calendar is not None and rules.allows_gaps:
        return _filled_calendar(path, calendar)
    if rules.allows_gaps and usual:
        # Where every other row is missing for a while, twice the interval may be as frequent.
        usual = int(lengths[2 * counts >= counts.max()][0])
    wrong = steps != usual
    if calendar is not None:
        wrong = calendar.wrong
    if rules.allows_gaps and usual:
        wrong = (steps <= 0) | (steps % usual != 0)
        if not wrong.any():
            return _filled(path, seconds, usual)
    place = int(np.flatnonzero(wrong)[0]) if usual else 0
    line = line_of(lines, place + 1)
    beside = "before" if line > line_of(lines, place) else "after"  # newest first in the file
    _refuse_step(
        path,
        column,
        seconds,
        place,
        usual,
        rules,
        utc,
        line,
        f"on the line {beside}",
        None if calendar is None else calendar.axis,
    )
    raise AssertionError("a wrong step is refused")


def fine_grid(
    path: Path,
    column: str,
    nanos: NDArray[np.int64],
    rules: CsvRules,
    *,
    lines: NDArray[np.int64] | None = None,
) -> Grid:
    """As `grid_of`, of times with fractions of a second.

    Stamps of a rate that no number of digits tells, such as 30 a second in milliseconds, are at one
    interval if each is less than its last digit off.

    Args:
        path: The file's name in messages.
        column: Name of the time column.
        nanos: (rows,) int64, nanoseconds; those of the grid are kept as they are.
        rules: What becomes of gaps.
        lines: The line of each row, as in `DataRows`.

    Raises:
        CorpusError: Times do not increase, or not by one interval.
    """
    steps = np.diff(nanos)
    in_order = rules.time_axis == "order"
    if in_order and not (steps < 0).any():
        return Grid(nanos, axis=TimeAxis("order"))
    if len(steps) == 0:
        return Grid(nanos)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    digit = next(size for size in _LAST_DIGITS if not (nanos % size).any())
    wrong = steps < 0 if in_order else steps <= 0
    if usual and not wrong.any():
        times = np.maximum(np.rint(steps / usual), 1).astype(np.int64)
        places = np.concatenate([[0], np.cumsum(times)])
        interval = float(nanos[-1] - nanos[0]) / int(places[-1])
        off = np.abs(nanos - nanos[0] - places * interval)
        whole = int(places[-1]) + 1
        holes = whole > len(nanos)
        even = not off.any() or ((off <= digit).all() and interval >= 2 * digit)
        if even and not (holes and not rules.allows_gaps):
            axis = TimeAxis("nanoseconds", round(_sure_interval(interval, digit, int(places[-1]))))
            if not holes:
                return Grid(nanos, axis=axis)
            if whole > 2 * len(nanos):
                _refuse_too_many(path, len(nanos), whole, axis.span_text(1, 0))
            filled = nanos[0] + np.rint(np.arange(whole) * interval).astype(np.int64)
            filled[places] = nanos
            return Grid(filled, places, axis)
        wrong = np.abs(steps - usual) > 2 * digit
        if not wrong.any():  # it drifts
            wrong = off[1:] > digit
    row = int(np.flatnonzero(wrong)[0]) + 1
    here, before = (say_time(nanos[i], NANO) for i in (row, row - 1))
    line = line_of(lines, row)
    beside = "before" if line > line_of(lines, row - 1) else "after"
    expected = f"the interval of {nanoseconds_text(round(usual))} that most rows have"
    do = f"Resample the series to one interval. {ORDER_SENTENCE}"
    if steps[row - 1] == 0:
        found, expected = f"{here} a second time, as on the line {beside}", "each time once"
        do = f"Correct its time, or {ORDER_ADVICE}. {_SERIES}"
    elif steps[row - 1] < 0:
        found, expected = f"{here} after {before} on the line {beside}", "increasing times"
        do = f"Sort the file by this column. {_SERIES}"
    else:
        step = nanoseconds_text(int(steps[row - 1]))
        found = f"{here}, {step} after {before} on the line {beside}"
        if not rules.allows_gaps:
            do += f" {ROWS_ADVICE}"
    refuse(path, line, column, found, expected, do)


def _sure_interval(interval: float, digit: int, steps: int) -> float:
    """An interval, or that of the one whole number of rows a second that its stamps allow."""
    rate, doubt = NANO / interval, digit / (steps * interval)
    nearest = round(rate)
    if digit == 1 or nearest < 1 or rate * doubt > 0.5 or abs(rate - nearest) > rate * doubt:
        return interval
    return NANO / nearest


def count_grid(
    path: Path,
    column: str,
    counts: NDArray[np.int64],
    rules: CsvRules,
    *,
    lines: NDArray[np.int64] | None = None,
) -> Grid:
    """As `grid_of`, of rows that a counter numbers, or that only follow each other.

    Args:
        path: The file's name in messages.
        column: Name of the counter; empty if there is none.
        counts: (rows,) int64.
        rules: What becomes of gaps.
        lines: The line of each row, as in `DataRows`.

    Raises:
        CorpusError: The counter does not rise by one and the same step.
    """
    axis = TimeAxis("rows")
    steps = np.diff(counts)
    lengths, frequent = np.unique(steps[steps > 0], return_counts=True)
    usual = int(lengths[frequent.argmax()]) if len(lengths) else 0
    wrong = steps < 0 if rules.time_axis == "order" else steps != usual
    if not wrong.any():
        return Grid(counts, axis=axis)
    if rules.allows_gaps and usual and not ((steps <= 0) | (steps % usual != 0)).any():
        return _filled(path, counts, usual, axis, f"{usual}")
    row = int(np.flatnonzero(wrong)[0]) + 1
    do = "Fill in the missing rows."
    if steps[row - 1] <= 0:
        do = f"Correct the cell, or sort the file by this column, or {ORDER_ADVICE}."
    elif not rules.allows_gaps:
        do += f" {ROWS_ADVICE} {ORDER_SENTENCE}"
    refuse(
        path,
        line_of(lines, row),
        column,
        f"{counts[row]} after {counts[row - 1]}",
        f"a counter that rises by {usual or 1}, as between most rows",
        do,
    )


def _in_order(
    path: Path,
    column: str,
    seconds: NDArray[np.int64],
    rules: CsvRules,
    utc: bool,
    lines: NDArray[np.int64] | None,
) -> Grid:
    """Rows whose times tell their order and no interval."""
    back = np.flatnonzero(np.diff(seconds) < 0)
    if len(back):
        place = int(back[0])
        line = line_of(lines, place + 1)
        beside = "before" if line > line_of(lines, place) else "after"
        _refuse_step(
            path, column, seconds, place, 0, rules, utc, line, f"on the line {beside}", None
        )
    return Grid(seconds, axis=TimeAxis("order"))


def _filled_calendar(path: Path, calendar: Calendar) -> Grid:
    """The whole calendar from the first to the last time."""
    numbers, step = calendar.numbers, calendar.axis.step
    lengths, counts = np.unique(np.diff(numbers), return_counts=True)
    # As for fixed intervals: twice the step may be as frequent where every other row is missing.
    step = int(lengths[2 * counts >= counts.max()][0]) or step
    if (np.diff(numbers) % step).any():
        step = 1
    places = (numbers - numbers[0]) // step
    rows = int(places[-1]) + 1
    axis = TimeAxis(calendar.axis.kind, step)
    if rows > 2 * len(numbers):
        _refuse_too_many(path, len(numbers), rows, axis.span_text(1, 0))
    whole = calendar.seconds_of(numbers[0] + step * np.arange(rows, dtype=np.int64))
    return Grid(whole, places, axis)


def _refuse_too_many(path: Path, found: int, rows: int, interval: str) -> NoReturn:
    raise CorpusError(
        f"{path}: found {found:,} of the {rows:,} rows that an interval of {interval} makes from "
        "the first to the last; expected half of them or more. Resample the series to a longer "
        f"interval, or split the file where the long gaps are, or {ORDER_ADVICE}."
    )


def _filled(
    path: Path,
    seconds: NDArray[np.int64],
    interval: int,
    axis: TimeAxis = FIXED,
    told: str = "",
) -> Grid:
    """The whole grid from the first to the last time."""
    places = (seconds - seconds[0]) // interval
    rows = int(places[-1]) + 1
    # A century in seconds between two rows would fill the memory.
    if rows > 2 * len(seconds):
        _refuse_too_many(
            path, len(seconds), rows, told or f"{timedelta(seconds=interval)} (h:mm:ss)"
        )
    return Grid(seconds[0] + interval * np.arange(rows, dtype=np.int64), places, axis)


def _refuse_step(
    path: Path,
    column: str,
    seconds: NDArray[np.int64],
    place: int,
    usual: int,
    rules: CsvRules,
    utc: bool,
    line: int,
    beside: str,
    axis: TimeAxis | None,
) -> None:
    """Refuse the first step that is not as it should be."""
    row = place + 1
    step = int(seconds[row] - seconds[row - 1])
    times = seconds.view("datetime64[s]")
    zone = " UTC" if utc else ""
    here, before = (say_time(second) + zone for second in (seconds[row], seconds[row - 1]))
    if step == 0:
        found, expected = f"{here} a second time, as {beside}", "each time once"
        do = f"Correct its time, or remove one of the two rows. {_SERIES}"
        times_again = int((np.diff(seconds) == 0).sum())
        if times_again >= _SUREST and (np.diff(seconds) >= 0).all():  # as years, or times of day
            do += f" {ORDER_SENTENCE}"
        if (seconds % 86_400 == 0).all():
            do += " If the time of day is in another column, name both with `time_columns`."
    elif step < 0:
        found, expected = f"{here} after {before} {beside}", "increasing times"
        do = f"Sort the file by this column. {_SERIES}"
    else:
        found = f"{here}, {timedelta(seconds=step)} (h:mm:ss) after {before} {beside}"
        expected = f"the interval of {timedelta(seconds=usual)} that most rows have"
        do = "Fill in the missing rows, or resample the series to one interval."
        if axis is not None:
            here, before = axis.time_text(times[row]), axis.time_text(times[row - 1])
            found = f"{here} after {before} {beside}"
            expected = f"{axis.span_text(1, 0)} between any two rows, as between most"
            do = "Fill in the missing rows."
        if not rules.allows_gaps and (axis is not None or step % usual == 0):
            do += f" {ROWS_ADVICE}"
        if rules.time_zone and usual >= 86_400 - 3_600:
            do += (
                " Days are 23 or 25 hours long where the clocks change: leave `time_zone` out for "
                "rows that are a day apart."
            )
    if not utc and usual and abs(step - usual) == _HOUR:
        do += _CLOCKS
    if step > 0 and (_CLOCKS not in do or usual >= _DAY):
        do += f" {ORDER_SENTENCE}"
    refuse(path, line, column, found, expected, do)


@dataclass(frozen=True, eq=False)
class Filled:
    """Values with their gaps dealt with.

    Attributes:
        values: (rows, features) float64, NaN where a value is missing.
        missing: (rows,) bool, rows that lack a value; None if there is none.
        interpolated: (rows, features) bool, values that were interpolated; None if there is none.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_] | None = None
    interpolated: NDArray[np.bool_] | None = None


def fill(
    grid: Grid,
    values: NDArray[np.float64],
    rules: CsvRules,
    breaks: Sequence[int] = (),
) -> Filled:
    """Put values onto a grid, interpolate where that is asked, and mark what is missing.

    Interpolation is linear in time between the two values around a run of missing ones, in each
    column by itself, for runs of at most `rules.interpolate_limit`. Longer ones, and those at the
    beginning and the end, stay missing as a whole.

    Args:
        grid: The rows.
        values: (rows of the CSV, features) float64, NaN where a value is missing.
        rules: What becomes of gaps.
        breaks: Rows with which another case begins: nothing is interpolated over them.
    """
    if not rules.allows_gaps:
        return Filled(values)
    if grid.places is not None:
        whole = np.full((len(grid.timestamps), values.shape[1]), np.nan)
        whole[grid.places] = values
        values = whole
    lacking = np.isnan(values)
    if not lacking.any():
        return Filled(values)
    marks = None
    if rules.gaps == "interpolate" and rules.interpolate_limit:
        marks = np.zeros(values.shape, dtype=np.bool_)
        for start, stop in pairwise((0, *breaks, len(values))):
            for column in range(values.shape[1]):
                own = slice(start, stop), column
                _interpolate(values[own], marks[own], rules.interpolate_limit)
        if not marks.any():
            marks = None
    missing = np.asarray(np.isnan(values).any(axis=1))
    return Filled(values, missing if missing.any() else None, marks)


def _interpolate(values: NDArray[np.float64], marks: NDArray[np.bool_], limit: int) -> None:
    """Interpolate the short runs of one column, in place."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < 2:
        return
    lengths = np.diff(known) - 1
    runs = np.flatnonzero((lengths > 0) & (lengths <= limit))
    for run in runs.tolist():
        first, last = int(known[run]), int(known[run + 1])
        share = np.arange(1, last - first) / (last - first)
        # Not start + share * (end - start), whose difference may be infinite.
        values[first + 1 : last] = values[first] * (1 - share) + values[last] * share
        marks[first + 1 : last] = True

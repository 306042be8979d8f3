"""Answers from what was read off pixels or text, by the definitions of the tasks.

What belongs here: the reader's own reckoning. It works with plain loops over the cells that it
read, and shares no code with the part that made the answers.

All colours are relative to their panel's range, so only Pearson panels, which always span -1 to 1,
are compared between pictures by their colours.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression, median, pstdev
from typing import Final, Protocol

import numpy as np

from zwu_ts_assets.evidence.boxes import Floats
from zwu_ts_assets.evidence.curves import Curves
from zwu_ts_assets.evidence.panels import Panels, pearson_values

Matrix = Sequence[Sequence[float]]


class Asked(Protocol):
    """What the reader is told of a question: the text's parts, never the answer."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def subject(self) -> Mapping[str, object]:
        """What the text is about."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options, in order; none where a number is asked for."""

    @property
    def prompt(self) -> str:
        """The whole text."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What was read off the media that a question shows.

    Attributes:
        figures: The figures, in the order in which they are shown.
        frames: The frames of the video, repeated ones left out.
        columns: Names of the columns of the feature panels, as their labels say.
        patch_starts: First step of each frame, as the text says.
        lines: The line plots.
        altered: The line plots of altered copies.
        number: The number printed in a cell of the first figure: of panel, row and column.
    """

    figures: Sequence[Panels]
    frames: Sequence[Panels]
    columns: tuple[str, ...]
    patch_starts: tuple[int, ...]
    lines: Sequence[Curves] = ()
    altered: Sequence[Curves] = ()
    number: Callable[[int, int, int], float] | None = None


Reader = Callable[[Asked, Seen], float]
"""From a question and what was seen to the option, counted from 0, or the number asked for."""


def can_read(task: str, own: Mapping[str, Reader] | None = None) -> bool:
    """Whether there is a reader of a task; `own` as for `answer_from_pixels`."""
    return task in _READERS or task in (own or {})


def answer_from_pixels(asked: Asked, seen: Seen, own: Mapping[str, Reader] | None = None) -> float:
    """The option that what was seen speaks for, counted from 0, or the number asked for.

    Args:
        asked: The question.
        seen: What was read off the media that it shows.
        own: Readers of tasks that are not the project's.

    Raises:
        KeyError: A task that the reader has not learned.
    """
    return {**(own or {}), **_READERS}[asked.task](asked, seen)


def _cells(pair: str, columns: tuple[str, ...]) -> tuple[int, int]:
    """Row and column of a pair's cell. Names may hold " and ", so all readings are tried."""
    found = [
        (columns.index(pair[: m.start()]), columns.index(pair[m.end() :]))
        for m in re.finditer(" and ", pair)
        if pair[: m.start()] in columns and pair[m.end() :] in columns
    ]
    if len(found) != 1:
        raise ValueError(f"{pair!r} does not name two of the columns {columns}")
    return found[0]


def _steps(text: str) -> range:
    first, last = (int(number) for number in re.findall(r"\d+", text))
    return range(first, last + 1)


def _number(text: object) -> int:
    (number,) = re.findall(r"\d+", str(text))
    return int(number)


def _best(values: Sequence[float], *, largest: bool) -> int:
    chosen = max(values) if largest else min(values)
    return list(values).index(chosen)


def _pair_choice(asked: Asked, seen: Seen, matrix: Matrix, *, largest: bool) -> int:
    places = [_cells(option, seen.columns) for option in asked.options]
    return _best([float(matrix[a][b]) for a, b in places], largest=largest)


def _closest_pair(asked: Asked, seen: Seen) -> int:
    return _pair_choice(asked, seen, seen.figures[0].feature_dtw.tolist(), largest=False)


def _most_correlated(asked: Asked, seen: Seen) -> int:
    return _pair_choice(asked, seen, seen.figures[0].feature_pearson.tolist(), largest=True)


def _least_correlated(asked: Asked, seen: Seen) -> int:
    return _pair_choice(asked, seen, seen.figures[0].feature_pearson.tolist(), largest=False)


def _odd_column(asked: Asked, seen: Seen) -> int:
    matrix = seen.figures[0].feature_dtw.tolist()
    means = []
    for option in asked.options:
        row = seen.columns.index(option)
        means.append(fmean(value for at, value in enumerate(matrix[row]) if at != row))
    return _best(means, largest=True)


def _mean_between(matrix: Matrix, some: range, others: range) -> float:
    return fmean(matrix[i][j] for i in some for j in others)


def _span_relation(asked: Asked, seen: Seen) -> int:
    matrix = pearson_values(seen.figures[0].time_pearson).tolist()
    span, other = _steps(str(asked.subject["span"])), _steps(str(asked.subject["other"]))
    mean = _mean_between(matrix, span, other)
    word = "alike" if mean > 0.2 else "opposite" if mean < -0.2 else "unrelated"
    return asked.options.index(word)


def _returning_span(asked: Asked, seen: Seen) -> int:
    matrix = seen.figures[0].time_dtw.tolist()
    span = _steps(str(asked.subject["span"]))
    means = [_mean_between(matrix, span, _steps(option)) for option in asked.options]
    return _best(means, largest=False)


def _odd_span(asked: Asked, seen: Seen) -> int:
    matrix = seen.figures[0].time_dtw.tolist()
    steps = len(matrix)
    means = []
    for option in asked.options:
        span = _steps(option)
        means.append(fmean(_mean_between(matrix, span, e) for e in _eighths(steps) if e != span))
    return _best(means, largest=True)


def _break(asked: Asked, seen: Seen) -> int:
    matrix = seen.figures[0].time_dtw.tolist()
    steps = range(len(matrix))
    contrasts = []
    for option in asked.options:
        cut = _number(option)
        across, within = [], []
        for i in steps:
            for j in steps:
                if (i < cut) == (j < cut):
                    within.append(matrix[i][j])
                elif i < cut:
                    across.append(matrix[i][j])
        contrasts.append(fmean(across) - fmean(within))
    return _best(contrasts, largest=True)


def _frame_pair(asked: Asked, seen: Seen) -> int:
    frame = seen.frames[_number(asked.subject["part"]) - 1]
    return _pair_choice(asked, seen, frame.feature_dtw.tolist(), largest=False)


def _pearson_part(asked: Asked, seen: Seen) -> int:
    a = seen.columns.index(str(asked.subject["a"]))
    b = seen.columns.index(str(asked.subject["b"]))
    values = [
        float(seen.frames[_number(option) - 1].feature_pearson[a, b]) for option in asked.options
    ]
    return _best(values, largest=True)


def _closer_frames(asked: Asked, seen: Seen) -> list[bool]:
    """For each frame whether the pair asked about has a smaller Feature DTW than its rival."""
    pair = _cells(str(asked.subject["pair"]), seen.columns)
    rival = _cells(str(asked.subject["rival"]), seen.columns)
    return [bool(frame.feature_dtw[pair] < frame.feature_dtw[rival]) for frame in seen.frames]


def _count_parts(asked: Asked, seen: Seen) -> int:
    count = sum(_closer_frames(asked, seen))
    for at, option in enumerate(asked.options):
        numbers = [int(number) for number in re.findall(r"\d+", option)]
        if numbers[0] <= count <= numbers[-1]:
            return at
    raise ValueError(f"{count} is in none of {asked.options}")


def _first_part(asked: Asked, seen: Seen) -> int:
    closer = _closer_frames(asked, seen)
    if True not in closer:
        return asked.options.index("no part")
    name = f"part {closer.index(True) + 1}"
    return asked.options.index(name if name in asked.options else "a later part")


def _drift(asked: Asked, seen: Seen) -> int:
    a = seen.columns.index(str(asked.subject["a"]))
    b = seen.columns.index(str(asked.subject["b"]))
    values = [float(frame.feature_dtw[a, b]) for frame in seen.frames]
    # Concordant less discordant pairs of frames: Kendall's way, whose sign is that of Spearman's
    # wherever the trend is as clear as it must be to be asked about.
    rising = 0
    for i, earlier in enumerate(values):
        for later in values[i + 1 :]:
            rising += (later > earlier) - (later < earlier)
    return asked.options.index("they drift apart" if rising > 0 else "they come together")


def _correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    mx, my = fmean(xs), fmean(ys)
    covariance = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
    norm = (sum((x - mx) ** 2 for x in xs) * sum((y - my) ** 2 for y in ys)) ** 0.5
    return covariance / norm if norm else 0.0


def _same_window(asked: Asked, seen: Seen) -> int:
    whole = seen.figures[0].time_dtw.tolist()
    scores = []
    for start, frame in zip(seen.patch_starts, seen.frames, strict=True):
        part = frame.time_dtw.tolist()
        size = range(len(part))
        block = [whole[start + i][start + j] for i in size for j in size]
        cells = [part[i][j] for i in size for j in size]
        if max(cells) > min(cells) and max(block) > min(block):
            scores.append(_correlation(block, cells))
    same = bool(scores) and fmean(scores) > 0.725
    return asked.options.index("yes" if same else "no")


def _which_figure(asked: Asked, seen: Seen) -> int:
    a = seen.columns.index(str(asked.subject["a"]))
    b = seen.columns.index(str(asked.subject["b"]))
    return _best([float(each.feature_pearson[a, b]) for each in seen.figures], largest=True)


_UNKNOWN = "cannot be told from this"


def _cell_value(asked: Asked, seen: Seen) -> float:
    if seen.number is None:
        raise ValueError("no figure is shown whose numbers could be read")
    panel = ("Feature DTW", "Feature Covariance", "Feature Pearson").index(
        str(asked.subject["panel"])
    )
    row, column = (seen.columns.index(str(asked.subject[name])) for name in ("a", "b"))
    number = seen.number(panel, row, column)
    if not asked.options:
        return number
    return _best([abs(float(option) - number) for option in asked.options], largest=False)


def _rhythm(asked: Asked, seen: Seen) -> int:
    matrix = pearson_values(seen.figures[0].time_pearson).tolist()
    means = []
    for option in asked.options:
        lag = _number(option)
        means.append(fmean(matrix[i][i + lag] for i in range(len(matrix) - lag)))
    return _best(means, largest=True)


def _frame_correlated(asked: Asked, seen: Seen) -> int:
    frame = seen.frames[_number(asked.subject["part"]) - 1]
    return _pair_choice(asked, seen, frame.feature_pearson.tolist(), largest=True)


def _part_if_shown(asked: Asked, seen: Seen) -> int:
    if not seen.frames:
        return asked.options.index(_UNKNOWN)
    a = seen.columns.index(str(asked.subject["a"]))
    b = seen.columns.index(str(asked.subject["b"]))
    parts = [_number(option) for option in asked.options if option != _UNKNOWN]
    return _best([float(seen.frames[p - 1].feature_pearson[a, b]) for p in parts], largest=True)


def _drift_if_shown(asked: Asked, seen: Seen) -> int:
    return _drift(asked, seen) if seen.frames else asked.options.index(_UNKNOWN)


def _line_ends(asked: Asked, seen: Seen) -> int:
    line = seen.lines[0].middle[seen.columns.index(str(asked.subject["feature"]))]
    return asked.options.index("higher" if line[-1] > line[0] else "lower")


def _line_peak(asked: Asked, seen: Seen) -> int:
    line = seen.lines[0].upper[seen.columns.index(str(asked.subject["feature"]))]
    spans = [_steps(option) for option in asked.options if option != _UNKNOWN]
    return _best([max(float(line[step]) for step in span) for span in spans], largest=True)


def _peak_if_shown(asked: Asked, seen: Seen) -> int:
    return _line_peak(asked, seen) if seen.lines else asked.options.index(_UNKNOWN)


def _same_lines(asked: Asked, seen: Seen) -> int:
    courses = seen.lines[0].middle
    spread = courses.std(axis=1, keepdims=True)
    z = (courses - courses.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    # Dynamic time warping between all pairs of steps at once, column by column.
    above: list[Floats] = []
    for k in range(len(z)):
        row: list[Floats] = []
        for j in range(len(z)):
            before = [row[j - 1]] if j else []
            before += [above[j]] if k else []
            before += [above[j - 1]] if j and k else []
            cost = np.abs(z[k][:, None] - z[j][None, :])
            row.append(cost + (np.minimum.reduce(before) if before else 0.0))
        above = row
    drawn = seen.figures[0].time_dtw.ravel()
    found = above[-1].ravel()
    if not drawn.std() or not found.std():
        return asked.options.index("no")
    same = float(np.corrcoef(drawn, found)[0, 1]) > 0.8
    return asked.options.index("yes" if same else "no")


def _points(curves: Curves, column: int) -> list[float]:
    """The values of a line: its edge where it turns, where the middle would be beside the tip."""
    middle = [float(value) for value in curves.middle[column]]
    points = list(middle)
    for step in range(1, len(middle) - 1):
        if middle[step] > max(middle[step - 1], middle[step + 1]):
            points[step] = float(curves.upper[column][step])
        elif middle[step] < min(middle[step - 1], middle[step + 1]):
            points[step] = float(curves.lower[column][step])
    return points


_CERTAIN: Final = {"a spike": 0.56, "a level shift": 0.25, "a flat stretch": 0.02, "noise": 0.185}
"""Half way between what an anomaly must show and what else may, in parts of a line's range."""


def _anomalies(curves: Curves, column: int, span: range) -> dict[str, float]:
    """How many times as much as is needed a span of a line shows of each anomaly."""
    points = _points(curves, column)
    lonely = []
    for step in span:
        around = [points[s] for s in (step - 1, step + 1) if 0 <= s < len(points)]
        value = points[step]
        alone = len(around) == 2 and (value > max(around) or value < min(around))
        lonely.append(min(abs(value - other) for other in around) if alone else 0.0)
    noise = median(lonely[1:-1])
    inside = [points[step] for step in span[1:-1]]
    beside = [*range(span[0] - 4, span[0] - 1), *range(span[-1] + 2, span[-1] + 5)]
    found = {
        "a spike": max(lonely) - 2 * noise,
        "noise": noise,
        "a level shift": 0.0,
    }
    if beside[0] >= 0 and beside[-1] < len(points):
        there = [points[step] for step in beside]
        found["a level shift"] = max(min(inside) - max(there), min(there) - max(inside))
    ratios = {kind: value / _CERTAIN[kind] for kind, value in found.items()}
    # A line that does not move is read to a pixel, never to nothing.
    ratios["a flat stretch"] = _CERTAIN["a flat stretch"] / max(
        max(inside) - min(inside), _CERTAIN["a flat stretch"] / 10
    )
    return ratios


def _strongest(seen: Seen, columns: Sequence[int], spans: Sequence[range]) -> tuple[int, int, str]:
    """Where some columns and spans show an anomaly most: indices of both, and what it is.

    Where none shows one, it is called `nothing`.
    """
    best, where = 1.0, (0, 0, "nothing")
    for i, column in enumerate(columns):
        for j, span in enumerate(spans):
            for kind, ratio in _anomalies(seen.altered[0], column, span).items():
                if ratio > best:
                    best, where = ratio, (i, j, kind)
    return where


def _eighths(steps: int) -> list[range]:
    edges = [round(i * steps / 8) for i in range(9)]
    return [range(edges[i], edges[i + 1]) for i in range(8)]


def _anomaly(asked: Asked, seen: Seen) -> int:
    count, steps = seen.altered[0].middle.shape
    return asked.options.index(_strongest(seen, range(count), _eighths(steps))[2])


def _anomaly_column(asked: Asked, seen: Seen) -> int:
    columns = [seen.columns.index(option) for option in asked.options]
    return _strongest(seen, columns, _eighths(seen.altered[0].middle.shape[1]))[0]


def _anomaly_span(asked: Asked, seen: Seen) -> int:
    spans = [_steps(option) for option in asked.options]
    return _strongest(seen, range(len(seen.columns)), spans)[1]


def _listed(asked: Asked) -> list[float]:
    """The numbers that the text lists, in lines that begin with the step of their first one."""
    lines = re.findall(r"^\d+:((?: -?[0-9.]+)+)$", asked.prompt, re.MULTILINE)
    return [float(number) for line in lines for number in line.split()]


def _extremes(asked: Asked, seen: Seen) -> int:
    values = _listed(asked)
    largest = asked.subject["kind"] == "highest"
    return _best([values[_number(option)] for option in asked.options], largest=largest)


def _trend(asked: Asked, seen: Seen) -> int:
    values = _listed(asked)
    change = linear_regression(range(len(values)), values).slope * (len(values) - 1)
    if abs(change) < 0.5 * pstdev(values):
        return asked.options.index("it stays level")
    return asked.options.index("it rises" if change > 0 else "it falls")


def _volatility(asked: Asked, seen: Seen) -> int:
    values = _listed(asked)
    spreads = [pstdev([values[step] for step in _steps(option)]) for option in asked.options]
    return _best(spreads, largest=asked.subject["kind"] == "most")


def _lag(asked: Asked, seen: Seen) -> int:
    values = _listed(asked)
    lags = [_number(option) for option in asked.options]
    return _best([_correlation(values[:-lag], values[lag:]) for lag in lags], largest=True)


_READERS: Final[Mapping[str, Reader]] = {
    "closest_pair": _closest_pair,
    "most_correlated": _most_correlated,
    "least_correlated": _least_correlated,
    "span_relation": _span_relation,
    "odd_column": _odd_column,
    "returning_span": _returning_span,
    "odd_span": _odd_span,
    "break": _break,
    "frame_pair": _frame_pair,
    "pearson_part": _pearson_part,
    "count_parts": _count_parts,
    "first_part": _first_part,
    "drift": _drift,
    "same_window": _same_window,
    "which_figure": _which_figure,
    "cell_value": _cell_value,
    "rhythm": _rhythm,
    "frame_correlated": _frame_correlated,
    "part_if_shown": _part_if_shown,
    "drift_if_shown": _drift_if_shown,
    "line_ends": _line_ends,
    "line_peak": _line_peak,
    "peak_if_shown": _peak_if_shown,
    "same_lines": _same_lines,
    "anomaly": _anomaly,
    "anomaly_column": _anomaly_column,
    "anomaly_span": _anomaly_span,
    "extremes": _extremes,
    "trend": _trend,
    "volatility": _volatility,
    "lag": _lag,
}

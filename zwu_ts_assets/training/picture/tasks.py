"""The tasks about figures and videos: what is asked, what is right, and when it is clear enough.

A margin is told on the scale of the panel's colours, 0 to 1: colours have 256 steps and codecs blur
them, so that what differs by less cannot be told apart by any reader.

Sources: dynamic time warping is that of Sakoe and Chiba (1978), the recurrence view of a window as
a matrix of distances between its steps that of Eckmann, Kamphorst and Ruelle (1987), the rank
correlation Spearman's.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from zwu_ts_assets.training.picture.balance import Answers, stable_hash
from zwu_ts_assets.training.picture.measures import (
    block_means,
    contrast,
    match_score,
    rank_correlation,
    relative,
)
from zwu_ts_assets.training.picture.question import spans_of
from zwu_ts_assets.training.picture.task import (
    MENUS,
    OPTIONS,
    PictureTask,
    Text,
    Values,
    World,
    choices,
    classes,
    number_text,
    pair_text,
    pair_values,
    pairs_of,
    span_text,
    too_few_columns,
)
from zwu_ts_assets.training.picture.wordings import WORDINGS

CELL_MARGIN: Final = 0.03
"""Between two cells of a panel, of the panel's range."""

MEAN_MARGIN: Final = 0.05
"""Between two means over many cells, of the panel's range: less cannot be told by eye."""

CONTRAST_MARGIN: Final = 0.03
"""Between two contrasts, of the panel's range; they lie closer together than means."""

PEARSON_MARGIN: Final = 0.06
"""Between two Pearson correlations, whose panels always reach from -1 to 1."""

_RHYTHM_LEAST: Final = 0.1
"""Mean Time Pearson correlation from which a window is said to repeat itself after a lag."""

_RHYTHM_MARGIN: Final = 0.1
"""Between the means of two diagonals: they are long and thin, and less cannot be told by eye."""

UNKNOWN: Final = "cannot be told from this"
"""The option that is right where the view that a question needs is not shown."""


def _closest_pair(world: World) -> Iterator[Text]:
    pairs = pairs_of(world.columns)
    values = pair_values([relative(m.feature_dtw) for m in world.measures], pairs)
    items = [pair_text(world.columns, pair) for pair in pairs]
    yield from choices(values, CELL_MARGIN, items, {}, "closest_pair", largest=False)


def _most_correlated(world: World) -> Iterator[Text]:
    yield from _correlated(world, "most_correlated", largest=True)


def _least_correlated(world: World) -> Iterator[Text]:
    yield from _correlated(world, "least_correlated", largest=False)


def _correlated(world: World, seed: str, *, largest: bool) -> Iterator[Text]:
    pairs = pairs_of(world.columns)
    values = pair_values([m.feature_pearson for m in world.measures], pairs)
    items = [pair_text(world.columns, pair) for pair in pairs]
    yield from choices(values, PEARSON_MARGIN, items, {}, seed, largest=largest)


def _odd_column(world: World) -> Iterator[Text]:
    count = len(world.columns)
    values = np.array([relative(m.feature_dtw).sum(axis=1) / (count - 1) for m in world.measures])
    yield from choices(values, CELL_MARGIN, list(world.columns), {}, "odd_column", largest=True)


def _span_relation(world: World) -> Iterator[Text]:
    spans = spans_of(len(world.measures[0].time_pearson))
    means = np.array([block_means(m.time_pearson, spans) for m in world.measures])
    for i, j in itertools.combinations(range(len(spans)), 2):
        right = {}
        for w, mean in enumerate(means[:, i, j]):
            if mean >= 0.35:
                right[w] = 0
            elif mean <= -0.35:
                right[w] = 1
            elif abs(mean) <= 0.1:
                right[w] = 2
        subject = {"span": span_text(spans[i]), "other": span_text(spans[j])}
        yield classes(right, ("alike", "opposite", "unrelated"), subject)


def _returning_span(world: World) -> Iterator[Text]:
    spans = spans_of(len(world.measures[0].time_dtw))
    means = np.array([block_means(relative(m.time_dtw), spans) for m in world.measures])
    for i, span in enumerate(spans):
        others = [j for j in range(len(spans)) if j != i]
        yield from choices(
            means[:, i, others],
            MEAN_MARGIN,
            [span_text(spans[j]) for j in others],
            {"span": span_text(span)},
            f"returning_span {i}",
            largest=False,
        )


def _odd_span(world: World) -> Iterator[Text]:
    spans = spans_of(len(world.measures[0].time_dtw))
    values = []
    for each in world.measures:
        means = block_means(relative(each.time_dtw), spans)
        np.fill_diagonal(means, 0.0)
        values.append(means.sum(axis=1) / (len(spans) - 1))
    items = [span_text(span) for span in spans]
    yield from choices(np.array(values), MEAN_MARGIN, items, {}, "odd_span", largest=True)


def _break(world: World) -> Iterator[Text]:
    steps = [stop for _, stop in spans_of(len(world.measures[0].time_dtw))[:-1]]
    values = np.array(
        [[contrast(relative(m.time_dtw), step) for step in steps] for m in world.measures]
    )
    items = [f"step {step}" for step in steps]
    yield from choices(values, CONTRAST_MARGIN, items, {}, "break", largest=True)


def _frame_distances(world: World) -> Values:
    """(windows, patches, F, F): the feature DTW of each frame on the scale of its colours."""
    return np.array([[relative(part) for part in m.patch_feature_dtw] for m in world.measures])


def _frame_pair(world: World) -> Iterator[Text]:
    pairs = pairs_of(world.columns)
    frames = _frame_distances(world)
    items = [pair_text(world.columns, pair) for pair in pairs]
    for part in range(frames.shape[1]):
        yield from choices(
            pair_values(list(frames[:, part]), pairs),
            CELL_MARGIN,
            items,
            {"part": part + 1},
            f"frame_pair {part}",
            largest=False,
        )


def _pearson_part(world: World) -> Iterator[Text]:
    frames = np.array([m.patch_feature_pearson for m in world.measures])
    items = [f"part {part + 1}" for part in range(frames.shape[1])]
    for a, b in pairs_of(world.columns):
        yield from choices(
            frames[:, :, a, b],
            PEARSON_MARGIN,
            items,
            {"a": world.columns[a], "b": world.columns[b]},
            f"pearson_part {a} {b}",
            largest=True,
        )


def _rivals(world: World, seed: str) -> Iterator[tuple[dict[str, object], Values, Values]]:
    """Two pairs of columns, and by how much the second is farther apart in each frame.

    Yields:
        Subject, (windows, patches) differences, and the same with NaN where it is unclear.
    """
    frames = _frame_distances(world)
    pairs = list(itertools.combinations(pairs_of(world.columns), 2))
    pairs.sort(key=lambda two: stable_hash(seed, *(world.columns[i] for pair in two for i in pair)))
    for first, second in pairs[:MENUS]:
        ahead = frames[:, :, second[0], second[1]] - frames[:, :, first[0], first[1]]
        clear = np.where(np.abs(ahead) >= CELL_MARGIN, ahead, np.nan)
        subject: dict[str, object] = {
            "pair": pair_text(world.columns, first),
            "rival": pair_text(world.columns, second),
        }
        yield subject, ahead, clear


def _count_parts(world: World) -> Iterator[Text]:
    parts = world.measures[0].patch_feature_dtw.shape[0]
    edges = [round(i * (parts + 1) / OPTIONS) for i in range(OPTIONS + 1)]
    bins = list(itertools.pairwise(edges))
    options = tuple(f"{low}" if high - low == 1 else f"{low} to {high - 1}" for low, high in bins)
    for subject, ahead, clear in _rivals(world, "count_parts"):
        right = {}
        for w in np.flatnonzero(np.isfinite(clear).all(axis=1)):
            count = int((ahead[w] > 0).sum())
            right[int(w)] = next(i for i, (low, high) in enumerate(bins) if low <= count < high)
        yield classes(right, options, subject)


def _first_part(world: World) -> Iterator[Text]:
    parts = world.measures[0].patch_feature_dtw.shape[0]
    options = ("part 1", "part 2", "a later part", "no part")
    for subject, ahead, clear in _rivals(world, "first_part"):
        right = {}
        for w in range(len(ahead)):
            closer = np.flatnonzero(ahead[w] > 0)
            first = int(closer[0]) if closer.size else parts
            # What comes after the first such part does not matter, and need not be clear.
            if np.isfinite(clear[w, : first + 1]).all():
                right[w] = 3 if first == parts else min(first, 2)
        yield classes(right, options, subject)


def _drift(world: World) -> Iterator[Text]:
    frames = _frame_distances(world)
    options = ("they come together", "they drift apart")
    for a, b in pairs_of(world.columns):
        right = {}
        for w, values in enumerate(frames[:, :, a, b]):
            rho = rank_correlation(values)
            # Rounded to the margin, ranks must say the same: a reader cannot do better.
            rounded = rank_correlation(np.round(values / CELL_MARGIN))
            if min(abs(rho), abs(rounded)) >= 0.6 and rho * rounded > 0:
                right[w] = int(rho > 0)
        yield classes(right, options, {"a": world.columns[a], "b": world.columns[b]})


def _same_window(world: World) -> Iterator[Text]:
    right = {}
    for w, (own, partner) in enumerate(zip(world.measures, world.partner, strict=True)):
        if partner == w:
            continue
        true = match_score(own, own)
        # A window whose neighbour looks the same is not asked about.
        if true >= 0.85 and match_score(own, world.measures[partner]) <= 0.6:
            right[w] = int(world.coin[w])
    yield classes(right, ("yes", "no"), {}, uses_partner="video")


def _which_figure(world: World) -> Iterator[Text]:
    for a, b in pairs_of(world.columns):
        right = {}
        for w, partner in enumerate(world.partner):
            difference = (
                world.measures[w].feature_pearson[a, b]
                - world.measures[partner].feature_pearson[a, b]
            )
            if partner != w and abs(difference) >= PEARSON_MARGIN:
                right[w] = int(difference < 0)
        subject = {"a": world.columns[a], "b": world.columns[b]}
        yield classes(right, ("the first figure", "the second figure"), subject, "figure")


def _cell_value(world: World) -> Iterator[Text]:
    """Of each cell: four numbers that four windows have there, asked of just those windows."""
    for panel, decimals in (("Feature DTW", 1), ("Feature Pearson", 2)):
        for pair in pairs_of(world.columns):
            a, b = (world.columns[i] for i in pair)
            values = {
                w: float((m.feature_dtw if decimals == 1 else m.feature_pearson)[pair])
                for w, m in enumerate(world.measures)
            }
            for four in _fours(
                world, {w: v for w, v in values.items() if np.isfinite(v)}, 10**-decimals
            ):
                texts = tuple(number_text(values[w], decimals) for w in four)
                yield Text(
                    Answers((panel, a, b, texts), OPTIONS, {w: at for at, w in enumerate(four)}),
                    {"panel": panel, "a": a, "b": b},
                    texts,
                    told=lambda w, a=a, b=b, panel=panel, v=values, d=decimals: (  # type: ignore[misc]
                        f"In {panel} the cell of {a} and {b} says {number_text(v[w], d)}."
                    ),
                    tolerance=0.5 * 10**-decimals,
                )


def _fours(world: World, values: Mapping[int, float], unit: float) -> Iterator[list[int]]:
    """Windows by fours, by size of their values, which differ by several units."""
    waiting = sorted(values, key=lambda w: stable_hash("fours", world.ids[w], *values))
    while len(waiting) >= OPTIONS:
        four: list[int] = []
        for w in waiting:
            if all(abs(values[w] - values[other]) > 4.5 * unit for other in four):
                four.append(w)
            if len(four) == OPTIONS:
                yield sorted(four, key=lambda w: values[w])
                break
        waiting = [w for w in waiting if w not in four] if len(four) == OPTIONS else []


def _rhythm(world: World) -> Iterator[Text]:
    steps = world.steps
    lags = list(range(max(2, steps // 24), 5 * steps // 8 + 1, max(1, steps // 24)))
    values = np.array(
        [[float(np.diagonal(m.time_pearson, lag).mean()) for lag in lags] for m in world.measures]
    )
    items = [f"{lag} steps" for lag in lags]
    # The least bad of lags at which nothing repeats is no rhythm.
    values[values.max(axis=1) < _RHYTHM_LEAST] = np.nan
    # Three lags: of four, one is nearly always the daily one, which cannot be balanced.
    for text in choices(
        values, _RHYTHM_MARGIN, items, {}, "rhythm", largest=True, size=OPTIONS - 1, most=3 * MENUS
    ):
        compared = text.compared
        right = {
            w: option
            for w, option in text.answers.right.items()
            if compared is not None and compared[w, option] >= _RHYTHM_LEAST
        }
        yield replace(text, answers=replace(text.answers, right=right))


def _frame_correlated(world: World) -> Iterator[Text]:
    pairs = pairs_of(world.columns)
    items = [pair_text(world.columns, pair) for pair in pairs]
    for part in range(len(world.measures[0].patch_feature_pearson)):
        yield from choices(
            pair_values([m.patch_feature_pearson[part] for m in world.measures], pairs),
            PEARSON_MARGIN,
            items,
            {"part": part + 1},
            f"frame_correlated {part}",
            largest=True,
        )


def with_unknown(world: World, text: Text) -> Text:
    """The same text with one more option, which is right where the view it needs is not shown.

    A hash of the sample's id decides for which windows the view is withheld, so that every option,
    the new one too, is right about equally often.
    """
    count = text.answers.options + 1
    right = dict(text.answers.right)
    for w, name in enumerate(world.ids):
        if stable_hash("unshown", name) % count == 0:
            right[w] = count - 1
    values, options = text.compared, text.options

    def told(window: int) -> str:
        assert values is not None
        pairs = zip(options, values[window], strict=True)
        return "; ".join(f"{option}: {value:.2f}" for option, value in pairs) + "."

    return replace(
        text,
        told=None if values is None else told,
        answers=Answers((text.answers.key, UNKNOWN), count, right),
        options=(*text.options, UNKNOWN),
        compared=None,
        unknown=count - 1,
    )


def _part_if_shown(world: World) -> Iterator[Text]:
    frames = np.array([m.patch_feature_pearson for m in world.measures])
    items = [f"part {part + 1}" for part in range(frames.shape[1])]
    for a, b in pairs_of(world.columns):
        for text in choices(
            frames[:, :, a, b],
            PEARSON_MARGIN,
            items,
            {"a": world.columns[a], "b": world.columns[b]},
            f"part_if_shown {a} {b}",
            largest=True,
            size=OPTIONS - 1,
        ):
            yield with_unknown(world, text)


def _drift_if_shown(world: World) -> Iterator[Text]:
    for text in _drift(world):
        yield with_unknown(world, text)


_RANGE: Final = " of the panel's range"


def _digits(world: World) -> str:
    return world.digits or too_few_columns(2)(world)


def _too_short(world: World) -> str:
    least = 16
    return "" if world.steps >= least else f"a window has {world.steps} steps; it takes {least}"


def _time_pearson(world: World) -> str:
    return _too_short(world) or too_few_columns(2)(world)


def _parts(least: int, columns: int = 2) -> Callable[[World], str]:
    def unfit(world: World) -> str:
        parts = len(world.measures[0].patches)
        if parts < least:
            return f"a video has {parts} parts; it takes {least}"
        return too_few_columns(columns)(world)

    return unfit


PANEL_TASKS: Final = (
    PictureTask(
        "cell_value",
        1,
        ("figure",),
        "the number printed in a cell",
        _cell_value,
        WORDINGS["cell_value"],
        forms=("choice", "number"),
        unfit=_digits,
    ),
    PictureTask(
        "closest_pair",
        1,
        ("figure",),
        "the pair with the smallest Feature DTW distance",
        _closest_pair,
        WORDINGS["closest_pair"],
        unit=_RANGE,
        unfit=too_few_columns(4),
    ),
    PictureTask(
        "most_correlated",
        1,
        ("figure",),
        "the pair with the largest Feature Pearson correlation",
        _most_correlated,
        WORDINGS["most_correlated"],
        unfit=too_few_columns(4),
    ),
    PictureTask(
        "least_correlated",
        1,
        ("figure",),
        "the pair with the smallest Feature Pearson correlation",
        _least_correlated,
        WORDINGS["least_correlated"],
        unfit=too_few_columns(4),
    ),
    PictureTask(
        "span_relation",
        1,
        ("figure",),
        "the mean Time Pearson correlation between two spans: alike from 0.35, opposite to "
        "-0.35, unrelated within 0.1 of zero",
        _span_relation,
        WORDINGS["span_relation"],
        unfit=_time_pearson,
    ),
    PictureTask(
        "odd_column",
        2,
        ("figure",),
        "the column with the largest mean Feature DTW distance to all other columns",
        _odd_column,
        WORDINGS["odd_column"],
        unit=_RANGE,
        unfit=too_few_columns(OPTIONS),
    ),
    PictureTask(
        "returning_span",
        2,
        ("figure",),
        "the span with the smallest mean Time DTW distance to the span named",
        _returning_span,
        WORDINGS["returning_span"],
        unit=_RANGE,
        unfit=_too_short,
    ),
    PictureTask(
        "odd_span",
        2,
        ("figure",),
        "the span, of the eight of a window, with the largest mean Time DTW distance to the "
        "other seven",
        _odd_span,
        WORDINGS["odd_span"],
        unit=_RANGE,
        unfit=_too_short,
    ),
    PictureTask(
        "break",
        2,
        ("figure",),
        "the step with the largest two-block contrast of Time DTW: mean distance between the "
        "steps before it and those from it on, less the mean distance within the two sides",
        _break,
        WORDINGS["break"],
        unit=_RANGE,
        unfit=_too_short,
    ),
    PictureTask(
        "rhythm",
        2,
        ("figure",),
        "the lag with the largest mean along its diagonal of Time Pearson: the mean over all "
        "pairs of steps that lie so far apart",
        _rhythm,
        WORDINGS["rhythm"],
        unfit=_time_pearson,
    ),
    PictureTask(
        "frame_pair",
        3,
        ("video",),
        "the pair with the smallest Feature DTW distance in one frame",
        _frame_pair,
        WORDINGS["frame_pair"],
        unit=_RANGE,
        unfit=too_few_columns(4),
    ),
    PictureTask(
        "frame_correlated",
        3,
        ("video",),
        "the pair with the largest Feature Pearson correlation in one frame",
        _frame_correlated,
        WORDINGS["frame_correlated"],
        unfit=too_few_columns(4),
    ),
    PictureTask(
        "pearson_part",
        3,
        ("video",),
        "the frame in which the Feature Pearson correlation of two columns is largest",
        _pearson_part,
        WORDINGS["pearson_part"],
        among=(0, 1, 2),
        unfit=_parts(OPTIONS),
    ),
    PictureTask(
        "count_parts",
        3,
        ("video",),
        "the number of frames in which one pair has a smaller Feature DTW distance than another",
        _count_parts,
        WORDINGS["count_parts"],
        unfit=_parts(OPTIONS - 1, columns=3),
    ),
    PictureTask(
        "first_part",
        3,
        ("video",),
        "the first frame in which one pair has a smaller Feature DTW distance than another",
        _first_part,
        WORDINGS["first_part"],
        unfit=_parts(3, columns=3),
    ),
    PictureTask(
        "drift",
        3,
        ("video",),
        "the sign of Spearman's rank correlation between the number of the frame and the Feature "
        "DTW distance of two columns on the scale of that frame's colours, from 0.6",
        _drift,
        WORDINGS["drift"],
        among=(0, 1, 2),
        unfit=_parts(4),
    ),
    PictureTask(
        "part_if_shown",
        3,
        ("video",),
        "the frame in which the Feature Pearson correlation of two columns is largest",
        _part_if_shown,
        WORDINGS["part_if_shown"],
        among=(3, 4, 5),
        instead=("figure",),
        unfit=_parts(OPTIONS - 1),
    ),
    PictureTask(
        "drift_if_shown",
        3,
        ("video",),
        "the direction of the Feature DTW distance of two columns over the frames, as in drift",
        _drift_if_shown,
        WORDINGS["drift_if_shown"],
        among=(3, 4, 5),
        instead=("figure",),
        unfit=_parts(4),
    ),
    PictureTask(
        "same_window",
        4,
        ("figure", "video"),
        "whether figure and video were drawn from the same rows",
        _same_window,
        WORDINGS["same_window"],
    ),
    PictureTask(
        "which_figure",
        4,
        ("figure",),
        "the figure, of two, with the larger Feature Pearson correlation of two columns",
        _which_figure,
        WORDINGS["which_figure"],
        unfit=too_few_columns(2),
    ),
)
"""All tasks about figures and videos."""

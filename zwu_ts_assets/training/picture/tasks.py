"""The tasks: what is asked, what is right, and when the answer is clear enough to be asked.

Each task turns the measures of all windows into *groups*: a text (subject and options) and the
right option of every window in which that option is right by a margin. A margin is told on the
scale of the panel's colours, 0 to 1: colours have 256 steps and codecs blur them, so that what
differs by less cannot be told apart by any reader.

Sources: dynamic time warping is that of Sakoe and Chiba (1978), the recurrence view of a window as
a matrix of distances between its steps that of Eckmann, Kamphorst and Ruelle (1987), the rank
correlation Spearman's.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.picture.balance import Group, stable_hash
from zwu_ts_assets.training.picture.measures import (
    Measures,
    block_means,
    contrast,
    match_score,
    rank_correlation,
    relative,
)

Values = NDArray[np.float64]

CELL_MARGIN: Final = 0.03
"""Between two cells of a panel, of the panel's range."""

MEAN_MARGIN: Final = 0.05
"""Between two means over many cells, of the panel's range: less cannot be told by eye."""

CONTRAST_MARGIN: Final = 0.03
"""Between two contrasts, of the panel's range; they lie closer together than means."""

PEARSON_MARGIN: Final = 0.06
"""Between two Pearson correlations, whose panels always reach from -1 to 1."""

_OPTIONS: Final = 4
_MENUS: Final = 240  # texts tried per task: enough that some are balanced, few enough to be quick
_SPANS: Final = 8


@dataclass(frozen=True, eq=False)
class World:
    """All windows among which one split's questions are balanced.

    Attributes:
        measures: Of each window.
        columns: Names of the columns that the feature panels show.
        partner: For each window the index of another window of the same split, with which it is
            compared or confused; its own index where it is alone.
        coin: For each window whether its video is exchanged where a task asks that.
    """

    measures: Sequence[Measures]
    columns: tuple[str, ...]
    partner: Sequence[int]
    coin: Sequence[bool]


@dataclass(frozen=True)
class Text:
    """A text that could be asked: its group, and what it says.

    Attributes:
        group: Right options by window.
        subject: What the wordings are filled with, by name.
        options: Texts of the options.
        compared: (windows, options) what was compared; None for classes.
        uses_partner: Which medium of the partner is shown: `figure`, `video` or nothing.
    """

    group: Group
    subject: Mapping[str, object]
    options: tuple[str, ...]
    compared: Values | None = None
    uses_partner: str = ""

    def values_of(self, window: int) -> tuple[float, ...]:
        """What was compared in a window, a number for each option; empty for classes."""
        return () if self.compared is None else tuple(map(float, self.compared[window]))


@dataclass(frozen=True)
class PictureTask:
    """One kind of question about pictures.

    Attributes:
        name: Its name.
        level: 1 read, 2 locate, 3 watch, 4 join.
        needs: The views in which the answer stands.
        definition: What is right, for the documentation and the rationale.
        texts: The texts that could be asked of a world's windows.
    """

    name: str
    level: int
    needs: tuple[str, ...]
    definition: str
    texts: Callable[[World], Iterator[Text]]


def _pairs(columns: Sequence[str]) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(len(columns)), 2))


def _pair_text(columns: Sequence[str], pair: tuple[int, int]) -> str:
    return f"{columns[pair[0]]} and {columns[pair[1]]}"


def _spans(length: int) -> list[tuple[int, int]]:
    edges = [round(i * length / _SPANS) for i in range(_SPANS + 1)]
    return list(itertools.pairwise(edges))


def _span_text(span: tuple[int, int]) -> str:
    return f"steps {span[0]} to {span[1] - 1}"


def _menus(items: Sequence[str], seed: str) -> list[tuple[int, ...]]:
    """Sets of four items, each in the order of the items; the same for the same items and seed."""
    if len(items) < _OPTIONS:
        return []
    # The generator's stream is part of numpy's promise of compatibility for PCG64.
    generator = np.random.Generator(np.random.PCG64(stable_hash(seed, *items)))
    drawn = generator.random((_MENUS, len(items))).argsort(axis=1)[:, :_OPTIONS]
    return list(dict.fromkeys(tuple(sorted(int(i) for i in menu)) for menu in drawn))


def _choices(
    values: Values,
    margin: float,
    items: Sequence[str],
    subject: Mapping[str, object],
    seed: str,
    *,
    largest: bool,
) -> Iterator[Text]:
    """Texts "which of these four has the largest (smallest) value?".

    Args:
        values: (windows, items) float64; a NaN is never asked about.
        margin: By which the right option must be ahead of the next one.
        items: Texts of the items.
        subject: Of the text.
        seed: For the choice of menus.
        largest: Whether the largest value is right, else the smallest.
    """
    for menu in _menus(items, seed):
        offered = values[:, menu] if largest else -values[:, menu]
        known = np.asarray(np.isfinite(offered).all(axis=1))
        ranked = np.sort(np.nan_to_num(offered), axis=1)
        clear = known & (ranked[:, -1] - ranked[:, -2] >= margin)
        right = {int(w): int(offered[w].argmax()) for w in np.flatnonzero(clear)}
        options = tuple(items[i] for i in menu)
        yield Text(
            Group((tuple(sorted(subject.items())), options), _OPTIONS, right),
            subject,
            options,
            values[:, menu],
        )


def _classes(
    right: Mapping[int, int],
    options: tuple[str, ...],
    subject: Mapping[str, object],
    uses_partner: str = "",
) -> Text:
    key = (tuple(sorted(subject.items())), options)
    return Text(Group(key, len(options), right), subject, options, uses_partner=uses_partner)


def _pair_values(matrices: Sequence[Values], pairs: Sequence[tuple[int, int]]) -> Values:
    return np.array([[matrix[pair] for pair in pairs] for matrix in matrices])


def _closest_pair(world: World) -> Iterator[Text]:
    pairs = _pairs(world.columns)
    values = _pair_values([relative(m.feature_dtw) for m in world.measures], pairs)
    items = [_pair_text(world.columns, pair) for pair in pairs]
    yield from _choices(values, CELL_MARGIN, items, {}, "closest_pair", largest=False)


def _most_correlated(world: World) -> Iterator[Text]:
    yield from _correlated(world, "most_correlated", largest=True)


def _least_correlated(world: World) -> Iterator[Text]:
    yield from _correlated(world, "least_correlated", largest=False)


def _correlated(world: World, seed: str, *, largest: bool) -> Iterator[Text]:
    pairs = _pairs(world.columns)
    values = _pair_values([m.feature_pearson for m in world.measures], pairs)
    items = [_pair_text(world.columns, pair) for pair in pairs]
    yield from _choices(values, PEARSON_MARGIN, items, {}, seed, largest=largest)


def _odd_column(world: World) -> Iterator[Text]:
    count = len(world.columns)
    if count < _OPTIONS:
        return
    values = np.array([relative(m.feature_dtw).sum(axis=1) / (count - 1) for m in world.measures])
    yield from _choices(values, CELL_MARGIN, list(world.columns), {}, "odd_column", largest=True)


def _span_relation(world: World) -> Iterator[Text]:
    spans = _spans(len(world.measures[0].time_pearson))
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
        subject = {"span": _span_text(spans[i]), "other": _span_text(spans[j])}
        yield _classes(right, ("alike", "opposite", "unrelated"), subject)


def _returning_span(world: World) -> Iterator[Text]:
    spans = _spans(len(world.measures[0].time_dtw))
    means = np.array([block_means(relative(m.time_dtw), spans) for m in world.measures])
    for i, span in enumerate(spans):
        others = [j for j in range(len(spans)) if j != i]
        yield from _choices(
            means[:, i, others],
            MEAN_MARGIN,
            [_span_text(spans[j]) for j in others],
            {"span": _span_text(span)},
            f"returning_span {i}",
            largest=False,
        )


def _odd_span(world: World) -> Iterator[Text]:
    spans = _spans(len(world.measures[0].time_dtw))
    values = []
    for each in world.measures:
        means = block_means(relative(each.time_dtw), spans)
        np.fill_diagonal(means, 0.0)
        values.append(means.sum(axis=1) / (len(spans) - 1))
    items = [_span_text(span) for span in spans]
    yield from _choices(np.array(values), MEAN_MARGIN, items, {}, "odd_span", largest=True)


def _break(world: World) -> Iterator[Text]:
    steps = [stop for _, stop in _spans(len(world.measures[0].time_dtw))[:-1]]
    values = np.array(
        [[contrast(relative(m.time_dtw), step) for step in steps] for m in world.measures]
    )
    items = [f"step {step}" for step in steps]
    yield from _choices(values, CONTRAST_MARGIN, items, {}, "break", largest=True)


def _frame_distances(world: World) -> Values:
    """(windows, patches, F, F): the feature DTW of each frame on the scale of its colours."""
    return np.array([[relative(part) for part in m.patch_feature_dtw] for m in world.measures])


def _frame_pair(world: World) -> Iterator[Text]:
    pairs = _pairs(world.columns)
    frames = _frame_distances(world)
    items = [_pair_text(world.columns, pair) for pair in pairs]
    for part in range(frames.shape[1]):
        yield from _choices(
            _pair_values(list(frames[:, part]), pairs),
            CELL_MARGIN,
            items,
            {"part": part + 1},
            f"frame_pair {part}",
            largest=False,
        )


def _pearson_part(world: World) -> Iterator[Text]:
    frames = np.array([m.patch_feature_pearson for m in world.measures])
    items = [f"part {part + 1}" for part in range(frames.shape[1])]
    for a, b in _pairs(world.columns):
        yield from _choices(
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
    pairs = list(itertools.combinations(_pairs(world.columns), 2))
    pairs.sort(key=lambda two: stable_hash(seed, *(world.columns[i] for pair in two for i in pair)))
    for first, second in pairs[:_MENUS]:
        ahead = frames[:, :, second[0], second[1]] - frames[:, :, first[0], first[1]]
        clear = np.where(np.abs(ahead) >= CELL_MARGIN, ahead, np.nan)
        subject: dict[str, object] = {
            "pair": _pair_text(world.columns, first),
            "rival": _pair_text(world.columns, second),
        }
        yield subject, ahead, clear


def _count_parts(world: World) -> Iterator[Text]:
    parts = world.measures[0].patch_feature_dtw.shape[0]
    if parts < _OPTIONS - 1:
        return
    edges = [round(i * (parts + 1) / _OPTIONS) for i in range(_OPTIONS + 1)]
    bins = list(itertools.pairwise(edges))
    options = tuple(f"{low}" if high - low == 1 else f"{low} to {high - 1}" for low, high in bins)
    for subject, ahead, clear in _rivals(world, "count_parts"):
        right = {}
        for w in np.flatnonzero(np.isfinite(clear).all(axis=1)):
            count = int((ahead[w] > 0).sum())
            right[int(w)] = next(i for i, (low, high) in enumerate(bins) if low <= count < high)
        yield _classes(right, options, subject)


def _first_part(world: World) -> Iterator[Text]:
    parts = world.measures[0].patch_feature_dtw.shape[0]
    if parts < 3:
        return
    options = ("part 1", "part 2", "a later part", "no part")
    for subject, ahead, clear in _rivals(world, "first_part"):
        right = {}
        for w in range(len(ahead)):
            closer = np.flatnonzero(ahead[w] > 0)
            first = int(closer[0]) if closer.size else parts
            # What comes after the first such part does not matter, and need not be clear.
            if np.isfinite(clear[w, : first + 1]).all():
                right[w] = 3 if first == parts else min(first, 2)
        yield _classes(right, options, subject)


def _drift(world: World) -> Iterator[Text]:
    frames = _frame_distances(world)
    options = ("they come together", "they drift apart")
    if frames.shape[1] < 4:
        return
    for a, b in _pairs(world.columns):
        right = {}
        for w, values in enumerate(frames[:, :, a, b]):
            rho = rank_correlation(values)
            # Rounded to the margin, ranks must say the same: a reader cannot do better.
            rounded = rank_correlation(np.round(values / CELL_MARGIN))
            if min(abs(rho), abs(rounded)) >= 0.6 and rho * rounded > 0:
                right[w] = int(rho > 0)
        yield _classes(right, options, {"a": world.columns[a], "b": world.columns[b]})


def _same_window(world: World) -> Iterator[Text]:
    right = {}
    for w, (own, partner) in enumerate(zip(world.measures, world.partner, strict=True)):
        if partner == w:
            continue
        true = match_score(own, own)
        # A window whose neighbour looks the same is not asked about.
        if true >= 0.85 and match_score(own, world.measures[partner]) <= 0.6:
            right[w] = int(world.coin[w])
    yield _classes(right, ("yes", "no"), {}, uses_partner="video")


def _which_figure(world: World) -> Iterator[Text]:
    for a, b in _pairs(world.columns):
        right = {}
        for w, partner in enumerate(world.partner):
            difference = (
                world.measures[w].feature_pearson[a, b]
                - world.measures[partner].feature_pearson[a, b]
            )
            if partner != w and abs(difference) >= PEARSON_MARGIN:
                right[w] = int(difference < 0)
        subject = {"a": world.columns[a], "b": world.columns[b]}
        yield _classes(right, ("the first picture", "the second picture"), subject, "figure")


PICTURE_TASKS: Final[Mapping[str, PictureTask]] = {
    task.name: task
    for task in (
        PictureTask(
            "closest_pair",
            1,
            ("figure",),
            "the pair with the smallest Feature DTW distance",
            _closest_pair,
        ),
        PictureTask(
            "most_correlated",
            1,
            ("figure",),
            "the pair with the largest Feature Pearson correlation",
            _most_correlated,
        ),
        PictureTask(
            "least_correlated",
            1,
            ("figure",),
            "the pair with the smallest Feature Pearson correlation",
            _least_correlated,
        ),
        PictureTask(
            "span_relation",
            1,
            ("figure",),
            "the mean Time Pearson correlation between two spans: alike from 0.35, opposite to "
            "-0.35, unrelated within 0.1 of zero",
            _span_relation,
        ),
        PictureTask(
            "odd_column",
            2,
            ("figure",),
            "the column with the largest mean Feature DTW distance to all other columns",
            _odd_column,
        ),
        PictureTask(
            "returning_span",
            2,
            ("figure",),
            "the span with the smallest mean Time DTW distance to the span named",
            _returning_span,
        ),
        PictureTask(
            "odd_span",
            2,
            ("figure",),
            "the span, of the eight of a window, with the largest mean Time DTW distance to the "
            "other seven",
            _odd_span,
        ),
        PictureTask(
            "break",
            2,
            ("figure",),
            "the step with the largest two-block contrast of Time DTW: mean distance between the "
            "steps before it and those from it on, less the mean distance within the two sides",
            _break,
        ),
        PictureTask(
            "frame_pair",
            3,
            ("video",),
            "the pair with the smallest Feature DTW distance in one frame",
            _frame_pair,
        ),
        PictureTask(
            "pearson_part",
            3,
            ("video",),
            "the frame in which the Feature Pearson correlation of two columns is largest",
            _pearson_part,
        ),
        PictureTask(
            "count_parts",
            3,
            ("video",),
            "the number of frames in which one pair has a smaller Feature DTW distance than "
            "another",
            _count_parts,
        ),
        PictureTask(
            "first_part",
            3,
            ("video",),
            "the first frame in which one pair has a smaller Feature DTW distance than another",
            _first_part,
        ),
        PictureTask(
            "drift",
            3,
            ("video",),
            "the sign of Spearman's rank correlation between the number of the frame and the "
            "Feature DTW distance of two columns on the scale of that frame's colours, from 0.6",
            _drift,
        ),
        PictureTask(
            "same_window",
            4,
            ("figure", "video"),
            "whether figure and video were drawn from the same rows",
            _same_window,
        ),
        PictureTask(
            "which_figure",
            4,
            ("figure",),
            "the figure, of two, with the larger Feature Pearson correlation of two columns",
            _which_figure,
        ),
    )
}
"""All picture tasks by name, easiest level first."""

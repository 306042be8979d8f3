"""Questions about two columns: which move together, which follows which.

What belongs here: their definitions, answers and checks. What does not: questions about one column
(`questions`), wording (`templates/`).

* together: the two columns with the smallest number in the Feature DTW panel, which have the most
  similar course in time, and the two with the largest in the Feature Pearson panel, which have the
  most similar rhythm (FFT magnitudes). Read off the figure, so only of the columns that its
  feature panels show; constant columns are left out. Not asked if two pairs have the same number
  as printed, or if fewer than three columns vary.
* lag: the shift k, from -n/4 to n/4 steps (rounded down) of n, at which the Pearson correlation of
  a[t] and b[t + k], over the steps where both exist, is largest; then b follows a by k steps. Asked
  of two columns whose correlation is at least 0.5 there, and less by 0.01 or more at every other
  shift, and where k is not the largest shift that was tried. The prompt holds both columns' values.
  Of more than 100 columns that vary, pairs of 100 are looked at, which the sample's id decides.
"""

import itertools
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.figures.dependence import STD_OFFSET, feature_matrices
from zwu_ts_assets.training.numbers import NUMBER, number_problem, number_text, values_block
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task import (
    Question,
    Task,
    answer_groups,
    by_hash,
    first_problem,
    varying,
    varying_in_panels,
)
from zwu_ts_assets.training.task_settings import TaskSettings

Pair = tuple[int, int]
Matrix = NDArray[np.float64]

_DTW_DECIMALS: Final = 1  # as in the figure
_PEARSON_DECIMALS: Final = 2
_LEAST_CORRELATION: Final = 0.5
_LEAD: Final = 0.01
_SLACK: Final = 1e-6
_LAG_COLUMNS: Final = 100
_PAIRS_AT_ONCE: Final = 10_000


def pair_values(matrix: Matrix, columns: Sequence[int]) -> dict[Pair, float]:
    """The numbers of a symmetric matrix above its diagonal, by the columns that it is of.

    Args:
        matrix: (n, n), of all columns or of some.
        columns: Its n columns, by their place in the table.
    """
    numbers = matrix[np.triu_indices(len(columns), 1)].tolist()
    return dict(zip(itertools.combinations(columns, 2), numbers, strict=True))


def spectral_pearson(values: Matrix) -> Matrix:
    """The Feature Pearson panel, (F, F), computed in another way than `dependence` does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spectrum = np.abs(np.fft.fft(_z(values), axis=0)[: len(values) // 2 + 1])
        return np.atleast_2d(np.corrcoef(spectrum, rowvar=False))


def dtw_distances(values: Matrix, pairs: Sequence[Pair]) -> list[float]:
    """DTW between standardised columns, by anti-diagonals of all pairs at once.

    The definition of `dependence`; that one uses compiled code, this one nothing but numpy.
    """
    z = _z(values)
    found: list[float] = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):  # 8 MB an array for 96 rows
        chosen = pairs[start : start + _PAIRS_AT_ONCE]
        found += _dtw_of_pairs(z[:, [a for a, _ in chosen]], z[:, [b for _, b in chosen]])
    return found


def _dtw_of_pairs(left: Matrix, right: Matrix) -> list[float]:
    n = len(left)
    # costs[i] is D[i, d - i] on the anti-diagonal d; row 0 and column 0 are infinite borders.
    before = np.full((n + 1, left.shape[1]), np.inf)
    current = before.copy()
    before[0] = 0.0  # D[0, 0], on the diagonal 0; the diagonal 1 is all border
    for d in range(2, 2 * n + 1):
        i = np.arange(max(1, d - n), min(n, d - 1) + 1)
        cost = np.abs(left[i - 1] - right[d - i - 1])
        following = np.full_like(before, np.inf)
        following[i] = cost + np.minimum(np.minimum(current[i - 1], current[i]), before[i - 1])
        before, current = current, following
    return [float(distance) for distance in current[n]]


def _z(values: Matrix) -> Matrix:
    z: Matrix = (values - values.mean(axis=0)) / (values.std(axis=0) + STD_OFFSET)
    return z


def _together_answer(sample: Sample) -> str | None:
    moving = varying_in_panels(sample)
    if len(moving) < 3:
        return None
    matrices = feature_matrices(sample.past, moving)
    distances = pair_values(matrices.dtw, moving)
    likeness = pair_values(matrices.pearson, moving)
    nearest = _only({pair: -value for pair, value in distances.items()}, _DTW_DECIMALS)
    alike = _only(likeness, _PEARSON_DECIMALS)
    if nearest is None or alike is None:
        return None
    names = sample.features
    distance = number_text(distances[nearest], _DTW_DECIMALS)
    correlation = number_text(likeness[alike], _PEARSON_DECIMALS)
    return (
        f"{names[nearest[0]]} and {names[nearest[1]]} have the most similar course, with a DTW "
        f"distance of {distance}; {names[alike[0]]} and {names[alike[1]]} have the most similar "
        f"rhythm, with a Pearson correlation of {correlation}."
    )


def _only(values: dict[Pair, float], decimals: int) -> Pair | None:
    """The pair with the largest number as printed; None if several have it."""
    printed = {pair: float(number_text(value, decimals)) for pair, value in values.items()}
    largest = max(printed.values())
    best = [pair for pair, value in printed.items() if value == largest]
    return best[0] if len(best) == 1 else None


def _ask_together(sample: Sample, settings: TaskSettings) -> Question | None:
    answer = _together_answer(sample)
    return None if answer is None else Question(answer)


def _check_together(sample: Sample, answer: str, settings: TaskSettings) -> str:
    names = sample.features
    moving = varying_in_panels(sample)
    pairs = list(itertools.combinations(moving, 2))
    if len(pairs) < 3:
        return f"sample {sample.id} has fewer than three columns that vary"
    distances = dict(zip(pairs, dtw_distances(sample.past, pairs), strict=True))
    pearson = spectral_pearson(sample.past)
    nearest = min(distances, key=distances.__getitem__)
    alike = max(pairs, key=lambda pair: float(pearson[pair]))
    groups = answer_groups(
        rf"(.+) have the most similar course, with a DTW distance of ({NUMBER}); (.+) have the "
        rf"most similar rhythm, with a Pearson correlation of ({NUMBER})\.",
        answer,
    )
    if groups is None:
        return f"found {answer!r}, expected the columns with the most similar course and rhythm"
    near, like = (f"{names[a]} and {names[b]}" for a, b in (nearest, alike))
    slack = _SLACK * len(sample.past)
    return first_problem(
        (
            ("course", "" if groups[0] == near else f"found {groups[0]}, expected {near}"),
            ("course", number_problem(groups[1], distances[nearest], _DTW_DECIMALS, slack)),
            ("rhythm", "" if groups[2] == like else f"found {groups[2]}, expected {like}"),
            ("rhythm", number_problem(groups[3], float(pearson[alike]), _PEARSON_DECIMALS, _SLACK)),
        )
    )


def most_shift(length: int) -> int:
    """The largest shift that `lag` tries, in steps."""
    return length // 4


def _shifted(a: Matrix, b: Matrix, k: int) -> tuple[Matrix, Matrix]:
    """The steps t at which a[t] and b[t + k] both exist."""
    return (a[: len(a) - k], b[k:]) if k >= 0 else (a[-k:], b[: len(b) + k])


def _correlations(a: Matrix, b: Matrix) -> dict[int, float]:
    """Pearson correlation by shift; -1 where a part is constant, which has none."""
    found = {}
    for k in range(-most_shift(len(a)), most_shift(len(a)) + 1):
        one, other = (part - part.mean() for part in _shifted(a, b, k))
        norm = float(np.sqrt((one @ one) * (other @ other)))
        found[k] = float(one @ other) / norm if norm > 0 else -1.0
    return found


def _lag_answer(names: tuple[str, str], a: Matrix, b: Matrix) -> str | None:
    # Scaled, so that squares neither vanish nor overflow.
    correlations = _correlations(a / np.abs(a).max(), b / np.abs(b).max())
    ranked = sorted(correlations.values(), reverse=True)
    best = max(correlations, key=correlations.__getitem__)
    unclear = ranked[0] < _LEAST_CORRELATION or ranked[0] - ranked[1] < _LEAD
    if unclear or abs(best) == most_shift(len(a)):
        return None
    text = number_text(ranked[0], 2)
    if best == 0:
        return (
            f"{names[0]} and {names[1]} move without a lag: their correlation is highest at shift "
            f"0 with {text}."
        )
    leader, follower = names if best > 0 else names[::-1]
    steps = f"{abs(best)} step" + "s" * (abs(best) > 1)
    return f"{follower} follows {leader} by {steps}, with a correlation of {text}."


def _chosen_pair(sample: Sample) -> tuple[Pair, str] | None:
    moving = varying(sample.past)
    if len(moving) > _LAG_COLUMNS:  # of half a million pairs, choosing one would take minutes
        moving = sorted(by_hash(sample.id, "lag columns", moving)[:_LAG_COLUMNS])
    pairs = itertools.combinations(moving, 2)
    for a, b in by_hash(sample.id, "lag", pairs):
        names = (sample.features[a], sample.features[b])
        answer = _lag_answer(names, sample.past[:, a], sample.past[:, b])
        if answer is not None:
            return (a, b), answer
    return None


def _ask_lag(sample: Sample, settings: TaskSettings) -> Question | None:
    chosen = _chosen_pair(sample)
    if chosen is None:
        return None
    (a, b), answer = chosen
    return Question(
        answer,
        {
            "features_asked": (sample.features[a], sample.features[b]),
            "values": tuple(values_block(sample.past[:, i], settings.decimals) for i in (a, b)),
            "most_shift": most_shift(len(sample.past)),
        },
    )


def _check_lag(sample: Sample, answer: str, settings: TaskSettings) -> str:
    chosen = _chosen_pair(sample)
    if chosen is None:
        return f"sample {sample.id} has no two columns with an unambiguous lag"
    a, b = chosen[0]
    one, other = re.escape(sample.features[a]), re.escape(sample.features[b])
    shift, text = 0, ""
    still = rf"{one} and {other} move without a lag: their correlation is highest at shift 0 with "
    if groups := answer_groups(rf"{still}({NUMBER})\.", answer):
        text = groups[0]
    for pattern, sign in (((other, one), 1), ((one, other), -1)):
        follows = rf"{pattern[0]} follows {pattern[1]} by ([0-9]+) steps?, with a correlation of "
        if groups := answer_groups(rf"{follows}({NUMBER})\.", answer):
            shift, text = sign * int(groups[0]), groups[1]
    if not text:
        return f"found {answer!r}, expected which of {one} and {other} follows by how many steps"
    values = [sample.past[:, column].tolist() for column in (a, b)]
    length = len(sample.past)
    correlations = {}
    for k in range(-(length // 4), length // 4 + 1):
        steps = [t for t in range(length) if 0 <= t + k < length]
        parts = [values[0][t] for t in steps], [values[1][t + k] for t in steps]
        if all(len(set(part)) > 1 for part in parts):
            correlations[k] = float(np.corrcoef(parts)[0, 1])
    best = max(correlations, key=correlations.__getitem__)
    if shift != best:
        return f"found a lag of {shift} steps, expected {best}"
    return number_problem(text, correlations[best], 2, _SLACK)


TOGETHER = Task(
    "together",
    "the two columns with the most similar course in time (least DTW distance), and the two with "
    "the most similar rhythm (largest Pearson correlation of FFT magnitudes), off the figure",
    _ask_together,
    _check_together,
)
LAG = Task(
    "lag",
    "which of two columns follows the other by how many steps, by cross-correlation",
    _ask_lag,
    _check_lag,
)

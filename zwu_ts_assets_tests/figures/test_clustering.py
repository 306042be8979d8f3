"""Columns that stand for all: average linkage written out, and what must not change the choice."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import (
    WHOLE,
    choose_columns,
    column_distances,
    leaf_clusters,
)


def plain_linkage(distances: NDArray[np.int64], count: int) -> list[list[int]]:
    """Average linkage by its definition, over all pairs of members, in exact fractions."""

    def apart(a: list[int], b: list[int]) -> Fraction:
        return Fraction(sum(int(distances[i, j]) for i in a for j in b), len(a) * len(b))

    clusters = [[i] for i in range(len(distances))]  # each in the order of its leaves
    cut: list[list[int]] = []
    while True:
        if len(clusters) == count:
            cut = [sorted(cluster) for cluster in clusters]
        if len(clusters) == 1:
            break
        ordered = sorted(clusters, key=min)
        one, other = min(itertools.combinations(ordered, 2), key=lambda pair: apart(*pair))
        clusters = [c for c in clusters if c not in (one, other)] + [one + other]
    (leaves,) = clusters
    return sorted(cut, key=lambda cluster: leaves.index(cluster[0]))


@st.composite
def symmetric(draw: st.DrawFn) -> NDArray[np.int64]:
    """Few different distances, so that there are many ties."""
    count = draw(st.integers(1, 9))
    most = draw(st.sampled_from([2, 5, WHOLE]))
    flat = draw(st.lists(st.integers(0, most), min_size=count**2, max_size=count**2))
    upper = np.triu(np.array(flat, dtype=np.int64).reshape(count, count), 1)
    return upper + upper.T


@settings(max_examples=150, deadline=None)
@given(symmetric(), st.data())
def test_clusters_are_those_of_average_linkage_in_the_order_of_its_leaves(
    distances: NDArray[np.int64], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(distances)))
    assert leaf_clusters(distances, count) == plain_linkage(distances, count)


def groups(rows: int = 200) -> NDArray[np.float64]:
    """Columns 0, 2, 4 follow one course, 1 and 5 another, 6 mirrors it; 3 and 7 are constant."""
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, rows)).cumsum(axis=1)
    noise = random.normal(size=(5, rows)) * np.array([[0.1], [0.5], [0.5], [0.1], [0.1]])
    columns = [first + noise[0], second, first + noise[1], np.full(rows, 4.0)]
    columns += [first + noise[2], 2 * second + noise[3], 5 - second + noise[4], np.zeros(rows)]
    return np.stack(columns, axis=1)


def test_alike_columns_are_one_cluster_and_its_middle_stands_for_it() -> None:
    chosen = choose_columns(groups(), 3)
    assert chosen.sizes == (3, 3, 2)
    assert chosen.columns[0] == 0  # nearest to both others, which have more noise
    assert chosen.columns[1] in (1, 5, 6)  # a column that mirrors another tells the same
    assert chosen.columns[2] == 3  # of the constant ones the first
    labels = chosen.labels([f"c{i}" for i in range(8)])
    assert labels[0] == "c0 +2"
    assert labels[2] == "c3 +1"


def test_a_constant_column_is_as_far_from_all_others_as_if_uncorrelated() -> None:
    distances = column_distances(groups())
    assert distances[3, 7] == distances[3, 3] == 0
    assert (distances[3, [0, 1, 2, 4, 5, 6]] == WHOLE).all()
    assert (distances == distances.T).all()
    assert distances[0, 2] < WHOLE / 100
    # As numpy has it, in whole millionths.
    varying = [0, 1, 2, 4, 5, 6]
    expected = (1 - np.abs(np.corrcoef(groups()[:, varying], rowvar=False))) * WHOLE
    assert np.abs(distances[np.ix_(varying, varying)] - expected).max() <= 0.5 + 1e-6


def test_units_and_offsets_do_not_change_the_choice() -> None:
    values = groups()
    scaled = values * 2.0 ** np.arange(-400.0, 400.0, 100.0) - np.arange(8.0)
    assert choose_columns(values[:, :3], 2) == choose_columns(values[:, :3] * 1e3 - 7, 2)
    assert np.abs(column_distances(values) - column_distances(values * -3.0)).max() <= 1
    assert choose_columns(scaled, 4).columns  # neither overflows nor vanishes


def test_only_the_order_of_the_columns_breaks_ties() -> None:
    """Equal columns: the lowest stand for the others."""
    same = np.tile(np.arange(10.0)[:, None], (1, 5))
    assert choose_columns(same, 2).columns == (0, 4)
    assert choose_columns(same, 2).sizes == (4, 1)
    assert choose_columns(np.ones((10, 5)), 2).columns == (0, 4)


def test_a_thousand_columns_are_clustered() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(96, 30))[:, random.integers(0, 30, 1000)]
    values += 0.01 * random.normal(size=values.shape)
    chosen = choose_columns(values, 30)
    assert sum(chosen.sizes) == 1000
    assert len(set(chosen.columns)) == 30


@pytest.mark.parametrize("most", [0, 8, 9])
def test_as_many_as_there_are_cannot_be_chosen(most: int) -> None:
    with pytest.raises(CorpusError, match=f"{most} of 8 columns are to be chosen"):
        choose_columns(groups(), most)


def test_columns_are_not_chosen_by_what_is_no_number() -> None:
    values = groups()
    values[5, 1] = np.nan
    with pytest.raises(CorpusError, match="expected finite ones of at least two rows"):
        choose_columns(values, 3)
    with pytest.raises(CorpusError, match="at least two rows"):
        choose_columns(values[:1], 3)

"""A selection: its labels, its JSON, and its place in a window."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.windows import (
    Selection,
    Window,
    content_digest,
    read_selection,
    selection_json,
)

SELECTIONS = st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True).flatmap(
    lambda columns: st.builds(
        Selection,
        st.just(tuple(columns)),
        st.tuples(*[st.integers(1, 900) for _ in columns]),
    )
)


def test_a_label_says_for_how_many_more_a_column_stands() -> None:
    chosen = Selection((2, 0), (5, 1))
    assert chosen.names(("a", "b", "c")) == ("c", "a")
    assert chosen.labels(("a", "b", "c")) == ("c +4", "a")


@given(SELECTIONS)
def test_json_gives_the_selection_again(selection: Selection) -> None:
    assert read_selection(selection_json(selection)) == selection


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"columns": [1]}', '{"columns": 3, "sizes": 4}', "[" * 10_000]
)
def test_what_is_no_selection_is_refused(text: str) -> None:
    with pytest.raises(CorpusError, match="the file is damaged; materialize it again"):
        read_selection(text)


@pytest.mark.parametrize(
    ("columns", "sizes"), [((), ()), ((1, 1), (1, 1)), ((1,), ()), ((-1,), (1,)), ((1,), (0,))]
)
def test_a_selection_has_columns_each_once_with_a_size(
    columns: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    with pytest.raises(CorpusError, match="expected at least one column, each once"):
        Selection(columns, sizes)


def test_a_selection_of_another_table_is_refused() -> None:
    with pytest.raises(CorpusError, match="column 3 is to be shown, but there are 2 columns"):
        Selection((3,), (1,)).names(("a", "b"))


def test_the_digest_of_a_window_tells_every_change_of_its_selection() -> None:
    hours = np.arange(4).astype("datetime64[s]")
    window = Window(0, hours, np.zeros((4, 3)), ("a", "b", "c"), 0)
    selections = [None, Selection((0, 1), (1, 2)), Selection((1, 0), (1, 2))]
    selections += [Selection((0, 1), (2, 1)), Selection((0, 2), (1, 2))]
    digests = [content_digest(replace(window, shown=shown)) for shown in selections]
    assert len(set(digests)) == 5
    assert digests[0] == content_digest(window)

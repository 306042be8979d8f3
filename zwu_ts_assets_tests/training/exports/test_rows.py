"""A row is held against its schema, and the first difference is told where it is."""

from typing import Any

import pytest

from zwu_ts_assets.training.exports.rows import Schema, mismatch

SCHEMA: Schema = {"id": str, "n": int, "rows": [[float]], "turns": [{"role": str}]}


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "a", "n": 1, "rows": [[1.0], []], "turns": [{"role": "x"}]} | changes


@pytest.mark.parametrize("value", [row(), row(rows=[]), row(turns=[])])
def test_a_fitting_row_has_no_mismatch(value: dict[str, Any]) -> None:
    assert mismatch(value, SCHEMA) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "the row is [], expected an object"),
        (row(id=None), "id is None, expected a text"),
        (row(n=True), "n is True, expected a whole number"),
        (row(n=1.0), "n is 1.0, expected a whole number"),
        (row(rows=[[1]]), "rows[0][0] is 1, expected a number"),
        (row(rows="x"), "rows is 'x', expected a list"),
        (row(turns=[{"role": 1}]), "turns[0].role is 1, expected a text"),
        (row(turns=[{}]), "turns[0] has the columns [], expected ['role']"),
        (row(x=1), "the row has the columns ['id', 'n', 'rows', 'turns', 'x'], expected"),
        (dict(reversed(row().items())), "the row has the columns ['turns', 'rows', 'n', 'id']"),
    ],
)
def test_a_difference_is_told(value: Any, said: str) -> None:
    assert mismatch(value, SCHEMA).startswith(said)

"""The shape of a row, as plain data, and holding a row against it.

What belongs here: the small language in which each format says what its rows look like. What does
not: any format's shape.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Any

# A type, or one that may be missing (`int | None`); a list with one element, the schema of all
# elements; or a mapping of exactly these keys.
Schema = type | UnionType | list[Any] | Mapping[str, Any]

_NAMES = {str: "a text", int: "a whole number", float: "a number"}


def mismatch(value: Any, schema: Schema, at: str = "the row") -> str:
    """How a value that came out of JSON differs from its schema; empty if it does not.

    Keys must be the same and in the same order: loaders that infer columns from the first row
    otherwise find other columns in the next.
    """
    if isinstance(schema, list):
        if not isinstance(value, list):
            return f"{at} is {_told(value)}, expected a list"
        if isinstance(schema[0], type) and all(type(each) is schema[0] for each in value):
            return ""  # long lists of numbers, which are most of a row
        problems = (mismatch(each, schema[0], f"{at}[{i}]") for i, each in enumerate(value))
        return next(filter(None, problems), "")
    if isinstance(schema, Mapping):
        if not isinstance(value, dict):
            return f"{at} is {_told(value)}, expected an object"
        if list(value) != list(schema):
            return f"{at} has the columns {list(value)}, expected {list(schema)}"
        inner = "" if at == "the row" else f"{at}."
        problems = (mismatch(value[key], schema[key], f"{inner}{key}") for key in schema)
        return next(filter(None, problems), "")
    if isinstance(schema, UnionType):
        return "" if value is None else mismatch(value, schema.__args__[0], at)
    if type(value) is not schema:  # a bool is no whole number here
        return f"{at} is {_told(value)}, expected {_NAMES[schema]}"
    return ""


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

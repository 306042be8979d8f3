"""How numbers are written in prompts and answers, and read back.

What belongs here: the one text form of numbers. What does not: which numbers.

A number has a fixed count of decimals and no exponent, `12.70`, and a zero has no sign. Fixed
decimals cost the same tokens at each step (the tokenizer of Qwen takes digits one by one) and keep
the digits of a column at the same place, which is what a model has to learn. Reading a number gives
the value back within half a unit of the last decimal.
"""

from collections.abc import Iterable
from typing import Final

NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?"
"""A pattern for one number."""

VALUES_PER_LINE: Final = 10


def number_text(value: float, decimals: int) -> str:
    """A finite number with a fixed count of decimals, correctly rounded; never `-0.00`."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def values_text(values: Iterable[float], decimals: int) -> str:
    """Numbers with one space between them."""
    return " ".join(number_text(value, decimals) for value in values)


def values_block(values: Iterable[float], decimals: int) -> str:
    """Numbers in lines of ten, each line beginning with the step of its first number.

    A model that has to name a step then counts to ten at most.
    """
    texts = [number_text(value, decimals) for value in values]
    return "\n".join(
        f"{step}: {' '.join(texts[step : step + VALUES_PER_LINE])}"
        for step in range(0, len(texts), VALUES_PER_LINE)
    )

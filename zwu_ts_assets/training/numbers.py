"""How numbers are written in prompts and answers, and read back.

What belongs here: the one text form of numbers. What does not: which numbers.

A number has a fixed count of decimals and no exponent, `12.70`, and a zero has no sign. Fixed
decimals cost the same tokens at each step (the tokenizer of Qwen takes digits one by one) and keep
the digits of a column at the same place, which is what a model has to learn. Reading a number gives
the value back within half a unit of the last decimal.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?"
"""A pattern for one number."""

_WHOLE_NUMBER: Final = re.compile(NUMBER)

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


def number_problem(text: str, value: float, decimals: int, slack: float = 0.0) -> str:
    """What is wrong with a written number.

    Args:
        text: What was written.
        value: What it should say.
        decimals: How many decimals it should have.
        slack: By how much `value` itself may be off, where it was computed another way.

    Returns:
        What was found and expected, as part of a sentence; empty if the text is right.
    """
    _, _, fraction = text.partition(".")
    if not _WHOLE_NUMBER.fullmatch(text) or len(fraction) != decimals:
        return f"found {text!r}, expected a number with {decimals} decimals"
    # Most numbers are far from the limit, and exact arithmetic takes ten times as long.
    if abs(value) < 1e6 and abs(float(text) - value) < 0.499 * 10.0**-decimals:
        return ""
    allowed = Decimal(10) ** -decimals / 2 + Decimal(slack)
    if abs(Decimal(text) - Decimal(value)) > allowed:
        return f"found {text}, expected {value!r} to {decimals} decimals"
    return ""

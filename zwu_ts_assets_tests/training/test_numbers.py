"""Numbers as text, and the text held against the number."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zwu_ts_assets.training.numbers import number_problem, number_text, values_block, values_text

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.integers(0, 9))
@example(2.675, 2)
@example(0.125, 2)
@example(-0.004, 2)
def test_a_number_is_read_back_within_half_a_unit(value: float, decimals: int) -> None:
    text = number_text(value, decimals)
    assert abs(Fraction(text) - Fraction(value)) <= Fraction(1, 2 * 10**decimals)
    assert number_problem(text, value, decimals) == ""
    assert "e" not in text
    assert len(text.partition(".")[2]) == decimals


@given(FINITE, st.integers(0, 9))
def test_the_next_number_is_told_apart(value: float, decimals: int) -> None:
    unit = Fraction(1, 10**decimals)
    wrong = Fraction(number_text(value, decimals)) + 2 * unit
    scaled = wrong * 10**decimals
    assert scaled.denominator == 1
    digits = str(abs(scaled.numerator)).zfill(decimals + 1)
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    text = ("-" if wrong < 0 else "") + whole + ("." + fraction if decimals else "")
    assert "expected" in number_problem(text, value, decimals)


def test_a_zero_has_no_sign() -> None:
    assert [number_text(v, 2) for v in (-0.0, -0.004, -0.005001, 0.0)] == [
        "0.00",
        "0.00",
        "-0.01",
        "0.00",
    ]
    assert number_text(-0.4, 0) == "0"


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.000", "1e2", " 1.00", "1.00\n", "nan", "+1.00"]
)
def test_another_form_is_a_problem(text: str) -> None:
    assert "expected a number with 2 decimals" in number_problem(text, 1.0, 2)


def test_values_stand_in_lines_of_ten() -> None:
    assert values_text([1.0, 2.555, -3], 1) == "1.0 2.6 -3.0"
    assert values_block(range(12), 0) == "0: 0 1 2 3 4 5 6 7 8 9\n10: 10 11"

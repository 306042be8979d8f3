"""Numbers as text, read back by exact arithmetic."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from zwu_ts_assets.training.picture.task import number_text, values_block, values_text

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.integers(0, 9))
@example(2.675, 2)
@example(0.125, 2)
@example(-0.004, 2)
def test_a_number_is_read_back_within_half_a_unit(value: float, decimals: int) -> None:
    text = number_text(value, decimals)
    assert abs(Fraction(text) - Fraction(value)) <= Fraction(1, 2 * 10**decimals)
    assert "e" not in text
    assert len(text.partition(".")[2]) == decimals


def test_a_zero_has_no_sign() -> None:
    assert [number_text(v, 2) for v in (-0.0, -0.004, -0.005001, 0.0)] == [
        "0.00",
        "0.00",
        "-0.01",
        "0.00",
    ]
    assert number_text(-0.4, 0) == "0"


def test_values_stand_in_lines_of_ten() -> None:
    assert values_text([1.0, 2.555, -3], 1) == "1.0 2.6 -3.0"
    assert values_block(range(12), 0) == "0: 0 1 2 3 4 5 6 7 8 9\n10: 10 11"

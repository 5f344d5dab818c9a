"""Bounds hold every value that can come out of an operation."""

from __future__ import annotations

import operator
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from vyrectl.ring.bounds import Bounds, binary_bounds, unary_bounds

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
near = st.integers(-9, 9) | st.integers(-(2**66), 2**66)


@st.composite
def values_in_bounds(draw: st.DrawFn, numbers: st.SearchStrategy[int]) -> tuple[Bounds, int]:
    low, value, high = sorted(draw(st.lists(numbers, min_size=3, max_size=3)))
    return Bounds(low, high), value


@settings(max_examples=600)
@given(st.sampled_from(sorted(OPERATORS)), st.data())
def test_no_result_leaves_its_bounds(sign: str, data: st.DataObject) -> None:
    left, one = data.draw(values_in_bounds(near))
    right, other = data.draw(values_in_bounds(st.integers(0, 127) if sign in ("<<", ">>") else near))
    if sign in ("//", "%") and other == 0:
        return
    low, high = binary_bounds(sign, left, right)
    assert low <= OPERATORS[sign](one, other) <= high


@given(st.sampled_from("+-~"), values_in_bounds(near))
def test_no_result_of_a_sign_leaves_its_bounds(sign: str, operand: tuple[Bounds, int]) -> None:
    functions: dict[str, Callable[[int], int]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
    low, high = unary_bounds(sign, operand[0])
    assert low <= functions[sign](operand[1]) <= high


@given(st.sampled_from(["//", "%"]), values_in_bounds(near), values_in_bounds(near))
def test_a_divisor_that_may_be_zero_lets_zero_out(
    sign: str, left: tuple[Bounds, int], right: tuple[Bounds, int]
) -> None:
    divisor = Bounds(min(right[0].low, 0), max(right[0].high, 1))
    low, high = binary_bounds(sign, left[0], divisor)
    assert low <= 0 <= high


@given(values_in_bounds(near))
def test_bits_and_int64(one: tuple[Bounds, int]) -> None:
    bounds, value = one
    assert -(2**bounds.bits) <= value < 2**bounds.bits
    if bounds.fits_int64:
        assert -(2**63) <= value < 2**63

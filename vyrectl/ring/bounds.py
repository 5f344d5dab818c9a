"""Bounds of whole-number expressions: from those of the operands to those of the result.

Standard library only. They hold every value that
can come out, and may hold a few more; `--where` chooses a width by them in which nothing can wrap.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

INT64_LOW = -(1 << 63)
INT64_HIGH = (1 << 63) - 1


class Bounds(NamedTuple):
    """The least and the greatest value that an expression can take."""

    low: int
    high: int

    @property
    def bits(self) -> int:
        """Bits of the longer of the two, its sign left aside."""
        return max(_bits(self.low), _bits(self.high))

    @property
    def is_constant(self) -> bool:
        """True when there is one value only."""
        return self.low == self.high

    @property
    def fits_int64(self) -> bool:
        """True when every value between them is an int64."""
        return self.low >= INT64_LOW and self.high <= INT64_HIGH


def unary_bounds(operator: str, one: Bounds) -> Bounds:
    """Bounds of ``-``, ``+`` or ``~`` applied to an expression."""
    if operator == "+":
        return one
    return Bounds(-one.high, -one.low) if operator == "-" else Bounds(~one.high, ~one.low)


def binary_bounds(operator: str, left: Bounds, right: Bounds) -> Bounds:
    """Bounds of a binary operation.

    Constants give a constant; a constant divisor must not be 0. Among several divisors a 0 is left out, since no
    value comes of it, and 0 is let in as the value that stands for it. A shift's amount must not be negative.
    """
    if left.is_constant and right.is_constant:
        value = _EXACT[operator](left.low, right.low)
        return Bounds(value, value)
    return _RULES[operator](left, right)


def _bits(value: int) -> int:
    return (value if value >= 0 else ~value).bit_length()


def _corners(combine: Callable[[int, int], int], left: Bounds, right: tuple[int, ...]) -> Bounds:
    values = [combine(one, other) for one, other in product(left, right)]
    return Bounds(min(values), max(values))


def _divisors(right: Bounds) -> tuple[int, ...]:
    return tuple(one for one in {right.low, right.high, -1, 1} if one and right.low <= one <= right.high)


def _add(left: Bounds, right: Bounds) -> Bounds:
    return Bounds(left.low + right.low, left.high + right.high)


def _subtract(left: Bounds, right: Bounds) -> Bounds:
    return Bounds(left.low - right.high, left.high - right.low)


def _multiply(left: Bounds, right: Bounds) -> Bounds:
    return _corners(int.__mul__, left, right)


def _divide(left: Bounds, right: Bounds) -> Bounds:
    return _with_zero(_corners(int.__floordiv__, left, _divisors(right)), right)


def _remain(left: Bounds, right: Bounds) -> Bounds:
    """A remainder has the divisor's sign and is nearer to 0; of two positive numbers it exceeds neither."""
    low, high = min(right.low + 1, 0), max(right.high - 1, 0)
    return Bounds(low, min(high, left.high) if left.low >= 0 <= right.low else high)


def _with_zero(bounds: Bounds, divisor: Bounds) -> Bounds:
    if divisor.low <= 0 <= divisor.high:
        return Bounds(min(bounds.low, 0), max(bounds.high, 0))
    return bounds


def _and(left: Bounds, right: Bounds) -> Bounds:
    """A number that is not negative bounds the result from above."""
    tops = [one.high for one in (left, right) if one.low >= 0]
    if tops:
        return Bounds(0, min(tops))
    return _any_bits(left, right)


def _any_bits(left: Bounds, right: Bounds) -> Bounds:
    span = 1 << max(left.bits, right.bits)
    return Bounds(0 if left.low >= 0 and right.low >= 0 else -span, span - 1)


def _shift_left(left: Bounds, right: Bounds) -> Bounds:
    return _corners(int.__lshift__, left, right)


def _shift_right(left: Bounds, right: Bounds) -> Bounds:
    return _corners(int.__rshift__, left, right)


_EXACT: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
    "&": int.__and__,
    "|": int.__or__,
    "^": int.__xor__,
    "<<": int.__lshift__,
    ">>": int.__rshift__,
}
_RULES: dict[str, Callable[[Bounds, Bounds], Bounds]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "//": _divide,
    "%": _remain,
    "&": _and,
    "|": _any_bits,
    "^": _any_bits,
    "<<": _shift_left,
    ">>": _shift_right,
}

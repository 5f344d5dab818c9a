"""Whether a comparison of an alert always holds, or never: by the bounds of its two sides. Standard library only.

The invariant: only what is true of any snapshot is found. Counts are 0 or more, their changes of any sign; what is
computed with a divisor that may be 0 has no bounds, since there is no value then.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

INFINITE = float("inf")


class Span(NamedTuple):
    """The least and the greatest value that a side can take."""

    low: float
    high: float


_ANY = Span(-INFINITE, INFINITE)
_COUNT = Span(0, INFINITE)


def foregone(tree: ast.Compare, delta: str) -> bool | None:
    """True for a chain that holds for any snapshot, False for none, None where that depends.

    Args:
        tree: A checked comparison or membership.
        delta: How the names of changes end.
    """
    answers: list[bool | None] = []
    left = tree.left
    for sign, right in zip(tree.ops, tree.comparators, strict=True):
        members = right.elts if isinstance(right, ast.Tuple | ast.List) else [right]
        if not members:
            return isinstance(sign, ast.NotIn)
        answers.append(_compared(sign, _span(left, delta), [_span(one, delta) for one in members]))
        left = right
    if False in answers:
        return False
    return None if None in answers else True


def _compared(sign: ast.cmpop, one: Span, others: list[Span]) -> bool | None:
    other = others[0]
    match sign:
        case ast.In() | ast.Eq():
            return False if all(_apart(one, each) for each in others) else _both(one, others)
        case ast.NotIn() | ast.NotEq():
            answer = _compared(ast.In(), one, others)
            return None if answer is None else not answer
        case ast.Lt():
            return _before(one, other)
        case ast.Gt():
            return _before(other, one)
        case ast.GtE():
            answer = _before(one, other)
            return None if answer is None else not answer
    answer = _before(other, one)
    return None if answer is None else not answer


def _before(one: Span, other: Span) -> bool | None:
    if one.high < other.low:
        return True
    return False if one.low >= other.high else None


def _apart(one: Span, other: Span) -> bool:
    return one.high < other.low or other.high < one.low


def _both(one: Span, others: list[Span]) -> bool | None:
    return True if one.low == one.high and one in others else None


def _span(tree: ast.expr, delta: str) -> Span:
    match tree:
        case ast.Constant(value=int(value)):
            return Span(value, value)
        case ast.Name(id=name):
            return _ANY if name.endswith(delta) else _COUNT
        case ast.UnaryOp(operand=operand):
            one = _span(operand, delta)
            return Span(-one.high, -one.low)
    assert isinstance(tree, ast.BinOp), "the language has no other numbers"
    return _computed(tree.op, _span(tree.left, delta), _span(tree.right, delta))


def _computed(op: ast.operator, one: Span, other: Span) -> Span:
    match op:
        case ast.Add():
            return Span(one.low + other.low, one.high + other.high)
        case ast.Sub():
            return Span(one.low - other.high, one.high - other.low)
        case ast.Mod() if other.low == other.high > 0:
            return Span(0, other.high - 1)
        case ast.Mult() | ast.FloorDiv() if one.low >= 0 and other.low == other.high > 0:
            return _COUNT
    return _ANY

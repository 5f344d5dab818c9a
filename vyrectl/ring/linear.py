"""Sums of whole-number expressions: what is left of a difference once the same terms on both sides are taken away.

Standard library only. The invariant: `difference` holds exactly, for any words; a part that is no sum is one term.
"""

from __future__ import annotations

from collections import Counter

from vyrectl.ring.bounds import Bounds
from vyrectl.ring.tree import Binary, Node, Number, Unary

_KEEPS_BY_ZERO = frozenset({"|", "^", "<<", ">>"})


def difference(left: Node, right: Node) -> Bounds:
    """Bounds of the left side less the right one."""
    terms = _terms(left)
    terms.subtract(_terms(right))
    low = high = 0
    for node, times in terms.items():
        one, other = (1, 1) if node is None else node.bounds
        low += min(one * times, other * times)
        high += max(one * times, other * times)
    return Bounds(low, high)


def _terms(node: Node) -> Counter[Node | None]:
    """Each term with the number that it is multiplied by; None stands for 1."""
    match node:
        case Number(value=value):
            return Counter({None: value})
        case Unary(operator=sign, operand=one):
            if sign == "+":
                return _terms(one)
            found = _times(_terms(one), -1)
            found[None] -= sign == "~"
            return found
        case Binary():
            return _of_binary(node)
    return Counter({node: 1})


def _of_binary(node: Binary) -> Counter[Node | None]:
    left, right, sign = node.left, node.right, node.operator
    if sign in ("+", "-"):
        found = _terms(left)
        found.update(_times(_terms(right), 1 if sign == "+" else -1))
        return found
    if sign == "*":
        for factor, other in ((left, right), (right, left)):
            if factor.bounds.is_constant:
                return _times(_terms(other), factor.bounds.low)
    if sign == "//" and right.bounds == Bounds(1, 1):
        return _terms(left)
    if sign in _KEEPS_BY_ZERO and right.bounds == Bounds(0, 0):
        return _terms(left)
    if sign in ("&", "|") and left == right:
        return _terms(left)
    return Counter() if sign == "^" and left == right else Counter({node: 1})


def _times(terms: Counter[Node | None], factor: int) -> Counter[Node | None]:
    return Counter({node: times * factor for node, times in terms.items()})

"""Conditions whose answer is foregone: what holds for no slot, or for every slot, whatever words a ring holds.

``tenant == -1``, ``flags & 1 == 2``, ``state == ready and state == done`` choose nothing, ``state != ready or state !=
done`` and ``age_ticks >= 0`` choose everything; each is the mark of a condition that says something else than was
meant. Standard library only.

The invariant: only what is true of any words whatever is found. It goes by the bounds of numbers, by bits that a mask
leaves out, and by the words that conditions on one column let through. A comparison whose number may be missing in a
row (`fault_name` of a slot that is not Faulted, a quotient whose divisor is 0) is never said to hold for every slot.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence

from vyrectl.abi.faults import FAULT
from vyrectl.ring.bounds import Bounds
from vyrectl.ring.linear import difference
from vyrectl.ring.tree import Binary, Column, Compare, Logic, Member, Node, Number, Unary

Words = tuple[tuple[int, int], ...]
"""Whole numbers, as ranges from the least to the greatest, apart from each other and in order."""

ORDER = frozenset({"<", "<=", ">", ">="})
"""Comparisons by order."""

_SIGNS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def foregone(node: Node) -> bool | None:
    """True when a condition holds for every slot, False when for none, None when that depends on the slot."""
    match node:
        case Logic(operator="not", operands=(one,)):
            answer = foregone(one)
            return None if answer is None else not answer
        case Logic(operator=sign, operands=parts):
            return _joined(sign == "or", [foregone(one) for one in parts])
        case Compare():
            answer = _joined(False, [link for _, link in links_of(node)])
            return _by_words(node) if answer is None else answer
        case Member():
            return _membership(node)
    return False if node.bounds == Bounds(0, 0) else None


def _by_words(node: Compare) -> bool | None:
    """The answer of a chain of comparisons with one column, from the words that all of them let through."""
    column, words = words_of(node) or (None, ())
    if column is None:
        return None
    if not words:
        return False
    return True if words == _all_of(column) and not may_be_missing(node) else None


def links_of(node: Compare) -> list[tuple[str, bool | None]]:
    """Each link of a chain: its sign, and whether it always holds, never, or depends."""
    left = node.first
    found = []
    for sign, right in node.links:
        found.append((sign, compared(sign, left, right)))
        left = right
    return found


def compared(sign: str, left: Node, right: Node) -> bool | None:
    """Whether a comparison always holds, never, or depends on the slot."""
    if _never(sign, left, right):
        return False
    if _never(_OPPOSITE[sign], left, right) and not (may_be_missing(left) or may_be_missing(right)):
        return True
    return None


def may_be_missing(node: Node) -> bool:
    """True when a row can be without the number, so that comparisons with it are false there."""
    match node:
        case Column(name=name):
            return name == FAULT
        case Unary(operand=one):
            return may_be_missing(one)
        case Binary(operator=sign, left=left, right=right):
            divides = sign in ("//", "%") and not right.bounds.is_constant
            return divides or may_be_missing(left) or may_be_missing(right)
        case Compare(first=first, links=links):
            return any(map(may_be_missing, (first, *(one for _, one in links))))
        case Member(operand=one, members=members):
            return any(map(may_be_missing, (one, *members)))
    return False


def _never(sign: str, left: Node, right: Node) -> bool:
    if left == right:
        return sign in ("!=", "<", ">")
    low, high = difference(left, right)
    match sign:
        case "==":
            return low > 0 or high < 0 or _out_of_bits(left, right) or _out_of_bits(right, left)
        case "!=":
            return low == high == 0
        case "<":
            return low >= 0
        case "<=":
            return low > 0
        case ">":
            return high <= 0
    return high < 0


def _out_of_bits(node: Node, number: Node) -> bool:
    """True when a number has bits that what it is compared with cannot have, or lacks some that it must have."""
    match node, number:
        case (
            Binary(operator="&" | "|" as sign, left=left, right=right),
            Number(value=value),
        ) if value >= 0:
            masks = [one.value for one in (left, right) if isinstance(one, Number) and one.value >= 0]
            return any((value & ~mask if sign == "&" else mask & ~value) != 0 for mask in masks)
    return False


def _joined(any_of: bool, answers: Sequence[bool | None]) -> bool | None:
    """Of alternatives one that is `any_of`, of conditions joined by and one that is not, decides."""
    if any_of in answers:
        return any_of
    return None if None in answers else not any_of


def _membership(node: Member) -> bool | None:
    answer = _joined(True, [compared("==", node.operand, one) for one in node.members])
    if answer is None or not node.negated:
        return answer
    return None if not answer and may_be_missing(node) else not answer


# --- the words that conditions on one column let through ---


def conflict(parts: Sequence[Node]) -> tuple[int, int] | None:
    """Places of two of several conditions of which no slot fulfils both; None when no two are like that."""
    return _pair(parts, lambda one, other, column: not meet(one, other))


def cover(parts: Sequence[Node]) -> tuple[int, int] | None:
    """Places of two of several conditions, one of which every slot fulfils; None when no two are like that."""

    def covers(one: Words, other: Words, column: Column) -> bool:
        return column.name != FAULT and not without(without(_all_of(column), one), other)

    return _pair(parts, covers)


def words_of(node: Node) -> tuple[Column, Words] | None:
    """The one column that a condition is about, and the words of it that it lets through; None for any other."""
    match node:
        case Compare(first=first, links=links):
            return _of_chain((first, *(one for _, one in links)), [sign for sign, _ in links])
        case Member(operand=Column() as column, members=members, negated=negated):
            values = [one.value for one in members if isinstance(one, Number)]
            if len(values) < len(members):
                return None
            inside: Words = _ordered((value, value) for value in values)
            whole = _all_of(column)
            return column, without(whole, inside) if negated else meet(whole, inside)
        case Logic(operator="not", operands=(one,)):
            found = words_of(one)
            if found is None or found[0].name == FAULT:
                return None
            return found[0], without(_all_of(found[0]), found[1])
    return None


def meet(one: Words, other: Words) -> Words:
    """The numbers that are in both."""
    found = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return _ordered((low, high) for low, high in found if low <= high)


def without(one: Words, other: Words) -> Words:
    """The numbers that are in the first alone."""
    left = list(one)
    for low, high in other:
        left = [
            part
            for a, b in left
            for part in ((a, min(b, low - 1)), (max(a, high + 1), b))
            if part[0] <= part[1]
        ]
    return _ordered(left)


def _all_of(column: Column) -> Words:
    return ((column.bounds.low, column.bounds.high),)


def _ordered(ranges: Iterable[tuple[int, int]]) -> Words:
    return tuple(sorted(set(ranges)))


def _pair(parts: Sequence[Node], answers: Callable[[Words, Words, Column], bool]) -> tuple[int, int] | None:
    seen: list[tuple[int, Column, Words]] = []
    for at, part in enumerate(parts):
        found = words_of(part)
        if found is None:
            continue
        column, words = found
        for before, other, others in seen:
            if other == column and answers(others, words, column):
                return before, at
        seen.append((at, column, words))
    return None


def _of_chain(operands: Sequence[Node], signs: Sequence[str]) -> tuple[Column, Words] | None:
    """A chain of comparisons of one column with numbers."""
    columns = {one for one in operands if isinstance(one, Column)}
    if len(columns) != 1 or not all(isinstance(one, Column | Number) for one in operands):
        return None
    (column,) = columns
    words: Words = _all_of(column)
    for left, sign, right in zip(operands, signs, operands[1:], strict=False):
        match left, right:
            case Column(), Number(value=value):
                words = meet(words, _range(sign, value, column.bounds))
            case Number(value=value), Column():
                words = meet(words, _range(_MIRRORED[sign], value, column.bounds))
            case Number(value=value), Number(value=other) if not _SIGNS[sign](value, other):
                words = ()
    return column, words


def _range(sign: str, value: int, bounds: Bounds) -> Words:
    low, high = bounds
    match sign:
        case "==":
            return ((value, value),)
        case "!=":
            return without(((low, high),), ((value, value),))
        case "<" | "<=":
            return ((low, value - (sign == "<")),)
    return ((value + (sign == ">"), high),)

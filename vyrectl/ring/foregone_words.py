"""What to say of a comparison whose answer is foregone: why it is, and what was probably meant. Standard library only.

The invariant: what is said to be meant is a condition whose answer is not foregone.
"""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.abi.limits import U32_MAX
from vyrectl.ring.foregone import compared
from vyrectl.ring.linear import difference
from vyrectl.ring.tree import Binary, Column, Compare, Node, Number

_LOOSER = {"<": "<=", ">": ">="}
_TIGHTER = {"<=": "<", ">=": ">"}


def why_foregone(node: Node, sides: Sequence[str]) -> str:
    """The rest of the sentence that says that a condition holds for no slot or for every one.

    Args:
        node: The condition.
        sides: What was compared, as it was typed; empty for anything but a comparison.
    """
    found = _link(node, sides)
    if found is None:
        return ""
    left, right, shown, other, _ = found
    if left == right:
        return f": {shown} is compared with itself"
    apart = difference(left, right)
    if apart.is_constant and not (left.bounds.is_constant and right.bounds.is_constant):
        same = "the same" if apart.low == 0 else f"{abs(apart.low)} apart"
        return f": {shown} and {other} are always {same}"
    if left.bounds.is_constant:
        left, right, shown, other = right, left, other, shown
    low, high = left.bounds
    if left.bounds.is_constant:
        return ""
    if right.bounds.is_constant and low <= right.bounds.low <= high and isinstance(left, Binary):
        return f": {other} has other bits than {shown}"
    return f": {shown} is {low} to {high}"


def meant_instead(node: Node, sides: Sequence[str], *, everything: bool) -> str | None:
    """What was probably meant, or what to do; None where nothing is likely."""
    found = _link(node, sides)
    if found is not None:
        left, right, shown, other, sign = found
        near = (_TIGHTER if everything else _LOOSER).get(sign)
        if near is not None and compared(near, left, right) is None:
            return f"Did you mean {shown} {near} {other}?"
        if not everything and isinstance(left, Column) and _is_negative_word(right, left):
            return f"Did you mean {shown} {sign} {right.bounds.low + U32_MAX + 1}? Words are unsigned"
        if (
            isinstance(left, Binary)
            and isinstance(right, Number)
            and left.operator == "&"
            and right.value > 0
        ):
            tested = shown.rpartition("&")[0].strip(" (")
            return f"Did you mean {tested} & {other}?" if tested else None
    return "Leave it out; where slots are to be chosen, --all chooses each" if everything else None


def _is_negative_word(number: Node, column: Column) -> bool:
    """True for a literal below 0 that a word holds as what is left of it in 32 bits."""
    low, high = number.bounds
    return (
        low == high
        and -8 <= low < 0
        and low + U32_MAX + 1 <= column.bounds.high
        and not isinstance(number, Binary)
    )


def _link(node: Node, sides: Sequence[str]) -> tuple[Node, Node, str, str, str] | None:
    """The first link of a chain whose answer is foregone: both sides, how they were typed, and the sign."""
    if not isinstance(node, Compare) or len(sides) != len(node.links) + 1:
        return None
    left = node.first
    for at, (sign, right) in enumerate(node.links):
        if compared(sign, left, right) is not None:
            return left, right, sides[at], sides[at + 1], sign
        left = right
    return None

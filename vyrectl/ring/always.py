"""Alternatives that hold for every slot: `state != ready or state != done`, typed for `state not in (ready, done)`.

The invariant: only what is true of any word whatever is found, by comparisons of one column with numbers alone;
`fault_name`, of which a slot that is not Faulted has none, is left out. Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.ring.tree import COLUMNS, Column, Compare, Member, Node, Number


def all_but_nothing(alternatives: Sequence[Node]) -> tuple[int, int] | None:
    """Places of two alternatives, one of which each word fulfils; None when no two are like that."""
    seen: list[tuple[int, str, frozenset[int]]] = []
    for at, one in enumerate(alternatives):
        found = _excluded(one)
        if found is None:
            continue
        column, words = found
        for before, other, excluded in seen:
            if other == column and not words & excluded:
                return before, at
        seen.append((at, column, words))
    return None


def _excluded(one: Node) -> tuple[str, frozenset[int]] | None:
    """Column and words of ``column != word`` and ``column not in (words)``; None for any other condition."""
    match one:
        case Compare(first=Column(name=name), links=(("!=", Number(value=word)),)) if name in COLUMNS:
            return name, frozenset({word})
        case Member(operand=Column(name=name), members=members, negated=True) if name in COLUMNS:
            words = [member.value for member in members if isinstance(member, Number)]
            return (name, frozenset(words)) if len(words) == len(members) else None
    return None

"""What a `--where` condition is once it is checked: a tree of these nodes, each with the bounds of its value.

Standard library only. Only `vyrectl.ring.where` makes trees and only `vyrectl.ring.columns` evaluates them.
"""

from __future__ import annotations

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.dataclass import dataclass
from vyrectl.ring.bounds import Bounds

SLOT = "slot"
COLUMNS: tuple[str, ...] = (*FIELD_NAMES, SLOT)

MAX_BITS = 64
"""No value of a tree is longer."""

TRUTH = Bounds(0, 1)


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, or the word that a name stands for."""

    value: int
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Column:
    """One of `COLUMNS`."""

    name: str
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Unary:
    """``-``, ``+`` or ``~``."""

    operator: str
    operand: Node
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, bits and shifts."""

    operator: str
    left: Node
    right: Node
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Compare:
    """A chain of comparisons: each link compares what stands before it with its own operand."""

    first: Node
    links: tuple[tuple[str, Node], ...]
    bounds: Bounds = TRUTH


@dataclass(frozen=True, slots=True)
class Member:
    """``in`` and ``not in``."""

    operand: Node
    members: tuple[Node, ...]
    negated: bool
    bounds: Bounds = TRUTH


@dataclass(frozen=True, slots=True)
class Logic:
    """``and``, ``or``, or ``not`` with one operand."""

    operator: str
    operands: tuple[Node, ...]
    bounds: Bounds = TRUTH


Node = Number | Column | Unary | Binary | Compare | Member | Logic

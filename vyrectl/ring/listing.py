"""Which part of a list of slots to show, and in which order; names alone, standard library only."""

from __future__ import annotations

from vyrectl.dataclass import dataclass

OPEN, FAULTED = "open", "faulted"

ORDERS = {
    "age": "the oldest first",
    "requeues": "the most requeued first",
    "yields": "the most yielding first",
    "priority": "the most urgent first",
    "slot": "by slot",
}
"""Order -> what it says; equals come in the order of their slots."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list.

    Attributes:
        order: A key of `ORDERS`.
        first: How many rows come before it.
    """

    order: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list of the open and of the faulted tasks."""

    open: Listing = Listing("age")
    faulted: Listing = Listing("slot")

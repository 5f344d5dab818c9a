"""How a command reads words 4-15 of a ring's slots, and how it says so.

Small rings are judged without numpy. The invariant: what is shown as a fact is a task's own word; arguments are
shown as arguments, or left out with a line that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.ring.reading import Abi, Readings, decide_bytes

if TYPE_CHECKING:
    from vyrectl.cli.output import Output
    from vyrectl.ring.file import Ring

MOST_WITHOUT_NUMPY = 4096
"""Slots that are judged one after another rather than after numpy was loaded."""

TASK_WORDS = frozenset(FIELD_NAMES[7:])
"""Fields that hold no fact of a task where a slot holds arguments."""

SHOWN_OPERATIONS = 4


def ring_readings(ring: Ring, abi: Abi) -> Readings:
    """How the slots of a ring are read."""
    if abi is not Abi.AUTO:
        return Readings(abi)
    if len(ring) <= MOST_WITHOUT_NUMPY:
        return decide_bytes(ring.data)
    from vyrectl.ring.reading_arrays import decide

    return decide(ring.slots)


def say_readings(output: Output, readings: Readings) -> None:
    """Say which operations were taken for protocol slots, and why."""
    for one in readings.decided[:SHOWN_OPERATIONS]:
        output.talk(f"{operation(one.op_handle)} is read as arguments (--abi auto): {one.why}")
    more = len(readings.decided) - SHOWN_OPERATIONS
    if more > 0:
        output.talk(f"{more} more operations are read as arguments; --abi task reads all slots as tasks")


def operation(op_handle: int) -> str:
    """An operation by name, else by number."""
    from vyrectl.cli.describe import show_word

    return show_word("op_handle", op_handle)

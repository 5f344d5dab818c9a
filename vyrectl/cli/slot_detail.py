"""One slot in full: its words, what each action would change, and its parents and children. Standard library only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.cli.describe import action_rows, slot_record, word_rows
from vyrectl.cli.output import Output
from vyrectl.cli.payload import packed_rows
from vyrectl.cli.views.inspect import slot_view
from vyrectl.errors import UsageError

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring
    from vyrectl.ring.reading import Readings

RELATIVE_KEYS = ("state", "state_name", "op_handle", "op_name", "task_id", "age_ticks")
"""What is told about a parent or a child beside its slot."""


def emit_slot(output: Output, ring: Ring, number: int, readings: Readings) -> None:
    """Write one slot in full; as CSV, its words and names alone.

    Raises:
        UsageError: There is no such slot.
    """
    flat = [flat_record(ring, number)] if output.format == "csv" else None
    output.emit("inspect", full_record(ring, number, readings), slot_view, rows=flat)


def flat_record(ring: Ring, number: int) -> dict[str, Any]:
    """The words and their names.

    Raises:
        UsageError: There is no such slot.
    """
    return {"ring": ring.name, "slot": number, **slot_record(_words(ring, number))}


def full_record(ring: Ring, number: int, readings: Readings | None = None) -> dict[str, Any]:
    """The words, their meanings, the actions, `parents` and `children`.

    Raises:
        UsageError: There is no such slot.
    """
    from vyrectl.ring.family import relatives

    words = _words(ring, number)
    found = relatives(ring, number)
    return {
        **flat_record(ring, number),
        "words": word_rows(words, arguments=readings is not None and readings.is_protocol(words[1])),
        **({} if (packed := packed_rows(words)) is None else {"packed": packed}),
        "actions": action_rows(words),
        "parents": [_relative(ring, slot) for slot in found.parents],
        "children": [_relative(ring, slot) for slot in found.children],
    }


def _words(ring: Ring, number: int) -> tuple[int, ...]:
    if not 0 <= number < len(ring):
        raise UsageError(
            f"there is no slot {number}", where=ring.name, fix=f"The ring has {len(ring)} slots, from 0 on"
        )
    start = number * SLOT_BYTES
    return SLOT_STRUCT.unpack(ring.data[start : start + SLOT_BYTES])


def _relative(ring: Ring, number: int) -> dict[str, Any]:
    record = slot_record(_words(ring, number))
    return {"slot": number, **{key: record[key] for key in RELATIVE_KEYS}}

"""One slot in full: its words, what each action would change, and its parents and children. Standard library only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.cli.describe import action_rows, slot_record, word_rows
from vyrectl.cli.output import Output
from vyrectl.cli.payload import packed_rows
from vyrectl.cli.slot_records import FlatSlot, FullSlot, PackedBeside, PartitionBeside, RelativeRecord
from vyrectl.cli.views.inspect import slot_view
from vyrectl.errors import UsageError
from vyrectl.ring.reading import Abi

if TYPE_CHECKING:
    from vyrectl.protocol.partitions import Partitions
    from vyrectl.ring.file import Ring
    from vyrectl.ring.reading import Readings


def emit_slot(
    output: Output, ring: Ring, number: int, readings: Readings, partitions: Partitions | None = None
) -> None:
    """Write one slot in full; as CSV, its words and names alone.

    Args:
        output: Where to.
        ring: An open ring that has this slot.
        number: The slot's number in the ring, from 0.
        readings: Which slots hold arguments.
        partitions: The runtime's classes, to name this slot's, or None.

    Raises:
        UsageError: There is no such slot.
    """
    flat = [flat_record(ring, number, readings, partitions)] if output.format == "csv" else None
    output.emit("inspect", full_record(ring, number, readings, partitions), slot_view, rows=flat)


def flat_record(
    ring: Ring, number: int, readings: Readings, partitions: Partitions | None = None
) -> FlatSlot:
    """The words and their names.

    Raises:
        UsageError: There is no such slot.
    """
    words = _words(ring, number)
    record = slot_record(words, arguments=readings.is_protocol(words[1]))
    beside: PartitionBeside = {} if partitions is None else {"partition_name": partitions.name(number)}
    return {"ring": ring.name, "slot": number, **record, **beside}


def full_record(
    ring: Ring, number: int, readings: Readings, partitions: Partitions | None = None
) -> FullSlot:
    """The words, their meanings, the actions, `parents` and `children`.

    A slot that holds arguments has no relatives, and is nobody's.

    Args:
        ring: An open ring that has this slot.
        number: The slot's number in the ring, from 0.
        readings: Which slots hold arguments.
        partitions: The runtime's classes, to name this slot's, or None.

    Raises:
        UsageError: There is no such slot.
    """
    words = _words(ring, number)
    arguments = readings.is_protocol(words[1])
    parents, children = ([], []) if arguments else _relatives(ring, number, readings)
    beside: PackedBeside = {} if (packed := packed_rows(words)) is None else {"packed": packed}
    return {
        **flat_record(ring, number, readings, partitions),
        "reading": str(Abi.PROTOCOL if arguments else Abi.TASK),
        "words": word_rows(words, arguments=arguments),
        **beside,
        "actions": action_rows(words, arguments=arguments),
        "parents": [_relative(ring, slot) for slot in parents],
        "children": [_relative(ring, slot) for slot in children],
    }


def _relatives(ring: Ring, number: int, readings: Readings) -> tuple[list[int], list[int]]:
    from vyrectl.ring.family import relatives

    found = relatives(ring, number)
    parents, children = (
        [slot for slot in slots if not readings.is_protocol(_words(ring, slot)[1])]
        for slots in (found.parents, found.children)
    )
    return parents, children


def _words(ring: Ring, number: int) -> tuple[int, ...]:
    if not 0 <= number < len(ring):
        raise UsageError(
            f"there is no slot {number}", where=ring.name, fix=f"The ring has {len(ring)} slots, from 0 on"
        )
    start = number * SLOT_BYTES
    return SLOT_STRUCT.unpack(ring.data[start : start + SLOT_BYTES])


def _relative(ring: Ring, number: int) -> RelativeRecord:
    record = slot_record(_words(ring, number))
    return {
        "slot": number,
        "state": record["state"],
        "state_name": record["state_name"],
        "op_handle": record["op_handle"],
        "op_name": record["op_name"],
        "task_id": record["task_id"],
        "age_ticks": record["age_ticks"],
    }

"""Publishing tasks into a ring under the runtime's rules (spec 3.3, 3.6).

A publication is planned as a whole, then written: whoever gets an error finds the ring as it was. Each slot is
written in full, its state word last. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vyrectl.abi import opcodes
from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.slot import PAYLOAD_WORDS, SLOT_STRUCT
from vyrectl.abi.states import TaskPriority, TaskState, state_name
from vyrectl.errors import RingFormatError, SlotStatusError, UsageError
from vyrectl.numbers import integer
from vyrectl.protocol.packed import InnerOp, encode_packed
from vyrectl.protocol.words import Data, found_words

Words = tuple[int, ...]
"""The 16 words of a slot."""

Publication = list[tuple[int, Words]]
"""Slot numbers and what is published there."""

BatchItem = tuple[int, Sequence[int]]
"""Opcode and up to 12 arguments."""

WorkItemWords = tuple[int, int, int, int]
"""A legacy work item: op_handle, input_handle, output_handle, param."""

OPEN_STATES = (int(TaskState.EMPTY), int(TaskState.DONE))
"""States of the slots that may be published into."""


def task_words(tenant: int, opcode: int, arguments: Sequence[int] = ()) -> Words:
    """The slot that publishing an operation writes.

    Raises:
        UsageError: The opcode is not publishable, a word is no u32, or there are more than 12 arguments.
    """
    opcode = integer("the opcode", opcode)
    if not opcodes.is_publishable_opcode(opcode):
        raise UsageError(
            f"opcode 0x{opcode:x} cannot be published",
            fix="Use a built-in one, or 8..0xFFEF or 0x10000..0x7FFFFFFF",
        )
    if len(arguments) > PAYLOAD_WORDS:
        raise UsageError(
            f"{len(arguments)} argument words are more than a slot holds", fix=f"Give up to {PAYLOAD_WORDS}"
        )
    given = tuple(integer(f"argument {number}", word) for number, word in enumerate(arguments))
    words = (
        int(TaskState.READY),
        opcode,
        integer("the tenant", tenant),
        int(TaskPriority.NORMAL),
        *given,
    )
    return words + (0,) * (PAYLOAD_WORDS - len(arguments))


def batch_words(tenant: int, items: Iterable[BatchItem], tag: int) -> list[Words]:
    """The slots of a batch: its items, then the fence (count and tag) that closes it; raises like `task_words`."""
    tasks = [task_words(tenant, opcode, arguments) for opcode, arguments in items]
    return [*tasks, task_words(tenant, opcodes.BATCH_FENCE, (len(tasks), tag))]


def packed_words(tenant: int, ops: Sequence[InnerOp]) -> Words:
    """The slot that publishing packed operations writes; raises like `encode_packed`."""
    return task_words(tenant, opcodes.PACKED_SLOT, encode_packed(ops))


def load_miss_words(resource: int, *, prefetch: bool = False) -> Words:
    """A load-miss slot (spec 3.6), which only this makes: tenant and priority 0.

    Raises:
        UsageError: The resource is no u32.
    """
    head = (int(TaskState.READY), opcodes.LOAD_MISS, 0, 0, integer("resource", resource), int(prefetch))
    return head + (0,) * (PAYLOAD_WORDS - 2)


def decode_load_miss(ring: Data, slot: int) -> tuple[int, bool] | None:
    """Resource and prefetch wish of a load-miss slot, or None when these words hold none.

    Like the runtime's, this looks at the opcode and its arguments, not at the slot's state nor at the ring's length.
    """
    words = found_words(ring, integer("the slot", slot) * 16 + 1, 5)
    if len(words) < 5 or words[0] != opcodes.LOAD_MISS:
        return None
    return words[3], words[4] != 0


def plan_publication(ring: Data, first: int, tasks: Sequence[Words]) -> Publication:
    """Place tasks into slots that follow one another, without writing anything.

    Args:
        ring: The ring's bytes.
        first: Slot of the first task.
        tasks: What to publish.

    Raises:
        RingFormatError: The ring is no whole number of slots.
        UsageError: The slots are not all inside the ring.
        SlotStatusError: One of them is neither Empty nor Done.
    """
    if len(ring) % SLOT_BYTES:
        raise RingFormatError.left_over_bytes(len(ring), slot_bytes=SLOT_BYTES)
    total, first = len(ring) // SLOT_BYTES, integer("the first slot", first)
    if first + len(tasks) > total:
        raise UsageError(
            f"slots {first} to {max(first, first + len(tasks) - 1)} are not all in the ring",
            fix=f"The ring has {total} slots, from 0 on",
        )
    for slot in range(first, first + len(tasks)):
        state = int.from_bytes(ring[slot * SLOT_BYTES : slot * SLOT_BYTES + WORD_BYTES], "little")
        if state not in OPEN_STATES:
            raise SlotStatusError("publish", state, state_name(state), slot=slot, allowed="Empty or Done")
    return [(first + number, words) for number, words in enumerate(tasks)]


def write_publication(ring: bytearray | memoryview, publication: Publication) -> int:
    """Write planned slots, the state word of each last.

    Returns:
        How many slots were written.
    """
    for slot, words in publication:
        start = slot * SLOT_BYTES
        data = SLOT_STRUCT.pack(*words)
        ring[start + WORD_BYTES : start + SLOT_BYTES] = data[WORD_BYTES:]
        ring[start : start + WORD_BYTES] = data[:WORD_BYTES]
    return len(publication)


def publish_slot(
    ring: bytearray | memoryview, slot: int, tenant: int, opcode: int, arguments: Sequence[int] = ()
) -> None:
    """Publish one operation; raises like `task_words` and `plan_publication`."""
    write_publication(ring, plan_publication(ring, slot, [task_words(tenant, opcode, arguments)]))


def publish_packed(ring: bytearray | memoryview, slot: int, tenant: int, ops: Sequence[InnerOp]) -> None:
    """Publish packed operations; raises like `packed_words` and `plan_publication`."""
    write_publication(ring, plan_publication(ring, slot, [packed_words(tenant, ops)]))


def publish_batch(
    ring: bytearray | memoryview, first: int, tenant: int, items: Iterable[BatchItem], tag: int
) -> int:
    """Publish a batch and the fence that closes it; raises like `batch_words` and `plan_publication`.

    Returns:
        How many slots were written, the fence included.
    """
    return write_publication(ring, plan_publication(ring, first, batch_words(tenant, items, tag)))


def publish_work_items(
    ring: bytearray | memoryview, first: int, tenant: int, items: Iterable[WorkItemWords]
) -> int:
    """Publish legacy work items; raises like `task_words` and `plan_publication`.

    Returns:
        How many slots were written.
    """
    tasks = [task_words(tenant, item[0], item[1:]) for item in items]
    return write_publication(ring, plan_publication(ring, first, tasks))

"""`vyrectl publish`: tasks into free slots, under the runtime's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from vyrectl.abi.opcodes import PACKED_SLOT
from vyrectl.abi.slot import PAYLOAD_FIRST
from vyrectl.cli.commands.publish.source import planned_load_miss, planned_tasks
from vyrectl.cli.commands.publish.view import view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.describe import op_label
from vyrectl.cli.edits import Part
from vyrectl.cli.items import warn_idle
from vyrectl.cli.options import (
    BackupOption,
    DryRunOption,
    EditedRingArgument,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.errors import UsageError
from vyrectl.shapes import Count, Word

if TYPE_CHECKING:
    from vyrectl.edit.edit import Edit
    from vyrectl.protocol.publish import Words
    from vyrectl.task.arrays import SlotArray

SHOWN_SLOTS = 64


@with_records
def command(
    ring: EditedRingArgument,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[OP:ARGS]...", help="Operations with up to 12 words, e.g. store_u32:5,180."),
    ] = None,
    *,
    slot: Annotated[
        int | None, number_option("--slot", says="First slot; by default the first run that is free.")
    ] = None,
    tenant: Annotated[int, number_option("--tenant", says="Tenant of the tasks.")] = 0,
    table: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="TABLE", help="Work items as JSON lines or CSV: op, input, output, param."
        ),
    ] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Close them with a batch fence.")] = False,
    tag: Annotated[int | None, number_option("--tag", says="With --batch, what the fence reports.")] = None,
    packed: Annotated[bool, typer.Option("--packed", help="Put all of them into one slot.")] = False,
    load_miss: Annotated[
        int | None, number_option("--load-miss", says="Ask for this resource instead.")
    ] = None,
    prefetch: Annotated[
        bool, typer.Option("--prefetch", help="With --load-miss, ask ahead of need.")
    ] = False,
    backup: BackupOption = False,
    part: Part,
    dry_run: DryRunOption = False,
    printed: Talking,
) -> None:
    """Publish tasks into free slots.

    Only Empty and Done slots are free, and only built-in and user operations can be published. Each slot is
    written in full: Ready, of normal priority, the words that follow the operation as its arguments, the rest 0.
    Several tasks go into slots that follow one another, all of them or none.

    \b
    Examples:
      vyrectl publish ring.bin nop scale:0,1,3 --tenant 2
      vyrectl publish ring.bin store_u32:5,180 atomic_add:1,181 --batch --tag 7
      vyrectl publish ring.bin store_u32:5,180 atomic_add:1,181 --packed --slot 4
      vyrectl publish ring.bin --from items.csv
    """
    output = printed.output()
    _check(bool(items or table or packed or batch), batch, packed, load_miss, tag, prefetch)
    if load_miss is not None:
        tasks = planned_load_miss(load_miss, prefetch=prefetch)
    else:
        tasks = planned_tasks(items or [], table, tenant, batch=batch, tag=tag or 0, packed=packed)
    for words in tasks if packed else ():
        warn_idle(output, words[PAYLOAD_FIRST:])
    _publish(output, ring, tasks, slot, part, backup=backup, dry_run=dry_run)


def _check(
    named: bool, batch: bool, packed: bool, load_miss: int | None, tag: int | None, prefetch: bool
) -> None:
    """Hold the options to those that make sense together.

    Raises:
        UsageError: They do not.
    """
    if batch and packed:
        raise UsageError("--batch and --packed exclude each other", fix="Leave one of them out")
    if load_miss is not None and named:
        raise UsageError("--load-miss publishes one slot and nothing else", fix="Leave the items out")
    if tag is not None and not batch:
        raise UsageError("--tag is for --batch", fix="Add --batch")
    if prefetch and load_miss is None:
        raise UsageError(
            "--prefetch is for --load-miss", fix="Add what shall be loaded, for example --load-miss 1"
        )


def _publish(
    output: Output,
    ring: Path,
    tasks: list[Words],
    first: int | None,
    part: Part,
    *,
    backup: bool,
    dry_run: bool,
) -> None:
    from vyrectl.edit.write import edit_ring

    if str(ring) == "-":
        raise UsageError("standard input cannot be edited", fix="Name a ring file")
    start = 0

    def plan(slots: SlotArray) -> Edit:
        nonlocal start
        start = _first_free(slots, len(tasks)) if first is None else first
        return _edit(slots, start, tasks)

    edit = edit_ring(ring, plan, backup=backup, dry_run=dry_run, role="publish", **part.options())
    record = {
        "ring": str(ring),
        "published": len(tasks),
        "first_slot": start,
        "dry_run": dry_run,
        "backup": edit.backup,
    }
    rows = (
        [_row(start + number, words) for number, words in enumerate(tasks[:SHOWN_SLOTS])] if dry_run else None
    )
    output.emit("publish", record, view, rows=rows, rows_key=None if rows is None else "slots")


def _edit(slots: SlotArray, first: int, tasks: list[Words]) -> Edit:
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE
    from vyrectl.edit.edit import Edit
    from vyrectl.protocol.publish import plan_publication

    plan_publication(memoryview(slots.view(np.uint8).data), first, tasks)
    after = np.array(tasks, np.uint32).astype("<u4").reshape(-1).view(SLOT_DTYPE)
    numbers = np.arange(first, first + len(tasks), dtype=np.int64)
    return Edit(numbers, slots[first : first + len(tasks)], after)


def _first_free(slots: SlotArray, count: int) -> int:
    """First slot of the first run of so many free ones.

    Raises:
        UsageError: There is none.
    """
    import numpy as np

    from vyrectl.protocol.publish import OPEN_STATES

    busy = np.flatnonzero(~np.isin(slots["state"], OPEN_STATES))
    edges = np.concatenate(([-1], busy, [len(slots)]))
    runs = np.flatnonzero(np.diff(edges) > count)
    if not len(runs):
        longest = int(np.diff(edges).max()) - 1
        raise UsageError(
            f"there is no run of {count} Empty or Done slots; the longest has {longest}"
            if longest
            else "no slot is Empty or Done",
            fix="Publish fewer at once, or make room"
            if longest
            else "Make room, or publish into another ring",
        )
    return int(edges[runs[0]]) + 1


class PublishedSlot(TypedDict):
    """A slot that takes a task."""

    slot: Count
    op_handle: Word
    op_name: str | None
    tenant_id: Word
    arguments: list[Word]


def _row(slot: int, words: Words) -> PublishedSlot:
    arguments = list(words[PAYLOAD_FIRST:])
    while arguments and not arguments[-1] and words[1] != PACKED_SLOT:
        arguments.pop()
    return {
        "slot": slot,
        "op_handle": words[1],
        "op_name": op_label(words[1]),
        "tenant_id": words[2],
        "arguments": arguments,
    }

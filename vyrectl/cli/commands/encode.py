"""`vyrectl encode`: fields to one slot, as hex, as bytes, or into a ring."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.abi.opcodes import PACKED_SLOT
from vyrectl.abi.slot import FIELD_NAMES, PAYLOAD_FIRST
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.describe import slot_record
from vyrectl.cli.edits import EditOptions, Part, Selection, run_edit
from vyrectl.cli.fields import check_floats, parse_fields, split_assignments
from vyrectl.cli.items import parse_item, warn_idle
from vyrectl.cli.options import (
    BackupOption,
    DryRunOption,
    Talking,
    with_field_options,
)
from vyrectl.cli.output import Output, write_bytes
from vyrectl.errors import UsageError
from vyrectl.protocol.packed import encode_packed
from vyrectl.task.item import TaskWorkItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.edit.edit import Edit
    from vyrectl.task.arrays import SlotArray

DEFAULTS = {"state": int(TaskState.READY), "priority": int(TaskPriority.NORMAL)}
"""Words that are not 0 unless given: a task made here is Ready and of normal priority."""


@with_field_options
@with_records
def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RING] [FIELD=VALUE]...",
            help="Fields may also be given as words; with --slot, the ring to write into.",
        ),
    ] = None,
    *,
    packed: Annotated[
        list[str] | None,
        typer.Option(
            "--packed", metavar="OP:ARGS", help="Pack this operation into the slot; may be repeated."
        ),
    ] = None,
    slot: Annotated[int | None, number_option("--slot", says="Write this slot of RING.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the 64 bytes to stdout.")] = False,
    backup: BackupOption = False,
    part: Part,
    dry_run: DryRunOption = False,
    printed: Talking,
    **fields: str | None,
) -> None:
    """Turn fields into one 64-byte slot.

    Fields that are not given are 0, but state is ready and priority is normal. States, priorities, flags and
    operations may be given by name, numbers in decimal or 0x. The slot is printed as hex in memory order;
    with RING and --slot it takes the place of that slot, all 16 words of it.

    \b
    Examples:
      vyrectl encode --op scale --param 3 --task-id 7 | vyrectl decode -
      vyrectl encode ring.bin --slot 4 op=nop priority=high
      vyrectl encode --packed store_u32:5,180,0 --packed atomic_add:1,181,0
    """
    output = printed.output()
    words, paths = split_assignments(arguments or [])
    texts = {name: text for name, text in fields.items() if text is not None}
    if packed:
        words.update(_packed_fields(output, packed, {*words, *texts}))
    item = _build_item(words, texts)
    if paths or slot is not None:
        ring, number = _target(paths, slot, raw)
        options = EditOptions("encode", "encode", backup=backup, dry_run=dry_run, part=part)
        _write_slot(output, ring, number, item, options)
    elif raw:
        _write_raw(output, item)
    else:
        record = {"hex": item.to_bytes().hex(), **slot_record(item.words())}
        output.emit("encode", record, lambda shown: str(shown["hex"]))


def _packed_fields(output: Output, items: list[str], given: set[str]) -> dict[str, int]:
    """The words that packed operations take (spec 3.4); says which of them a device leaves out.

    Raises:
        UsageError: They do not fit, or one of these words was given too.
    """
    payload = encode_packed([parse_item(text) for text in items])
    warn_idle(output, payload)
    names = ("op_handle", *FIELD_NAMES[PAYLOAD_FIRST:])
    if taken := given & set(names):
        raise UsageError(f"--packed sets {min(taken)} itself", fix="Leave that field out")
    return dict(zip(names, (PACKED_SLOT, *payload), strict=True))


def _build_item(words: dict[str, int], texts: dict[str, str]) -> TaskWorkItem:
    twice = next((name for name in texts if name in words), None)
    if twice is not None:
        raise UsageError(f"{twice} is given twice", fix="Give it by option or as FIELD=VALUE, not both")
    fields = {**DEFAULTS, **words, **parse_fields(texts)}
    check_floats(fields, [fields.get("op_handle", 0)])
    return TaskWorkItem(**fields)


def _target(paths: list[str], slot: int | None, raw: bool) -> tuple[Path, int]:
    if len(paths) > 1:
        raise UsageError(f"{paths[1]!r} is neither FIELD=VALUE nor the only ring", fix="Name one ring")
    if not paths:
        raise UsageError(
            "--slot says where in a ring, and no ring is named", fix="Name it: encode RING --slot N"
        )
    if slot is None:
        raise UsageError(
            f"no slot of {paths[0]} is named",
            fix="Name one, for example --slot 0, or leave the ring out to print hex",
        )
    if raw:
        raise UsageError("--raw writes to stdout, not into a ring", fix="Leave out --raw or RING")
    return Path(paths[0]), slot


def _write_raw(output: Output, item: TaskWorkItem) -> None:
    if not output.is_table:
        raise UsageError(
            f"--raw and --format {output.format} exclude each other", fix="Leave one of them out"
        )
    if sys.stdout.isatty():
        raise UsageError(
            "raw bytes would go to the terminal", fix="Redirect them (> slot.bin) or leave out --raw"
        )
    write_bytes(item.to_bytes())


def _write_slot(output: Output, ring: Path, slot: int, item: TaskWorkItem, options: EditOptions) -> None:
    values = dict(zip(FIELD_NAMES, item.words(), strict=True))

    def plan(slots: SlotArray, numbers: NDArray[np.int64]) -> Edit:
        from vyrectl.edit.edit import plan_set

        return plan_set(slots, numbers, values)

    run_edit(output, ring, Selection(spec=str(slot)), plan, options)

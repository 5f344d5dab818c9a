"""`vyrectl inspect`: slots as a table, or one slot in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.cli.describe import action_rows, slot_record, word_rows
from vyrectl.cli.options import (
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    LimitOption,
    OffsetOption,
    QuietOption,
    RingArgument,
    SlotsOption,
    WhereOption,
    make_output,
    open_ring,
    parse_limit,
    parse_number,
)
from vyrectl.cli.output import Output
from vyrectl.cli.slot_rows import ROW_KEYS, parse_columns, parse_sort, slot_rows, sort_slots
from vyrectl.cli.views.inspect import list_view, slot_view
from vyrectl.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.ring.file import Ring


def command(
    ring: RingArgument,
    *,
    where: WhereOption = "",
    slots: SlotsOption = "",
    slot: Annotated[str, typer.Option("--slot", metavar="N", help="Show this one slot in full.")] = "",
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD[,...]", help="Order of the rows; -FIELD is descending.")
    ] = "",
    limit: LimitOption = "",
    columns: Annotated[
        str, typer.Option("--columns", metavar="LIST", help="Only these columns; 'words' is all 16 fields.")
    ] = "",
    offset: OffsetOption = "0",
    count: CountOption = "all",
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Show slots as a table.

    --where takes the fields, numbers, names, comparisons, in, and, or, not and whole-number arithmetic. With
    --slot one slot is explained: every word, and what each lifecycle action would change.

    \b
    Example:
      vyrectl inspect ring.bin --where 'state == paused and age > 10' --sort -age
      vyrectl inspect ring.bin --slot 3
      vyrectl inspect ring.bin --columns words --format csv > tasks.csv
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    keys = parse_columns(columns)
    order = parse_sort(sort)
    most = parse_limit(limit, output)
    if slot and (where or slots or sort or limit or columns):
        raise UsageError(
            "--slot shows one slot in full", fix="Leave out the options that choose or arrange rows"
        )
    with open_ring(ring, offset, count) as opened:
        if slot:
            _emit_one(output, opened, parse_number(slot, "--slot"))
            return
        numbers = _choose(opened, slots, where)
        numbers = sort_slots(opened.slots, numbers, order)
        _emit_many(output, opened, numbers, keys, most)


def _choose(ring: Ring, spec: str, where: str) -> NDArray[np.int64]:
    from vyrectl.engine.ops import op_codes
    from vyrectl.ring.select import select

    return select(
        ring.slots,
        spec=spec or None,
        where=where or None,
        everything=not (spec or where),
        op_codes=op_codes(),
    )


def _emit_many(
    output: Output, ring: Ring, numbers: NDArray[np.int64], keys: tuple[str, ...], most: int | None
) -> None:
    shown = numbers if most is None else numbers[:most]
    record = {"ring": ring.name, "total": len(ring), "matched": len(numbers), "shown": len(shown)}
    rows = slot_rows(ring.slots, shown, ROW_KEYS if output.is_table or not keys else keys)
    output.emit("inspect", record, list_view(keys or None), rows=rows, rows_key="slots")
    if len(shown) < len(numbers):
        output.talk(f"{len(shown)} of {len(numbers)} slots shown; --limit N or --limit all shows more")
    elif output.is_table and len(numbers) == 0:
        output.talk(f"none of the {len(ring)} slots matches" if len(ring) else "the ring has no slots")


def _emit_one(output: Output, ring: Ring, number: int) -> None:
    if number >= len(ring):
        raise UsageError(
            f"there is no slot {number}", where=ring.name, fix=f"The ring has {len(ring)} slots, from 0 on"
        )
    start = number * SLOT_BYTES
    words = SLOT_STRUCT.unpack(ring.data[start : start + SLOT_BYTES])
    flat: dict[str, Any] = {"ring": ring.name, "slot": number, **slot_record(words)}
    record = {**flat, "words": word_rows(words), "actions": action_rows(words)}
    output.emit("inspect", record, slot_view, rows=[flat] if output.format == "csv" else None)

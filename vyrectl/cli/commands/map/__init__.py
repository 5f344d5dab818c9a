"""`vyrectl map`: the whole ring as one picture, in the terminal or as a PNG file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.map.view import view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.endings import PNG, check_ending
from vyrectl.cli.map_layout import fitting_size, map_record, map_rows
from vyrectl.cli.options import (
    AbiOption,
    Choice,
    ReplaceOption,
    RingArgument,
    Span,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.readings import ring_readings, say_readings
from vyrectl.cli.snapshot_records import open_for_snapshot
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.errors import UnknownNameError, UsageError
from vyrectl.ring import contents
from vyrectl.ring.outputs import Outputs
from vyrectl.ring.reading import AS_TASKS, Abi, Readings
from vyrectl.ring.vocabulary import COLUMN_ALIASES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.ring.file import Ring

KINDS = ("state", "priority", "tenant", "op", "age", "requeues", "flags", "fault_name")
"""What `--by` takes; names of the fields do as well."""


@with_records
def command(
    ring: RingArgument,
    *,
    by: Annotated[str, typer.Option("--by", metavar="|".join(KINDS), help="What the marks show.")] = "state",
    choice: Choice,
    width: Annotated[
        int | None, number_option("--width", says="Marks in a row; what fits by default.", least=1)
    ] = None,
    height: Annotated[
        int | None, number_option("--height", says="Most rows; what fits by default.", least=1)
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write a PNG file, one square a slot.")
    ] = None,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    force: ReplaceOption = False,
    printed: Talking,
) -> None:
    """Draw the ring, a mark for each slot or run of slots.

    A mark shows what most tasks of its slots are, or the highest age or count; a small letter tells that there
    are others too. Slots that --where or --slots leaves out are not drawn, which finds the few among the many. Slots
    that hold arguments (--abi) have no age and no requeues: they are drawn as -.

    \b
    Examples:
      vyrectl map ring.bin
      vyrectl map ring.bin --by age
      vyrectl map ring.bin --where 'state == faulted'
      vyrectl map ring.bin --output ring.png
    """
    output = printed.output()
    by = _parse_by(by)
    check_ending(file, "a PNG picture", PNG)
    if file is not None and (width is not None or height is not None):
        raise UsageError("a PNG file has a size of its own", fix="Leave out --width and --height")
    asked = abi
    stdout, files = StdoutFile(output), Outputs(force=force)
    files.reads_ring(ring)
    file = stdout.take_checked(files, file, contents.PNG, ".png")
    with open_for_snapshot(ring, span) as opened:
        chosen = _choose(opened, choice)
        readings = _readings(output, opened, by, asked)
        if file is not None:
            _emit_picture(output, opened, by, chosen, readings, file, stdout)
        else:
            _emit_marks(output, opened, by, chosen, readings, width, height)


def _parse_by(text: str) -> str:
    """What the marks show, for any name that a column has.

    Raises:
        UnknownNameError: Nothing that a map can show.
    """
    from vyrectl.ring.marks import BY

    wanted = text.strip().lower().replace("-", "_")
    field = COLUMN_ALIASES.get(wanted, wanted)
    for name in KINDS:
        if name == wanted or BY[name] == field:
            return name
    raise UnknownNameError("kind of map", text, KINDS)


def _readings(output: Output, ring: Ring, by: str, asked: Abi) -> Readings:
    """Which slots hold arguments, where the map is of words that only tasks have."""
    from vyrectl.ring.marks import RANGED

    if by not in RANGED:
        return AS_TASKS
    readings = ring_readings(ring, asked)
    say_readings(output, readings)
    return readings


def _choose(ring: Ring, choice: Choice) -> NDArray[np.int64] | None:
    from vyrectl.engine.ops import op_codes
    from vyrectl.ring.select import select

    if choice.slots is choice.where is None:
        return None
    return select(ring.slots, spec=choice.slots, where=choice.where, op_codes=op_codes())


def _emit_marks(
    output: Output,
    ring: Ring,
    by: str,
    chosen: NDArray[np.int64] | None,
    readings: Readings,
    width: int | None = None,
    height: int | None = None,
) -> None:
    from vyrectl.ring.marks import mark_ring

    size = fitting_size(len(ring), width, height)
    marks = mark_ring(ring.slots, by, size.width * size.height, chosen, readings)
    record = map_record(ring.name, marks, size.width)
    output.emit("map", record, view, rows=map_rows(marks, size.width), rows_key="rows")


def _emit_picture(
    output: Output,
    ring: Ring,
    by: str,
    chosen: NDArray[np.int64] | None,
    readings: Readings,
    file: Path,
    stdout: StdoutFile,
) -> None:
    from vyrectl.cli.commands.map.view_picture import MOST_MARKS, draw_map, square_width
    from vyrectl.cli.views.picture import png_bytes
    from vyrectl.files.keeping import write_kept
    from vyrectl.ring.marks import mark_ring

    marks = mark_ring(ring.slots, by, MOST_MARKS, chosen, readings)
    record = map_record(ring.name, marks, square_width(len(marks.codes)))
    pixels = draw_map(marks, record)
    write_kept(file, [png_bytes(pixels)])
    if stdout.is_used:
        stdout.send()
        return
    rows, columns = pixels.shape[:2]
    output.emit("map", {**record, "output": str(file), "pixels": [columns, rows]}, view)

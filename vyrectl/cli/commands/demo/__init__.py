"""`vyrectl demo`: real work from an empty folder, on whatever this machine has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.demo.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.endings import PNG, RING, check_ending
from vyrectl.cli.options import Talking
from vyrectl.cli.output import Output
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.ring import contents
from vyrectl.ring.outputs import Outputs

if TYPE_CHECKING:
    from vyrectl.bench.mandelbrot import Counts
    from vyrectl.cli.commands.demo.record import DemoAnswer
    from vyrectl.opencl.devices import Device


@with_records
def command(
    *,
    device: Annotated[
        str | None,
        typer.Option("--device", "-d", metavar="NAME", help="Where to run; the best device by default."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.png", help="Also write the picture as PNG.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="RING", help="Also write the finished ring, to look at.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files of another kind that have these names.")
    ] = False,
    printed: Talking,
) -> None:
    """Build, run and draw a ring of real work.

    Makes a ring of mandelbrot tiles in five priority classes and four tenants whose tasks yield between
    turns, launches it, and shows the picture with the queue's snapshot before and after.

    \b
    Examples:
      vyrectl demo --output demo.png
      vyrectl demo --device reference --keep demo.bin
    """
    from vyrectl.bench.mandelbrot import Picture, counts_of
    from vyrectl.launching.run import launch
    from vyrectl.ring.file import Ring

    output = printed.output()
    check_ending(picture, "a PNG picture", PNG)
    check_ending(keep, "a ring", RING)
    stdout, files = StdoutFile(output), Outputs(force=force)
    files.writes("--keep", keep, contents.RING, is_ring=True)
    picture = stdout.take_checked(files, picture, contents.PNG, ".png")
    keep = stdout.take("--keep", keep)
    task_picture = Picture()
    ring = Ring.from_slots(task_picture.slots())
    before = ring.snapshot()
    buffers = task_picture.buffers()
    output.talk(
        f"{len(ring)} mandelbrot tiles of {task_picture.tile_width}x{task_picture.tile_height} pixels"
    )
    report = launch(ring, device=_find_device(device), buffers=buffers)
    record: DemoAnswer = {
        "before": before.to_record(),
        "after": ring.snapshot().to_record(),
        "report": report.to_record(),
        "picture": None if picture is None else str(picture),
    }
    counts = counts_of(buffers)
    if keep is not None:
        old = ring.save(keep)
        output.talk(f"wrote {keep}" + ("" if old is None else f"; the old ring is {old}"))
    if picture is not None:
        _save_picture(output, picture, counts, task_picture.iterations)
    if stdout.is_used:
        stdout.send()
        return
    output.emit("demo", record, lambda shown: view(shown, counts, task_picture.iterations))


def _find_device(name: str | None) -> str | Device:
    """What runs it: this process drives the device itself, so another one asks the drivers first."""
    from vyrectl.launching.backends import REFERENCE, is_reference
    from vyrectl.opencl.devices import find_device

    if is_reference(name):
        return REFERENCE
    return find_device(name)


def _save_picture(output: Output, path: Path, counts: Counts, iterations: int) -> None:
    from vyrectl.cli.views.picture import colour, png_bytes
    from vyrectl.files.keeping import write_kept

    write_kept(path, [png_bytes(colour(counts, iterations))])
    output.talk(f"wrote {path}")

"""`vyrectl launch`: run a ring on a device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.cli.options import (
    BackupOption,
    ColorOption,
    EditedRingArgument,
    FormatOption,
    JsonOption,
    QuietOption,
    WhereOption,
    make_output,
    parse_number,
)
from vyrectl.cli.output import Output
from vyrectl.cli.views.launch import view, view_plan

if TYPE_CHECKING:
    from vyrectl.engine.buffers import BufferTable
    from vyrectl.launch.report import LaunchReport
    from vyrectl.ring.file import Ring

EXIT_FAULTED = 6
EXIT_STALLED = 1
EXIT_LIMIT = 124


def command(
    ring: EditedRingArgument,
    *,
    device: Annotated[
        str,
        typer.Option(
            "--device", "-d", metavar="NAME", help="Where to run: an id, cpu, gpu, a name, reference."
        ),
    ] = "",
    ops: Annotated[
        list[Path] | None,
        typer.Option("--ops", metavar="FILE.cl", help="Operations of your own; may be repeated."),
    ] = None,
    buffers: Annotated[
        list[str] | None,
        typer.Option(
            "--buffer", metavar="H=SPEC", help="x.npy, x.npy:OUT.npy or zeros:DTYPE:SHAPE[:OUT.npy]."
        ),
    ] = None,
    epoch: Annotated[
        str, typer.Option("--epoch", metavar="N", help="Epoch to start at; due paused tasks are resumed.")
    ] = "",
    where: WhereOption = "",
    workers: Annotated[str, typer.Option("--workers", metavar="N", help="Work-groups.")] = "",
    work_group_size: Annotated[
        str, typer.Option("--work-group-size", metavar="N", help="Work-items of a work-group.")
    ] = "",
    ticket: Annotated[str, typer.Option("--ticket", metavar="N", help="Tasks taken at once.")] = "",
    age_threshold: Annotated[
        str,
        typer.Option(
            "--age-threshold", metavar="N", help="Age ticks that lift a task by one class; 0: none."
        ),
    ] = "32",
    max_steps: Annotated[
        str, typer.Option("--max-steps", metavar="N", help="Stop after this many claims.")
    ] = "",
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop after this time.", min=0.0)
    ] = None,
    new_ring: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="NEW", help="Write the result here and keep RING."),
    ] = None,
    backup: BackupOption = False,
    fail_on_fault: Annotated[
        bool, typer.Option("--fail-on-fault", help="Exit 6 when a task faulted.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be claimed and run nothing.")
    ] = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Run a ring on a device.

    Claims every schedulable task in the order of the priority classes and runs it, in rounds, until nothing
    claimable is left; then the ring is replaced by the result. Faulted and paused tasks are counted outcomes.
    Exit code 124: a limit was met with work left.

    \b
    Example:
      vyrectl launch ring.bin
      vyrectl launch ring.bin --buffer 0=x.npy --buffer 1=zeros:float32:1048576:out.npy
      vyrectl launch ring.bin --device reference --epoch 3 --output after.bin
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    options = {
        "device": device or None,
        "ops": tuple(ops or ()),
        "buffers": _buffer_table(buffers or []),
        "epoch": _number(epoch, "--epoch", least=0),
        "where": where or None,
        "workers": _number(workers, "--workers"),
        "work_group_size": _number(work_group_size, "--work-group-size"),
        "ticket": _number(ticket, "--ticket"),
        "age_threshold": parse_number(age_threshold, "--age-threshold"),
    }
    if dry_run:
        _show_plan(output, ring, options)
        return
    limits = {"max_steps": _number(max_steps, "--max-steps", least=0), "timeout": timeout}
    with _open(ring, new_ring) as opened:
        report = _run(output, opened, options | limits)
        opened.save(new_ring, backup=backup)
    saved = str(new_ring or ring)
    output.emit("launch", {"ring": saved, **report.to_record()}, view)
    raise typer.Exit(_exit_code(report, fail_on_fault=fail_on_fault))


def _open(ring: Path, new_ring: Path | None) -> Ring:
    """The ring to work on: held and replaced at the end, or a private copy that becomes NEW."""
    from vyrectl.ring.file import Ring

    if new_ring is None:
        return Ring.open(ring, writable=True, role="launch")
    with Ring.open(ring) as source:
        return Ring.from_slots(source.slots.copy())


def _run(output: Output, ring: Ring, options: dict[str, Any]) -> LaunchReport:
    from vyrectl.launch.rounds import Limits, Progress
    from vyrectl.launch.run import launch

    with output.progress("launch", "tasks", None) as update:

        def watch(progress: Progress) -> None:
            update(progress.claims)

        return launch(ring, limits=Limits(watch=watch), **options)


def _show_plan(output: Output, path: Path, options: dict[str, Any]) -> None:
    from vyrectl.launch.preview import preview
    from vyrectl.ring.file import Ring

    with Ring.open(path) as ring:
        index, left_alone = preview(
            ring.slots,
            epoch=options["epoch"],
            where=options["where"],
            age_threshold=options["age_threshold"],
            ops=options["ops"],
        )
    record = {
        "ring": str(path),
        "claimable": index.claimable,
        "by_class": list(index.classes),
        "resumed": index.resumed,
        "left_alone": left_alone.to_record(),
    }
    output.emit("launch-plan", record, view_plan)


def _buffer_table(texts: list[str]) -> BufferTable:
    from vyrectl.engine.buffers import Buffer, BufferTable, parse_buffer_option
    from vyrectl.errors import UsageError

    table: dict[int | str, Buffer] = {}
    for text in texts:
        handle, buffer = parse_buffer_option(text)
        if handle in table:
            raise UsageError(f"buffer {handle} is given twice", fix="Give each handle one buffer")
        table[handle] = buffer
    return BufferTable(table)


def _number(text: str, what: str, *, least: int = 1) -> int | None:
    return parse_number(text, what, least=least) if text else None


def _exit_code(report: LaunchReport, *, fail_on_fault: bool) -> int:
    if report.ended in ("max_steps", "timeout"):
        return EXIT_LIMIT
    if report.ended == "stalled":
        return EXIT_STALLED
    return EXIT_FAULTED if fail_on_fault and report.outcomes["faulted"] else 0

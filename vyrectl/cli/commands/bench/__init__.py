"""`vyrectl bench`: this device beside its own ceilings."""

from __future__ import annotations

from typing import Annotated

import typer

from vyrectl.cli.commands.bench.view import view
from vyrectl.cli.declared import number_option
from vyrectl.cli.options import ColorOption, FormatOption, JsonOption, QuietOption, make_output
from vyrectl.cli.output import Output
from vyrectl.errors import UnknownNameError, UsageError

LIVE, WALL = "live", "wall"
STRESS_SECONDS = 5.0
FEED_TASKS = 100_000


def command(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="[host|live|wall]",
            help="'host' measures telemetry, 'live' a running launch, 'wall' waiting; else runs.",
        ),
    ] = "",
    *,
    device: Annotated[
        str,
        typer.Option("--device", "-d", metavar="NAME", help="Where to measure; the best device by default."),
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Rings up to 1M slots, fewer rounds: under a minute.")
    ] = False,
    sizes: Annotated[
        str, typer.Option("--sizes", metavar="LIST", help="Slots of the rings, e.g. 1k,64k,1M,16M.")
    ] = "",
    repeat: Annotated[
        int | None, number_option("--repeat", says="Rounds that count: 9, or 5 with --quick.", least=1)
    ] = None,
    only: Annotated[
        str,
        typer.Option("--only", metavar="LIST", help="Of tasks, groups, memory, start, order: these alone."),
    ] = "",
    seconds: Annotated[
        int | None, number_option("--seconds", says="For live: length of the stress; 5 by default.", least=1)
    ] = None,
    tasks: Annotated[
        int | None,
        number_option("--tasks", says="For live: tasks of each feed; 100000 by default.", least=1000),
    ] = None,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Measure this device beside its own ceilings.

    Drains rings of no-op tasks, of tasks that yield, and of group tasks, and sets each beside what the device could
    do at best with the same memory in the same run: (a) a one-pass sweep that claims every task by
    compare-and-swap and finishes it in place, without index or order; (b) one kernel enqueue a task; (c) one
    ordinary kernel that does the group tasks' arithmetic. Everything is measured in turn, round after round;
    the figures are medians, shares compare turns of the same round. Absolute rates hold for this machine alone.

    With host, the snapshot of a ring of 1 GiB beside the sum of its bytes, and whole commands beside an empty
    Python. With live, how fast a running launch answers: publications and epochs from another process, JSON lines and
    arrays a second with each task counted, and a stress in which other processes read and write the ring. With wall,
    what a user waits for beside the least that it could take: launches from Python and whole commands beside an empty
    kernel, the copy of their bytes, and their own time on the device.

    \b
    Examples:
      vyrectl bench --quick
      vyrectl bench host
      vyrectl bench live --seconds 60
      vyrectl bench wall
      vyrectl bench --device gpu --only tasks,groups --sizes 1M,16M --json
    """
    from vyrectl.bench.report import Plan
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.bench.suite import run_bench
    from vyrectl.opencl.devices import find_watched

    output = make_output(format_name, as_json, color, quiet=quiet)
    if subject == LIVE:
        _bench_live(output, device, seconds, tasks)
        return
    if seconds is not None or tasks is not None:
        raise UsageError("--seconds and --tasks are for live", fix="Write: vyrectl bench live")
    if subject and subject != WALL:
        _bench_host(output, subject, device, sizes, repeat, only, quick=quick)
        return
    if device == "reference":
        raise UsageError("the reference backend has no ceilings", fix="Name an OpenCL device")
    if subject == WALL:
        _bench_wall(output, device, sizes, repeat, only, quick=quick)
        return
    plan = Plan.usual(
        quick,
        sizes=parse_sizes(sizes) if sizes else None,
        repeats=repeat,
        sections=_sections(only) if only else None,
    )
    with output.progress("bench", "turns") as update:
        report = run_bench(find_watched(device or None, reference=False), plan, update)
    output.emit("bench", report.to_record(), view, rows=report.rows(), rows_key="measures")


def _bench_host(
    output: Output, subject: str, device: str, sizes: str, repeat: int | None, only: str, *, quick: bool
) -> None:
    from vyrectl.bench.host import FULL_SLOTS, QUICK_SLOTS, run_host
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.cli.commands.bench.view_host import view as view_host

    if subject != "host":
        raise UnknownNameError("subject", subject, ("host", LIVE, WALL))
    if only:
        raise UsageError("--only is for the device's runs", fix="Leave it out")
    slots = parse_sizes(sizes)[-1] if sizes else QUICK_SLOTS if quick else FULL_SLOTS
    repeats = repeat or (5 if quick else 9)
    with output.progress("bench host", "turns") as update:
        report = run_host(slots, repeats, device, update)
    output.emit("bench-host", report.to_record(), view_host, rows=report.rows(), rows_key="measures")


def _bench_wall(
    output: Output, device: str, sizes: str, repeat: int | None, only: str, *, quick: bool
) -> None:
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.bench.wall import QUICK_REPEATS, QUICK_SIZES, REPEATS, run_wall
    from vyrectl.cli.commands.bench.view_wall import view as view_wall
    from vyrectl.opencl.devices import find_watched

    if only:
        raise UsageError("--only is for the device's runs", fix="Leave it out")
    slots = parse_sizes(sizes) if sizes else QUICK_SIZES if quick else ()
    repeats = repeat or (QUICK_REPEATS if quick else REPEATS)
    with output.progress("bench wall", "turns") as update:
        report = run_wall(find_watched(device or None, reference=False), slots, repeats, update)
    output.emit("bench-wall", report.to_record(), view_wall, rows=report.rows(), rows_key="measures")


def _bench_live(output: Output, device: str, seconds: int | None, tasks: int | None) -> None:
    from vyrectl.bench.live import run_live
    from vyrectl.cli.commands.bench.view_live import view as view_live
    from vyrectl.opencl.devices import find_watched

    if device == "reference":
        raise UsageError("the reference backend runs no ring in place", fix="Name an OpenCL device")
    found = find_watched(device or None, reference=False)
    with output.progress("bench live", "parts") as update:
        report = run_live(
            found.name if device == "" else device,
            is_cpu=found.is_cpu,
            name=found.name,
            seconds=STRESS_SECONDS if seconds is None else float(seconds),
            tasks=tasks or FEED_TASKS,
            update=update,
        )
    output.emit("bench-live", report.to_record(), view_live, rows=report.rows(), rows_key="figures")


def _sections(text: str) -> tuple[str, ...]:
    from vyrectl.bench.report import ALL_SECTIONS

    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in ALL_SECTIONS:
            raise UnknownNameError("section", name, ALL_SECTIONS)
    return tuple(name for name in ALL_SECTIONS if name in names)

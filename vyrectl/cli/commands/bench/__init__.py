"""`vyrectl bench`: this device beside its own ceilings."""

from __future__ import annotations

from typing import Annotated

import typer

from vyrectl.cli.commands.bench.options import Measured
from vyrectl.cli.commands.bench.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Talking
from vyrectl.cli.output import Output
from vyrectl.errors import UnknownNameError, UsageError

LIVE, WALL, DEVICES = "live", "wall", "devices"
STRESS_SECONDS = 5.0
FEED_TASKS = 100_000


@with_records
def command(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[host|live|wall|devices]",
            help="'host': telemetry, 'live': a running launch, 'wall': waiting, 'devices': several; else runs.",
        ),
    ] = None,
    *,
    measured: Measured,
    printed: Talking,
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
    kernel, the copy of their bytes, and their own time on the device. With devices, one compute-bound ring on one
    device and on several (--device 0:0,0:1), and on one and two local Dask workers where Dask is installed.

    \b
    Examples:
      vyrectl bench --quick
      vyrectl bench host
      vyrectl bench live --seconds 60
      vyrectl bench wall
      vyrectl bench devices --device gpu:*
      vyrectl bench --device gpu --only tasks,groups --sizes 1M,16M --json
    """
    from vyrectl.bench.report import BenchRequest
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.bench.suite import run_bench
    from vyrectl.opencl.devices import find_device

    output = printed.output()
    if subject == LIVE:
        _bench_live(output, measured)
        return
    if measured.seconds is not None or measured.tasks is not None:
        raise UsageError("--seconds and --tasks are for live", fix="Write: vyrectl bench live")
    if subject == DEVICES:
        _bench_devices(output, measured)
        return
    if subject is not None and subject != WALL:
        _bench_host(output, subject, measured)
        return
    if measured.device == "reference":
        raise UsageError("the reference backend has no ceilings", fix="Name an OpenCL device")
    if subject == WALL:
        _bench_wall(output, measured)
        return
    plan = BenchRequest.usual(
        measured.quick,
        sizes=None if measured.sizes is None else parse_sizes(measured.sizes),
        repeats=measured.repeat,
        sections=None if measured.only is None else _sections(measured.only),
    )
    with output.progress("bench", "turns") as update:
        report = run_bench(find_device(measured.device, reference=False), plan, update)
    output.emit("bench", report.to_record(), view, rows=report.rows(), rows_key="measures")


def _bench_host(output: Output, subject: str, measured: Measured) -> None:
    from vyrectl.bench.host import FULL_SLOTS, QUICK_SLOTS, run_host
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.cli.commands.bench.view_host import view as view_host

    if subject != "host":
        raise UnknownNameError("subject", subject, ("host", LIVE, WALL, DEVICES))
    _refuse_sections(measured)
    usual = QUICK_SLOTS if measured.quick else FULL_SLOTS
    slots = usual if measured.sizes is None else parse_sizes(measured.sizes)[-1]
    repeats = measured.repeat or (5 if measured.quick else 9)
    with output.progress("bench host", "turns") as update:
        report = run_host(slots, repeats, measured.device or "", update)
    output.emit("bench-host", report.to_record(), view_host, rows=report.rows(), rows_key="measures")


def _bench_wall(output: Output, measured: Measured) -> None:
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.bench.wall import QUICK_REPEATS, QUICK_SIZES, REPEATS, run_wall
    from vyrectl.cli.commands.bench.view_wall import view as view_wall
    from vyrectl.opencl.devices import find_device

    _refuse_sections(measured)
    usual = QUICK_SIZES if measured.quick else ()
    slots = usual if measured.sizes is None else parse_sizes(measured.sizes)
    repeats = measured.repeat or (QUICK_REPEATS if measured.quick else REPEATS)
    with output.progress("bench wall", "turns") as update:
        report = run_wall(find_device(measured.device, reference=False), slots, repeats, update)
    output.emit("bench-wall", report.to_record(), view_wall, rows=report.rows(), rows_key="measures")


def _bench_devices(output: Output, measured: Measured) -> None:
    from importlib.util import find_spec

    from vyrectl.bench.devices import QUICK_REPEATS, REPEATS, run_devices, usual_slots
    from vyrectl.bench.sizes import parse_sizes
    from vyrectl.cli.commands.bench.view_devices import view as view_devices
    from vyrectl.spread.devices import choose_devices, wanted_devices

    _refuse_sections(measured)
    text = measured.device or "all"
    chosen = choose_devices(text)
    if wanted_devices(text) is None or (len(chosen) < 2 and measured.device is None):
        raise UsageError(
            f"{chosen[0].label} is one device, and several are measured beside one",
            fix="Name several: vyrectl bench devices --device 0:0,0:1, or --device reference,reference",
        )
    usual = usual_slots(chosen, quick=measured.quick)
    slots = usual if measured.sizes is None else parse_sizes(measured.sizes)[-1]
    repeats = measured.repeat or (QUICK_REPEATS if measured.quick else REPEATS)
    has_dask = find_spec("distributed") is not None
    with output.progress("bench devices", "launches") as update:
        figures = run_devices(
            chosen, text, slots=slots, quick=measured.quick, repeats=repeats, dask=has_dask, tell=update
        )
    record = {"devices": [one.label for one in chosen], "slots": slots, "repeats": repeats}
    rows = [one.to_record() for one in figures]
    output.emit("bench-devices", record, view_devices, rows=rows, rows_key="figures")


def _refuse_sections(measured: Measured) -> None:
    if measured.only is not None:
        raise UsageError("--only is for the device's runs", fix="Leave it out")


def _bench_live(output: Output, measured: Measured) -> None:
    from vyrectl.bench.live import run_live
    from vyrectl.cli.commands.bench.view_live import view as view_live
    from vyrectl.opencl.devices import find_device

    if measured.device == "reference":
        raise UsageError("the reference backend runs no ring in place", fix="Name an OpenCL device")
    found = find_device(measured.device, reference=False)
    with output.progress("bench live", "parts") as update:
        report = run_live(
            measured.device or found.name,
            is_cpu=found.is_cpu,
            name=found.name,
            seconds=STRESS_SECONDS if measured.seconds is None else float(measured.seconds),
            tasks=measured.tasks or FEED_TASKS,
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

"""`vyrectl launch`: run a ring on a device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import typer

from vyrectl.cli.commands.launch.progress import LaunchProgress
from vyrectl.cli.commands.launch.request import RECORDS_OF_LAUNCH, Flags, file_launch
from vyrectl.cli.commands.launch.stall import DEFAULT_SECONDS, StallNotice, StallOptions
from vyrectl.cli.commands.launch.watched import show_fed, watcher
from vyrectl.cli.declared import taken, with_options, with_records
from vyrectl.cli.edits import tell_order
from vyrectl.cli.options import (
    EditedRingArgument,
    ForceOption,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.engine.endings import Ending
from vyrectl.engine.ops import OpSource
from vyrectl.errors import LIMIT_EXIT, OutputsError, ShardsLostError, UsageError, stopped_code
from vyrectl.hosting.files import check_files
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import launch_file
from vyrectl.ring.looking import look_before_write
from vyrectl.spread.devices import wanted_devices
from vyrectl.spread.options import Hosts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.hosting.stall import Insight
    from vyrectl.launching.report_record import LaunchRecord
    from vyrectl.protocol.debug_format import Formats

_SHOWS_REPORT = ("rich.console", "vyrectl.cli.commands.launch.view")

EXIT_FAULTED = 6
EXIT_STALLED = 1


@with_options(*RECORDS_OF_LAUNCH)
@with_records
def command(
    ring: EditedRingArgument,
    *,
    force: ForceOption = False,
    printed: Talking,
    **given: object,
) -> None:
    """Run a ring on a device.

    Claims every schedulable task in the order of the priority classes and runs it, in rounds, until nothing
    claimable is left. A CPU device works on the file itself; otherwise the file is replaced at the end. Faulted
    and paused tasks are counted outcomes. Ctrl-C, SIGTERM and --timeout let running tasks finish and save.
    Tasks whose operation nothing defines, or whose buffer is missing, are a refusal before anything is claimed.
    Exit codes: 3 such a refusal, 124 a limit was met with work left, 5 the device died, 6 --verify found a broken
    promise or every claim faulted, 7 --stall-ends.

    \b
    Examples:
      vyrectl launch ring.bin
      vyrectl launch ring.bin --buffer 0=x.npy --buffer 1=zeros:float32:64:out.npy
      vyrectl launch ring.bin --device reference --epoch 3 --output after.bin
      vyrectl launch ring.bin --feed - --reclaim < tasks.jsonl
      vyrectl launch ring.bin --output new.bin --record publications:new.vrrl
    """
    output, flags = printed.output(), taken(Flags, given)
    if str(ring) == "-":
        raise UsageError("standard input cannot be launched", fix="Name a ring file")
    look_before_write(ring, force=force)
    stdout = StdoutFile(output)
    request = file_launch(ring, given, flags, output, stdout)
    check_files(request)
    if request.record is not None:
        _check_log(request)
    tell_order(output, request.options.where)
    texts = _read_formats(flags.formats)
    if flags.dry_run:
        _show_plan(output, request)
        return
    stall = StallNotice(output, ring, _stall_options(request, flags))
    with LaunchProgress(output) as progress:
        report, signal_received = stall.over(
            lambda look: _launcher(request, taken(Hosts, given))(
                stall.hearing(watcher(output, progress, texts)), _loading_view(output, look)
            ),
            progress,
        )
    if stdout.is_used:
        stdout.send()
        output.talk(_sentence(report))
    elif flags.feed:
        show_fed(output, report)
    else:
        output.emit("launch", report, _view)
    if report["not_saved"]:
        raise OutputsError(report["not_saved"])
    if report["ended"] == Ending.LOST:
        raise ShardsLostError(report["set_aside"], str(request.output or ring))
    raise typer.Exit(_exit_code(report, signal_received, fail_on_fault=flags.fail_on_fault))


def _launcher(request: FileLaunch, hosts: Hosts) -> Callable[..., tuple[LaunchRecord, int]]:
    """What runs it: on one device, on several, or on other hosts."""
    if hosts.dask is not None:
        from vyrectl.spread.hosts import dask_file

        return partial(dask_file, request, hosts)
    if wanted_devices(request.options.device) is None:
        return partial(launch_file, request)
    from vyrectl.spread.launch import spread_file

    return partial(spread_file, request)


def _sentence(report: LaunchRecord) -> str:
    """A report in one line, for a launch whose standard output holds something else."""
    counts = ", ".join(f"{report[name]} {name}" for name in ("done", "faulted", "remaining"))
    return f"{report['ended']}: {counts}"


def _read_formats(path: Path | None) -> Formats:
    if path is None:
        return {}
    from vyrectl.cli.debug_rows import read_formats

    return read_formats(path)


def _check_log(request: FileLaunch) -> None:
    """Find out before the launch whether its records can be kept."""
    from vyrectl.launching.record import LaunchLog

    assert request.record is not None
    LaunchLog(request.record, request.record_kind).check()


def _stall_options(request: FileLaunch, flags: Flags) -> StallOptions:
    """What to do when the launch stands still."""
    after = DEFAULT_SECONDS if flags.stall_after is None else flags.stall_after
    ops = tuple(one.path if isinstance(one, OpSource) else Path(one) for one in request.options.ops)
    return StallOptions(after, flags.on_stall or "", flags.stall_ends, ops)


def _show_plan(output: Output, request: FileLaunch) -> None:
    """What the launch would claim first, and the refusal with which it would end: the same without the writes."""
    from dataclasses import replace

    from vyrectl.engine.buffer_options import parse_buffer_options
    from vyrectl.launching.control_file import load_control
    from vyrectl.launching.preview import preview, what_cannot_run
    from vyrectl.launching.unrunnable import refuse
    from vyrectl.ring.file import Ring

    control = None if request.control is None else load_control(request.control)
    options = replace(request.options, control=control, buffers=parse_buffer_options(request.buffers))
    with Ring.open(request.ring) as ring:
        index, left_alone = preview(ring.slots, options)
        found = what_cannot_run(ring.slots, options)
    record = {
        "ring": str(request.ring),
        "claimable": index.claimable,
        "by_class": list(index.classes),
        "resumed": index.resumed,
        "left_alone": left_alone.to_record(),
        "unrunnable": [row.to_record() for row in found.rows],
    }
    from vyrectl.cli.commands.launch.view import view_plan

    output.emit("launch-plan", record, view_plan)
    if options.max_steps is not None and options.max_steps < index.claimable:
        output.talk(f"--max-steps ends the launch after {options.max_steps} claims")
    if not options.fault_unknown:
        refuse(found, str(request.ring))


def _exit_code(record: LaunchRecord, signal_received: int, *, fail_on_fault: bool) -> int:
    if signal_received and record["ended"] == Ending.INTERRUPTED:
        return stopped_code(signal_received)
    if record["ended"] in (Ending.MAX_STEPS, Ending.TIMEOUT):
        return LIMIT_EXIT
    if record["ended"] == Ending.STALLED:
        return EXIT_STALLED
    all_faulted = record["claims"] and record["faulted"] == record["claims"]
    return EXIT_FAULTED if all_faulted or (fail_on_fault and record["faulted"]) else 0


def _loading_view(output: Output, look: Callable[[Insight], None]) -> Callable[[Insight], None]:
    """As `look`, and from the first look on what shows the report is loaded: the device is not ready by then.

    By a thread, so that nothing is looked at later than it would be.
    """
    is_wanted = output.is_table

    def both(insight: Insight) -> None:
        nonlocal is_wanted
        if is_wanted:
            is_wanted = False
            with suppress(RuntimeError):  # the system gives no thread: it is loaded where it is needed
                Thread(target=_load, args=_SHOWS_REPORT).start()
        look(insight)

    return both


def _load(*modules: str) -> None:
    for name in modules:
        import_module(name)


def _view(record: LaunchRecord) -> RenderableType:
    """The report as people see it, which is loaded where somebody does."""
    from vyrectl.cli.commands.launch.view import view

    return view(record)

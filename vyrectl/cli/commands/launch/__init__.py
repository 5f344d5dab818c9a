"""`vyrectl launch`: run a ring on a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.abi.limits import (
    DEFAULT_DEBUG_RECORDS,
    DEFAULT_TRACE_RECORDS,
    MAX_ENCODED,
    MOST_TRACE_RECORDS,
    U32_MAX,
)
from vyrectl.cli.commands.launch.follow_options import follow_plan, show_fed
from vyrectl.cli.commands.launch.progress import LaunchProgress
from vyrectl.cli.commands.launch.record_option import parse_record
from vyrectl.cli.commands.launch.view import view, view_plan
from vyrectl.cli.endings import NPY, RING, TRACE, check_ending
from vyrectl.cli.options import (
    BackupOption,
    ColorOption,
    EditedRingArgument,
    ForceOption,
    FormatOption,
    JsonOption,
    QuietOption,
    WhereOption,
    make_output,
    parse_number,
)
from vyrectl.cli.output import Output
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.engine.buffer_files import buffer_files
from vyrectl.engine.quotas import parse_quotas
from vyrectl.errors import OutputsError, UsageError
from vyrectl.hosting.file_plan import LaunchPlan
from vyrectl.hosting.files import check_files
from vyrectl.hosting.supervised import launch_file
from vyrectl.hosting.supervisor import GRACE_SECONDS
from vyrectl.launching.plan import AUTO, OFF, Plan, Wishes, saved_plan, settle
from vyrectl.ring.looking import look_before_write
from vyrectl.ring.outputs import STDOUT

if TYPE_CHECKING:
    from vyrectl.policy.policy import LaunchPolicy
    from vyrectl.protocol.debug_format import Formats
    from vyrectl.protocol.replay import LogKind

EXIT_FAULTED = 6
EXIT_STALLED = 1
SHOWN_SETTLED = 16
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
    ] = "",
    tenant_quotas: Annotated[
        list[str] | None,
        typer.Option(
            "--tenant-quota", metavar="TENANT=N", help="Most claims of a tenant in this launch; repeatable."
        ),
    ] = None,
    fast_index: Annotated[
        bool | None,
        typer.Option(
            "--fast-index/--no-fast-index",
            help="32 bytes a slot beside the ring on the device, or 8; by default what fits easily.",
        ),
    ] = None,
    shard_slots: Annotated[
        str,
        typer.Option(
            "--shard-slots", metavar="N", help="Work on N slots at a time; all that fit by default."
        ),
    ] = "",
    max_steps: Annotated[
        str, typer.Option("--max-steps", metavar="N", help="Stop after this many claims.")
    ] = "",
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop after this time.", min=0.0)
    ] = None,
    grace: Annotated[
        float, typer.Option("--grace", metavar="SECONDS", help="Time to stop before the kill.", min=0.0)
    ] = GRACE_SECONDS,
    control: Annotated[
        Path | None,
        typer.Option(
            "--control", metavar="FILE", help="Control buffer to start from; its tenants' gate holds."
        ),
    ] = None,
    save_control: Annotated[
        Path | None,
        typer.Option("--save-control", metavar="FILE", help="Write the control buffer at the end."),
    ] = None,
    debug_log: Annotated[
        Path | None,
        typer.Option(
            "--debug-log", metavar="FILE", help="Show PRINTF records as they come, and keep them here."
        ),
    ] = None,
    debug_records: Annotated[
        str, typer.Option("--debug-records", metavar="N", help="Records that it has room for; 64 by default.")
    ] = "",
    formats: Annotated[
        Path | None,
        typer.Option("--formats", metavar="FILE", help="JSON: format id -> text, as `debug` takes it."),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Append a record of every ended task to a replay log; publications:FILE records publications.",
        ),
    ] = None,
    record_capacity: Annotated[
        str,
        typer.Option("--record-capacity", metavar="N", help="Records that a new replay log has room for."),
    ] = "",
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Write when each turn was made, for Perfetto."),
    ] = None,
    trace_records: Annotated[
        str,
        typer.Option("--trace-records", metavar="N", help="Turns that the trace holds; 65536 by default."),
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Prove that each task was claimed once and nothing else changed.")
    ] = False,
    in_place: Annotated[
        bool,
        typer.Option("--in-place/--no-in-place", help="Let a CPU device work on the mapped file itself."),
    ] = True,
    mode: Annotated[
        str,
        typer.Option("--mode", metavar="auto|jit|interpreter", help="Compile the ring's operations, or all."),
    ] = "auto",
    plan_text: Annotated[
        str,
        typer.Option(
            "--plan", metavar="auto|off|FILE", help="Ask the policy, do not, or replay a saved plan."
        ),
    ] = "auto",
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Thresholds for --plan auto, as JSON or TOML."),
    ] = None,
    new_ring: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="NEW", help="Write the result here and keep RING."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay when drained; sleep until there is work, or SHUTDOWN.")
    ] = False,
    feed: Annotated[
        str,
        typer.Option("--feed", metavar="FIFO|-", help="Take JSONL tasks and commands; answer on stdout."),
    ] = "",
    reclaim: Annotated[bool, typer.Option("--reclaim", help="Put fed tasks into Done slots too.")] = False,
    spin_ms: Annotated[
        float | None,
        typer.Option("--spin-ms", metavar="MS", help="Poll so long for more work before sleeping.", min=0.0),
    ] = None,
    backup: BackupOption = False,
    fault_unknown: Annotated[
        bool,
        typer.Option(
            "--fault-unknown",
            help="Go on although tasks would only be Faulted: no operation or no buffer is known for them.",
        ),
    ] = False,
    force: ForceOption = False,
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
    claimable is left. A CPU device works on the file itself; otherwise the file is replaced at the end. Faulted
    and paused tasks are counted outcomes. Ctrl-C, SIGTERM and --timeout let running tasks finish and save.
    Tasks whose operation nothing defines, or whose buffer is missing, are a refusal before anything is claimed.
    Exit codes: 3 such a refusal, 124 a limit was met with work left, 5 the device died, 6 --verify found a broken
    promise or every claim faulted.

    \b
    Examples:
      vyrectl launch ring.bin
      vyrectl launch ring.bin --buffer 0=x.npy --buffer 1=zeros:float32:64:out.npy
      vyrectl launch ring.bin --device reference --epoch 3 --output after.bin
      vyrectl launch ring.bin --feed - --reclaim < tasks.jsonl
      vyrectl launch ring.bin --output new.bin --record publications:new.vrrl
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    if str(ring) == "-":
        raise UsageError("standard input cannot be launched", fix="Name a ring file")
    look_before_write(ring, force=force)
    log, log_kind = parse_record(record, ring, output)
    _check_endings(new_ring, save_control, debug_log, log, trace, buffers or [])
    stdout = StdoutFile(output)
    trace, new_ring = stdout.take("--trace", trace), stdout.take("--output", new_ring)
    options = {
        "device": device or None,
        "ops": tuple(str(path) for path in ops or ()),
        "epoch": _number(epoch, "--epoch", least=0),
        "where": where or None,
        "workers": _number(workers, "--workers"),
        "work_group_size": _number(work_group_size, "--work-group-size"),
        "ticket": _number(ticket, "--ticket"),
        "age_threshold": _number(age_threshold, "--age-threshold", least=0),
        "max_steps": _number(max_steps, "--max-steps", least=0),
        "verify": verify,
        "mode": mode,
        "plan": _read_plan(plan_text),
        "policy": _read_policy(policy, plan_text),
        "quotas": parse_quotas(tenant_quotas or ()),
        "fast_index": fast_index,
        "shard_slots": _number(shard_slots, "--shard-slots"),
        "trace": None if trace is None else str(trace),
        "trace_records": _number(trace_records, "--trace-records", most=MOST_TRACE_RECORDS)
        or DEFAULT_TRACE_RECORDS,
        "fault_unknown": fault_unknown,
    }
    launch_plan = LaunchPlan(
        ring=ring,
        output=new_ring,
        backup=backup,
        in_place=in_place,
        timeout=timeout,
        grace=grace,
        control=control,
        save_control=stdout.take("--save-control", save_control),
        debug_log=stdout.take("--debug-log", debug_log),
        debug_records=_number(debug_records, "--debug-records", most=MAX_ENCODED) or DEFAULT_DEBUG_RECORDS,
        record=log,
        record_kind=log_kind,
        record_capacity=_number(record_capacity, "--record-capacity", most=MAX_ENCODED),
        buffers=tuple(_buffer(text, stdout) for text in buffers or ()),
        options=options,
        reads=tuple(_read_files(formats, plan_text)),
        follow=follow_plan(follow=follow, feed=feed, reclaim=reclaim, spin_ms=spin_ms, options=options),
    )
    if debug_log is None and (formats or debug_records):
        raise UsageError("--formats and --debug-records are for --debug-log", fix="Add --debug-log FILE")
    if trace is None and trace_records:
        raise UsageError("--trace-records is for --trace", fix="Add --trace FILE")
    if record is None and record_capacity:
        raise UsageError("--record-capacity is for --record", fix="Add --record FILE")
    check_files(launch_plan)
    if log is not None:
        _check_log(log, log_kind)
    texts = _read_formats(formats)
    if dry_run:
        _show_plan(output, launch_plan)
        return
    report, signal_received = _run(output, launch_plan, texts)
    if stdout.is_used:
        stdout.send()
        output.talk(_sentence(report))
    elif feed:
        show_fed(output, report, view)
    else:
        output.emit("launch", report, view)
    if report["not_saved"]:
        raise OutputsError(report["not_saved"])
    raise typer.Exit(_exit_code(report, signal_received, fail_on_fault=fail_on_fault))


def _run(output: Output, plan: LaunchPlan, texts: Formats) -> tuple[dict[str, Any], int]:
    """Launch, and say meanwhile how far it is; returns the report and the signal that ended it, 0 for none."""
    with LaunchProgress(output) as progress:

        def watch(message: dict[str, Any]) -> None:
            if "debug" in message:
                progress.clear()
                _show_debug(output, message["debug"], texts)
            elif "doing" in message:
                progress.doing(message["doing"])
            elif "backup" in message:
                output.talk(f"the old ring is {message['backup']}")
            elif "outputs" in message:
                progress.clear()
                for text in message["outputs"]:
                    output.talk(text)
            elif "settled" in message:
                _show_settled(output, message["settled"])
            else:
                progress.update(message)

        return launch_file(plan, watch, progress.look)


def _sentence(report: Mapping[str, Any]) -> str:
    """A report in one line, for a launch whose standard output holds something else."""
    counts = ", ".join(f"{report[name]} {name}" for name in ("done", "faulted", "remaining"))
    return f"{report['ended']}: {counts}"


def _buffer(text: str, stdout: StdoutFile) -> str:
    """A `--buffer` option whose output is a file, also when it says `-`."""
    handle, _, output = buffer_files(text)
    if output is None or str(output) != STDOUT:
        return text
    return f"{text.removesuffix(STDOUT)}{stdout.take(f'--buffer {handle}=', output)}"


def _read_files(formats: Path | None, plan: str) -> Iterator[tuple[str, Path]]:
    if formats is not None:
        yield "--formats", formats
    if plan not in (AUTO, OFF):
        yield "--plan", Path(plan)


def _check_endings(
    ring: Path | None,
    control: Path | None,
    debug_log: Path | None,
    record: Path | None,
    trace: Path | None,
    buffers: list[str],
) -> None:
    """Each file that a launch writes is what its name says.

    Raises:
        UsageError: One is not.
    """
    for path, content in (
        (ring, "a ring"),
        (control, "a control buffer"),
        (debug_log, "a debug log"),
        (record, "a replay log"),
    ):
        check_ending(path, content, RING)
    check_ending(trace, "a JSON trace", TRACE)
    for text in buffers:
        check_ending(buffer_files(text).output, "a .npy array", NPY)


def _read_formats(path: Path | None) -> Formats:
    if path is None:
        return {}
    from vyrectl.cli.debug_rows import read_formats

    return read_formats(path)


def _show_settled(output: Output, settled: dict[str, list[int]]) -> None:
    """What taking the lock had finished of a killed launch's work."""
    for what, slots in (
        ("finished", settled["finished"]),
        ("faulted, may not run twice", settled["faulted"]),
    ):
        if slots:
            shown = ", ".join(map(str, slots[:SHOWN_SETTLED])) + (
                ", ..." if len(slots) > SHOWN_SETTLED else ""
            )
            output.talk(f"left half-way by a killed launch and {what}: slots {shown}")


def _show_debug(output: Output, news: list[Any], texts: Formats) -> None:
    from vyrectl.cli.debug_rows import debug_line, debug_rows
    from vyrectl.protocol.debug_log import DebugRecord

    records = [DebugRecord(format_id, tuple(arguments)) for format_id, arguments in news]
    for row in debug_rows(records, texts):
        output.talk(debug_line(row))


def _check_log(path: Path, kind: LogKind) -> None:
    """Find out before the launch whether its records can be kept."""
    from vyrectl.launching.record import LaunchLog

    LaunchLog(path, kind).check()


def _read_policy(path: Path | None, plan_text: str) -> LaunchPolicy | None:
    """Value of `--policy`.

    Raises:
        UsageError: The plan is not made here.
        FileError: It cannot be read.
        InvalidInputError: It holds no policy.
    """
    if path is None:
        return None
    if plan_text != AUTO:
        raise UsageError("--policy is for --plan auto", fix="Leave out --plan, or --policy")
    from vyrectl.cli.sources import read_policy

    return read_policy(path)


def _read_plan(text: str) -> Plan | str:
    """Value of `--plan`: one of the two words, or what a file holds.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds no plan.
    """
    if text in (AUTO, OFF):
        return text
    from vyrectl.cli.sources import read_table

    return saved_plan(read_table(Path(text)), text)


def _show_plan(output: Output, plan: LaunchPlan) -> None:
    """What the launch would claim first, and the refusal with which it would end: the same without the writes."""
    from vyrectl.engine.buffers import parse_buffer_options
    from vyrectl.launching.control_file import load_control
    from vyrectl.launching.preview import preview, what_cannot_run
    from vyrectl.launching.unrunnable import refuse
    from vyrectl.ring.file import Ring

    path, options = plan.ring, plan.options
    asked = {name: options[name] for name in ("epoch", "where", "ops", "quotas")}
    asked["control"] = None if plan.control is None else load_control(plan.control)
    with Ring.open(path) as ring:
        index, left_alone = preview(ring.slots, age_threshold=_preview_ticks(options), **asked)
        found = what_cannot_run(ring.slots, buffers=parse_buffer_options(plan.buffers), **asked)
    record = {
        "ring": str(path),
        "claimable": index.claimable,
        "by_class": list(index.classes),
        "resumed": index.resumed,
        "left_alone": left_alone.to_record(),
        "unrunnable": [row.to_record() for row in found.rows],
    }
    output.emit("launch-plan", record, view_plan)
    if options["max_steps"] is not None and options["max_steps"] < index.claimable:
        output.talk(f"--max-steps ends the launch after {options['max_steps']} claims")
    if not options["fault_unknown"]:
        refuse(found, str(path))


def _preview_ticks(options: Mapping[str, Any]) -> int:
    """The age threshold of a preview. A plan that is yet to be made needs no look: it leaves aging out only where no
    task is old enough for it."""
    plan = options["plan"] if isinstance(options["plan"], Plan) else None
    return settle(plan, Wishes(age_threshold=options["age_threshold"])).age_threshold


def _number(text: str, what: str, *, least: int = 1, most: int = U32_MAX) -> int | None:
    return parse_number(text, what, least=least, most=most) if text else None


def _exit_code(record: dict[str, Any], signal_received: int, *, fail_on_fault: bool) -> int:
    if signal_received and record["ended"] == "interrupted":
        return 128 + signal_received
    if record["ended"] in ("max_steps", "timeout"):
        return EXIT_LIMIT
    if record["ended"] == "stalled":
        return EXIT_STALLED
    all_faulted = record["claims"] and record["faulted"] == record["claims"]
    return EXIT_FAULTED if all_faulted or (fail_on_fault and record["faulted"]) else 0

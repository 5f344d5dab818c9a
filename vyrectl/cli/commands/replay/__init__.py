"""`vyrectl replay`: the records of a replay log, or the log run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.replay.rows import Filter, parse_filter, replay_rows
from vyrectl.cli.commands.replay.view import diff_view, view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.fields import parse_value
from vyrectl.cli.options import (
    Shortened,
    Talking,
    open_ring,
)
from vyrectl.cli.output import Output
from vyrectl.cli.wrong_kind import telling_kind
from vyrectl.errors import UsageError, VerifyError
from vyrectl.protocol.replay import log_kind
from vyrectl.ring.kinds import FileKind
from vyrectl.ring.replay_log import ReplayLog


@with_records
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Replay log (VRRL).")],
    *,
    slots: Annotated[
        str | None, typer.Option("--slots", metavar="LIST", help="Only records of these slots, e.g. 0-15,20.")
    ] = None,
    tenant: Annotated[int | None, number_option("--tenant", says="Only records of this tenant.")] = None,
    op: Annotated[
        str | None, typer.Option("--op", metavar="OP", help="Only records of this operation.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only records with evidence of a failure.")
    ] = False,
    ring: Annotated[
        Path | None, typer.Option("--ring", metavar="RING", help="With --diff, the ring as it was at first.")
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Run the log again on --ring and name the first divergence.")
    ] = False,
    buffers: Annotated[
        list[str] | None,
        typer.Option("--buffer", metavar="H=SPEC", help="With --diff, buffers as `launch` takes them."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="FILE", help="With --diff, the control buffer to start from."),
    ] = None,
    no_digest: Annotated[
        bool,
        typer.Option("--no-digest", help="With --diff, leave output digests out: another runtime's differ."),
    ] = False,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """List a replay log, or run it again.

    Records are listed from the oldest; a log that is full has lost those before. `launch --record` writes one for
    every task that it brought to its end, in the order of the slots. With --diff the log runs on a copy of the
    ring in memory, on the reference backend; records whose slot is free there are published first. Exit code 6
    says that log and replay part. A log of the runtime holds publications and not endings: it is named as such, and
    evidence that says nothing about an ending is compared with none.

    \b
    Examples:
      vyrectl launch ring.bin --record run.vrrl --output after.bin
      vyrectl replay run.vrrl --op scale --failed
      vyrectl replay run.vrrl --ring ring.bin --diff
    """
    output = printed.output()
    chosen = parse_filter(
        slots,
        tenant,
        None if op is None else parse_value("op_handle", op),
        failed=failed,
    )
    if diff:
        if ring is None:
            raise UsageError(
                "--diff needs the ring as it was at first",
                fix="Name a copy from before, for example --ring before.bin",
            )
        if chosen != Filter() or shortened.limit is not None:
            raise UsageError("--diff runs the whole log", fix="Leave out what chooses records")
        _diff(output, file, ring, tuple(buffers or ()), control, digests=not no_digest)
        return
    if ring is not None or buffers or control is not None or no_digest:
        raise UsageError("--ring, --buffer, --control and --no-digest are for --diff", fix="Add --diff")
    _list(output, file, chosen, shortened.rows(output))


def _list(output: Output, file: Path, chosen: Filter, most: int | None) -> None:
    with telling_kind(file, FileKind.REPLAY_LOG), ReplayLog.open(file) as log:
        everything = list(log.records())
        capacity = log.header.capacity
    wanted = [(index, one) for index, one in enumerate(everything) if chosen.takes(one)]
    record = {
        "log": str(file),
        "kind": str(log_kind(everything)),
        "capacity": capacity,
        "total": len(everything),
        "matched": len(wanted),
    }
    shown = wanted if most is None else wanted[:most]
    rows = list(replay_rows(shown)) if output.is_table else replay_rows(shown)
    output.emit("replay", record, view, rows=rows, rows_key="records")
    if len(shown) < len(wanted):
        output.talk(f"{len(shown)} of {len(wanted)} records shown; --limit N or --limit all shows more")


def _diff(
    output: Output, file: Path, ring: Path, buffers: tuple[str, ...], control: Path | None, *, digests: bool
) -> None:
    from vyrectl.engine.buffer_options import parse_buffer_options
    from vyrectl.launching.control_file import load_control
    from vyrectl.launching.replay_diff import replay_against

    with telling_kind(file, FileKind.REPLAY_LOG), ReplayLog.open(file) as log:
        records = list(log.records())
        complete = len(records) < log.header.capacity
    kind = log_kind(records)
    with open_ring(ring) as opened:
        slots = opened.slots.copy()
    found = replay_against(
        records,
        slots,
        buffers=parse_buffer_options(buffers),
        control=None if control is None else load_control(control),
        complete=complete,
        digests=digests,
    )
    record: dict[str, object] = {
        "log": str(file),
        "kind": str(kind),
        "ring": str(ring),
        "records": len(records),
        "compared": found.compared,
        "without_evidence": found.without_evidence,
        "published": found.published,
        "divergence": None if found.divergence is None else found.divergence.to_record(),
    }
    output.emit("replay", record, diff_view)
    if found.divergence is not None:
        raise typer.Exit(VerifyError.exit_code)

"""`vyrectl snapshot`: the queue telemetry of one ring or of several, once or again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.snapshot.output import Targets, emit_once, emit_ticks
from vyrectl.cli.declared import number_option
from vyrectl.cli.options import (
    AbiOption,
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    OffsetOption,
    QuietOption,
    make_output,
)
from vyrectl.cli.snapshot_records import Wanted, parse_groups
from vyrectl.ring.reading import parse_abi
from vyrectl.telemetry.alert import parse_alert


def command(
    rings: Annotated[
        list[Path], typer.Argument(metavar="RING...", help="Ring files, or - for standard input.")
    ],
    *,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="LIST", help="Also count by state, priority, tenant, op, flags, fault_name."
        ),
    ] = "",
    ages: Annotated[
        bool, typer.Option("--ages", help="Also say how ages and requeues spread over the open tasks.")
    ] = False,
    oldest: Annotated[int | None, number_option("--oldest", says="Also list the oldest tasks.")] = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Count unknown states apart instead of refusing them.")
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="FILE", help="Compare with a snapshot that was saved."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="FILE", help="Also show the runtime's view of the ring and this."),
    ] = None,
    watch: Annotated[
        float | None,
        typer.Option("--watch", metavar="SECONDS", help="Look again and again, this often, until Ctrl-C."),
    ] = None,
    ticks: Annotated[int | None, number_option("--ticks", says="End --watch after N looks.", least=1)] = None,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert", metavar="RULE", help="Say when this begins and ends, e.g. 'done_delta == 0 for 30s'."
        ),
    ] = None,
    alert_exits: Annotated[
        bool, typer.Option("--alert-exits", help="End with exit code 6 when an alert begins.")
    ] = False,
    append: Annotated[
        Path | None, typer.Option("--append", metavar="FILE", help="Append each answer to a JSONL file.")
    ] = None,
    openmetrics: Annotated[
        bool, typer.Option("--openmetrics", help="Write OpenMetrics text, as a node exporter reads it.")
    ] = False,
    text_file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Put the OpenMetrics text in this file's place."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let --output and --append take a file of another kind.")
    ] = False,
    abi: AbiOption = "auto",
    offset: OffsetOption = "",
    count: CountOption = "",
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Show queue telemetry.

    Counts the slots in each state; Empty and Done slots are not queued and not counted. total_requeues and
    max_priority_age run over every slot, also where words 7-15 are arguments (--abi auto says so, protocol counts 0
    there). Several rings are shown one by one and summed. --watch redraws a table
    on a terminal and writes one JSON line for each look through a pipe.

    \b
    Examples:
      vyrectl snapshot ring.bin --by priority,tenant --ages --oldest 5
      vyrectl snapshot a.bin b.bin --json
      vyrectl snapshot ring.bin --watch 1
      vyrectl snapshot ring.bin --since before.json
      vyrectl snapshot ring.bin --control control.bin
      vyrectl snapshot ring.bin --openmetrics --output ring.prom
      vyrectl snapshot ring.bin --watch 1 --alert 'done_delta == 0 for 30s'
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    wanted = Wanted(
        parse_groups(by),
        ages,
        oldest or 0,
        lenient,
        control,
        parse_abi(abi),
        oldest_ages=openmetrics,
    )
    targets = Targets(
        output,
        since,
        append,
        openmetrics=openmetrics,
        text_file=text_file,
        force=force,
        alerts=[parse_alert(text) for text in alert or ()],
        alert_exits=alert_exits,
    )
    targets.check(rings, watch, ticks, control)
    targets.check_control(rings, control)
    targets.check_files(rings, control)
    if watch is None:
        emit_once(targets, rings, (offset, count), wanted)
    else:
        emit_ticks(targets, rings, (offset, count), wanted, watch, ticks)

"""Where the answers of `snapshot` go: the terminal or a pipe, a history, an OpenMetrics file.

Which combinations of options make sense is decided here, before anything is read.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from vyrectl.cli.commands.snapshot.alerts import EXIT_ALERT, Alerts
from vyrectl.cli.commands.snapshot.options import Wishes
from vyrectl.cli.endings import HISTORY, METRICS, check_ending
from vyrectl.cli.options import Span
from vyrectl.cli.output import Output, plain, write_line
from vyrectl.cli.rows import csv_text
from vyrectl.cli.snapshot_records import (
    ABOUT,
    Full,
    Record,
    Wanted,
    answer,
    full_answer,
    line,
    measure,
    open_for_snapshot,
)
from vyrectl.cli.stdin_once import check_single_stdin
from vyrectl.errors import SIGNAL_EXIT, UsageError
from vyrectl.ring.outputs import STDOUT
from vyrectl.telemetry.snapshot import TaskQueueSnapshot

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.snapshot.watch import Tick

MOST_GROUPS_IN_A_CELL = 64

NOT_KEPT = ("since", "alerts", "oldest_by_priority", "oldest_by_tenant")
"""Keys of a record that no history keeps: they are about a look beside another, or for gauges alone."""


class Targets(NamedTuple):
    """What is done with an answer."""

    output: Output
    asked: Wishes

    def check(self, rings: Sequence[Path]) -> None:
        """Refuse options that contradict each other.

        Raises:
            UsageError: They do.
        """
        asked = self.asked
        check_single_stdin(*rings, asked.since, asked.control)
        check_ending(asked.text_file, "OpenMetrics text", METRICS)
        check_ending(asked.append, "JSON lines", HISTORY)
        if asked.text_file is not None and not asked.openmetrics:
            raise UsageError("--output is for --openmetrics", fix="Use > to save another answer")
        if asked.openmetrics and (asked.since is not None or not self.output.is_table):
            raise UsageError("--openmetrics is a format of its own, without --since", fix="Run both")
        if asked.alert_exits and not asked.alerts:
            raise UsageError("--alert-exits is for --alert", fix="Add --alert RULE")
        if asked.watch_s is not None:
            self._check_watch((*rings, asked.control))
        elif asked.ticks is not None or asked.alerts:
            option = "--ticks" if asked.ticks is not None else "--alert"
            raise UsageError(f"{option} is for --watch", fix="Add --watch SECONDS")
        if asked.control is not None:
            self._check_control(rings)

    def check_files(self, rings: Sequence[Path]) -> None:
        """Hold what is written against what is read; a history may be compared with and added to.

        Raises:
            UsageError: Two files are one, or two answers go to standard output.
            FileError: A place cannot be written.
            OtherKindError: A file of another kind is there.
        """
        from vyrectl.ring import contents
        from vyrectl.ring.outputs import Outputs, same_file

        asked = self.asked
        files = Outputs(force=asked.force)
        for ring in rings:
            files.reads_ring(ring)
        files.reads("--control", asked.control)
        if asked.since is None or asked.append is None or not same_file(asked.since, asked.append):
            files.reads("--since", asked.since)
        files.writes("--append", asked.append, contents.HISTORY, appends=True)
        files.writes("--output", asked.text_file, contents.METRICS)
        files.check()
        if self.appends_to_stdout and not self.output.is_table:
            raise UsageError(
                "--append - and the answer both go to standard output",
                fix=f"Leave out --format {self.output.format}, or name a file",
            )

    @property
    def appends_to_stdout(self) -> bool:
        """True when the line of the history is what is written, and nothing beside it."""
        return str(self.asked.append) == STDOUT

    def _check_control(self, rings: Sequence[Path]) -> None:
        """Refuse what a control buffer cannot go with: several rings, or a format without a place for its view."""
        if len(rings) != 1:
            raise UsageError("--control goes with one ring", fix="Name the ring that it lies beside")
        if self.asked.openmetrics:
            raise UsageError("--openmetrics has no place for --control", fix="Leave one of them out")

    def _check_watch(self, looked_at: Sequence[Path | None]) -> None:
        if any(str(path) == STDOUT for path in looked_at):
            raise UsageError("standard input cannot be watched", fix="Name a file")
        if self.asked.openmetrics and self.asked.text_file is None:
            raise UsageError("--openmetrics with --watch needs a file", fix="Name one: --output metrics.prom")

    def keep(self, full: Full, moment: float) -> None:
        """Append the answer to the history, and write the OpenMetrics text, as far as they are wanted.

        Raises:
            FileError: One of them cannot be written.
        """
        from vyrectl.telemetry.history import append_line, timestamp

        if self.asked.append is not None:
            rings = [_without_since(one) for one in full["rings"]]
            kept = {"rings": rings, "sum": full["sum"] and _without_since(full["sum"])}
            record = line(kept, timestamp(moment))
            if self.appends_to_stdout:
                write_line(json.dumps(record, separators=(",", ":"), default=list))
            else:
                append_line(self.asked.append, record)
        if self.asked.openmetrics:
            self._write_openmetrics(full)

    def _write_openmetrics(self, full: Full) -> None:
        from vyrectl.telemetry.openmetrics import openmetrics

        text = openmetrics({**one, "ring": plain(one["ring"])} for one in full["rings"])
        place = self.asked.text_file
        if place is None or str(place) == STDOUT:
            write_line(text.rstrip("\n"))
        else:
            from vyrectl.files.keeping import write_kept

            write_kept(place, [text.encode("utf-8")])


def emit_once(targets: Targets, paths: Sequence[Path], span: Span, wanted: Wanted) -> None:
    """Look at the rings once, and write the answer.

    Raises:
        VyrectlError: A ring cannot be read, or a file cannot be written.
    """
    with ExitStack() as stack:
        rings = [stack.enter_context(open_for_snapshot(path, span)) for path in paths]
        read = [measure(ring, wanted) for ring in rings]
        full = full_answer([one.record for one in read], read, wanted)
    asked = targets.asked
    if asked.since is not None or asked.append is not None or asked.openmetrics:
        _beside(targets, full)
    if not asked.openmetrics and not targets.appends_to_stdout:
        _emit(targets.output, full)


def _beside(targets: Targets, full: Full) -> None:
    """What has to know the time: the comparison, the history, the exposition."""
    import time

    moment = time.time()
    if targets.asked.since is not None:
        from vyrectl.cli.snapshot_since import put_since, read_baseline

        put_since(full, read_baseline(targets.asked.since), moment)
    targets.keep(full, moment)


def _emit(output: Output, full: Full) -> None:
    shown = answer(full)
    if output.format == "csv":
        shown = _in_cells(output, shown)
    rows = shown["rings"] if output.format in ("jsonl", "csv") and "rings" in shown else None
    output.emit("snapshot", shown, lambda whole: _view(full), rows=rows)


def _in_cells(output: Output, shown: Record) -> Record:
    """An answer for CSV, where all groups of a field stand in one cell: the largest of many, the others as one."""
    if "rings" in shown:
        return {**shown, "rings": [_in_cells(output, one) for one in shown["rings"]]}
    by = {name: _in_cell(output, name, table) for name, table in shown.get("by", {}).items()}
    return {**shown, "by": by} if by else shown


def _in_cell(output: Output, name: str, table: Record) -> Record:
    from vyrectl.cli.group_rows import largest_groups

    groups = table["groups"]
    if len(groups) <= MOST_GROUPS_IN_A_CELL:
        return table
    output.warn(f"{name}: the largest {MOST_GROUPS_IN_A_CELL} of {len(groups)} values; --json has them all")
    return {**table, "groups": largest_groups(groups, MOST_GROUPS_IN_A_CELL)}


def emit_ticks(targets: Targets, paths: Sequence[Path], span: Span, wanted: Wanted, watch_s: float) -> None:
    """Look at the rings every `watch_s` seconds, and write each answer at once; Ctrl-C is the usual end.

    Raises:
        typer.Exit: It was ended so.
        VyrectlError: A ring cannot be read at the first look, or a file cannot be written.
    """
    from vyrectl.cli.commands.snapshot.watch import watch

    asked, baseline = targets.asked, None
    if asked.since is not None:
        from vyrectl.cli.snapshot_since import read_baseline

        baseline = read_baseline(asked.since)
    show = _shower(targets, lenient=wanted.lenient)
    looks = watch(
        paths, (span.start, span.slots), wanted, interval_s=watch_s, ticks=asked.ticks, baseline=baseline
    )
    alerts = Alerts(asked.alerts)
    try:
        for tick in looks:
            events = alerts.look(tick)
            targets.keep(tick.full, tick.moment)
            show(tick)
            for event in events:
                targets.output.tell(event.to_record(), event.line)
            if asked.alert_exits and any(event.began for event in events):
                raise typer.Exit(EXIT_ALERT)
    except KeyboardInterrupt:
        raise typer.Exit(SIGNAL_EXIT + signal.SIGINT) from None


def _shower(targets: Targets, *, lenient: bool) -> Callable[[Tick], None]:
    """What shows a tick: nothing beside an OpenMetrics file, a screen for a table on a terminal, else lines."""
    output = targets.output
    if targets.asked.openmetrics or targets.appends_to_stdout:
        return lambda tick: None
    if output.format == "csv":
        return _CsvTicks(lenient=lenient).show
    if output.is_table and sys.stdout.isatty():
        from vyrectl.cli.commands.snapshot.screen import Screen

        screen = Screen(output)
        return lambda tick: screen.draw(_view(tick.full, _head(tick)))
    return _show_json


def _show_json(tick: Tick) -> None:
    from vyrectl.telemetry.history import timestamp

    record = line(tick.full, timestamp(tick.moment))
    first = {key: record.pop(key) for key in ("schema", "timestamp")}
    write_line(json.dumps({**first, "tick": tick.number, "events": tick.events, **record}))
    sys.stdout.flush()


class _CsvTicks:
    """A row for each ring and tick, the header once."""

    def __init__(self, *, lenient: bool) -> None:
        counts = [*TaskQueueSnapshot().to_record(), *(["unknown_count"] if lenient else [])]
        self._columns = ["timestamp", "tick", "ring", "event", "error", *ABOUT, *counts]
        self._headed = False

    def show(self, tick: Tick) -> None:
        from vyrectl.telemetry.history import timestamp

        if not self._headed:
            write_line(",".join(self._columns))
        self._headed = True
        about = {"timestamp": timestamp(tick.moment), "tick": tick.number}
        events = {one["ring"]: one["event"] for one in tick.events}
        for ring in tick.full["rings"]:
            error = plain(ring["error"]["message"]) if "error" in ring else None
            row = {
                **ring,
                **about,
                "ring": plain(ring["ring"]),
                "event": events.get(ring["ring"]),
                "error": error,
            }
            write_line(",".join(csv_text(row.get(name)) for name in self._columns))
        sys.stdout.flush()


def _head(tick: Tick) -> list[str]:
    """When it was, and what happened to the files."""
    from datetime import datetime

    when = datetime.fromtimestamp(tick.moment).strftime("%Y-%m-%d %H:%M:%S")
    return [f"{when}, look {tick.number}", *(f"{one['ring']}: {one['event']}" for one in tick.events)]


def _view(full: Full, head: Sequence[str] = ()) -> RenderableType:
    from vyrectl.cli.commands.snapshot.view import view

    return view(full, head)


def _without_since(record: Record) -> Record:
    return {key: value for key, value in record.items() if key not in NOT_KEPT}

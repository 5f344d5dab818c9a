"""`vyrectl debug`: the records of a debug log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.debug.view import view
from vyrectl.cli.debug_rows import debug_rows, read_formats
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    Shortened,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.wrong_kind import refuse_other_kind, telling_kind
from vyrectl.files.whole import read_whole
from vyrectl.protocol.debug_log import DebugLog, decode_debug_log, read_debug_log
from vyrectl.ring.kinds import FileKind


@with_records
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Debug log, or - for standard input.")],
    *,
    formats: Annotated[
        Path | None,
        typer.Option("--formats", metavar="FILE", help="JSON: format id -> text with %u, %d, %x, %f."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a log that dropped records, as the runtime does.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Show FILE as a debug log, whatever it looks like.")
    ] = False,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Show the records of a debug log.

    Each is what one PRINTF task left: a format id, two arguments, and the slot it came from. A log that was full
    dropped records and counted them; they are told, and --strict makes that an error.

    \b
    Examples:
      vyrectl debug debug.bin
      vyrectl debug debug.bin --formats formats.json
      vyrectl launch ring.bin --debug-log debug.bin --formats formats.json
    """
    output = printed.output()
    texts = read_formats(formats)
    most = shortened.rows(output)
    data = read_whole(file, doing="read the debug log")
    refuse_other_kind(output, str(file), data, FileKind.DEBUG_LOG, force=force)
    with telling_kind(file, FileKind.DEBUG_LOG, data):
        if strict:
            decode_debug_log(data)
        log = read_debug_log(data)
    _warn(output, str(file), log)
    rows = list(debug_rows(log.records if most is None else log.records[:most], texts))
    record = {
        "log": str(file),
        "cursor": log.cursor,
        "capacity": log.capacity,
        "total": len(log.records),
        "dropped": log.dropped,
        "trailing_bytes": log.trailing_bytes,
    }
    output.emit("debug", record, view, rows=rows, rows_key="records")
    if most is not None and len(log.records) > most:
        output.talk(f"{most} of {len(log.records)} records shown; --limit N or --limit all shows more")


def _warn(output: Output, name: str, log: DebugLog) -> None:
    if log.odd_words:
        output.warn(f"{name}: the cursor is {log.cursor}, inside a record; the last one may be cut off")
    if log.trailing_bytes:
        output.warn(f"{name}: {log.trailing_bytes} bytes behind the last whole record are left out")

"""`vyrectl io`: the requests of an I/O queue."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from vyrectl.abi.io_queue import IO_STATUS_NAMES, IoOp
from vyrectl.cli.commands.io.view import view
from vyrectl.cli.declared import number_option, read_number, with_records
from vyrectl.cli.options import (
    Shortened,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.wrong_kind import refuse_other_kind, telling_kind
from vyrectl.errors import UnknownNameError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.io_queue import IoRecord, decode_io_queue
from vyrectl.ring.kinds import FileKind
from vyrectl.shapes import Count, LongWord, Word

OPS = {op.name: int(op) for op in IoOp}
STATUSES = {name: word for word, name in IO_STATUS_NAMES.items()}
MOST_BYTES = 1 << 20


def _op(text: str) -> int:
    return _word("operation", text, OPS)


def _status(text: str) -> int:
    return _word("status", text, STATUSES)


def _word(what: str, text: str, names: dict[str, int]) -> int:
    """The word that a name or a number stands for."""
    word = names.get(text.strip().upper())
    if word is None and not text.strip()[:1].isdigit():
        raise UnknownNameError(what, text, tuple(name.lower() for name in names))
    return read_number(text, what) if word is None else word


@with_records
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="I/O queue, or - for standard input.")],
    *,
    op: Annotated[
        int | None, typer.Option("--op", metavar="IO_OP", help="Only READ, WRITE or FENCE.", parser=_op)
    ] = None,
    status: Annotated[
        int | None,
        typer.Option(
            "--status",
            metavar="IO_STATUS",
            help="Only requests of this status, e.g. published.",
            parser=_status,
        ),
    ] = None,
    tag: Annotated[int | None, number_option("--tag", says="Only requests with this tag.")] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="Also show records that nobody has written.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Show FILE as an I/O queue, whatever it looks like.")
    ] = False,
    shortened: Shortened,
    printed: Talking,
) -> None:
    """Show the requests of an I/O queue.

    Each is what a kernel asked its host to move: READ, WRITE or FENCE, from where to where, how much, and how it
    ended. Records with an operation or a status that the wire does not have are shown as they are and named.

    \b
    Examples:
      vyrectl io queue.bin
      vyrectl io queue.bin --status published --op read
    """
    output = printed.output()
    most = shortened.rows(output)
    data = read_whole(file, doing="read the I/O queue", most=MOST_BYTES)
    refuse_other_kind(output, str(file), data, FileKind.IO_QUEUE, force=force)
    with telling_kind(file, FileKind.IO_QUEUE, data):
        records = decode_io_queue(data)
    chosen = [
        (index, one)
        for index, one in enumerate(records)
        if (unused or not one.is_unused)
        and op in (None, one.op)
        and status in (None, one.status)
        and tag in (None, one.tag)
    ]
    shown = chosen if most is None else chosen[:most]
    output.emit(
        "io",
        queue_record(str(file), records, len(chosen)),
        view,
        rows=[io_row(*one) for one in shown],
        rows_key="records",
    )
    _say(output, str(file), records, len(shown), len(chosen))


class StatusCount(TypedDict):
    """Requests of one status."""

    status: Word
    status_name: str | None
    records: Count


class QueueRecord(TypedDict):
    """What is said of a queue as a whole."""

    queue: str
    capacity: Count
    used: Count
    wrong: Count
    matched: Count
    by_status: list[StatusCount]


class IoRow(TypedDict):
    """One request under the names of its words."""

    record: Count
    op: Word
    op_name: str | None
    source: Word
    destination: Word
    offset: LongWord
    bytes: Word
    status: Word
    status_name: str | None
    tag: Word
    wrong: str | None


def queue_record(name: str, records: tuple[IoRecord, ...], matched: int) -> QueueRecord:
    """What is said of a queue as a whole."""
    counts = Counter(one.status for one in records if not one.is_unused)
    return {
        "queue": name,
        "capacity": len(records),
        "used": sum(not one.is_unused for one in records),
        "wrong": sum(one.wrong is not None for one in records),
        "matched": matched,
        "by_status": [
            {"status": word, "status_name": IO_STATUS_NAMES.get(word), "records": count}
            for word, count in sorted(counts.items())
        ],
    }


def io_row(index: int, record: IoRecord) -> IoRow:
    """One request under the names of its words."""
    return {
        "record": index,
        "op": record.op,
        "op_name": record.op_name,
        "source": record.source,
        "destination": record.destination,
        "offset": record.offset,
        "bytes": record.byte_count,
        "status": record.status,
        "status_name": record.status_name,
        "tag": record.tag,
        "wrong": record.wrong,
    }


def _say(output: Output, name: str, records: tuple[IoRecord, ...], shown: int, matched: int) -> None:
    wrong = [index for index, one in enumerate(records) if one.wrong is not None]
    if wrong:
        listed = ", ".join(map(str, wrong[:8])) + (", ..." if len(wrong) > 8 else "")
        output.warn(f"{name}: no host can serve record {listed}: {records[wrong[0]].wrong}")
    if shown < matched:
        output.talk(f"{shown} of {matched} records shown; --limit N or --limit all shows more")

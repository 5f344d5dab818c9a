"""What `open` shows: one line a file or buffer, why, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Lines, Part, Parts
from vyrectl.ring.findings.advice import SAVED_AS
from vyrectl.shell import STDIN

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.opened import OpenAnswer, OpenedRecord

COLUMNS = (Column("file"), Column("what", wrap=True), Column("holds", wrap=True), Column("next", wrap=True))
PART_COLUMNS = (
    Column("buffer"),
    Column("offset", right=True),
    Column("bytes", right=True),
    Column("holds", wrap=True),
)


def view(record: OpenAnswer) -> RenderableType:
    """One file with its reasons, or a table of many; then what does not fit together."""
    files = record["files"]
    parts: list[Part] = [*_one(files[0])] if len(files) == 1 else [_table(record)]
    if record["unpacked"]:
        parts.append(Lines([(f"wrote {plain(name)}", "") for name in record["unpacked"]]))
    findings = record["findings"]
    if findings:
        parts.append(
            Lines([(f"{one['severity']}: {one['name']}: {one['message']}", "yellow") for one in findings])
        )
    return Parts(parts)


def _one(file: OpenedRecord) -> Iterator[Part]:
    sure = "" if file["certainty"] == "certain" else f" ({file['certainty']})"
    lines = [
        (f"{plain(file['file'])}: {count_of(file['size_bytes'] or 0, 'byte')}, {_noun(file)}{sure}", "bold")
    ]
    lines += [(f"  {reason}", "dim") for reason in file["reasons"]]
    if file["summary"]:
        lines.append((f"  holds {plain(file['summary'])}", ""))
    if not file["parts"] and file["command"]:
        lines.append((f"{_next(file)}: {file['command']}", ""))
    yield Lines(lines)
    if file["parts"]:
        rows = [
            (one["kind"], str(one["offset"]), str(one["size_bytes"]), one["summary"] or "")
            for one in file["parts"]
        ]
        yield FittedTable(PART_COLUMNS, rows)
        nexts = [one["command"] for one in file["parts"] if one["command"]] + [file["command"]]
        yield Lines([(f"{_next(file)}: {command}", "") for command in nexts if command])


def _next(file: OpenedRecord) -> str:
    return f"next, once it is saved as {SAVED_AS}" if file["file"] == STDIN else "next"


def _table(record: OpenAnswer) -> FittedTable:
    title = f"{plain(record['path'])}: {count_of(len(record['files']), 'file')}"
    return FittedTable(COLUMNS, [_cells(file) for file in record["files"]], title=title)


def _cells(file: OpenedRecord) -> Sequence[Cell]:
    if file["problem"]:
        return file["file"], (file["problem"], "red"), "", ""
    sure = "" if file["certainty"] == "certain" else f" ({file['certainty']})"
    buffers = ", ".join(one["kind"] for one in file["parts"])
    return file["file"], _noun(file) + sure, file["summary"] or buffers, file["command"] or ""


def _noun(file: OpenedRecord) -> str:
    return f"{file['role']}: {file['noun']}" if file["role"] else str(file["noun"])

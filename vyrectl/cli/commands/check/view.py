"""What `check` shows: a line about the ring, then two lines a finding; the documentation of findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts
from vyrectl.ring.findings.advice import split_advice

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from vyrectl.cli.commands.check.record import CheckAnswer, KindRecord, KindsAnswer
    from vyrectl.ring.findings.report import FindingRecord

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
COLUMNS = (Column("severity"), Column("finding"), Column("what", wrap=True))


def view(record: CheckAnswer) -> RenderableType:
    """The findings, or one line when there are none."""
    title = _sentence(record)
    if not record["findings"]:
        return title
    rows = [row for finding in record["findings"] for row in _finding_rows(finding)]
    return FindingTable(COLUMNS, rows, title=title, headed=False)


def view_kinds(record: KindsAnswer) -> RenderableType:
    """What findings mean, one block each."""
    return Parts([_kind_table(kind) for kind in record["kinds"]])


def _sentence(record: CheckAnswer) -> str:
    counts = [(record["errors"], "error"), (record["warnings"], "warning"), (record["notes"], "note")]
    found = ", ".join(count_of(number, noun) for number, noun in counts if number)
    ignored = f" (ignored: {', '.join(record['ignored'])})" if record["ignored"] else ""
    name = plain(record["ring"])
    return f"{name}: {count_of(record['slots'], 'slot')}, {found or 'nothing found'}{ignored}"


def _finding_rows(finding: FindingRecord) -> Iterator[Sequence[Cell]]:
    severity = finding["severity"]
    yield (severity, SEVERITY_STYLES[severity]), finding["name"], finding["message"]
    if finding["slots"]:
        more = ", ..." if finding["count"] > len(finding["slots"]) else ""
        noun = "slot" if finding["count"] == 1 else "slots"
        yield "", "", (f"at {noun} {', '.join(map(str, finding['slots']))}{more}", "dim")
    words, command = split_advice(finding["remedy"])
    yield "", "", (f"fix: {words}" if words else "fix:", "dim")
    if command is not None:
        yield COMMAND, command, ""


COMMAND = "\N{NULL}"
"""Stands in the first cell of a row that is a command: a line of its own, which no terminal's width cuts."""


class FindingTable(FittedTable):
    """Findings, with commands as lines to paste between the rows."""

    def pieces(self, console: Console) -> Iterator[Text]:
        """The table in blocks of lines, from the top."""
        from rich.text import Text

        rows = list(self.rows)
        self.sample = [row for row in rows if row[0] != COMMAND]
        title = self.title
        for is_command, group in groupby(rows, key=lambda row: row[0] == COMMAND):
            if is_command:
                for _, command, _ in group:
                    yield Text(f"  {plain(str(command))}", no_wrap=True, overflow="ignore")
                continue
            self.rows, self.title = list(group), title
            yield from super().pieces(console)
            title = None


def _kind_table(kind: KindRecord) -> FittedTable:
    severity = kind["severity"]
    rows: list[Sequence[Cell]] = [
        ("severity", (severity, SEVERITY_STYLES[severity])),
        ("what", kind["title"]),
        ("why", kind["meaning"]),
        ("fix", kind["remedy"]),
    ]
    if kind["where"]:
        rows.append(("slots", f"--where '{kind['where']}'"))
    return FittedTable([Column("name"), Column("value", wrap=True)], rows, title=kind["name"], headed=False)

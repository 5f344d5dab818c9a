"""What `check` shows: a line about the ring, then two lines a finding; the documentation of findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
COLUMNS = (Column("severity"), Column("finding"), Column("what", wrap=True))


def view(record: Mapping[str, Any]) -> RenderableType:
    """The findings, or one line when there are none."""
    title = _sentence(record)
    if not record["findings"]:
        return title
    rows = [row for finding in record["findings"] for row in _finding_rows(finding)]
    return FittedTable(COLUMNS, rows, title=title, headed=False)


def view_kinds(record: Mapping[str, Any]) -> RenderableType:
    """What findings mean, one block each."""
    return Parts([_kind_table(kind) for kind in record["kinds"]])


def _sentence(record: Mapping[str, Any]) -> str:
    counts = [(record["errors"], "error"), (record["warnings"], "warning"), (record["notes"], "note")]
    found = ", ".join(count_of(number, noun) for number, noun in counts if number)
    ignored = f" (ignored: {', '.join(record['ignored'])})" if record["ignored"] else ""
    name = plain(record["ring"])
    return f"{name}: {count_of(record['slots'], 'slot')}, {found or 'nothing found'}{ignored}"


def _finding_rows(finding: Mapping[str, Any]) -> Iterator[Sequence[Cell]]:
    severity = finding["severity"]
    yield (severity, SEVERITY_STYLES[severity]), finding["name"], finding["message"]
    if finding["slots"]:
        more = ", ..." if finding["count"] > len(finding["slots"]) else ""
        noun = "slot" if finding["count"] == 1 else "slots"
        yield "", "", (f"at {noun} {', '.join(map(str, finding['slots']))}{more}", "dim")
    yield "", "", (f"fix: {finding['remedy']}", "dim")


def _kind_table(kind: Mapping[str, Any]) -> FittedTable:
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

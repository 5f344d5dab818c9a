"""Tables of `ops`: the operations, and what `--check` found in a file of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.ops.record import OpsAnswer, OpsCheckAnswer
    from vyrectl.opencl.op_check import OpFindingRecord

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow"}


def view(record: OpsAnswer) -> RenderableType:
    """One row an operation, by id."""
    columns = [Column("id", right=True), Column("name"), Column("what it does", wrap=True)]
    return FittedTable(columns, [(f"0x{op['op_handle']:x}", op["name"], op["doc"]) for op in record["ops"]])


def view_check(record: OpsCheckAnswer) -> RenderableType:
    """The findings, or one line when there are none."""
    title = _sentence(record)
    if not record["findings"]:
        return title
    rows = [row for finding in record["findings"] for row in _finding_rows(finding)]
    columns = [Column("severity"), Column("place"), Column("what", wrap=True)]
    return FittedTable(columns, rows, title=title, headed=False)


def _sentence(record: OpsCheckAnswer) -> str:
    counts = [(record["error_count"], "error"), (record["warning_count"], "warning")]
    found = ", ".join(count_of(number, noun) for number, noun in counts if number) or "nothing found"
    device = record["device"]
    compiled = f"compiled for {plain(device)}" if device else "not compiled"
    files = ", ".join(plain(path) for path in record["files"])
    return f"{files}: {count_of(len(record['ops']), 'operation')}, {compiled}, {found}"


def _finding_rows(finding: OpFindingRecord) -> Iterator[Sequence[Cell]]:
    severity = finding["severity"]
    column = f":{finding['column']}" if finding["column"] else ""
    place = f"{plain(finding['path'])}:{finding['line']}{column}"
    yield (severity, SEVERITY_STYLES[severity]), place, finding["message"]
    if finding["rule"] != "compile":
        yield "", "", (f"fix: {finding['fix']}", "dim")

"""What `doctor` shows: one verdict, then the checks area by area, with what to type under what is not well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.doctor.record import DoctorAnswer
    from vyrectl.opencl.diagnosis import DiagnosisRow

STATUS_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}
COLUMNS = (Column("status"), Column("name"), Column("what", wrap=True))


def view(record: DoctorAnswer) -> RenderableType:
    """One table an area, under a line that says whether the machine is ready."""
    verdict = FittedTable([Column("")], [], title=_verdict(record), headed=False)
    names = {f"device {one['id']}": f"{one['name']} ({one['platform']})" for one in record["devices"]}
    areas = groupby(record["checks"], key=lambda check: str(check["area"]))
    return Parts([verdict, *(_area(area, names.get(area), list(checks)) for area, checks in areas)])


def _verdict(record: DoctorAnswer) -> str:
    usable = sum(bool(device["usable"]) for device in record["devices"])
    if record["ready"]:
        return f"ready: {count_of(usable, 'device')} can run a ring ({record['system']})"
    return f"not ready: no OpenCL device can run a ring ({record['system']})"


def _area(area: str, name: str | None, checks: Sequence[DiagnosisRow]) -> FittedTable:
    rows = [row for check in checks for row in _rows(check)]
    return FittedTable(COLUMNS, rows, title=f"{area}: {name}" if name else area, headed=False)


def _rows(check: DiagnosisRow) -> Iterator[Sequence[Cell]]:
    status = check["status"]
    yield (status, STATUS_STYLES[status]), check["name"], check["message"]
    if check["fix"]:
        yield "", "", (f"fix: {check['fix']}", "dim")

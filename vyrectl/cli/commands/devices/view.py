"""Table of `devices`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.cli.views.cells import Cell, Column, FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.devices.record import DeviceRow, DevicesAnswer

GIB = 1 << 30


def view(record: DevicesAnswer) -> RenderableType:
    """One row a device, the default first."""
    checked = any("usable" in device for device in record["devices"])
    columns = [
        Column("id"),
        Column("kind"),
        Column("units", right=True, rank=2),
        Column("memory", right=True, rank=1),
        *([Column("check")] if checked else []),
        Column("name", wrap=True),
    ]
    return FittedTable(columns, [_row(device, checked) for device in record["devices"]])


def _row(device: DeviceRow, checked: bool) -> list[Cell]:
    memory = device["memory_bytes"]
    cells: list[Cell] = [
        device["id"],
        device["kind"],
        str(device["compute_units"]),
        f"{memory / GIB:.1f} GiB" if memory else "-",
    ]
    if checked:
        cells.append(_verdict(device))
    return [*cells, f"{device['name']} ({device['platform']})"]


def _verdict(device: DeviceRow) -> Cell:
    if not device["usable"]:
        return device["problem"] or "", "bold red"
    return ("ok" if device["rung"] is None else f"ok, rung {device['rung']}"), "green"

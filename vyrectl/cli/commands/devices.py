"""`vyrectl devices`: what can run a ring on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vyrectl.cli.options import ColorOption, FormatOption, JsonOption, make_output
from vyrectl.cli.views.devices import view
from vyrectl.errors import VyrectlError

REFERENCE_RECORD: dict[str, Any] = {
    "id": "reference",
    "name": "pure Python reference backend",
    "platform": "vyrectl",
    "kind": "reference",
    "compute_units": 1,
    "max_work_group_size": 1,
    "memory_bytes": None,
    "max_allocation_bytes": None,
    "version": "",
    "driver": "",
}


def command(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Build and run a kernel on each, and name its fence rung.")
    ] = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
) -> None:
    """List what can run a ring.

    The first row is what `launch` takes by default; VYRECTL_DEVICE names another. A device is chosen with
    --device by its id, its kind (gpu, cpu) or a part of its name; `reference` always works.

    \b
    Example:
      vyrectl devices --check
    """
    from vyrectl.opencl.devices import find_device, list_devices, rank

    output = make_output(format_name, as_json, color)
    devices = sorted(list_devices(), key=rank)
    rows = [device.to_record() | (_check(device) if check else {}) for device in devices]
    rows.append(REFERENCE_RECORD | ({"usable": True, "rung": None, "problem": None} if check else {}))
    output.emit("devices", {}, view, rows=rows, rows_key="devices")
    if not devices:
        try:
            find_device()
        except VyrectlError as error:
            output.warn(str(error))


def _check(device: Any) -> dict[str, Any]:
    from vyrectl.opencl.program import build_program

    try:
        program = build_program(device)
    except VyrectlError as error:
        return {"usable": False, "rung": None, "problem": str(error)}
    return {"usable": True, "rung": program.rung.number, "problem": None}

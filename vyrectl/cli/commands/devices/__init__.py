"""`vyrectl devices`: what can run a ring on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from vyrectl.cli.commands.devices.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Printed
from vyrectl.errors import VyrectlError

if TYPE_CHECKING:
    from vyrectl.cli.commands.devices.record import DeviceRow, Tried
    from vyrectl.opencl.devices import DeviceRecord

CHECK_SECONDS = 120.0

REFERENCE_RECORD: DeviceRecord = {
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


@with_records
def command(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Build and run a kernel on each, and name its fence rung.")
    ] = False,
    printed: Printed,
) -> None:
    """List what can run a ring.

    The first row is what `launch` takes by default; VYRECTL_DEVICE names another. A device is chosen with
    --device by its id, its kind (gpu, cpu) or a part of its name; `reference` always works.

    \b
    Examples:
      vyrectl devices --check
      vyrectl devices --json
    """
    from vyrectl.opencl.broken import broken_drivers
    from vyrectl.opencl.devices import best, no_device, rank, survey

    output = printed.output()
    problem: VyrectlError | None = None
    try:
        devices = sorted(survey(), key=rank)
    except VyrectlError as error:
        devices, problem = [], error
    if devices:
        first = best(devices)
        devices.sort(key=lambda device: device is not first)
    elif problem is None:
        problem = no_device()
    untried: Tried = {}
    works: Tried = {"usable": True, "rung": None, "problem": None}
    rows: list[DeviceRow] = [
        {**device.to_record(), **(_check(device.id) if check else untried)} for device in devices
    ]
    rows.append({**REFERENCE_RECORD, **(works if check else untried)})
    output.emit("devices", {}, view, rows=rows, rows_key="devices")
    for icd in broken_drivers():
        output.warn(
            f"the driver of {icd} cannot list its devices and is left out. Reinstall it, or move {icd} away"
        )
    if problem is not None:
        output.warn(str(problem))


def _check(device: str) -> Tried:
    """Whether the engine builds on a device, by a process of its own."""
    from vyrectl.opencl.asking import ask

    answer = ask("rung", device, seconds=CHECK_SECONDS)
    record = next((record for record in answer.records if "usable" in record), None)
    return cast("Tried", record) if record else {"usable": False, "rung": None, "problem": answer.trouble}

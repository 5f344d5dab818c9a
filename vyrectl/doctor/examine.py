"""Is this machine ready, and if not, what to type.

Nothing here loads a driver: devices are listed and tried in processes of their own (`vyrectl.opencl.probes`),
each with a time limit, so that a driver that crashes or hangs is a finding and not the end of `doctor`. Standard
library only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.doctor import comforts, machine
from vyrectl.opencl import brought, causes, drivers, hints
from vyrectl.opencl.asking import LIST_SECONDS, Answer, Report, ask
from vyrectl.opencl.broken import broken_drivers
from vyrectl.opencl.cache import home_folder
from vyrectl.opencl.diagnosis import Check, DeviceDiagnosis, Status
from vyrectl.opencl.surroundings import lacks_linker

DEVICE_SECONDS = 120.0
"""What one device gets for a cold build and all its probes."""

PROOF = "claims"
"""The check after which a device is known to work; what comes later is only worth knowing."""

RunRing = Callable[[str], Check]
"""Runs a small ring on the device of that id."""


class DiagnosisRecord(TypedDict):
    """The machine without its checks; a device is a `vyrectl.opencl.devices.DeviceRecord` with what was found of it."""

    system: str
    family: str
    ready: bool
    devices: list[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was found out.

    Attributes:
        system: The system's name and machine.
        family: Kind of system that the advice is for.
        devices: Every device that a driver reports.
        checks: Everything else, in the order of the areas.
    """

    system: str
    family: str
    devices: tuple[DeviceDiagnosis, ...]
    checks: tuple[Check, ...]

    @property
    def is_ready(self) -> bool:
        """True when a device can run a ring."""
        return any(device.is_usable for device in self.devices)

    def all_checks(self) -> tuple[Check, ...]:
        """The checks of the machine and of its devices; devices stand behind the drivers."""
        before = tuple(check for check in self.checks if check.area in (machine.SOFTWARE, drivers.AREA))
        after = tuple(check for check in self.checks if check not in before)
        return before + tuple(check for device in self.devices for check in device.checks) + after

    def to_record(self) -> DiagnosisRecord:
        """The diagnosis without its checks, as JSON shows it."""
        return {
            "system": self.system,
            "family": self.family,
            "ready": self.is_ready,
            "devices": [device.to_record() for device in self.devices],
        }


def examine(
    *,
    family: str | None = None,
    seconds: float = DEVICE_SECONDS,
    run_ring: RunRing | None = None,
    folder: Path | None = None,
) -> Diagnosis:
    """Look at everything.

    Args:
        family: Kind of system to advise for, one of `hints.FAMILIES`; this one by default.
        seconds: Time limit for each device.
        run_ring: Runs a ring on a device that passed its other checks.
        folder: Where locks are tried; the current folder by default.
    """
    family = family or hints.system_family()
    checks = [*machine.check_versions(), machine.check_libatomic(family)]
    icds = drivers.icd_files() if sys.platform != "darwin" else []
    short = min(seconds, LIST_SECONDS)
    if sys.platform != "darwin":
        brought_along = brought.unregistered_drivers(icds)
        if icds or not brought_along:
            checks += drivers.check_icds(icds, family, seconds=short)
        hidden_by = brought.chosen_variable(os.environ)
        checks += drivers.check_brought(brought_along, hidden_by, seconds=short)
    answer = ask("list", seconds=short)
    facts = [record["device"] for record in answer.records if "device" in record]
    checks += _check_listing(answer, facts, icds, family, short)
    checks += drivers.check_gpus(drivers.gpu_vendors(), facts, family)
    checks += drivers.check_nodes()
    devices = tuple(_examine_device(one, family, seconds, run_ring) for one in facts)
    place = folder or _current_folder()
    if place is not None:
        checks.append(machine.check_locks(place))
    checks += comforts.check_comforts(place)
    checks += comforts.check_cache(os.environ)
    checks += brought.check_folders(os.environ)
    checks += machine.check_caches(machine.cache_folders(os.environ, home_folder()))
    return Diagnosis(hints.system_name(), family, devices, tuple(checks))


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _check_listing(
    answer: Answer, devices: list[Report], icds: list[Path], family: str, seconds: float
) -> Iterator[Check]:
    broken = next((record["error"] for record in answer.records if "error" in record), None)
    if broken is not None:
        yield Check(drivers.AREA, "loader", Status.ERROR, broken, hints.import_hint(broken, family))
    elif answer.trouble is not None:
        cause = causes.of_trouble(answer, icds, seconds)
        yield Check(drivers.AREA, "devices", Status.ERROR, cause.what, cause.fix)
    elif not devices:
        cause = causes.find_cause(family)
        yield Check(drivers.AREA, "devices", Status.ERROR, f"no OpenCL device: {cause.what}", cause.fix)
    else:
        for icd in broken_drivers():
            message = "cannot list its devices: its driver is left out"
            yield Check(drivers.AREA, f"{icd} devices", Status.WARNING, message, drivers.move_fix(str(icd)))
        names = ", ".join(f"{one['id']} {one['name']}" for one in devices)
        yield Check(drivers.AREA, "devices", Status.OK, names)


def _examine_device(facts: Report, family: str, seconds: float, run_ring: RunRing | None) -> DeviceDiagnosis:
    device_id = facts["id"]
    area = f"device {device_id}"
    answer = ask("device", device_id, seconds=seconds)
    checks = [_restored(record["check"]) for record in answer.records if "check" in record]
    if answer.trouble is not None:
        fix = f"Use another device, or another driver: {hints.pick(hints.INSTALL, family)}"
        fix = hints.linker_hint(family) if lacks_linker() else fix
        proven = any(check.name == PROOF for check in checks)
        checks.append(Check(area, "process", Status.WARNING if proven else Status.ERROR, answer.trouble, fix))
    if run_ring is not None and not any(check.status is Status.ERROR for check in checks):
        checks.append(run_ring(device_id))
    return DeviceDiagnosis(facts, tuple(checks))


def _restored(record: Report) -> Check:
    return Check(**{**record, "status": Status(record["status"])})

"""Is this machine ready, and if not, what to type.

Nothing here loads a driver: devices are listed and tried in processes of their own (`vyrectl.opencl.probes`),
each with a time limit, so that a driver that crashes or hangs is a finding and not the end of `doctor`. Standard
library only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyrectl.files.python import module_command
from vyrectl.opencl import drivers, hints, machine
from vyrectl.opencl.cache import OFF, VARIABLE
from vyrectl.opencl.child import Ended, run_child
from vyrectl.opencl.diagnosis import Check, DeviceDiagnosis, Status

LIST_SECONDS = 30.0
DEVICE_SECONDS = 120.0
"""What one device gets for a cold build and all its probes."""

PROOF = "claims"
"""The check after which a device is known to work; what comes later is only worth knowing."""

_PROBES = "vyrectl.opencl.probes"

Record = dict[str, Any]
RunRing = Callable[[str], Check]
"""Runs a small ring on the device of that id."""


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

    def to_record(self) -> Record:
        """The diagnosis without its checks, as JSON shows it."""
        return {
            "system": self.system,
            "family": self.family,
            "ready": self.is_ready,
            "devices": [device.to_record() for device in self.devices],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probing process wrote, and how it ended.

    Attributes:
        records: Every whole object that it wrote.
        trouble: How it ended if not well, None otherwise.
    """

    records: tuple[Record, ...]
    trouble: str | None


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
        checks += drivers.check_icds(icds, family, seconds=short)
        checks += drivers.check_overlooked(icds)
    answer = ask("list", seconds=short)
    facts = [record["device"] for record in answer.records if "device" in record]
    checks += _check_listing(answer, facts, family, lambda: _culprits(icds, short))
    checks += drivers.check_gpus(drivers.gpu_vendors(), facts, family)
    checks += drivers.check_nodes()
    devices = tuple(_examine_device(one, family, seconds, run_ring) for one in facts)
    checks.append(machine.check_locks(folder or Path.cwd()))
    checks += machine.check_cache_is_on(os.environ)
    checks += machine.check_caches(machine.cache_folders(os.environ, Path.home()))
    return Diagnosis(hints.system_name(), family, devices, tuple(checks))


def ask(*arguments: str, seconds: float, icd: Path | None = None) -> Answer:
    """Run the probes in a process of its own and collect what it finds, whatever becomes of it.

    Args:
        *arguments: As `vyrectl.opencl.probes` takes them.
        seconds: After this time the process is killed.
        icd: The only driver to load; all by default.
    """
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream:
        try:
            command = module_command(_PROBES, *arguments, str(writer))
            ended = run_child(command, seconds, environment=_environment(icd), pass_fds=[writer])
        finally:
            os.close(writer)
        return Answer(tuple(_records(stream)), _trouble(ended, seconds))


def _environment(icd: Path | None) -> dict[str, str]:
    """What the child builds it builds anew, and it loads one driver or all."""
    alone = {} if icd is None else {"OCL_ICD_VENDORS": str(icd)}
    return {"PYOPENCL_NO_CACHE": "1", VARIABLE: OFF, **alone}


def _trouble(ended: Ended, seconds: float) -> str | None:
    if ended.status is None:
        return f"no answer within {seconds:g} s; its process was killed"
    if ended.status < 0:
        return f"the driver ended its process ({signal.Signals(-ended.status).name})"
    if ended.status:
        return f"its process failed: {ended.last_line() or f'exit code {ended.status}'}"
    return None


def _records(stream: Iterable[bytes]) -> Iterator[Record]:
    """Every whole line; the last may be cut where the process died."""
    for line in stream:
        with suppress(ValueError):
            yield json.loads(line)


def _culprits(icds: list[Path], seconds: float) -> list[str]:
    """The drivers that cannot even list their devices when they are alone."""
    return [str(icd) for icd in icds if ask("list", seconds=seconds, icd=icd).trouble is not None]


def _check_listing(
    answer: Answer, devices: list[Record], family: str, culprits: Callable[[], list[str]]
) -> Iterator[Check]:
    broken = next((record["error"] for record in answer.records if "error" in record), None)
    if broken is not None:
        yield Check(drivers.AREA, "loader", Status.ERROR, broken, hints.import_hint(broken, family))
    elif answer.trouble is not None:
        at_fault = ", ".join(culprits()) or "the .icd file of the driver at fault"
        fix = f"Reinstall that driver, or move {at_fault} away"
        yield Check(drivers.AREA, "devices", Status.ERROR, answer.trouble, fix)
    elif not devices:
        yield Check(drivers.AREA, "devices", Status.ERROR, "no OpenCL device", hints.install_hint(family))
    else:
        names = ", ".join(f"{one['id']} {one['name']}" for one in devices)
        yield Check(drivers.AREA, "devices", Status.OK, names)


def _examine_device(facts: Record, family: str, seconds: float, run_ring: RunRing | None) -> DeviceDiagnosis:
    device_id = facts["id"]
    area = f"device {device_id}"
    answer = ask("device", device_id, seconds=seconds)
    checks = [_restored(record["check"]) for record in answer.records if "check" in record]
    if answer.trouble is not None:
        fix = f"Use another device, or another driver: {hints.pick(hints.INSTALL, family)}"
        proven = any(check.name == PROOF for check in checks)
        checks.append(Check(area, "process", Status.WARNING if proven else Status.ERROR, answer.trouble, fix))
    if run_ring is not None and not any(check.status is Status.ERROR for check in checks):
        checks.append(run_ring(device_id))
    return DeviceDiagnosis(facts, tuple(checks))


def _restored(record: Record) -> Check:
    return Check(**{**record, "status": Status(record["status"])})

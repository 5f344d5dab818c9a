"""What `doctor` finds out, as records. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Annotated, TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.shapes import Among


class Status(StrEnum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    """Not as good as it could be, and nothing depends on it."""
    WARNING = "warning"
    """Something will not work, or not well."""
    ERROR = "error"
    """A device cannot run a ring, or none can be reached."""


Fact = int | float | str | bool | None
"""A number behind a check, or what stands for one."""


class DiagnosisRow(TypedDict):
    """One thing that was looked at; see `Check`."""

    area: str
    name: str
    status: Annotated[str, Among(Status)]
    message: str
    fix: str | None
    facts: dict[str, Fact]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        area: Where it belongs: ``software``, ``drivers``, ``device 0:0``, ``caches`` ...
        name: What was looked at.
        status: How it went.
        message: One line that says what is the case.
        fix: What to type when it is not well.
        facts: Numbers behind the message, for programs.
    """

    area: str
    name: str
    status: Status
    message: str
    fix: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def to_record(self) -> DiagnosisRow:
        """The check as JSON shows it."""
        return {
            "area": self.area,
            "name": self.name,
            "status": str(self.status),
            "message": self.message,
            "fix": self.fix,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class DeviceDiagnosis:
    """What is known about one device.

    Attributes:
        facts: As `vyrectl.opencl.devices.Device.to_record` has them.
        checks: What was tried on it.
    """

    facts: Mapping[str, object]
    checks: tuple[Check, ...]

    @property
    def is_usable(self) -> bool:
        """True when nothing that was tried failed."""
        return all(check.status is not Status.ERROR for check in self.checks)

    def to_record(self) -> dict[str, object]:
        """The device, whether it is usable, and the numbers that its checks gave."""
        found: dict[str, object] = {}
        for check in self.checks:
            found |= check.facts
        return {**self.facts, "usable": self.is_usable, **found}

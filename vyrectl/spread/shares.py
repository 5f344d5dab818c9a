"""What each device of a launch did, and how all of them ended, for its report. Standard library only."""

from __future__ import annotations

from dataclasses import asdict, field
from typing import cast

from vyrectl.dataclass import dataclass
from vyrectl.launching.report_record import ShareRecord


def device_called(device: str, name: str) -> str:
    """A device as a report calls it: what stands on the command line, and the driver's name where that says more."""
    return device if name == device.partition("#")[0] else f"{device} {name}".strip()


@dataclass(slots=True)
class Share:
    """What one device did, for the report.

    Attributes:
        device: What people call it on the command line.
        name: The driver's name, once it was opened.
        shards: Visits that it brought back.
        slots: Slots of those.
        claims: Claims of those.
        busy_seconds: With a shard.
        opening_seconds: Until it was ready for the first.
        waiting_seconds: Ready, and no shard for it.
        lost: Why it was given up, None where it was not.
    """

    device: str
    name: str = ""
    shards: int = 0
    slots: int = 0
    claims: int = 0
    busy_seconds: float = 0.0
    opening_seconds: float = 0.0
    waiting_seconds: float = 0.0
    lost: str | None = None

    @property
    def called(self) -> str:
        """See `device_called`."""
        return device_called(self.device, self.name)

    def to_record(self) -> ShareRecord:
        """Every field by name."""
        return cast(ShareRecord, asdict(self))


@dataclass(slots=True)
class Outcome:
    """How the crew's work ended.

    Attributes:
        stopped: The reason that it was asked to stop for, None where it was not.
        signal_received: The signal behind that, 0 for none.
        killed: Devices whose process did not stop within the grace and was killed.
        shares: What each device did.
    """

    stopped: str | None = None
    signal_received: int = 0
    killed: list[str] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

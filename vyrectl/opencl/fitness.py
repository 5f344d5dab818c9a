"""Whether a device can run a ring, tried once for a driver by `vyrectl.opencl.trial`. Standard library only."""

from __future__ import annotations

from typing import Protocol

from vyrectl.opencl.diagnosis import Status
from vyrectl.opencl.remembered import DriverFacts, remember
from vyrectl.opencl.trial import run_ring

TRIAL_SECONDS = 120.0

FITNESS = "fitness"
"""What is remembered of a driver under this name."""


class Facts(DriverFacts, Protocol):
    """What is known about a device without opening it."""

    @property
    def id(self) -> str:
        """As `--device` takes it."""


def is_fit(device: Facts) -> bool:
    """Whether a ring ran on a device, now or before."""
    return remember(FITNESS, device, lambda: run_ring(device.id, TRIAL_SECONDS).status is Status.OK)

"""Whether a device can run a ring, tried once for a driver and remembered.

The trial is `vyrectl.opencl.trial` in a process of its own. Good news is kept as long as driver and vyrectl stay the
same, bad news for a day. Standard library only.
"""

from __future__ import annotations

import time
from typing import Protocol

from vyrectl._version import __version__
from vyrectl.opencl.cache import Entry, KernelCache, key_of
from vyrectl.opencl.diagnosis import Status
from vyrectl.opencl.surroundings import driver_variables
from vyrectl.opencl.trial import run_ring

TRIAL_SECONDS = 120.0
DAY_SECONDS = 86_400

FIT = "fit"
_known: dict[str, bool] = {}


class Facts(Protocol):
    """What is known about a device without opening it."""

    @property
    def id(self) -> str:
        """As `--device` takes it."""

    @property
    def name(self) -> str:
        """The driver's name for it."""

    @property
    def platform(self) -> str:
        """The driver's platform."""

    @property
    def version(self) -> str:
        """OpenCL version that it reports."""

    @property
    def driver(self) -> str:
        """Driver version."""


def is_fit(device: Facts) -> bool:
    """Whether a ring ran on a device, now or before.

    Args:
        device: It.
    """
    cache = KernelCache.of_user()
    facts = ("fitness", __version__, device.platform, device.name, device.version, device.driver)
    key = key_of((*facts, *driver_variables()))
    today = key_of((key, str(int(time.time() // DAY_SECONDS))))
    if key not in _known:
        entry = cache.get(key) or cache.get(today)
        if entry is None:
            entry = Entry(b"", {FIT: run_ring(device.id, TRIAL_SECONDS).status is Status.OK})
            cache.put(key if entry.facts[FIT] else today, entry)
        _known[key] = entry.facts[FIT]
    return _known[key]

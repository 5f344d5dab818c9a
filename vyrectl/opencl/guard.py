"""Drivers and devices that end the process: a process that nobody watches asks in another one first.

A command's launch has a child for its device, which another process survives. A Python program has none, so here a
child lists the devices once a day (`vyrectl.opencl.broken`) and runs a ring on the one that is to be opened, once for a
driver. The invariants: a watched process asks nobody, and whatever a child came to without dying stops nothing, nor
does a machine that gives no child or no place for its ring. Standard library only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vyrectl.errors import DeviceError

if TYPE_CHECKING:
    from vyrectl.opencl.fitness import Facts

TRUSTING = "VYRECTL_TRUST_DRIVERS"
"""Environment variable that leaves all trials out."""

FIX = f"Choose another device, or device='reference'; {TRUSTING}=1 leaves this trial out"

NO_CHILD = (OSError, MemoryError)
"""What says that there is no process, no memory or no temporary file for a trial."""

_SURVIVAL = "survival"
_watched: list[int] = []
"""This process's number, once it is known that another one would survive it."""


def be_watched() -> None:
    """Say that another process survives this one and tells what became of it."""
    _watched[:] = [os.getpid()]


def trusts() -> bool:
    """Whether drivers may do to this process what they like."""
    return _watched == [os.getpid()] or bool(os.environ.get(TRUSTING))


def check_survives(device: Facts) -> None:
    """Have another process run a ring on a device before this one opens it.

    Args:
        device: What is known of the device.

    Raises:
        DeviceError: The device ended that process.
    """
    if trusts():
        return
    from vyrectl.opencl.fitness import FITNESS, TRIAL_SECONDS
    from vyrectl.opencl.remembered import known, remember
    from vyrectl.opencl.trial import DIED, run_ring

    if known(FITNESS, device):
        return
    words: list[str] = []

    def survives() -> bool:
        check = run_ring(device.id, TRIAL_SECONDS, families=False)
        words.append(check.message)
        return not check.facts.get(DIED)

    try:
        survived = remember(_SURVIVAL, device, survives)
    except NO_CHILD:
        return
    if not survived:
        told = words[0] if words else "a launch in another process died today"
        raise DeviceError(f"this device ends the process that uses it: {told}", where=device.name, fix=FIX)

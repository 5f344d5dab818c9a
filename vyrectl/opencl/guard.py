"""Drivers and devices that end the process: a process that nobody watches asks in another one first.

A command's launch has a child for its device, which another process survives. A Python program has none, so here a
child lists the devices once a day (`vyrectl.opencl.broken`) and uses the one that is to be opened, once for a driver.
The invariants: a watched process asks nobody, and whatever a child came to without dying stops nothing, nor does a
machine that gives no child or no place for its ring. Standard library only.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from vyrectl.errors import DeviceError

if TYPE_CHECKING:
    from vyrectl.opencl.asking import Answer
    from vyrectl.opencl.fitness import Facts
    from vyrectl.opencl.remembered import DriverFacts

TRUSTING = "VYRECTL_TRUST_DRIVERS"
"""Environment variable that leaves all trials out."""

FIX = f"Choose another device, or device='reference'; {TRUSTING}=1 leaves this trial out"

NO_CHILD = (OSError, MemoryError)
"""What says that there is no process, no memory or no temporary file for a trial."""

_SURVIVAL = "survival"
_watched: list[int] = []
"""This process's number, once it is known that another one would survive it."""

_died_of: dict[DriverFacts, str] = {}
"""What a process said at last that died of a driver, by its `DriverNamed`."""


def be_watched() -> None:
    """Say that another process survives this one and tells what became of it."""
    _watched[:] = [os.getpid()]


def trusts() -> bool:
    """Whether drivers may do to this process what they like."""
    return _watched == [os.getpid()] or bool(os.environ.get(TRUSTING))


def check_survives(device: Facts) -> None:
    """Have another process use a device before this one opens it.

    Raises:
        DeviceError: The device ended that process.
    """
    if trusts():
        return
    from vyrectl.opencl.fitness import FITNESS
    from vyrectl.opencl.remembered import DriverNamed, known, remember

    if known(FITNESS, device):
        return
    driver = DriverNamed.of(device)

    def survives() -> bool:
        died = _of_what_it_died(device)
        if died:
            _died_of[driver] = died
        return not died

    try:
        survived = remember(_SURVIVAL, device, survives)
    except NO_CHILD:
        return
    if not survived:
        told = _died_of.get(driver, "another process died of it today")
        raise DeviceError(f"this device ends the process that uses it: {told}", where=device.name, fix=FIX)


def check_hears_of_children(device: Facts) -> None:
    """Refuse a driver that links kernels in child processes to a process that does not hear how these end.

    Raises:
        DeviceError: The driver would end the process.
    """
    from vyrectl.opencl.build import POCL

    if device.platform == POCL and signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        raise DeviceError(
            "this program ignores SIGCHLD: PoCL, which links kernels in a child process, would end it",
            where=device.name,
            fix='Say signal.signal(signal.SIGCHLD, signal.SIG_DFL) before, or device="reference"',
        )


def note_uses(answer: Answer) -> None:
    """Keep what a process found that used one device of each driver, and of which it died."""
    from vyrectl.opencl.asking import OPENED, OPENS
    from vyrectl.opencl.remembered import DriverNamed, remember

    for one in answer.records:
        if OPENED in one:
            remember(_SURVIVAL, DriverNamed(**one[OPENED]), lambda: True)
    if answer.died and answer.records and OPENS in answer.records[-1]:
        deadly = DriverNamed(**answer.records[-1][OPENS])
        _died_of[deadly] = answer.trouble or ""
        remember(_SURVIVAL, deadly, lambda: False)


def _of_what_it_died(device: Facts) -> str:
    """What ended a process that used the device; nothing where it lived on.

    It runs a small program where that tells enough, since a whole one takes seconds to compile, and a ring elsewhere.
    """
    from vyrectl.opencl.asking import ask
    from vyrectl.opencl.build import REFUSING
    from vyrectl.opencl.fitness import TRIAL_SECONDS
    from vyrectl.opencl.trial import DIED, run_ring

    if device.platform in REFUSING:
        answer = ask("open", device.id, seconds=TRIAL_SECONDS)
        return (answer.trouble or "") if answer.died else ""
    check = run_ring(device.id, TRIAL_SECONDS, families=False)
    return check.message if check.facts.get(DIED) else ""

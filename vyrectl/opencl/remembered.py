"""What was found out about a driver by trying, kept so that it is tried once.

Good news is kept as long as driver, its variables and vyrectl stay the same, bad news for a day, and what stayed
undecided is tried again. Standard library only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from vyrectl._version import __version__
from vyrectl.opencl.cache import ANSWERS, Entry, KernelCache, key_of
from vyrectl.opencl.surroundings import driver_variables

DAY_SECONDS = 86_400

_ANSWER = "answer"
_known: dict[str, bool] = {}


class DriverFacts(Protocol):
    """What tells one driver's device from another's."""

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


class DriverNamed(NamedTuple):
    """A device's driver, as another process found it."""

    name: str
    platform: str
    version: str
    driver: str

    @classmethod
    def of(cls, device: DriverFacts) -> DriverNamed:
        """That of a device."""
        return cls(device.name, device.platform, device.version, device.driver)


def known(question: str, device: DriverFacts) -> bool | None:
    """The answer to a question about a device's driver, if there is one; see `remember`."""
    key = _key(question, device)
    if key not in _known:
        cache = KernelCache.of_user(ANSWERS)
        entry = cache.get(key) or cache.get(_of_today(key))
        if entry is None:
            return None
        _known[key] = entry.facts[_ANSWER]
    return _known[key]


def _key(question: str, device: DriverFacts) -> str:
    facts = (device.platform, device.name, device.version, device.driver)
    return key_of((question, __version__, *facts, *driver_variables()))


def _of_today(key: str) -> str:
    return key_of((key, str(int(time.time() // DAY_SECONDS))))


def remember(question: str, device: DriverFacts, find: Callable[[], bool | None]) -> bool:
    """The answer to a question about a device's driver: known, or found now.

    Args:
        question: Names it.
        device: Whose.
        find: Tries; None when it could not be decided, which counts as no and is not kept.
    """
    found = known(question, device)
    if found is not None:
        return found
    key, answer = _key(question, device), find()
    if answer is not None:
        KernelCache.of_user(ANSWERS).put(key if answer else _of_today(key), Entry(b"", {_ANSWER: answer}))
    _known[key] = bool(answer)
    return _known[key]

"""Drivers that end or hold up whoever asks them for devices: found by another process, and left out.

One loader asks all drivers at once, so a single bad one would take every other with it, and the process too. The
invariants: a driver is left out only where it failed alone and where others are left; where none is left, a process
that nobody watches asks none; bad news is never kept, good news for a day. Standard library only.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from vyrectl._version import __version__
from vyrectl.errors import NoDeviceError
from vyrectl.opencl import brought, causes, drivers
from vyrectl.opencl.asking import LIST_SECONDS, LISTED, ask
from vyrectl.opencl.cache import ANSWERS, Entry, KernelCache, key_of
from vyrectl.opencl.guard import NO_CHILD, TRUSTING, note_uses, trusts
from vyrectl.opencl.remembered import DAY_SECONDS
from vyrectl.opencl.surroundings import driver_variables

CANNOT_LIST = "the OpenCL devices cannot be listed"

_SOUND = "sound"
_found: dict[str, tuple[Path, ...]] = {}


def broken_drivers() -> tuple[Path, ...]:
    """The `.icd` files of drivers to leave out, as far as this process's surroundings tell.

    Raises:
        NoDeviceError: None would be left, and nobody watches this process.
    """
    icds = drivers.icd_files()
    least = 2 if trusts() else 1
    if os.environ.get(TRUSTING) or len(icds) + len(brought.unregistered_drivers(icds)) < least:
        return ()
    key = _key(icds)
    if key not in _found:
        _found[key] = () if _were_sound(key) else _try(key, icds)
    return _found[key]


def _key(icds: Sequence[Path]) -> str:
    """Everything by which a driver that was well may be so no more, and the day."""
    libraries = [drivers.library_of(icd) or "" for icd in icds]
    ages = [str(os.stat(name).st_mtime_ns) if os.path.isfile(name) else "" for name in libraries]
    around = (str(resource.getrlimit(resource.RLIMIT_AS)), str(os.path.isdir(causes.SYSTEM_TOPOLOGY)))
    today = str(int(time.time() // DAY_SECONDS))
    return key_of((__version__, today, *around, *map(str, icds), *libraries, *ages, *driver_variables()))


def _were_sound(key: str) -> bool:
    entry = KernelCache.of_user(ANSWERS).get(key)
    return entry is not None and entry.facts.get(_SOUND, False)


def _try(key: str, icds: Sequence[Path]) -> tuple[Path, ...]:
    try:
        answer = ask("list" if trusts() else "sound", seconds=LIST_SECONDS, variables={TRUSTING: "1"})
    except NO_CHILD:
        return ()
    note_uses(answer)
    if answer.trouble is None or LISTED in answer.records:
        KernelCache.of_user(ANSWERS).put(key, Entry(b"", {_SOUND: True}))
        return ()
    broken = tuple(Path(name) for name in causes.culprits(icds))
    if len(broken) < len(icds):
        return broken
    if trusts():
        return ()
    cause = causes.of_trouble(answer, icds)
    raise NoDeviceError(f"{CANNOT_LIST}: {cause.what}", fix=cause.fix)

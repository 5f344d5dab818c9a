"""Folders that drivers and vyrectl keep files in: whether one can be used, and which one to use instead.

A folder that a driver cannot write makes its devices vanish or its compiler die, and says so nowhere. The invariant:
nothing here creates anything but folders of this user's own, readable by nobody else. Standard library only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

LEAST_BYTES = 8 << 20
"""What a driver's folder should have left: a program of the engine takes about 1 MiB of it."""

SPARE_PLACES = ("/tmp", "/var/tmp", "/dev/shm")
"""Where a folder is made when the usual one cannot be used; TMPDIR goes before them."""


def trouble_of(folder: Path, least_bytes: int = LEAST_BYTES, *, executes: bool = True) -> str | None:
    """Why a driver cannot keep its files in a folder, which need not exist yet; None when it can.

    Args:
        folder: Where the driver is to keep its files.
        least_bytes: Room that there should be.
        executes: The driver loads libraries from there.
    """
    place = _nearest(folder)
    try:
        if not stat.S_ISDIR(os.stat(place).st_mode):
            return f"{place} is not a folder"
        found = os.statvfs(place)
    except OSError as error:
        return f"{place} cannot be looked at ({error.strerror})"
    if not os.access(place, os.W_OK | os.X_OK):
        read_only = found.f_flag & os.ST_RDONLY
        return f"{place} is on a read-only file system" if read_only else f"{place} may not be written"
    if executes and hasattr(os, "ST_NOEXEC") and found.f_flag & os.ST_NOEXEC:
        return f"{place} is on a file system from which nothing may be executed (noexec)"
    free_bytes = found.f_bavail * found.f_frsize
    if found.f_blocks and free_bytes < least_bytes:
        return f"{place} is full ({free_bytes >> 10} KiB left)"
    return None


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    place = Path(os.path.abspath(folder)) if folder.is_absolute() else folder
    while True:
        with suppress(OSError):
            os.stat(place)
            return place
        if place.parent == place:
            return place
        place = place.parent


def spare_folder(name: str, environment: Mapping[str, str]) -> Path | None:
    """A folder of this user's own where temporary files are kept; made when it is missing, None where none can be."""
    given = environment.get("TMPDIR")
    for root in (*([given] if given and os.path.isabs(given) else []), *SPARE_PLACES):
        if trouble_of(Path(root)) is None and (mine := own_folder(Path(root, f"vyrectl-{os.geteuid()}"))):
            with suppress(OSError):
                folder = mine / name
                folder.mkdir(mode=0o700, exist_ok=True)
                return folder
    return None


def own_folder(folder: Path) -> Path | None:
    """A folder that is this user's and that nobody else can write; made when it is missing, None when it is not so."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(folder)
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022:
            return folder
    return None

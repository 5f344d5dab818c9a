"""Comforts that a machine may lack: nothing stops without them, and what each costs is said here.

Each is tried, in the folder where rings are or in memory. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from vyrectl.opencl.cache import VARIABLE, cache_folder, why_off
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.opencl.places import trouble_of

FILES, CACHES = "files", "caches"

CACHE_BYTES = 1 << 20
"""What a folder for built kernels should have left: about one program of the engine."""

ELSEWHERE = "Keep rings on another file system"


def check_cache(environment: Mapping[str, str]) -> Iterator[Check]:
    """A note where vyrectl keeps no built kernels."""
    why = why_off(environment)
    fix = f"export {VARIABLE}=/tmp/vyrectl-cache"
    if why is not None and why.isupper():
        why, fix = f"{why} is set", f"unset {why}"
    elif why is None and (folder := cache_folder(environment)) is not None:
        trouble = trouble_of(folder, CACHE_BYTES, executes=False)
        why = trouble and f"{folder}: {trouble}"
    if why is not None:
        message = f"off ({why}): every launch tries the device and compiles its kernels"
        yield Check(CACHES, "vyrectl", Status.NOTE, message, fix)


def check_comforts(folder: Path | None) -> Iterator[Check]:
    """A note for each comfort of files that is not to be had.

    Args:
        folder: Where rings are; None when there is no such folder any more.
    """
    if not _works(_memory_file):
        message = "the system makes no files in memory: a temporary file takes their place"
        yield Check(FILES, "memfd_create", Status.NOTE, message, "Let this process call memfd_create")
    if folder is None:
        message = "is gone: only absolute paths work"
        yield Check(FILES, "current folder", Status.NOTE, message, "cd to a folder that exists")
        return
    try:
        with TemporaryDirectory(dir=folder, prefix=".vyrectl-doctor-") as place:
            yield from _check_place(folder, Path(place, "file"))
    except OSError:
        return  # the check of locks says that nothing can be written there


def _check_place(folder: Path, file: Path) -> Iterator[Check]:
    file.touch()
    tries: dict[str, tuple[Callable[[], None], str]] = {
        "modes": (lambda: os.chmod(file, 0o640), "a new file has the mode that the system gives it"),
        "links": (lambda: os.link(file, file.with_name("link")), "--backup copies the whole ring"),
        "syncs": (lambda: _sync(file), "what is written may be lost when the power fails"),
    }
    for name, (attempt, cost) in tries.items():
        if not _works(attempt):
            yield Check(FILES, f"{name} in {folder}", Status.NOTE, f"cannot be had: {cost}", ELSEWHERE)


def _works(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except (OSError, AttributeError):
        return False
    return True


def _memory_file() -> None:
    os.close(os.memfd_create("vyrectl", os.MFD_CLOEXEC))


def _sync(file: Path) -> None:
    fd = os.open(file, os.O_WRONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

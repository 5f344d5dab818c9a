"""Temporary files beside the file that they will replace: made, told apart from those of dead writers, swept.

Standard library only. The invariant: a temporary file is removed only by its own writer, or when no live writer has it
locked.
"""

from __future__ import annotations

import fcntl
import os
import re
import zlib
from contextlib import suppress

from vyrectl.files.place import StrPath
from vyrectl.files.written import note_writing

_BACKUP_SUFFIX = re.compile(r"\.bak(\.[0-9]+)?$")


def make_temporary(target: str, mode: int) -> tuple[str, int]:
    """A new temporary file beside a resolved path, and the descriptor that has it locked; those of dead writers go."""
    folder, prefix = os.path.dirname(target), temporary_prefix(target)
    note_writing(target)
    _sweep(target, prefix)
    while True:
        temporary = os.path.join(folder, f"{prefix}{os.urandom(6).hex()}.tmp")
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        except OSError:
            return temporary, fd  # without locks nobody sweeps
        if _still_names(temporary, fd):
            return temporary, fd
        os.close(fd)  # somebody swept it before it was locked


def abandoned_files(path: StrPath) -> list[str]:
    """Temporary files that killed writers of this path left beside it, sorted; nothing is removed.

    A folder that cannot be listed holds none that can be named.
    """
    target = os.path.realpath(path)
    folder, prefix = os.path.dirname(target), temporary_prefix(target)
    found = []
    with suppress(OSError), os.scandir(folder) as listed:
        for name in [one.name for one in listed if one.name.startswith(prefix)]:
            with suppress(OSError):
                if _is_abandoned(os.path.join(folder, name), target):
                    found.append(os.path.join(folder, name))
    return sorted(found)


def clear_abandoned(path: StrPath) -> None:
    """Remove the temporary files that killed writers of this path left beside it."""
    target = os.path.realpath(path)
    _sweep(target, temporary_prefix(target))


def _sweep(target: str, prefix: str) -> None:
    """Remove the temporary files of writers that were killed."""
    folder = os.path.dirname(target)
    with suppress(OSError), os.scandir(folder) as found:
        for name in [one.name for one in found if one.name.startswith(prefix)]:
            with suppress(OSError):
                _remove_if_abandoned(os.path.join(folder, name), target)


def _is_abandoned(temporary: str, target: str) -> bool:
    """True when no live writer has it locked, or it is the file itself by a second name (`vyrectl.files.replace`)."""
    if _is_same_file(temporary, target):
        return True
    fd = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _remove_if_abandoned(temporary: str, target: str) -> None:
    if _is_same_file(temporary, target):
        os.unlink(temporary)
        return
    fd = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(temporary)
    finally:
        os.close(fd)


def _is_same_file(temporary: str, target: str) -> bool:
    """Whether a creator was killed after it gave its file the real name; a lock on it is then the file's."""
    with suppress(OSError):
        found, named = os.lstat(temporary), os.lstat(target)
        return (found.st_dev, found.st_ino) == (named.st_dev, named.st_ino)
    return False


def _still_names(temporary: str, fd: int) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.lstat(temporary), os.fstat(fd))
    return False


def temporary_prefix(target: str) -> str:
    """How the names of a file's temporary files begin; its backups share it."""
    name = _BACKUP_SUFFIX.sub("", os.path.basename(target))
    return f".vyrectl-{zlib.crc32(os.fsencode(name)):08x}-"

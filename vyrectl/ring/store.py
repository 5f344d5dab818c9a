"""Whole rings put in their place: new ones, ones that replace another, and room on the disk for those with holes.

The invariant: a new ring never replaces a file; one that is there already is held while it is replaced, and kept where
vyrectl neither made nor ever changed it. Standard library only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.errors import FileError
from vyrectl.files.replace import Part, Replaced, StrPath, replace_file
from vyrectl.files.ring_lock import mark_made
from vyrectl.files.room import has_room, take_room
from vyrectl.files.window import check_slot_count, open_regular
from vyrectl.sidecar.hold import hold

_ZEROS = bytes(1 << 20)


class Replacing(Protocol):
    """Puts a new file in a path's place; see `vyrectl.files.replace.replace_file`."""

    def __call__(self, *, backup: bool = False, exclusive: bool = False) -> Replaced:
        """Put it there."""
        ...


def fill_holes(path: StrPath) -> None:
    """Give every part of a ring file its place on the disk; a file without holes is only looked at.

    Raises:
        FileError: Missing or unwritable, or the disk is full.
    """
    try:
        if has_room(os.stat(path)):
            return
        fd, status = open_regular(path, os.O_RDWR)
        try:
            take_room(fd, status.st_size)
        finally:
            os.close(fd)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="take the ring's room") from error


def store(
    path: StrPath,
    parts: Callable[[], Iterable[Part]],
    *,
    overwrite: bool,
    role: str,
    backup: bool = False,
) -> str | None:
    """Write a whole ring: a new file never replaces another one; an existing one is held and replaced.

    Args:
        path: Where to.
        parts: Gives the content; called once more when a file appears at `path` in the meantime.
        overwrite: False makes an existing file an error.
        role: What the lock of an existing ring says it is held for.
        backup: Keep an existing file as ``PATH.bak``, or ``PATH.bak.1`` and so on where there is one already; one that
            vyrectl neither made nor ever changed is kept whatever this says.

    Returns:
        The backup's name, None where there is none.

    Raises:
        FileError: It cannot be written, or exists and may not be overwritten.
        RingHeldError: Another process holds the existing ring.
    """

    def replace(*, backup: bool = False, exclusive: bool = False) -> Replaced:
        return replace_file(path, parts(), backup=backup, exclusive=exclusive)

    return store_by(path, replace, overwrite=overwrite, role=role, backup=backup)


def store_by(
    path: StrPath, replace: Replacing, *, overwrite: bool, role: str, backup: bool = False
) -> str | None:
    """As `store`, by whatever puts the content there; called once more when a file appears in the meantime."""
    if not overwrite or not os.path.exists(path):
        try:
            replace(exclusive=True)
        except FileError as error:
            if error.errno != errno.EEXIST or not overwrite:
                raise
        else:
            mark_made(path)
            return None
    with hold(path, role=role) as held:
        is_strange = held.is_first and os.path.getsize(held.target) > 0
        kept = replace(backup=backup or is_strange).backup
        held.touch()
        return kept


def store_empty(path: StrPath, slots: int, *, overwrite: bool, backup: bool = False) -> str | None:
    """Write a ring of Empty slots; see `Ring.create`. Returns the backup's name, None where there is none."""
    count = check_slot_count(slots, where=os.fspath(path))
    return store(path, lambda: _zeros(count * SLOT_BYTES), overwrite=overwrite, role="create", backup=backup)


def _zeros(length: int) -> Iterator[bytes]:
    for start in range(0, length, len(_ZEROS)):
        yield _ZEROS[: length - start]

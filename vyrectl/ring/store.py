"""Whole rings put in their place: new ones, ones that replace another, and room on the disk for those with holes.

The invariant: a new ring never replaces a file; one that is there already is held while it is replaced, and kept where
vyrectl neither made nor ever changed it. Standard library only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS, WORD_BYTES
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskState
from vyrectl.errors import FileError
from vyrectl.files.backup import is_backed_up
from vyrectl.files.replace import Part, Replaced, StrPath, replace_file
from vyrectl.files.ring_lock import mark_made
from vyrectl.files.room import has_room, take_room
from vyrectl.files.window import check_slot_count, open_regular
from vyrectl.sidecar.hold import hold

_ZEROS = bytes(1 << 20)

COMPARED_SLOTS = 1024
"""Of two rings so many slots tell whether they hold the same tasks."""


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


def holds_other_tasks(path: StrPath, source: StrPath) -> bool:
    """Whether a ring would be lost with the result of a launch: one that is no earlier result of the same tasks.

    Args:
        path: Where the result is to go; no file there, and an empty one, is no loss.
        source: The ring that is launched.

    Returns:
        True where the lengths differ, or one of the first slots holds a task of another operation or with another id
        than the launched ring's; False where a backup holds the same bytes.
    """
    try:
        if not os.path.getsize(path) or holds_tasks_of(path, source):
            return False
        return not is_backed_up(path)
    except OSError:
        return False


def holds_tasks_of(path: StrPath, source: StrPath) -> bool:
    """Whether a file is as long as a ring and its first slots hold the same tasks, however far they are.

    Raises:
        OSError: One of them cannot be read.
    """
    same_length = os.path.getsize(path) == os.path.getsize(source)
    return same_length and _are_same_tasks(_head(path), _head(source))


def _head(path: StrPath) -> memoryview:
    with open(path, "rb") as file:
        data = file.read(COMPARED_SLOTS * SLOT_BYTES)
    return memoryview(data[: len(data) // WORD_BYTES * WORD_BYTES]).cast("I")


def _are_same_tasks(there: memoryview, launched: memoryview) -> bool:
    """Slots that were Empty may have been filled since."""
    return all(
        there[first + word] == launched[first + word]
        for first in range(0, len(launched) - SLOT_WORDS + 1, SLOT_WORDS)
        if launched[first] != int(TaskState.EMPTY)
        for word in (FIELD_INDEX["op_handle"], FIELD_INDEX["task_id"])
    )


def store_empty(path: StrPath, slots: int, *, overwrite: bool, backup: bool = False) -> str | None:
    """Write a ring of Empty slots; see `Ring.create`. Returns the backup's name, None where there is none."""
    count = check_slot_count(slots, where=os.fspath(path))
    return store(path, lambda: _zeros(count * SLOT_BYTES), overwrite=overwrite, role="create", backup=backup)


def _zeros(length: int) -> Iterator[bytes]:
    for start in range(0, length, len(_ZEROS)):
        yield _ZEROS[: length - start]

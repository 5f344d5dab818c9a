"""Changes to a ring file: planned on the mapped slots, checked as a whole, then written in one step.

`edit_ring` is the one write path of every command that changes slots, of held and unheld rings. May import numpy; a
ring that a launch in place holds is edited by `vyrectl.edit.live`. The invariant for every other ring: all of an edit
reaches the file or none of it, and every byte that it need not change stays, those around a ring that lies inside a
larger file among them. What does not look like a ring is not edited (`vyrectl.ring.looking`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.edit.edit import Edit, planned
from vyrectl.edit.live import edit_live
from vyrectl.errors import FileError, RingHeldError
from vyrectl.files.backup import backup_beside
from vyrectl.files.replace import FileIdentity, StrPath, back_up_copy, replace_file
from vyrectl.files.sync import sync_file
from vyrectl.files.temporary import clear_abandoned
from vyrectl.files.window import open_regular
from vyrectl.ring.file import Ring
from vyrectl.ring.looking import open_to_write
from vyrectl.ring.select import CHUNK_SLOTS
from vyrectl.sidecar.hold import Hold, hold
from vyrectl.task.arrays import SlotArray, whole

PAGE_BYTES = 4096
"""A write inside one aligned page of this size cannot be cut in two by the death of the writer."""


def edit_ring(
    path: StrPath,
    plan: Callable[[SlotArray], Edit],
    *,
    backup: bool = False,
    dry_run: bool = False,
    role: str = "edit",
    held: Hold | None = None,
    offset: int = 0,
    count: int | None = None,
    force: bool = False,
) -> Edit:
    """Hold the ring, let `plan` look at its slots, and write what it wants changed.

    Changes inside one page of a file without other hard links are one `pwrite`; all others, and every edit that
    asks for a backup, replace the file. Nothing is written when nothing changes. A ring that a launch in place
    holds is edited while it runs, slot by slot. The first edit here of a ring that vyrectl did not make keeps the
    old one, whatever `backup` says: it may be the only copy.

    Args:
        path: The ring file.
        plan: Gets the ring's slots (read-only) and returns the edit; whatever it raises leaves the file
            alone.
        backup: Keep the old file as ``PATH.bak``, or ``PATH.bak.1`` and so on where there is one already.
        dry_run: Plan only; takes no lock and writes nothing.
        role: What the lock says it is held for.
        held: A lock on this ring that the caller already has.
        offset: Bytes before the first slot, for a ring that lies inside a larger file.
        count: Its slots; by default everything up to the end.
        force: Also edit what does not look like a ring.

    Returns:
        The edit, slots that stay as they are included.

    Raises:
        FileError: The ring cannot be read or written, or changed meanwhile. The old bytes stay.
        RingFormatError: The file is no ring.
        NotARingError: It does not look like one, and `force` is False.
        RingHeldError: Another process holds it, and is no launch in place.
        LiveEditError: A launch in place runs it, and some of the slots were not changed.
        VyrectlError: What `plan` raises; a lifecycle error gains the path.
    """
    with open_to_write(path, offset=offset, count=count, force=force) as ring:
        if dry_run:
            return planned(ring, plan)
    is_part = bool(offset) or count is not None
    try:
        lock = nullcontext(held) if held is not None and held.covers(path) else hold(path, role=role)
    except RingHeldError as held_by:
        if is_part:
            raise
        return edit_live(path, plan, backup=backup, held_by=held_by)
    with lock as holding, Ring.open(path, offset=offset, count=count) as ring:
        edit = planned(ring, plan)
        changes = edit.changes()
        if not len(changes):
            return edit
        clear_abandoned(holding.target)
        backup = backup or edit.keeps
        if not backup and _lies_in_page(changes, offset):
            edit = replace(edit, before=whole(edit.before).copy().view(SLOT_DTYPE))
            patched = _patch(holding, ring, changes, offset)
            if patched is not None:
                holding.touch()
                return replace(edit, backup=backup_beside(path, patched.backup))
        written = replace_file(
            holding.target,
            _parts(ring, changes),
            backup=backup or holding.is_first,
            expected=ring.identity,
        )
        holding.follow()
        holding.touch()
        return replace(edit, backup=backup_beside(path, written.backup))


def _parts(ring: Ring, changes: Edit) -> Iterator[memoryview]:
    """The file's bytes with the changes in them, a chunk at a time."""
    before, after = ring.around
    yield before
    yield from _changed_chunks(ring.data, changes)
    yield after


def _changed_chunks(data: memoryview, changes: Edit) -> Iterator[memoryview]:
    chunk_bytes = CHUNK_SLOTS * SLOT_BYTES
    for start in range(0, len(data), chunk_bytes):
        piece = data[start : start + chunk_bytes]
        first = start // SLOT_BYTES
        low, high = np.searchsorted(changes.numbers, (first, first + CHUNK_SLOTS))
        yield (
            _changed(piece, changes.numbers[low:high] - first, changes.after[low:high])
            if low < high
            else piece
        )


def _changed(piece: memoryview, numbers: NDArray[np.int64], after: SlotArray) -> memoryview:
    chunk = whole(np.frombuffer(piece, dtype=SLOT_DTYPE)).copy()
    chunk[numbers] = whole(after)
    return memoryview(chunk.view(np.uint8).data)


def _lies_in_page(changes: Edit, offset: int) -> bool:
    first = offset + int(changes.numbers[0]) * SLOT_BYTES
    end = offset + (int(changes.numbers[-1]) + 1) * SLOT_BYTES
    return first // PAGE_BYTES == (end - 1) // PAGE_BYTES


@dataclass(frozen=True, slots=True)
class _Patched:
    """A change in place.

    Attributes:
        backup: What the copy of the old file is called, None where none was made.
    """

    backup: str | None


def _patch(holding: Hold, ring: Ring, changes: Edit, offset: int) -> _Patched | None:
    """Write changes that lie in one page into the file; None when other hard links name it too."""
    target = holding.target
    first, last = int(changes.numbers[0]), int(changes.numbers[-1])
    old = ring.data[first * SLOT_BYTES : (last + 1) * SLOT_BYTES]
    new = _changed(old, changes.numbers - first, changes.after)
    fd, status = open_regular(target, os.O_RDWR)
    try:
        if status.st_nlink > 1:
            return None
        if FileIdentity.of(status) != ring.identity:
            raise FileError(
                "the ring was replaced or changed while it was being worked on; nothing was written",
                where=target,
                fix="Run the command again",
            )
        before, after = ring.around
        kept = back_up_copy(target, [before, ring.data, after]) if holding.is_first else None
        _overwrite(fd, bytes(old), new, offset + first * SLOT_BYTES)
    except OSError as error:
        raise FileError.from_os_error(error, target, doing="write the ring") from error
    finally:
        os.close(fd)
    return _Patched(kept)


def _overwrite(fd: int, old: bytes, new: memoryview, offset: int) -> None:
    """One `pwrite`; what a failing one may have left is put back."""
    try:
        if os.pwrite(fd, new, offset) != len(new):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync_file(fd)
    except BaseException:
        with suppress(OSError):
            os.pwrite(fd, old, offset)
        raise

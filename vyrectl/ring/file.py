"""Ring files (spec 1.1): opened by mapping them, written by replacing them.

Importing this module, opening a ring, its bytes (`Ring.data`) and the snapshot of a small ring need no numpy;
`Ring.slots` does. The invariant: nothing here writes into an existing file, except through a ring that `attach`
mapped for a launch. A writable ring holds the ring's lock and changes a private copy-on-write mapping; `save` puts a
new file in the old one's place, unless that changed meanwhile.
"""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.errors import FileError, UnknownStateError, UsageError
from vyrectl.files import shrinking
from vyrectl.files.backup import backup_beside
from vyrectl.files.replace import FileIdentity, Part, StrPath, replace_file
from vyrectl.files.room import take_room
from vyrectl.files.whole import read_fd
from vyrectl.files.window import check_slot_count, open_regular
from vyrectl.markup import html_record
from vyrectl.ring.findings.start import window_in_bytes, window_in_file
from vyrectl.ring.store import store, store_empty
from vyrectl.sidecar.hold import Hold, hold

if TYPE_CHECKING:
    from vyrectl.files.shrinking import Watched
    from vyrectl.ring.arrow import Foreign
    from vyrectl.task.arrays import SlotArray
    from vyrectl.telemetry.snapshot import StateTally, TaskQueueSnapshot


_CANNOT_MAP = {errno.ENODEV, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.EMFILE, errno.ENFILE}
"""What `mmap` answers for files of some file systems, and where no descriptor is left (it keeps one)."""

READ_BYTES = 1 << 20
"""A ring of this size at most is read instead of mapped: it keeps no file open, and nobody can cut it short."""


class Ring:
    """A ring: an array of 64-byte slots, from a file or in memory.

    Make one with `open`, `create`, `from_slots` or `from_bytes`, and use it as a context manager or `close`
    it. Views taken from it (`data`, `slots`) stay valid after `close`.

    Attributes:
        path: The file it came from or was saved to, or None.
        name: How messages call it: the path, or ``-``.
    """

    def __init__(
        self,
        whole: memoryview,
        *,
        start: int = 0,
        slots: int | None = None,
        path: StrPath | None = None,
        name: str = "-",
        identity: FileIdentity | None = None,
        held: Hold | None = None,
    ) -> None:
        if not isinstance(whole, memoryview) or whole.itemsize != 1:
            raise UsageError(
                f"a Ring is not made from {type(whole).__name__} by its own name",
                fix="Ring.open(path), Ring.from_slots(array), Ring.from_bytes(data) or Ring.create(path, slots)",
            )
        count = (len(whole) - start) // SLOT_BYTES if slots is None else slots
        self.name = name if path is None else os.fspath(path)
        self._path = None if path is None else Path(path)
        self._start = start
        self._whole: memoryview | None = whole
        self._data: memoryview | None = whole[start : start + count * SLOT_BYTES]
        self._slots: SlotArray | None = None
        self._identity = identity
        self._held = held
        self._owns_hold = False
        self._watched: Watched | None = None

    # --- making one ---

    @classmethod
    def open(
        cls,
        path: StrPath,
        writable: bool = False,
        *,
        offset: int = 0,
        count: int | None = None,
        role: str = "edit",
        held: Hold | None = None,
    ) -> Ring:
        """Map a ring file.

        Args:
            path: A regular file of 64-byte slots, alone or within a dump.
            writable: Take the ring's lock until `close`, and let `slots` be changed in memory; the file
                changes only by `save`.
            offset: Bytes before the first slot, for a ring that lies inside a larger dump.
            count: Slots to take from there; by default everything up to the end.
            role: What the lock says it is held for.
            held: A lock on this ring that the caller already has; it stays the caller's.

        Raises:
            FileError: Missing, unreadable, a folder, a pipe or a device.
            RingFormatError: Not a whole number of slots, too many of them, or a window outside the file.
            RingHeldError: `writable`, and another process holds the ring.
            UsageError: No path.
        """
        if not isinstance(path, str | os.PathLike):
            raise UsageError(
                f"a ring is opened by its path, and this is {type(path).__name__}",
                fix="Ring.from_slots(array) and Ring.from_bytes(data) make one of what is in memory",
            )
        if not writable:
            return cls._map(path, offset, count, mmap.ACCESS_READ)
        cls._map(path, offset, count, mmap.ACCESS_READ).close()
        own = None if held is not None and held.covers(path) else hold(path, role=role)
        try:
            ring = cls._map(path, offset, count, mmap.ACCESS_COPY)
        except BaseException:
            if own is not None:
                own.release()
            raise
        ring._held = own or held
        ring._owns_hold = own is not None
        return ring

    @classmethod
    def attach(cls, path: StrPath, held: Hold) -> Ring:
        """Map a ring for a launch in place: what is written to `slots` is written to the file at once.

        This is the one mapping that changes a file without replacing it (design: files and locks). Whoever
        has it open sees the slots move; a death in the middle leaves Running slots for `recover`.

        Args:
            path: A regular file of 64-byte slots, alone or within a dump.
            held: The lock on it, which stays the caller's.

        Raises:
            FileError: Missing, unreadable, unwritable, no regular file; one with holes, and the disk is full.
            RingFormatError: Not a whole number of slots.
        """
        ring = cls._map(path, 0, None, mmap.ACCESS_WRITE)
        ring._held = held
        return ring

    def is_current(self) -> bool:
        """True while the path still names the file that is mapped here, at the length it was mapped with."""
        if self._path is None or self._identity is None:
            return True
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return False
        mapped = self._identity
        return (status.st_dev, status.st_ino, status.st_size) == (
            mapped.device,
            mapped.inode,
            mapped.size_bytes,
        )

    @classmethod
    def _map(cls, path: StrPath, offset: int, count: int | None, access: int) -> Ring:
        fd, status = open_regular(path, os.O_RDONLY if access == mmap.ACCESS_READ else os.O_RDWR)
        watched = None
        try:
            if status.st_size:
                window_in_file(path, status.st_size, offset, count)
            if access == mmap.ACCESS_WRITE:
                take_room(fd, status.st_size)
            whole = _contents(fd, status, path, access)
            if access != mmap.ACCESS_WRITE and not isinstance(whole, bytes | bytearray):
                watched = shrinking.watch(whole, os.fspath(path), status)
        except (OSError, ValueError) as error:
            why = error if isinstance(error, OSError) else OSError(str(error))
            raise FileError.from_os_error(why, path, doing="map the ring") from error
        finally:
            os.close(fd)
        slots = window_in_file(path, len(whole), offset, count)
        identity = FileIdentity.of(status)
        ring = cls(memoryview(whole), start=offset, slots=slots, path=path, identity=identity)
        ring._watched = watched
        return ring

    @classmethod
    def create(cls, path: StrPath, slots: int, *, overwrite: bool = False, backup: bool = False) -> Ring:
        """Write a ring of `slots` Empty slots and open it read-only; `backup` keeps a file that is overwritten.

        Raises:
            FileError: It exists already and `overwrite` is False, or it cannot be written.
            UsageError: A number of slots that is negative or no whole number; nothing is written.
            RingFormatError: More slots than a u32 word index reaches.
            RingHeldError: It exists and another process holds it.
        """
        store_empty(path, slots, overwrite=overwrite, backup=backup)
        return cls.open(path)

    @classmethod
    def from_slots(cls, array: SlotArray) -> Ring:
        """A ring in memory over an array of `SLOT_DTYPE`, shape (n,); no copy is made of a contiguous one.

        Raises:
            InvalidInputError: Another dtype or shape.
            RingFormatError: More slots than a u32 word index reaches.
        """
        import numpy as np

        from vyrectl.task.arrays import check_slots

        check_slots("a ring", array)
        check_slot_count(len(array), where="-")
        return cls(memoryview(np.ascontiguousarray(array).view(np.uint8).data))

    @classmethod
    def from_bytes(cls, data: Part, name: str = "-", *, offset: int = 0, count: int | None = None) -> Ring:
        """A read-only ring over bytes that were read elsewhere, for example from standard input.

        Args:
            data: The bytes; not copied.
            name: What messages call them.
            offset: Bytes before the first slot.
            count: Slots to take; by default everything up to the end.

        Raises:
            RingFormatError: As for `open`.
        """
        view = memoryview(data).toreadonly()
        return cls(view, start=offset, slots=window_in_bytes(view, offset, count, where=name), name=name)

    # --- looking at it ---

    @property
    def path(self) -> Path | None:
        """The file it came from or was last saved to, or None."""
        return self._path

    @property
    def data(self) -> memoryview:
        """The slots' bytes; writable only in a writable ring or over a writable array.

        Raises:
            ValueError: The ring is closed.
        """
        if self._data is None:
            raise ValueError(f"the ring {self.name} is closed")
        return self._data

    @property
    def around(self) -> tuple[memoryview, memoryview]:
        """The bytes before and after the slots, of a ring that lies inside a larger file; empty ones else."""
        if self._whole is None:
            raise ValueError(f"the ring {self.name} is closed")
        end = self._start + len(self.data)
        return self._whole[: self._start], self._whole[end:]

    @property
    def slots(self) -> SlotArray:
        """The slots as an array of `SLOT_DTYPE`, shape (n,), over the same bytes as `data`."""
        if self._slots is None:
            import numpy as np

            from vyrectl.abi.dtype import SLOT_DTYPE

            self._slots = np.frombuffer(self.data, dtype=SLOT_DTYPE)
        return self._slots

    @property
    def identity(self) -> FileIdentity | None:
        """Which version of the file is mapped; None for a ring in memory."""
        return self._identity

    def __len__(self) -> int:
        return len(self.data) // SLOT_BYTES

    def tally(self) -> StateTally:
        """Count the states (spec 1.7), unknown ones apart; a small ring is counted without numpy."""
        from vyrectl.telemetry import snapshot

        if len(self) <= snapshot.STDLIB_SLOTS:
            return snapshot.tally_bytes(self.data)
        return snapshot.tally_slots(self.slots)

    def snapshot(self) -> TaskQueueSnapshot:
        """The queue telemetry of spec 1.7.

        Raises:
            UnknownStateError: The first state word outside spec 1.3, with its slot.
        """
        try:
            return self.tally().snapshot()
        except UnknownStateError as error:
            error.at(str(self.name))
            raise

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Ring is a file that is open, and is not pickled: hand on its path, or ring.slots.copy()"
        )

    def __repr__(self) -> str:
        count = "closed" if self._data is None else f"{len(self)} slots"
        return f"<Ring {self.name}: {count}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the slots in each state."""
        states = {state.label: count for state, count in zip(TaskState, self.tally().counts, strict=True)}
        return html_record(f"{self.name}: {len(self)} slots", {**states, "unknown": self.tally().unknown})

    def to_arrow(self) -> Foreign:
        """The slots as a `pyarrow.Table`: `slot`, the 16 words (u32), `state_name`, `priority_name`.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        from vyrectl.ring.arrow import arrow_table

        return arrow_table(self.slots)

    def to_pandas(self) -> Foreign:
        """The slots as a `pandas.DataFrame` with the columns of `to_arrow`.

        Raises:
            MissingExtraError: pyarrow or pandas is not installed.
        """
        from vyrectl.ring.arrow import pandas_frame

        return pandas_frame(self.slots)

    def to_polars(self) -> Foreign:
        """The slots as a `polars.DataFrame` with the columns of `to_arrow`.

        Raises:
            MissingExtraError: pyarrow or polars is not installed.
        """
        from vyrectl.ring.arrow import polars_frame

        return polars_frame(self.slots)

    # --- writing it ---

    def save(
        self, path: StrPath | None = None, backup: bool = False, *, overwrite: bool = True
    ) -> str | None:
        """Write the ring atomically.

        Args:
            path: Where to; by default the file that this ring holds, whose bytes outside the window are kept.
            backup: Keep the old file as ``PATH.bak``, or ``PATH.bak.1`` and so on where there is one already; another
                file at `path` that vyrectl neither made nor ever changed is kept whatever this says.
            overwrite: False makes an existing file at `path` an error.

        Returns:
            The backup's name, None where there is none.

        Raises:
            UsageError: No path, and the ring was not opened as writable.
            FileError: It cannot be written, or the file changed since it was opened. The old bytes stay.
            RingHeldError: Another process holds the ring at `path`.
        """
        if self._held is not None and (path is None or self._held.covers(path)):
            return self._save_held(self._held, backup)
        if path is None:
            raise UsageError(
                "the ring cannot be saved over its file", fix="Open it as writable, or name a path"
            )
        kept = store(path, lambda: [self.data], backup=backup, overwrite=overwrite, role="save")
        if self._path is None:
            self._path, self.name = Path(path), os.fspath(path)
        return kept

    @property
    def is_untouched(self) -> bool:
        """True for a ring file held here that vyrectl never changed: it may be the only copy of evidence."""
        return self._held is not None and self._held.is_first

    def _save_held(self, held: Hold, backup: bool) -> str | None:
        assert self._whole is not None
        written = replace_file(held.target, [self._whole], backup=backup, expected=self._identity)
        held.touch()
        held.follow()
        self._identity = written.identity
        return backup_beside(self._path or held.target, written.backup)

    def close(self) -> None:
        """Give back the lock and, once no view of it is left, the mapping."""
        shrinking.look(self._watched)
        self._slots = None
        self._whole = self._data = None
        if self._held is not None and self._owns_hold:
            self._held.release()
        self._held = None

    def __enter__(self) -> Ring:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _contents(fd: int, status: os.stat_result, path: StrPath, access: int) -> mmap.mmap | bytes | bytearray:
    """What a file holds: mapped, or read where it is small, where it reports no size, or cannot be mapped."""
    size = status.st_size
    if access == mmap.ACCESS_WRITE:
        return mmap.mmap(fd, size, access=access) if size else b""
    if size > READ_BYTES:
        try:
            return mmap.mmap(fd, size, access=access)
        except OSError as error:
            if error.errno not in _CANNOT_MAP:
                raise
    data = read_fd(fd, os.fspath(path), doing="read the ring")
    if len(data) < size:
        raise FileError(
            "the ring got shorter while it was read", where=os.fspath(path), fix="Run the command again"
        )
    whole = data[:size] if size else data
    return whole if access == mmap.ACCESS_READ else bytearray(whole)

"""Where a ring seems to start behind bytes that are no slots: a header, or a few slots that were overwritten.

The one source of that fact for `open`, `check`, the look before a write, and every reader. May import numpy inside
functions. The invariant: a guess words a message and suggests `--offset`, it never decides what is read; bytes that
begin with a slot start where they begin.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS, WORD_BYTES
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import KNOWN_FLAGS, TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, RingFormatError, span_options
from vyrectl.files.place import StrPath
from vyrectl.files.window import open_regular, window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_UNKNOWN = 4
"""So many unknown state words, and more than half of all, make bytes look like no ring."""

LEAST_SLOTS = 4
"""Fewer slots at an odd place, with more behind them, may be any small words."""

LEAST_MARK_BYTES = 8
"""So many printable characters at the beginning are no state and no operation: somebody wrote a name there."""

SEARCHED_BYTES = 1 << 20
_MOST_OFFSET_BYTES = 1 << 16
_LIKELY = 0.9
_HEAD_BYTES = 4096
_PRINTABLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\n\r\t")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a ring seems to start, and what reads it.

    Attributes:
        offset: Bytes before it, more than 0.
        count: Its whole slots, where they do not end with the bytes; else None.
        unknown: How many of the whole slots before it have no state.
        marked: The bytes begin with a name.
    """

    offset: int
    count: int | None
    unknown: int
    marked: bool

    def options(self, offset: int = 0) -> dict[str, str]:
        """The options that read it, of bytes that begin so far into a file."""
        return span_options(offset + self.offset, self.count)

    @property
    def rows(self) -> int:
        """Whole slots that fit before it."""
        return self.offset // SLOT_BYTES

    @property
    def is_sure(self) -> bool:
        """False where the bytes before it may be slots that somebody overwrote, or where they are most of all."""
        if self.count is not None and self.count < self.rows:
            return False
        if self.offset % SLOT_BYTES or self.marked:
            return True
        return self.unknown >= LEAST_UNKNOWN and 2 * self.unknown > self.rows

    @property
    def why(self) -> str:
        """What speaks for it, in words."""
        if self.offset % SLOT_BYTES:
            return f"the words from byte {self.offset} on are those of slots"
        if self.marked:
            return f"it begins with a name, and a ring seems to start at byte {self.offset}"
        if self.rows == 1:
            return "the first state word is no state, and a ring seems to start behind it"
        which = "the" if self.unknown == self.rows else f"{self.unknown} of the"
        return f"{which} first {self.rows} state words are no states, and a ring seems to start behind them"


def find_start(data: memoryview, size_bytes: int) -> Start | None:
    """Where a ring seems to start further on; None where bytes may begin with a slot, or where that cannot be told.

    Only bytes that do not look like a ring from the beginning cost more than a look at the first slots.

    Args:
        data: What they begin with.
        size_bytes: Length of everything.
    """
    head = data[: min(len(data), _HEAD_BYTES) // WORD_BYTES * WORD_BYTES].cast("I")
    strange = [word >= len(TaskState) for word in head[::SLOT_WORDS]]
    if size_bytes % SLOT_BYTES == 0 and not any(strange[:1]) and sum(strange) < LEAST_UNKNOWN:
        return None
    offset = guess_offset(data, size_bytes)
    if not offset:
        return None
    states = data[: offset // SLOT_BYTES * SLOT_BYTES].cast("I")[::SLOT_WORDS]
    count, left = divmod(size_bytes - offset, SLOT_BYTES)
    start = Start(
        offset, count if left else None, sum(word >= len(TaskState) for word in states), _is_marked(data)
    )
    may_begin_here = not offset % SLOT_BYTES and not any(strange[:1])
    return None if may_begin_here and not start.is_sure else start


def _is_marked(data: memoryview) -> bool:
    """A name and zeros, as far as the first slot: what is left of a task that somebody wrote over has other words."""
    mark, _, rest = bytes(data[:SLOT_BYTES]).partition(b"\0")
    return len(mark) >= LEAST_MARK_BYTES and _PRINTABLE.issuperset(mark) and not any(rest)


def start_in_file(path: StrPath, offset: int) -> Start | None:
    """The same of a file from a byte on; None too when it cannot be read."""
    with suppress(OSError, ValueError, FileError):
        fd, status = open_regular(path, os.O_RDONLY)
        try:
            head = os.pread(fd, SEARCHED_BYTES, offset)
        finally:
            os.close(fd)
        return find_start(memoryview(head), status.st_size - offset)
    return None


def window_in_file(path: StrPath, size_bytes: int, offset: int, count: int | None) -> int:
    """How many slots a window of a file has; an odd length is told with the place where a ring seems to start.

    Args:
        path: The file, for messages; it is read again where its length is odd.
        size_bytes: Bytes of the file.
        offset: Bytes before the window.
        count: Slots asked for, or None for all up to the end.

    Raises:
        UsageError: As for `vyrectl.files.window.window`.
        RingFormatError: As for `vyrectl.files.window.window`, with where a ring seems to start.
    """
    try:
        return window(size_bytes, offset, count, where=os.fspath(path))
    except RingFormatError as error:
        if error.left_over is not None:
            _tell(error, offset, start_in_file(path, offset))
        raise


def window_in_bytes(data: memoryview, offset: int, count: int | None, *, where: str) -> int:
    """The same of bytes that were read elsewhere."""
    try:
        return window(len(data), offset, count, where=where)
    except RingFormatError as error:
        if error.left_over is not None:
            rest = data.cast("B")[offset:]
            _tell(error, offset, find_start(rest[:SEARCHED_BYTES], len(rest)))
        raise


def _tell(error: RingFormatError, offset: int, start: Start | None) -> None:
    if start is not None:
        error.starting_at(offset + start.offset, start.count)


def guess_offset(data: memoryview, size_bytes: int) -> int | None:
    """Where inside these bytes a ring seems to start, in bytes; None when no place or too many fit.

    Of several places it prefers those from which the rest is a whole number of slots, then the one from which most are.

    Args:
        data: What they begin with; only the first part of it is looked at.
        size_bytes: Length of everything, a part of a slot at the end included.
    """
    found = [start for start in (_first_start(data, lane) for lane in range(SLOT_BYTES)) if start is not None]
    if 0 in found:
        return None
    whole = [start for start in found if (size_bytes - start) % SLOT_BYTES == 0]
    some = [start for start in found if size_bytes - start >= LEAST_SLOTS * SLOT_BYTES]
    likely = [start for start in (whole or some) if start <= _MOST_OFFSET_BYTES]
    first = min(likely, default=None)
    rivals = [start for start in likely if 2 * (size_bytes - start) > size_bytes - (first or 0)]
    return first if len(rivals) == 1 else None


def _first_start(data: memoryview, lane: int) -> int | None:
    """The first place, so many bytes behind a multiple of 64, from which nearly all slots could be some and most hold
    a task."""
    import numpy as np

    piece = data[lane:SEARCHED_BYTES]
    piece = piece[: len(piece) // SLOT_BYTES * SLOT_BYTES]
    if not len(piece):
        return None
    rows = np.frombuffer(piece, dtype="<u4").reshape(-1, SLOT_WORDS)
    fits, holds_task = _plausible(rows)
    rest = np.arange(len(rows), 0, -1)
    fitting = np.cumsum(fits[::-1])[::-1]
    tasks = np.cumsum((fits & holds_task)[::-1])[::-1]
    starts = np.flatnonzero(fits & holds_task & (fitting >= _LIKELY * rest) & (2 * tasks >= rest))
    return lane + int(starts[0]) * SLOT_BYTES if len(starts) else None


def _plausible(rows: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows of 16 words could be slots, and which of those hold a task; both shape (n,)."""
    state = rows[:, FIELD_INDEX["state"]]
    fits = (
        (state < len(TaskState))
        & (rows[:, FIELD_INDEX["priority"]] < len(TaskPriority))
        & (rows[:, FIELD_INDEX["flags"]] <= KNOWN_FLAGS)
        & (rows[:, FIELD_INDEX["age_ticks"]] >= rows[:, FIELD_INDEX["requeue_count"]])
    )
    return fits, state != int(TaskState.EMPTY)

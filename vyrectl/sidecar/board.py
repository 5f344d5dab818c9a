"""The board of a launch that works on a copy: memory without a name in any folder, in which others see its workers.

A launch on several devices has one a device, and where it has put the slots into another order, that. A board also says
which operations its launch was given.
Standard library only. The launch makes it before it forks and keeps its descriptor; whoever knows the launch's pid (the
ring's lock says it, or the launch's note, `vyrectl.sidecar.note`) finds it among that process's descriptors by the
ring's identity, where the system lets one process of a user look at another. The invariant: nothing is left behind,
whatever becomes of the launch.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress

from vyrectl.abi.watch import BOARD_BYTES, BOARD_FEEDS, BOARD_OPS, BOARD_OPS_FIRST, MOST_BOARD_OPS
from vyrectl.files.replace import StrPath

_FOLDER = "/proc/{}/fd/"
_MEMORY, _DELETED = "/memfd:", " (deleted)"
_WORKERS, _ORDER = "workers", "order"
_OF = "@"


def make_board(ring: StrPath, device: str = "") -> mmap.mmap:
    """A zeroed board; where there are no descriptors without a name it is for this process and its children alone."""
    return make_memory(_name(ring, _WORKERS) + (f"{_OF}{device}" if device else ""), BOARD_BYTES)


def make_order(ring: StrPath, order: bytes) -> mmap.mmap:
    """The order in which a launch has put the slots: the slot at each place, u32 each."""
    memory = make_memory(_name(ring, _ORDER), len(order))
    memory[:] = order
    return memory


def introduce(board: mmap.mmap, ops: Sequence[int], *, feeds: bool = False) -> None:
    """Say on a board which operations its launch was given beside the shipped ones, and whether it takes a feed."""
    given = list(ops)[:MOST_BOARD_OPS]
    with memoryview(board) as data, data.cast("B") as octets, octets.cast("I") as words:
        for place, op_handle in enumerate(given, BOARD_OPS_FIRST):
            words[place] = op_handle
        words[BOARD_OPS], words[BOARD_FEEDS] = len(given), feeds


def ops_given(board: mmap.mmap) -> frozenset[int]:
    """Those operations."""
    with memoryview(board) as data, data.cast("B") as octets, octets.cast("I") as words:
        count = min(words[BOARD_OPS], MOST_BOARD_OPS)
        return frozenset(words[BOARD_OPS_FIRST : BOARD_OPS_FIRST + count].tolist())


def takes_feed(board: mmap.mmap) -> bool:
    """Whether that launch takes tasks from a feed."""
    with memoryview(board) as data, data.cast("B") as octets, octets.cast("I") as words:
        return bool(words[BOARD_FEEDS])


def mark_of(ring: StrPath) -> str:
    """A ring's identity, as it stands in the names of what its launches keep in memory.

    Raises:
        OSError: There is no such file.
    """
    status = os.stat(ring)
    return f"{status.st_dev:x}-{status.st_ino:x}"


def open_boards(mark: str, pid: int) -> dict[str, mmap.mmap]:
    """The boards of the launch of that pid by device, read-only; none when it has none, or may not be looked at.

    Args:
        mark: Its ring's (`mark_of`).
        pid: Its process.
    """
    name, found = _named(mark, _WORKERS), dict[str, mmap.mmap]()
    for entry, link in descriptors(pid):
        whose, _, device = link.partition(_OF)
        if whose == name and device not in found and (board := _mapped(entry, BOARD_BYTES)) is not None:
            found[device] = board
    return dict(sorted(found.items()))


def open_order(mark: str, pid: int) -> mmap.mmap | None:
    """The order in which the launch of that pid has put the slots, read-only; None where it has not."""
    name = _named(mark, _ORDER)
    return next((_mapped(entry) for entry, link in descriptors(pid) if link == name), None)


def make_memory(name: str, size_bytes: int) -> mmap.mmap:
    """Memory that others find by its name among the descriptors of this process, or that is its own alone."""
    with suppress(AttributeError, OSError):  # a limit on the length of files (ulimit -f) holds for it too
        fd = os.memfd_create(name)
        try:
            os.ftruncate(fd, size_bytes)
            return mmap.mmap(fd, size_bytes)
        finally:
            os.close(fd)  # the mapping keeps a descriptor of its own
    return mmap.mmap(-1, size_bytes)


def descriptors(pid: int) -> Iterator[tuple[str, str]]:
    """The memory without a name that a process has open, and what it is called."""
    folder = _FOLDER.format(pid)
    with suppress(OSError):
        for number in os.listdir(folder):
            with suppress(OSError):
                link = os.readlink(folder + number)
                if link.startswith(_MEMORY) and link.endswith(_DELETED):
                    yield folder + number, link.removeprefix(_MEMORY).removesuffix(_DELETED)


def _mapped(entry: str, size_bytes: int | None = None) -> mmap.mmap | None:
    try:
        fd = os.open(entry, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        length = os.fstat(fd).st_size
        if not length or length != (size_bytes or length):
            return None
        return mmap.mmap(fd, length, access=mmap.ACCESS_READ)
    finally:
        os.close(fd)


def _name(ring: StrPath, what: str) -> str:
    return _named(mark_of(ring), what)


def _named(mark: str, what: str) -> str:
    return f"vyrectl-{what}-{mark}"

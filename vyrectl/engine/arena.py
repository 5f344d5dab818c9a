"""One range of memory for all buffers of a launch in place, in which output files are mapped where they lie.

The device works on the range as it is, so what a task has written is in `OUT.npy.partial` when the task is Done,
whatever happens to the process afterwards; at the end the file gets its own name. May import numpy.

    range     | file 0: header, array, seal | buffer | buffer | file 1: header, array, seal | ... | the engine's own
              ^ page                        ^ 256 bytes        ^ page                               ^ 256 bytes

The seal (`vyrectl.engine.origin`) says which tasks a partial file belongs to and how far they were when its launch
began: a launch that finds its own there goes on with it; any other, of whatever ring, begins anew and keeps the old
file under another name. It stays on the file under its own name until the launch is over in every respect, so that
one that is killed between the two finds its output again. The invariant: `OUT.npy` is the old file or the whole new
one, and a partial file is written by one launch at a time.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import io
import math
import mmap
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import ARENA_ALIGN_BYTES, Buffer, BufferTable
from vyrectl.engine.left import Fate, Found, free_name, partial_path, partials_beside, unclaimed
from vyrectl.engine.origin import Origin, begins_seal
from vyrectl.engine.saving import Saving
from vyrectl.errors import FileError
from vyrectl.files.backup import back_up
from vyrectl.files.room import take_room
from vyrectl.files.same import file_parts, has_content
from vyrectl.files.written import note_writing
from vyrectl.shell import file_argument
from vyrectl.task.arrays import SlotArray

_MAP_FIXED = 0x10


@dataclass(slots=True)
class Output:
    """A mapped output file.

    Attributes:
        target: The name that it gets at the end.
        fd: The open file, locked.
        header_bytes: Bytes before the array.
        array_bytes: Bytes of the array.
        continued: It holds what a killed launch left.
        published: It has its own name.
    """

    target: Path
    fd: int
    header_bytes: int
    array_bytes: int
    continued: bool
    published: bool = False

    def publish(self, name: Path, *, backup: bool) -> None:
        """Give it its own name; with `backup`, the file that has it gets another unless it is the same.

        Raises:
            FileError: That is not possible; what was written stays in the partial file.
        """
        partial = partial_path(self.target)
        try:
            written = file_parts(self.fd, self.header_bytes + self.array_bytes)
            if backup and not has_content(name, written):
                back_up(name)
            os.rename(partial, os.path.realpath(name))
        except OSError as error:
            raise FileError(
                f"cannot name the output: {os.strerror(error.errno or 0).lower()}",
                where=str(self.target),
                fix=f"What was written is in {partial}",
                errno=error.errno,
            ) from error
        self.published = True

    def abandon(self) -> None:
        """Let go of the file, and remove it if it is new."""
        if not self.continued:
            with suppress(FileNotFoundError):
                os.unlink(partial_path(self.target))
        os.close(self.fd)


@dataclass(slots=True)
class Arena:
    """The range and its files; made by `map_outputs`.

    Attributes:
        memory: All of it as bytes; the device's arena.
        offsets: Where each row of the table begins in it, and after them what the engine keeps for itself.
        continued: Outputs that go on from what a killed launch left.
        outputs: The mapped files.
        keeps_seals: Leave the seals behind the arrays: nobody saw how the launch ended, and the same launch goes on.
    """

    memory: NDArray[np.uint8]
    offsets: tuple[int, ...]
    continued: tuple[Path, ...] = ()
    outputs: list[Output] = field(default_factory=list)
    keeps_seals: bool = False

    def layout(self, rows: int) -> tuple[tuple[int, ...], int]:
        """Where the first `rows` rows begin, and the length of the range."""
        return self.offsets[:rows], self.memory.nbytes

    def abandon(self) -> None:
        """Before anything ran: see `Output.abandon`."""
        for output in self.outputs:
            output.abandon()
        self.outputs.clear()

    def publish(self, saving: Saving, replaces: Callable[[Path], bool]) -> None:
        """Give each file its own name; its seal stays until `finish`. One that cannot be renamed stays partial.

        Args:
            saving: Tries each.
            replaces: Whether an output takes the place of a file that is to be kept.
        """
        for output in self.outputs:
            backup = replaces(output.target)
            saving.keep(output.target, functools.partial(output.publish, backup=backup), moves=False)

    def finish(self) -> None:
        """Nothing can go back to the time before the end: take the seals off and let go of the files.

        Raises:
            FileError: The disk failed.
        """
        while self.outputs:
            output = self.outputs[0]
            try:
                if output.published and not self.keeps_seals:
                    os.ftruncate(output.fd, output.header_bytes + output.array_bytes)
            except OSError as error:
                raise FileError.from_os_error(error, output.target, doing="end the output") from error
            os.close(output.fd)
            del self.outputs[0]


def map_outputs(table: BufferTable, slots: SlotArray, behind_bytes: int = 0) -> None:
    """Move every buffer of a table into one range, outputs as mapped files, and note it as the table's `arena`.

    The arrays of the table are replaced by views of the range. Nothing happens when no buffer is to be saved.

    Args:
        table: The launch's buffers.
        slots: The ring before the launch.
        behind_bytes: Room for the engine's own row behind those of the table.

    Raises:
        UsageError: Two buffers have one output.
        FileError: An output cannot be made, the disk is full, or another launch is writing it.
    """
    rows = table.rows
    table.check_outputs()
    if not any(row is not None and row.output is not None for row in rows):
        return
    origin = Origin(slots)
    heads = [_header(row.array) if row is not None and row.output is not None else b"" for row in rows]
    starts, end = _places(rows, heads, origin.seal_bytes)
    total = max(_up(end + behind_bytes, mmap.PAGESIZE), mmap.PAGESIZE)
    base = mmap.mmap(-1, total)
    memory = np.frombuffer(base, np.uint8)
    arrays = (start + len(head) for start, head in zip(starts, heads, strict=True))
    arena = Arena(memory, (*arrays, end))
    try:
        for row, head, start in zip(rows, heads, starts, strict=True):
            if row is not None:
                _move(arena, row, head, start, origin, table.found)
    except BaseException:
        arena.abandon()
        raise
    table.arena = arena
    table.found += unclaimed(partials_beside(path for path, _ in table.outputs()), origin)
    table.note_old()


def _move(arena: Arena, row: Buffer, head: bytes, start: int, origin: Origin, found: list[Found]) -> None:
    place = _view(arena.memory, start + len(head), row.array)
    output = None
    if row.output is not None:
        output = _map_file(arena.memory, start, row.output, head, row.array.nbytes, origin, found)
        arena.outputs.append(output)
    if output is not None and output.continued:
        arena.continued += (output.target,)
    else:
        place[...] = row.array
    if output is not None and not output.continued:
        _seal(output, origin)
    row.array = place


def _header(array: NDArray[np.generic]) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    return head.getvalue()


def _places(rows: list[Buffer | None], heads: list[bytes], seal_bytes: int) -> tuple[list[int], int]:
    """Where each row begins, headers included, and where they end."""
    starts, end = [], 0
    for row, head in zip(rows, heads, strict=True):
        if head:
            end = _up(end, mmap.PAGESIZE)
        starts.append(end)
        if row is not None:
            end += len(head) + row.array.nbytes
            end = _up(end + seal_bytes, mmap.PAGESIZE) if head else _up(end, ARENA_ALIGN_BYTES)
    return starts, end


def _up(size_bytes: int, unit: int) -> int:
    return -(-size_bytes // unit) * unit


def _view(memory: NDArray[np.uint8], start: int, like: NDArray[np.generic]) -> NDArray[np.generic]:
    view: NDArray[np.generic] = memory[start : start + like.nbytes].view(like.dtype).reshape(like.shape)
    return view


def _map_file(
    memory: NDArray[np.uint8],
    start: int,
    target: Path,
    head: bytes,
    array_bytes: int,
    origin: Origin,
    found: list[Found],
) -> Output:
    partial = partial_path(target)
    size = len(head) + array_bytes + origin.seal_bytes
    fate = _take_back(target, partial, head, size, origin, found)
    try:
        fd = _open_alone(partial)
    except OSError as error:
        raise _no_output(error, partial) from error
    continued = _is_ours(fd, head, size, origin)
    if continued:
        found.append(Found(target, partial, fate))
    elif os.fstat(fd).st_size:
        fd = _set_aside(fd, target, partial, found)
    output = Output(target, fd, len(head), array_bytes, continued)
    try:
        if not output.continued:
            os.ftruncate(fd, 0)
        take_room(fd, size)
        os.pwrite(fd, head, 0)
        _map_over(memory.ctypes.data + start, _up(size, mmap.PAGESIZE), fd)
    except OSError as error:
        output.abandon()
        raise _no_output(error, partial) from error
    return output


def _take_back(
    target: Path, partial: Path, head: bytes, size_bytes: int, origin: Origin, found: list[Found]
) -> Fate:
    """A file that a launch had named when it was killed is a partial one again, or kept as one.

    Returns:
        How it goes on, if it does.
    """
    if os.path.exists(partial):
        return Fate.GOES_ON
    with suppress(OSError):
        named = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _is_ours(named, head, size_bytes, origin):
                os.rename(os.path.realpath(target), partial)
                return Fate.TAKEN_BACK
            if origin.has_results and stat.S_ISREG(os.fstat(named).st_mode) and _is_sealed(named):
                kept = free_name(partial)
                os.rename(os.path.realpath(target), kept)
                found.append(Found(target, kept, Fate.SET_ASIDE))
        finally:
            os.close(named)
    return Fate.GOES_ON


def _set_aside(fd: int, target: Path, partial: Path, found: list[Found]) -> int:
    """Keep a partial file that this launch does not go on with; gives a new one.

    Raises:
        FileError: It cannot be renamed, or a new one cannot be made.
    """
    try:
        kept = free_name(partial)
        os.rename(partial, kept)
        os.close(fd)
        found.append(Found(target, kept, Fate.SET_ASIDE))
        return _open_alone(partial)
    except OSError as error:
        raise _no_output(error, partial) from error


def continue_outputs(table: BufferTable, slots: SlotArray) -> None:
    """For a backend that does not work on mapped files: begin with what a killed launch left of its outputs.

    Args:
        table: The launch's buffers; those that go on are filled, and `save_outputs` removes what they went on from.
        slots: The ring before the launch.

    Raises:
        FileError: A partial file cannot be read or set aside, or another launch is writing it.
    """
    outputs = [path for path, _ in table.outputs()]
    others = partials_beside(outputs)
    if not others and not any(one.exists() or partial_path(one).exists() for one in outputs):
        return
    origin = Origin(slots)
    table.found += unclaimed(others, origin)
    for row in table.by_handle.values():
        if row.output is None:
            continue
        partial, head = partial_path(row.output), _header(row.array)
        size = len(head) + row.array.nbytes + origin.seal_bytes
        fate = _take_back(row.output, partial, head, size, origin, table.found)
        if not partial.is_file():
            continue
        fd = _open_alone(partial)
        if _is_ours(fd, head, size, origin):
            data = os.pread(fd, row.array.nbytes, len(head))
            row.array = np.frombuffer(bytearray(data), row.array.dtype).reshape(row.array.shape)
            table.found.append(Found(row.output, partial, fate))
        elif os.fstat(fd).st_size:
            fd = _set_aside(fd, row.output, partial, table.found)
            os.unlink(partial)
        os.close(fd)
    table.note_old()


def _no_output(error: OSError, partial: Path) -> FileError:
    return FileError.from_os_error(error, partial, doing="make the output")


def _open_alone(partial: Path) -> int:
    """Open or make a partial file that no other launch is writing."""
    note_writing(partial)
    fd = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise FileError(
            "another launch is writing this output", where=str(partial), fix="Wait for it, or name another"
        ) from None
    if os.fstat(fd).st_nlink > 1:
        os.close(fd)
        raise FileError(
            "another name of this file would be overwritten too",
            where=str(partial),
            fix=f"Remove this name of it: rm {file_argument(partial)}",
        )
    return fd


def _is_ours(fd: int, head: bytes, size_bytes: int, origin: Origin) -> bool:
    """True when the file was left by a launch of the same tasks, and these have moved on since it began."""
    there = os.fstat(fd)
    if not stat.S_ISREG(there.st_mode) or there.st_size != size_bytes or os.pread(fd, len(head), 0) != head:
        return False
    return origin.goes_on_from(os.pread(fd, origin.seal_bytes, size_bytes - origin.seal_bytes))


def _is_sealed(fd: int) -> bool:
    """True when a seal follows the array of a file, whatever it is: its launch never came to its end."""
    with suppress(ValueError, EOFError), os.fdopen(os.dup(fd), "rb") as file:
        file.seek(0)
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
        return begins_seal(os.pread(fd, 8, file.tell() + math.prod(shape) * dtype.itemsize))
    return False


def _seal(output: Output, origin: Origin) -> None:
    """Once the array holds what it begins with: only then may another launch go on from it."""
    os.pwrite(output.fd, origin.seal(), output.header_bytes + output.array_bytes)


def _map_over(address: int, length_bytes: int, fd: int) -> None:
    """Put a file's pages in the place of anonymous ones."""
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = (
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    )
    access = mmap.PROT_READ | mmap.PROT_WRITE
    if call(address, length_bytes, access, mmap.MAP_SHARED | _MAP_FIXED, fd, 0) != address:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))

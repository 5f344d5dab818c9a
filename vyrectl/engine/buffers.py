"""The buffer table: which array stands behind which handle, where it lies for a device, and where it is saved.

The invariant: an array given as an input is never written; every handle that the table does not hold is absent, and a
task that names it faults. Imports numpy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.engine import BUFFER_ROW, TYPE_ABSENT, TYPE_F32, TYPE_I32, TYPE_OTHER, TYPE_U32
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffer_files import BufferFiles, note_buffers
from vyrectl.engine.left import Fate, Found
from vyrectl.engine.npy import little_endian, npy_parts
from vyrectl.engine.saving import Saving
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.files.backup import backup_names
from vyrectl.files.replace import replace_file
from vyrectl.files.same import has_content
from vyrectl.numbers import check_mapping, is_whole
from vyrectl.ring.outputs import Outputs

if TYPE_CHECKING:
    from vyrectl.engine.arena import Arena

MAX_HANDLE = 65_535
"""Largest handle that may carry a buffer; the table has a row for every handle below it."""

ARGUMENTS = "args"
"""What `--buffer args=FILE` names: the argument table, which has no handle."""

_TYPES = {"<u4": TYPE_U32, "<i4": TYPE_I32, "<f4": TYPE_F32}

TABLE_DTYPE = dtype_of(BUFFER_ROW)
"""One row of the device's table."""

ARENA_ALIGN_BYTES = 256

ARGUMENT_WORDS = 4
"""Words of one record of the argument table: offset, length, stride, scalar bits."""


@dataclass(slots=True)
class Buffer:
    """One array behind a handle.

    Attributes:
        array: Contiguous little-endian data; changed in place by a launch when `writable`.
        writable: Whether operations may write it.
        output: Where to save it after the launch, if anywhere.
        source: The file that it was read from, if any.
    """

    array: NDArray[np.generic]
    writable: bool
    output: Path | None = None
    source: Path | None = None

    @property
    def type_code(self) -> int:
        """The device's code of its element type."""
        return _TYPES.get(self.array.dtype.str, TYPE_OTHER)


class BufferTable:
    """Every buffer of a launch, by handle, and the argument table.

    Attributes:
        by_handle: Handle -> buffer.
        arguments: The argument table, or None.
        found: What earlier launches had left of its outputs.
        arena: The memory that a device shares with this process and that all arrays lie in; None otherwise.

    Args:
        buffers: Handle (0..65535) -> buffer; the key "args" is the argument table, u32, shape (n, 4).

    Raises:
        UsageError: A handle out of range.
        InvalidInputError: An argument table that is no array of u32 records.
    """

    def __init__(self, buffers: Mapping[int | str, Buffer] | None = None) -> None:
        given = dict(buffers or {})
        arguments = given.pop(ARGUMENTS, None)
        self.arguments = None if arguments is None else _argument_table(arguments)
        self.arena: Arena | None = None
        self.found: list[Found] = []
        self._lent: dict[int, NDArray[np.generic]] = {}
        self.by_handle: dict[int, Buffer] = {}
        for handle, buffer in given.items():
            if not is_whole(handle) or not 0 <= handle <= MAX_HANDLE:
                raise UsageError(
                    f"{handle!r} is no buffer handle", fix=f"Use 0 to {MAX_HANDLE}, or {ARGUMENTS!r}"
                )
            self.by_handle[int(handle)] = buffer

    @classmethod
    def of(cls, given: BufferTable | Mapping[int | str, object] | None) -> BufferTable:
        """A table from plain arrays: one with the writeable flag may be written by operations.

        Raises:
            UsageError: Something else than a mapping.
        """
        if isinstance(given, BufferTable):
            return given
        if given is not None:
            check_mapping("buffers", given, fix="Give each array its handle, for example buffers={0: array}")
        table = cls({handle: _as_buffer(value) for handle, value in (given or {}).items()})
        table._lent = {h: row.array for h, row in table.by_handle.items() if row.writable}
        return table

    def without_outputs(self) -> BufferTable:
        """The same buffers, of which none is saved."""
        for buffer in self.by_handle.values():
            buffer.output = None
        return self

    def bring_back(self) -> None:
        """Copy what operations wrote into the arrays that `of` was given, where they wrote elsewhere."""
        for handle, array in self._lent.items():
            worked_on = self.by_handle[handle].array
            if worked_on is not array:
                array[...] = worked_on

    @property
    def rows(self) -> list[Buffer | None]:
        """The table row by row: every handle up to the largest, then the argument table if there is one."""
        rows: list[Buffer | None] = [
            self.by_handle.get(h) for h in range(max(self.by_handle, default=-1) + 1)
        ]
        return rows if self.arguments is None else [*rows, self.arguments]

    @property
    def handle_count(self) -> int:
        """Handles below this one have a row."""
        return max(self.by_handle, default=-1) + 1

    @property
    def argument_handle(self) -> int:
        """Row of the argument table; one past the last row when there is none."""
        return self.handle_count

    def layout(self, *, behind: NDArray[np.uint32] | None = None) -> tuple[NDArray[np.void], int]:
        """Where each row lies in one arena.

        Args:
            behind: Words of the engine's own to make room for, in a row behind the last that no handle reaches.

        Returns:
            The table, shape (rows,) or one more, of `TABLE_DTYPE`, and the arena's size in bytes.
        """
        rows = [*self.rows, *([] if behind is None else [Buffer(behind, writable=True)])]
        offsets, end = _offsets(rows) if self.arena is None else self.arena.layout(len(rows))
        table = np.zeros(len(rows), dtype=TABLE_DTYPE)
        for row, (buffer, offset) in enumerate(zip(rows, offsets, strict=True)):
            if buffer is None:
                table[row] = (0, 0, TYPE_ABSENT, 0)
            else:
                table[row] = (offset, buffer.array.nbytes, buffer.type_code, int(buffer.writable))
        return table, end

    def keep_seals(self) -> None:
        """Whoever asked for the launch is gone: the same launch once more is to go on with what this one leaves."""
        if self.arena is not None:
            self.arena.keeps_seals = True

    def finish_outputs(self) -> None:
        """Once the launch is over in every respect: let go of outputs that are mapped.

        Raises:
            FileError: The disk failed.
        """
        if self.arena is not None:
            self.arena.finish()

    def note_old(self) -> None:
        """Once it is known what the outputs go on with: find the finished files that they will take the place of."""
        known = {one.output for one in self.found}
        for handle, row in self.by_handle.items():
            output = row.output
            updated = BufferFiles("", row.source, output).is_updated
            if output is not None and output not in known and output.is_file() and not updated:
                left = next(name for name in backup_names(output) if not os.path.lexists(name))
                self.found.append(Found(output, Path(left), Fate.REPLACED, handle))

    def replaces(self, output: Path) -> bool:
        """True when an output takes the place of results that are to be kept."""
        return any(one.fate is Fate.REPLACED and one.output == output for one in self.found)

    def save_outputs(self, saving: Saving | None = None) -> list[Path]:
        """Write every buffer that has an output path, each atomically and on its own, as `.npy`; then `finish_outputs`.

        A buffer that is saved over the file it was read from goes beside it (``OUT.npy.rescued``) when the ring could
        not be saved: the same launch once more would work on it twice.

        Args:
            saving: Collects what fails; without one it is raised once all were tried.

        Returns:
            What was written.

        Raises:
            OutputsError: Some could not be written.
        """
        keeper = saving or Saving()
        for buffer in self.by_handle.values():
            if buffer.output is not None and self.arena is None:
                aside = BufferFiles("", buffer.source, buffer.output).is_updated and not keeper.ring_saved
                path = Path(f"{buffer.output}.rescued") if aside else buffer.output
                keeper.keep(path, partial(self._save, buffer=buffer))
        if self.arena is not None:
            self.arena.publish(keeper, self.replaces)
        if saving is None:
            keeper.raise_failures()
        return [Path(path) for path in keeper.saved]

    def _save(self, path: Path, buffer: Buffer) -> None:
        """Write one output; what it went on from is in it now."""
        parts = npy_parts(buffer.array)
        replace_file(path, parts, backup=self.replaces(path) and not has_content(path, parts))
        for found in self.found:
            if found.goes_on and found.output == buffer.output:
                found.left.unlink(missing_ok=True)

    def check_outputs(self, ring: Path | None = None, *, places: bool = False) -> None:
        """Hold the outputs against each other, what is read and the ring; with `places`, also look where they go.

        Raises:
            UsageError: One is another, the ring, a file beside it, or what another buffer reads.
            FileError: One cannot be written where it is to go.
        """
        files = Outputs()
        files.reads_ring(ring)
        note_buffers(files, [BufferFiles(key, one.source, one.output) for key, one in self.by_handle.items()])
        if places:
            files.check()
        files.check_clashes()

    def outputs(self) -> list[tuple[Path, int]]:
        """Where buffers are to be saved, and their bytes."""
        return [(one.output, one.array.nbytes) for one in self.by_handle.values() if one.output is not None]


def _offsets(rows: list[Buffer | None]) -> tuple[list[int], int]:
    """Where each row begins when they lie one after the other, and their length."""
    offsets, end = [], 0
    for buffer in rows:
        offsets.append(end)
        size = 0 if buffer is None else buffer.array.nbytes
        end += -(-size // ARENA_ALIGN_BYTES) * ARENA_ALIGN_BYTES
    return offsets, end


def _as_buffer(value: object) -> Buffer:
    if isinstance(value, Buffer):
        if value.writable and not value.array.flags.writeable:
            raise UsageError(
                "a buffer that operations may write is a read-only array", fix="Give a copy: array.copy()"
            )
        return value
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise UsageError(
            "a buffer is a numpy array of numbers", fix="Pass arrays, for example {0: np.arange(8)}"
        )
    if value.flags.writeable and (not value.flags.c_contiguous or value.dtype.byteorder == ">"):
        raise UsageError(
            "a buffer that operations may write must be contiguous and little-endian",
            fix="Pass np.ascontiguousarray(array), or clear its writeable flag",
        )
    return Buffer(little_endian(np.ascontiguousarray(value)), writable=bool(value.flags.writeable))


def _argument_table(buffer: Buffer) -> Buffer:
    array = buffer.array
    if array.dtype.kind not in "ui" or array.dtype.itemsize != 4 or array.size % ARGUMENT_WORDS:
        raise InvalidInputError(
            f"an argument table is uint32 of shape (n, {ARGUMENT_WORDS}), not {array.dtype} {array.shape}",
            where="buffer args",
            fix="Save records of offset, length, stride, scalar bits as uint32",
        )
    return Buffer(array.view("<u4"), writable=False)

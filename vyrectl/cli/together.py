"""Reads what lies beside a ring and looks at it together, for `check` and `open`. Imports numpy inside functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vyrectl.errors import InvalidInputError, VyrectlError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.control import decode_control
from vyrectl.protocol.debug_log import read_debug_log
from vyrectl.protocol.io_queue import decode_io_queue
from vyrectl.protocol.words import Data
from vyrectl.ring.findings.report import FindingRecord
from vyrectl.ring.kinds import FileKind
from vyrectl.ring.refusals import refuse_beside

if TYPE_CHECKING:
    from vyrectl.cli.opened import OpenedRecord
    from vyrectl.ring.findings.report import Finding
    from vyrectl.task.arrays import SlotArray

T = TypeVar("T")

_NOUNS = {
    FileKind.CONTROL: "control buffer",
    FileKind.DEBUG_LOG: "debug log",
    FileKind.IO_QUEUE: "I/O queue",
}

MOST_LOG_BYTES = 1 << 26
MOST_QUEUE_BYTES = 1 << 20


def findings_beside(
    slots: SlotArray, *, control: Path | None, debug_log: Path | None, io_queue: Path | None
) -> tuple[Finding, ...]:
    """What a ring and the files beside it say about each other.

    Raises:
        FileError: One cannot be read.
        OtherKindError: One is a file of another kind.
        WireBufferError: One is no such buffer.
    """
    from vyrectl.ring.findings.across import Beside, look_across

    return look_across(
        slots,
        Beside(
            _decoded(control, FileKind.CONTROL, decode_control, None),
            _decoded(debug_log, FileKind.DEBUG_LOG, read_debug_log, MOST_LOG_BYTES),
            _decoded(io_queue, FileKind.IO_QUEUE, decode_io_queue, MOST_QUEUE_BYTES),
            {name: str(path) for name, path in (("debug_log", debug_log), ("io_queue", io_queue)) if path},
        ),
    )


def _decoded(path: Path | None, kind: FileKind, decode: Callable[[Data], T], most: int | None) -> T | None:
    if path is None:
        return None
    data = read_whole(path, doing=f"read the {_NOUNS[kind]}", most=most)
    refuse_beside(data, str(path), kind)
    try:
        return decode(data)
    except InvalidInputError as error:
        raise error.at(str(path)) from None


def findings_of_parts(file: OpenedRecord, data: memoryview) -> list[FindingRecord]:
    """What the buffers of an all-in-one file say about each other."""
    parts: Mapping[str, memoryview] = {
        one["kind"]: data[one["offset"] : one["offset"] + one["size_bytes"]] for one in file["parts"]
    }
    return _records(parts) if "ring" in parts and len(parts) > 1 else []


def findings_of_files(files: Sequence[OpenedRecord]) -> list[FindingRecord]:
    """What the one ring of a folder and the buffers beside it say about each other."""
    from vyrectl.cli.opened import four_of

    four = four_of(files)
    if four is None:
        return []
    try:
        return _records({kind: memoryview(read_whole(one["file"])) for kind, one in four.items()})
    except VyrectlError:
        return []


def _records(parts: Mapping[str, memoryview]) -> list[FindingRecord]:
    """The findings as records; a buffer that cannot be decoded is left out, which `open` says of the buffer itself."""
    from vyrectl.ring.file import Ring
    from vyrectl.ring.findings.across import Beside, look_across

    with Ring.from_bytes(parts["ring"]) as ring:
        beside = Beside(
            _if_sound(parts.get("control"), decode_control),
            _if_sound(parts.get("debug_log"), read_debug_log),
            _if_sound(parts.get("io_queue"), decode_io_queue),
        )
        return [finding.to_record() for finding in look_across(ring.slots, beside)]


def _if_sound(data: memoryview | None, decode: Callable[[Data], T]) -> T | None:
    try:
        return None if data is None else decode(data)
    except VyrectlError:
        return None

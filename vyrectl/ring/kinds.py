"""Which file is this: a ring, another buffer of the runtime, one of vyrectl's own files, or none of them.

`identify` is the one place that decides; `open`, every command that reads a ring and every command that writes one
ask it. It goes by size and content alone, never by names, and answers with its reasons and with how sure it is. Only
what is at least LIKELY is ever refused. It looks at the first `LOOKED_AT_BYTES`; where several buffers lie in one
file, `vyrectl.ring.dumps` looks further. Standard library only.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from enum import StrEnum

from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS, SLOT_BYTES, WORD_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, span_options
from vyrectl.files import shrinking
from vyrectl.files.replace import StrPath
from vyrectl.files.whole import read_fd
from vyrectl.files.window import open_regular
from vyrectl.protocol.io_queue import unpack_records
from vyrectl.protocol.lengths import debug_log_byte_length
from vyrectl.ring.dumps import Parts, find_parts
from vyrectl.ring.findings.likeness import MAGIC, is_text
from vyrectl.ring.findings.start import Start, find_start
from vyrectl.ring.likenesses import (
    GOOD,
    STRONG,
    WEAK,
    Likeness,
    control_likeness,
    debug_likeness,
    io_likeness,
    ring_likeness,
)
from vyrectl.ring.texts import declares_operations, is_task_table, text_schema
from vyrectl.shell import PROGRAM, file_argument

LOOKED_AT_BYTES = 4096

MAPPED_FROM_BYTES = 1 << 20
"""Up to this length a file is read, which cannot be harmed by its getting shorter meanwhile."""

CONTROL_BYTES = OBSERVABLE_FIRST * WORD_BYTES
"""A control buffer without observables: 640."""

DEBUG_BYTES = debug_log_byte_length(DEFAULT_DEBUG_RECORDS) or 0
"""A debug log of the default capacity: 1 028."""


class FileKind(StrEnum):
    """What a file can be."""

    RING = "ring"
    CONTROL = "control"
    DEBUG_LOG = "debug_log"
    IO_QUEUE = "io_queue"
    REPLAY_LOG = "replay_log"
    BUFFERS = "buffers"
    SIDECAR = "sidecar"
    SNAPSHOT = "snapshot"
    RECORD = "record"
    TASKS = "tasks"
    OPERATIONS = "operations"
    ARRAY = "array"
    GZIP = "gzip"
    TEXT = "text"
    FOREIGN = "foreign"
    EMPTY = "empty"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """How sure a kind is: nothing else fits, it fits better than a ring, or more than one fit."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class _About:
    noun: str
    command: str = ""


_ABOUT: Mapping[FileKind, _About] = {
    FileKind.RING: _About("a ring", "inspect {file}"),
    FileKind.CONTROL: _About("a control buffer", "control {file}"),
    FileKind.DEBUG_LOG: _About("a debug log", "debug {file}"),
    FileKind.IO_QUEUE: _About("an I/O queue", "io {file}"),
    FileKind.REPLAY_LOG: _About("a replay log", "replay {file}"),
    FileKind.BUFFERS: _About("several buffers in one file", "open {file} --unpack {parts}"),
    FileKind.SIDECAR: _About("the sidecar of a ring that runs in place", "control {file}"),
    FileKind.SNAPSHOT: _About("a saved snapshot", "apply {file}"),
    FileKind.RECORD: _About("a record that vyrectl printed"),
    FileKind.TASKS: _About("a table of tasks", "build {made} {file}"),
    FileKind.OPERATIONS: _About("operations in OpenCL C", "ops {file}"),
    FileKind.ARRAY: _About("a numpy array"),
    FileKind.GZIP: _About("gzip-compressed data"),
    FileKind.TEXT: _About("text"),
    FileKind.FOREIGN: _About("a file of another program"),
    FileKind.EMPTY: _About("an empty file"),
    FileKind.UNKNOWN: _About("no kind that vyrectl knows"),
}

_BY_MAGIC: Mapping[bytes, FileKind] = {
    b"VRRL0001": FileKind.REPLAY_LOG,
    b"VYRELIVE": FileKind.SIDECAR,
    b"\x93NUMPY": FileKind.ARRAY,
    b"\x1f\x8b": FileKind.GZIP,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What bytes are.

    Attributes:
        kind: The kind that fits best.
        certainty: How sure that is.
        reasons: What speaks for it.
        noun: The kind in words, with its article.
        parts: Of several buffers in one file, where each lies.
        is_cut: Too short for the commands of its kind.
        start: Where a ring surely seems to start behind what is no slot; None where none does.
        reads: Options without which no command reads the ring, of what is a ring with bytes left over.
    """

    kind: FileKind
    certainty: Certainty
    reasons: tuple[str, ...]
    noun: str = ""
    parts: Parts | None = None
    is_cut: bool = False
    start: Start | None = None
    reads: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.noun:
            object.__setattr__(self, "noun", _ABOUT[self.kind].noun)

    @property
    def may_be_ring(self) -> bool:
        """True when nothing that is at least likely speaks against a ring."""
        return self.certainty is Certainty.UNSURE or self.kind in (FileKind.RING, FileKind.EMPTY)

    @property
    def is_other_buffer(self) -> bool:
        """True for what is at least likely no ring, and of a kind that vyrectl reads."""
        return not self.may_be_ring and bool(_ABOUT[self.kind].command)

    @property
    def ring_span(self) -> str | None:
        """The options that read the ring inside the file; None when none lies there, or begins with it."""
        return _typed(self.ring_options) or None

    @property
    def ring_options(self) -> dict[str, str]:
        """The same, option by option."""
        ring = self.parts.part(FileKind.RING) if self.parts else None
        if ring is None:
            return self.start.options() if self.start else {}
        return {"--offset": str(ring.offset), "--count": str(ring.size_bytes // SLOT_BYTES)}

    def command(self, name: str) -> str | None:
        """What to type next for a file of that name; None where vyrectl has no command for the kind."""
        command = "" if self.is_cut else _ABOUT[self.kind].command
        if self.start is not None:
            command = f"{_ABOUT[FileKind.RING].command} {self.ring_span}"
        elif self.reads:
            command += f" {_typed(self.reads)}"
        places = {
            "file": file_argument(name),
            "made": file_argument(f"{name}.ring"),
            "parts": file_argument(f"{name}.parts"),
        }
        return f"{PROGRAM} {command.format(**places)}" if command else None


def _typed(options: Mapping[str, str]) -> str:
    return " ".join(word for pair in options.items() for word in pair)


def identify(data: memoryview) -> Verdict:
    """What bytes are, from the first to the last of them.

    Args:
        data: All of the file; of a long one only parts are looked at.
    """
    size = len(data)
    if not size:
        return Verdict(FileKind.EMPTY, Certainty.CERTAIN, ("it has 0 bytes",))
    head = bytes(data[:LOOKED_AT_BYTES])
    return _with_start(_by_magic(head) or _as_text(head) or _as_buffer(data, head), data)


_MAY_HIDE_RING = frozenset({FileKind.TEXT, FileKind.FOREIGN, FileKind.RING, FileKind.UNKNOWN})
"""What a ring may lie behind: everything that is told by what it begins with, and by no more."""


def _with_start(verdict: Verdict, data: memoryview) -> Verdict:
    """The same verdict with the place where a ring seems to start further on."""
    hides = verdict.kind in _MAY_HIDE_RING or verdict.certainty is Certainty.UNSURE
    start = find_start(data, len(data)) if hides else None
    if start is None:
        return verdict
    if not start.is_sure:
        hint = f"{start.why}: it may be one behind a header, which is read with {_typed(start.options())}"
        reads = start.options() if verdict.reads else {}
        return replace(verdict, reasons=(*verdict.reasons, hint), reads=reads)
    if not verdict.may_be_ring:
        return replace(verdict, reasons=(*verdict.reasons, start.why), start=start)
    noun = f"a ring behind a header of {start.offset} bytes"
    return Verdict(FileKind.RING, Certainty.LIKELY, (start.why,), noun, start=start)


def _by_magic(head: bytes) -> Verdict | None:
    for magic, kind in _BY_MAGIC.items():
        if head.startswith(magic):
            return Verdict(kind, Certainty.CERTAIN, (f"it begins with {_shown(magic)}",))
    for magic, noun in MAGIC.items():
        if head.startswith(magic):
            return Verdict(FileKind.FOREIGN, Certainty.CERTAIN, (f"it begins with {_shown(magic)}",), noun)
    return None


def _shown(magic: bytes) -> str:
    return ascii(magic.decode("ascii")) if magic.isascii() and magic.isalnum() else f"bytes {magic.hex(' ')}"


def _as_text(head: bytes) -> Verdict | None:
    if not is_text(head):
        return None
    text = head.decode("utf-8", "replace")
    schema = text_schema(text)
    if schema is not None:
        kind = FileKind.SNAPSHOT if schema.startswith("vyrectl.snapshot/") else FileKind.RECORD
        return Verdict(kind, Certainty.CERTAIN, (f"it is JSON whose schema is {schema}",))
    if declares_operations(text):
        return Verdict(FileKind.OPERATIONS, Certainty.CERTAIN, ("it declares VYRE_OP or VYRE_STEP",))
    if is_task_table(text):
        reason = "it begins with the names of a slot's fields"
        return Verdict(FileKind.TASKS, Certainty.LIKELY, (reason,))
    return Verdict(FileKind.TEXT, Certainty.CERTAIN, ("it begins with printable characters alone",))


def _as_buffer(data: memoryview, head: bytes) -> Verdict:
    size = len(data)
    words = struct.unpack(f"<{len(head) // WORD_BYTES}I", head[: len(head) // WORD_BYTES * WORD_BYTES])
    ring = ring_likeness(words, size)
    control = control_likeness(words, size)
    if control.score >= GOOD:
        parts = find_parts(data, has_control=True) if size > CONTROL_BYTES else None
        return _buffers(control.score, parts) if parts else _control(control, data)
    debug = debug_likeness(words, size, usual=DEBUG_BYTES)
    if debug.score >= GOOD:
        parts = find_parts(data, has_control=False) if size > DEBUG_BYTES else None
        if parts is not None and parts.part(FileKind.RING) is None:
            return _buffers(GOOD, parts)
        return _verdict(FileKind.DEBUG_LOG, debug.score, debug.reasons)
    queue = io_likeness(unpack_records(head), size)
    if queue.score >= GOOD:
        return _verdict(FileKind.IO_QUEUE, queue.score, queue.reasons)
    if any(head):
        parts = find_parts(data, has_control=False)
        if parts is not None:
            return _buffers(GOOD, parts)
    return _rest(ring, size, {FileKind.CONTROL: control, FileKind.DEBUG_LOG: debug, FileKind.IO_QUEUE: queue})


def _verdict(kind: FileKind, score: int, reasons: tuple[str, ...]) -> Verdict:
    return Verdict(kind, Certainty.CERTAIN if score == STRONG else Certainty.LIKELY, reasons)


def _buffers(score: int, parts: Parts) -> Verdict:
    return replace(_verdict(FileKind.BUFFERS, score, parts.reasons), parts=parts)


def _control(found: Likeness, data: memoryview) -> Verdict:
    reasons, noun = list(found.reasons), ""
    size = len(data)
    if size < CONTROL_BYTES:
        noun = f"a control buffer that was cut: {size} of at least {CONTROL_BYTES} bytes"
    elif size >= CONTROL_BYTES + SLOT_BYTES and not any(data[CONTROL_BYTES:]):
        reasons.append(f"the {size - CONTROL_BYTES} zero bytes behind it may be observables or free buffers")
    kind = _verdict(FileKind.CONTROL, found.score, tuple(reasons))
    return replace(kind, noun=noun, is_cut=True) if noun else kind


def _rest(ring: Likeness, size_bytes: int, others: Mapping[FileKind, Likeness]) -> Verdict:
    """What neither is another buffer for sure nor several: a ring, or nothing that is known."""
    left = size_bytes % SLOT_BYTES
    doubts = tuple(
        f"{_ABOUT[kind].noun} is possible too" for kind, one in others.items() if one.score == WEAK
    )
    if ring.score >= WEAK and not left:
        if ring.score >= GOOD:
            return Verdict(FileKind.RING, Certainty.LIKELY, ring.reasons)
        noun = "" if ring.holds_tasks else "a ring of Empty slots, or another buffer that nobody has used"
        return Verdict(FileKind.RING, Certainty.UNSURE, (*ring.reasons, *doubts), noun)
    if ring.score >= GOOD:
        noun = f"a ring with {left} bytes left over"
        reads = span_options(0, size_bytes // SLOT_BYTES)
        return Verdict(FileKind.RING, Certainty.UNSURE, (*ring.reasons, *doubts), noun, reads=reads)
    weak = next((kind for kind, one in others.items() if one.score == WEAK), None)
    if weak is not None and left:
        return Verdict(weak, Certainty.UNSURE, others[weak].reasons)
    return Verdict(
        FileKind.UNKNOWN, Certainty.UNSURE, ("neither its size nor its words are those of a buffer",)
    )


@contextmanager
def file_bytes(path: StrPath) -> Iterator[memoryview]:
    """All of a regular file; a long one is mapped, so that only what is looked at is read.

    Raises:
        FileError: Missing, unreadable, a folder, a pipe or a device.
    """
    fd, status = open_regular(path, os.O_RDONLY)
    watched = None
    try:
        data = _contents(fd, status.st_size, os.fspath(path))
        if isinstance(data, mmap.mmap):
            watched = shrinking.watch(data, os.fspath(path), status)
        with memoryview(data) as view:
            yield view
    except (OSError, ValueError) as error:
        why = error if isinstance(error, OSError) else OSError(str(error))
        raise FileError.from_os_error(why, path, doing="look at the file") from error
    finally:
        shrinking.look(watched)
        os.close(fd)


def _contents(fd: int, size_bytes: int, name: str) -> bytes | mmap.mmap:
    if not size_bytes:  # empty, or a file that reports no size
        return read_fd(fd, name, doing="look at the file")
    if size_bytes > MAPPED_FROM_BYTES:
        return mmap.mmap(fd, size_bytes, access=mmap.ACCESS_READ)
    return os.pread(fd, size_bytes, 0)


def identify_file(path: StrPath) -> Verdict:
    """What a file is.

    Raises:
        FileError: Missing, unreadable, a folder, a pipe or a device.
    """
    with file_bytes(path) as data:
        return identify(data)


def noun_of(kind: FileKind) -> str:
    """What a kind is called, with its article."""
    return _ABOUT[kind].noun

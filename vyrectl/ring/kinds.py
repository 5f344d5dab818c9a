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
from dataclasses import dataclass, field, replace
from enum import StrEnum

from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.io_queue import IO_RECORD_BYTES, MAX_IO_RECORDS
from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS, SLOT_BYTES, WORD_BYTES
from vyrectl.abi.opcodes import SHIPPED_FIRST
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import FileError, OtherKindError, span_options
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
from vyrectl.shell import PROGRAM, command_line, file_argument

LOOKED_AT_BYTES = 4096

MAPPED_FROM_BYTES = 1 << 20
"""Up to this length a file is read, which cannot be harmed by its getting shorter meanwhile."""

CONTROL_BYTES = OBSERVABLE_FIRST * WORD_BYTES
"""A control buffer without observables: 640."""

DEBUG_BYTES = debug_log_byte_length(DEFAULT_DEBUG_RECORDS) or 0
"""A debug log of the default capacity: 1 028."""

IO_BYTES = MAX_IO_RECORDS * IO_RECORD_BYTES
"""A whole I/O queue: 2 048."""


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
    try:
        with memoryview(_contents(fd, status.st_size, os.fspath(path))) as view:
            yield view
    except (OSError, ValueError) as error:
        why = error if isinstance(error, OSError) else OSError(str(error))
        raise FileError.from_os_error(why, path, doing="look at the file") from error
    finally:
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


def other_kind_error(verdict: Verdict, name: str, *, override: str) -> OtherKindError | None:
    """The refusal of what is at least likely no ring, or None.

    Args:
        verdict: What was found.
        name: The file, for the message and the command in it.
        override: The options that take it for a ring all the same.
    """
    if verdict.may_be_ring:
        return None
    certain = verdict.certainty is Certainty.CERTAIN
    said = (
        f"this is {verdict.noun}, not a ring"
        if certain
        else f"this looks like {verdict.noun} and not like a ring"
    )
    return OtherKindError(
        f"{said}: {verdict.reasons[0]}",
        str(verdict.kind),
        str(verdict.certainty),
        where=name,
        fix=f"{override} takes it for a ring all the same; {advice(verdict, name)}",
    )


def place_error(verdict: Verdict, name: str, why: str) -> OtherKindError:
    """The refusal to write a span of a file in which slots begin elsewhere."""
    fix = f"--force writes there all the same; {advice(verdict, name)}"
    return OtherKindError(
        why,
        str(verdict.kind),
        str(verdict.certainty),
        where=name,
        fix=fix,
    )


def noun_of(kind: FileKind) -> str:
    """What a kind is called, with its article."""
    return _ABOUT[kind].noun


def is_another(verdict: Verdict, wanted: FileKind) -> bool:
    """True when a file is at least likely of another kind; published words behind a control buffer are its own."""
    if verdict.certainty is Certainty.UNSURE or verdict.kind in (wanted, FileKind.EMPTY):
        return False
    return not (verdict.kind is FileKind.BUFFERS and wanted is FileKind.CONTROL and not _has_logs(verdict))


def refuse_another(verdict: Verdict, wanted: FileKind, name: str, *, so: str) -> None:
    """Take no file of another kind for the one that was wanted: its words mean something else there.

    Args:
        verdict: What was found.
        wanted: The kind that belongs there.
        name: The file, for the message and the command in it.
        so: What follows for the user, for example ``Nothing was written``.

    Raises:
        OtherKindError: It is at least likely of another kind.
    """
    if is_another(verdict, wanted):
        raise another_kind_error(verdict, wanted, name, so=so)


def another_kind_error(verdict: Verdict, wanted: FileKind, name: str, *, so: str) -> OtherKindError:
    """The refusal of a file that is none of the kind that was wanted.

    Args:
        verdict: What was found.
        wanted: The kind that belongs there.
        name: The file, for the message and the command in it.
        so: What follows for the user, or what to give in its place.
    """
    command = verdict.command(name) or command_line("open", file=name)
    return OtherKindError(
        why_not(verdict, _ABOUT[wanted].noun),
        str(verdict.kind),
        str(verdict.certainty),
        where=name,
        fix=f"{so}; read it with: {command}",
    )


def why_not(verdict: Verdict, wanted: str = "a ring") -> str:
    """What a file is in place of what was wanted, and the first reason."""
    if verdict.certainty is Certainty.CERTAIN:
        return f"this is {verdict.noun}, not {wanted}: {verdict.reasons[0]}"
    return f"this looks like {verdict.noun} and not like {wanted}: {verdict.reasons[0]}"


def refuse_beside(data: bytes, name: str, wanted: FileKind, *, so: str | None = None) -> None:
    """Refuse what is at least likely not the buffer beside a ring that an option or a command of its own names.

    Args:
        data: All of the file.
        name: Path of the file as it was given.
        wanted: What belongs there.
        so: What follows for the user; to give the right kind, unless another is named.

    Raises:
        OtherKindError: It is something else.
    """
    verdict = identify(memoryview(data))
    if not is_another(verdict, wanted):
        return
    if verdict.kind is FileKind.RING and not looks_full_of_tasks(data[:LOOKED_AT_BYTES]):
        return
    raise another_kind_error(verdict, wanted, name, so=so or f"Give {_ABOUT[wanted].noun}")


OP, PRIORITY = FIELD_INDEX["op_handle"], FIELD_INDEX["priority"]

LEAST_TASKS = 4
"""So few slots may be any small words."""


def _has_logs(verdict: Verdict) -> bool:
    """Words that operations publish behind a control buffer may look like a few slots, but like no log beside them."""
    parts = verdict.parts
    return parts is not None and any(parts.part(kind) for kind in (FileKind.DEBUG_LOG, FileKind.IO_QUEUE))


def looks_full_of_tasks(head: bytes) -> bool:
    """A buffer of small words made by hand looks like a ring too, but of few tasks, or of odd ones."""
    rows = list(struct.iter_unpack(f"<{SLOT_BYTES // WORD_BYTES}I", _whole(head)))
    tasks = [row for row in rows if 0 < row[0] < len(TaskState)]
    large = sum(row[OP] >= SHIPPED_FIRST for row in tasks)
    used = [row for row in rows if any(row)]
    whole = len(tasks) == len(used) and all(row[PRIORITY] < len(TaskPriority) for row in tasks)
    most = 4 * len(tasks) >= 3 * len(rows) or 4 * large >= 3 * len(tasks) or whole
    return len(rows) >= LEAST_TASKS <= len(tasks) and most


def _whole(head: bytes) -> bytes:
    return head[: len(head) // SLOT_BYTES * SLOT_BYTES]


def advice(verdict: Verdict, name: str) -> str:
    """What to type for a file that is no ring: where its ring lies if it holds one, and the command that reads it."""
    command = verdict.command(name) or command_line("open", file=name)
    span = verdict.ring_span
    return (f"its ring is read with {span}; " if span else "") + f"read it with: {command}"

"""What `open` says about a file: its kind with the reasons, its content in short, and the command that shows more.

The invariant: no content makes this fail; what cannot be read further says so in its place. Imports numpy only for long
rings, through `vyrectl.ring.file`.
"""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypedDict

from vyrectl.abi import live
from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.cli.views.cells import count_of
from vyrectl.errors import VyrectlError
from vyrectl.protocol.control import decode_control
from vyrectl.protocol.debug_log import read_debug_log
from vyrectl.protocol.io_queue import unpack_records
from vyrectl.protocol.replay import HEADER_BYTES, unpack_header
from vyrectl.ring.dumps import Part, Parts
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.advice import SAVED_AS
from vyrectl.ring.findings.report import FindingRecord
from vyrectl.ring.kinds import Certainty, FileKind, Verdict, file_bytes, identify
from vyrectl.shapes import Among, Count
from vyrectl.shell import STDIN, command_line

PartName = Annotated[str, Among(("control", "ring", "debug_log", "io_queue"))]


class PartRecord(TypedDict):
    """A buffer of an all-in-one file."""

    kind: PartName
    offset: Count
    size_bytes: Count
    file: str
    summary: str | None
    command: str | None


class OpenedRecord(TypedDict):
    """A file: what it is and why, what it holds, and what to type next; or a problem in place of all that."""

    file: str
    size_bytes: Count | None
    kind: Annotated[str, Among(FileKind)] | None
    noun: str | None
    certainty: Annotated[str, Among(Certainty)] | None
    role: str | None
    reasons: list[str]
    summary: str | None
    command: str | None
    offset: Count | None
    settled: bool | None
    other_slots: list[Count]
    parts: list[PartRecord]
    problem: str | None


class OpenAnswer(TypedDict):
    """The answer of `open`."""

    path: str
    unpacked: list[str]
    findings: list[FindingRecord]
    files: list[OpenedRecord]


SUFFIX_ROLES = {
    ".lock": "the lock beside a ring",
    ".live": "the sidecar of a ring that runs in place",
    ".bak": "a backup",
    ".partial": "the output of a launch that was not finished",
}
"""What vyrectl appends to names; only the name tells these roles, the kind is told by the content."""

MOST_LOCK_BYTES = 256
MOST_COUNTED_BYTES = 1 << 28
"""Longest text whose lines are counted."""

_LOCK = re.compile(rb"pid [0-9]{1,10} \(|untouched$")
_BACKUP = re.compile(r"\.bak(\.\d+)?$")
_NPY_SHAPE = re.compile(rb"'descr': *'([<>|=]?[A-Za-z]\d*)'.*'shape': *(\([0-9, ]*\))", re.DOTALL)

PART_NAMES: Mapping[str, str] = {
    "control": "control.bin",
    "ring": "ring.bin",
    "debug_log": "debug.bin",
    "io_queue": "io.bin",
}
"""What the buffers of an all-in-one file are called once unpacked."""


def describe_bytes(name: str, data: memoryview, *, parts: Parts | None = None) -> OpenedRecord:
    """The record of one file.

    Args:
        name: Its path, or ``-``.
        data: All of it.
        parts: Where it is cut, when the caller decided that.
    """
    verdict = _with_parts(identify(data), parts)
    role = _role(name, data)
    start = verdict.start.offset if verdict.start else None
    lines = [_part_record(name, data, one) for one in verdict.parts.parts] if verdict.parts else []
    return {
        "file": name,
        "size_bytes": len(data),
        "kind": str(verdict.kind),
        "noun": verdict.noun,
        "certainty": str(verdict.certainty),
        "role": role,
        "reasons": list(verdict.reasons),
        "summary": _summary(verdict.kind, data[start:] if verdict.kind is FileKind.RING else data),
        "command": verdict.command(_saved(name)),
        "offset": start,
        "settled": verdict.parts.certain if verdict.parts else None,
        "other_slots": list(verdict.parts.others) if verdict.parts else [],
        "parts": lines,
        "problem": None,
    }


def _saved(name: str) -> str:
    """The file that a command is to name: what came by a pipe is to be saved first."""
    return SAVED_AS if name == STDIN else name


def _with_parts(verdict: Verdict, parts: Parts | None) -> Verdict:
    return verdict if parts is None else replace(verdict, parts=parts, reasons=parts.reasons)


def describe_file(path: Path) -> OpenedRecord:
    """The record of one file; one that cannot be read has a problem in place of a kind."""
    try:
        with file_bytes(path) as data:
            return describe_bytes(str(path), data)
    except VyrectlError as error:
        return {
            "file": str(path),
            "size_bytes": None,
            "kind": None,
            "noun": None,
            "certainty": None,
            "role": None,
            "reasons": [],
            "summary": None,
            "command": None,
            "offset": None,
            "settled": None,
            "other_slots": [],
            "parts": [],
            "problem": error.what,
        }


def files_in(folder: Path, most: int) -> Iterator[Path]:
    """The regular files of a folder by name, at most so many; symlinks to files among them."""
    found = 0
    for path in sorted(folder.iterdir()):
        with suppress(OSError):
            if stat.S_ISREG(path.stat().st_mode):
                found += 1
                if found > most:
                    return
                yield path


def _role(name: str, data: memoryview) -> str | None:
    suffix = ".bak" if _BACKUP.search(name) else Path(name).suffix
    if suffix == ".lock" and not (len(data) <= MOST_LOCK_BYTES and (not data or _LOCK.match(bytes(data)))):
        return None
    return SUFFIX_ROLES.get(suffix)


def _part_record(name: str, data: memoryview, part: Part) -> PartRecord:
    kind = FileKind(part.kind)
    span = f"--offset {part.offset} --count {part.size_bytes // SLOT_BYTES}"
    return {
        "kind": part.kind,
        "offset": part.offset,
        "size_bytes": part.size_bytes,
        "file": PART_NAMES[part.kind],
        "summary": _summary(kind, data[part.offset : part.end]),
        "command": f"{command_line('inspect', file=_saved(name))} {span}" if kind is FileKind.RING else None,
    }


def _summary(kind: FileKind, data: memoryview) -> str | None:
    """The content in a few words; None where there is nothing to add to the kind."""
    tell = _TELLERS.get(kind)
    if tell is None:
        return None
    try:
        return tell(data)
    except (VyrectlError, ValueError) as error:
        return f"cannot be read further: {error.what if isinstance(error, VyrectlError) else error}"


def _ring(data: memoryview) -> str:
    slots = len(data) // SLOT_BYTES
    with Ring.from_bytes(data[: slots * SLOT_BYTES]) as ring:
        tally = ring.tally()
    counts = [f"{count} {state.label}" for state, count in zip(TaskState, tally.counts, strict=True) if count]
    if tally.unknown:
        counts.append(f"{tally.unknown} in unknown states")
    return count_of(slots, "slot") + (f": {', '.join(counts)}" if counts else "")


def _control(data: memoryview) -> str:
    view = decode_control(data)
    admitted = sum(mask != 0 for mask in view.tenant_masks)
    said = [f"epoch {view.epoch}", f"{view.done_count} drained", f"{count_of(admitted, 'tenant')} let in"]
    if view.priority_offsets[-1]:
        said.append(f"for {view.priority_offsets[-1]} slots")
    said.append(f"{len(data) // 4 - OBSERVABLE_FIRST} observable words")
    return ", ".join(said) + (", SHUTDOWN is set" if view.shutdown else "")


def _debug(data: memoryview) -> str:
    log = read_debug_log(data)
    return f"{len(log.records)} of {log.capacity} records" + (
        f", {log.dropped} dropped" if log.dropped else ""
    )


def _queue(data: memoryview) -> str:
    records = unpack_records(data)
    used = Counter(one.status_name or str(one.status) for one in records if not one.is_unused)
    counts = ", ".join(f"{count} {name}" for name, count in used.items())
    return f"{sum(used.values())} of {len(records)} records in use" + (f": {counts}" if counts else "")


def _replay(data: memoryview) -> str:
    header = unpack_header(bytes(data[:HEADER_BYTES]))
    return f"room for {header.capacity} records, the next goes to place {header.cursor}"


def _sidecar(data: memoryview) -> str:
    words = data[: live.HEADER_WORDS * 4].cast("I")
    return f"written by process {words[live.WORD['PID']]} for {words[live.WORD['SLOTS']]} slots"


def _array(data: memoryview) -> str | None:
    found = _NPY_SHAPE.search(bytes(data[:1024]))
    return f"{found[1].decode('ascii')} of shape {found[2].decode('ascii')}" if found else None


def _text(data: memoryview) -> str | None:
    if len(data) > MOST_COUNTED_BYTES:
        return None
    lines = sum(bytes(data[at : at + (1 << 20)]).count(b"\n") for at in range(0, len(data), 1 << 20))
    return count_of(lines, "line")


_TELLERS: dict[FileKind, Callable[[memoryview], str | None]] = {
    FileKind.RING: _ring,
    FileKind.CONTROL: _control,
    FileKind.DEBUG_LOG: _debug,
    FileKind.IO_QUEUE: _queue,
    FileKind.REPLAY_LOG: _replay,
    FileKind.SIDECAR: _sidecar,
    FileKind.ARRAY: _array,
    FileKind.TASKS: _text,
    FileKind.TEXT: _text,
}


def four_of(records: Sequence[OpenedRecord]) -> dict[str, OpenedRecord] | None:
    """The one ring and the buffers beside it, by kind, as far as they are at least likely; None when a folder does not
    hold exactly one ring, or two of another."""
    found: dict[str, OpenedRecord] = {}
    for record in records:
        kind = record["kind"]
        unsure = record["certainty"] == Certainty.UNSURE or record["offset"] is not None
        if kind is None or kind not in PART_NAMES or record["role"] or unsure:
            continue
        if kind in found:
            return None
        found[kind] = record
    return found if "ring" in found and len(found) > 1 else None

"""Looks at a ring, wherever it lies: a file, an all-in-one dump, a folder of buffers, several of them over time.

Imports numpy, through rings. The invariant: nothing is written and no lock file is made.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from shlex import quote

from vyrectl.abi import live as abi
from vyrectl.abi.control import DONE_COUNT
from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, InvalidInputError, VyrectlError
from vyrectl.files.beside import SIDE_FILE
from vyrectl.files.ring_lock import holder_of
from vyrectl.files.whole import read_whole
from vyrectl.protocol.debug_log import DebugLog, read_debug_log
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.advice import named_file
from vyrectl.ring.kinds import Certainty, FileKind, Verdict, file_bytes, identify
from vyrectl.ring.refusals import other_kind_error
from vyrectl.ring.steady import copy_ring
from vyrectl.shell import STDIN, file_argument
from vyrectl.sidecar.launched import ops_of_copy, pid_of, workers_left, workers_noted, workers_of
from vyrectl.sidecar.note import Note, nearby, notes_about
from vyrectl.sidecar.sidecar import Sidecar, sidecar_path
from vyrectl.sidecar.workers import Worker, busy
from vyrectl.why.left import left_by_name
from vyrectl.why.scene import Earlier, Holder, Keeper

MOST_FILES = 4096
"""Files of a folder that are looked at."""

MOST_PART_BYTES = 1 << 26
"""Longest control buffer or debug log that is read."""

MOST_LOOKS = 4
"""Looks at a ring whose holders change meanwhile."""

_WANTED = (FileKind.RING, FileKind.CONTROL, FileKind.DEBUG_LOG, FileKind.BUFFERS)

Control = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a ring lies in its file; `given` when the user said so."""

    offset: int = 0
    count: int | None = None
    given: bool = False


WHOLE = Span()
NOT_TOLD = Holder()


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at one ring.

    Attributes:
        name: What was named.
        ring: A copy of its slots.
        file: Its file as commands are to name it, ``-`` for standard input.
        span: Where it lies in that file.
        control: The words of the control buffer beside it, or None.
        control_file: That buffer's file, where it has one of its own.
        debug: The debug log beside it, or None.
        holder: Who runs it.
        moment: When it was so, seconds since the epoch, or None.
        workers: What the workers of its launch have in hand, or had when it died.
        died: What those of a launch had that died over the file, where other launches read that now.
        quotas: Tenant -> most claims of it in the launch that lives (`--tenant-quota`), and claims left.
        ops: Operations that the launch that lives was given (`--ops`).
    """

    name: str
    ring: Ring
    file: str
    span: Span = WHOLE
    control: Control | None = None
    control_file: str | None = None
    debug: DebugLog | None = None
    holder: Holder = NOT_TOLD
    moment: float | None = None
    workers: Sequence[Worker] = ()
    died: Sequence[Worker] = ()
    quotas: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    ops: frozenset[int] = frozenset()

    @property
    def in_hand(self) -> frozenset[int]:
        """Operations of tasks that a launch that lives has in hand: it was given them."""
        if not self.holder.lives:
            return frozenset()
        return frozenset(one.op_handle for one in self.workers if one.op_handle is not None)

    def as_earlier(self, later: Look) -> Earlier:
        """This look as what a later one is compared with; no time where the clocks do not tell."""
        passed = None
        if self.moment is not None and later.moment is not None and later.moment > self.moment:
            passed = later.moment - self.moment
        drained = self.control[DONE_COUNT.first] if self.control else None
        return Earlier(self.ring.slots, passed, drained, self.control)

    def printed(self) -> Mapping[int, str]:
        """Slot -> its last debug record in words."""
        records = self.debug.records if self.debug else ()
        return {one.slot: f"id {one.format_id}, {one.arguments[0]}, {one.arguments[1]}" for one in records}

    def places(self) -> dict[str, str]:
        """What stands in the braces of mends."""
        file = named_file(self.file)
        span = f" --offset {self.span.offset}" if self.span.offset else ""
        span += f" --count {self.span.count}" if self.span.count is not None else ""
        places = {
            "ring": file + span,
            "file": file,
            "span": span.strip(),
            "made": quote(f"{Path(self.file).name}.ring"),
            "offset": str(self.span.offset),
            "parts": quote(f"{Path(self.file).name}.parts"),
            "asked": named_file(self.name),
            "to": f" {self.holder.output}" if self.holder.output else "",
        }
        beside = (
            ""
            if self.control_file is None or self.holder.in_place
            else f" --control {file_argument(self.control_file)}"
        )
        control = {} if self.control_file is None else {"control": file_argument(self.control_file)}
        return {**places, **control, "with_control": beside}


def look_at_bytes(data: bytes, span: Span) -> Look:
    """A look at what came by standard input."""
    with memoryview(data) as view:
        return _of_buffers(STDIN, STDIN, view, identify(view), span)


def look_at_file(path: Path, span: Span) -> Look:
    """A look at a ring's file, at an all-in-one dump, or at the ring whose launch will write a file of that name.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is no ring, or another kind of file.
    """
    look = _look(path, span)
    for _ in range(MOST_LOOKS):
        if not look.holder.on_copy or look.holder.reads or holder_at(path).name == look.holder.name:
            break
        look = _look(path, span)  # who held it went on the way, and what it had beside the ring with it
    return look


def _look(path: Path, span: Span) -> Look:
    name = str(path)
    holder = NOT_TOLD if span.offset else holder_at(path)
    notes = [] if span.offset or holder.lives else notes_about(path)
    if notes and not notes[0].reads(path):
        of_one = [one for one in notes if one.mark == notes[0].mark]
        ring = Path(nearby(notes[0].ring))
        if notes[0].reads(ring):
            return replace(_look_at_read(ring, span, of_one), name=name)
    elif notes:
        return _look_at_read(path, span, notes)
    if not path.exists() and (left := left_by_name(path)):
        raise FileError("there is no such file", where=name, fix=f"A killed launch left {left[0]}")
    with file_bytes(path) as data:
        verdict = identify(data)
        if not span.given and verdict.kind is FileKind.BUFFERS and verdict.ring_options:
            return _of_buffers(name, name, data, verdict, span)
    if not span.given:
        _refuse(verdict, name)
    look = _ring_look(path, span, holder)
    if not span.offset and (holder.lives or os.path.lexists(sidecar_path(path))):
        look = replace(look, workers=_workers(path))
    return _with_sidecar(look, path) if holder.lives else look


def _look_at_read(path: Path, span: Span, notes: Sequence[Note]) -> Look:
    """A look at a ring that launches read, whose results go elsewhere: nobody holds it."""
    if not span.given:
        with file_bytes(path) as data:
            _refuse(identify(data), str(path))
    workers = workers_noted(notes)
    longest = next((one.launch for one in busy(workers)), None)
    note = next((one for one in notes if one.pid == longest), notes[0])
    holder = Holder(
        Keeper.SOMEBODY,
        " and ".join(map(str, notes)),
        reads=True,
        shows_nobody=not workers,
        pids=tuple(one.pid for one in notes),
        output=note.option if note.output is not None else f"--output {quote(f'{path.stem}-ran.bin')}",
    )
    died = _workers_left(path) if os.path.lexists(sidecar_path(path)) else ()
    look = replace(_ring_look(path, span, holder), workers=workers, died=died)
    with suppress(OSError):
        return replace(look, ops=ops_of_copy(path, "", notes))
    return look


def _workers_left(path: Path) -> Sequence[Worker]:
    try:
        return workers_left(path).workers
    except VyrectlError:
        return ()


def _workers(path: Path) -> Sequence[Worker]:
    """What workers have in hand, where a launch says so."""
    try:
        return workers_of(path).workers
    except VyrectlError:
        return ()


def _ring_look(path: Path, span: Span, holder: Holder) -> Look:
    name = str(path)
    moment = time.time() if holder.lives else _changed(path)
    if holder.lives:
        ring = copy_ring(path, offset=span.offset, count=span.count).ring
    else:
        ring = Ring.open(path, offset=span.offset, count=span.count)
    return Look(name, ring, name, span, holder=holder, moment=moment)


def _refuse(verdict: Verdict, name: str) -> None:
    error = other_kind_error(verdict, name, override="--offset 0")
    if error is not None:
        raise error


def holder_at(path: Path) -> Holder:
    """Who holds a ring's file."""
    try:
        name = holder_of(path)
    except FileError:
        return NOT_TOLD
    if name is None:
        return Holder(Keeper.NOBODY)
    pid = pid_of(name)
    return Holder(Keeper.SOMEBODY, name, pids=() if pid is None else (pid,))


def _changed(path: Path) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def _with_sidecar(look: Look, path: Path) -> Look:
    """The same look with what RING.live says, where a launch in place keeps one."""
    try:
        with Sidecar.open(path, writable=False) as sidecar:
            if not sidecar.launch_lives():
                return _with_board(look, path)
            first, end = sidecar.layout.control, sidecar.layout.control + sidecar.layout.control_words
            words = tuple(sidecar.words[first:end])
            quotas, ops = sidecar.quotas(), sidecar.given_ops()
            gated, follows = sidecar.is_gated, bool(sidecar.words[abi.WORD["FOLLOW"]])
    except VyrectlError:
        return _with_board(look, path)
    holder = replace(look.holder, in_place=True, feeds=follows)
    file = os.path.relpath(sidecar_path(path)) if not path.is_absolute() else sidecar_path(path)
    found = _replaced(look, words if gated else _ungated(words), file, holder)
    return replace(found, quotas=quotas, ops=ops)


def _with_board(look: Look, path: Path) -> Look:
    """The same look with what the board of a launch on a copy says."""
    holder = replace(look.holder, shows_nobody=not look.workers)
    look = replace(look, holder=holder)
    with suppress(OSError):
        return replace(look, ops=ops_of_copy(path, look.holder.name))
    return look


def _ungated(words: Control) -> Control:
    """A launch's control buffer that no mask holds up: all of them are open."""
    opened = list(words)
    opened[3:32] = [1] * 29
    opened[32:64] = [0] * 32
    return tuple(opened)


def _replaced(look: Look, control: Control, file: str | None, holder: Holder) -> Look:
    return replace(look, control=control, control_file=file, holder=holder)


def _of_buffers(name: str, file: str, data: memoryview, verdict: Verdict, span: Span) -> Look:
    """A look at bytes: several buffers, or a ring alone."""
    parts = None if span.given or verdict.parts is None else verdict.parts
    ring_part = None if parts is None else parts.part(FileKind.RING)
    if parts is None or ring_part is None:
        if not span.given:
            _refuse(verdict, name)
        return Look(
            name, Ring.from_bytes(bytes(data), name, offset=span.offset, count=span.count), file, span
        )
    found = {one.kind: bytes(data[one.offset : one.end]) for one in parts.parts}
    where = Span(ring_part.offset, ring_part.size_bytes // SLOT_BYTES)
    return Look(
        name,
        Ring.from_bytes(found[FileKind.RING], name),
        file,
        where,
        _words(found.get(FileKind.CONTROL)),
        None,
        _log(found.get(FileKind.DEBUG_LOG)),
        moment=_changed(Path(file)) if file != STDIN else None,
    )


def _words(data: bytes | None) -> Control | None:
    if data is None:
        return None
    return struct.unpack(f"<{len(data) // WORD_BYTES}I", data[: len(data) // WORD_BYTES * WORD_BYTES])


def _log(data: bytes | None) -> DebugLog | None:
    return None if data is None else read_debug_log(data)


def looks_in(folder: Path) -> list[Look]:
    """The looks that a folder holds, in the order of their names: one ring with the buffers beside it, several rings,
    or a folder for each.

    Raises:
        FileError: It cannot be listed.
        InvalidInputError: There is no ring in it.
    """
    verdicts = dict(_verdicts(folder))
    rings = [
        look_at_file(
            path, WHOLE if one.start is None else Span(one.start.offset, one.start.count, given=True)
        )
        for path, one in verdicts.items()
        if one.kind in (FileKind.RING, FileKind.BUFFERS)
    ]
    if rings:
        return [_with_beside(rings[0], verdicts)] if len(rings) == 1 else rings
    below = [path for path in _entries(folder) if path.is_dir()]
    found = [look for path in below for look in looks_in(path)]
    if not found:
        raise InvalidInputError(
            "there is no ring in this folder",
            where=str(folder),
            fix=f"See what lies there: vyrectl open {file_argument(str(folder))}",
        )
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:MOST_FILES]
    except OSError as error:
        raise FileError.from_os_error(error, folder, doing="list the folder") from error


def _verdicts(folder: Path) -> Iterator[tuple[Path, Verdict]]:
    """The files of a folder that count, and what each is."""
    for path in _entries(folder):
        if not path.is_file() or SIDE_FILE.search(path.name):
            continue
        with file_bytes(path) as data:
            verdict = identify(data)
        sure = verdict.certainty is not Certainty.UNSURE
        if verdict.kind is FileKind.RING or (sure and verdict.kind in _WANTED):
            yield path, verdict


def _with_beside(look: Look, verdicts: Mapping[Path, Verdict]) -> Look:
    """A folder's one ring with the buffers beside it."""
    controls, logs = (
        [path for path, one in verdicts.items() if one.kind is wanted]
        for wanted in (FileKind.CONTROL, FileKind.DEBUG_LOG)
    )
    if look.control is None and len(controls) == 1:
        words = _words(read_whole(controls[0], doing="read the control buffer", most=MOST_PART_BYTES))
        look = replace(look, control=words, control_file=str(controls[0]))
    if look.debug is None and len(logs) == 1:
        look = replace(
            look, debug=_log(read_whole(logs[0], doing="read the debug log", most=MOST_PART_BYTES))
        )
    return look


def with_control(look: Look, path: Path, words: Sequence[int]) -> Look:
    """A look with the control buffer that the user named; that of a launch in place goes before it."""
    if look.holder.in_place:
        return look
    return _replaced(look, tuple(int(word) for word in words), str(path), look.holder)

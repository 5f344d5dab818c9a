"""Checks the invariants of a ring, and of any other bytes: what is broken, misleading or worth knowing.

`check_file` and `check_bytes` open everything that can be read, whole rings or not. What can be found stands
in `vyrectl.ring.findings`; here it is looked for, in one pass over chunks that stay in the cache. May import
numpy. The invariant: nothing is ever written, no lock file is created.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import field, replace

import numpy as np

from vyrectl.abi.control import STARVATION_LIMIT
from vyrectl.abi.limits import MAX_SLOTS, SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, RingFormatError
from vyrectl.files.replace import Part, StrPath
from vyrectl.files.ring_lock import holder_of
from vyrectl.files.temporary import abandoned_files
from vyrectl.files.window import open_regular
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.advice import split_advice
from vyrectl.ring.findings.advising import Adviser, Extent
from vyrectl.ring.findings.kinds import KINDS, find_kind
from vyrectl.ring.findings.likeness import HEAD_BYTES, why_no_ring
from vyrectl.ring.findings.links import Links
from vyrectl.ring.findings.masks import MASKS, Chunk
from vyrectl.ring.findings.report import CheckReport, Finding
from vyrectl.ring.findings.spots import Classes, Spot, Telemetry
from vyrectl.ring.findings.start import find_start
from vyrectl.ring.kinds import Verdict, file_bytes, identify
from vyrectl.ring.reading import Abi
from vyrectl.ring.reading_arrays import decide
from vyrectl.ring.refusals import advice, why_not
from vyrectl.shell import STDIN

CHUNK_SLOTS = 1 << 14
"""Slots that are looked at together."""

WAITING_PARENTS = "Some wait for children: see which, and what lets them go on: vyrectl why {ring}"
"""Instead of resuming them: a launch does that when their children have ended, and not before."""

_SHOWN_WORDS = 4
_SHOWN_READINGS = 3

Progress = Callable[[int], None]
"""Told how many slots have been looked at."""


def check_file(
    path: StrPath,
    *,
    offset: int = 0,
    count: int | None = None,
    about: About | None = None,
    abi: Abi = Abi.AUTO,
    ignore: Collection[str] = (),
    has_looked: bool = False,
    progress: Progress | None = None,
) -> CheckReport:
    """Check a file of any kind.

    Args:
        path: A file of 64-byte slots; it is only read.
        offset: Bytes before the first slot.
        count: Slots to look at; by default all whole ones up to the end.
        about: What is known beside the ring; without it, what needs it is not searched for.
        abi: How words 4-15 are to be read.
        ignore: Names of findings to leave out.
        has_looked: Somebody chose the offset, so that a first slot that is none is a damaged one and no header.
        progress: Told how far the check is.

    Raises:
        FileError: Missing, unreadable, a folder, a pipe or a device.
        RingFormatError: The window lies outside the file.
        UnknownNameError: `ignore` names no finding.
    """
    size_bytes, head = _beginning(path, offset)
    extent = _extent(size_bytes, offset, count, os.fspath(path))
    with Ring.open(path, offset=offset, count=extent.slots) as ring:
        with file_bytes(path) as data:
            verdict = identify(_window(data, offset, count))
        place = None if offset or count is not None else _Place(path, holder_of(path))
        subject = _Subject(ring, head, extent, verdict, has_looked, place)
        return _Search(subject, about, abi, progress).report(ignore)


def check_bytes(
    data: Part,
    name: str = "-",
    *,
    offset: int = 0,
    count: int | None = None,
    about: About | None = None,
    abi: Abi = Abi.AUTO,
    ignore: Collection[str] = (),
    has_looked: bool = False,
    progress: Progress | None = None,
) -> CheckReport:
    """Check bytes that were read elsewhere; whether somebody runs the ring cannot be told.

    Args:
        data: A file's bytes, of any kind and length.
        name: What messages call them.
        offset, count, about, abi, ignore, has_looked, progress: As for `check_file`.

    Raises:
        RingFormatError: The window lies outside the bytes.
        UnknownNameError: `ignore` names no finding.
    """
    extent = _extent(len(data), offset, count, name)
    ring = Ring.from_bytes(data, name, offset=offset, count=extent.slots)
    head = bytes(memoryview(data)[offset : offset + HEAD_BYTES])
    verdict = identify(_window(memoryview(data).cast("B"), offset, count))
    subject = _Subject(ring, head, extent, verdict, has_looked)
    return _Search(subject, about, abi, progress).report(ignore)


def _window(data: memoryview, offset: int, count: int | None) -> memoryview:
    return data[offset : None if count is None else offset + count * SLOT_BYTES]


@dataclass(frozen=True, slots=True)
class _Place:
    """A ring's file and who holds it, None for nobody."""

    path: StrPath
    holder: str | None


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is checked.

    Attributes:
        ring: Its slots.
        head: Its first bytes, at most `HEAD_BYTES`.
        extent: Where they lie.
        verdict: What the bytes are, slots or not.
        has_looked: Somebody chose the offset.
        place: Its file, where that is all there is in it.
    """

    ring: Ring
    head: bytes
    extent: Extent
    verdict: Verdict
    has_looked: bool
    place: _Place | None = None


def _beginning(path: StrPath, offset: int) -> tuple[int, bytes]:
    """A file's length, and what it begins with after the offset."""
    fd, status = open_regular(path, os.O_RDONLY)
    try:
        return status.st_size, os.pread(fd, HEAD_BYTES, min(offset, status.st_size))
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="read the ring") from error
    finally:
        os.close(fd)


def _extent(size_bytes: int, offset: int, count: int | None, where: str) -> Extent:
    if offset > size_bytes:
        raise RingFormatError(
            f"the offset {offset} is past the end: there are {size_bytes} bytes",
            where=where,
            fix="Give a smaller --offset",
        )
    whole, left_over = divmod(size_bytes - offset, SLOT_BYTES)
    if count is not None:
        return Extent(offset, size_bytes - offset, count, 0)
    too_many = whole if whole > MAX_SLOTS else 0
    return Extent(offset, size_bytes - offset, min(whole, MAX_SLOTS), left_over, too_many)


@dataclass(slots=True)
class _Seen:
    """What a pass over the slots counts."""

    running: Spot = field(default_factory=Spot)
    arguments: Spot = field(default_factory=Spot)
    classes: Classes = field(default_factory=Classes)
    dead: Telemetry = field(default_factory=Telemetry)
    queued: Telemetry = field(default_factory=Telemetry)


class _Search:
    """One check: a pass over the slots, then what they say together."""

    def __init__(self, subject: _Subject, about: About | None, abi: Abi, progress: Progress | None) -> None:
        self._subject = subject
        self._ring, self._extent, self._place = subject.ring, subject.extent, subject.place
        self._abi = abi
        self._start = find_start(subject.ring.data, subject.extent.size_bytes)
        self._adviser = Adviser(subject.ring, subject.extent, about or About(), self._elsewhere())
        self._tell = progress or (lambda done: None)
        self._spots = {name: Spot() for name in MASKS if self._about.knows(name)}
        self._seen = _Seen()
        self._links = Links(self._chunks)

    @property
    def _about(self) -> About:
        return self._adviser.about

    def report(self, ignore: Collection[str]) -> CheckReport:
        """Look, and leave out what is to be ignored."""
        unwanted = {find_kind(name).name for name in ignore}
        found = sorted(self._findings(), key=lambda one: list(KINDS).index(one.kind.name))
        return CheckReport(
            ring=self._ring.name,
            size_bytes=self._extent.size_bytes,
            slots=len(self._ring),
            left_over_bytes=self._extent.left_over,
            findings=tuple(one for one in found if one.kind.name not in unwanted),
            ignored=tuple(one.kind.name for one in found if one.kind.name in unwanted),
            readings=self._about.readings,
            starts_at=self._adviser.elsewhere,
        )

    def _elsewhere(self) -> int | None:
        """The byte where the ring starts that is meant, where these slots are not its own."""
        start, extent = self._start, self._extent
        if start is None or (self._subject.has_looked and not start.is_sure and not extent.left_over):
            return None
        return extent.offset + start.offset

    def _findings(self) -> Iterator[Finding]:
        verdict = self._subject.verdict
        if verdict.is_other_buffer:
            yield self._adviser.finding("not-a-ring", why_not(verdict), remedy=self._advice(verdict))
            return
        foreign = why_no_ring(self._subject.head, self._ring.data)
        yield from self._file_findings()
        if foreign is not None:
            yield self._adviser.finding("not-a-ring", foreign, remedy=self._offset_remedy())
            self._pass(only=("unknown-state",))
        else:
            about = replace(self._about, readings=decide(self._ring.slots, self._abi))
            self._adviser = replace(self._adviser, about=about)
            self._pass()
            yield from self._running_finding()
            yield from self._reading_finding()
            yield from self._stale_finding()
            yield from self._partition_finding()
            yield from self._starvation_finding()
            yield from self._link_findings()
        for name, spot in self._spots.items():
            if spot.count:
                yield self._slot_finding(name, spot)

    # --- the file ---

    def _file_findings(self) -> Iterator[Finding]:
        extent = self._extent
        if extent.left_over:
            text = f"{extent.left_over} bytes are left over after {_slots(extent.slots)}"
            yield self._adviser.finding("left-over-bytes", text, remedy=self._offset_remedy())
        if extent.too_many:
            text = f"there are {extent.too_many} slots and only {MAX_SLOTS} have word indices"
            yield self._adviser.finding("too-many-slots", text)
        if not extent.size_bytes:
            yield self._adviser.finding("empty-ring", KINDS["empty-ring"].title)
        for abandoned in abandoned_files(self._place.path) if self._place else ():
            yield self._adviser.finding("abandoned-file", f"a killed writer left {abandoned}")

    def _advice(self, verdict: Verdict) -> str:
        text = advice(verdict, self._ring.name)
        words, command = split_advice(text[:1].upper() + text[1:])
        return words if command is None or self._ring.name == STDIN else f"{words}: {command}"

    def _offset_remedy(self) -> str | None:
        start = self._start
        if start is None:
            return None
        offset = self._extent.offset
        seems = "A ring seems to start" if start.is_sure else "A ring may start"
        span = " ".join(map(" ".join, start.options(offset).items()))
        place = f"{seems} further on, at byte {offset + start.offset}"
        if not (start.is_sure or self._subject.has_looked or offset or self._extent.left_over):
            place += ", unless slot 0 is a damaged one (--offset 0 says so)"
        return f"{place}: vyrectl check {{file}} {span}"

    # --- the slots ---

    def _chunks(self) -> Iterator[Chunk]:
        slots = self._ring.slots
        for first in range(0, len(slots), CHUNK_SLOTS):
            yield Chunk(slots[first : first + CHUNK_SLOTS], first, self._about)

    def _pass(self, only: Collection[str] | None = None) -> None:
        wanted = {name: MASKS[name] for name in self._spots if only is None or name in only}
        for chunk in self._chunks():
            for name, mask in wanted.items():
                self._spots[name].add(mask(chunk), chunk.first)
            if only is None:
                self._seen.arguments.add(chunk.holds_arguments, chunk.first)
                self._seen.classes.add(chunk)
                self._seen.running.add(chunk.is_in(TaskState.RUNNING), chunk.first)
                self._seen.dead.add(chunk, chunk.dead)
                self._seen.queued.add(chunk, chunk.open & chunk.plain)
                self._links.add(chunk)
            self._tell(chunk.first)

    def _slot_finding(self, name: str, spot: Spot) -> Finding:
        message, remedy = f"{_slots(spot.count)}: {KINDS[name].title}", None
        if name == "unknown-state":
            remedy = self._offset_remedy() if spot.slots[0] == 0 else None
            words = self._ring.slots["state"][spot.slots]
            shown = list(dict.fromkeys(int(word) for word in words))[:_SHOWN_WORDS]
            message += f" ({', '.join(map(str, shown))})"
        if name == "waits-for-ever" and self._links.has_waiting_parents():
            remedy = WAITING_PARENTS
        if name == "tenant-without-mask":
            message += f" (it would run {self._runs_there()} of them)"
        if name.startswith("counter-"):
            message += f" ({', '.join(self._adviser.counters(spot.slots, name))})"
        return self._adviser.finding(name, message, spot, remedy)

    def _runs_there(self) -> int:
        """How many open tasks the runtime lets in by a word that is no mask."""
        beyond = np.array(sorted(self._about.beyond), np.uint32)
        return sum(int((chunk.open & np.isin(chunk["tenant_id"], beyond)).sum()) for chunk in self._chunks())

    def _running_finding(self) -> Iterator[Finding]:
        if not self._seen.running.count:
            return
        counted = _slots(self._seen.running.count)
        if self._place is None:
            name, text = "running-unseen", KINDS["running-unseen"].title
        elif self._place.holder is None:
            name, text = "running-without-runner", KINDS["running-without-runner"].title
        else:
            name, text = "running-held", f"Running, and the ring is held by {self._place.holder}"
        yield self._adviser.finding(name, f"{counted}: {text}", self._seen.running)

    def _reading_finding(self) -> Iterator[Finding]:
        decided = self._about.readings.decided
        if not decided:
            return
        shown = "; ".join(f"0x{one.op_handle:x}: {one.why}" for one in decided[:_SHOWN_READINGS])
        more = f"; and {len(decided) - _SHOWN_READINGS} more" if len(decided) > _SHOWN_READINGS else ""
        ops = f"{len(decided)} operation{'s' * (len(decided) != 1)}"
        text = f"{_slots(self._seen.arguments.count)} of {ops} hold arguments in words 7-15. {shown}{more}"
        yield self._adviser.finding("arguments-in-task-words", text, self._seen.arguments)

    def _stale_finding(self) -> Iterator[Finding]:
        dead, queued = self._seen.dead, self._seen.queued
        if dead.requeues <= queued.requeues and dead.age <= queued.age:
            return
        text = (
            f"{_slots(dead.slots.count)} not queued: {dead.requeues} of {dead.requeues + queued.requeues} "
            f"requeues, and an age of {dead.age} beside {queued.age} in the queue"
        )
        yield self._adviser.finding("stale-telemetry", text, dead.slots)

    def _partition_finding(self) -> Iterator[Finding]:
        offsets = self._about.offsets
        if offsets is None or (self._about.bounds and (offsets[0], offsets[-1]) == (0, len(self._ring))):
            return
        text = f"priority offsets {', '.join(map(str, offsets))} for {_slots(len(self._ring))}"
        yield self._adviser.finding("broken-partitions", text)

    def _starvation_finding(self) -> Iterator[Finding]:
        if self._about.starvation < STARVATION_LIMIT or self._seen.classes.below:
            return
        waiting = self._seen.classes.above
        text = (
            f"word 135 is {self._about.starvation}, nothing below High is claimable, and {_slots(waiting.count)} at "
            f"Critical or High: {KINDS['starvation-guard'].title}"
        )
        yield self._adviser.finding("starvation-guard", text, waiting)

    def _link_findings(self) -> Iterator[Finding]:
        links = self._links
        spot, repeated = links.repeated()
        if spot.count:
            shown = ", ".join(map(str, repeated[:_SHOWN_WORDS].tolist()))
            more = ", ..." if len(repeated) > _SHOWN_WORDS else ""
            ids = f"{len(repeated)} task_id{'s' * (len(repeated) > 1)}: {shown}{more}"
            yield self._adviser.finding("duplicate-task-id", f"{_slots(spot.count)} share {ids}", spot)
        for name, found in (
            ("orphaned-parent", links.orphaned()),
            ("parent-done-first", links.parent_done()),
        ):
            if found.count:
                yield self._adviser.finding(name, f"{_slots(found.count)}: {KINDS[name].title}", found)


def _slots(count: int) -> str:
    return f"{count} slot{'s' * (count != 1)}"

"""The live sidecar `RING.live`: the file in which a launch in place meets editors, feeders and readers.

Standard library only; the layout is `vyrectl.abi.live`. A launch creates the file under the ring's lock, under another
name first, so that nobody opens half of one; it removes it at its end, and a dead launch leaves it to `recover`. The
invariants: an existing sidecar is never truncated or reused (others may have it mapped), and between the launch's
CLOSING and its last write no editor holds a slot.

Words are read through `words` (a memoryview of u32) or, where order matters, `load`; they are changed through the
atomic methods only.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vyrectl.abi import control as control_abi
from vyrectl.abi import live as abi
from vyrectl.abi.limits import U32_MAX, WORD_BYTES
from vyrectl.errors import FileError, SidecarError, UsageError
from vyrectl.files import locks
from vyrectl.files.replace import FileIdentity, StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, is_held
from vyrectl.sidecar.atomics import Atomics, atomics, futex_wait, futex_wake
from vyrectl.sidecar.mapping import building_path, create_mapping, layout_of, somebody_elses
from vyrectl.sidecar.process import Process

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLOSE_SECONDS = 5.0
"""How long a closing launch waits for editors that hold a slot; one that is dead is not waited for."""

_PATIENCE = {
    abi.STATE_OPENING: (10.0, "the launch is still getting ready"),
    abi.STATE_CLOSING: (0.3, "the launch lets nobody change its ring: it verifies, or is about to end"),
}
"""How long an editor waits before a launch that lives and lets nobody in, and what it says then."""

_NAP = 0.01
_NEVER_WAITED = 0.0005
_TURN_NAP = 0.00005


@dataclass(frozen=True, slots=True)
class RedoRecord:
    """What a worker had decided about a slot and may not have finished writing.

    Attributes:
        worker: Which record.
        slot: Number of the slot that a worker was at.
        words: Slot word index -> value, as they are to be.
    """

    worker: int
    slot: int
    words: dict[int, int]


def sidecar_path(ring: StrPath) -> str:
    """Where the sidecar of a ring lies: beside the file that the path leads to."""
    return os.path.realpath(ring) + LIVE_SUFFIX


class Sidecar:
    """A mapped sidecar. Made by `create` (the launch) or `open` (everybody else); close it, or use it with `with`.

    Attributes:
        path: Path of `RING.live`.
        layout: Where its parts lie.
        words: All of it as u32, a view of the mapping.
    """

    def __init__(self, path: str, mapping: mmap.mmap, layout: abi.LiveLayout) -> None:
        self.path = path
        self.layout = layout
        self.mapping = mapping
        self.words: memoryview = memoryview(mapping).cast("I")
        self._atomics: Atomics | None = None
        self._base = 0
        self._fd = -1

    # --- opening and ending -----------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        ring: StrPath,
        identity: FileIdentity,
        slots: int,
        *,
        workers: int,
        control_words: int,
        once: Sequence[int] = (),
        gated: bool = False,
        watch: int = 0,
        stride: int = 0,
        quotas: Mapping[int, int] | None = None,
        ops: Sequence[int] = (),
    ) -> Sidecar:
        """Make the sidecar of a launch, which holds the ring's lock; its state is OPENING until `open_doors`.

        A sidecar that an earlier launch left is replaced: settle it first (`vyrectl.sidecar.crash`).

        Args:
            ring: The ring's path.
            identity: Which file the launch works on.
            slots: Its slots.
            workers: Redo records, 1 to `MOST_WORKERS`.
            control_words: Length of the control buffer, at least 160.
            once: Op handles that may not run twice; `recover` faults their orphans.
            gated: The launch heeds the masks and quotas of its control buffer.
            watch: Watch records (`vyrectl.abi.watch`), 0 for none.
            stride: Words of each.
            quotas: Tenant -> most claims of it.
            ops: Handles of operations that the launch was given beside the shipped ones.

        Raises:
            FileError: It cannot be written, or the disk is full.
        """
        bounds = sorted((quotas or {}).items())[: abi.MOST_QUOTAS]
        given = list(ops)[: abi.MOST_OPS]
        layout = abi.LiveLayout.of(
            slots, workers, control_words, len(once), watch, stride, len(bounds), len(given)
        )
        path = sidecar_path(ring)
        try:
            mapping = create_mapping(path, layout.bytes, ring)
        except OSError as error:
            raise FileError.from_os_error(error, path, doing="make the live sidecar") from error
        sidecar = cls(path, mapping, layout)
        sidecar._introduce(identity)
        for place, op_handle in enumerate(once):
            sidecar.words[layout.once_first + place] = op_handle
        for place, op_handle in enumerate(given):
            sidecar.words[layout.ops_first + place] = op_handle
        sidecar.words[abi.WORD["GATED"]] = int(gated)
        for place, (tenant, most) in enumerate(bounds):
            at = layout.quota_first + place * abi.QUOTA_WORDS
            sidecar.words[at], sidecar.words[at + 1], sidecar.words[at + 2] = tenant, most, most
        os.rename(building_path(path), path)
        return sidecar

    @classmethod
    def private(
        cls, slots: int, *, workers: int, control_words: int, watch: int = 0, stride: int = 0
    ) -> Sidecar:
        """The same words without a file, for a ring in the memory of this process; its path is empty."""
        layout = abi.LiveLayout.of(slots, workers, control_words, 0, watch, stride)
        sidecar = cls("", mmap.mmap(-1, layout.bytes), layout)
        sidecar._introduce(FileIdentity(0, 0, 0, 0))
        return sidecar

    @classmethod
    def open(cls, ring: StrPath, *, writable: bool = True) -> Sidecar:
        """Map the sidecar that lies beside a ring, whether its launch still lives or not.

        Raises:
            SidecarError: There is none, or it is of another version or malformed.
            FileError: It may not be opened.
        """
        path = sidecar_path(ring)
        flags = (os.O_RDWR if writable else os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(path, flags)
        except FileNotFoundError:
            raise SidecarError("no launch in place is running this ring", where=path) from None
        except OSError as error:
            raise FileError.from_os_error(error, path, doing="open the live sidecar") from error
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size < abi.HEADER_WORDS * WORD_BYTES:
                raise somebody_elses(path, "it is too short")
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            mapping = mmap.mmap(fd, status.st_size, access=access)
        finally:
            os.close(fd)
        words = memoryview(mapping).cast("I")
        return cls(path, mapping, layout_of(words, path))

    def close(self) -> None:
        """Let go of the mapping, unless somebody still has a view of it; the file stays."""
        self._atomics = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.words.release()
        with suppress(BufferError):
            self.mapping.close()

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def open_doors(self) -> None:
        """The launch's: everything is ready, editors may come."""
        self.words[abi.WORD["STATE"]] = abi.STATE_OPEN

    def shut_doors(self, seconds: float = CLOSE_SECONDS) -> list[int]:
        """The launch's: let no editor begin another slot, and wait for those that hold one.

        Returns:
            Editor records that did not come to rest: their processes are dead or stopped.
        """
        self._set_state(abi.STATE_CLOSING)
        deadline = time.monotonic() + seconds
        while busy := self.busy_editors():
            alive = [row for row in busy if self.editor_lives(row)]
            if not alive or time.monotonic() >= deadline:
                return busy
            time.sleep(_NEVER_WAITED)
        return []

    def remove(self) -> None:
        """The launch's, or `recover`'s: CLOSED, and the file goes away."""
        self._set_state(abi.STATE_CLOSED)
        with suppress(FileNotFoundError):
            if self.path:
                os.unlink(self.path)

    def _set_state(self, state: int) -> None:
        """Change the state; where libatomic is missing no editor can have come."""
        self.words[abi.WORD["STATE"]] = state
        with suppress(Exception):
            self.store(abi.WORD["STATE"], state)

    def _introduce(self, identity: FileIdentity) -> None:
        me = Process.current()
        values = {
            "MAGIC": abi.MAGIC[0],
            "MAGIC_END": abi.MAGIC[1],
            "VERSION": abi.VERSION,
            "SLOTS": self.layout.slots,
            "PID": me.pid,
            "PID_START_LOW": me.start & U32_MAX,
            "PID_START_HIGH": me.start >> 32 & U32_MAX,
            "RING_DEVICE_LOW": identity.device & U32_MAX,
            "RING_DEVICE_HIGH": identity.device >> 32 & U32_MAX,
            "RING_INODE_LOW": identity.inode & U32_MAX,
            "RING_INODE_HIGH": identity.inode >> 32 & U32_MAX,
            "WORKERS": self.layout.workers,
            "INBOX_CAPACITY": self.layout.capacity,
            "EDITORS": abi.EDITORS,
            "CONTROL_FIRST": self.layout.control,
            "CONTROL_WORDS": self.layout.control_words,
            "ONCE_FIRST": self.layout.once_first,
            "ONCE_WORDS": self.layout.once,
            "WATCH_FIRST": self.layout.watch_first,
            "WATCH_RECORDS": self.layout.watch,
            "WATCH_STRIDE": self.layout.stride,
            "QUOTA_FIRST": self.layout.quota_first,
            "QUOTA_RECORDS": self.layout.quotas,
            "OPS_FIRST": self.layout.ops_first,
            "OPS_WORDS": self.layout.ops,
        }
        for name, value in values.items():
            self.words[abi.WORD[name]] = value

    # --- whose it is ------------------------------------------------------------------------------------

    @property
    def state(self) -> int:
        """OPENING, OPEN, CLOSING or CLOSED."""
        return int(self.words[abi.WORD["STATE"]])

    @property
    def process(self) -> Process:
        """The process that drives the device."""
        low, high = self.words[abi.WORD["PID_START_LOW"]], self.words[abi.WORD["PID_START_HIGH"]]
        return Process(self.words[abi.WORD["PID"]], high << 32 | low)

    def is_live(self) -> bool:
        """True while its launch lives and lets editors in."""
        return self.state == abi.STATE_OPEN and self.launch_lives()

    def await_open(self) -> None:
        """Wait until a launch that gets ready, or has shut its doors for a look, lets editors in.

        Raises:
            SidecarError: It lets nobody in, or none lives.
        """
        since: dict[int, float] = {}
        while not self.is_live():
            state, now = self.state, time.monotonic()
            if state not in _PATIENCE or not self.launch_lives():
                raise SidecarError("no launch in place is running this ring", where=self.path)
            seconds, why = _PATIENCE[state]
            if now - since.setdefault(state, now) >= seconds:
                raise SidecarError(why, where=self.path, fix="Run the command again, or wait for its end")
            time.sleep(_NAP)

    def launch_lives(self) -> bool:
        """True while the launch lives: its process is one of ours, or somebody holds the ring.

        The pid of a launch in another container says nothing here; its lock does. Whoever takes the lock after its
        death shuts the doors before anything else.
        """
        return self.process.is_alive() or (bool(self.path) and is_held(self.path.removesuffix(LIVE_SUFFIX)))

    def belongs_to(self, status: os.stat_result) -> bool:
        """True when this is the sidecar of that very file."""
        words, word = self.words, abi.WORD
        device = words[word["RING_DEVICE_HIGH"]] << 32 | words[word["RING_DEVICE_LOW"]]
        inode = words[word["RING_INODE_HIGH"]] << 32 | words[word["RING_INODE_LOW"]]
        return (device, inode) == (status.st_dev, status.st_ino)

    def once_ops(self) -> frozenset[int]:
        """Op handles of this launch that may not run twice."""
        first = self.layout.once_first
        return frozenset(self.words[first : first + self.layout.once].tolist())

    def given_ops(self) -> frozenset[int]:
        """Handles of operations that this launch was given beside the shipped ones."""
        first = self.layout.ops_first
        return frozenset(self.words[first : first + self.layout.ops].tolist())

    def quotas(self) -> dict[int, tuple[int, int]]:
        """Tenant -> most claims of it in this launch, and how many were left at the last round."""
        first, layout = self.layout.quota_first, self.layout
        words = self.words[first : first + layout.quotas * abi.QUOTA_WORDS].tolist()
        return dict(zip(words[::3], zip(words[1::3], words[2::3], strict=True), strict=True))

    def tell_quotas(self, left: Mapping[int, int]) -> None:
        """The launch's: what bounded tenants have left."""
        for place in range(self.layout.quotas):
            at = self.layout.quota_first + place * abi.QUOTA_WORDS
            self.words[at + 2] = left.get(self.words[at], self.words[at + 2])

    # --- words ------------------------------------------------------------------------------------------

    @property
    def address(self) -> int:
        """Where the mapping begins, for atomics and for a device; only for a writable sidecar."""
        self._need_atomics()
        return self._base

    def load(self, word: int) -> int:
        """A word, in order with every other atomic."""
        return self._need_atomics().load(self._base + word * WORD_BYTES)

    def store(self, word: int, value: int) -> None:
        """Write a word, in order with every other atomic."""
        self._need_atomics().store(self._base + word * WORD_BYTES, value)

    def add(self, word: int, value: int = 1) -> int:
        """Add to a word modulo 2^32; returns what was there."""
        return self._need_atomics().add(self._base + word * WORD_BYTES, value)

    def cas(self, word: int, expected: int, desired: int) -> bool:
        """Replace a word if it is the expected one."""
        return self._need_atomics().cas(self._base + word * WORD_BYTES, expected, desired)

    def array(self) -> NDArray[np.uint32]:
        """All words as a numpy view of the mapping."""
        import numpy as np

        return np.frombuffer(self.mapping, "<u4")

    def kernel_words(self) -> NDArray[np.uint32]:
        """The part that the kernel gets as its `live` buffer, page-aligned, shape (layout.control,)."""
        return self.array()[: self.layout.control]

    def control_words(self) -> NDArray[np.uint32]:
        """The control buffer of spec 3.1, page-aligned, shape (layout.control_words,)."""
        return self.array()[self.layout.control : self.layout.control + self.layout.control_words]

    def _need_atomics(self) -> Atomics:
        if self._atomics is None:
            import ctypes

            self._atomics = atomics()
            self._base = ctypes.addressof(ctypes.c_char.from_buffer(self.mapping))
        return self._atomics

    # --- control ----------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """EPOCH of the control buffer."""
        return self.control(control_abi.EPOCH.first)

    def control(self, word: int) -> int:
        """One word of the control buffer.

        Raises:
            UsageError: There is no such word.
        """
        return int(self.words[self.control_index(word)])

    @property
    def is_gated(self) -> bool:
        """Whether the launch heeds the masks and quotas of its control buffer."""
        return bool(self.words[abi.WORD["GATED"]])

    def set_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer and ring the bell."""
        self.store(self.control_index(word), value)
        self.ring_bell()

    def advance_epoch(self, by: int = 1) -> int:
        """Add to EPOCH and ring the bell; returns the new epoch."""
        before = self.add(self.control_index(control_abi.EPOCH.first), by)
        self.ring_bell()
        return (before + by) & U32_MAX

    def control_index(self, word: int) -> int:
        """Place of a control word in the file."""
        if not 0 <= word < self.layout.control_words:
            raise UsageError(f"the control buffer has no word {word}", where=self.path)
        return self.layout.control + word

    # --- bell -------------------------------------------------------------------------------------------

    @property
    def bell(self) -> int:
        """How often the bell rang, modulo 2^32; sample it before looking at the ring, then `wait_bell`."""
        return self.load(abi.WORD["BELL"])

    def ring_bell(self) -> None:
        """Tell the launch that something changed, and wake it when it sleeps."""
        word = abi.WORD["BELL"]
        self.add(word)
        if self.load(abi.WORD["SLEEPERS"]):
            futex_wake(self._base + word * WORD_BYTES)

    def wait_bell(self, seen: int, seconds: float | None = None) -> bool:
        """Sleep until the bell is no longer `seen`; False when the time was over first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        word, sleepers = abi.WORD["BELL"], abi.WORD["SLEEPERS"]
        self.add(sleepers)
        try:
            while self.load(word) == seen:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                futex_wait(self._base + word * WORD_BYTES, seen, left)
            return True
        finally:
            self.add(sleepers, U32_MAX)

    # --- inbox ------------------------------------------------------------------------------------------

    def push(self, slot: int) -> bool:
        """Offer a slot to the workers; False when the inbox is full (the next round's index finds the slot).

        Many may push at once. A place is filled by one compare-and-swap, and whoever meets a filled one moves the tail
        on, so that a producer that dies leaves no hole.
        """
        tail_word, capacity, words = abi.WORD["INBOX_TAIL"], self.layout.capacity, self.words
        cas, base = self._need_atomics().cas, self._base
        tail_address, shift = base + tail_word * WORD_BYTES, capacity.bit_length() - 1
        while True:
            tail = words[tail_word]
            place = self.layout.inbox + (tail & (capacity - 1))
            lap, held = tail >> shift & abi.LAP_MASK, words[place]
            if held == lap << abi.LAP_SHIFT:
                if cas(base + place * WORD_BYTES, held, held | slot + 1):
                    cas(tail_address, tail, tail + 1 & U32_MAX)
                    return True
            elif (held >> abi.LAP_SHIFT) - lap & abi.LAP_MASK <= abi.LAP_MASK // 2:
                cas(tail_address, tail, tail + 1 & U32_MAX)
            elif tail == self.load(tail_word):
                return False

    def push_many(self, slots: Sequence[int], *, ring: bool = True) -> int:
        """Offer slots in order and, by default, ring the bell once; returns how many found a place."""
        pushed = 0
        for slot in slots:
            if not self.push(slot):
                break
            pushed += 1
        if ring:
            self.ring_bell()
        return pushed

    def take(self) -> int | None:
        """Take the first slot of the inbox as a worker does; None when it is empty."""
        head_word, capacity = abi.WORD["INBOX_HEAD"], self.layout.capacity
        shift = capacity.bit_length() - 1
        while True:
            head = self.load(head_word)
            place = self.layout.inbox + (head & (capacity - 1))
            lap, held = head >> shift & abi.LAP_MASK, self.load(place)
            if held >> abi.LAP_SHIFT == lap:
                if not held & abi.SLOT_MASK:
                    return None
                if self.cas(place, held, (lap + 1 & abi.LAP_MASK) << abi.LAP_SHIFT):
                    self.cas(head_word, head, head + 1 & U32_MAX)
                    return (held & abi.SLOT_MASK) - 1
            elif (held >> abi.LAP_SHIFT) - lap & abi.LAP_MASK <= abi.LAP_MASK // 2:
                self.cas(head_word, head, head + 1 & U32_MAX)
            elif head == self.load(head_word):
                return None

    @contextmanager
    def publishing(self, seconds: float = CLOSE_SECONDS) -> Iterator[None]:
        """The turn to put tasks into Empty or Done slots, which no worker touches.

        Whoever has it may write such slots without claiming them, state last; so every editor takes it. The system
        gives it back when its holder dies.

        Raises:
            SidecarError: Somebody keeps it for longer than `seconds`, or the launch has ended.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SidecarError("the launch has ended", where=self.path, fix="Run the command again") from None
        try:
            self._take_turn(fd, time.monotonic() + seconds)
            yield
        finally:
            os.close(fd)

    def _take_turn(self, fd: int, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise SidecarError(
                        "another process has been publishing for too long",
                        where=self.path,
                        fix="Continue or end it; it may be stopped",
                    ) from None
                time.sleep(_TURN_NAP)

    def count_accepted(self, slots: int) -> None:
        """Count slots that become claimable; before they are published."""
        self.add(abi.WORD["ACCEPTED"], slots)

    # --- records ----------------------------------------------------------------------------------------

    def redo_records(self) -> list[RedoRecord]:
        """The workers' valid records."""
        layout, words = self.layout, self.words
        first, end, step = layout.redo, layout.editors, abi.REDO_WORDS
        marks = words[first:end].tolist()[::step] if end > first else []
        found = []
        for worker, mark in enumerate(marks):
            if 0 < mark <= layout.slots:
                base = first + worker * step + 1
                values = words[base : base + len(abi.REDO_INDEX)].tolist()
                found.append(RedoRecord(worker, mark - 1, dict(zip(abi.REDO_INDEX, values, strict=True))))
        return found

    def forget_redo(self, slots: set[int]) -> None:
        """Drop the workers' records of slots that the caller has claimed: what they say is published already.

        Needed after a claim and before the first write to the slot: a worker that has published a slot and not yet
        cleared its record would otherwise have `recover` write its old words over newer ones.
        """
        for record in self.redo_records():
            if record.slot in slots:
                self.cas(self.layout.redo + record.worker * abi.REDO_WORDS, record.slot + 1, 0)

    def editor_base(self, row: int) -> int:
        """First word of an editor record."""
        return self.layout.editors + row * abi.EDITOR_WORDS

    def editor_process(self, row: int) -> Process:
        """Who owns an editor record; pid 0 for nobody."""
        base = self.editor_base(row)
        low, high = self.words[base + abi.EDITOR_START_LOW], self.words[base + abi.EDITOR_START_HIGH]
        return Process(self.words[base + abi.EDITOR_PID], high << 32 | low)

    def editor_lives(self, row: int) -> bool:
        """True while the owner of an editor record lives: by its pid, or elsewhere by the byte that it has locked."""
        space = self.words[self.editor_base(row) + abi.EDITOR_NAMESPACE]
        if space in (0, locks.pid_namespace() & U32_MAX):
            return self.editor_process(row).is_alive()
        fd = self._lock_fd()
        return fd >= 0 and locks.is_byte_taken(fd, row)

    def lock_editor(self, row: int) -> None:
        """An editor's, once the record is its own: keep its byte locked until this sidecar is closed."""
        fd = self._lock_fd()
        if fd >= 0:
            locks.take_byte(fd, row)

    def _lock_fd(self) -> int:
        """The file once more, for locks; -1 for one in memory, or one that has gone."""
        if self._fd < 0 and self.path:
            with suppress(OSError):
                self._fd = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        return self._fd

    def busy_editors(self) -> list[int]:
        """Editor records that are not at rest."""
        rows = range(abi.EDITORS)
        return [row for row in rows if self.words[self.editor_base(row) + abi.EDITOR_PHASE]]

"""Layout of the live sidecar `RING.live`: what a launch in place, its workers and other processes share.

Standard library only; numbers, no operations. Every word is a little-endian u32 and is named by its index in the file.
Words that several sides change while a kernel runs lie alone in a cache line.

    header   lines 0-1 written once by the launch; then one line a hot word
    inbox    `capacity` places for slot numbers, a power of two
    redo     one line a worker
    editors  one seat of `EDITOR_WORDS` for each process that edits
    once     op handles of this launch that may not run twice
    watch    a seat for each worker that is watched (`vyrectl.abi.watch`), from the next line on
    quotas   a row of `QUOTA_WORDS` for each tenant that `--tenant-quota` bounds, for readers alone
    ops      handles of the operations that the launch was given beside the shipped ones, for readers alone
    control  the kernel's control buffer (spec 3.1), from the next page on

The kernel gets two buffers over the mapped file: everything before `control`, and `control`.
"""

from __future__ import annotations

from vyrectl.abi.limits import MAX_SLOTS, SLOT_WORDS, WORD_BYTES
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.dataclass import dataclass

LINE_WORDS = 16
"""Words of a cache line."""

PAGE_WORDS = 1024
"""Words of a page; the control buffer begins at a multiple of it."""

MAGIC = (0x4552_5956, 0x4556_494C)
"""Words 0 and 1: the bytes `VYRELIVE`."""

VERSION = 3

VERSIONS = (1, 2, 3)
"""What is read; version 1 knew no workers' seats, version 2 no operations."""


@dataclass(frozen=True, slots=True)
class LiveWord:
    """One word of the header.

    Attributes:
        name: How both languages call it.
        index: Number of the word in the file, from 0.
        meaning: One line for the header file; who writes it when.
    """

    name: str
    index: int
    meaning: str


_ONCE = (
    ("MAGIC", "bytes VYRE"),
    ("MAGIC_END", "bytes LIVE"),
    ("VERSION", "version of this layout"),
    ("SLOTS", "slots of the ring"),
    ("PID", "process that drives the device"),
    ("PID_START_LOW", "when that process began, in clock ticks since boot: low half"),
    ("PID_START_HIGH", "and high half; tells a process from a later one with its number"),
    ("RING_DEVICE_LOW", "st_dev of the ring: low half"),
    ("RING_DEVICE_HIGH", "and high half"),
    ("RING_INODE_LOW", "st_ino of the ring: low half"),
    ("RING_INODE_HIGH", "and high half"),
    ("WORKERS", "redo records"),
    ("INBOX_CAPACITY", "places of the inbox, a power of two"),
    ("EDITORS", "editors' seats"),
    ("CONTROL_FIRST", "first word of the control buffer"),
    ("CONTROL_WORDS", "its words"),
    ("ONCE_FIRST", "first of the op handles that may not run twice"),
    ("ONCE_WORDS", "how many they are"),
    ("GATED", "non-zero: tenant masks and quotas of the control buffer decide who runs"),
    ("WATCH_FIRST", "first word of the workers' seats"),
    ("WATCH_SEATS", "how many they are, 0 when nobody is watched"),
    ("WATCH_STRIDE", "words of each"),
    ("QUOTA_FIRST", "first of the rows of tenants that the launch bounds"),
    ("QUOTA_ROWS", "how many they are"),
    ("OPS_FIRST", "first of the handles of operations that the launch was given"),
    ("OPS_WORDS", "how many they are"),
)

_HOT = (
    ("STATE", "OPEN while slots may be edited, CLOSING, CLOSED; written by the launch"),
    ("FOLLOW", "non-zero: the launch stays when drained; written by the launch"),
    ("LEAVE", "one of the wishes below; written by the launch"),
    ("BELL", "one more for each change an editor made; the launch sleeps on it"),
    ("SLEEPERS", "processes that sleep on BELL and must be woken"),
    ("ACCEPTED", "slots that editors made claimable; counted before they are published"),
    ("INBOX_HEAD", "place that is taken next, modulo 2^32"),
    ("INBOX_TAIL", "place that is filled next, modulo 2^32"),
    ("NOTED_MS", "when the host last looked at the workers' seats, milliseconds modulo 2^32"),
    (
        "HUNG_MS",
        "the shortest turn in hand when the launch last said that it stands still; 0: it gets on; the host's",
    ),
)

HEADER: tuple[LiveWord, ...] = (
    *(LiveWord(name, index, meaning) for index, (name, meaning) in enumerate(_ONCE)),
    *(LiveWord(name, (2 + line) * LINE_WORDS, meaning) for line, (name, meaning) in enumerate(_HOT)),
)

WORD: dict[str, int] = {word.name: word.index for word in HEADER}
"""Index of each header word by its name."""

HEADER_WORDS = 16 * LINE_WORDS
"""Where the inbox begins."""

STAY, LEAVE_IDLE, LEAVE_NOW = 0, 1, 2
"""What LEAVE asks of workers: stay, end the kernel when there is no work, end it with the work in hand."""

STATE_OPENING, STATE_OPEN, STATE_CLOSING, STATE_CLOSED = 0, 1, 2, 3

LAP_SHIFT = 28
"""A place of the inbox holds slot + 1 below this bit, 0 for nothing, and the lap of the queue modulo 16 above it."""

SLOT_MASK = (1 << LAP_SHIFT) - 1
LAP_MASK = 15

LEAST_INBOX, MOST_INBOX = 64, 1 << 20

REDO_WORDS = LINE_WORDS
"""A redo record: slot + 1 (0 for none), then the words below as they are to be."""

REDO_FIELDS = (
    "state",
    "priority",
    "continuation_pc",
    "continuation_data",
    "resume_epoch",
    "age_ticks",
    "requeue_count",
    "yield_count",
    "flags",
)
"""Slot words that the end of a turn may change, in the order of a redo record."""

MOST_WORKERS = 1 << 16
MOST_ONCE = 1 << 16

QUOTA_WORDS = 3
"""A row of a bounded tenant: tenant, most claims of it in this launch, claims left at the last round."""

MOST_QUOTAS = 1 << 16
MOST_OPS = 1 << 16

EDITORS = 32
"""Processes that may edit at once."""

EDITOR_BATCH = 64
"""Slots that an editor holds at once."""

EDITOR_PID, EDITOR_START_LOW, EDITOR_START_HIGH = 0, 1, 2
"""Words of an editor's seat: who owns it, 0 for nobody."""

EDITOR_NAMESPACE = 3
"""The name space in which that is its pid, 0 when it is not known; another one's pids say nothing."""

EDITOR_PHASE, EDITOR_COUNT = 16, 17
"""What it is at: a phase below, and with how many slots."""

EDITOR_SLOTS, EDITOR_BEFORE = 32, 32 + EDITOR_BATCH
"""For each slot: slot + 1 (0: not this one after all), and the state word that the claim replaces."""

EDITOR_AFTER = EDITOR_BEFORE + EDITOR_BATCH
"""For each slot 16 words: the slot as it is to be."""

EDITOR_WORDS = EDITOR_AFTER + EDITOR_BATCH * SLOT_WORDS

PHASE_REST, PHASE_CLAIMING, PHASE_WRITING, PHASE_PUBLISHING = 0, 1, 2, 3
"""At rest; claiming: the slots may be anybody's; writing: they are this editor's; publishing: their words are whole."""

PHASES_HOLDING = (PHASE_WRITING, PHASE_PUBLISHING, PHASE_CLAIMING)
"""Those in which an editor may hold slots, the surest first."""


@dataclass(frozen=True, slots=True)
class LiveLayout:
    """Where the parts of one sidecar lie, all in words.

    Attributes:
        slots: Slots of the ring.
        workers: Redo records.
        control_words: Words of the control buffer.
        capacity: Places of the inbox.
        once: Op handles that may not run twice.
        watch: Workers' seats.
        stride: Words of each.
        quotas: Tenants that the launch bounds.
        ops: Handles of operations that it was given.
    """

    slots: int
    workers: int
    control_words: int
    capacity: int
    once: int = 0
    watch: int = 0
    stride: int = 0
    quotas: int = 0
    ops: int = 0

    @classmethod
    def of(
        cls,
        slots: int,
        workers: int,
        control_words: int,
        once: int = 0,
        watch: int = 0,
        stride: int = 0,
        quotas: int = 0,
        ops: int = 0,
    ) -> LiveLayout:
        """The layout for a ring: the inbox has a place for every slot as far as `MOST_INBOX` goes."""
        wanted = 1 << max(0, slots - 1).bit_length()
        capacity = min(max(wanted, LEAST_INBOX), MOST_INBOX)
        return cls(slots, workers, control_words, capacity, once, watch, stride, quotas, ops)

    @property
    def inbox(self) -> int:
        """First place of the inbox."""
        return HEADER_WORDS

    @property
    def redo(self) -> int:
        """First redo record."""
        return self.inbox + self.capacity

    @property
    def editors(self) -> int:
        """First editor's seat."""
        return self.redo + self.workers * REDO_WORDS

    @property
    def once_first(self) -> int:
        """First op handle that may not run twice."""
        return self.editors + EDITORS * EDITOR_WORDS

    @property
    def watch_first(self) -> int:
        """First worker's seat, at the beginning of a line."""
        return -(-(self.once_first + self.once) // LINE_WORDS) * LINE_WORDS

    @property
    def quota_first(self) -> int:
        """First row of a bounded tenant."""
        return self.watch_first + self.watch * self.stride

    @property
    def ops_first(self) -> int:
        """First handle of an operation that the launch was given."""
        return self.quota_first + self.quotas * QUOTA_WORDS

    @property
    def control(self) -> int:
        """First word of the control buffer, at the beginning of a page."""
        end = self.ops_first + self.ops
        return -(-end // PAGE_WORDS) * PAGE_WORDS

    @property
    def words(self) -> int:
        """Length of the file, whole pages."""
        end = self.control + self.control_words
        return -(-end // PAGE_WORDS) * PAGE_WORDS

    @property
    def bytes(self) -> int:
        """Length of the file in bytes."""
        return self.words * WORD_BYTES


REDO_INDEX: tuple[int, ...] = tuple(FIELD_INDEX[name] for name in REDO_FIELDS)
"""Slot word of each word of a redo record after its first."""

assert MAX_SLOTS <= SLOT_MASK
assert len(REDO_FIELDS) < REDO_WORDS
assert EDITOR_WORDS % LINE_WORDS == 0
assert len(_ONCE) <= 2 * LINE_WORDS
assert max(WORD.values()) < HEADER_WORDS

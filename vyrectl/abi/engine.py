"""The engine's own layout: what its kernels and the host share beside the wire. It may change with every version.

Standard library only; numbers, no operations. `kernels/include/vyre_engine.h` is generated from here, and the probe of
every device answers for all of it before the first launch (`vyrectl.opencl.program`). Words that many workers change
lie a line of 32 words apart.
"""

from __future__ import annotations

from vyrectl.abi import control
from vyrectl.abi.layout import Member, RecordLayout, Word, Words
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.abi.states import TaskPriority, TaskState

CLASSES = len(TaskPriority)
"""Priority classes: a task's class is its priority, lifted by its age."""

APART_WORDS = 32
"""Words from one hot word to the next: each has its cache line, and its neighbour's, to itself."""


def _line(number: int) -> int:
    return number * APART_WORDS


FLOW_HIGH = Word("HIGH", _line(0), "next ticket of classes 0-1")
FLOW_LOW = Word("LOW", _line(1), "next ticket of classes 2-4")
FLOW_BUDGET = Word("BUDGET", _line(2), "claims left, when they are counted")
FLOW_TIRED = Word("TIRED", _line(2) + 1, "workers that left after idle_polls looks in vain")
FLOW_BLOCKS = Word("BLOCKS", _line(3), "spill blocks handed out")
FLOW_HEADS = Word("HEADS", _line(4), "per class: next block to take", APART_WORDS)
FLOW_TAILS = Word("TAILS", _line(4 + CLASSES), "per class: next place to publish at", APART_WORDS)
FLOW_BUSY = Word("BUSY", _line(4 + 2 * CLASSES), "workers with work, or blocks not yet published")

FLOW = Words(
    "FLOW",
    "Flow: the round in motion, by atomics of all workers; cleared by the index, quotas (quota.h) follow it",
    (FLOW_HIGH, FLOW_LOW, FLOW_BUDGET, FLOW_TIRED, FLOW_BLOCKS, FLOW_HEADS, FLOW_TAILS, FLOW_BUSY),
    _line(5 + 2 * CLASSES),
)

TALLY_LOST = Word("LOST", 0, "claims that met a slot somebody else had changed")
TALLY_PRIORITIES = Word("PRIORITIES", 1, "claims of each priority, then of unknown ones")
TALLY_TENANTS = Word("TENANTS", TALLY_PRIORITIES.index + CLASSES + 1, "claims, by tenant % 32")
TALLY_OPS = Word(
    "OPS",
    TALLY_TENANTS.index + control.TENANT_FAIRNESS.words,
    "of each operation, then unknown ones: turns by outcome",
)

TALLY = Words(
    "TALLY",
    "Tally: what a kernel has counted, by atomics of its workers as they leave",
    (TALLY_LOST, TALLY_PRIORITIES, TALLY_TENANTS, TALLY_OPS),
)

LINE_WORDS = 3
LINE_TAKEN = Word("TAKEN", 0, "per class: tasks of the order that were taken", LINE_WORDS)
LINE_FIRST = Word("FIRST", 1, "first slot + 1 of the list behind them, 0 for none", LINE_WORDS)
LINE_LAST = Word("LAST", 2, "its last slot + 1", LINE_WORDS)

LINE = Words(
    "LINE",
    "Line of a class, in the directory's place: by the one worker of exact.cl, kept from kernel to kernel",
    (LINE_TAKEN, LINE_FIRST, LINE_LAST),
    LINE_WORDS,
)

COUNT_RESUMED = CLASSES
COUNT_SHUT_OUT = CLASSES + 1
COUNT_ROWS = CLASSES + 2
"""Rows of the index's counts, each with a word a chunk: the classes, resumed, shut out."""

FAMILY_HEAD = Word("HEAD", _line(0), "next place of the free list")
FAMILY_SPAWNED = Word("SPAWNED", _line(1), "children that were made")
FAMILY_JOINED = Word("JOINED", _line(2), "parents that went on after their children")
FAMILY_FIRST_ID = Word("FIRST_ID", _line(3), "task_id of the first child")
FAMILY_SLOTS = Word("SLOTS", _line(3) + 1, "slots of the ring")
FAMILY_CHUNKS = Word("CHUNKS", _line(3) + 2, "chunks of the index")
FAMILY_BEGINS = Word("BEGINS", _line(4), "chunks + 1 words: free slots before each; then its places")

FAMILY = Words(
    "FAMILY",
    "Family: the free list and the links of a ring whose tasks may have children (vyre_family.h)",
    (
        FAMILY_HEAD,
        FAMILY_SPAWNED,
        FAMILY_JOINED,
        FAMILY_FIRST_ID,
        FAMILY_SLOTS,
        FAMILY_CHUNKS,
        FAMILY_BEGINS,
    ),
)

LINK_PARENT = Word("PARENT", 0, "the parent's slot + 1, 0 for none")
LINK_WAITS = Word("WAITS", 1, "children still to end, less one while it is at its join")

LINK = Words(
    "LINK",
    "Link of a slot, behind the places: one worker at a time writes it",
    (
        LINK_PARENT,
        LINK_WAITS,
        Word("NEXT", 2, "next slot + 1 in a line of those that must queue"),
    ),
    3,
)

BUFFER_ROW = RecordLayout(
    "vyre_buffer",
    "Row of the buffer table: where a handle's bytes lie in the arena. All 64-bit, so that no sum wraps",
    (
        Member("offset", "bytes into the arena", width="u8"),
        Member("bytes", "its length", width="u8"),
        Member("type", "VYRE_TYPE_*"),
        Member("writable", "not 0: operations may write it"),
    ),
)

TYPE_OTHER, TYPE_U32, TYPE_I32, TYPE_F32, TYPE_ABSENT = 0, 1, 2, 3, U32_MAX
"""Element types of a buffer; ABSENT where no buffer was given for the handle."""

CLAIMED_TWICE, ENDED_BY_OTHER = 1, 2
"""What a witness may have to say against a slot's claims."""

WITNESS = RecordLayout(
    "vyre_witness",
    "What a verifying program keeps for a slot, by atomics of whoever claims it",
    (
        Member("owner", "0, or the work-item's number plus 1"),
        Member("claims", "claims that were won"),
        Member("ends", "turns by outcome", len(OutcomeKind)),
        Member("violations", "the gravest of VYRE_CLAIMED_TWICE, VYRE_ENDED_BY_OTHER"),
    ),
)

TRACE_RECORD = RecordLayout(
    "vyre_trace_record",
    "One turn of a trace, written by its worker before it publishes; times are the device's",
    (
        Member("began", "the worker turned to the slot", width="u8"),
        Member("claimed", "had claimed it", width="u8"),
        Member("ran", "had run the operation", width="u8"),
        Member("ended", "was about to publish", width="u8"),
        Member("slot", "its index"),
        Member("task_id", "word 10"),
        Member("op_handle", "word 1"),
        Member("priority", "word 3"),
        Member("outcome", "code of the outcome"),
        Member("group", "work-group"),
        Member("item", "work-item in it"),
        Member("requeue_count", "word 13"),
    ),
)

TRACE = Words(
    "TRACE",
    "Head of a trace, one record long; records follow it",
    (
        Word("ASKED", 0, "turns that wanted to be noted, with room or without"),
        Word("CLOCK", 1, "sequence numbers, where the device has no clock"),
    ),
    TRACE_RECORD.size_bytes // 4,
)

LANE_BLOCK, GROUP_BLOCK = 64, 512
"""Slots of a spilled block of the two drivers that have them."""

MOST_GROUP_TICKET = 2048
"""Most tasks that a group takes at once: each may leave a note."""

MOST_LANE_TICKET = 1 << 20
"""Most tasks that a lane takes at once, so that the ticket arithmetic fits into 32 bits."""

_STATES = len(TaskState)
ROW_UNKNOWN = Word("UNKNOWN", _STATES, "slots of unknown states")
ROW_FIRST_UNKNOWN = Word("FIRST_UNKNOWN", _STATES + 1, "the first of them")
ROW_AGE = Word("AGE", _STATES + 2, "largest age_ticks")
ROW_REQUEUES_LOW = Word("REQUEUES_LOW", _STATES + 3, "sum of the requeue_counts: low half")
ROW_REQUEUES_HIGH = Word("REQUEUES_HIGH", _STATES + 4, "and high half")

ROW = Words(
    "ROW",
    "Row of a work-group that counts a ring, 64 bits a number: slots of each state, then these (reduce.cl)",
    (ROW_UNKNOWN, ROW_FIRST_UNKNOWN, ROW_AGE, ROW_REQUEUES_LOW, ROW_REQUEUES_HIGH),
)
ROW_NUMBERS = _STATES + 5
"""Numbers of a row."""

LAYOUTS = (FLOW, TALLY, LINE, FAMILY, LINK, TRACE, ROW)
RECORDS = (BUFFER_ROW, WITNESS, TRACE_RECORD)

NUMBERS: dict[str, tuple[int, str]] = {
    "OUTCOMES": (len(OutcomeKind), "ways to end a turn"),
    **{one.name: (one.value, one.word) for one in OutcomeKind},
    "COUNT_ROWS": (COUNT_ROWS, "rows of the index's counts: classes, then"),
    "COUNT_RESUMED": (COUNT_RESUMED, "paused tasks that became Ready"),
    "COUNT_SHUT_OUT": (COUNT_SHUT_OUT, "schedulable tasks of tenants that are not let in"),
    "TYPE_OTHER": (TYPE_OTHER, "elements of a buffer"),
    "TYPE_U32": (TYPE_U32, ""),
    "TYPE_I32": (TYPE_I32, ""),
    "TYPE_F32": (TYPE_F32, ""),
    "TYPE_ABSENT": (TYPE_ABSENT, "no buffer was given for this handle"),
    "CLAIMED_TWICE": (CLAIMED_TWICE, "a claim met an owner"),
    "ENDED_BY_OTHER": (ENDED_BY_OTHER, "a turn's end met another owner than its claimer"),
    "ROW_NUMBERS": (ROW_NUMBERS, "numbers of such a row (reduce.cl)"),
    "LANE_BLOCK": (LANE_BLOCK, "slots of a spilled block of lane.cl"),
    "GROUP_BLOCK": (GROUP_BLOCK, "and of group.cl"),
    "MOST_GROUP_TICKET": (MOST_GROUP_TICKET, "tasks that a group takes at once, each with a note"),
    "MOST_LANE_TICKET": (MOST_LANE_TICKET, "and a lane, so that ticket arithmetic fits into 32 bits"),
}
"""Numbers that stand alone, by their names in C after `VYRE_`, each with what it is."""

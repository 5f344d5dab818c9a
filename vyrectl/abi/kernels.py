"""The kernels and what each takes: name, kind and order of every parameter, declared once for both sides.

Standard library only. `kernels/include/vyre_kernels.h` is generated from here, so that a kernel's file names its list
and never writes it; the host passes arguments by these names (`vyrectl.opencl.kernel`). The invariant: a parameter that
only some programs have stands behind all that every program has, under the macro that such a program is built with.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from vyrectl.dataclass import dataclass


class Kind(Enum):
    """What a parameter is, by its type in OpenCL C."""

    WORDS = "__global uint *"
    READ_WORDS = "__global const uint *"
    LONE_WORDS = "__global uint *restrict "
    """Memory that the kernel reaches through no other parameter."""
    LONE_READ_WORDS = "__global const uint *restrict "
    SHARED_WORDS = "vyre_word_ptr"
    """Words that others write at the same time: volatile, for the atomics of vyre_sync.h."""
    BYTES = "__global uchar *"
    READ_BYTES = "__global const uchar *"
    LONGS = "__global ulong *"
    FLOATS = "__global float *"
    READ_FLOATS = "__global const float *"
    FLOATS4 = "__global float4 *"
    READ_FLOATS4 = "__global const float4 *"
    BUFFER_ROWS = "__global const vyre_buffer *"
    OPERAND_ROWS = "__global const vyre_operand_row *"
    WITNESSES = "__global vyre_witness *"
    LOCAL_WORDS = "__local uint *"
    """Memory of a work-group; the host says how many words."""
    U32 = "const uint"
    I32 = "const int"
    U64 = "const ulong"
    F32 = "const float"


NUMBERS = frozenset((Kind.U32, Kind.I32, Kind.U64, Kind.F32))
"""Kinds that are passed as a value; the others are memory."""

FAMILY, TRACE, WATCH, LIVE = "VYRE_HAS_FAMILY", "VYRE_TRACE", "VYRE_WATCH", "VYRE_LIVE"
MIRROR = "VYRE_MIRROR"
"""Macros of programs whose kernels take more (`vyrectl.opencl.source.Variant`)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a kernel.

    Attributes:
        name: Its name, on both sides.
        kind: What is passed.
        meaning: One phrase, with the unit or the length where there is one.
        needs: Macro of the programs that have it; empty for all.
    """

    name: str
    kind: Kind
    meaning: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel.

    Attributes:
        name: Its name in the program.
        parameters: In the order of its declaration.
    """

    name: str
    parameters: tuple[Parameter, ...]

    def taken(self, features: Collection[str] = ()) -> tuple[Parameter, ...]:
        """The parameters that it has in a program built with these macros set."""
        return tuple(one for one in self.parameters if not one.needs or one.needs in features)


_RING = Parameter("ring", Kind.WORDS, "the slots")
_SLOTS = Parameter("slots", Kind.U32, "slots of the ring")
_CHUNK = Parameter("chunk_slots", Kind.U32, "slots of a chunk of the index")
_AGE = Parameter("age_threshold", Kind.U32, "ticks that lift a task by one class, 0 for never")
_POLLS = Parameter("polls", Kind.U32, "looks before it gives up")
_LOOKS = Parameter("looks", Kind.U32, "not 0: read the flags, and write them only where they differ")

_RUN = Kernel(
    "vyre_run",
    (
        _RING,
        Parameter("queue", Kind.READ_WORDS, "a word a slot: the lists of the round (order.h)"),
        Parameter("begins", Kind.READ_WORDS, "tasks before each list, and their number"),
        Parameter("places", Kind.READ_WORDS, "where each list is in queue"),
        Parameter("chunks", Kind.U32, "chunks of the index"),
        Parameter("ticket", Kind.U32, "tasks of a ticket"),
        Parameter("claims_each", Kind.I32, "claims of a worker in this kernel"),
        Parameter("counts_budget", Kind.U32, "not 0: claims are limited exactly, by flow"),
        _AGE,
        Parameter("flow", Kind.SHARED_WORDS, "heads, tails and counts of the round (turn.h)"),
        Parameter("pool", Kind.WORDS, "slots of the spilled blocks (spill.h)"),
        Parameter("sizes", Kind.WORDS, "tasks of each block"),
        Parameter("directory", Kind.WORDS, "published blocks of each class; lines of exact.cl"),
        Parameter("blocks", Kind.U32, "blocks of the pool, 0 where nothing is handed on"),
        Parameter("block_places", Kind.U32, "places of a class in the directory"),
        Parameter("tally", Kind.WORDS, "counts of the kernel (turn.h)"),
        Parameter("arena", Kind.BYTES, "all buffers of the job"),
        Parameter("buffers", Kind.BUFFER_ROWS, "where each handle's buffer lies in the arena"),
        Parameter("buffer_count", Kind.U32, "handles"),
        Parameter("argument_handle", Kind.U32, "handle of the argument records"),
        Parameter("control", Kind.WORDS, "the control buffer"),
        Parameter("control_words", Kind.U32, "its words"),
        Parameter("first_slot", Kind.U32, "what slot 0 is called: more than 0 in a shard"),
        Parameter("witness", Kind.WITNESSES, "a record a slot, with VYRE_VERIFY"),
        Parameter("family", Kind.WORDS, "families and the free list (vyre_family.h)", FAMILY),
        Parameter("trace_words", Kind.WORDS, "head and records of the trace (trace.h)", TRACE),
        Parameter("trace_capacity", Kind.U32, "records that there is room for", TRACE),
        Parameter("watch_words", Kind.SHARED_WORDS, "memory with the seats (watch.h)", WATCH),
        Parameter("watch_first", Kind.U32, "word of the first seat", WATCH),
        Parameter("watch_seats", Kind.U32, "seats, at least one", WATCH),
        Parameter("live_words", Kind.SHARED_WORDS, "the live sidecar (live.h)", LIVE),
        Parameter("live_capacity", Kind.U32, "places of its inbox, a power of two", LIVE),
        Parameter("live_workers", Kind.U32, "its redo records", LIVE),
        Parameter("ring_slots", Kind.U32, "slots of the ring", LIVE),
        Parameter("gate", Kind.U32, "not 0: tenant masks decide who may run", LIVE),
        Parameter("selected", Kind.READ_BYTES, "a byte a slot: not 0 for those to run", LIVE),
        Parameter("has_selected", Kind.U32, "not 0: selected counts", LIVE),
        Parameter("idle_polls", Kind.U32, "looks in vain before a worker leaves", LIVE),
        Parameter("tags", Kind.READ_WORDS, "what the index saw of each slot, beside queue (order.h)", MIRROR),
        Parameter("mirror", Kind.BYTES, "a byte a slot: not 0 for one that is to be settled", MIRROR),
    ),
)

_INDEX = (
    Kernel(
        "vyre_index",
        (
            _RING,
            _SLOTS,
            _CHUNK,
            Parameter("control", Kind.READ_WORDS, "the control buffer"),
            Parameter("gate", Kind.U32, "not 0: tenant masks decide who may run"),
            Parameter("selected", Kind.READ_BYTES, "a byte a slot: not 0 for those to run"),
            Parameter("has_selected", Kind.U32, "not 0: selected counts"),
            _AGE,
            Parameter("counts", Kind.WORDS, "a row of chunks a class, and two for other counts"),
            Parameter("queue", Kind.WORDS, "a word a slot: the lists of the round (order.h)"),
            Parameter("begins", Kind.WORDS, "tasks before each list, and their number"),
            Parameter("places", Kind.WORDS, "where each list is in queue"),
            Parameter("totals", Kind.WORDS, "the sum of each row of counts"),
            Parameter("flow", Kind.SHARED_WORDS, "heads, tails and counts of the round, cleared"),
            Parameter("directory", Kind.WORDS, "published blocks of each class, cleared"),
            Parameter("directory_words", Kind.U32, "its words"),
            Parameter("tags", Kind.WORDS, "what it saw of each slot, beside queue (order.h)", MIRROR),
            Parameter("mirror", Kind.BYTES, "a byte a slot, cleared", MIRROR),
        ),
    ),
    Kernel(
        "vyre_index_scan",
        (
            Parameter("counts", Kind.LONE_READ_WORDS, "a row of chunks a class, and two for other counts"),
            _SLOTS,
            _CHUNK,
            Parameter("begins", Kind.LONE_WORDS, "tasks before each list, and their number"),
            Parameter("places", Kind.LONE_WORDS, "where each list is in queue"),
            Parameter("totals", Kind.LONE_WORDS, "the sum of each row of counts"),
            Parameter("sums", Kind.LOCAL_WORDS, "a word a work-item, and one a row at least"),
        ),
    ),
    Kernel(
        "vyre_index_free",
        (
            _RING,
            _SLOTS,
            _CHUNK,
            Parameter("counts", Kind.READ_WORDS, "a row of chunks for each class"),
            Parameter("queue", Kind.WORDS, "what the lists leave of it becomes the free list"),
            Parameter("family", Kind.WORDS, "families and the free list (vyre_family.h)"),
        ),
    ),
    Kernel(
        "vyre_settle_mirror",
        (_RING, _SLOTS, Parameter("mirror", Kind.READ_BYTES, "a byte a slot: not 0 for one that is Done")),
    ),
)

_CHECKS = (
    Kernel(
        "vyre_probe_layout",
        (Parameter("answers", Kind.WORDS, "a word a question, then the byte order"),),
    ),
    Kernel("vyre_probe_atomics", (Parameter("words", Kind.SHARED_WORDS, "4 words, one for each question"),)),
    Kernel(
        "vyre_selftest_claim",
        (_RING, _SLOTS, Parameter("wins", Kind.WORDS, "a word a slot: claims that were won")),
    ),
    Kernel(
        "vyre_selftest_relay",
        (
            _RING,
            Parameter("attempts", Kind.U32, "claims that each work-item tries"),
            Parameter("answers", Kind.WORDS, "claims that were won, and those that met a torn slot"),
        ),
    ),
    Kernel(
        "vyre_handoff_groups",
        (
            Parameter("words", Kind.SHARED_WORDS, "who came and what was seen"),
            Parameter("payload", Kind.WORDS, "what goes along with the baton"),
            Parameter("turns", Kind.U32, "how often the baton changes hands"),
            _POLLS,
        ),
    ),
    Kernel(
        "vyre_handoff_host",
        (Parameter("words", Kind.SHARED_WORDS, "what kernel and host tell each other"), _POLLS),
    ),
    Kernel(
        "vyre_doctor_coherence",
        (Parameter("words", Kind.SHARED_WORDS, "what kernel and host tell each other"), _POLLS),
    ),
    Kernel(
        "vyre_doctor_resident",
        (
            Parameter("words", Kind.SHARED_WORDS, "who came, who left, the most at a time"),
            Parameter("groups", Kind.U32, "groups to wait for"),
            _POLLS,
        ),
    ),
    Kernel(
        "vyre_ask_clock",
        (
            Parameter("times", Kind.LONGS, "the clock at two moments, and what keeps them apart"),
            Parameter("counter", Kind.WORDS, "sequence numbers, for a device without a clock"),
        ),
    ),
)

_SWEEPS = tuple(
    Kernel(f"vyre_sweep_{way}", (_RING, _SLOTS, _LOOKS)) for way in ("item", "once", "share", "batch")
)

_SAXPY = tuple(
    Kernel(
        f"vyre_plain_saxpy{lanes}",
        (
            Parameter("a", Kind.F32, "the factor"),
            Parameter("x", read, "n floats"),
            Parameter("y", write, "n floats, a * x is added to them"),
            Parameter("n", Kind.U64, "how many"),
        ),
    )
    for lanes, read, write in (
        (1, Kind.READ_FLOATS, Kind.FLOATS),
        (4, Kind.READ_FLOATS4, Kind.FLOATS4),
    )
)

_OTHERS = (
    Kernel(
        "vyre_reduce",
        (
            Parameter("ring", Kind.READ_WORDS, "the slots"),
            _SLOTS,
            Parameter("rows", Kind.LONGS, "a row of numbers for each work-group"),
            Parameter("meeting", Kind.LOCAL_WORDS, "a row of numbers for each work-item, and one more"),
        ),
    ),
    Kernel(
        "vyre_converge",
        (
            Parameter("current", Kind.WORDS, "the vector"),
            Parameter("next", Kind.WORDS, "as long as the vector"),
            Parameter("words", Kind.U32, "words of the vector"),
            Parameter("arena", Kind.READ_WORDS, "all operands"),
            Parameter("operands", Kind.OPERAND_ROWS, "where each lies in the arena"),
            Parameter("operand_count", Kind.U32, "operands"),
            Parameter("max_iterations", Kind.U32, "when to end at the latest"),
            Parameter("state", Kind.SHARED_WORDS, "how it went, and the wish that it stop"),
        ),
    ),
    *_SWEEPS,
    Kernel(
        "vyre_sweep_listed",
        (
            _RING,
            _SLOTS,
            _LOOKS,
            Parameter("list", Kind.READ_WORDS, "each slot once, class by class"),
            Parameter("next", Kind.WORDS, "tickets that were taken"),
        ),
    ),
    Kernel("vyre_one_task", (_RING, _SLOTS, Parameter("next", Kind.WORDS, "slots that were taken"))),
    *_SAXPY,
)

KERNELS: dict[str, Kernel] = {one.name: one for one in (_RUN, *_INDEX, *_CHECKS, *_OTHERS)}
"""Every kernel by its name."""

"""The control buffer (spec 3.1): making one, reading a foreign one, changing its words by name.

Standard library only. A write happens as a whole or not at all: where the runtime writes the words that fit and then
fails, this refuses first.
"""

from __future__ import annotations

from collections.abc import Mapping

from vyrectl.abi import control as abi
from vyrectl.abi.limits import MAX_ENCODED, MAX_OBSERVABLES, U32_MAX, U64_MAX, WORD_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import BufferTooLongError, WireBufferError
from vyrectl.numbers import integer
from vyrectl.protocol.words import Data, check_aligned, found_words, pack_words, read_word, read_words

MIN_WORDS = abi.OBSERVABLE_FIRST
CLASSES = 5

Metrics = list[tuple[int, int]]
"""Opcode and executions, for each opcode that ran."""


def control_byte_length(observables: int) -> int | None:
    """Bytes of a control buffer with so many observable words; None when some would have no u32 index."""
    return (MIN_WORDS + observables) * WORD_BYTES if observables <= MAX_OBSERVABLES else None


def default_priority_offsets(slots: int) -> tuple[int, ...]:
    """First slot of each of five equal partitions, Normal with the remainder, then the total.

    Args:
        slots: Slot total, u32.
    """
    slots = integer("the number of slots", slots)
    share, rest = divmod(slots, CLASSES)
    sizes = [share, share, share + rest, share, share]
    return (*(sum(sizes[:number]) for number in range(CLASSES)), slots)


def encode_control(
    *, shutdown: bool = False, tenants: int = 0, observables: int = 0, slots: int | None = None
) -> bytes:
    """A fresh control buffer.

    Args:
        shutdown: Whether workers shall leave at once.
        tenants: How many tenants are let in, from 0 on, each with the default quota; past the tables they are ignored.
        observables: Observable words.
        slots: Slot total to write priority offsets for; None for none.

    Raises:
        BufferTooLongError: More observables than encoders make.
    """
    observables = integer("the number of observables", observables, most=U64_MAX)
    if observables > MAX_ENCODED:
        raise BufferTooLongError(
            "control",
            f"{observables} observable words are more than {MAX_ENCODED}",
            f"Ask for up to {MAX_ENCODED}",
        )
    words = [0] * (MIN_WORDS + observables)
    words[abi.SHUTDOWN.first] = int(shutdown)
    words[abi.TENANT_BASE.first] = abi.TENANT_MASKS.first
    for region, value in (
        (abi.TENANT_MASKS, abi.TENANT_OPEN),
        (abi.TENANT_QUOTA, abi.DEFAULT_TENANT_QUOTA),
    ):
        count = min(integer("the number of tenants", tenants, most=U64_MAX), region.words)
        words[region.first : region.first + count] = [value] * count
    if slots is not None:
        offsets = abi.PRIORITY_OFFSETS
        words[offsets.first : offsets.end] = default_priority_offsets(slots)
    return pack_words(words)


def write_priority_offsets(control: bytearray | memoryview, slots: int) -> None:
    """Write the default priority offsets for so many slots into a control buffer.

    Raises:
        MisalignedBufferError: No whole number of words.
        MissingWordError: Shorter than 135 words. In both cases nothing is written.
    """
    region = abi.PRIORITY_OFFSETS
    read_words(control, region.first, region.words, "control")
    start = region.first * WORD_BYTES
    control[start : region.end * WORD_BYTES] = pack_words(default_priority_offsets(slots))


def read_done_count(control: Data) -> int:
    """DONE_COUNT.

    Raises:
        WireBufferError: Misaligned, or too short.
    """
    return read_word(control, abi.DONE_COUNT.first, "control")


def read_epoch(control: Data) -> int:
    """EPOCH; raises like `read_done_count`."""
    return read_word(control, abi.EPOCH.first, "control")


def read_observable(control: Data, index: int) -> int:
    """One observable word.

    Raises:
        BufferTooLongError: No u32 word index leads there.
        WireBufferError: Misaligned, or too short.
    """
    index = integer("the observable", index, most=U64_MAX)
    if abi.OBSERVABLE_FIRST + index > U32_MAX:
        raise BufferTooLongError("control", f"observable {index} has no word index")
    return read_word(control, abi.OBSERVABLE_FIRST + index, "control")


def read_metrics(control: Data) -> Metrics:
    """Executions of each opcode below 32 that ran at all; raises like `read_done_count`."""
    counts = read_words(control, abi.METRICS.first, abi.METRICS.words, "control")
    return [(opcode, count) for opcode, count in enumerate(counts) if count]


def lenient_word(control: Data, index: int) -> int:
    """A control word, or 0 where it cannot be read."""
    if len(control) % WORD_BYTES or index > U32_MAX:
        return 0
    found = found_words(control, index, 1)
    return found[0] if found else 0


def lenient_metrics(control: Data) -> Metrics:
    """`read_metrics` of what is there, also of a buffer that is cut off in the middle of a word."""
    counts = found_words(control, abi.METRICS.first, abi.METRICS.words)
    return [(opcode, count) for opcode, count in enumerate(counts) if count]


@dataclass(frozen=True, slots=True)
class ControlView:
    """A control buffer of at least 160 words, decoded.

    Attributes:
        shutdown: Whether word 0 is non-zero.
        done_count: Drained slots.
        epoch: Batch fences.
        metrics: Executions per opcode that ran.
        tenant_fairness: Claims per tenant, 32 numbers.
        priority_fairness: Claims per priority, 5 numbers.
        tenant_masks: 29 words, 0 shuts out.
        tenant_quota: 32 words.
        priority_offsets: 6 words.
        priority_starvation: Consecutive claims at Critical or High.
        observables: How many observable words there are.
    """

    shutdown: bool
    done_count: int
    epoch: int
    metrics: Metrics
    tenant_fairness: tuple[int, ...]
    priority_fairness: tuple[int, ...]
    tenant_masks: tuple[int, ...]
    tenant_quota: tuple[int, ...]
    priority_offsets: tuple[int, ...]
    priority_starvation: int
    observables: int


def decode_control(control: Data) -> ControlView:
    """Everything a control buffer says.

    Raises:
        MisalignedBufferError: No whole number of words.
        WireBufferError: Fewer than 160 words.
    """
    words = check_control(control)

    def part(region: abi.Region) -> tuple[int, ...]:
        return words[region.first : region.end]

    return ControlView(
        shutdown=words[abi.SHUTDOWN.first] != 0,
        done_count=words[abi.DONE_COUNT.first],
        epoch=words[abi.EPOCH.first],
        metrics=read_metrics(control),
        tenant_fairness=part(abi.TENANT_FAIRNESS),
        priority_fairness=part(abi.PRIORITY_FAIRNESS),
        tenant_masks=part(abi.TENANT_MASKS),
        tenant_quota=part(abi.TENANT_QUOTA),
        priority_offsets=part(abi.PRIORITY_OFFSETS),
        priority_starvation=words[abi.PRIORITY_STARVATION.first],
        observables=len(control) // WORD_BYTES - MIN_WORDS,
    )


def check_control(control: Data) -> tuple[int, ...]:
    """The first 160 words of a control buffer.

    Raises:
        MisalignedBufferError: No whole number of words.
        WireBufferError: Fewer than 160.
    """
    check_aligned(control, "control")
    have = len(control) // WORD_BYTES
    if have < MIN_WORDS:
        raise WireBufferError(
            f"{have} words are too few: the wire has {MIN_WORDS} before the observables", "control"
        )
    return read_words(control, 0, MIN_WORDS, "control")


def write_control_words(control: bytearray | memoryview, values: Mapping[int, int]) -> None:
    """Write words by index, all of them or none.

    Raises:
        MisalignedBufferError: No whole number of words.
        MissingWordError: One lies past the end.
    """
    for index in values:
        read_word(control, index, "control")
    for index, value in values.items():
        control[index * WORD_BYTES : (index + 1) * WORD_BYTES] = value.to_bytes(WORD_BYTES, "little")

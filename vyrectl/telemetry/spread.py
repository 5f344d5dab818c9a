"""How a counter spreads over the open tasks of a ring: percentiles, the maximum and a histogram.

*Open* tasks are Ready, Running, Paused, Yielded and Requeued: what Empty, Done and Faulted slots still carry is
history, and says nothing about the queue (spec 1.9). The maximum here may therefore be less than a snapshot's
`max_priority_age`, which runs over every slot; the difference is a stale slot.

Percentiles are exact integers, by nearest rank: p99 is the smallest value that at least 99 of 100 open tasks
do not exceed, which is the value of rank ceil(99 n / 100) in ascending order. It is always some task's value;
nothing is interpolated or rounded. Buckets are powers of two: 0, 1, 2-3, 4-7 and so on.

Small rings are looked at without numpy. Large ones are counted in two passes at most, in memory that does not
grow with the ring: the upper halves of the words first, then the lower halves of those that a rank falls into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TRANSITIONABLE, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.records import Comparable
from vyrectl.shapes import Count, Word
from vyrectl.telemetry.snapshot import STDLIB_SLOTS, column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

PERCENTILES = (50, 99)
OPEN_STATES = frozenset(int(state) for state in TRANSITIONABLE)
BUCKETS = 33
"""A word's bit length is its bucket: 0 to 32."""

HALF_BITS = 16
HALF = 1 << HALF_BITS


class BucketRow(TypedDict):
    """Tasks whose value lies in a range."""

    least: Word
    most: Word
    tasks: Count


class SpreadRecord(TypedDict):
    """One counter over the open tasks; percentiles by nearest rank, None without open tasks."""

    tasks: Count
    p50: Word | None
    p99: Word | None
    max: Word | None
    histogram: list[BucketRow]


@dataclass(frozen=True, slots=True, eq=False)
class Spread(Comparable):
    """One counter over the open tasks.

    Attributes:
        tasks: Open tasks.
        percentiles: Percent -> value; None without open tasks.
        maximum: The largest value, or None.
        buckets: Tasks in each bucket: bucket 0 holds the value 0, bucket k the values from 2^(k-1) to 2^k - 1.
    """

    tasks: int
    percentiles: dict[int, int | None]
    maximum: int | None
    buckets: tuple[int, ...]

    def to_record(self) -> SpreadRecord:
        """`tasks`, `p50`, `p99`, `max`, and `histogram` up to the last bucket that is not empty."""
        used = max((k + 1 for k, tasks in enumerate(self.buckets) if tasks), default=0)
        rows = [_bucket_row(k, self.buckets[k]) for k in range(used)]
        p50, p99 = (self.percentiles[percent] for percent in PERCENTILES)
        return {"tasks": self.tasks, "p50": p50, "p99": p99, "max": self.maximum, "histogram": rows}


def _bucket_row(bucket: int, tasks: int) -> BucketRow:
    return {"least": 1 << bucket >> 1, "most": (1 << bucket) - 1, "tasks": tasks}


def rank_of(percent: int, count: int) -> int:
    """The rank of a percentile among `count` values in ascending order, from 1."""
    return -(-percent * count // 100)


Operations = frozenset[int] | None
"""Operations whose slots hold arguments, which have no counters: words 1; None for every operation."""

NO_OPERATIONS: frozenset[int] = frozenset()


def spread(rings: Sequence[memoryview], field: str, arguments: Sequence[Operations] = ()) -> Spread:
    """How a counter spreads over the open tasks of one ring, or of several taken together.

    Args:
        rings: Each ring's bytes, whole slots.
        field: `age_ticks`, `requeue_count` or another word.
        arguments: For each ring, the operations that are left out; none without.
    """
    left_out = arguments or [NO_OPERATIONS] * len(rings)
    if sum(len(data) for data in rings) <= STDLIB_SLOTS * SLOT_BYTES:
        pairs = zip(rings, left_out, strict=True)
        return spread_of_values(value for data, ops in pairs for value in _open_values(data, field, ops))
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return spread_of_slots([np.frombuffer(data, dtype=SLOT_DTYPE) for data in rings], field, left_out)


def _open_values(data: memoryview, field: str, arguments: Operations) -> list[int]:
    pairs = zip(task_states(data, arguments), column(data, field), strict=True)
    return [value for state, value in pairs if state in OPEN_STATES]


def task_states(data: memoryview, arguments: Operations) -> list[int]:
    """The state of each slot, without numpy; Empty where it holds arguments and no task."""
    states = column(data, "state")
    if arguments is None:
        return [int(TaskState.EMPTY)] * len(states)
    if not arguments:
        return states
    ops = column(data, "op_handle")
    return [int(TaskState.EMPTY) if op in arguments else state for op, state in zip(ops, states, strict=True)]


def open_tasks(slots: SlotArray, arguments: Operations) -> NDArray[np.bool_]:
    """Which slots hold an open task and no arguments, shape (n,)."""
    import numpy as np

    if arguments is None:
        return np.zeros(len(slots), np.bool_)
    mask = open_mask(slots["state"])
    return mask & ~np.isin(slots["op_handle"], np.array(sorted(arguments), np.uint32)) if arguments else mask


def spread_of_values(values: Iterable[int]) -> Spread:
    """The spread of values, each the counter of one open task."""
    ordered = sorted(values)
    count = len(ordered)
    buckets = [0] * BUCKETS
    for value in ordered:
        buckets[value.bit_length()] += 1
    found = {p: ordered[rank_of(p, count) - 1] if count else None for p in PERCENTILES}
    return Spread(count, found, ordered[-1] if count else None, tuple(buckets))


def spread_of_slots(rings: Sequence[SlotArray], field: str, arguments: Sequence[Operations] = ()) -> Spread:
    """The spread over the open tasks of arrays of `SLOT_DTYPE`, each of shape (n,); see `spread`."""
    import numpy as np

    upper = np.zeros(HALF, np.int64)
    lower = {0: np.zeros(HALF, np.int64)}
    parts = list(zip(rings, arguments or [NO_OPERATIONS] * len(rings), strict=True))
    _count(parts, field, upper, lower)
    count = int(upper.sum())
    ranks = [rank_of(percent, count) for percent in PERCENTILES] + [count]
    if count == 0:
        return Spread(0, dict.fromkeys(PERCENTILES), None, (0,) * BUCKETS)
    below = np.cumsum(upper)
    halves = [int(np.searchsorted(below, rank)) for rank in ranks]
    lower.update((half, np.zeros(HALF, np.int64)) for half in halves if half)
    if len(lower) > 1:
        lower[0][:] = 0
        _count(parts, field, None, lower)
    found = [
        half << HALF_BITS | int(np.searchsorted(np.cumsum(lower[half]), rank - (below[half] - upper[half])))
        for half, rank in zip(halves, ranks, strict=True)
    ]
    return Spread(count, dict(zip(PERCENTILES, found, strict=False)), found[-1], _buckets(lower[0], upper))


def _count(
    rings: Sequence[tuple[SlotArray, Operations]],
    field: str,
    upper: NDArray[np.int64] | None,
    lower: dict[int, NDArray[np.int64]],
) -> None:
    """Add the open tasks: to `upper` by the upper half of the word, to `lower[half]` by the lower one."""
    import numpy as np

    from vyrectl.telemetry.census import CHUNK_SLOTS

    for slots, ops in rings:
        for start in range(0, len(slots), CHUNK_SLOTS):
            chunk = slots[start : start + CHUNK_SLOTS]
            values = chunk[field][open_tasks(chunk, ops)]
            halves = values >> np.uint32(HALF_BITS)
            if upper is not None:
                upper += np.bincount(halves, minlength=HALF)
            for half, counts in lower.items():
                counts += np.bincount(values[halves == half] & np.uint32(HALF - 1), minlength=HALF)


def open_mask(states: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which of the state words are open; shape (n,)."""
    import numpy as np

    table = np.zeros(256, np.bool_)
    table[list(OPEN_STATES)] = True
    return table[np.minimum(states, np.uint32(255)).astype(np.uint8)]


def _buckets(lower: NDArray[np.int64], upper: NDArray[np.int64]) -> tuple[int, ...]:
    small = [int(lower[1 << k >> 1 : 1 << k].sum()) for k in range(HALF_BITS + 1)]
    large = [int(upper[1 << k >> 1 : 1 << k].sum()) for k in range(1, HALF_BITS + 1)]
    return (*small, *large)

"""How far a drain strays from the order of priorities: tasks of a lower class that went before. Imports numpy.

Every task stamps a sequence number when it runs (`stamp` in `kernels/bench/ops.cl`; no aging is at work, so a task's
class is its priority). For a task t with class c and stamp s, that is, s tasks ran before it:

    overtaken(t)   tasks of a class below c with a stamp less than s
    share(t)       s // 17 for c above Normal, else 0: what the starvation guard owes the classes below High
                   (spec 3.5: after 16 claims above Normal one from below, so one in 17 of the claims before t)
    beyond(t)      max(0, overtaken(t) - share(t))

One worker that takes one task at a time has beyond = 0 for every task. Workers that take tickets run ahead of one
another: while a task waits in somebody's ticket, the others may get as far as their own tickets reach, so that beyond
is bounded by ticket x workers. That bound counts claims by workers that are running; a worker that the operating
system has taken off its core keeps its ticket for as long, and the others go on. `late` counts the tasks that this
made exceed the bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from statistics import median

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import STARVATION_LIMIT
from vyrectl.abi.states import TaskPriority
from vyrectl.bench.engine import Workload
from vyrectl.bench.rings import Stage, bench_ops, op_id
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Backend
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.schedule import HIGH_CLASSES
from vyrectl.launching.rounds import Drain, Limits


@dataclass(frozen=True, slots=True)
class Overtaken:
    """What one drain did to the order.

    Attributes:
        most: Most tasks of a lower class that went before one task.
        beyond: The same, less the starvation guard's share.
        bound: ticket x workers.
        late: Tasks with more than `bound` beyond the guard's share.
    """

    most: int
    beyond: int
    bound: int
    late: int


def overtaken(classes: NDArray[np.integer], stamps: NDArray[np.integer]) -> NDArray[np.int64]:
    """For each task, how many of a lower class ran before it.

    Args:
        classes: 0 (Critical) to 4 (Idle), shape (n,).
        stamps: Every number from 0 to n - 1 once, shape (n,).
    """
    by_time = np.argsort(stamps, kind="stable")
    in_order = np.asarray(classes)[by_time]
    before = np.zeros(len(in_order), np.int64)
    for own in range(len(TaskPriority)):
        lower = in_order > own
        seen: NDArray[np.int64] = np.cumsum(lower)
        before[in_order == own] = seen[in_order == own]
    result = np.empty_like(before)
    result[by_time] = before
    return result


def guard_share(classes: NDArray[np.integer], stamps: NDArray[np.integer]) -> NDArray[np.int64]:
    """For each task, how many of the claims before it the starvation guard owes the classes below High."""
    owed = np.asarray(stamps, np.int64) // (STARVATION_LIMIT + 1)
    return np.where(np.asarray(classes) < HIGH_CLASSES, owed, 0)


def in_flight(facts: Mapping[str, int]) -> int:
    """ticket x workers: tasks that may be in somebody's ticket at a time; 1 where there are no tickets."""
    return facts.get("ticket", 1) * facts.get("workers", 1)


def judge(classes: NDArray[np.integer], stamps: NDArray[np.integer], bound: int) -> Overtaken:
    """Sum up one drain."""
    before = overtaken(classes, stamps)
    beyond = np.maximum(before - guard_share(classes, stamps), 0)
    return Overtaken(
        most=int(before.max(initial=0)),
        beyond=int(beyond.max(initial=0)),
        bound=bound,
        late=int(np.count_nonzero(beyond > bound)),
    )


def watch_order(backend: Backend, stage: Stage) -> Overtaken:
    """Drain a ring of stamping tasks once."""
    stamped = np.zeros(stage.count + 1, np.uint32)
    workload = Workload(
        backend,
        renew=lambda: stage.renew(op_id("stamp")),
        claims=stage.count,
        ops=(bench_ops(),),
        buffers=BufferTable({0: Buffer(stamped, writable=True)}),
        in_place=stage.in_place,
    )
    with closing(workload.open()) as session:
        Drain(session, Limits()).run()
        session.finish()
        bound = in_flight(session.facts())
    return judge(stage.template["priority"], stamped[1:], bound)


def summary(size: int, drains: Sequence[Overtaken]) -> dict[str, float]:
    """Several drains of rings of one size: medians, and the worst of them."""
    return {
        "size": size,
        "drains": len(drains),
        "most": median(one.most for one in drains),
        "beyond": median(one.beyond for one in drains),
        "beyond_worst": max(one.beyond for one in drains),
        "bound": max(one.bound for one in drains),
        "late": median(one.late for one in drains),
        "late_worst": max(one.late for one in drains),
    }

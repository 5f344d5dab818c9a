"""What a launch makes of tasks that need no buffer, in closed form over a whole ring, without any of the engine.

Covers nop, wait, requeue_n, fault and operations that nothing defines, with a launch's own control buffer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.support.ops import FAULT, NOP, REQUEUE_N, WAIT
from vyrectl import SLOT_DTYPE
from vyrectl.task.arrays import SlotArray

UNDEFINED = 0x20000
MOST = 2**32 - 1


@dataclass(frozen=True)
class Plain:
    """The ring that must result, and the turns that it takes."""

    slots: SlotArray
    claims: int
    done: int


def plain_ring(count: int, seed: int) -> SlotArray:
    """Such tasks in every state, with counters near their ends."""
    random = np.random.default_rng(seed)
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"] = random.choice([0, 1, 1, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7, 99], count)
    slots["op_handle"] = random.choice([NOP, NOP, WAIT, REQUEUE_N, REQUEUE_N, FAULT, UNDEFINED], count)
    slots["param"] = random.choice([0, 1, 2, 5, MOST], count)
    slots["param"][slots["op_handle"] == REQUEUE_N] %= 4
    slots["priority"] = random.choice([0, 1, 2, 3, 4, 5, MOST], count)
    slots["tenant_id"] = random.integers(0, 40, count)
    slots["continuation_pc"] = random.choice([0, 0, 0, 1, 2], count)
    slots["continuation_data"] = random.integers(0, 2**32, count, dtype=np.uint32)
    slots["resume_epoch"] = random.choice([0, 1, 2, 3, MOST], count)
    slots["task_id"] = np.arange(count)
    for counter in ("age_ticks", "requeue_count", "yield_count"):
        slots[counter] = random.choice([0, 1, 40, MOST - 1, MOST], count, p=[0.6, 0.2, 0.1, 0.05, 0.05])
    slots["flags"] = random.integers(0, 2**32, count, dtype=np.uint32)
    return slots


def plain_result(before: SlotArray, epoch: int) -> Plain:
    """Spec 1.6 applied to each task as often as its operation asks."""
    slots = before.copy()
    due = (slots["state"] == 4) & (slots["resume_epoch"] <= epoch) & (slots["resume_epoch"] != MOST)
    slots["flags"][due] = slots["flags"][due] & ~np.uint32(3) | 8
    slots["state"][due] = 1
    runs = np.isin(slots["state"], [1, 5, 6])
    op = slots["op_handle"]
    claims = runs.astype(np.int64)

    _fault(slots, runs & (op == UNDEFINED), 0xFFFF_FF01)
    given = slots["param"].copy()
    given[given >= 0xFFFF_FF00] = 0xFFFF_FF07
    _fault(slots, runs & (op == FAULT), given)
    _done(slots, runs & (op == NOP))

    waits = runs & (op == WAIT)
    _done(slots, waits & (slots["continuation_pc"] != 0))
    pauses = waits & (slots["continuation_pc"] == 0)
    slots["continuation_pc"][pauses] = 1
    slots["resume_epoch"][pauses] = slots["param"][pauses]
    returns = pauses & (slots["param"] <= epoch) & (slots["param"] != MOST)
    slots["flags"][pauses] = slots["flags"][pauses] & ~np.uint32(8) | 1
    slots["state"][pauses] = 4
    _done(slots, returns)
    claims += returns

    claims += _requeue(slots, runs & (op == REQUEUE_N))
    done = int(np.count_nonzero(runs & (slots["state"] == 3)))
    return Plain(slots, int(claims.sum()), done)


def _requeue(slots: SlotArray, which: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Requeues that each task makes; those whose counters are at their ends fault instead of the next one."""
    pc, param = slots["continuation_pc"].astype(np.int64), slots["param"].astype(np.int64)
    wanted = np.where(which, np.maximum(param - pc, 0), 0)
    room = MOST - np.maximum(slots["requeue_count"], slots["age_ticks"]).astype(np.int64)
    made: NDArray[np.int64] = np.minimum(wanted, room)
    some = made > 0
    slots["continuation_pc"][some] += made[some].astype(np.uint32)
    slots["requeue_count"][some] += made[some].astype(np.uint32)
    slots["age_ticks"][some] += made[some].astype(np.uint32)
    slots["priority"][some] = np.minimum(np.minimum(slots["priority"][some], 4) + made[some], 4)
    slots["flags"][some] |= np.uint32(4)
    _fault(slots, which & (made < wanted), 0xFFFF_FF04)
    _done(slots, which & (made == wanted))
    return made


def _done(slots: SlotArray, which: NDArray[np.bool_]) -> None:
    slots["state"][which], slots["flags"][which] = 3, 0


def _fault(slots: SlotArray, which: NDArray[np.bool_], code: int | NDArray[np.uint32]) -> None:
    slots["state"][which] = 7
    slots["continuation_data"][which] = code if isinstance(code, int) else code[which]

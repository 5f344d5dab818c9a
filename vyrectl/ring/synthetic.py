"""Rings made up from a seed: the same count, seed and mix give the same bytes everywhere.

May import numpy. The numbers are the raw output of numpy's PCG64 bit generator, whose stream numpy keeps
the same from version to version (unlike what its `Generator` makes of it); all else is integer arithmetic.
Each column has a stream of its own, so that a ring is the beginning of every longer one with the same seed
and mix.

A synthetic task starts its operation from the beginning (pc and data 0) and fits its state: a Paused one
has the flag and an epoch, a Yielded or Requeued one the flag and a count of 1 to 3, a Done one no flags, an
Empty slot no words at all. With the default mix every task can finish in a launch at epoch 0, except the
few Paused ones that wait for an epoch from 1 to 8 (`Mix.late_percent`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.opcodes import window_opcode
from vyrectl.abi.states import TaskFlag, TaskPriority, TaskState
from vyrectl.errors import InvalidInputError, UnknownNameError, UsageError
from vyrectl.files.window import check_slot_count
from vyrectl.ring.mix import Mix, Weights
from vyrectl.task.arrays import SlotArray

__all__ = ["DEFAULT_OPS", "Mix", "synthesize"]

DEFAULT_OPS: Mapping[str, int] = {"nop": 0, "spin": 0x1005, "wait": 0x1006, "requeue_n": 0x1007}
"""Ids of the operations in the default mix; a test holds them to the operations that ship."""

_STREAMS = ("state", "op", "priority", "tenant", "param", "count", "late", "epoch")
_MOST_TURNS = 3
_LATEST_EPOCH = 8

Words = NDArray[np.uint64]


def synthesize(
    count: int, seed: int, mix: Mix | None = None, *, op_codes: Mapping[str, int] = DEFAULT_OPS
) -> SlotArray:
    """Make up a ring.

    Args:
        count: Number of slots.
        seed: Any whole number from 0 on.
        mix: What it is made of; the default mix needs no buffers.
        op_codes: Ids of the operations that the mix names.

    Returns:
        Array of `SLOT_DTYPE`, shape (count,); task ids count from 1.

    Raises:
        UsageError: A negative count or seed.
        RingFormatError: More slots than a ring can have.
        InvalidInputError: The mix names an operation that does not exist.
    """
    mix = mix if mix is not None else Mix()
    if count < 0 or seed < 0:
        raise UsageError(f"{'count' if count < 0 else 'seed'} is negative", fix="Give a number from 0 on")
    check_slot_count(count, where="--synthetic")
    draws = _Draws(count, seed)
    slots = np.zeros(count, dtype=SLOT_DTYPE)
    slots["state"] = draws.choose("state", mix.state, [int(TaskState[name.upper()]) for name in mix.state])
    slots["priority"] = draws.choose(
        "priority", mix.priority, [int(TaskPriority[name.upper()]) for name in mix.priority]
    )
    slots["tenant_id"] = draws.spread("tenant", 0, mix.tenants - 1)
    slots["task_id"] = np.arange(1, count + 1, dtype=np.uint32)
    _fill_work(slots, mix, _resolve(mix, op_codes), draws)
    _fill_history(slots, mix, draws)
    slots[slots["state"] == TaskState.EMPTY] = np.zeros((), dtype=SLOT_DTYPE)
    return slots


class _Draws:
    """Random columns, each from a stream of its own."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed

    def raw(self, stream: str) -> Words:
        """32 random bits a slot."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(_STREAMS.index(stream),))
        bits: Words = np.random.PCG64(sequence).random_raw(self.count)
        return bits >> np.uint64(32)

    def spread(self, stream: str, low: int, high: int) -> Words:
        """Whole numbers from `low` to `high`, all alike."""
        return np.uint64(low) + (self.raw(stream) * np.uint64(high - low + 1) >> np.uint64(32))

    def choose(self, stream: str, weights: Weights, words: Sequence[int]) -> NDArray[np.uint32]:
        """One of `words` a slot, by weight."""
        total = sum(weights.values(), Fraction(0))
        ends, so_far = [], Fraction(0)
        for weight in weights.values():
            so_far += weight
            ends.append(int(so_far * 2**32 / total))
        at = np.searchsorted(np.array(ends, dtype=np.uint64), self.raw(stream), side="right")
        return np.array(words, dtype=np.uint32)[at]


def _resolve(mix: Mix, op_codes: Mapping[str, int]) -> dict[str, int]:
    """Ids of the mix's operations."""
    codes = {name.lower(): code for name, code in op_codes.items()}
    for key, names in (("op", mix.op), ("param", mix.param)):
        for name in names:
            if (code := window_opcode(name)) is not None:
                codes.setdefault(name, code)
            if name not in codes:
                error = UnknownNameError("op", name, tuple(codes))
                raise InvalidInputError(error.what, where=f"mix, key {key}.{name}", fix=error.fix)
    return {name: codes[name] for name in mix.op}


def _fill_work(slots: SlotArray, mix: Mix, codes: Mapping[str, int], draws: _Draws) -> None:
    """What each task is to do: its operation and that operation's param."""
    slots["op_handle"] = draws.choose("op", mix.op, list(codes.values()))
    position = draws.raw("param")
    for name, (low, high) in mix.param.items():
        if name in codes:
            mask = slots["op_handle"] == codes[name]
            slots["param"][mask] = np.uint64(low) + (
                position[mask] * np.uint64(high - low + 1) >> np.uint64(32)
            )


def _fill_history(slots: SlotArray, mix: Mix, draws: _Draws) -> None:
    """What has become of each task so far: flags, counters and the epoch it waits for."""
    state = slots["state"]
    turns = draws.spread("count", 1, _MOST_TURNS)
    paused, yielded, requeued = (
        state == one for one in (TaskState.PAUSED, TaskState.YIELDED, TaskState.REQUEUED)
    )
    late = draws.spread("late", 0, 99) < np.uint64(mix.late_percent)
    slots["resume_epoch"] = np.where(paused & late, draws.spread("epoch", 1, _LATEST_EPOCH), 0)
    slots["yield_count"] = np.where(yielded | (state == TaskState.DONE), turns, 0)
    slots["requeue_count"] = np.where(requeued, turns, 0)
    slots["age_ticks"] = np.where(requeued, turns, 0)
    for mask, flag in (
        (paused, TaskFlag.PAUSED),
        (yielded, TaskFlag.YIELDED),
        (requeued, TaskFlag.REQUEUE_REQUESTED),
    ):
        slots["flags"][mask] = np.uint32(flag)

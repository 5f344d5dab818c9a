"""Rules about tasks that are passed over, that go round, or that get on. Imports numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import PRIORITY_FAIRNESS
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.classes import STARVED_TURNS
from vyrectl.why.found import Found, find, first_task, seconds_text, tasks
from vyrectl.why.scene import Scene

_CLASSES = len(TaskPriority)
_HIGH = int(TaskPriority.HIGH)


class _Passed(NamedTuple):
    """Turns that went before each waiting task, shape (n,): of lower classes, of all, and at Critical and High."""

    lower: NDArray[np.int64]
    all: NDArray[np.int64]
    high: NDArray[np.int64]
    told_by: str


def starved(scene: Scene) -> Iterator[Found]:
    """Claimable, and others went before."""
    waiting = scene.chunk.claimable & scene.let_in & ~scene.undefined
    if scene.holder.on_copy or not waiting.any():
        return
    passed = _by_trace(scene) or _by_counters(scene) or _by_looks(scene)
    if passed is None:
        yield from _by_one_look(scene, waiting)
        return
    if scene.motion is not None:
        waiting = waiting & (scene.motion.turns == 0)
    mask, over = _passed_over(scene, waiting, passed)
    if mask.any():
        yield _starved(scene, mask, passed, over)


def _by_one_look(scene: Scene, waiting: Mask) -> Iterator[Found]:
    """The control buffer's own counters where they tell of a class that nobody ever claimed from, else ages."""
    passed = _by_totals(scene)
    if passed is not None:
        mask, over = _passed_over(scene, waiting & ~scene.had_turns, passed)
        if mask.any():
            yield _starved(scene, mask, passed, over)
            return
    yield from _aged(scene, waiting)


def _passed_over(scene: Scene, waiting: Mask, passed: _Passed) -> tuple[Mask, Mask]:
    """Tasks that too many others went before, and those of them that lower classes did."""
    own = np.minimum(scene.chunk["priority"], np.uint32(_CLASSES)).astype(np.int64)
    over = (passed.lower >= STARVED_TURNS) & (passed.lower * STARVED_TURNS > passed.all)
    alone = (own > _HIGH) & (passed.high >= STARVED_TURNS) & (passed.high == passed.all)
    return waiting & (over | alone), over


def _starved(scene: Scene, mask: Mask, passed: _Passed, over: Mask) -> Found:
    worst = int(np.argmax(np.where(mask, np.where(over, passed.lower, passed.high), -1)))
    lower, high = int(passed.lower[worst]), int(passed.high[worst])
    went = (
        f"{lower} turns of lower classes"
        if over[worst]
        else f"{high} turns at Critical and High, none below,"
    )
    return find(
        scene,
        "starved",
        mask,
        f"{tasks(int(np.count_nonzero(mask)))} passed over: {went} went before {first_task(scene, np.array([worst]))}",
        f"{went} of {int(passed.all[worst])} since its last turn, by {passed.told_by}",
        mend="requeue",
    )


def _aged(scene: Scene, waiting: Mask) -> Iterator[Found]:
    """With one look: ticks of age without a turn."""
    threshold = scene.about.age_threshold
    ages, requeues = (scene.chunk[name].astype(np.int64) for name in ("age_ticks", "requeue_count"))
    unturned = ages - requeues
    mask = waiting & scene.chunk.plain & (unturned >= max(threshold, 1))
    if not threshold or not mask.any():
        return
    worst = int(np.argmax(np.where(mask, unturned, -1)))
    yield find(
        scene,
        "starved",
        mask,
        f"{tasks(int(np.count_nonzero(mask)))} aged without a turn, {first_task(scene, np.array([worst]))} most",
        f"slot {worst}: age_ticks {int(ages[worst])}, requeue_count {int(requeues[worst])}; the policy gives way "
        f"at {threshold}",
        mend="age",
    )


def _by_trace(scene: Scene) -> _Passed | None:
    """What a trace tells, from the end of each slot's last turn on."""
    turns = scene.turns
    if turns is None:
        return None
    last = turns.last_of(len(scene.slots))
    own = np.minimum(scene.chunk["priority"], np.uint32(_CLASSES)).astype(np.int64)
    lower = np.zeros(len(last), np.int64)
    for one in range(_CLASSES):
        mine = own == one
        lower[mine] = turns.since(last[mine], turns.classes > one)
    everything = turns.since(last, np.ones(len(turns.began), np.bool_))
    return _Passed(lower, everything, turns.since(last, turns.classes <= _HIGH), "the trace")


def _by_looks(scene: Scene) -> _Passed | None:
    """What the counters of two looks tell: turns by class between them."""
    motion = scene.motion
    if motion is None:
        return None
    classes = np.minimum(scene.chunk["priority"], np.uint32(_CLASSES)).astype(np.int64)
    taken = np.bincount(classes, motion.turns + motion.ended, minlength=_CLASSES + 1).astype(np.int64)
    after = taken.sum() - np.cumsum(taken)
    everything = np.full(len(classes), taken.sum(), np.int64)
    high = np.full(len(classes), taken[: _HIGH + 1].sum(), np.int64)
    same = motion.same
    zero = np.zeros(len(classes), np.int64)
    return _Passed(
        np.where(same, after[classes], zero),
        np.where(same, everything, zero),
        np.where(same, high, zero),
        "two looks",
    )


def _by_counters(scene: Scene) -> _Passed | None:
    """What PRIORITY_FAIRNESS of two looks' control buffers tells; None where it did not move."""
    earlier, motion = scene.earlier, scene.motion
    if earlier is None or motion is None or earlier.control is None or scene.control is None:
        return None
    now, before = (np.array(_fairness(one), np.int64) for one in (scene.control, earlier.control))
    taken = now - before & U32_MAX
    if not taken.any() or taken.max() > U32_MAX // 2:  # it was set back meanwhile
        return None
    return _of_classes(scene, taken, motion.same, "PRIORITY_FAIRNESS of two looks")


def _by_totals(scene: Scene) -> _Passed | None:
    """What it tells at one look: of a class without a single claim, while nobody runs the ring."""
    if scene.control is None or scene.holder.lives:
        return None
    taken = np.array(_fairness(scene.control), np.int64)
    classes = np.minimum(scene.chunk["priority"], np.uint32(_CLASSES - 1)).astype(np.int64)
    return _of_classes(scene, taken, taken[classes] == 0, "PRIORITY_FAIRNESS of the control buffer")


def _fairness(control: tuple[int, ...]) -> tuple[int, ...]:
    return control[PRIORITY_FAIRNESS.first : PRIORITY_FAIRNESS.end]


def _of_classes(scene: Scene, taken: NDArray[np.int64], known: Mask, told_by: str) -> _Passed:
    """Turns by priority word, for the tasks of which it is known that they waited meanwhile."""
    classes = np.minimum(scene.chunk["priority"], np.uint32(_CLASSES - 1)).astype(np.int64)
    after = taken.sum() - np.cumsum(taken)
    each = (
        after[classes],
        np.full(len(classes), taken.sum()),
        np.full(len(classes), taken[: _HIGH + 1].sum()),
    )
    lower, everything, high = (np.where(known, one, 0).astype(np.int64) for one in each)
    return _Passed(lower, everything, high, told_by)


def circling(scene: Scene) -> Iterator[Found]:
    """Turns rose, and the words came back."""
    motion = scene.motion
    if motion is None:
        if scene.stalled == "circling":
            yield _counted(scene)
        return
    mask = (motion.turns > 0) & ~motion.moved & scene.chunk.open
    if not mask.any():
        return
    count = int(np.count_nonzero(mask))
    turns = int(motion.turns[mask].sum())
    first = int(np.flatnonzero(mask)[0])
    pc = int(scene.slots["continuation_pc"][first])
    yield find(
        scene,
        "circling",
        mask,
        f"{tasks(count)} took {turns} turns and {'stands where it' if count == 1 else 'stand where they'} stood",
        f"{first_task(scene, np.array([first]))}: {int(motion.turns[first])} turns{_span(scene)}, continuation_pc {pc} "
        "and continuation_data as before",
    )


def _counted(scene: Scene) -> Found:
    """A saved snapshot has no slots: requeues rose and nothing ended."""
    mask = scene.chunk.claimable & scene.chunk.plain & scene.chunk.lies("requeue_count", 1)
    return find(
        scene,
        "circling",
        mask,
        f"{tasks(int(np.count_nonzero(mask)))} may go round: requeues rose since the snapshot, and not one task ended",
        "the snapshot holds counts alone; a copy of the ring as --since names the tasks",
    )


def spinning(scene: Scene) -> Iterator[Found]:
    """Turns rose, and the words moved."""
    motion = scene.motion
    if motion is None:
        return
    mask = (motion.turns > 0) & motion.moved & scene.chunk.open
    if not mask.any():
        return
    turns = int(motion.turns[mask].sum())
    rate = motion.rate(turns)
    speed = "" if rate is None else f", {rate:.4g} a second"
    yield find(
        scene,
        "spinning",
        mask,
        f"{tasks(int(np.count_nonzero(mask)))} get on: {turns} turns{speed}",
        f"{turns} turns{_span(scene)}{speed}, and continuation_pc or continuation_data moved",
        _how_long(scene),
    )


def _how_long(scene: Scene) -> str:
    """How long until the queue is done, at the rate at which tasks ended."""
    motion = scene.motion
    assert motion is not None
    ended = int(np.count_nonzero(motion.ended))
    rate = motion.rate(ended)
    if not rate:
        return (
            "no task ended meanwhile, so there is no telling how long"
            if not ended
            else f"{tasks(ended)} ended"
        )
    left = int(np.count_nonzero(scene.chunk.open)) / rate
    return f"{tasks(ended)} ended; at that rate about {seconds_text(left)} are left"


def _span(scene: Scene) -> str:
    motion = scene.motion
    return "" if motion is None or motion.seconds is None else f" in {seconds_text(motion.seconds)}"


def faulted(scene: Scene) -> Iterator[Found]:
    """Faulted, by code and operation."""
    mask = scene.state(TaskState.FAULTED)
    if not mask.any():
        return
    yield find(scene, "faulted", mask, _faults(scene, mask), *_fault_groups(scene, mask))


def _faults(scene: Scene, mask: Mask) -> str:
    from vyrectl.abi.faults import fault_name

    codes, counts = np.unique(scene.slots["continuation_data"][mask], return_counts=True)
    worst = int(codes[int(np.argmax(counts))])
    more = f" and {len(codes) - 1} other code{'s' * (len(codes) > 2)}" if len(codes) > 1 else ""
    return f"{tasks(int(np.count_nonzero(mask)))} Faulted ({fault_name(worst)}{more})"


def _fault_groups(scene: Scene, mask: Mask, most: int = 4) -> Iterator[str]:
    """A line for each code and operation, the commonest first."""
    from vyrectl.abi.faults import fault_meaning, fault_name

    numbers = np.flatnonzero(mask)
    pairs = scene.slots[["continuation_data", "op_handle"]][numbers]
    kinds, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    for at in order[:most].tolist():
        code, op = (int(word) for word in kinds[at])
        slot = int(numbers[first[at]])
        seen = _first_seen(scene, numbers[pairs == kinds[at]])
        yield (
            f"{int(counts[at])} of {scene.op_name(op)}: {fault_name(code)}, {fault_meaning(code)}; "
            f"slot {slot} first{seen}"
        )
    if len(order) > most:
        yield f"and {len(order) - most} more codes and operations"


def _first_seen(scene: Scene, numbers: NDArray[np.int64]) -> str:
    """When the first of them was seen: in a look, in the trace, or since the earlier look."""
    looks = [scene.first_faults[slot] for slot in numbers.tolist() if slot in scene.first_faults]
    if looks:
        return f", seen first in {min(looks)[1]}"
    if scene.turns is not None:
        moments = [scene.turns.faulted[slot] for slot in numbers.tolist() if slot in scene.turns.faulted]
        if moments:
            return f", {min(moments) / 1e6:.3f} s into the trace"
    if scene.motion is not None and scene.motion.ended[numbers].any():
        return ", since the earlier look"
    return ""

"""Rules about Running tasks: held by a worker that lives, or by nobody. Imports numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from vyrectl.abi.states import TaskState
from vyrectl.ring.findings.masks import Mask
from vyrectl.sidecar.workers import busy
from vyrectl.why.classes import LONG_TURN_S, SUSPECT_TURN_S
from vyrectl.why.found import Found, among, find, runs, seconds_text, slot_list, tasks
from vyrectl.why.hands import Hands
from vyrectl.why.motion import Motion
from vyrectl.why.scene import Crew, Holder, Keeper, Numbers, Scene

MOST_PRINTED = 2
MOST_HANDS = 2
MOST_NAMED = 4
SOME_SLOT = "SLOT"
BEFORE = "the file shows what stood there before"
COPY = f", which works on a copy: {BEFORE}"
UNSEEN = ", which shows no workers: where it works is not seen"


def held_by(scene: Scene) -> str:
    """Who holds the ring or reads it, and what is seen of its slots."""
    holder = scene.holder
    if holder.reads:
        works = "work on copies" if len(holder.pids) > 1 else "works on a copy"
        file = scene.places["file"]
        asked = "" if scene.places["asked"] == file else f"; {scene.name} is written when it ends"
        return f"{holder.name} {works} of {file}: {BEFORE}{asked}"
    said = UNSEEN if holder.shows_nobody else COPY
    return f"held by {holder.name}{said * holder.on_copy}"


def held(scene: Scene) -> Iterator[Found]:
    """Running, and somebody holds the ring."""
    mask = scene.in_hand
    if not scene.holder.lives or not mask.any():
        return
    stuck, said = _same_turn(scene, mask)
    stuck, said = _long_turn(scene, mask, stuck, said)
    # What a dead launch left Running is in nobody's hand, and what is claimed with others is not yet.
    seen = stuck & among(_in_hand(scene, mask), len(mask))
    stuck = seen if seen.any() else stuck
    lasting = int(np.count_nonzero(stuck))
    stuck = _may_hang(scene, stuck)
    beside = lasting - int(np.count_nonzero(stuck))
    numbers = np.flatnonzero(stuck if lasting else _may_hang(scene, mask))
    count = int(np.count_nonzero(mask))
    summary = f"{tasks(count)} in the hands of a worker that lives, {_task(scene, int(numbers[0]))} first"
    if stuck.any():
        summary = f"{_task(scene, int(numbers[0]))} is in one turn that does not end"
    yield find(
        scene,
        "held",
        mask,
        summary,
        held_by(scene),
        *_hands(scene, stuck if lasting else mask, same=_same(scene)),
        said,
        f"{tasks(beside)} of operations that end at once {'is' if beside == 1 else 'are'} in hand beside it: a device "
        "that runs neighbours in step holds them up"
        if beside
        else None,
        _turn(scene, int(numbers[0])),
        *_printed(scene, mask),
        mend=_way_out(scene),
        then=_then(scene, numbers) if stuck.any() else "",
        places={
            "hung": _named(numbers) if stuck.any() else SOME_SLOT,
            "kept": without(numbers) or "",
            "pids": (pids := " ".join(map(str, _ends(scene, numbers)))),
            "whose": f" ({pids})" if pids else "",
        },
        chosen=numbers,
        needs_person=bool(stuck.any()),
    )


def orphaned(scene: Scene) -> Iterator[Found]:
    """Running, and nobody is seen to hold the ring."""
    mask = scene.state(TaskState.RUNNING) & ~scene.away
    if (scene.holder.lives and not scene.holder.reads) or not mask.any():
        return
    reads = f"; {scene.holder.name} leaves them alone in its copy" if scene.holder.reads else ""
    if reads:
        scene = replace(scene, holder=Holder(Keeper.NOBODY), workers=scene.crew.died, crew=Crew())
    count = int(np.count_nonzero(mask))
    unseen = "; of a copy this says nothing about where the ring runs"
    hung = _may_hang(scene, _long(scene, mask))
    suspected = _may_hang(scene, mask & _lasting(scene, SUSPECT_TURN_S))
    ended = hung if hung.any() else suspected
    who = f"nobody holds the ring{reads}"
    if scene.holder.keeper is Keeper.UNKNOWN:
        who = f"nobody can be seen to hold the ring{unseen}"
    yield find(
        scene,
        "orphaned",
        mask,
        f"{tasks(count)} Running without anybody who runs {'it' if count == 1 else 'them'}",
        who,
        *_hands(scene, mask),
        _turn(scene, int(np.flatnonzero(mask)[0])),
        *_printed(scene, mask),
        mend="hung" if hung.any() else "suspected" if suspected.any() else "",
        then="rest" if ended.any() else "",
        places={"hung": _named(_in_hand(scene, _may_hang(scene, mask)))},
        chosen=np.flatnonzero(ended) if ended.any() else None,
    )


def _then(scene: Scene, hung: Numbers) -> str:
    """What follows the end of a launch with tasks that hung: ended where they are, or left out, if they are few."""
    if scene.holder.in_place:
        return "gone"
    return "without" if _way_out(scene) in ("copy", "unnamed") and without(hung) is not None else ""


def without(hung: Numbers) -> str | None:
    """A condition for all slots but these; None where they are too many to name, or none."""
    if not 0 < len(runs(hung)) <= MOST_NAMED:
        return None
    return " and ".join(_other_than(first, last) for first, last in runs(hung))


def _other_than(first: int, last: int) -> str:
    if first == last:
        return f"slot != {first}"
    return f"(slot < {first} or slot > {last})" if first else f"slot > {last}"


def _named(numbers: Numbers) -> str:
    """The slots that an advice in words names, where they are few."""
    return slot_list(numbers, MOST_NAMED) if 0 < len(runs(numbers)) <= MOST_NAMED else SOME_SLOT


def _in_hand(scene: Scene, mask: Mask) -> Numbers:
    """Slots among them that a worker has in hand, or had."""
    return np.array(sorted(slot for slot in scene.workers if slot < len(mask) and mask[slot]), np.int64)


def _way_out(scene: Scene) -> str:
    """How to end the launch: a copy is thrown away."""
    if scene.holder.in_place:
        return "live"
    if not scene.holder.shows_work and not scene.away.any():
        return ""
    return "copy" if scene.holder.pids else "unnamed"


def _ends(scene: Scene, hung: Numbers) -> list[int]:
    """The processes to end: of several launches those that have these tasks in hand."""
    every = [*scene.workers.values(), *scene.crew.others]
    found = {one.launch for one in every if one.slot is not None and one.slot in hung}
    return [pid for pid in scene.holder.pids if pid in found] or list(scene.holder.pids)


def _same_turn(scene: Scene, mask: Mask) -> tuple[Mask, str | None]:
    """Tasks that two looks found in one and the same turn, when that is too long, and what to say about it."""
    motion = scene.motion
    none = np.zeros(len(mask), np.bool_)
    if motion is None:
        return none, "one look alone does not tell whether the turn ends"
    if scene.holder.on_copy and scene.crew.hands is None:
        return none, "its workers were not seen in both looks"
    stuck = mask & _same(scene)
    if not stuck.any():
        return none, "between the looks its tasks took turns"
    since = "in both looks" if motion.seconds is None else f"for at least {seconds_text(motion.seconds)}"
    if any(stuck[slot] for slot in _in_hand(scene, mask)):
        since = "in both looks"
    long = motion.seconds is not None and motion.seconds >= LONG_TURN_S
    quiet = not (motion.total_turns if scene.crew.hands is None else scene.crew.hands.begun)
    said = f"in the same turn {since}" + (", and no turn ended anywhere" if quiet else "")
    return (stuck if long or quiet else none), said


def _same(scene: Scene) -> Mask:
    """Tasks that two looks found in one and the same turn."""
    if scene.motion is None or (scene.holder.on_copy and scene.crew.hands is None):
        return np.zeros(len(scene.slots), np.bool_)
    return _unmoved(scene, scene.motion) if scene.crew.hands is None else _unturned(scene, scene.crew.hands)


def _unmoved(scene: Scene, motion: Motion) -> Mask:
    """Tasks that were Running in both looks, and by the slots in the same turn."""
    assert scene.earlier is not None
    was = np.zeros(len(scene.slots), np.bool_)
    common = min(len(was), len(scene.earlier.slots))
    was[:common] = scene.earlier.slots["state"][:common] == int(TaskState.RUNNING)
    unmoved: Mask = was & motion.same & (motion.turns == 0) & ~motion.moved
    return unmoved


def _unturned(scene: Scene, hands: Hands) -> Mask:
    """Tasks that the same worker had in hand in both looks, in the same turn."""
    return among(
        np.array(sorted(slot for slot in hands.same if slot < len(scene.slots)), np.int64), len(scene.slots)
    )


def _long_turn(scene: Scene, mask: Mask, stuck: Mask, said: str | None) -> tuple[Mask, str | None]:
    """The same, and tasks whose workers have been at one turn for too long, as their launch has noted."""
    long = _long(scene, mask)
    if not long.any():
        return stuck, said
    return stuck | long, said if stuck.any() else None


def _long(scene: Scene, mask: Mask) -> Mask:
    """Those whose workers have been at one turn for too long, or had been when their launch died."""
    hung = [slot for slot, one in scene.workers.items() if one.hung and slot < len(mask)]
    return mask & (among(np.array(hung, np.int64), len(mask)) | _lasting(scene, LONG_TURN_S))


def _lasting(scene: Scene, least_s: float) -> Mask:
    """Slots that a worker has, or had, in hand for so long."""
    slots = [slot for slot, one in scene.workers.items() if (one.seconds or 0.0) >= least_s]
    inside = [slot for slot in slots if slot < len(scene.slots)]
    return among(np.array(inside, np.int64), len(scene.slots))


def _hands(scene: Scene, mask: Mask, *, same: Mask | None = None) -> Iterator[str]:
    """Which worker has which of them in hand, and since when; the longest turn first.

    Args:
        scene: Where.
        mask: The tasks.
        same: Those that two looks found in one turn: it has lasted as long as they lie apart; None where their launch
            has died.
    """
    every = [*scene.workers.values(), *scene.crew.others]
    known = [one for one in every if one.slot is not None and one.slot < len(mask) and mask[one.slot]]
    between = 0.0 if scene.motion is None else scene.motion.seconds or 0.0
    has, when = ("had", " when its launch died") if same is None else ("has", "")
    for one in busy(known)[:MOST_HANDS]:
        seen = between if same is not None and same[one.slot] else 0.0
        least = max(one.seconds or 0.0, seen)
        lasted = "" if one.seconds is None and not seen else f" for at least {seconds_text(least)}"
        yield f"{one.called} {has} slot {one.slot} in hand{lasted}{when}, its turn {one.turns}"


def _may_hang(scene: Scene, mask: Mask) -> Mask:
    """Those among them whose operation does more than end; all where there is none."""
    numbers = np.flatnonzero(mask)
    ops = scene.slots["op_handle"][numbers]
    for slot in _in_hand(scene, mask).tolist():
        ops[np.searchsorted(numbers, slot)] = _op_in_hand(scene, slot)
    kept = numbers[~np.isin(ops, list(scene.operations.ending))]
    return among(kept, len(mask)) if len(kept) else mask


def _op_in_hand(scene: Scene, slot: int) -> int:
    """A task's operation; the worker that has it knows it best."""
    worker = scene.workers.get(slot)
    op = None if worker is None else worker.op_handle
    return int(scene.slots["op_handle"][slot]) if op is None else op


def _task(scene: Scene, slot: int) -> str:
    """A task in words."""
    return f"slot {slot} ({scene.op_name(_op_in_hand(scene, slot))})"


def _turn(scene: Scene, slot: int) -> str | None:
    """Which turn it is, where the slot's words tell."""
    if scene.away[slot] or not scene.chunk.plain[slot]:
        return None
    words = scene.slots[slot]
    turn = int(words["yield_count"]) + int(words["requeue_count"]) + 1
    return f"slot {slot}: task {int(words['task_id'])}, turn {turn}, continuation_pc {int(words['continuation_pc'])}"


def _printed(scene: Scene, mask: Mask) -> Iterator[str]:
    """The last debug records of the first of them."""
    said = [slot for slot in np.flatnonzero(mask).tolist() if slot in scene.printed]
    for slot in said[:MOST_PRINTED]:
        yield f"slot {slot} last printed {scene.printed[slot]}"

"""Rules about parents that wait for their children, and about tasks that need an Empty slot. Imports numpy.

The invariant: a ring of waits is found by following each waiting parent upwards once, however long the chain is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.found import Found, among, find, first_task, slot_text, tasks, waiting
from vyrectl.why.scene import Scene

MOST_CHILDREN = 4
NOT_TAKEN_UP = "no launch takes up a parent whose operation is not known to spawn"


def waits_for_children(scene: Scene) -> Iterator[Found]:
    """Parents at a join, by what stands in the way."""
    if not scene.at_join.any():
        return
    open_children = scene.chunk.open & (scene.parents >= 0)
    waited_for = np.bincount(scene.parents[open_children], minlength=len(scene.slots)) > 0
    children = np.bincount(scene.parents[scene.parents >= 0], minlength=len(scene.slots)) > 0
    repeated = _repeated(scene)
    rings = _rings(scene)
    rest = scene.at_join & ~_members(scene, rings)
    yield from _cycles(scene, rings)
    if (rest & repeated).any():
        yield _twins(scene, rest & repeated)
    rest &= ~repeated
    if (rest & ~children).any():
        yield _childless(scene, rest & ~children)
    ended = rest & children & ~waited_for
    if ended.any():
        yield _ended(scene, ended)
    if (rest & waited_for).any():
        yield _open(scene, rest & waited_for)


def _cycles(scene: Scene, rings: list[list[int]]) -> Iterator[Found]:
    """Rings of waits, by what lets a launch end all of their tasks.

    Parents that no launch takes up are resumed by hand. Of the others a link is cut where its parent has another child
    to wait for; where no parent has one, one of them is resumed.
    """
    families = np.bincount(scene.parents[scene.parents >= 0], minlength=len(scene.slots))
    by_mend: dict[str, list[tuple[list[int], list[int]]]] = {"cycle": [], "by-hand": []}
    for ring in rings:
        left = [slot for slot in ring if not scene.spawning[slot]]
        cut = [slot for slot in sorted(ring) if families[scene.parents[slot]] > 1]
        if left or not cut:
            by_mend["by-hand"].append((ring, left or [min(ring)]))
        else:
            by_mend["cycle"].append((ring, cut[:1]))
    for mend, found in by_mend.items():
        if found:
            chosen = sorted(slot for _, slots in found for slot in slots)
            yield _cycle(scene, [ring for ring, _ in found], mend, np.array(chosen, np.int64))


def _cycle(scene: Scene, rings: list[list[int]], mend: str, chosen: NDArray[np.int64]) -> Found:
    members = _members(scene, rings)
    count = int(np.count_nonzero(members))
    chains = [" -> ".join(str(slot) for slot in _chain(scene, min(ring))) for ring in rings[:MOST_CHILDREN]]
    by_hand = mend == "by-hand" and not scene.spawning[chosen].all()
    return find(
        scene,
        "waits-for-children",
        members,
        f"{waiting(count)} for each other, parent for child, in a ring",
        *[f"slot waits for slot: {chain}" for chain in chains],
        NOT_TAKEN_UP if by_hand else None,
        mend=mend,
        chosen=chosen,
        needs_person=True,
    )


def _members(scene: Scene, rings: list[list[int]]) -> Mask:
    return among(np.array([slot for ring in rings for slot in ring], np.int64), len(scene.slots))


def _chain(scene: Scene, start: int) -> list[int]:
    """The slots of a ring of waits, each followed by the child that it waits for, back to the first."""
    up = [start]
    while (parent := int(scene.parents[up[-1]])) != start:
        up.append(parent)
    chain = [start, *reversed(up[1:]), start]
    return chain if len(chain) <= 10 else [*chain[:9], start]


def _twins(scene: Scene, mask: Mask) -> Found:
    parent = int(np.flatnonzero(mask)[0])
    task_id = int(scene.slots["task_id"][parent])
    bearers = np.flatnonzero((scene.slots["task_id"] == task_id) & ~scene.state(TaskState.EMPTY))
    others = bearers[bearers != parent]
    spawns = mask & scene.spawning
    lost = "a launch ends such a parent as lost_children"
    return find(
        scene,
        "waits-for-children",
        mask,
        f"{tasks(int(np.count_nonzero(mask)))} cannot tell their children: their task_id is 0 or another's too",
        f"task_id {task_id} does not name one task" + (f" ({slot_text(bearers)})" if task_id else ""),
        lost if spawns.any() else None,
        NOT_TAKEN_UP if (mask & ~spawns).any() else None,
        mend="twins",
        chosen=others[:1] if task_id else np.array([parent]),
        places={"free": str(_free_id(scene))},
        needs_person=True,
    )


def _free_id(scene: Scene) -> int:
    """The least id that no task bears or names."""
    used = np.union1d(scene.slots["task_id"], scene.slots["parent_task_id"])
    return int(np.setdiff1d(np.arange(1, len(used) + 2), used)[0])


def _childless(scene: Scene, mask: Mask) -> Found:
    """Parents without a child, which a launch takes up; all are of operations that may spawn (`Scene.at_join`)."""
    numbers = np.flatnonzero(mask)
    task = int(scene.slots["task_id"][numbers[0]])
    return find(
        scene,
        "waits-for-children",
        mask,
        f"{waiting(len(numbers))} for children, and none is left to wait for",
        f"{first_task(scene, numbers)}: no open task has parent_task_id {task}",
        mend="ended",
        needs_person=not scene.holder.lives,
    )


def _ended(scene: Scene, mask: Mask) -> Found:
    numbers = np.flatnonzero(mask)
    faulted = scene.state(TaskState.FAULTED) & np.isin(scene.parents, numbers)
    lost = int(np.count_nonzero(faulted))
    left = numbers[~scene.spawning[numbers]]
    return find(
        scene,
        "waits-for-children",
        mask,
        f"{waiting(len(numbers))} for children that have all ended",
        f"{first_task(scene, numbers)}: its children are Done" + (f", {lost} Faulted" if lost else ""),
        NOT_TAKEN_UP if len(left) else None,
        mend="by-hand" if len(left) else "ended",
        chosen=left if len(left) else None,
        needs_person=bool(len(left)) or not scene.holder.lives,
    )


def _open(scene: Scene, mask: Mask) -> Found:
    parent = int(np.flatnonzero(mask)[0])
    children = np.flatnonzero((scene.parents == parent) & scene.chunk.open)
    stand = [f"slot {slot} {_state(scene, slot)}" for slot in children[:MOST_CHILDREN].tolist()]
    more = f" and {len(children) - MOST_CHILDREN} more" if len(children) > MOST_CHILDREN else ""
    return find(
        scene,
        "waits-for-children",
        mask,
        f"{waiting(int(np.count_nonzero(mask)))} for children that are open",
        f"{first_task(scene, np.array([parent]))} waits for {', '.join(stand)}{more}",
        mend="open",
    )


def _state(scene: Scene, slot: int) -> str:
    return TaskState(int(scene.slots["state"][slot])).label


def _repeated(scene: Scene) -> Mask:
    """Slots whose task_id does not name one task; only parents are asked.

    Two of one id are no hindrance to a launch where no open task names them as its parent.
    """
    ids, counts = np.unique(scene.slots["task_id"][~scene.state(TaskState.EMPTY)], return_counts=True)
    named = scene.slots["task_id"]
    hinders = np.isin(named, scene.slots["parent_task_id"][scene.chunk.open]) | ~scene.spawning
    repeated: Mask = (np.isin(named, ids[counts > 1]) & hinders) | (named == 0)
    return repeated


def _rings(scene: Scene) -> list[list[int]]:
    """Slots of parents that wait for each other, ring by ring, each followed by the parent that waits for it."""
    up = np.where(scene.at_join, scene.parents, -1)
    up[up >= 0] = np.where(scene.at_join[up[up >= 0]], up[up >= 0], -1)
    seen = np.zeros(len(up), np.int64)
    found: list[list[int]] = []
    for mark, start in enumerate(np.flatnonzero(up >= 0).tolist(), start=1):
        slot = start
        while slot >= 0 and not seen[slot]:
            seen[slot] = mark
            slot = int(up[slot])
        if slot >= 0 and seen[slot] == mark:
            ring = [slot]
            while (slot := int(up[slot])) != ring[0]:
                ring.append(slot)
            found.append(ring)
    return found


def _all_slots(count: int) -> str:
    return "its one slot is" if count == 1 else f"all {count} slots are"


def full(scene: Scene) -> Iterator[Found]:
    """No slot is Empty, and somebody waits for one."""
    if scene.state(TaskState.EMPTY).any() or not len(scene.slots):
        return
    gave_up = scene.state(TaskState.YIELDED) | scene.state(TaskState.REQUEUED)
    spawners = gave_up & np.isin(scene.chunk["op_handle"], sorted(scene.operations.spawning))
    ended = scene.motion is None or bool(scene.motion.ended.any())
    fed = scene.holder.feeds and not scene.state(TaskState.DONE).any() and not ended
    if not spawners.any() and not fed:
        return
    count = int(np.count_nonzero(spawners))
    who = (
        f"{tasks(count)} that may spawn had a turn and gave it up ({slot_text(np.flatnonzero(spawners))})"
        if count
        else None
    )
    name = f"{Path(scene.name).stem}-larger.bin"
    yield find(
        scene,
        "full",
        spawners,
        f"{_all_slots(len(scene.slots))} taken, and "
        + (f"{tasks(count)} may wait for room for children" if count else "a feed waits for room"),
        who,
        f"{scene.holder.name} takes a feed" if fed else None,
        places={"bigger": quote(name), "count": str(len(scene.slots)), "more": str(2 * len(scene.slots))},
        needs_person=True if fed else None,
    )

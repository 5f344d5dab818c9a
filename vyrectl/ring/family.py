"""Parents and children: tasks name their parent by id, and this module finds it in the ring.

A small ring's relatives are found without numpy. Empty slots hold no task, so they are nobody's parent or child.
Ids may repeat in a broken ring: the first slot that bears an id is then the parent. A task that is its own
ancestor ends no walk: a walk visits every slot once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.ring.file import Ring
from vyrectl.telemetry.snapshot import STDLIB_SLOTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

NOBODY = 0
"""The parent_task_id of a task without a parent."""

CHUNK_SLOTS = 1 << 15

_TASK, _PARENT = (FIELD_INDEX[name] for name in ("task_id", "parent_task_id"))
_LINKS = struct.Struct(f"<I{_TASK * 4 - 4}xII{SLOT_BYTES - _PARENT * 4 - 4}x")
"""State, task_id and parent_task_id of one slot."""


@dataclass(frozen=True, slots=True)
class Relatives:
    """Slots of a task's parents (more than one only where ids repeat) and of its children."""

    parents: tuple[int, ...]
    children: tuple[int, ...]


def relatives(ring: Ring, number: int) -> Relatives:
    """Find the parents and the children of the task in one slot.

    Args:
        ring: An open ring; all of its slots are looked at.
        number: Slot number, inside the ring.
    """
    start = number * SLOT_BYTES
    _, task, parent = _LINKS.unpack(ring.data[start : start + SLOT_BYTES])
    find = _find_in_bytes if len(ring) <= STDLIB_SLOTS else _find_in_slots
    return find(ring, task, parent)


def _find_in_bytes(ring: Ring, task: int, parent: int) -> Relatives:
    parents, children = [], []
    for number, (state, task_id, parent_id) in enumerate(_LINKS.iter_unpack(ring.data)):
        if state != TaskState.EMPTY:
            if task_id == parent != NOBODY:
                parents.append(number)
            if parent_id == task != NOBODY:
                children.append(number)
    return Relatives(tuple(parents), tuple(children))


def _find_in_slots(ring: Ring, task: int, parent: int) -> Relatives:
    return Relatives(
        _bearers(ring.slots, "task_id", parent) if parent != NOBODY else (),
        _bearers(ring.slots, "parent_task_id", task) if task != NOBODY else (),
    )


def _bearers(slots: SlotArray, field: str, word: int) -> tuple[int, ...]:
    import numpy as np

    found: list[int] = []
    for start in range(0, len(slots), CHUNK_SLOTS):
        chunk = slots[start : start + CHUNK_SLOTS]
        mask = (chunk[field] == word) & (chunk["state"] != TaskState.EMPTY)
        found += (np.flatnonzero(mask) + start).tolist()
    return tuple(found)


def parent_slots(slots: SlotArray, arguments: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """The slot of each task's parent.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        arguments: Slots that hold arguments and so name no parent and have no id, shape (n,); None for none.

    Returns:
        Slot numbers, shape (n,), int64; -1 for Empty slots, tasks without a parent, and parents that are not in
        the ring.
    """
    import numpy as np

    held = slots["state"] != TaskState.EMPTY
    tasks = np.flatnonzero(held if arguments is None else held & ~arguments)
    found = np.full(len(slots), -1, np.int64)
    ids, first = np.unique(slots["task_id"][tasks], return_index=True)
    wanted = slots["parent_task_id"][tasks]
    at = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    known = (wanted != NOBODY) & (ids[at] == wanted) if len(ids) else np.zeros(0, np.bool_)
    found[tasks[known]] = tasks[first[at[known]]]
    return found


def with_ancestors(parents: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some slots and everything above them, sorted.

    Args:
        parents: What `parent_slots` found, shape (n,).
        numbers: Slot numbers, shape (m,).
    """
    import numpy as np

    above = parents.tolist()
    wanted = bytearray(len(above))
    for number in numbers.tolist():
        while number >= 0 and not wanted[number]:
            wanted[number] = 1
            number = above[number]
    return np.flatnonzero(np.frombuffer(wanted, np.uint8)).astype(np.int64)


def walk(parents: NDArray[np.int64], numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Go through some slots from the roots down, each parent before its children.

    Args:
        parents: What `parent_slots` found, shape (n,).
        numbers: Slots to visit, shape (m,), without repeats; siblings come in this order. A slot whose parent is
            not among them counts as a root.

    Yields:
        Slot number and depth, roots having depth 0.
    """
    import numpy as np

    among = np.zeros(len(parents) + 1, np.bool_)
    among[numbers] = True
    above = np.where(among[parents], parents, -1)
    order = numbers[np.argsort(above[numbers], kind="stable")]
    bounds = np.searchsorted(above[order], np.arange(-1, len(parents) + 1))
    children, starts, up = order.tolist(), bounds.tolist(), above.tolist()
    seen = bytearray(len(parents))
    for root in children[: starts[1]]:
        yield from _down(root, children, starts, seen)
    for number in numbers.tolist():
        if not seen[number]:
            yield from _down(_on_a_cycle(number, up), children, starts, seen)


def _down(root: int, children: list[int], starts: list[int], seen: bytearray) -> Iterator[tuple[int, int]]:
    pending = [(root, 0)]
    while pending:
        number, depth = pending.pop()
        if seen[number]:
            continue
        seen[number] = 1
        yield number, depth
        first, end = starts[number + 1], starts[number + 2]
        if first < end:
            pending += [(child, depth + 1) for child in reversed(children[first:end])]


def _on_a_cycle(number: int, up: list[int]) -> int:
    """The lowest slot of the cycle that is above a slot without a root."""
    met: dict[int, None] = {}
    while number not in met:
        met[number] = None
        number = up[number]
    path = list(met)
    return min(path[path.index(number) :])

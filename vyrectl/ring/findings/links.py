"""Findings about slots beside each other: ids that repeat, parents that are missing or were done too soon.

May import numpy. The invariant: work grows as sorting does, not with how many slots are at fault, so that a ring whose
every slot is broken takes seconds too. Sorted words say how many slots a finding concerns; a second look at the
chunks, which ends as soon as enough are named, says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import TaskState
from vyrectl.ring.findings.masks import MASKS, Chunk, Mask
from vyrectl.ring.findings.report import SHOWN_SLOTS
from vyrectl.ring.findings.spots import Spot
from vyrectl.task.distinct import distinct

Words = NDArray[np.uint32]
Chunks = Callable[[], Iterator[Chunk]]


class Links:
    """The ids of a ring and what they say together: give it every chunk with `add`, then ask.

    Args:
        chunks: Gives the chunks of the ring from the first on, each time it is called.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._ids, self._done, self._parents, self._open_parents = (_Gathered() for _ in range(4))

    def add(self, chunk: Chunk) -> None:
        """Note the ids of a chunk."""
        self._ids.add(chunk["task_id"], _has_id(chunk))
        if chunk["parent_task_id"].any():
            self._parents.add(chunk["parent_task_id"], _has_parent(chunk))
            self._open_parents.add(chunk["parent_task_id"], chunk.open & _has_parent(chunk))
        self._done.add(chunk["task_id"], _is_done(chunk))

    def repeated(self) -> tuple[Spot, Words]:
        """Slots that share a task_id, and those ids; 0 and Empty slots do not count."""
        ids = self._ids.ascending()
        again = ids[1:] == ids[:-1]
        shared = np.zeros(len(ids), np.bool_)
        shared[1:] |= again
        shared[:-1] |= again
        return self._spot(ids[shared], "task_id", _has_id), distinct(ids[shared])

    def orphaned(self) -> Spot:
        """Tasks that are not Done and name a parent that no task of the ring is."""
        parents = self._parents.ascending()
        missing = parents[~_among(self._ids.ascending(), parents)] if len(parents) else parents
        return self._spot(missing, "parent_task_id", _has_parent)

    def parent_done(self) -> Spot:
        """Tasks that are still to finish and whose parent is Done."""
        parents = self._open_parents.ascending()
        early = parents[_among(self._done.ascending(), parents)] if len(parents) else parents
        return self._spot(early, "parent_task_id", lambda chunk: chunk.open & _has_parent(chunk))

    def has_waiting_parents(self) -> bool:
        """Some task that is Paused for ever has children, for which it may wait, or is of an operation that may spawn.

        A launch sees to those, also where there are no children any more.
        """
        parents = self._parents.ascending()
        return any(bool(_may_wait(chunk, parents).any()) for chunk in self._chunks())

    def _spot(self, words: Words, field: str, mask: Callable[[Chunk], Mask]) -> Spot:
        """The slots under a mask whose word is one of these; `words` ascends, with one element for each slot."""
        named = Spot()
        for chunk in self._chunks() if len(words) else ():
            named.add(mask(chunk) & _among(words, chunk[field]), chunk.first)
            if len(named.slots) == SHOWN_SLOTS:
                break
        return Spot(len(words), named.slots)


class _Gathered:
    """Words of some slots, chunk by chunk."""

    def __init__(self) -> None:
        self._found: list[Words] = [np.zeros(0, np.uint32)]

    def add(self, words: Words, mask: Mask) -> None:
        self._found.append(words[mask])

    def ascending(self) -> Words:
        """All of them, sorted."""
        if len(self._found) > 1:
            words = np.concatenate(self._found)
            if not (words[1:] >= words[:-1]).all():
                words.sort()
            self._found = [words]
        return self._found[0]


def _among(ids: Words, words: Words) -> Mask:
    """Which of the words are ids; the ids ascend. Ascending words are looked up fastest."""
    if not len(ids):
        return np.zeros(len(words), np.bool_)
    at = np.minimum(np.searchsorted(ids, words), len(ids) - 1)
    found: Mask = ids[at] == words
    return found


def _has_id(chunk: Chunk) -> Mask:
    return chunk.lies("task_id", 1) & chunk.lies("state", int(TaskState.EMPTY) + 1) & chunk.plain


def _is_done(chunk: Chunk) -> Mask:
    return chunk.is_in(TaskState.DONE) & chunk.lies("task_id", 1) & chunk.plain


def _may_wait(chunk: Chunk, parents: Words) -> Mask:
    """Tasks that are Paused for ever and may be parents."""
    waits: Mask = MASKS["waits-for-ever"](chunk)
    if not waits.any():
        return waits
    named = _among(parents, chunk["task_id"]) if len(parents) else np.zeros_like(waits)
    return waits & (named | np.isin(chunk["op_handle"], sorted(chunk.about.spawning)))


def _has_parent(chunk: Chunk) -> Mask:
    return chunk.kept & chunk.lies("parent_task_id", 1) & chunk.plain

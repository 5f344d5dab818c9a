"""Rings that a device cannot take whole: worked on in parts, one after another, round after round.

A shard is a run of neighbouring slots. A round goes over one of them, from its index to its last task, and every shard
has its round before one has a second; so order holds within a shard. Control buffer, buffers and quotas go along;
each visit moves its slots to the device and back, or works on them where they are. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.backend import WITNESS_DTYPE, DeviceSession, Interrupt, Job, RoundIndex, Tally
from vyrectl.task.arrays import SlotArray, copy_of

if TYPE_CHECKING:
    from vyrectl.opencl.session import OpenCLSession

SHARD_STEP = 64
"""Shards are this many slots, or a multiple: a page, so that those of a mapped ring begin on one."""


class ShardedSession(DeviceSession):
    """One job on one device, shard by shard; see `vyrectl.engine.backend.DeviceSession`.

    Args:
        job: The whole job.
        shard_slots: Slots of a shard; the last one may be shorter.
        open_part: Opens a session over a part of the job.
        coherent: The device works on the host's own memory.
    """

    bytes_beside_ring = 0
    compile_seconds = 0.0

    def __init__(
        self, job: Job, shard_slots: int, open_part: Callable[[Job], OpenCLSession], *, coherent: bool
    ) -> None:
        self._job = job
        self._open_part = open_part
        self._memory, self._direct = job.slots, False
        if job.shared.place is not None:
            self._memory, self._direct = job.shared.place(coherent)
        if not self._direct:
            self._memory = copy_of(self._memory)
        count = len(self._memory)
        self._parts = [slice(at, min(at + shard_slots, count)) for at in range(0, count, shard_slots)]
        self._visits = 0
        self._session: OpenCLSession | None = None
        self._done_seconds = 0.0
        self._done = Tally(quota_left=dict(job.quotas))
        self._control = job.control.copy()
        self._witness = np.zeros(count if job.verify else 0, WITNESS_DTYPE)
        self._facts: dict[str, int] = {}
        self._enter(0)

    @property
    def device_seconds(self) -> float:
        """What the kernels have taken so far, over all shards."""
        return self._done_seconds + (0.0 if self._session is None else self._session.device_seconds)

    def warm_up(self) -> None:
        """The first shard's own; the others are run by the same kernels."""
        self._part().warm_up()

    def index(self) -> RoundIndex:
        """The next shard that has anything to claim; nothing once all have been asked in vain."""
        resumed = shut_out = 0
        for _ in self._parts:
            if self._visits:
                self._leave()
                self._enter(self._visits % len(self._parts))
            found = self._part().index()
            self._look_at_clock()
            first = self._visits < len(self._parts)
            self._visits += 1
            resumed += found.resumed
            shut_out += found.shut_out
            if found.claimable:
                break
        return RoundIndex(found.classes, resumed, shut_out, whole=False, first_visit=first)

    def run(self, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        """The shard's own; see `DeviceSession.run`."""
        more = self._part().run(most, interrupt, strict=strict)
        self._look_at_clock()
        return more

    def tally(self) -> Tally:
        """Counts over all shards so far."""
        if self._session is None:
            return self._done
        return self._done.and_then(self._session.tally())

    def control(self) -> NDArray[np.uint32]:
        """A copy of the control buffer."""
        return self._control.copy() if self._session is None else self._session.control()

    def write_control(self, word: int, value: int) -> None:
        """Set one control word."""
        self._part().write_control(word, value)

    def debug_log(self) -> NDArray[np.uint32]:
        """A copy of the debug log."""
        return self._part().debug_log()

    def slots(self) -> SlotArray:
        """The ring, all shards of it."""
        self._bring_back()
        return self._memory

    def witness(self) -> NDArray[np.void]:
        """Claims and ends over all visits, shape (slots,); asked once, at the end."""
        self._note_witness()
        return self._witness

    def finish(self) -> None:
        """Read the writable buffers back into the job's arrays."""
        self._part().finish()

    def facts(self) -> dict[str, int]:
        """Of the first shard, and how many there are."""
        return {**self._facts, "shards": len(self._parts)}

    def close(self) -> None:
        """Release the device; safe to call twice."""
        if self._session is not None:
            self._session.close()

    def _look_at_clock(self) -> None:
        self.compile_seconds = max(self.compile_seconds, self._part().compile_seconds)

    def _part(self) -> OpenCLSession:
        assert self._session is not None
        return self._session

    def _enter(self, number: int) -> None:
        part, job = self._parts[number], self._job
        memory = self._memory[part]
        self._session = self._open_part(
            replace(
                job,
                slots=memory,
                control=self._control,
                selected=None if job.selected is None else job.selected[part],
                quotas=dict(self._done.quota_left),
                part=replace(job.part.cut(part), ring_slots=job.ring_slots),
                shared=replace(
                    job.shared, place=(lambda shares: (memory, shares)) if self._direct else None, live=None
                ),
                shard_slots=None,
            )
        )
        self._at = part
        self._facts = self._facts or self._session.facts()
        self.bytes_beside_ring = max(self.bytes_beside_ring, self._session.bytes_beside_ring)

    def _leave(self) -> None:
        session = self._part()
        self._bring_back()
        if self._job.verify:
            self._note_witness()
        session.finish()
        self._control = session.control()
        self._job.debug_log[:] = session.debug_log()
        self._done = self.tally()
        self._done_seconds += session.device_seconds
        session.close()
        self._session = None

    def _bring_back(self) -> None:
        """The shard's slots into the ring."""
        if not self._direct:
            self._part().bring_slots(self._memory[self._at], spoils=True)

    def _note_witness(self) -> None:
        """What the shard's visit noted, added to what earlier ones did."""
        seen, whole = self._part().witness(), self._witness[self._at]
        whole["owner"] = seen["owner"]
        whole["claims"] += seen["claims"]
        whole["ends"] += seen["ends"]
        whole["violations"] = np.maximum(whole["violations"], seen["violations"])

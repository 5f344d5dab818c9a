"""What the workers of a session share in a round: heads and counts, spilled blocks, tallies, quotas.

They lie in buffers that no operation can name. Imports numpy. Invariant: what a kernel has counted is taken over once:
the tally goes on from run to run, and what is added is what it rose by.
"""

from __future__ import annotations

import numpy as np

from vyrectl.abi.engine import CLASSES, FLOW_BUDGET, FLOW_TIRED, LINE_WORDS
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.engine.backend import Job, Tally
from vyrectl.opencl.counters import FLOW_WORDS, add_tally, count_tally_words, flow_waits, lines_wait
from vyrectl.opencl.geometry import BLOCK_SLOTS, Geometry, spends_memory, spill_blocks
from vyrectl.opencl.ordering import Ordering
from vyrectl.opencl.program import Program
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.quota_table import QuotaTable


class Workspace:
    """The buffers of the workers."""

    def __init__(
        self, device: DeviceQueue, program: Program, geometry: Geometry, job: Job, quotas: QuotaTable
    ) -> None:
        self._device, self._program, self._geometry, self._quotas = device, program, geometry, quotas
        hands_off = program.rung.number < 3 or geometry.driver == "exact"
        count = len(job.slots)
        fast = spends_memory(program.device, job)
        self._blocks, self._places = spill_blocks(geometry, count, fast) if hands_off else (0, 0)
        self._directory_words = CLASSES * max(self._places, LINE_WORDS)
        self._tally_words = count_tally_words(len(program.ops))
        self.flow = device.told(FLOW_WORDS * WORD_BYTES + quotas.words().nbytes)
        self._pool = device.buffer(self._blocks * BLOCK_SLOTS[geometry.driver] * WORD_BYTES)
        self._sizes = device.buffer(self._blocks * WORD_BYTES)
        self._directory = device.buffer(self._directory_words * WORD_BYTES)
        self._tally = device.told(self._tally_words * WORD_BYTES)
        self.clear_tally()
        if job.quotas:
            device.write(self.flow, quotas.words(), FLOW_WORDS * WORD_BYTES)

    def cleared(self) -> dict[str, object]:
        """What `vyre_index` takes of it, and clears."""
        return {
            "flow": self.flow,
            "directory": self._directory,
            "directory_words": self._directory_words,
        }

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of it."""
        return {
            "flow": self.flow,
            "pool": self._pool,
            "sizes": self._sizes,
            "directory": self._directory,
            "blocks": self._blocks,
            "block_places": self._places,
            "tally": self._tally,
        }

    def clear_tally(self) -> None:
        """Count from 0."""
        self._device.clear(self._tally, self._tally_words * WORD_BYTES)
        self._counted = np.zeros(self._tally_words, np.uint32)

    def limit_claims(self, most: int) -> None:
        """Let the next kernel that counts them claim so many times at most."""
        self._device.write_word(self.flow, FLOW_BUDGET.index, most)

    def add_to(self, tally: Tally) -> None:
        """Take over what a kernel has counted."""
        words = np.empty(self._tally_words, np.uint32)
        self._device.read(words, self._tally)
        add_tally(tally, words - self._counted, self._program.ops)
        self._counted = words

    def take_quotas(self) -> bool:
        """Take over what bounded tenants have left; False where nobody is bounded."""
        words = self._quotas.words()
        if not len(words):
            return False
        self._device.read(words, self.flow, FLOW_WORDS * WORD_BYTES)
        self._quotas.update(words)
        return True

    def waits(self, ordering: Ordering) -> tuple[bool, bool]:
        """Whether tickets or spilled blocks of this round are left, and whether a worker looked in vain too often."""
        if self._geometry.driver == "exact":
            lines = np.empty(CLASSES * LINE_WORDS, np.uint32)
            self._device.read(lines, self._directory)
            return lines_wait(lines, ordering.classes), False
        flow = np.empty(FLOW_WORDS, np.uint32)
        self._device.read(flow, self.flow)
        more = flow_waits(flow, ordering.classes, self._geometry.ticket, self._places)
        return more, bool(flow[FLOW_TIRED.index])

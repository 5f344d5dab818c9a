"""The families of a session whose tasks may have children: their links on the device, and each round's free list.

Imports numpy. The invariant: the free list of a round counts exactly the Empty slots that its index saw.
"""

from __future__ import annotations

import numpy as np

from vyrectl.abi.engine import FAMILY_BEGINS, FAMILY_HEAD, FAMILY_JOINED, FAMILY_SPAWNED
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.engine.backend import Tally
from vyrectl.engine.family import Links
from vyrectl.opencl import family_table
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.ordering import Ordering
from vyrectl.opencl.queue import DeviceQueue


class Families:
    """Children and those who wait for them, on the device.

    Args:
        device: Queue in which children are linked.
        links: The families of the ring, as they stand.
        ordering: The order of the rounds.
        ring: The ring's buffer.
    """

    def __init__(self, device: DeviceQueue, links: Links, ordering: Ordering, ring: Handle) -> None:
        self._device, self._ordering, self._ring = device, ordering, ring
        self._kernel = device.kernel("vyre_index_free")
        self._words = device.filled(family_table.first_words(links, ordering.chunks))

    def arguments(self) -> dict[str, object]:
        """What `vyre_run` takes of them."""
        return {"family": self._words}

    def line_up_free(self) -> None:
        """The free list of the round: the Empty slots of each chunk, then how many there are before each."""
        ordering, device = self._ordering, self._device
        self._launch(ordering.chunks * ordering.local, ordering.count)
        counts = np.empty(ordering.chunks, np.uint32)
        device.read(counts, self._words, FAMILY_BEGINS.index * WORD_BYTES)
        device.write(self._words, family_table.begins(counts), FAMILY_BEGINS.index * WORD_BYTES)
        device.write_word(self._words, FAMILY_HEAD.index, 0)

    def warm_up(self) -> None:
        """Run the kernel as it will be run, over no slot."""
        self._launch(self._ordering.local, 0)

    def _launch(self, work_items: int, slots: int) -> None:
        given = self._ordering.free_arguments(slots=slots)
        local = self._ordering.local
        self._device.enqueue(self._kernel, work_items, local, ring=self._ring, family=self._words, **given)
        self._device.wait()

    def count(self, tally: Tally) -> None:
        """Take over how many children were made, and how many parents went on."""
        tally.spawned = self._device.word(self._words, FAMILY_SPAWNED.index)
        tally.joined = self._device.word(self._words, FAMILY_JOINED.index)

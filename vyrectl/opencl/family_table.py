"""Families on a device: the words that `kernels/include/vyre_family.h` draws, and what each round refills.

Imports numpy. The invariant: the free list of a round counts exactly the Empty slots that its index saw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.family import Links

HEAD, SPAWNED, JOINED, FIRST_ID, SLOTS, CHUNKS, BEGINS = 0, 32, 64, 96, 97, 98, 128
"""Words of the family buffer; VYRE_FAMILY_* in vyre_family.h."""

LINK_WORDS = 3

Words = NDArray[np.uint32]


def first_words(links: Links, chunks: int) -> Words:
    """The whole buffer at the start of a launch, u32, with an empty free list.

    Args:
        links: The ring's families.
        chunks: Chunks of the index.
    """
    slots = len(links.parents)
    words = np.zeros(BEGINS + 2 * chunks + 1 + LINK_WORDS * slots, np.uint32)
    words[JOINED] = links.freed
    words[FIRST_ID], words[SLOTS], words[CHUNKS] = links.first_id, slots, chunks
    table = words[BEGINS + 2 * chunks + 1 :].reshape(slots, LINK_WORDS)
    table[:, 0] = links.parents + 1
    table[:, 1] = links.waits
    return words


def begins(counts: Words) -> Words:
    """Where each chunk's part of the free list begins, and its end, u32, shape (chunks + 1,).

    Args:
        counts: Empty slots of each chunk, u32, shape (chunks,).
    """
    return np.concatenate([np.zeros(1, np.uint32), counts.cumsum(dtype=np.uint32)])

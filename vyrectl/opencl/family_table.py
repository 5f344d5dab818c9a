"""Families on a device: the words that `vyrectl.abi.engine` lays out, and what each round refills.

Imports numpy. The invariant: the free list of a round counts exactly the Empty slots that its index saw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.engine import (
    FAMILY_BEGINS,
    FAMILY_CHUNKS,
    FAMILY_FIRST_ID,
    FAMILY_JOINED,
    FAMILY_SLOTS,
    LINK,
    LINK_PARENT,
    LINK_WAITS,
)
from vyrectl.engine.family import Links

Words = NDArray[np.uint32]


def first_words(links: Links, chunks: int) -> Words:
    """The whole buffer at the start of a launch, u32, with an empty free list."""
    slots, link_words = len(links.parents), LINK.size
    first_link = FAMILY_BEGINS.index + 2 * chunks + 1
    words = np.zeros(first_link + link_words * slots, np.uint32)
    words[FAMILY_JOINED.index] = links.freed
    words[FAMILY_FIRST_ID.index] = links.first_id
    words[FAMILY_SLOTS.index], words[FAMILY_CHUNKS.index] = slots, chunks
    table = words[first_link:].reshape(slots, link_words)
    table[:, LINK_PARENT.index] = links.parents + 1
    table[:, LINK_WAITS.index] = links.waits
    return words


def begins(counts: Words) -> Words:
    """Where each chunk's part of the free list begins, and its end, u32, shape (chunks + 1,).

    Args:
        counts: Empty slots of each chunk, u32, shape (chunks,).
    """
    return np.concatenate([np.zeros(1, np.uint32), counts.cumsum(dtype=np.uint32)])

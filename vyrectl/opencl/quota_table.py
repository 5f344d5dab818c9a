"""Quotas on a device: the words that workers count down (`kernels/engine/quota.h`), and whom they shut out.

Imports numpy. The invariant: what the host knows to be left is what the device had left when its last kernel ended.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.quotas import Quotas, tenants_spent
from vyrectl.task.arrays import SlotArray


class QuotaTable:
    """What bounded tenants have left, host's side.

    Args:
        quotas: Tenant -> most claims; empty when nobody is bounded.
        slots: The ring, shape (n,).
        selected: Slots that may be claimed, bool, shape (n,); None for all.
    """

    def __init__(self, quotas: Quotas, slots: SlotArray, selected: NDArray[np.bool_] | None) -> None:
        self.left = dict(sorted(quotas.items()))
        self._slots = slots
        self._selected = selected
        self._spent: frozenset[int] | None = None

    def words(self) -> NDArray[np.uint32]:
        """The table as it stands behind the flow words, u32; empty when nobody is bounded."""
        if not self.left:
            return np.zeros(0, np.uint32)
        pairs = [word for pair in self.left.items() for word in pair]
        return np.array([len(self.left), *pairs], np.uint32)

    def update(self, words: NDArray[np.uint32]) -> None:
        """Take over what the device has counted.

        Args:
            words: As `words` gave them.
        """
        self.left.update(zip(words[1::2].tolist(), words[2::2].tolist(), strict=True))

    def news(self) -> NDArray[np.uint8] | None:
        """Which slots the next round may claim, a byte each; None when that is as it was."""
        spent = frozenset(tenant for tenant, claims in self.left.items() if not claims)
        if not self.left or spent == self._spent:
            return None
        self._spent = spent
        within = ~tenants_spent(self._slots, self.left)
        return (within if self._selected is None else within & self._selected).astype(np.uint8)

"""What was finished of the work that a killed launch had begun; `vyrectl.sidecar.crash` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from vyrectl.dataclass import dataclass

COMPLETED, RESTORED, ORPHANED = "completed", "restored", "orphaned"
"""A turn or edit was written once more; an editor had claimed the slot and not changed it; it may not run twice."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The slots that were finished.

    Attributes:
        kinds: Slot -> one of the words above.
        words: Slot -> its 16 words afterwards.
        epoch: The dead launch's epoch; None when there was none.
    """

    kinds: Mapping[int, str] = field(default_factory=dict)
    words: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    epoch: int | None = None

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def finished(self) -> tuple[int, ...]:
        """Slots whose turn or edit was completed or taken back, sorted."""
        return tuple(sorted(slot for slot, kind in self.kinds.items() if kind != ORPHANED))

    def to_record(self) -> dict[str, list[int]]:
        """Both lists, as JSON shows them."""
        return {"finished": list(self.finished), "faulted": list(self.faulted)}

    @property
    def faulted(self) -> tuple[int, ...]:
        """Tasks that are Faulted because their operation may not run twice, sorted."""
        return tuple(sorted(slot for slot, kind in self.kinds.items() if kind == ORPHANED))

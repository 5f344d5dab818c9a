"""Makes the findings of one ring: each with its advice, and in the advice what is known of its places.

The invariant: a command that is advised finds the ring in its file as the check did, and names every slot that it is
meant for or none that it is not. Imports numpy.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import numpy as np

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.advice import fill_advice, named_file, saved_first, split_advice
from vyrectl.ring.findings.kind import Kind
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.ring.findings.masks import COUNTERS, MASKS, Chunk
from vyrectl.ring.findings.report import Finding, look_first
from vyrectl.ring.findings.spots import Spot
from vyrectl.shell import file_argument
from vyrectl.task.arrays import SlotArray


@dataclass(frozen=True, slots=True)
class Extent:
    """Which bytes are looked at.

    Attributes:
        offset: Bytes before the first slot.
        size_bytes: Bytes after the offset.
        slots: Whole slots to look at.
        left_over: Bytes after the last whole slot, unless a number of slots was asked for.
        too_many: Slots up to the end, where they are more than can be numbered and nobody asked for fewer; else 0.
    """

    offset: int
    size_bytes: int
    slots: int
    left_over: int
    too_many: int = 0

    @property
    def span(self) -> str:
        """The options that find these slots in their file, for a command that is to find them too."""
        options = f" --offset {self.offset}" if self.offset else ""
        if self.slots * SLOT_BYTES < self.size_bytes:
            options += f" --count {self.slots}"
        return options


@dataclass(frozen=True, slots=True)
class Adviser:
    """Makes findings.

    Attributes:
        ring: The ring.
        extent: Where it lies in its file.
        about: What is known beside it.
        elsewhere: The byte where the ring starts that is meant, where these slots are not its own.
    """

    ring: Ring
    extent: Extent
    about: About
    elsewhere: int | None

    def finding(
        self, name: str, message: str, spot: Spot | None = None, remedy: str | None = None
    ) -> Finding:
        """A finding of that name at those slots; its kind's own remedy where there is no other."""
        kind, place = KINDS[name], spot or Spot()
        advice = saved_first(remedy or kind.remedy, self.ring.name)
        advice = fill_advice(advice, self._places(kind, place))
        if self.elsewhere is not None and remedy is None and split_advice(advice)[1] is not None:
            advice = look_first(self.elsewhere)
        return Finding(kind, place.count, tuple(place.slots), message, advice)

    def counters(self, numbers: list[int], name: str) -> list[str]:
        """Which counters a finding about one means, judged by the slots that are shown."""
        shown = {counter: MASKS[name](_Only(self.ring.slots[numbers], counter)) for counter in COUNTERS}
        return [counter for counter, mask in shown.items() if mask.any()]

    def _places(self, kind: Kind, spot: Spot) -> dict[str, str]:
        """What a check knows of the places in its advice."""
        file, extent = named_file(self.ring.name), self.extent
        tenants: list[int] = []
        if kind.name == "shut-out-tenant":
            tenants = self.ring.slots["tenant_id"][spot.slots].tolist()
        ends = self.counters(spot.slots, kind.name) if kind.name.startswith("counter-") else []
        return {
            "ring": file + extent.span,
            "file": file,
            "cut": file_argument(f"{Path(self.ring.name).name}.ring"),
            "offset": str(extent.offset),
            "whole": str(extent.slots),
            "slots": self._choice(kind, spot),
            "resume_epoch": str(self._epoch(kind, spot) or 0),
            "look": self._look(kind, spot),
            "counters": " ".join(f"{counter}=0" for counter in ends),
            "masks": " ".join(f"mask.{tenant}=open" for tenant in dict.fromkeys(tenants)),
        }

    def _choice(self, kind: Kind, spot: Spot) -> str:
        """The slots of a finding as an argument: by number when all are known, else by condition.

        Of an advice that names an epoch, those that have it; the next check names the others.
        """
        epoch, numbers = self._epoch(kind, spot), spot.slots
        if epoch is not None:
            epochs = self.ring.slots["resume_epoch"][numbers].tolist()
            numbers = [number for number, one in zip(numbers, epochs, strict=True) if one == epoch]
        if spot.count == len(spot.slots) or kind.where is None:
            return ",".join(map(str, numbers))
        where = self.about.condition(kind.where) + ("" if epoch is None else f" and resume_epoch == {epoch}")
        return f"--where {quote(where)}"

    def _epoch(self, kind: Kind, spot: Spot) -> int | None:
        """The first slot's epoch, for an advice that has to name one."""
        if "{resume_epoch}" not in kind.remedy or not spot.slots:
            return None
        return int(self.ring.slots["resume_epoch"][spot.slots[0]])

    def _look(self, kind: Kind, spot: Spot) -> str:
        """The same for a command that only shows slots."""
        chosen = self._choice(kind, spot)
        return chosen if chosen.startswith("--where") or not chosen else f"--slots {chosen}"


class _Only(Chunk):
    """A chunk in which only one counter is looked at."""

    def __init__(self, slots: SlotArray, counter: str) -> None:
        super().__init__(slots)
        for other in COUNTERS:
            if other != counter:
                self._columns[other] = np.zeros(len(slots), np.uint32)

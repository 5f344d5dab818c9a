"""Makes Faulted tasks claimable again, on request and never by itself.

May import numpy. Spec 1.6 has no way out of Faulted, so this is an edit and no transition: the task is published
anew, Ready, with the flags of spec 1.5 cleared. A fault wrote its code over continuation_data, so that the place
where the task stopped can no longer be told; it starts from the beginning unless another place is given. The
invariant: only Faulted slots change, and of them only state, flags and the two continuation words.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import fault_name
from vyrectl.abi.states import KNOWN_FLAGS, TaskState, state_name
from vyrectl.dataclass import dataclass
from vyrectl.edit.arguments import refuse_lost_arguments, sparing, tell_spared
from vyrectl.edit.edit import Edit
from vyrectl.edit.recover import Choose
from vyrectl.edit.write import edit_ring
from vyrectl.errors import IllegalTransitionError
from vyrectl.files.replace import StrPath
from vyrectl.shapes import Count, Word
from vyrectl.task.arrays import SlotArray, whole

_ROLE = "repair"


class CodeCount(TypedDict):
    """Repaired tasks that had one fault code."""

    fault_code: Word
    fault_name: str
    count: Count


class RepairRecord(TypedDict):
    """A repair without its slots."""

    ring: str
    slots: Count
    faulted: Count
    repaired_count: Count
    codes: list[CodeCount]
    dry_run: bool
    backup: str | None


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did, or would do.

    Attributes:
        ring: Path of the ring as it was given.
        slots: Slots that were looked at.
        faulted: Faulted slots that there were.
        edit: The repaired slots, before and after.
        dry_run: True when nothing was written.
        backup: The old ring's new name, or None.
    """

    ring: str
    slots: int
    faulted: int
    edit: Edit
    dry_run: bool = False
    backup: str | None = None

    def codes(self) -> list[CodeCount]:
        """The fault codes of the repaired tasks and how many had each, the most frequent first."""
        found, counts = np.unique(self.edit.before["continuation_data"], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return [
            {"fault_code": code, "fault_name": fault_name(code), "count": count}
            for code, count in zip(found[order].tolist(), counts[order].tolist(), strict=True)
        ]

    def to_record(self) -> RepairRecord:
        """The repair without its slots, as JSON shows it."""
        return {
            "ring": self.ring,
            "slots": self.slots,
            "faulted": self.faulted,
            "repaired_count": len(self.edit),
            "codes": self.codes(),
            "dry_run": self.dry_run,
            "backup": self.backup,
        }


def repair_ring(
    path: StrPath,
    *,
    choose: Choose | None = None,
    codes: Collection[int] = (),
    strict: bool = False,
    pc: int | None = None,
    data: int | None = None,
    backup: bool = False,
    dry_run: bool = False,
    offset: int = 0,
    count: int | None = None,
    force: bool = False,
) -> Repair:
    """Make Faulted tasks of a ring Ready.

    Args:
        path: The ring file.
        choose: Which slots may be repaired; all by default.
        codes: Only tasks with one of these fault codes; all codes by default.
        strict: Take a chosen slot that is not Faulted for an error instead of leaving it alone.
        pc: Where the tasks go on, a u32; 0, the beginning, by default.
        data: What they find in continuation_data, a u32; 0 by default. Of a slot that holds arguments it is one.
        backup: Keep the old file as ``PATH.bak``, or ``PATH.bak.1`` and so on where there is one already.
        dry_run: Only say what would be done.
        offset: Bytes before the first slot, for a ring that lies inside a larger file.
        count: Its slots; by default everything up to the end.
        force: Also repair what does not look like a ring.

    Raises:
        FileError: The ring cannot be read or written. The old bytes stay.
        RingFormatError: The file is no ring.
        NotARingError: It does not look like one, and `force` is False.
        RingHeldError: A live process holds the ring.
        IllegalTransitionError: With `strict`, the first chosen slot that is not Faulted.
        ArgumentWordsError: Slots hold arguments, one of which was lost or would change, and `force` is False.
    """
    plan = _Repairing(choose, codes, strict, (pc, data), force=force)
    edit = edit_ring(
        path,
        plan,
        backup=backup,
        dry_run=dry_run,
        role=_ROLE,
        offset=offset,
        count=count,
        force=force,
    )
    return replace(plan.report, ring=str(path), dry_run=dry_run, backup=edit.backup)


def repaired(before: SlotArray, pc: int = 0, data: int = 0) -> SlotArray:
    """Faulted slots as they are after their repair; `SLOT_DTYPE`, shape (n,); `before` is not changed."""
    after = whole(before).copy().view(SLOT_DTYPE)
    after["state"] = int(TaskState.READY)
    after["continuation_pc"] = np.uint32(pc)
    after["continuation_data"] = np.uint32(data)
    after["flags"] &= np.uint32(~KNOWN_FLAGS & 0xFFFF_FFFF)
    return after


def plan_repair(
    slots: SlotArray,
    numbers: NDArray[np.int64],
    pc: int | None = None,
    data: int | None = None,
    *,
    force: bool = False,
) -> Edit:
    """The repair of chosen slots, each of which has to be Faulted.

    Raises:
        IllegalTransitionError: The first that is not.
        ArgumentWordsError: As for `repair_ring`.
    """
    _check_faulted(slots, numbers)
    before = whole(slots)[numbers].view(SLOT_DTYPE)

    def act(before: SlotArray, which: NDArray[np.int64]) -> SlotArray:
        return repaired(before, pc or 0, data or 0)

    if force:
        return Edit(numbers, before, act(before, numbers))
    if data is None:
        refuse_lost_arguments(slots, numbers)
    given = () if pc is None else ("continuation_pc",)
    granted = () if data is None else ("continuation_data",)
    after = sparing(slots, act, _ROLE, given=given, granted=granted)(before, numbers)
    tell_spared(slots, numbers, _ROLE)
    return Edit(numbers, before, after)


class _Repairing:
    """Plans the edit, and notes how many Faulted slots there were."""

    report: Repair

    def __init__(
        self,
        choose: Choose | None,
        codes: Collection[int],
        strict: bool,
        go_on: tuple[int | None, int | None],
        *,
        force: bool,
    ) -> None:
        self._choose = choose
        self._codes = codes
        self._strict = strict
        self._go_on = go_on
        self._force = force

    def __call__(self, slots: SlotArray) -> Edit:
        faulted = np.flatnonzero(slots["state"] == int(TaskState.FAULTED))
        numbers = self._chosen(slots, faulted)
        if self._codes:
            wanted = np.array(sorted(self._codes), np.uint32)
            numbers = numbers[np.isin(slots["continuation_data"][numbers], wanted)]
        edit = plan_repair(slots, numbers, *self._go_on, force=self._force)
        self.report = Repair("-", len(slots), len(faulted), edit)
        return edit

    def _chosen(self, slots: SlotArray, faulted: NDArray[np.int64]) -> NDArray[np.int64]:
        if self._choose is None:
            return faulted
        chosen = self._choose(slots)
        if self._strict:
            _check_faulted(slots, chosen)
        return np.intersect1d(chosen, faulted, assume_unique=True)


def _check_faulted(slots: SlotArray, chosen: NDArray[np.int64]) -> None:
    states = slots["state"][chosen]
    others = np.flatnonzero(states != int(TaskState.FAULTED))
    if len(others):
        state = int(states[others[0]])
        raise IllegalTransitionError("repair", state, state_name(state), slot=int(chosen[others[0]]))

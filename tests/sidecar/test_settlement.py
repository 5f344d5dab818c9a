"""What was finished of a dead launch's work, as it is told."""

from __future__ import annotations

from vyrectl.sidecar.settlement import COMPLETED, ORPHANED, RESTORED, Settlement


def test_slots_by_what_became_of_them() -> None:
    settled = Settlement({9: COMPLETED, 2: RESTORED, 5: ORPHANED}, {}, 3)
    assert len(settled) == 3
    assert settled.to_record() == {"finished": [2, 9], "faulted": [5]}


def test_nothing() -> None:
    assert len(Settlement()) == 0
    assert Settlement().to_record() == {"finished": [], "faulted": []}

"""Where the slots of a launch are, as its parent sees them."""

from __future__ import annotations

from pathlib import Path

from tests.support.rings import slot, write_ring
from vyrectl.hosting.memory import IN_MEMORY, Memory


def test_a_file_that_cannot_be_looked_into_shows_nothing(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "ring.bin", slot(state=1))
    work = write_ring(tmp_path / "work.tmp", slot(state=2, task_id=7))
    memory = Memory(ring, 64)
    memory.where = IN_MEMORY
    memory.look_into(str(work))
    assert [one.task_id for one in memory.running() or ()] == [7]
    memory.look_into(str(tmp_path / "gone"))
    assert (memory.glance(), memory.whole(), memory.running()) == (None, None, None)

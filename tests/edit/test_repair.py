"""`repair_ring`: Faulted tasks become Ready, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import BAD_HANDLE, OUT_OF_RANGE
from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.edit.repair import repair_ring, repaired
from vyrectl.errors import IllegalTransitionError, RingFormatError
from vyrectl.files.ring_lock import mark_made
from vyrectl.ring.check import check_file
from vyrectl.task.arrays import SlotArray

WRITTEN = {"state", "flags", "continuation_pc", "continuation_data"}
CODES = (BAD_HANDLE, 7, BAD_HANDLE, OUT_OF_RANGE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Eight tasks; those at odd places are Faulted."""
    slots = np.zeros(8, SLOT_DTYPE)
    slots["state"] = [1, 7, 4, 7, 5, 7, 99, 7]
    slots["continuation_data"][1::2] = CODES
    slots["flags"][1::2] = 0x17
    slots["task_id"] = np.arange(1, 9)
    slots["yield_count"] = slots["requeue_count"] = slots["age_ticks"] = 5
    path = tmp_path / "ring.bin"
    path.write_bytes(slots.tobytes())
    return path


def states(path: Path) -> list[int]:
    states: list[int] = slots_of(path)["state"].tolist()
    return states


def slots_of(path: Path) -> SlotArray:
    return np.frombuffer(path.read_bytes(), SLOT_DTYPE)


def only(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


words = st.lists(st.integers(0, U32_MAX), min_size=SLOT_WORDS, max_size=SLOT_WORDS)


@given(words, st.integers(0, U32_MAX), st.integers(0, U32_MAX))
def test_what_a_repair_writes(row: list[int], pc: int, data: int) -> None:
    before = np.array([tuple(row)], SLOT_DTYPE)
    after = repaired(before, pc, data)[0]
    for name in set(FIELD_NAMES) - WRITTEN:
        assert after[name] == before[0][name]
    assert (after["state"], after["continuation_pc"], after["continuation_data"]) == (1, pc, data)
    assert after["flags"] == row[15] & ~0xF
    assert before[0].tolist() == tuple(row)


def test_all_of_them(path: Path) -> None:
    repair = repair_ring(path)
    assert states(path) == [1, 1, 4, 1, 5, 1, 99, 1]
    assert repair.faulted == len(repair.edit) == 4
    assert [(one["fault_name"], one["count"]) for one in repair.codes()] == [
        ("bad_handle", 2),
        ("user(7)", 1),
        ("out_of_range", 1),
    ]
    assert "unnamed-flag-bits" in {one.kind.name for one in check_file(path).findings}
    assert not any("ready" in one.kind.name for one in check_file(path).findings)


def test_by_code_and_by_choice(path: Path) -> None:
    repair = repair_ring(path, codes=[BAD_HANDLE, 7], choose=lambda slots: only(0, 1, 3), dry_run=True)
    assert repair.edit.numbers.tolist() == [1, 3]
    assert (repair.faulted, repair.dry_run, repair.backup) == (4, True, None)
    assert states(path) == [1, 7, 4, 7, 5, 7, 99, 7]
    assert len(repair_ring(path, codes=[1]).edit) == 0


def test_a_strict_choice_holds_only_faulted_slots(path: Path) -> None:
    with pytest.raises(IllegalTransitionError, match="cannot repair a task in state unknown") as caught:
        repair_ring(path, choose=lambda slots: only(1, 6, 7), strict=True)
    assert caught.value.slot == 6
    assert states(path) == [1, 7, 4, 7, 5, 7, 99, 7]
    assert len(repair_ring(path, choose=lambda slots: only(1, 7), strict=True).edit) == 2


def test_the_old_ring_is_kept(path: Path) -> None:
    old = path.read_bytes()
    repair = repair_ring(path, backup=True)
    assert repair.backup == f"{path}.bak"
    assert Path(repair.backup).read_bytes() == old
    assert repair_ring(path, backup=True).backup is None


def test_the_record(path: Path) -> None:
    mark_made(path)
    assert repair_ring(path, codes=[7]).to_record() == {
        "ring": str(path),
        "slots": 8,
        "faulted": 4,
        "repaired_count": 1,
        "codes": [{"fault_code": 7, "fault_name": "user(7)", "count": 1}],
        "dry_run": False,
        "backup": None,
    }


def test_a_file_that_is_no_ring(path: Path) -> None:
    path.write_bytes(b"x" * 65)
    with pytest.raises(RingFormatError):
        repair_ring(path)

"""Slots that hold arguments in words 7-15: what is put back keeps them, what is written over them is said and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.rings import slot, write_ring
from vyrectl.abi.faults import BAD_HANDLE
from vyrectl.abi.opcodes import PACKED_SLOT
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.edits import plan_action
from vyrectl.edit.arguments import ARGUMENT_WORDS
from vyrectl.edit.recover import OUTCOMES, recover_ring
from vyrectl.edit.repair import repair_ring
from vyrectl.edit.write import edit_ring
from vyrectl.errors import ArgumentWordsError
from vyrectl.files.telling import tell_by
from vyrectl.ring.file import Ring
from vyrectl.ring.reading import decide_bytes

ARGUMENTS = dict(zip(FIELD_NAMES[4:], range(201, 213), strict=True))
FULL = {"op_handle": 0x30000, **ARGUMENTS, "requeue_count": 0xFFFF_FFFF, "yield_count": 0xFFFF_FFFF}
"""Words that no lifecycle action could count up."""
TASK = {"op_handle": 0x1000, "priority": 2, "task_id": 7}


def words(path: Path, number: int) -> dict[str, int]:
    with Ring.open(path) as ring:
        return {name: int(ring.slots[name][number]) for name in FIELD_NAMES}


@pytest.fixture
def said() -> list[str]:
    lines: list[str] = []
    tell_by(lines.append)
    return lines


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_recover_changes_the_state_of_an_orphan_with_arguments_alone(
    tmp_path: Path, said: list[str], outcome: str
) -> None:
    path = tmp_path / "ring.bin"
    write_ring(
        path, slot(state=2, **FULL), slot(state=2, **TASK), slot(state=2, op_handle=PACKED_SLOT, **ARGUMENTS)
    )
    before = [words(path, number) for number in range(3)]
    recovery = recover_ring(path, outcome=outcome)
    assert (len(recovery.edit), recovery.is_complete) == (3, True)
    for number in (0, 2):
        after = words(path, number)
        assert {name: after[name] for name in ARGUMENT_WORDS} == {
            name: before[number][name] for name in ARGUMENT_WORDS
        }
        assert after["state"] != 2
    assert said == [
        "recover: of 2 slots (slot 0 first) the state and the priority alone change: words 7-15 hold arguments there"
    ]


def test_recover_with_force_takes_them_for_tasks(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    write_ring(path, slot(state=2, op_handle=PACKED_SLOT, **ARGUMENTS))
    recover_ring(path, outcome="yielded", force=True)
    assert words(path, 0)["yield_count"] == ARGUMENTS["yield_count"] + 1


def test_repair_says_which_argument_a_fault_replaced(tmp_path: Path, said: list[str]) -> None:
    path = tmp_path / "ring.bin"
    lost = {"state": 7, "op_handle": PACKED_SLOT, **ARGUMENTS, "continuation_data": BAD_HANDLE}
    kept = {"state": 7, "op_handle": PACKED_SLOT, **ARGUMENTS}
    write_ring(path, slot(**lost), slot(**kept), slot(state=7, **TASK, continuation_data=BAD_HANDLE))
    content = path.read_bytes()
    with pytest.raises(ArgumentWordsError, match=r"word 8 \(continuation_data\), of 1 slot") as refused:
        repair_ring(path)
    assert (refused.value.slot, refused.value.again) == (0, {"--force": ""})
    with pytest.raises(ArgumentWordsError, match=r"word 7 \(continuation_pc\) of 2 slots"):
        repair_ring(path, pc=9, data=5)
    assert path.read_bytes() == content
    assert said == []
    repair_ring(path, data=5)
    now = [words(path, number) for number in range(3)]
    assert [one["continuation_data"] for one in now] == [5, 5, 5]
    assert [one["state"] for one in now] == [1, 1, 1]
    assert all(now[0][name] == ARGUMENTS[name] for name in ARGUMENT_WORDS if name != "continuation_data")
    assert "repair: of 2 slots (slot 0 first)" in said[0]


def test_repair_leaves_an_argument_that_is_no_code_of_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    write_ring(path, slot(state=7, op_handle=PACKED_SLOT, **ARGUMENTS))
    repair_ring(path)
    assert words(path, 0) == {
        **dict.fromkeys(FIELD_NAMES, 0),
        **ARGUMENTS,
        "op_handle": PACKED_SLOT,
        "state": 1,
    }


def test_repair_with_force_takes_them_for_tasks(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    write_ring(
        path,
        slot(
            state=7,
            op_handle=PACKED_SLOT,
            **ARGUMENTS,
        ),
    )
    repair_ring(path, force=True)
    assert (words(path, 0)["continuation_pc"], words(path, 0)["continuation_data"]) == (0, 0)


def test_a_transition_says_which_arguments_it_changes_and_keeps_the_old_ring(
    tmp_path: Path, said: list[str]
) -> None:
    path = tmp_path / "ring.bin"
    write_ring(path, slot(state=1, op_handle=PACKED_SLOT, **ARGUMENTS), slot(state=1, **TASK))
    content = path.read_bytes()
    for _ in range(2):
        edit_ring(path, lambda slots: plan_action(slots, slots["state"].nonzero()[0], "requeue", {}))
    assert said[0].startswith("requeue: word 12 (age_ticks), word 13 (requeue_count)")
    assert said[0].endswith("of 1 slot are arguments there; the old ring is kept")
    assert (tmp_path / "ring.bin.bak").read_bytes() == content
    assert (tmp_path / "ring.bin.bak.1").exists()


@pytest.mark.parametrize(
    ("more", "is_task"),
    [
        ({"continuation_pc": 9}, False),
        ({"resume_epoch": 9}, False),
        ({"continuation_pc": 9, "yield_count": 1, "flags": 2}, True),
        ({"continuation_pc": 9, "flags": 8}, True),
        ({"continuation_pc": 9, "flags": 4}, True),
        ({"requeue_count": 3, "age_ticks": 1}, False),
        ({"requeue_count": 3, "age_ticks": 3}, True),
        ({"yield_count": 3, "flags": 0x104}, False),
        ({"continuation_data": 9}, True),
    ],
)
@pytest.mark.parametrize("state", [2, 7])
def test_a_task_that_runs_or_faulted_came_to_its_words(
    state: int, more: dict[str, int], is_task: bool
) -> None:
    readings = decide_bytes(slot(state=state, op_handle=0x30000, **more))
    assert readings.is_protocol(0x30000) is not is_task

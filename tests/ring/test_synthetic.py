"""Synthetic rings: the same everywhere, fitting their mix, and able to finish."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ring.rings import OPS
from vyrectl import Ring, TaskFlag, TaskPriority, TaskState
from vyrectl.abi.limits import MAX_SLOTS
from vyrectl.engine.ops import op_codes
from vyrectl.errors import FileError, InvalidInputError, RingFormatError, UsageError
from vyrectl.ring.mix import MIX_STATES, Mix
from vyrectl.ring.synthetic import DEFAULT_OPS, synthesize

MANY = 100_000


def share(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    return float(np.count_nonzero(mask)) / len(mask)


# --- always the same ---


def test_the_bytes_of_a_seed_never_change() -> None:
    digest = hashlib.sha256(synthesize(1000, 7).tobytes()).hexdigest()
    assert digest == "23c80fe2ff295ea14267fa1f39acfa2ed698f477813bafa9bdc2f20b39c77e07"


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2**70))
def test_a_ring_is_the_beginning_of_a_longer_one(one: int, other: int, seed: int) -> None:
    short, long = sorted((one, other))
    assert synthesize(short, seed).tobytes() == synthesize(long, seed)[:short].tobytes()


def test_another_seed_is_another_ring() -> None:
    assert synthesize(100, 1).tobytes() != synthesize(100, 2).tobytes()


def test_a_million_slots_are_made_quickly() -> None:
    start = time.process_time()
    assert len(synthesize(1_000_000, 1)) == 1_000_000
    assert time.process_time() - start < 2


# --- the default mix ---


def test_the_default_mix_names_operations_that_ship_under_these_ids() -> None:
    shipped = op_codes()
    assert {name: shipped[name] for name in DEFAULT_OPS} == DEFAULT_OPS
    assert set(Mix().op) == set(DEFAULT_OPS)


def test_the_default_mix_is_as_it_says() -> None:
    slots = synthesize(MANY, 3)
    for state, weight in Mix().state.items():
        assert share(slots["state"] == TaskState[state.upper()]) == pytest.approx(
            float(weight) / 100, abs=0.01
        )
    tasks = slots[slots["state"] != TaskState.EMPTY]
    for op, weight in Mix().op.items():
        assert share(tasks["op_handle"] == DEFAULT_OPS[op]) == pytest.approx(float(weight) / 100, abs=0.01)
    for priority, weight in Mix().priority.items():
        assert share(tasks["priority"] == TaskPriority[priority.upper()]) == pytest.approx(
            float(weight) / 100, abs=0.01
        )
    assert sorted(np.unique(tasks["tenant_id"])) == [0, 1, 2, 3]
    assert (tasks["task_id"] == np.flatnonzero(slots["state"] != TaskState.EMPTY) + 1).all()
    assert Ring.from_slots(slots).snapshot().paused_count > 0


def test_params_stay_in_their_range() -> None:
    slots = synthesize(MANY, 3)
    for op, (low, high) in {"spin": (16, 256), "requeue_n": (1, 3), "nop": (0, 0), "wait": (0, 0)}.items():
        params = slots["param"][(slots["op_handle"] == DEFAULT_OPS[op]) & (slots["state"] != TaskState.EMPTY)]
        assert (params.min(), params.max()) == (low, high)


def test_each_task_fits_its_state() -> None:
    slots = synthesize(MANY, 3)
    by_state = {state: slots[slots["state"] == state] for state in TaskState}
    assert not by_state[TaskState.EMPTY].tobytes().strip(b"\0")
    assert (by_state[TaskState.READY]["flags"] == 0).all()
    assert (by_state[TaskState.PAUSED]["flags"] == TaskFlag.PAUSED).all()
    assert (by_state[TaskState.YIELDED]["flags"] == TaskFlag.YIELDED).all()
    assert (by_state[TaskState.REQUEUED]["flags"] == TaskFlag.REQUEUE_REQUESTED).all()
    assert (by_state[TaskState.DONE]["flags"] == 0).all()
    assert set(np.unique(by_state[TaskState.YIELDED]["yield_count"])) == {1, 2, 3}
    assert set(np.unique(by_state[TaskState.REQUEUED]["requeue_count"])) == {1, 2, 3}
    requeued = by_state[TaskState.REQUEUED]
    assert (requeued["age_ticks"] == requeued["requeue_count"]).all()
    assert len(by_state[TaskState.RUNNING]) == len(by_state[TaskState.FAULTED]) == 0


def test_all_but_the_late_paused_ones_can_finish_at_epoch_0() -> None:
    slots = synthesize(MANY, 3)
    paused = slots["state"] == TaskState.PAUSED
    late = slots["resume_epoch"] > 0
    assert not (late & ~paused).any()
    assert share(late[paused]) == pytest.approx(0.10, abs=0.02)
    assert slots["resume_epoch"].max() == 8
    assert (slots["continuation_pc"] == 0).all()
    assert not synthesize(MANY, 3, Mix(late_percent=0))["resume_epoch"].any()


# --- mixes ---


def test_a_mix_replaces_what_it_names_and_keeps_the_rest() -> None:
    mix = Mix.from_mapping(
        {
            "state": {"Ready": 1},
            "op": {"my_op": 3, "nop": 1},
            "tenants": 1,
            "param": {"my_op": [5, 6], "nop": 9},
        }
    )
    slots = synthesize(MANY, 1, mix, op_codes=OPS)
    assert set(np.unique(slots["state"])) == {TaskState.READY}
    assert share(slots["op_handle"] == 0x20000) == pytest.approx(0.75, abs=0.01)
    assert set(np.unique(slots["param"][slots["op_handle"] == 0x20000])) == {5, 6}
    assert set(np.unique(slots["param"][slots["op_handle"] == 0])) == {9}
    assert set(np.unique(slots["tenant_id"])) == {0}
    assert set(np.unique(slots["priority"])) == {0, 1, 2, 3, 4}


def test_ranges_reach_the_ends_of_a_word() -> None:
    mix = Mix.from_mapping(
        {"state": {"ready": 1}, "op": {"nop": 1}, "param": {"nop": [0, 2**32 - 1]}, "tenants": 2**32 - 1}
    )
    slots = synthesize(MANY, 1, mix)
    assert slots["param"].max() > 2**32 - 2**18
    assert slots["tenant_id"].max() > 2**32 - 2**18


def test_a_weight_of_zero_is_never_chosen() -> None:
    for states in (
        {"ready": 0, "paused": 1},
        {"paused": 1, "ready": 0},
        {"ready": 0, "paused": 0.25, "done": 0},
    ):
        slots = synthesize(1000, 1, Mix.from_mapping({"state": states}))
        assert set(np.unique(slots["state"])) == {TaskState.PAUSED}


@pytest.mark.parametrize("state", MIX_STATES)
def test_every_state_of_a_mix_can_be_made(state: str) -> None:
    slots = synthesize(50, 1, Mix.from_mapping({"state": {state: 1}}))
    assert set(np.unique(slots["state"])) == {TaskState[state.upper()]}


BAD_MIXES: list[tuple[dict[str, Any], str, str]] = [
    ({"sate": {}}, "sate", "Did you mean 'state'"),
    ({"state": {"redy": 1}}, "state.redy", "Did you mean 'ready'"),
    ({"state": {"running": 1}}, "state.running", "unknown state"),
    ({"state": {}}, "state", "no mapping"),
    ({"state": 5}, "state", "no mapping"),
    ({"state": {"ready": 0}}, "state", "every weight is 0"),
    ({"state": {"ready": -1}}, "state.ready", "out of bounds"),
    ({"state": {"ready": float("nan")}}, "state.ready", "out of bounds"),
    ({"state": {"ready": float("inf")}}, "state.ready", "out of bounds"),
    ({"state": {"ready": True}}, "state.ready", "no number"),
    ({"op": {"nop": "much"}}, "op.nop", "no number"),
    ({"priority": {"urgent": 1}}, "priority.urgent", "Known: critical"),
    ({"tenants": 0}, "tenants", "from 1 to"),
    ({"tenants": 1.5}, "tenants", "no whole number"),
    ({"param": {"spin": [3, 1]}}, "param.spin", "backwards"),
    ({"param": {"spin": [1, 2, 3]}}, "param.spin", "two ends"),
    ({"param": {"spin": [0, 2**32]}}, "param.spin", "no whole number"),
    ({"param": {"spin": "many"}}, "param.spin", "no whole number"),
    ({"late_percent": 101}, "late_percent", "from 0 to 100"),
]


@pytest.mark.parametrize(("mapping", "key", "message"), BAD_MIXES)
def test_a_bad_mix_names_its_key(mapping: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        Mix.from_mapping(mapping, source="mix.json")
    assert caught.value.where == f"mix.json, key {key}"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("key", ["op", "param"])
def test_an_operation_that_does_not_exist_is_named(key: str) -> None:
    mix = Mix.from_mapping({key: {"spinn": 1}})
    with pytest.raises(InvalidInputError, match="spin") as caught:
        synthesize(1, 1, mix)
    assert caught.value.where == f"mix, key {key}.spinn"


def test_mixes_come_from_json_and_toml(tmp_path: Path) -> None:
    mapping = {"state": {"ready": 9, "empty": 1}, "param": {"spin": [1, 2]}, "tenants": 2}
    as_json, as_toml = tmp_path / "mix.json", tmp_path / "mix.toml"
    as_json.write_text(json.dumps(mapping))
    as_toml.write_text("tenants = 2\n[state]\nready = 9\nempty = 1\n[param]\nspin = [1, 2]\n")
    assert Mix.from_file(as_json) == Mix.from_file(as_toml) == Mix.from_mapping(mapping)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mix.json", b"{"),
        ("mix.json", b"[1]"),
        ("mix.json", b"\xff"),
        ("mix.json", b"[" * 100_000),
        ("mix.toml", b"= 1"),
        ("mix.toml", b"tenants = 0"),
    ],
)
def test_files_that_are_no_mix(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        Mix.from_file(path)
    assert str(caught.value.where).startswith(str(path))
    with pytest.raises(FileError, match="no such file"):
        Mix.from_file(tmp_path / "nothing.json")


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1)])
def test_negative_numbers(count: int, seed: int) -> None:
    with pytest.raises(UsageError, match="negative"):
        synthesize(count, seed)


def test_more_slots_than_a_ring_has() -> None:
    with pytest.raises(RingFormatError, match="more than"):
        synthesize(MAX_SLOTS + 1, 0)


def test_a_parameter_of_an_operation_that_is_not_drawn_changes_nothing() -> None:
    plain = Mix.from_mapping({"op": {"nop": 1}})
    more = Mix.from_mapping({"op": {"nop": 1}, "param": {"spin": [3, 5]}})
    assert synthesize(50, 1, plain).tobytes() == synthesize(50, 1, more).tobytes()

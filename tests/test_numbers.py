"""Numbers that Python hands in: numpy's whole numbers are whole numbers; floats, texts and truth values are not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vyrectl import (
    SLOT_DTYPE,
    Ring,
    TaskPriority,
    TaskQueueSnapshot,
    TaskWorkItem,
    WorkItem,
    converge,
    launch,
    open_session,
)
from vyrectl.engine.ops import load_source
from vyrectl.errors import ArgumentTypeError, DeviceError, InvalidInputError, UsageError
from vyrectl.numbers import integer, is_whole, optional_integer, seconds
from vyrectl.protocol.lengths import empty_debug_log, empty_ring
from vyrectl.protocol.publish import publish_slot, task_words
from vyrectl.task.arrays import apply_transition

# As a user without a type checker hands them in.
uint8: Any = np.uint8
uint16: Any = np.uint16
uint32: Any = np.uint32
int32: Any = np.int32
int64: Any = np.int64

NO_WHOLE_NUMBERS = (1.0, 1.5, np.float32(1), True, np.True_, "1", b"1", [1], np.array([1, 2]), 1j)
READY = TaskWorkItem(state=1)


def ready(count: int = 4) -> np.ndarray:
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"] = 1
    return slots


WRONG_OPTIONS: dict[str, tuple[Any, ...]] = {
    "where": (3, b"x", ["a"]),
    "mode": (3, True),
    "verify": (1, "no", 0.0),
    "fast_index": ("no",),
    "trace": (3, True, b"t.json", ["t.json"]),
    "policy": (3, {"a": 1}),
    "ops": (3, [3], [b"x.cl"], [True], b"x.cl"),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_OPTIONS.items() for value in values]
)
def test_options_that_are_no_numbers_have_types_too(name: str, value: Any) -> None:
    ring = Ring.from_slots(ready())
    with pytest.raises(ArgumentTypeError, match=r"which is no (text|path|truth value)") as caught:
        launch(ring, device="reference", **{name: value})
    assert caught.value.fix
    assert set(ring.slots["state"].tolist()) == {1}


def test_one_path_is_a_list_of_one(tmp_path: Path) -> None:
    source = tmp_path / "mine.cl"
    source.write_text('VYRE_OP(0x20050, mine, "nothing") { return vyre_done(); }')
    several: tuple[Any, ...] = (source, str(source), [source], load_source(source))
    for ops in several:
        with pytest.raises(DeviceError, match="the reference backend cannot run 'mine'"):
            launch(Ring.from_slots(ready()), device="reference", ops=ops)
    yes: Any = np.True_
    assert launch(Ring.from_slots(ready()), device="reference", verify=yes).verified


@pytest.mark.parametrize("tasks", [5, [1], ["a"], "ab", None, [READY, 3]])
def test_what_is_published_is_a_task(tasks: Any) -> None:
    with (
        open_session(4, device="reference") as session,
        pytest.raises(ArgumentTypeError, match="which is no task"),
    ):
        session.publish(tasks)


@pytest.mark.parametrize("kind", [int, np.uint8, np.int64, np.uint64, np.array, TaskPriority])
def test_whole_numbers_of_any_type_are_ints(kind: Callable[[int], Any]) -> None:
    assert type(integer("it", kind(3))) is int
    assert integer("it", kind(3)) == 3
    assert is_whole(kind(3))


@pytest.mark.parametrize("value", NO_WHOLE_NUMBERS, ids=repr)
def test_what_is_no_whole_number_is_a_type_error_and_a_usage_error(value: object) -> None:
    assert not is_whole(value)
    with pytest.raises(ArgumentTypeError, match="which is no whole number") as caught:
        integer("it", value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("value", [-1, 2**32, int64(-1), 2**200])
def test_a_number_out_of_bounds_is_a_usage_error(value: int) -> None:
    with pytest.raises(UsageError) as caught:
        integer("it", value)
    assert not isinstance(caught.value, TypeError)
    assert optional_integer("it", None) is None


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2), np.int8(3)])
def test_seconds_are_real(value: Any) -> None:
    assert seconds("it", value) == float(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, -0.5, "3", True, None, 10**400])
def test_seconds_are_finite_and_no_text(value: object) -> None:
    with pytest.raises(UsageError):
        seconds("it", value)


def one_option(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


LAUNCH: dict[str, Callable[[Any], dict[str, Any]]] = {
    "quotas": lambda value: {"quotas": {0: value}},
    "tenant": lambda value: {"quotas": {value: 1}},
    "handle": lambda value: {"buffers": {value: np.zeros(4, "u4")}},
    **{
        name: functools.partial(one_option, name)
        for name in ("epoch", "workers", "work_group_size", "ticket", "age_threshold", "max_steps")
    },
    "shard_slots": lambda value: {"shard_slots": value},
    "trace_records": lambda value: {"trace_records": value, "trace": "t.json"},
}


@pytest.mark.parametrize("value", [1.0, True, "1", -1], ids=repr)
@pytest.mark.parametrize("name", LAUNCH)
def test_a_launch_takes_whole_numbers(name: str, value: object) -> None:
    slots = ready()
    before = slots.copy()
    with pytest.raises(UsageError):
        launch(Ring.from_slots(slots), device="reference", **LAUNCH[name](value))
    assert (slots == before).all()


def test_a_launch_takes_numpys_whole_numbers() -> None:
    slots = ready()
    report = launch(
        Ring.from_slots(slots),
        device="reference",
        quotas={int64(0): uint8(2)},
        epoch=uint32(7),
        workers=int32(1),
        max_steps=int64(9),
        timeout=np.float64(60),
        buffers={int64(0): np.zeros(4, "u4")},
    )
    assert (report.claims, report.epoch, dict(report.quotas)) == (2, 7, {0: 2})


@pytest.mark.parametrize("value", [-5, 1.0, True, "5", None], ids=repr)
def test_a_ring_that_is_there_survives_a_number_of_slots_that_is_none(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "r.bin"
    Ring.create(path, int64(3)).close()
    with pytest.raises(UsageError):
        Ring.create(path, value, overwrite=True)
    assert path.stat().st_size == 3 * 64
    for window in ({"offset": value}, {"count": value}):
        if window != {"count": None}:
            with pytest.raises(UsageError):
                Ring.open(path, **window)


@pytest.mark.parametrize("value", [1.0, True, "1", -1, 2**32], ids=repr)
def test_a_task_takes_whole_numbers(value: Any) -> None:
    for step in (
        lambda: READY.pause(value, 0, 0),
        lambda: READY.pause(0, value, 0),
        lambda: READY.pause(0, 0, value),
        lambda: READY.yield_(value, 0),
        lambda: READY.requeue(0, 0, value),
        lambda: READY.fault(value),
        lambda: TaskWorkItem.from_work_item(value, 0, 0, WorkItem(0)),
        lambda: TaskWorkItem.from_work_item(0, value, 0, WorkItem(0)),
        lambda: TaskWorkItem.from_work_item(0, 0, value, WorkItem(0)),
        lambda: apply_transition(ready(), "pause", pc=value, data=0, epoch=0),
        lambda: task_words(value, 8),
        lambda: task_words(0, 8, [value]),
    ):
        with pytest.raises(UsageError):
            step()
    with pytest.raises(InvalidInputError, match="param"):
        TaskWorkItem(param=value).to_bytes()


def test_a_task_takes_numpys_whole_numbers() -> None:
    task = TaskWorkItem(state=uint32(1), param=uint8(7)).yield_(int64(1), uint16(2))
    assert task == TaskWorkItem(state=1, param=7).yield_(1, 2)
    assert all(type(word) is int for word in task.words())
    assert TaskWorkItem(param=uint32(7)).to_bytes() == TaskWorkItem(param=7).to_bytes()


def test_a_publication_before_the_ring_is_refused() -> None:
    ring = bytearray(128)
    for slot in (-1, 1.0, True):
        with pytest.raises(UsageError):
            publish_slot(ring, slot, 0, 8)  # type: ignore[arg-type]
    assert ring == bytes(128)
    for empty in (empty_ring, empty_debug_log):
        with pytest.raises(UsageError):
            empty(-1)


def test_sums_of_a_snapshot_do_not_wrap() -> None:
    most = uint32(2**31)
    assert TaskQueueSnapshot(ready_count=most, yielded_count=uint32(5)).schedulable_count == 2**31 + 5
    assert TaskQueueSnapshot(yielded_count=most, requeued_count=most).continuation_pressure == 2**32


@pytest.mark.parametrize("dtype", [SLOT_DTYPE.newbyteorder(">"), np.dtype("<u4"), np.dtype("V64")], ids=str)
def test_slots_of_another_layout_are_refused(dtype: np.dtype[Any]) -> None:
    slots = np.zeros(4, dtype)
    for take in (
        TaskQueueSnapshot.from_slots,
        Ring.from_slots,
        lambda array: apply_transition(array, "resume"),
        lambda array: open_session(array, device="reference"),
    ):
        with pytest.raises(InvalidInputError, match="SLOT_DTYPE"):
            take(slots)
    with pytest.raises(InvalidInputError, match="SLOT_DTYPE"):
        TaskQueueSnapshot.from_slots(np.zeros((2, 2), SLOT_DTYPE))


def read_only(words: np.ndarray) -> np.ndarray:
    words.flags.writeable = False
    return words


@pytest.mark.parametrize("name", ["control", "debug_log"])
@pytest.mark.parametrize(
    "words",
    [
        np.zeros(200, np.int64),
        np.zeros(200, ">u4"),
        np.zeros(200, np.float32),
        np.zeros((2, 100), np.uint32),
        read_only(np.zeros(200, np.uint32)),
        [0] * 200,
    ],
    ids=["int64", "big-endian", "float", "two-dimensional", "read-only", "list"],
)
def test_words_that_could_not_be_changed_in_place_are_refused_before_the_run(name: str, words: Any) -> None:
    slots = ready()
    with pytest.raises(InvalidInputError, match=name):
        launch(Ring.from_slots(slots), device="reference", **{name: words})
    assert (slots["state"] == 1).all()


def test_convergence_takes_a_whole_number_of_iterations() -> None:
    for value in (1.0, True, -1):
        with pytest.raises(UsageError, match="max_iterations"):
            converge(np.zeros(1, "u4"), step="reachability", device="reference", max_iterations=value)  # type: ignore[arg-type]

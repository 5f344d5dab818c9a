"""`vyrectl.launch`: what may be launched, what a launch may be told, when it ends, and what it saves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vyrectl
from tests.conformance.backends import devices
from tests.support.ops import COPY, REQUEUE_N
from tests.support.rings import ready_tasks
from vyrectl import LaunchReport, Ring, TaskState, launch
from vyrectl.cli.commands.launch.view import _rate
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.reference import ReferenceBackend, ReferenceSession
from vyrectl.engine.reference_env import done
from vyrectl.errors import (
    FileError,
    InvalidInputError,
    KernelDiedError,
    RingFormatError,
    UnknownNameError,
    UsageError,
    WhereError,
)
from vyrectl.launching import rounds
from vyrectl.launching.backends import choose_backend
from vyrectl.launching.report import working_seconds
from vyrectl.launching.rounds import Limits, Progress
from vyrectl.live.session import Session, open_session
from vyrectl.opencl import kept
from vyrectl.opencl.session import OpenCLSession
from vyrectl.sidecar.hold import hold

SOURCE = 'VYRE_OP(0x20000, mine, "x") { return vyre_done(); }'


@pytest.fixture
def ring() -> Ring:
    return Ring.from_slots(ready_tasks(10))


def run(ring: Ring, **options: Any) -> LaunchReport:
    return launch(ring, device="reference", **options)


def test_the_public_name_is_the_function() -> None:
    from vyrectl import launch as function

    assert vyrectl.launch is function
    assert isinstance(function(Ring.from_slots(ready_tasks(1)), device="reference"), LaunchReport)


def test_a_ring_in_memory_holds_the_result(ring: Ring) -> None:
    report = run(ring)
    assert (ring.slots["state"] == TaskState.DONE).all()
    assert (report.ended, report.claims, report.outcomes["done"], report.remaining) == ("drained", 10, 10, 0)
    assert run(ring).claims == 0


def test_a_path_is_run_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.from_slots(ready_tasks(4)).save(path)
    assert launch(path, device="reference").claims == 4
    with Ring.open(path) as after:
        assert (after.slots["state"] == TaskState.DONE).all()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ring.bin", "ring.bin.lock"]


@pytest.mark.parametrize(
    ("keyword", "meant"),
    [
        ("tmeout", "Did you mean 'timeout'?"),
        ("tenant_quota", "Did you mean 'quotas'?"),
        ("Device", "Did you mean 'device'?"),
        ("zzzz", "help(vyrectl.{}) lists them"),
    ],
)
def test_a_keyword_that_is_no_option_names_the_function_that_was_called(keyword: str, meant: str) -> None:
    """Nothing is opened, and the option that was probably meant is offered as the command line does it."""
    calls: dict[str, Any] = {"launch": launch, "open_session": open_session}
    for name, function in calls.items():
        with pytest.raises(TypeError, match=rf"{name}\(\) takes no option '{keyword}'") as error:
            function(4, **{keyword: 1})
        assert str(error.value).endswith(meant.format(name))
    with pytest.raises(TypeError, match=r"Session\(\) takes no option 'reclam'. Did you mean 'reclaim'\?"):
        Session(4, reclaim=True, spin_seconds=0.1, reclam=False)
    with pytest.raises(TypeError, match=r"launch\(\) takes the ring alone without a name"):
        calls["launch"](ready_tasks(4), "cpu")


@pytest.mark.parametrize(
    ("option", "given", "advice"),
    [
        ("buffers", [1], "buffers={0: array}"),
        ("buffers", "x.npy", "buffers={0: array}"),
        ("quotas", [3], "quotas={3: 100}"),
        ("quotas", {0: 1.5}, "quotas={3: 100}"),
        ("control", "c.bin", "numpy.fromfile('c.bin', '<u4')"),
        ("control", [1, 2], "control.astype('<u4')"),
    ],
)
def test_an_option_of_another_type_is_refused_with_how_it_is_written(
    option: str, given: object, advice: str
) -> None:
    options: dict[str, Any] = {option: given}
    with pytest.raises((UsageError, InvalidInputError)) as error:
        launch(Ring.from_slots(ready_tasks(4)), device="reference", **options)
    assert option in str(error.value) or "quota" in str(error.value)
    assert advice in str(error.value)


def test_a_path_that_another_holds(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.from_slots(ready_tasks(4)).save(path)
    before = path.read_bytes()
    held = hold(path, role="edit")
    with pytest.raises(FileError, match="the ring is held by"):
        launch(path, device="reference")
    held.release()
    assert path.read_bytes() == before


def test_a_launch_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.from_slots(ready_tasks(4)).save(path)
    before = path.read_bytes()
    with pytest.raises(UnknownNameError):
        launch(path, device="no such device")
    assert path.read_bytes() == before


def test_rings_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RingFormatError, match="an empty ring has nothing to launch"):
        run(Ring.from_slots(ready_tasks(0)))
    path = tmp_path / "ring.bin"
    Ring.from_slots(ready_tasks(2)).save(path)
    with Ring.open(path) as readonly, pytest.raises(UsageError, match="the ring is read-only"):
        run(readonly)
    with pytest.raises(FileError):
        launch(tmp_path / "missing.bin", device="reference")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("workers", 0),
        ("workers", 2**32),
        ("work_group_size", -1),
        ("ticket", 0),
        ("ticket", 2**32),
        ("age_threshold", -1),
        ("age_threshold", 2**32),
        ("max_steps", -1),
        ("timeout", -0.5),
        ("timeout", float("nan")),
        ("epoch", -1),
        ("epoch", 2**32),
    ],
)
def test_options_out_of_range(ring: Ring, option: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"^(.*: )?{option} is "):
        run(ring, **{option: value})
    assert (ring.slots == ready_tasks(10)).all()


def test_selection_by_condition(ring: Ring) -> None:
    report = run(ring, where="slot < 3 or task_id == 10")
    assert ring.slots["state"].tolist() == [3, 3, 3, 1, 1, 1, 1, 1, 1, 3]
    assert (report.remaining, report.left_alone.not_selected) == (0, 6)


def test_the_selection_is_made_at_the_start() -> None:
    ring = Ring.from_slots(ready_tasks(2, op_handle=REQUEUE_N, param=2, priority=[1, 4]))
    run(ring, where="priority == high")
    assert ring.slots["state"].tolist() == [3, 1]
    assert ring.slots["priority"].tolist() == [3, 4]


def test_a_selection_keeps_paused_tasks_too() -> None:
    slots = ready_tasks(2)
    slots["state"] = TaskState.PAUSED
    ring = Ring.from_slots(slots)
    run(ring, where="slot == 1")
    assert ring.slots["state"].tolist() == [4, 3]


def test_operations_of_one_s_own_have_names_in_conditions(tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text(SOURCE)
    backend = ReferenceBackend({0x2_0000: lambda task, env: done()})
    ring = Ring.from_slots(ready_tasks(2, op_handle=[0, 0x2_0000]))
    report = launch(ring, device=backend, ops=[tmp_path / "mine.cl"], where="op == mine")
    assert ring.slots["state"].tolist() == [1, 3]
    assert list(report.tally.by_op) == [0x2_0000]


def test_a_condition_that_is_malformed(ring: Ring) -> None:
    with pytest.raises(WhereError):
        run(ring, where="state ==")


@pytest.mark.parametrize("steps", [0, 1, 7, 29, 30, 31])
def test_a_step_budget_is_met_exactly(steps: int) -> None:
    ring = Ring.from_slots(ready_tasks(10, op_handle=REQUEUE_N, param=2))
    report = run(ring, max_steps=steps)
    assert report.claims == min(steps, 30)
    assert report.ended == ("drained" if steps >= 30 else "max_steps")
    assert (report.remaining == 0) == (steps >= 30)


def test_a_timeout_of_nothing_claims_nothing(ring: Ring) -> None:
    report = run(ring, timeout=0)
    assert (report.ended, report.claims, report.remaining) == ("timeout", 0, 10)


@pytest.mark.parametrize("device", ["reference", *devices()])
@pytest.mark.timeout(60)
def test_a_timeout_ends_an_endless_queue(device: str) -> None:
    backend = choose_backend(devices().get(device, device))
    ring = Ring.from_slots(ready_tasks(3, op_handle=REQUEUE_N, param=2**32 - 1))
    launch(Ring.from_slots(ready_tasks(3)), device=backend)
    started = time.monotonic()
    report = launch(ring, device=backend, timeout=0.3)
    assert report.ended == "timeout"
    assert report.remaining == 3
    assert np.isin(ring.slots["state"], [TaskState.READY, TaskState.REQUEUED]).all()
    assert time.monotonic() - started < 50


@pytest.mark.parametrize("device", list(devices()))
@pytest.mark.timeout(60)
def test_a_timeout_ends_a_long_slice(device: str) -> None:
    """The device is asked to stop while it works; what is left is untouched."""
    backend = choose_backend(devices()[device])
    launch(Ring.from_slots(ready_tasks(3)), device=backend, workers=1, work_group_size=1)
    ring = Ring.from_slots(ready_tasks(4000, op_handle=0x1005, param=2**20))
    report = launch(ring, device=backend, timeout=2.0, workers=1, work_group_size=1)
    assert report.ended == "timeout"
    assert 0 < report.claims < 4000
    assert (ring.slots["state"] == TaskState.DONE).sum() == report.claims
    assert (ring.slots["state"] == TaskState.READY).sum() == report.remaining == 4000 - report.claims


def test_a_caller_may_stop_it_and_watch(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FIRST_SLICE", 4096)
    seen: list[Progress] = []
    limits = Limits(watch=seen.append, stop=lambda: "interrupted" if seen else None)
    ring = Ring.from_slots(ready_tasks(5000))
    report = run(ring, limits=limits)
    assert report.ended == "interrupted"
    assert [(one.round_number, one.claimed, one.claimable, one.claims) for one in seen] == [
        (1, 4096, 5000, 4096)
    ]
    assert (ring.slots["state"] == TaskState.DONE).sum() == 4096


def test_a_given_control_buffer_is_changed_in_place(ring: Ring) -> None:
    control = np.zeros(200, np.uint32)
    control[3] = 1
    report = run(ring, control=control, epoch=6)
    assert (control[1], control[128], report.epoch) == (10, 6, 6)
    assert (report.control == control).all()


def test_a_control_buffer_that_is_too_short(ring: Ring) -> None:
    with pytest.raises(InvalidInputError, match="has 159 words and needs 160"):
        run(ring, control=np.zeros(159, np.uint32))


def test_outputs_are_saved_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out.npy"
    ring = Ring.from_slots(ready_tasks(1, op_handle=COPY, output_handle=1))
    table = BufferTable(
        {0: Buffer(np.arange(5, dtype=np.uint32), False), 1: Buffer(np.zeros(5, np.uint32), True, out)}
    )
    report = run(ring, buffers=table)
    assert report.outputs == (str(out),)
    assert np.load(out).tolist() == [0, 1, 2, 3, 4]


def test_arrays_are_changed_in_place() -> None:
    source, target = np.arange(4, dtype=np.uint32), np.zeros(4, np.uint32)
    source.flags.writeable = False
    ring = Ring.from_slots(ready_tasks(2, op_handle=COPY, output_handle=[1, 0]))
    run(ring, buffers={0: source, 1: target})
    assert target.tolist() == [0, 1, 2, 3]
    assert ring.slots["state"].tolist() == [3, 7]


def test_slots_that_are_none_of_its_business() -> None:
    slots = ready_tasks(6, resume_epoch=9)
    slots["state"] = [2, 4, 7, 99, 0, 1]
    ring = Ring.from_slots(slots.copy())
    report = run(ring)
    assert (ring.slots[:5] == slots[:5]).all()
    assert report.left_alone.to_record() == {
        "running": 1,
        "paused": 1,
        "shut_out": 0,
        "without_mask": 0,
        "not_selected": 0,
        "unknown": 1,
    }


def test_which_backend_a_name_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = ReferenceBackend()
    assert choose_backend(backend) is backend
    assert choose_backend("reference").name == "reference"
    monkeypatch.setenv("VYRECTL_DEVICE", "reference")
    assert choose_backend().name == "reference"
    assert choose_backend("").name == "reference"
    with pytest.raises(UnknownNameError):
        choose_backend("no such device")


def test_the_report_as_a_record(ring: Ring) -> None:
    record = run(ring).to_record()
    assert record["by_priority"] == {"critical": 0, "high": 0, "normal": 10, "low": 0, "idle": 0}
    assert record["by_op"] == [
        {"op_handle": 0, "op_name": "nop", "done": 10, "yielded": 0, "paused": 0, "requeued": 0, "faulted": 0}
    ]
    assert (record["geometry"], record["outputs"], record["device"]) == ({}, [], "reference")
    assert "control" not in record


class Dying(ReferenceSession):
    """A session whose device goes away."""

    def run(self, *arguments: Any, **options: Any) -> bool:
        raise KernelDiedError("the device is gone")


class DyingBackend(ReferenceBackend):
    """Opens such sessions."""

    def open(self, job: Job) -> Dying:
        return Dying(job, {})


def test_a_device_that_dies_leaves_the_ring(ring: Ring) -> None:
    with pytest.raises(KernelDiedError):
        launch(ring, device=DyingBackend())
    assert (ring.slots == ready_tasks(10)).all()


def test_the_policy_is_asked_only_where_that_is_wanted(ring: Ring) -> None:
    assert run(ring).plan is None
    report = run(Ring.from_slots(ready_tasks(10)), plan="auto", age_threshold=3)
    assert report.plan is not None
    assert report.plan["request"]["queue_len"] == 10
    assert report.plan["launched"]["age_threshold"] == 3
    with pytest.raises(UnknownNameError, match="'auto'"):
        run(ring, plan="uato")


def test_states_before_and_after_are_told(ring: Ring) -> None:
    report = run(ring, max_steps=4)
    assert (report.states_before[1], report.states_after[1], report.states_after[3]) == (10, 6, 4)
    counts = {(one.source, one.target): one.count for one in report.transitions}
    assert counts == {
        (TaskState.READY, TaskState.RUNNING): 4,
        (TaskState.RUNNING, TaskState.DONE): 4,
        (TaskState.READY, TaskState.READY): 6,
        (TaskState.DONE, TaskState.DONE): 4,
    }


def test_claims_by_priority_add_up_where_a_priority_is_unknown() -> None:
    slots = ready_tasks(10)
    slots["priority"][:3] = [7, 99, 2**32 - 1]
    report = run(Ring.from_slots(slots))
    by_priority = report.to_record()["by_priority"]
    assert isinstance(by_priority, dict)
    assert by_priority["unknown"] == 3
    assert sum(by_priority.values()) == report.claims == 10


@pytest.mark.parametrize(
    ("whole", "compiled", "device", "left"),
    [
        (2.0, 0.5, 0.1, 1.5),
        (2.0, 2.5, 0.1, 0.1),  # three kernels that were enqueued together waited for one compiler
        (2.0, 1.99, 0.1, 0.1),
        (2.0, 9.0, 5.0, 2.0),
        (2.0, 2.0, 0.0, 2.0),  # a driver whose events tell no time
        (2.0, 0.0, 0.0, 2.0),
    ],
)
def test_no_run_took_no_time(whole: float, compiled: float, device: float, left: float) -> None:
    assert working_seconds(whole, compiled, device) == pytest.approx(left)


@pytest.mark.parametrize(
    ("rate", "text"), [(0.0, "0"), (0.034, "0.034"), (2.5, "2.5"), (12.0, "12"), (12345.6, "12 346")]
)
def test_a_slow_rate_is_not_none(rate: float, text: str) -> None:
    assert _rate(rate) == text


@pytest.mark.parametrize("name", devices())
def test_what_is_compiled_before_the_start_is_counted_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.release()
    monkeypatch.setattr("vyrectl.opencl.queue._waited", lambda profile, most: 1000.0)
    began = time.monotonic()
    report = launch(Ring.from_slots(ready_tasks(10)), device=devices()[name])
    assert report.build_seconds + report.wall_seconds <= time.monotonic() - began
    assert report.wall_seconds > 0


@pytest.mark.parametrize("name", devices())
def test_a_rate_leaves_the_first_dispatchs_compile_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.release()
    monkeypatch.setattr("vyrectl.opencl.queue._waited", lambda profile, most: 1000.0)
    monkeypatch.setattr(OpenCLSession, "warm_up", lambda session: None)
    report = launch(Ring.from_slots(ready_tasks(10)), device=devices()[name])
    assert report.wall_seconds == pytest.approx(report.device_seconds)
    assert report.tasks_per_second > 0


@pytest.mark.parametrize("name", devices())
def test_a_work_group_past_the_device_is_a_matter_of_usage(name: str) -> None:
    with pytest.raises(UsageError, match="more than the device's"):
        launch(Ring.from_slots(ready_tasks(10)), device=devices()[name], work_group_size=1 << 30)


@pytest.mark.parametrize("wrong", [3, 0.5, b"0:0"])
def test_a_device_is_named_by_a_text(wrong: object) -> None:
    with pytest.raises(UsageError, match="a device is named by a text"):
        launch(Ring.from_slots(ready_tasks(1)), device=wrong)


@pytest.mark.parametrize("empty", [[], (), {}, 0, False, set()], ids=repr)
@pytest.mark.parametrize("name", ["plan", "device"])
def test_an_empty_value_of_another_type_is_not_taken_for_none(name: str, empty: object) -> None:
    ring = Ring.from_slots(ready_tasks(2))
    with pytest.raises(UsageError):
        launch(ring, **{"device": "reference", name: empty})  # type: ignore[arg-type]
    assert set(ring.slots["state"]) == {TaskState.READY}


@pytest.mark.parametrize("empty", [[], (), "", 0, False], ids=repr)
def test_quotas_are_a_mapping_or_none(empty: object) -> None:
    with pytest.raises(UsageError, match="quotas"):
        launch(Ring.from_slots(ready_tasks(2)), device="reference", quotas=empty)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["", "nowhere/trace.json", "/proc/trace.json"])
def test_a_trace_without_a_place_is_refused_before_anything_is_claimed(place: str) -> None:
    ring = Ring.from_slots(ready_tasks(2))
    with pytest.raises(FileError):
        launch(ring, device="reference", trace=place)
    assert set(ring.slots["state"]) == {TaskState.READY}

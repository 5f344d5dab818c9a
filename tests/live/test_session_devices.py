"""Sessions on OpenCL devices: by memory that host and device share, and through a second queue, with each driver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import devices
from tests.support.ops import FAULT, FILL, REQUEUE_N, SPIN, WAIT
from vyrectl import SLOT_DTYPE, Ring, TaskState, launch
from vyrectl.engine.backend import Interrupt
from vyrectl.engine.buffers import Buffer
from vyrectl.live.access import Access
from vyrectl.live.book import Book, Finished
from vyrectl.live.follow import ROUND_SECONDS
from vyrectl.live.launch import LiveLaunch
from vyrectl.live.queued import QueueAccess
from vyrectl.live.session import Session, open_session
from vyrectl.live.shared import SharedAccess
from vyrectl.opencl.job_memory import JobMemory
from vyrectl.opencl.session import OpenCLSession

SOON = 60.0
CPUS = {name: one for name, one in devices().items() if one.is_cpu and "portable" in one.platform.lower()}
SHAPES: dict[str, dict[str, Any]] = {
    "lane": {},
    "group": {"work_group_size": 4},
    "exact": {"workers": 1, "ticket": 1},
}


def access_of(session: Session) -> Access:
    return session._access


def tasks(count: int) -> np.ndarray:
    slots = np.zeros(count, SLOT_DTYPE)
    slots["op_handle"] = np.array([0, SPIN, REQUEUE_N, FAULT])[np.arange(count) % 4]
    slots["param"] = np.arange(count) % 3
    slots["priority"] = np.arange(count) % 5
    return slots


@pytest.fixture(
    params=[(name, shape, way) for name in CPUS for shape in SHAPES for way in ("shared", "queue")]
)
def session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    name, shape, way = request.param
    if way == "queue":
        monkeypatch.setattr(LiveLaunch, "place", lambda launch, shares: (launch._ring.slots, False))
    with open_session(256, device=CPUS[name], **SHAPES[shape]) as opened:
        access = access_of(opened)
        assert isinstance(access, SharedAccess if way == "shared" else QueueAccess)
        assert access.polls is (shape != "exact")
        yield opened


def test_every_task_ends_as_it_should(session: Session) -> None:
    ids = np.concatenate([session.publish(tasks(40)) for _ in range(3)] + [session.publish(tasks(200))])
    session.wait_all(SOON)
    assert len(set(ids.tolist())) == 320
    slots = access_of(session).everything()
    faulted = np.isin(slots["op_handle"], [FAULT]) & (slots["task_id"] > 0)
    states = slots["state"][slots["task_id"] > 0]
    assert np.count_nonzero(faulted) == np.count_nonzero(states == int(TaskState.FAULTED)) == 80
    assert set(states.tolist()) == {int(TaskState.DONE), int(TaskState.FAULTED)}


def test_epochs_and_changes_reach_waiting_tasks(session: Session) -> None:
    wait = np.zeros(2, SLOT_DTYPE)
    wait["op_handle"], wait["param"] = WAIT, [1, 50]
    soon, late = session.publish(wait).tolist()
    while session.snapshot().paused_count < 2:
        pass
    assert session.advance_epoch() == 1
    assert session.wait(soon, SOON).task_state is TaskState.DONE
    assert session.change("requeue", late, priority=0).changed == 1
    assert session.wait(late, SOON).requeue_count == 1


@pytest.mark.parametrize(
    "session", [(name, shape, "shared") for name in CPUS for shape in SHAPES], indirect=True
)
def test_a_kernel_that_starts_when_its_workers_shall_leave_is_run_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = OpenCLSession.run
    late: list[float] = []

    def run_late(self: OpenCLSession, most: int, interrupt: Interrupt, *, strict: bool = False) -> bool:
        late.append(time.monotonic() + 1.2 * ROUND_SECONDS * (not late))
        while time.monotonic() < late[-1]:
            interrupt()
        return run(self, most, interrupt, strict=strict)

    monkeypatch.setattr(OpenCLSession, "run", run_late)
    ids = session.publish(tasks(8))
    session.wait_all(SOON)
    assert all(session.wait(int(one), SOON).task_state in (TaskState.DONE, TaskState.FAULTED) for one in ids)


def test_a_file_runs_in_place(tmp_path: Path) -> None:
    for device in CPUS.values():
        path = tmp_path / "ring.bin"
        Ring.create(path, 64, overwrite=True).close()
        with open_session(path, device=device) as session:
            session.wait(int(session.publish(tasks(1))[0]), SOON)
            with Ring.open(path) as ring:
                assert ring.slots["state"][0] == int(TaskState.DONE)
            assert session.change("pause", "state == done").passed == 1
        assert not Path(f"{path}.live").exists()


PLACES = ("reference", *CPUS)


@pytest.mark.parametrize("way", ["as it is", "queue", "beside"])
@pytest.mark.parametrize("name", PLACES)
def test_what_a_task_wrote_is_there_when_it_is_told_to_have_ended(
    name: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "as it is":
        monkeypatch.setattr(LiveLaunch, "place", lambda launch, shares: (launch._ring.slots, False))
    if way == "beside":
        monkeypatch.setattr(JobMemory, "_bring", read_through_a_queue)
    outputs = [np.zeros(16, "u4") for _ in range(8)]
    fill = np.zeros(1, SLOT_DTYPE)
    fill["op_handle"] = FILL
    with open_session(64, device=CPUS.get(name, name), buffers=dict(enumerate(outputs))) as opened:
        for number, output in enumerate(outputs):
            fill["output_handle"], fill["param"] = number, number + 7
            task = opened.publish(fill)[0]
            if number % 4 == 0:
                opened.wait(task, SOON)
            elif number % 4 == 1:
                opened.future(int(task)).result(SOON)
            elif number % 4 == 2:
                opened.wait_all(SOON)
            else:
                asyncio.run(opened.wait_async(int(task)))
            assert (output == number + 7).all(), number
        ended = opened.publish(fill)[0]
    assert opened.wait(ended, SOON).task_state is TaskState.DONE


@pytest.mark.parametrize("name", PLACES)
def test_a_task_whose_look_is_noted_late_has_its_outputs_all_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits may meet a task between the moment it is collected and the moment its look is noted."""
    collect = Book.collect

    def collect_slowly(book: Book) -> Finished:
        found = collect(book)
        if len(found):
            time.sleep(0.1)
        return found

    monkeypatch.setattr(Book, "collect", collect_slowly)
    monkeypatch.setattr(LiveLaunch, "place", lambda launch, shares: (launch._ring.slots, False))
    outputs = [np.zeros(16, "u4") for _ in range(12)]
    fill = np.zeros(1, SLOT_DTYPE)
    fill["op_handle"] = FILL
    with open_session(64, device=CPUS.get(name, name), buffers=dict(enumerate(outputs))) as opened:
        for number, output in enumerate(outputs):
            fill["output_handle"], fill["param"] = number, number + 7
            task = opened.publish(fill)[0]
            time.sleep(0.03)  # it is collected meanwhile, and its look not noted yet
            opened.wait(task, SOON)
            assert (output == number + 7).all(), number


def read_through_a_queue(memory: JobMemory, array: np.ndarray, offset: int) -> None:
    memory._device.read_beside(array, memory.arena, offset)


@pytest.mark.parametrize("name", PLACES)
def test_arrays_beside_an_output_file_hold_what_was_written_too(name: str, tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.create(path, 8).close()
    lent = np.zeros(16, "u4")
    buffers: dict[int | str, Any] = {
        0: lent,
        1: Buffer(np.zeros(16, "<u4"), writable=True, output=tmp_path / "o.npy"),
    }
    fill = np.zeros(1, SLOT_DTYPE)
    fill["op_handle"], fill["param"] = FILL, 9
    with open_session(path, device=CPUS.get(name, name), buffers=buffers) as opened:
        opened.wait(opened.publish(fill)[0], SOON)
        assert (lent == 9).all()
    fill["param"], fill["state"] = 11, 1
    launch(Ring.from_slots(fill), device=CPUS.get(name, name), buffers=buffers)
    assert (lent == 11).all()

"""Sessions on the reference backend: publish, wait, steer and end, from threads and from asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.ops import FAULT, FORK_SUM, NOP, SHUTDOWN, WAIT
from vyrectl import SLOT_DTYPE, Ring, TaskState, TaskWorkItem
from vyrectl.engine.backend import Job
from vyrectl.engine.reference import ReferenceBackend, ReferenceSession
from vyrectl.errors import (
    DeviceError,
    ForkedError,
    InvalidInputError,
    RingFullError,
    SessionEndedError,
    UsageError,
    WhereError,
)
from vyrectl.files.ring_lock import is_held
from vyrectl.live import running
from vyrectl.live.book import Finished
from vyrectl.live.ended import LastEnded
from vyrectl.live.session import Session, open_session

SOON = 20.0


def tasks(count: int, op: int = NOP, **words: int) -> np.ndarray:
    slots = np.zeros(count, SLOT_DTYPE)
    slots["op_handle"] = op
    for name, word in words.items():
        slots[name] = word
    return slots


@pytest.fixture
def session() -> Iterator[Session]:
    with open_session(64, device="reference") as opened:
        yield opened


def test_published_tasks_end(session: Session) -> None:
    ids = session.publish(tasks(3, FAULT, param=7))
    ended = [session.wait(int(task_id), SOON) for task_id in ids]
    assert [task.task_state for task in ended] == [TaskState.FAULTED] * 3
    assert [task.continuation_data for task in ended] == [7] * 3
    assert [task.task_id for task in ended] == ids.tolist()


def test_tasks_may_be_items_with_ids_of_their_own(session: Session) -> None:
    assert session.publish(TaskWorkItem(task_id=90, op_handle=NOP)).tolist() == [90]
    assert session.publish([TaskWorkItem(), TaskWorkItem()]).tolist() == [1, 2]
    session.wait_all(SOON)
    assert session.wait(90, SOON).task_state is TaskState.DONE


def test_an_id_is_published_once(session: Session) -> None:
    session.publish(tasks(1, task_id=5))
    with pytest.raises(InvalidInputError, match="task_id 5"):
        session.publish(tasks(1, task_id=5))
    with pytest.raises(InvalidInputError, match="task_id 6"):
        session.publish(tasks(2, task_id=6))
    session.wait_all(SOON)
    assert session.snapshot().schedulable_count == 0


def test_done_slots_are_used_again(session: Session) -> None:
    session._endings.ended = LastEnded(most=100)
    ids = np.concatenate([session.publish(tasks(50)) for _ in range(10)])
    session.wait_all(SOON)
    assert len(set(ids.tolist())) == 500
    with pytest.raises(SessionEndedError, match="used again"):
        session.wait(int(ids[0]), SOON)
    assert session.wait(int(ids[-51]), SOON).task_id == ids[-51]


def test_without_reclaim_a_ring_fills_up() -> None:
    with open_session(4, device="reference", reclaim=False) as session:
        session.publish(tasks(3))
        with pytest.raises(RingFullError) as full:
            session.publish(tasks(3), timeout=0.01)
        assert full.value.slots == 4
        session.wait_all(SOON)
        assert session.wait(1, SOON).task_state is TaskState.DONE


def test_tasks_that_the_ring_held_before_run_and_keep_their_ids() -> None:
    ring = tasks(4)
    ring["state"][:2] = 1
    ring["task_id"][:2] = 7, 8
    with open_session(ring, device="reference") as session:
        assert session.wait(8, SOON).task_state is TaskState.DONE
        assert 7 not in session.publish(tasks(2)).tolist()
        with pytest.raises(InvalidInputError):
            session.publish(tasks(1, task_id=7))
    assert (ring["state"] == int(TaskState.DONE)).all()


def test_an_epoch_resumes_what_is_due(session: Session) -> None:
    (task_id,) = session.publish(tasks(1, WAIT, param=4)).tolist()
    with pytest.raises(TimeoutError):
        session.wait(task_id, 0.02)
    assert session.advance_epoch(3) == 3
    assert session.snapshot().paused_count == 1
    assert session.set_epoch(4) == 4 == session.epoch
    assert session.wait(task_id, SOON).task_state is TaskState.DONE


def test_tasks_are_paused_resumed_and_requeued(session: Session) -> None:
    (task_id,) = session.publish(tasks(1, WAIT, param=9)).tolist()
    while not session.snapshot().paused_count:
        pass
    assert session.change("pause", "op_handle == 0x1006").changed == 1
    assert session.change("pause", 12345).changed == 0
    session.set_epoch(10)
    with pytest.raises(TimeoutError):
        session.wait(task_id, 0.02)
    change = session.change("requeue", task_id, priority=1)
    assert (change.changed, change.running, change.passed) == (1, 0, 0)
    ended = session.wait(task_id, SOON)
    assert (ended.priority, ended.requeue_count) == (1, 1)
    assert session.change("resume", task_id).passed == 1


def test_a_bad_change_is_refused_and_the_run_goes_on(session: Session) -> None:
    with pytest.raises(WhereError):
        session.change("pause", "task_id ===")
    with pytest.raises(UsageError, match="takes no code"):
        session.change("pause", 1, code=3)
    session.wait(int(session.publish(tasks(1))[0]), SOON)


def test_many_threads_publish_and_wait(session: Session) -> None:
    seen: list[int] = []

    def feed() -> None:
        for _ in range(20):
            ids = session.publish(tasks(3))
            seen.extend(session.wait(int(ids[2]), SOON).task_id for _ in range(1))

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 80


def test_a_task_is_remembered_when_its_slot_is_used_again() -> None:
    with open_session(4, device="reference") as session:
        first = session.publish(tasks(1, param=7)).tolist()[0]
        for _ in range(5):
            session.publish(tasks(4))
            session.wait_all(SOON)
        assert session.wait(first, SOON).task_id == first
        assert session.future(first).result(SOON).task_state is TaskState.DONE


def test_what_is_remembered_is_bounded() -> None:
    ended = LastEnded(most=10)
    slots = np.zeros(40, SLOT_DTYPE)
    slots["task_id"] = np.arange(1, 41)
    for start in range(0, 40, 4):
        part = slots[start : start + 4]
        ended.add(Finished(part["task_id"].copy(), np.arange(4), part))
    assert [ended.find(one) is not None for one in (28, 29, 40)] == [False, True, True]
    found = ended.find(33)
    assert found is not None
    assert int(found[0]["task_id"]) == 33
    slots["task_id"][39] = 99  # used again by another process
    assert ended.find(40) is None


def test_asyncio_waits_without_blocking(session: Session) -> None:
    async def both() -> list[int]:
        late, soon = session.publish(np.concatenate([tasks(1, WAIT, param=1), tasks(1)])).tolist()
        first = await session.wait_async(soon)
        session.advance_epoch()
        return [first.task_id, (await session.wait_async(late)).task_id]

    assert asyncio.run(both()) == [2, 1]


def test_shutdown_leaves_the_rest_as_it_is() -> None:
    session = open_session(8, device="reference")
    (paused,) = session.publish(tasks(1, WAIT, param=1)).tolist()
    waiter = session.future(paused)
    report = session.shutdown()
    assert report.ended == "shutdown"
    assert isinstance(waiter.exception(SOON), SessionEndedError)
    with pytest.raises(SessionEndedError):
        session.publish(tasks(1))
    assert session.report is report


def test_a_shutdown_operation_ends_the_session() -> None:
    session = open_session(8, device="reference")
    session.publish(tasks(1, SHUTDOWN))
    session.wait_all(SOON)
    assert session.drain().ended == "shutdown"


def test_an_error_inside_the_block_shuts_down() -> None:
    session = open_session(8, device="reference")

    def fail() -> None:
        with session:
            session.publish(tasks(1, WAIT, param=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert session.report is not None
    assert session.report.ended == "shutdown"


def test_a_file_is_held_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.create(path, 8).close()
    with open_session(path, device="reference") as session:
        session.publish(tasks(5))
    with Ring.open(path, writable=True) as ring:
        assert np.count_nonzero(ring.slots["state"] == int(TaskState.DONE)) == 5


def test_a_launch_that_cannot_start_says_why() -> None:
    with pytest.raises(UsageError, match="epoch is"):
        open_session(8, device="reference", epoch=1 << 40)


def test_a_device_that_is_not_ready_in_time_is_told_and_its_launch_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, opens, opened = tmp_path / "ring.bin", ReferenceBackend.open, threading.Event()
    Ring.create(ring, 4).close()

    def open_late(backend: ReferenceBackend, job: Job) -> ReferenceSession:
        assert opened.wait(60)
        return opens(backend, job)

    monkeypatch.setattr(ReferenceBackend, "open", open_late)
    monkeypatch.setattr(running, "START_SECONDS", 0.01)
    with pytest.raises(DeviceError, match="not ready within"):
        open_session(ring, device="reference")
    [rounds] = [one for one in threading.enumerate() if one.name == "vyrectl-rounds"]
    opened.set()
    rounds.join(60)
    assert not rounds.is_alive()
    assert not is_held(ring)


def test_nothing_is_published_beside_tasks_that_spawn() -> None:
    slots = np.zeros(8, SLOT_DTYPE)
    slots[0]["state"], slots[0]["op_handle"], slots[0]["task_id"] = int(TaskState.PAUSED), FORK_SUM, 1
    buffers = {0: np.zeros(8, np.uint32)}
    with open_session(slots, device="reference", buffers=buffers) as session:
        with pytest.raises(UsageError, match="spawn children into Empty slots"):
            session.publish(tasks(1))
        assert session.unfinished == 0


def test_what_would_wait_for_the_sessions_own_thread_is_refused(session: Session) -> None:
    task = session.publish(tasks(1, WAIT, param=9))[0]
    for inner in (
        lambda: session.order(lambda: None),
        lambda: session.change("resume", int(task)),
        lambda: session.wait(int(task)),
        session.wait_all,
        session.drain,
        session.shutdown,
    ):
        with pytest.raises(UsageError, match="wait for itself"):
            session.order(inner)
    assert session.order(lambda: session.epoch) == 0
    session.set_epoch(9)
    told: list[object] = []

    def callback(_: object) -> None:
        try:
            session.wait_all()
        except UsageError as error:
            told.append(error)

    late = session.publish(tasks(1, WAIT, param=12))[0]
    session.future(int(late)).add_done_callback(callback)
    session.set_epoch(12)
    session.wait_all(SOON)
    session.drain()
    assert len(told) == 1


def test_the_epoch_goes_on_and_neither_back_nor_round(session: Session) -> None:
    session.set_epoch(5)
    for by in (-3, 1.0, True, "1", 2**32 - 5):
        with pytest.raises(UsageError):
            session.advance_epoch(by)  # type: ignore[arg-type]
    assert session.epoch == 5
    assert session.advance_epoch(np.int64(2)) == 7  # type: ignore[arg-type]
    assert session.advance_epoch(2**32 - 8) == 2**32 - 1
    for epoch in (-1, 2**32, 1.5, False):
        with pytest.raises(UsageError):
            session.set_epoch(epoch)  # type: ignore[arg-type]


def test_ids_and_tasks_are_whole_numbers(session: Session) -> None:
    task = session.publish(TaskWorkItem(task_id=np.uint32(1)))[0]  # type: ignore[arg-type]
    assert session.wait(task, SOON).task_id == 1
    for bad in (True, 1.0, -1, "1"):
        for ask in (session.wait, session.future):
            with pytest.raises(UsageError):
                ask(bad)  # type: ignore[arg-type]
    for which in (True, 1.0, -1):
        with pytest.raises(UsageError):
            session.change("resume", which)  # type: ignore[arg-type]
    for item in (TaskWorkItem(param=-1), TaskWorkItem(param=1.5)):  # type: ignore[arg-type]
        with pytest.raises(InvalidInputError, match="param"):
            session.publish(item)
    with pytest.raises(InvalidInputError, match="SLOT_DTYPE"):
        session.publish(tasks(1).astype(SLOT_DTYPE.newbyteorder(">")))


def test_a_number_of_slots_may_be_numpys() -> None:
    with open_session(np.int64(4), device="reference") as opened:  # type: ignore[arg-type]
        assert opened.slots == 4
    for slots in (True, -1, 4.0):
        with pytest.raises((UsageError, InvalidInputError)):
            open_session(slots, device="reference")  # type: ignore[arg-type]


def test_a_forked_copy_is_told_whose_session_it_is(session: Session) -> None:
    task = int(session.publish(tasks(1, WAIT, param=9))[0])
    calls = (
        lambda: session.publish(tasks(1)),
        lambda: session.wait(task, 5),
        lambda: session.future(task),
        session.wait_all,
        lambda: session.advance_epoch(),
        lambda: session.change("resume", task),
        session.snapshot,
        session.drain,
        session.shutdown,
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of forking beside threads, which is what is tested
        pid = os.fork()
    if not pid:
        told = 0
        for call in calls:
            try:
                call()
            except ForkedError:
                told += 1
        session.__exit__(None)
        os._exit(told)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == len(calls)
    assert session.advance_epoch(9) == 9
    assert session.wait(task, SOON).task_state is TaskState.DONE


def test_a_task_that_ended_before_the_session_is_told_after_it() -> None:
    with open_session(8, device="reference", reclaim=False) as opened:
        ids = opened.publish(tasks(5)).tolist()
    assert [opened.wait(one, SOON).task_state for one in ids] == [TaskState.DONE] * 5

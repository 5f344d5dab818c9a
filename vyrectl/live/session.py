"""A ring that runs while Python publishes into it: `open_session`.

The rounds run in a thread of this process (`vyrectl.live.follow`), another one notices what has ended. Every method
may be called from any thread of the user's; `wait_async` from asyncio. Two promises: whoever is told that a task has
ended finds what it wrote in the arrays that the session was given (`vyrectl.live.outputs`), on every device; and what
only the session's own threads could bring about is refused to them, and to a forked copy of the process, which has
none, instead of being waited for. Imports every layer below the command line.

    with open_session(4096) as session:
        ids = session.publish(tasks)
        print(session.wait(ids[0]).task_state)
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from os import PathLike
from typing import NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskState
from vyrectl.engine.endings import Ending
from vyrectl.engine.options import OptionValue
from vyrectl.errors import (
    ArgumentTypeError,
    ForkedError,
    InvalidInputError,
    RingFullError,
    SessionEndedError,
    UsageError,
    VyrectlError,
)
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.report import LaunchReport
from vyrectl.live.access import Access
from vyrectl.live.book import Book, Finished
from vyrectl.live.changes import Change, change_tasks
from vyrectl.live.ended import LastEnded
from vyrectl.live.follow import SPIN_SECONDS, Follow
from vyrectl.live.outputs import Outputs
from vyrectl.live.run import start_launch
from vyrectl.numbers import integer, optional_seconds, seconds, shown
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray, check_slots
from vyrectl.task.item import TaskWorkItem
from vyrectl.telemetry.snapshot import TaskQueueSnapshot

START_SECONDS = 120.0
"""How long a device may take to be ready."""

SHORTEST_NAP, WAITED_NAP, LONGEST_NAP = 0.0002, 0.001, 0.02
"""Between two looks at what has ended; the longest while somebody waits, and otherwise."""

GLANCE_SECONDS, GLANCE_NAP = 0.002, 0.00001
"""How long and how often `wait` looks itself."""

ENDED = (int(TaskState.DONE), int(TaskState.FAULTED))
FULL_NAP = 0.001
_FULL_FIX = "Wait for tasks to end, open the session with reclaim=True, or use a longer ring"

Result = TypeVar("Result")
Ids = NDArray[np.uint32]


def open_session(
    ring: Ring | SlotArray | str | PathLike[str] | int,
    *,
    reclaim: bool = True,
    spin_seconds: float = SPIN_SECONDS,
    **options: OptionValue,
) -> Session:
    """Start to run a ring, and keep it running for tasks to come.

    Args:
        ring: A path (held, run in place where the device allows it, else saved at the end), a writable `Ring`, its
            slots, or a number of Empty slots to make in memory.
        reclaim: Publish into Done slots too, whose words are lost then.
        spin_seconds: How long workers poll for work after something last happened; a core each meanwhile.
        **options: What `vyrectl.launch` takes: device, ops, buffers, epoch, control, workers, work_group_size,
            ticket, age_threshold.

    Raises:
        VyrectlError: What opening the ring and the device raises.
    """
    return Session(ring, reclaim=reclaim, spin_seconds=spin_seconds, **options)


class _Threads(NamedTuple):
    """Who works for a session: one drives its rounds, one notices what has ended."""

    driver: threading.Thread
    collector: threading.Thread


class Session:
    """A running ring; see `open_session`. As a context manager it drains at the end, and shuts down after an error."""

    def __init__(
        self,
        ring: Ring | SlotArray | str | PathLike[str] | int,
        *,
        reclaim: bool,
        spin_seconds: float,
        **options: OptionValue,
    ) -> None:
        self._reclaim = reclaim
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiters: dict[int, list[Future[TaskWorkItem]]] = {}
        self._ended = LastEnded()
        self._published = threading.Event()
        self._ready: Future[Access] = Future()
        self._report: Future[LaunchReport] = Future()
        self._launch = start_launch(ring, LaunchOptions(**options))
        self._follow = Follow(
            self._launch.gate, ready=self._begin, spin_seconds=seconds("spin_seconds", spin_seconds)
        )
        self._threads = _Threads(
            threading.Thread(target=self._drive, name="vyrectl-rounds", daemon=True),
            threading.Thread(target=self._collect, name="vyrectl-ends", daemon=True),
        )
        self._threads.driver.start()
        self._access = self._ready.result(START_SECONDS)
        self._outputs = Outputs(self._access.bring_outputs)
        self._looks = np.zeros(self._access.slots, np.int64)
        self._threads.collector.start()

    # --- publishing -------------------------------------------------------------------------------------

    def publish(
        self, tasks: SlotArray | Iterable[TaskWorkItem] | TaskWorkItem, *, timeout: float | None = None
    ) -> Ids:
        """Put tasks into free slots; waits while there is none.

        Args:
            tasks: `SLOT_DTYPE`, shape (n,), or tasks. A task_id of 0 gets an id that is not in use. An Empty state
                becomes Ready.
            timeout: Seconds to wait for free slots; None for as long as it takes.

        Returns:
            The tasks' ids, u32, shape (n,).

        Raises:
            InvalidInputError: An id that was published before; nothing is published then.
            RingFullError: The time is over; those that found a slot are published.
            SessionEndedError: The session is over.
        """
        self._check_process()
        timeout = optional_seconds("timeout", timeout)
        array = _as_slots(tasks)
        array["state"][array["state"] == 0] = 1
        unnamed = np.flatnonzero(array["task_id"] == 0)
        with self._lock:
            array["task_id"][unnamed] = self._book.unused_ids(len(unnamed))
            self._refuse_known(array)
            left = self._offer(array)
        deadline = None if timeout is None else time.monotonic() + timeout
        while len(left):
            if deadline is not None and time.monotonic() >= deadline:
                raise RingFullError(self._access.slots, _FULL_FIX)
            time.sleep(FULL_NAP)
            left = self._offer(left)
        return np.ascontiguousarray(array["task_id"])

    def _offer(self, tasks: SlotArray) -> SlotArray:
        self._check()
        accepted = self._book.accept(tasks)
        self._published.set()
        return tasks[accepted.left]

    def _refuse_known(self, tasks: SlotArray) -> None:
        ids = np.ascontiguousarray(tasks["task_id"])
        known = np.flatnonzero(~self._book.fresh(ids))
        if known.size:
            raise InvalidInputError(
                f"task_id {int(ids[known[0]])} was published before",
                fix="Give each task an id of its own, or 0 for one that is not in use",
            )

    # --- waiting ----------------------------------------------------------------------------------------

    def future(self, task_id: int) -> Future[TaskWorkItem]:
        """The task's slot as it will be when it is Done or Faulted.

        Raises:
            UsageError: No such task was published.
            SessionEndedError: It ended long ago (`vyrectl.live.ended.MOST_TASKS` have ended since) and its slot was
                used again, or the session ended before it did.
        """
        self._check_process()
        task_id = integer("the task id", task_id)
        future: Future[TaskWorkItem] = Future()
        with self._lock:
            ended = self._ended_or_awaited(task_id, future)
        if ended is not None:
            slot, look = ended
            self._outputs.follow(look)
            self._resolve([future], slot)
            return future
        self._published.set()
        if self._report.done():
            self._threads.collector.join()
            self._abandon()
        return future

    def _ended_or_awaited(self, task_id: int, future: Future[TaskWorkItem]) -> tuple[np.void, int] | None:
        """The slot of a task that has ended, and the look that found it; else the future is among those that wait."""
        slot, known = self._book.find(task_id)
        if not known:
            raise UsageError(f"no task {task_id} was published", fix="Use an id that publish returned")
        if slot is None:
            found = self._ended.find(task_id)
            if found is None:
                raise SessionEndedError(f"the slot of task {task_id} was used again")
            return found
        number = np.array([slot])
        self._book.watch(number)
        if self._book.is_watched(slot):
            self._waiters.setdefault(task_id, []).append(future)
            return None
        return self._access.take(number)[0], int(self._looks[slot])

    def wait(self, task_id: int, timeout: float | None = None) -> TaskWorkItem:
        """The task as it ended; what it wrote is then in the arrays that the session was given.

        Raises:
            TimeoutError: It has not ended in time.
            UsageError: No such task was published; or asked by work that was ordered (`order`).
            SessionEndedError: See `future`.
        """
        self._check_thread("wait")
        task_id, timeout = integer("the task id", task_id), optional_seconds("timeout", timeout)
        return self._glance(task_id, timeout) or self.future(task_id).result(timeout)

    def _glance(self, task_id: int, timeout: float | None) -> TaskWorkItem | None:
        """The task, if it ends in the next moment: looked at here, which is sooner than `_collect` comes by."""
        slot, _ = self._book.find(task_id)
        until = time.monotonic() + min(GLANCE_SECONDS, GLANCE_SECONDS if timeout is None else timeout)
        while slot is not None and not self._report.done():
            number = np.array([slot])
            if int(self._access.states(number)[0]) in ENDED:
                found = TaskWorkItem(*self._access.take(number)[0].tolist())
                if found.task_id != task_id or found.state not in ENDED:
                    return None
                self._outputs.follow(self._look_at(slot))
                return found
            if time.monotonic() >= until:
                break
            time.sleep(GLANCE_NAP)
        return None

    def _look_at(self, slot: int) -> int:
        """When a task that has ended was seen to: at a look of `_collect`, or now.

        Under the lock: `_hand_out` drops the slot from the book first and notes its look after that.
        """
        with self._lock:
            return self._outputs.look() if self._book.is_watched(slot) else int(self._looks[slot])

    async def wait_async(self, task_id: int) -> TaskWorkItem:
        """`wait` for asyncio."""
        return await asyncio.wrap_future(self.future(task_id))

    def wait_all(self, timeout: float | None = None) -> None:
        """Wait until everything published is Done or Faulted; paused tasks are waited for too.

        Raises:
            TimeoutError: They have not ended in time.
        """
        self._check_thread("wait")
        timeout = optional_seconds("timeout", timeout)
        self._wait_all(timeout)
        self._outputs.follow(self._outputs.look())

    def _wait_all(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._book.unfinished:
            if self._report.done():
                self._threads.collector.join()
                if not self._book.unfinished:
                    return
            self._check()
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"{self._book.unfinished} tasks have not ended")
            self._published.set()
            time.sleep(FULL_NAP)

    # --- steering ---------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The epoch that paused tasks are compared with."""
        return self._access.control(control_abi.EPOCH.first)

    def advance_epoch(self, by: int = 1) -> int:
        """Move the epoch on; paused tasks that are due are resumed. Returns the new epoch.

        Raises:
            UsageError: Backwards, or past the last epoch; `set_epoch` goes anywhere.
        """
        self._check()
        by = integer("by", by, fix=f"Give a whole number from 0 to {U32_MAX}; set_epoch goes back")
        with self._lock:
            epoch = self.epoch
            if epoch + by > U32_MAX:
                raise UsageError(
                    f"the epoch is {epoch} and cannot move on by {by}",
                    fix=f"Give at most {U32_MAX - epoch}, or start again with set_epoch",
                )
            return self._access.add_control(control_abi.EPOCH.first, by)

    def set_epoch(self, epoch: int) -> int:
        """Set the epoch.

        Raises:
            UsageError: It is no u32.
        """
        self._check()
        epoch = integer("epoch", epoch)
        self._access.set_control(control_abi.EPOCH.first, epoch)
        return epoch

    def change(self, action: str, which: int | str, **arguments: int) -> Change:
        """Apply `pause`, `resume` or `requeue` to tasks, between two rounds.

        Args:
            action: One of the three words.
            which: A task_id, or a condition as `--where` takes it.
            **arguments: pc, data (the slot's own by default), epoch (never), priority (the slot's own).

        Raises:
            WhereError: The condition is not in the language.
            UsageError: An argument that the action does not take.
        """
        return self.order(
            lambda: change_tasks(self._access, action, which, self._launch.op_codes, **arguments)
        )

    def order(self, work: Callable[[], Result]) -> Result:
        """Have something done between two rounds, while no worker runs.

        Raises:
            SessionEndedError: The session is over.
            UsageError: Ordered by work that was itself ordered: it runs between two rounds already.
        """
        self._check_thread("give an order")
        self._check()
        return self._follow.order(work).result()

    # --- looking ----------------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """Slots of the ring."""
        return self._access.slots

    @property
    def unfinished(self) -> int:
        """Published tasks that have not been seen to end."""
        return self._book.unfinished

    def snapshot(self) -> TaskQueueSnapshot:
        """The ring's telemetry now."""
        self._check()
        return TaskQueueSnapshot.from_slots(self._access.everything())

    # --- ending -----------------------------------------------------------------------------------------

    @property
    def report(self) -> LaunchReport | None:
        """What the launch did, once it is over."""
        done = self._report.done() and self._report.exception() is None
        return self._report.result() if done else None

    def drain(self) -> LaunchReport:
        """End when nothing claimable is left.

        Raises:
            VyrectlError: What ended the launch instead.
        """
        self._check_thread("end the session")
        self._follow.finish()
        return self._close()

    def shutdown(self) -> LaunchReport:
        """Set SHUTDOWN: tasks that run end their turn, the others stay as they are.

        Raises:
            VyrectlError: What ended the launch instead.
        """
        self._check_thread("end the session")
        self._launch.stop(Ending.SHUTDOWN)
        self._access.ring_bell()
        return self._close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Session is a kernel that runs, and is not pickled: hand on what its snapshot() returns"
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if os.getpid() != self._pid:
            return
        if kind is None:
            self.drain()
        elif not self._report.done():
            self.shutdown()

    def _close(self) -> LaunchReport:
        self._threads.driver.join()
        self._published.set()
        self._threads.collector.join()
        return self._report.result()

    # --- threads ----------------------------------------------------------------------------------------

    def _begin(self, access: Access) -> None:
        """The driver's: the device is ready."""
        self._book = Book(access, reclaim=self._reclaim)
        self._ready.set_result(access)

    def _drive(self) -> None:
        try:
            self._report.set_result(self._launch.run(self._follow))
        except BaseException as error:
            if self._ready.done():
                self._report.set_exception(error)
            else:
                self._report.set_exception(SessionEndedError())
                self._ready.set_exception(error)
        self._published.set()

    def _collect(self) -> None:
        nap = SHORTEST_NAP
        while not self._report.done():
            if not self._book.unfinished:
                self._published.wait()
                self._published.clear()
                nap = SHORTEST_NAP
                continue
            found = self._hand_out()
            longest = WAITED_NAP if self._waiters else LONGEST_NAP
            nap = SHORTEST_NAP if found else min(nap * 1.5, longest)
            time.sleep(nap)
        self._hand_out()
        self._abandon()

    def _hand_out(self) -> int:
        with self._lock:
            finished = self._book.collect()
            look = self._outputs.look()
            self._looks[finished.numbers] = look
            self._ended.add(finished, look)
            answers = self._answers(finished) if self._waiters else []
        if answers:
            self._answer(answers, look)
        return len(finished)

    def _answer(self, answers: list[tuple[list[Future[TaskWorkItem]], np.void]], look: int) -> None:
        try:
            self._outputs.follow(look)
        except VyrectlError as error:
            for waiters, _ in answers:
                self._disappoint(waiters, error)
            return
        for waiters, slot in answers:
            self._resolve(waiters, slot)

    def _answers(self, finished: Finished) -> list[tuple[list[Future[TaskWorkItem]], np.void]]:
        """Who waits for tasks that have ended, and those tasks' slots."""
        return [
            (self._waiters.pop(task_id), finished.tasks[position])
            for position, task_id in enumerate(finished.ids.tolist())
            if task_id in self._waiters
        ]

    @staticmethod
    def _resolve(waiters: list[Future[TaskWorkItem]], slot: np.void) -> None:
        for future in waiters:
            if future.set_running_or_notify_cancel():
                future.set_result(TaskWorkItem(*slot.tolist()))

    def _abandon(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, {}
        for task_id, futures in waiters.items():
            self._disappoint(futures, SessionEndedError(f"the session ended before task {task_id}"))

    @staticmethod
    def _disappoint(waiters: list[Future[TaskWorkItem]], error: VyrectlError) -> None:
        for future in waiters:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)

    def _check(self) -> None:
        """Raise what ended the session, if it is over, or that it is another process's."""
        self._check_process()
        if self._report.done():
            self._report.result()
            raise SessionEndedError

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError("the session", self._pid)

    def _check_thread(self, doing: str) -> None:
        """Refuse what would wait for the thread that it is called from."""
        self._check_process()
        if threading.current_thread() in self._threads:
            raise UsageError(
                f"one of the session's own threads cannot {doing}: it would wait for itself",
                fix="Do it after the order or the callback has returned, in a thread of yours",
            )


def _as_slots(tasks: SlotArray | Iterable[TaskWorkItem] | TaskWorkItem) -> SlotArray:
    """A copy of the tasks as slots."""
    if isinstance(tasks, np.ndarray):
        return check_slots("tasks", tasks).copy()
    items = list(tasks) if isinstance(tasks, Iterable) else [tasks]
    for item in items:
        if not isinstance(item, TaskWorkItem):
            raise ArgumentTypeError(
                f"a task is {shown(item)}, which is no task",
                fix="Give TaskWorkItem, or an array of SLOT_DTYPE",
            )
    return np.array([item.checked_words() for item in items], SLOT_DTYPE)

"""A ring that runs while Python publishes into it: `open_session`.

The rounds run in a thread of this process (`vyrectl.live.running`), another one notices what has ended
(`vyrectl.live.task_endings`). Every method may be called from any thread of the user's; `wait_async` from asyncio. The
invariant: what only the session's own threads could bring about is refused to them, and to a forked copy of the
process, which has none, instead of being waited for. Imports every layer below the command line.

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
from typing import NoReturn

import numpy as np

from vyrectl.abi import control as control_abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import U32_MAX
from vyrectl.declared import refuse_unknown
from vyrectl.engine.options import OptionValue
from vyrectl.errors import ArgumentTypeError, ForkedError, InvalidInputError, RingFullError, UsageError
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.report import LaunchReport
from vyrectl.live.changes import Change
from vyrectl.live.follow import SPIN_SECONDS
from vyrectl.live.ids import Ids
from vyrectl.live.launch import start_launch
from vyrectl.live.orders import Result
from vyrectl.live.running import RunningLaunch
from vyrectl.live.task_endings import TaskEndings
from vyrectl.numbers import integer, optional_seconds, shown
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray, check_slots
from vyrectl.task.item import TaskWorkItem
from vyrectl.telemetry.snapshot import TaskQueueSnapshot

FULL_NAP = 0.001
"""Between two looks for a free slot."""

_OWN = ("ring", "reclaim", "spin_seconds")
"""Keywords of a session beside those of a launch."""

_FULL_FIX = "Wait for tasks to end, open the session with reclaim=True, or use a longer ring"


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
    refuse_unknown("open_session", LaunchOptions, options, _OWN)
    return Session(ring, reclaim=reclaim, spin_seconds=spin_seconds, **options)


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
        self._pid = os.getpid()
        self._lock = threading.Lock()
        refuse_unknown("Session", LaunchOptions, options, _OWN)
        launch = start_launch(ring, LaunchOptions(**options))
        self._running = RunningLaunch(launch, reclaim=reclaim, spin_seconds=spin_seconds)
        self._access, self._book = self._running.access, self._running.book
        self._endings = TaskEndings(self._running)

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
        self._running.news.set()
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
        return self._endings.future(integer("the task id", task_id))

    def wait(self, task_id: int, timeout: float | None = None) -> TaskWorkItem:
        """The task as it ended; what it wrote is then in the arrays that the session was given.

        Raises:
            TimeoutError: It has not ended in time.
            UsageError: No such task was published; or asked by work that was ordered (`order`).
            SessionEndedError: See `future`.
        """
        self._check_thread("wait")
        task_id, timeout = integer("the task id", task_id), optional_seconds("timeout", timeout)
        return self._endings.glance(task_id, timeout) or self._endings.future(task_id).result(timeout)

    async def wait_async(self, task_id: int) -> TaskWorkItem:
        """`wait` for asyncio."""
        return await asyncio.wrap_future(self.future(task_id))

    def wait_all(self, timeout: float | None = None) -> None:
        """Wait until everything published is Done or Faulted; paused tasks are waited for too.

        Raises:
            TimeoutError: They have not ended in time.
        """
        self._check_thread("wait")
        self._endings.wait_all(optional_seconds("timeout", timeout))

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
        self._may_order()
        return self._running.change(action, which, arguments)

    def order(self, work: Callable[[], Result]) -> Result:
        """Have something done between two rounds, while no worker runs.

        Raises:
            SessionEndedError: The session is over.
            UsageError: Ordered by work that was itself ordered: it runs between two rounds already.
        """
        self._may_order()
        return self._running.order(work)

    def _may_order(self) -> None:
        self._check_thread("give an order")
        self._check()

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
        return self._running.report

    def drain(self) -> LaunchReport:
        """End when nothing claimable is left.

        Raises:
            VyrectlError: What ended the launch instead.
        """
        self._check_thread("end the session")
        self._running.finish()
        return self._close()

    def shutdown(self) -> LaunchReport:
        """Set SHUTDOWN: tasks that run end their turn, the others stay as they are.

        Raises:
            VyrectlError: What ended the launch instead.
        """
        self._check_thread("end the session")
        self._running.stop()
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
        elif not self._running.is_over:
            self.shutdown()

    def _close(self) -> LaunchReport:
        self._running.thread.join()
        self._endings.close()
        return self._running.result()

    # --- refusals ---------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Raise what ended the session, if it is over, or that it is another process's."""
        self._check_process()
        self._running.check()

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedError("the session", self._pid)

    def _check_thread(self, doing: str) -> None:
        """Refuse what would wait for the thread that it is called from."""
        self._check_process()
        if threading.current_thread() in (self._running.thread, self._endings.thread):
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

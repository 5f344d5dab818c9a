"""Who waits for tasks of a running launch to end, and the thread that notices when they have.

The invariant: whoever is told that a task has ended finds what it wrote in the arrays that the launch was given
(`vyrectl.live.output_copies`), on every device; and whoever waits is answered, at the latest when the launch is over.
Usable from any thread but its own. Imports numpy.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import numpy as np

from vyrectl.abi.states import TaskState
from vyrectl.errors import SessionEndedError, UsageError, VyrectlError
from vyrectl.live.book import Finished
from vyrectl.live.ended import LastEnded
from vyrectl.live.output_copies import OutputCopies
from vyrectl.live.running import RunningLaunch
from vyrectl.task.item import TaskWorkItem

SHORTEST_NAP, WAITED_NAP, LONGEST_NAP = 0.0002, 0.001, 0.02
"""Between two looks at what has ended; the longest while somebody waits, and otherwise."""

GLANCE_SECONDS, GLANCE_NAP = 0.002, 0.00001
"""How long and how often `glance` looks."""

ENDED = (int(TaskState.DONE), int(TaskState.FAULTED))
UNFINISHED_NAP = 0.001
"""Between two looks of `wait_all`."""

Waiter = Future[TaskWorkItem]


class TaskEndings:
    """Notices ends, remembers the last of them, and tells who waits."""

    def __init__(self, running: RunningLaunch) -> None:
        self.ended = LastEnded()
        self._running = running
        self._access, self._book = running.access, running.book
        self._lock = threading.Lock()
        self._waiters: dict[int, list[Waiter]] = {}
        self._copies = OutputCopies(self._access.bring_outputs)
        self._looks = np.zeros(self._access.slots, np.int64)
        self.thread = threading.Thread(target=self._collect, name="vyrectl-ends", daemon=True)
        self.thread.start()

    def future(self, task_id: int) -> Waiter:
        """The task's slot as it will be when it is Done or Faulted.

        Raises:
            UsageError: No such task was published.
            SessionEndedError: Its slot was used again long ago.
        """
        future: Waiter = Future()
        with self._lock:
            found = self._ended_or_awaited(task_id, future)
        if found is not None:
            slot, look = found
            self._copies.follow(look)
            _resolve([future], slot)
            return future
        self._running.news.set()
        if self._running.is_over:
            self.thread.join()
            self._abandon()
        return future

    def glance(self, task_id: int, timeout: float | None) -> TaskWorkItem | None:
        """The task, if it ends in the next moment: looked at here, which is sooner than the thread comes by."""
        slot, _ = self._book.find(task_id)
        until = time.monotonic() + min(GLANCE_SECONDS, GLANCE_SECONDS if timeout is None else timeout)
        while slot is not None and not self._running.is_over:
            number = np.array([slot])
            if int(self._access.states(number)[0]) in ENDED:
                found = TaskWorkItem(*self._access.take(number)[0].tolist())
                if found.task_id != task_id or found.state not in ENDED:
                    return None
                self._copies.follow(self._look_at(slot))
                return found
            if time.monotonic() >= until:
                break
            time.sleep(GLANCE_NAP)
        return None

    def wait_all(self, timeout: float | None) -> None:
        """Wait until everything published is Done or Faulted.

        Raises:
            TimeoutError: They have not ended in time.
            SessionEndedError: The launch ended before they did.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._book.unfinished:
            if self._running.is_over:
                self.thread.join()
                if not self._book.unfinished:
                    break
            self._running.check()
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"{self._book.unfinished} tasks have not ended")
            self._running.news.set()
            time.sleep(UNFINISHED_NAP)
        self._copies.follow(self._copies.look())

    def close(self) -> None:
        """The launch is over: return when everybody who waited is answered."""
        self._running.news.set()
        self.thread.join()

    def _ended_or_awaited(self, task_id: int, future: Waiter) -> tuple[np.void, int] | None:
        """The slot of a task that has ended, and the look that found it; else the future is among those that wait."""
        slot, known = self._book.find(task_id)
        if not known:
            raise UsageError(f"no task {task_id} was published", fix="Use an id that publish returned")
        if slot is None:
            found = self.ended.find(task_id)
            if found is None:
                raise SessionEndedError(f"the slot of task {task_id} was used again")
            return found
        number = np.array([slot])
        self._book.watch(number)
        if self._book.is_watched(slot):
            self._waiters.setdefault(task_id, []).append(future)
            return None
        return self._access.take(number)[0], int(self._looks[slot])

    def _look_at(self, slot: int) -> int:
        """When a task that has ended was seen to: at a look of the thread, or now.

        Under the lock: `_hand_out` drops the slot from the book first and notes its look after that.
        """
        with self._lock:
            return self._copies.look() if self._book.is_watched(slot) else int(self._looks[slot])

    # --- the thread -------------------------------------------------------------------------------------

    def _collect(self) -> None:
        nap = SHORTEST_NAP
        while not self._running.is_over:
            if not self._book.unfinished:
                self._running.news.wait()
                self._running.news.clear()
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
            look = self._copies.look()
            self._looks[finished.numbers] = look
            self.ended.add(finished, look)
            answers = self._answers(finished) if self._waiters else []
        if answers:
            self._answer(answers, look)
        return len(finished)

    def _answer(self, answers: list[tuple[list[Waiter], np.void]], look: int) -> None:
        try:
            self._copies.follow(look)
        except VyrectlError as error:
            for waiters, _ in answers:
                _disappoint(waiters, error)
            return
        for waiters, slot in answers:
            _resolve(waiters, slot)

    def _answers(self, finished: Finished) -> list[tuple[list[Waiter], np.void]]:
        """Who waits for tasks that have ended, and those tasks' slots."""
        return [
            (self._waiters.pop(task_id), finished.tasks[position])
            for position, task_id in enumerate(finished.ids.tolist())
            if task_id in self._waiters
        ]

    def _abandon(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, {}
        for task_id, futures in waiters.items():
            _disappoint(futures, SessionEndedError(f"the session ended before task {task_id}"))


def _resolve(waiters: list[Waiter], slot: np.void) -> None:
    for future in waiters:
        if future.set_running_or_notify_cancel():
            future.set_result(TaskWorkItem(*slot.tolist()))


def _disappoint(waiters: list[Waiter], error: VyrectlError) -> None:
    for future in waiters:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)

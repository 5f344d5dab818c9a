"""A launch that runs in a thread of its own: what drives it, how its ring is reached, and how it ended.

The invariant: a `RunningLaunch` that could be made has a device that is ready; from then on its ring is reached through
`access` and `book`, until `is_over`. Imports every layer below the command line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from vyrectl.engine.endings import Ending
from vyrectl.errors import DeviceError, SessionEndedError
from vyrectl.launching.report import LaunchReport
from vyrectl.live.access import Access
from vyrectl.live.book import Book
from vyrectl.live.changes import Change, change_tasks
from vyrectl.live.follow import Follow
from vyrectl.live.launch import LiveLaunch
from vyrectl.live.orders import Result
from vyrectl.numbers import seconds

START_SECONDS = 120.0
"""How long a device may take to be ready."""


class RunningLaunch:
    """Starts a launch and returns when its device is ready.

    Args:
        launch: The launch, which gives back its own ring at the end.
        reclaim: Publish into Done slots too.
        spin_seconds: How long workers poll for work after something last happened.

    Attributes:
        access: The ring beside the rounds.
        book: What is published and what of it has ended.
        news: Set when there may be something to look at: a publication, or the end.
        thread: Drives the rounds.

    Raises:
        DeviceError: It is not ready after `START_SECONDS`; the launch ends as soon as its driver returns.
        VyrectlError: What opening the device raises.
    """

    def __init__(self, launch: LiveLaunch, *, reclaim: bool, spin_seconds: float) -> None:
        self.news = threading.Event()
        self._launch = launch
        self._reclaim = reclaim
        self._ready: Future[tuple[Access, Book]] = Future()
        self._report: Future[LaunchReport] = Future()
        self._follow = Follow(
            launch.gate, ready=self._begin, spin_seconds=seconds("spin_seconds", spin_seconds)
        )
        self.thread = threading.Thread(target=self._drive, name="vyrectl-rounds", daemon=True)
        self.thread.start()
        self.access, self.book = self._await_device()

    @property
    def is_over(self) -> bool:
        """Whether there are no rounds any more."""
        return self._report.done()

    @property
    def report(self) -> LaunchReport | None:
        """What the launch did, once it is over and did not fail."""
        done = self._report.done() and self._report.exception() is None
        return self._report.result() if done else None

    def check(self) -> None:
        """Raise what ended the launch, if it is over.

        Raises:
            SessionEndedError: It ended as it should.
            VyrectlError: It failed.
        """
        if self._report.done():
            self._report.result()
            raise SessionEndedError

    def order(self, work: Callable[[], Result]) -> Result:
        """Have something done between two rounds, while no worker runs."""
        return self._follow.order(work).result()

    def change(self, action: str, which: int | str, arguments: dict[str, int]) -> Change:
        """Change tasks between two rounds; see `vyrectl.live.changes.change_tasks`."""
        codes = self._launch.op_codes
        return self.order(lambda: change_tasks(self.access, action, which, codes, **arguments))

    def finish(self) -> None:
        """Have it end when nothing claimable is left."""
        self._follow.finish()

    def stop(self) -> None:
        """Set SHUTDOWN."""
        self._launch.stop(Ending.SHUTDOWN)
        self.access.ring_bell()

    def result(self) -> LaunchReport:
        """What the launch did, or what ended it instead is raised; of a launch that is over."""
        return self._report.result()

    def _await_device(self) -> tuple[Access, Book]:
        try:
            return self._ready.result(START_SECONDS)
        except TimeoutError:
            raise DeviceError(
                f"the device was not ready within {START_SECONDS:g} s",
                fix="Find out what it waits for: vyrectl doctor. The ring is given back once its driver returns",
            ) from None
        finally:
            if not self._ready.done():  # nobody waits for it any more
                self._launch.stop(Ending.SHUTDOWN)

    # --- the thread -------------------------------------------------------------------------------------

    def _begin(self, access: Access) -> None:
        self._ready.set_result((access, Book(access, reclaim=self._reclaim)))

    def _drive(self) -> None:
        try:
            self._report.set_result(self._launch.run(self._follow))
        except BaseException as error:
            if self._ready.done():
                self._report.set_exception(error)
            else:
                self._report.set_exception(SessionEndedError())
                self._ready.set_exception(error)
        self.news.set()

"""Work that other threads want done between two rounds, while no worker runs.

Invariant: each order is carried out or refused, whoever is quicker, its giver or the end of the rounds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from vyrectl.errors import SessionEndedError

Result = TypeVar("Result")

Came = Any
"""What comes of an order. Any: orders of many kinds wait in one line."""


class Orders:
    """What is to be done; any thread may give, the driver's carries out."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], Came], Future[Came]]] = deque()
        self._is_over = False

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._waiting)

    def give(self, work: Callable[[], Result]) -> Future[Result]:
        """What comes of it, or a SessionEndedError where there are no rounds any more."""
        future: Future[Result] = Future()
        self._waiting.append((work, future))
        if self._is_over:
            self._refuse()
        return future

    def carry_out(self) -> None:
        """Do what waits, in order."""
        while self._waiting:
            work, future = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

    def end(self) -> None:
        """Refuse what waits, and whatever is given from now on."""
        self._is_over = True
        self._refuse()

    def _refuse(self) -> None:
        while self._waiting:
            _, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                future.set_exception(SessionEndedError())

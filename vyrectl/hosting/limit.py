"""A time limit that counts from a command's first moment: what it reads before its child runs lies within it too.

A pipe that nobody writes would hold a command up for ever before anybody looks at the clock, so an alarm does. The
supervisor takes the clock over (`hand_over`). Standard library only. The invariant: the alarm is off, and the signal
as it was, once the command is through or the clock was handed over.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from vyrectl.errors import TimeLimitError
from vyrectl.files.waiting import waited_for

_LEAST_SECONDS = 1e-6
"""An alarm of none is no alarm."""

_began: list[float] = []
"""When the limit began that is under way, if one is."""


@contextmanager
def limited(timeout_s: float | None) -> Iterator[None]:
    """Let a limit begin now.

    Args:
        timeout_s: Seconds; None for no limit.

    Raises:
        TimeLimitError: It was over before a supervisor had taken the clock.
    """
    usable = threading.current_thread() is threading.main_thread()
    if timeout_s is None or not usable or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return

    def ring(number: int, frame: FrameType | None) -> NoReturn:
        raise TimeLimitError(timeout_s, waited_for())

    _began.append(time.monotonic())
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(timeout_s, _LEAST_SECONDS))
    try:
        yield
    finally:
        hand_over()


def hand_over() -> float:
    """Take the clock over: the alarm goes off.

    Returns:
        `time.monotonic()` from which the limit counts; now where none is under way.
    """
    if not _began:
        return time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return _began.pop()

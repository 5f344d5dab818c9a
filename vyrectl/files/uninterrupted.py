"""Moments in which no signal may end what is half done. Standard library only.

The invariant: a signal is held back by its handler, never by a thread's mask, which other threads (a driver's, for one)
do not share: the system gives it to one of those, and Python runs the handler in the main thread all the same.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back what asks a process to end, for as long as this lasts: it is delivered afterwards.

    Ignored signals stay ignored. In another thread than the main one nothing is held back: no handler runs there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: dict[int, None] = {}

    def note(number: int, frame: object) -> None:
        arrived[number] = None

    def deliver() -> None:
        for number in arrived:
            signal.raise_signal(number)

    with ExitStack() as after:
        after.callback(deliver)
        for number in ENDING:
            handler = signal.getsignal(number)
            if handler not in (signal.SIG_IGN, None):
                after.callback(signal.signal, number, handler)
                signal.signal(number, note)
        yield

"""Keeps a program's signal handlers while a driver sets itself up.

CPU drivers bring a compiler that takes over a program's signals when its devices are listed or its first context is
made: SIGUSR1 is then never heard again, the others once each. The invariant: after a call into a driver the signals
of `KEPT` have the handlers that they had before, whoever set them. SIGFPE, SIGSEGV and their like are left to the
driver, whose kernels may need them. Standard library only.
"""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

KEPT: tuple[signal.Signals, ...] = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""Signals by which people and programs talk to a process."""

_ACTION_BYTES = 512
"""More than a `struct sigaction` has on any system; its contents are handed back as they came."""


@contextmanager
def own_handlers() -> Iterator[None]:
    """Put back, after a `with` block, the handlers that the signals of `KEPT` had before it."""
    before = {number: _action(number) for number in KEPT}
    try:
        yield
    finally:
        for number, action in before.items():
            if _action(number).raw != action.raw:
                _sigaction()(number, action, None)


def _action(number: int) -> ctypes.Array[ctypes.c_char]:
    """What the system does on a signal, as the bytes of a `struct sigaction`."""
    action = ctypes.create_string_buffer(_ACTION_BYTES)
    _sigaction()(number, None, action)
    return action


@cache
def _sigaction() -> Callable[..., int]:
    found: Callable[..., int] = ctypes.CDLL(None).sigaction
    return found

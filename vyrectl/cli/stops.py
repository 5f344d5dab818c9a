"""Signals that end a command: once it is loaded they unwind it, and it says that it was stopped.

Before that `vyrectl.cli.start` ends the process. Standard library only. The invariant: a stop is no error of the tree,
so that nothing on its way takes it for one; the command's edge turns it into a message and an exit code. Where
a launch is under way its supervisor hears the signals.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from vyrectl.cli.start import leave_at_once


class Stop(BaseException):
    """A signal that ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


_AGAIN_SECONDS = 0.02

UNWINDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a command as Ctrl-C does."""


def listen() -> None:
    """Let the signals unwind this process, as Ctrl-C does, unless whoever started it has them ignored."""
    if signal.getsignal(signal.SIGINT) is leave_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in UNWINDING:
        if signal.getsignal(number) in (signal.SIG_DFL, leave_at_once):
            signal.signal(number, _stop)
    sys.unraisablehook = deliver_again(sys.unraisablehook)


def deliver_again(
    hook: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], None]:
    """A hook for exceptions that Python cannot raise, in a finalizer or a callback: a stop among them is sent again.

    Args:
        hook: Gets all others.
    """

    def heard(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, Stop | KeyboardInterrupt):
            hook(lost)
            return
        from threading import Timer

        number = lost.exc_value.number if isinstance(lost.exc_value, Stop) else signal.SIGINT
        again = Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    return heard


def ignore() -> None:
    """What the command had to do is done; it ends as that says."""
    for number in (signal.SIGINT, *UNWINDING):
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop(number)

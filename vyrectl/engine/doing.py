"""What a long step says about itself to whoever listens: a build says that it compiles.

One listener a context; without one nothing is said. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

Listener = Callable[[str | None], None]

COMPILING = "compiling the kernels"

_LISTENER: ContextVar[Listener] = ContextVar("listener", default=lambda what: None)


def say_doing(what: str | None) -> None:
    """Tell the listener what begins now.

    Args:
        what: For people, for example ``compiling the kernels``; None when that has ended.
    """
    _LISTENER.get()(what)


def hear_doing(listener: Listener) -> None:
    """Let a listener hear what this context does from now on."""
    _LISTENER.set(listener)

"""Which process has used OpenCL: a forked copy of it has none of the driver's threads, and may not use it.

Standard library only: who is about to fork asks here.
"""

from __future__ import annotations

import os

from vyrectl.errors import ForkedError

_users: list[int] = []
"""The process that used OpenCL first, once there is one."""


def note() -> bool:
    """Note that this process uses OpenCL; true the first time."""
    if _users:
        return False
    _users.append(os.getpid())
    return True


def is_used() -> bool:
    """Whether this process, or one that it was forked from, has used OpenCL: a child forked now could not."""
    return bool(_users)


def refuse_in_a_fork() -> None:
    """Refuse to use OpenCL where it belongs to the process that this one was forked from.

    Raises:
        ForkedError: It does.
    """
    if _users and _users[0] != os.getpid():
        raise ForkedError("OpenCL", _users[0])

"""Which process is meant: a number and the moment it began, since numbers come again. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

from vyrectl.dataclass import dataclass

_START_FIELD = 19
"""Of /proc/PID/stat after the command's name, which ends at the last parenthesis."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, dead or alive.

    Attributes:
        pid: Its number; 0 for none.
        start: When it began, in clock ticks since boot; 0 where the system does not tell.
    """

    pid: int
    start: int

    @classmethod
    def current(cls) -> Process:
        """This process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this number now."""
        return cls(pid, _started(pid) or 0)

    def is_alive(self) -> bool:
        """True when it has not ended; a zombie has."""
        if not self.pid:
            return False
        started = _started(self.pid)
        if started is not None:
            return started == self.start
        return _answers(self.pid) if not Path("/proc/self/stat").exists() else False


def _started(pid: int) -> int | None:
    """Start of a living process, or None when it is gone or there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[_START_FIELD])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

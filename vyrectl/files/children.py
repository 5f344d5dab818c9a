"""How the children of a process end, which it hears of. Standard library only.

Whoever starts a program may have it ignore SIGCHLD, as some daemons do: the system then throws away how its children
end, so that one which died is not told from one which did its work. The invariant: a process of ours hears of its
children; one that is somebody else's is left as it is, and a missing status is no error there.
"""

from __future__ import annotations

import os
import signal


def hear_of_children() -> None:
    """Have the system keep how children of this process end; for a process that runs nothing but the package."""
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def end_of_child(pid: int) -> int:
    """Wait for the end of a child.

    Returns:
        Its status as `os.waitpid` has it; 0 where the system did not keep it.
    """
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return 0

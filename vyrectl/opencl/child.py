"""Runs a command that may crash, hang or leave children behind, for a limited time. Standard library only."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from vyrectl.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        status: Its exit code, minus the number of the signal that it died of, or None when its time was over.
        output: What it wrote to standard output.
        errors: What it wrote to standard error.
    """

    status: int | None
    output: bytes = b""
    errors: bytes = b""

    def last_line(self) -> str:
        """The last line of its errors, else of its output, or nothing."""
        lines = (self.errors.strip() or self.output.strip()).decode(errors="replace").splitlines()
        return lines[-1] if lines else ""


def run_child(
    command: Sequence[str],
    seconds: float,
    *,
    environment: Mapping[str, str | None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Ended:
    """Run a command in a session of its own; when the time is over, kill everything in that session.

    Args:
        command: Program and arguments.
        seconds: How long it may take.
        environment: Variables to change, or to take away where None; the rest is this process's.
        pass_fds: Descriptors that it inherits.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        env=_environment(environment or {}),
        start_new_session=True,
    )
    try:
        output, errors = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        output, errors = _kill(child)
        return Ended(None, output, errors)
    except BaseException:
        _kill(child)
        raise
    return Ended(child.returncode, output, errors)


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    changed: dict[str, str | None] = {**os.environ, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def _kill(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    return child.communicate()

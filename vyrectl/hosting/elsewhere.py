"""Launches from a process that must not fork: one with threads, or with an OpenCL driver already loaded.

A forked copy of such a process would wait for threads that it does not have. So the launch, supervisor and all, runs
in a fresh interpreter; this side passes the request, with what standard input has for it, and relays progress, answers
and signals. A shell's `vyrectl launch` never needs it, nor does that interpreter: nothing of ours is at work there, and
threads or libraries that an interpreter here begins with would be in the next one too. Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from vyrectl.engine.naming import current, named_by
from vyrectl.errors import RelayedError, VyrectlError
from vyrectl.files.children import hear_of_children
from vyrectl.files.python import be_own, is_own, module_command
from vyrectl.files.streams import open_streams
from vyrectl.files.telling import is_heard, tell_by
from vyrectl.files.whole import stdin_for_another, take_stdin
from vyrectl.hosting.orphan import signal_at_death_of_parent
from vyrectl.hosting.supervisor import Message
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.opencl.used import is_used

if TYPE_CHECKING:
    import subprocess

_PATIENCE_SECONDS = 2.0
"""Beyond the grace, for a launch that is told to end."""


class Graceful(Protocol):
    """A request that says how long it may take to end, and what it reads."""

    @property
    def grace_s(self) -> float:
        """Seconds."""
        ...

    @property
    def reads_stdin(self) -> bool:
        """Whether standard input is among its files."""
        ...


def may_fork() -> bool:
    """True when a forked child of this process can open a device, and signals can be caught here."""
    if is_used() or threading.current_thread() is not threading.main_thread():
        return False
    return is_own() or (threading.active_count() == 1 and "pyopencl" not in sys.modules)


Asked = TypeVar("Asked", bound=Graceful)


def launch_elsewhere(
    request: Asked,
    watch: Callable[[Message], None],
    launch: Callable[[Asked, Callable[[Message], None]], tuple[LaunchRecord, int]],
) -> tuple[LaunchRecord, int]:
    """A launch in a fresh interpreter; same answer, same errors.

    Args:
        request: What to do.
        watch: Told what the launch says.
        launch: What does it there: a function of a module, which gets the request and who watches.

    Raises:
        VyrectlError: Whatever the launch raises, relayed.
        RuntimeError: The interpreter met a bug, or ended without an answer.
    """
    import pickle
    import subprocess

    given = stdin_for_another() if request.reads_stdin else None
    command = module_command("vyrectl.hosting.elsewhere")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            return _listen_to(child, pickle.dumps((launch, request, current(), given, is_heard())), watch)
        except VyrectlError:
            raise
        except BaseException:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(request.grace_s + _PATIENCE_SECONDS)
            child.kill()
            raise


def _listen_to(
    child: subprocess.Popen[bytes], request: bytes, watch: Callable[[Message], None]
) -> tuple[LaunchRecord, int]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(request)
    child.stdin.close()
    while True:
        try:
            line = child.stdout.readline()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            continue
        message: Message = json.loads(line) if line else {}
        if "result" in message:
            return message["result"], message["signal"]
        if "error" in message:
            raise RelayedError(message["error"])
        if not message:
            raise RuntimeError(f"the launch ended with status {child.wait()} and no answer")
        watch(message)


def _main() -> int:
    import pickle

    open_streams()
    be_own()
    hear_of_children()
    signal_at_death_of_parent(signal.SIGTERM)
    launch, request, naming, given, heard = pickle.loads(sys.stdin.buffer.read())
    if given is not None:
        take_stdin(given)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a driver prints is talk, not an answer

    def say(message: Message) -> None:
        answers.write(json.dumps(message).encode() + b"\n")

    if heard:
        tell_by(lambda line: say({"said": line}))
    try:
        with named_by(naming):
            result, received = launch(request, say)
    except VyrectlError as error:
        say({"error": error.to_record()})
        return error.exit_code
    say({"result": result, "signal": received})
    return 0


if __name__ == "__main__":
    sys.exit(_main())

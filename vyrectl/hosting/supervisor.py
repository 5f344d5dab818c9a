"""Runs work in a child process so that the command survives it: the parent keeps lock, clock and signals.

The child is forked before anything heavy is imported; it does the work and reports over a channel. The parent asks it
to stop (first signal, the time is over, or an error of its own), waits for the grace period, then kills it. However
the child ends, the parent gets a `ChildEnd` that says so. Signals that whoever started us had ignored stay ignored.
Before the child has begun there is nothing to save, so a signal kills it at once; and it never outlives its parent for
long (`vyrectl.hosting.orphan`). Standard library only.

    parent                                   child
    fork ------------------------------------> work(channel)
    select on channel and signals  <-- progress --
    stop(reason) ------------------------------> channel.stop_reason() is asked between and during slices
    grace is over: SIGKILL           <-- result, error, or the end of the channel --
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType
from typing import Any

from vyrectl.dataclass import dataclass
from vyrectl.engine.endings import Ending
from vyrectl.errors import REFUSALS, SIGNAL_EXIT, RelayedError, VyrectlError, from_system
from vyrectl.files.children import end_of_child
from vyrectl.files.streams import flush
from vyrectl.hosting.orphan import Lifeline
from vyrectl.opencl.guard import be_watched

Message = dict[str, Any]
"""An object that one process says to the other over their line, as JSON.

Any: what a key holds is between the two that say and read it, which are of one version and one launch.
"""

GRACE_SECONDS = 5.0
"""What a child gets to finish after it was asked to stop."""

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a launch to stop."""

_TERMINAL_STOPS = (signal.SIGINT, signal.SIGHUP)
"""What a terminal sends to parent and child alike; a compiler inside the child would drop its work for them."""

_POLL_SECONDS = 0.1
_RECEIVE_BYTES = 1 << 16


class Channel:
    """One end of the line between parent and child: JSON objects, one a line."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._pending = b""
        self._reason: str | None = None
        self._orders: list[Message] = []
        self._lifeline: Lifeline | None = None
        self.closed = False

    def fileno(self) -> int:
        """Descriptor to select on."""
        return self._end.fileno()

    def send(self, message: Message) -> None:
        """Write one object; nothing happens when nobody reads any more."""
        self._end.setblocking(True)
        with suppress(OSError):
            self._end.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> list[Message]:
        """Every whole object that has arrived; sets `closed` at the end of the line."""
        self._end.setblocking(False)
        while not self.closed:
            try:
                data = self._end.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self._pending += data
            self.closed = not data
        *lines, self._pending = self._pending.split(b"\n")
        return [json.loads(line) for line in lines]

    def hang_on(self, lifeline: Lifeline) -> None:
        """Child's side: what tells it that its parent has died."""
        self._lifeline = lifeline

    def begin(self, orphaned: Callable[[], None]) -> None:
        """Child's side: from now on there is work to bring to its end.

        Args:
            orphaned: Called once, by another thread, when the parent has died.
        """
        if self._lifeline is not None:
            self._lifeline.begin(orphaned)
        self.send({"started": True})

    def stop_reason(self) -> str | None:
        """Child's side: why it should stop, or None. A parent that is gone is a reason."""
        for message in self.receive():
            if "stop" in message:
                self._reason = self._reason or message["stop"]
            else:
                self._orders.append(message)
        if self.closed and self._reason is None:
            self._reason = Ending.INTERRUPTED
        return self._reason

    def order(self) -> Message | None:
        """Child's side: the next thing to do, waited for; None once it should stop."""
        while self.stop_reason() is None and not self._orders:
            select.select([self._end], [], [])
        return self._orders.pop(0) if self._reason is None else None

    def close(self) -> None:
        """Let go of this end."""
        self._end.close()


@dataclass(slots=True)
class ChildEnd:
    """How the child ended.

    Attributes:
        result: What it sent last, None when it was killed or died.
        signal_received: The signal that asked the parent to stop, or None.
        timed_out: The time was over.
        killed: The parent killed it after the grace.
        before_it_began: It was killed before it had begun: nothing was done.
        died_of: The signal it died of by itself, or None.
        exit_status: Its exit status when it ended without a result.
    """

    result: Message | None = None
    signal_received: int | None = None
    timed_out: bool = False
    killed: bool = False
    before_it_began: bool = False
    died_of: int | None = None
    exit_status: int | None = None


class Signals:
    """Catches the signals that ask a launch to stop, each of which also wakes a select; until `restore`.

    Signals that whoever started us had ignored stay ignored.

    Attributes:
        received: Those that came, in order.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        heard = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
        self._handlers = {number: signal.signal(number, self._note) for number in heard}
        self._previous = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)

    def fileno(self) -> int:
        """Descriptor to select on."""
        return self._receiver.fileno()

    def drain(self) -> None:
        """Take what woke the select away."""
        with suppress(BlockingIOError):
            self._receiver.recv(_RECEIVE_BYTES)

    def restore(self) -> None:
        """Let signals do what they did before."""
        signal.set_wakeup_fd(self._previous)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._receiver.close()
        self._sender.close()


@dataclass(frozen=True, slots=True)
class Child:
    """A child process at work, as its parent sees it.

    Attributes:
        pid: Its process id.
        channel: The line to it.
        line: Descriptor that tells it, while it is open, that its parent lives.
    """

    pid: int
    channel: Channel
    line: int

    def close(self) -> None:
        """Let go of both lines."""
        self.channel.close()
        os.close(self.line)

    def kill(self) -> None:
        """Have the system end it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def fork_child(work: Callable[[Channel], Message], grace_s: float, siblings: Iterable[Child] = ()) -> Child:
    """Start a child that does some work and reports over its channel; signals are to be caught by then.

    Args:
        work: Gets the child's channel and returns the result, which must be JSON.
        grace_s: Seconds that it gets once it has begun and its parent has died.
        siblings: Other children, whose lines are none of this one's business.
    """
    ours, theirs = socket.socketpair()
    flush()
    their_line, our_line = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.close(our_line)
        for other in siblings:
            other.close()
        _child(Channel(theirs), work, their_line, parent, grace_s)
    theirs.close()
    os.close(their_line)
    return Child(pid, Channel(ours), our_line)


class Supervisor:
    """Runs one piece of work in a child.

    Args:
        work: Gets the child's channel and returns the result, which must be JSON.
        watch: Told every message that is neither result nor error, and once the child is asked to stop, `{"stopping":
            reason, "grace_s": seconds}`.
        timeout_s: Seconds after which the child is asked to stop, whatever it is doing; None for no limit.
        since: `time.monotonic()` from which they count; now by default.
        tick: Called after each wake: at every message, and at least ten times a second.
        stuck: Whether the child waits for what nobody may ever give it, so that it gets no grace.
        grace_s: Seconds it then gets. A child that says `finishing` is past its device work and saves; it is not
            killed any more, unless by a second signal.
    """

    def __init__(
        self,
        work: Callable[[Channel], Message],
        *,
        watch: Callable[[Message], None],
        timeout_s: float | None = None,
        since: float | None = None,
        grace_s: float = GRACE_SECONDS,
        tick: Callable[[], None] = lambda: None,
        stuck: Callable[[], bool] = lambda: False,
    ) -> None:
        self._work = work
        self._watch = watch
        self._tick = tick
        self._stuck = stuck
        self._grace_s = grace_s
        self._ending = ChildEnd()
        self._kill_at: float | None = None
        began = time.monotonic() if since is None else since
        self._stop_at = None if timeout_s is None else began + timeout_s
        self._begun = False
        self._saving = False

    def run(self) -> ChildEnd:
        """Fork, watch, and collect the child.

        Raises:
            RelayedError: The child met an error of the project's own tree.
            RuntimeError: The child met a bug; carries its traceback.
        """
        self._heard = Signals()
        try:
            child = fork_child(self._work, self._grace_s)
            try:
                self._watch_over(child.pid, child.channel)
            finally:
                child.close()
        finally:
            self._heard.restore()
        return self._ending

    def _watch_over(self, pid: int, channel: Channel) -> None:
        try:
            self._wait(pid, channel)
        except BaseException:
            self._let_end(pid, channel)
            raise
        finally:
            self._collect(pid)

    def _let_end(self, pid: int, channel: Channel) -> None:
        """After an error on this side: the child is asked to stop as after a signal, and gets its grace and no more."""
        self._watch = self._tick = _nothing
        try:
            self._ask_to_stop(channel, Ending.INTERRUPTED)
            self._wait(pid, channel)
        except (VyrectlError, RuntimeError):  # the child's own error, after ours
            pass
        except BaseException:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            raise

    def _wait(self, pid: int, channel: Channel) -> None:
        while not channel.closed:
            select.select([channel.fileno(), self._heard.fileno()], [], [], self._pause())
            self._heard.drain()
            for message in channel.receive():
                self._take(message)
            self._act(pid, channel)
            self._tick()

    def _pause(self) -> float:
        ends = [end for end in (self._stop_at, self._kill_at) if end is not None]
        return min([_POLL_SECONDS, *(max(0.0, end - time.monotonic()) for end in ends)])

    def _take(self, message: Message) -> None:
        if "result" in message:
            self._ending.result = message["result"]
        elif "error" in message:
            raise RelayedError(message["error"])
        elif "bug" in message:
            raise RuntimeError(f"the device process met a bug\n{message['bug']}")
        elif "started" in message:
            self._begun = True
            self._watch({"began": True})
        elif "finishing" in message:
            if self._kill_at is not None:
                self._watch({"stopping": None, "grace_s": 0.0})
            self._kill_at = self._stop_at = None
            self._saving = True
        else:
            self._watch(message)

    def _act(self, pid: int, channel: Channel) -> None:
        now = time.monotonic()
        signals = self._heard.received
        if signals and self._ending.signal_received is None:
            self._ending.signal_received = signals[0]
            self._ask_to_stop(channel, Ending.INTERRUPTED)
            if not self._begun:
                self._ending.before_it_began = True
                self._kill_at = now
        if self._stop_at is not None and now >= self._stop_at:
            self._stop_at = None
            self._ending.timed_out = True
            self._ending.before_it_began = self._stuck()
            self._ask_to_stop(channel, Ending.TIMEOUT)
        impatient = len(signals) > 1
        if self._ending.result is None and (
            impatient or (self._kill_at is not None and now >= self._kill_at)
        ):
            self._ending.killed = True
            os.kill(pid, signal.SIGKILL)
            self._kill_at = None
            del signals[1:]

    def _ask_to_stop(self, channel: Channel, reason: str) -> None:
        channel.send({"stop": reason})
        if self._kill_at is None and not self._saving:
            grace_s = 0.0 if self._ending.before_it_began else self._grace_s
            self._kill_at = time.monotonic() + grace_s
            self._watch({"stopping": reason, "grace_s": grace_s})

    def _collect(self, pid: int) -> None:
        status = end_of_child(pid)
        if self._ending.result is None and not self._ending.killed:
            if os.WIFSIGNALED(status):
                self._ending.died_of = os.WTERMSIG(status)
            else:
                self._ending.exit_status = os.waitstatus_to_exitcode(status)


def _leave_if_alone(parent: int) -> Callable[[int, FrameType | None], None]:
    """What a child does about SIGTERM: while the parent lives, that is told too, and asks for a proper end."""

    def leave(number: int, frame: FrameType | None) -> None:
        if os.getppid() != parent:
            os._exit(SIGNAL_EXIT + number)

    return leave


def _child(
    channel: Channel, work: Callable[[Channel], Message], line: int, parent: int, grace_s: float
) -> None:
    """The child's whole life; never returns. Leaves without Python's teardown, which a running kernel would crash."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_STOPS)
    channel.hang_on(Lifeline(line, parent, grace_s))
    signal.signal(signal.SIGTERM, _leave_if_alone(os.getppid()))
    signal.set_wakeup_fd(-1)
    be_watched()
    status = 1
    try:
        os.dup2(2, 1)  # what a driver or a kernel prints is talk, not the answer
        channel.send({"result": work(channel)})
        status = 0
    except VyrectlError as error:
        channel.send({"error": error.to_record()})
    except BaseException as error:
        channel.send(_last_words(error))
    finally:
        flush()
        os._exit(status)


def _last_words(error: BaseException) -> Message:
    """What a child says of an error that no closer place has put into words."""
    if isinstance(error, REFUSALS):
        with suppress(ImportError):
            return {"error": from_system(error).to_record()}
    return {"bug": "".join(traceback.format_exception(error))}


def _nothing(*message: object) -> None:
    """What watches a launch whose command has failed."""

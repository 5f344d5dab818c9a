"""`converge` in a child process that the caller survives.

A user's step is trusted code and may crash its device; `converge_apart` therefore runs it as `launch_file` runs a
ring: the parent keeps the clock and the signals, and the result comes back through memory that both see.
"""

from __future__ import annotations

import mmap
import time

import numpy as np

from vyrectl.abi.loop import LoopEnd
from vyrectl.dataclass import dataclass
from vyrectl.engine.converge import Fixpoint, Words
from vyrectl.engine.options import OptionValue
from vyrectl.errors import ConvergeKilledError, DeviceError, stopped_code
from vyrectl.hosting.deaths import GAVE_UP, death_by, gave_up_fix, silent_end
from vyrectl.hosting.elsewhere import may_fork
from vyrectl.hosting.limit import hand_over
from vyrectl.hosting.supervisor import GRACE_SECONDS, Channel, ChildEnd, Message, Supervisor
from vyrectl.launching.converge import converge


@dataclass(frozen=True, slots=True)
class Apart:
    """A run in a child process.

    Attributes:
        fixpoint: What the loop came to.
        signal_received: The signal that ended it early, 0 for none.
        timed_out: The time ended it early.
    """

    fixpoint: Fixpoint
    signal_received: int
    timed_out: bool


def converge_apart(
    vector: Words,
    *,
    timeout_s: float | None = None,
    grace_s: float = GRACE_SECONDS,
    **options: OptionValue,
) -> Apart:
    """`converge` in a child process; in this one where forking would be unsafe (threads, a driver loaded).

    Args:
        vector: See `converge`.
        timeout_s: Seconds until it is asked to stop, from the moment the device starts.
        grace_s: Seconds it then has.
        options: What `converge` takes beside these.

    Raises:
        ConvergeKilledError: It had to be killed.
        DeviceError: The child died by itself.
        VyrectlError: Whatever `converge` raises, relayed.
    """
    if not may_fork():
        return _converge_here(vector, timeout_s, options)
    shared = mmap.mmap(-1, max(vector.nbytes, 1))

    def work(channel: Channel) -> Message:
        channel.send({"started": True})
        found = converge(vector, stop=channel.stop_reason, **options)
        shared[: vector.nbytes] = found.current.tobytes()
        return {
            "iterations": found.iterations,
            "ended": found.ended,
            "device": found.device,
            "device_seconds": found.device_seconds,
            "work_group_size": found.work_group_size,
        }

    ending = Supervisor(
        work, watch=lambda message: None, timeout_s=timeout_s, since=hand_over(), grace_s=grace_s
    ).run()
    if ending.killed:
        raise ConvergeKilledError(grace_s, stopped_code(ending.signal_received))
    if ending.result is None:
        raise DeviceError(
            f"the process that drove the device {_how_it_died(ending)}",
            fix="Look at the step's source: it may write through a wild pointer or divide by 0"
            + (f"; {gave_up_fix()}" if ending.died_of in GAVE_UP else ""),
        )
    current = np.frombuffer(shared, np.uint32, count=len(vector)).copy()
    stopped = ending.result["ended"] == LoopEnd.STOPPED.word
    return Apart(
        Fixpoint(current, **ending.result),
        (ending.signal_received or 0) if stopped else 0,
        ending.timed_out and stopped,
    )


def _converge_here(vector: Words, timeout_s: float | None, options: Message) -> Apart:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    found = converge(vector, stop=lambda: deadline is not None and time.monotonic() >= deadline, **options)
    return Apart(found, 0, found.ended == LoopEnd.STOPPED.word)


def _how_it_died(ending: ChildEnd) -> str:
    if ending.died_of is None:
        return silent_end(ending.exit_status)
    return death_by(ending.died_of)

"""One launch of a ring file, survived by the command: what the parent makes of its child and of its end.

The parent holds the ring's lock, the clock and the signals (`vyrectl.hosting.supervisor`); the child opens the
device, runs the ring and writes the result (`vyrectl.hosting.child`). Numpy and pyopencl are loaded in the child, and
by the parent after a death.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.engine.ops import is_pipe
from vyrectl.errors import (
    ChildDiedError,
    LaunchStoppedError,
    StoppedError,
    TimeLimitError,
    UsageError,
    stopped_code,
)
from vyrectl.files.ring_lock import is_held
from vyrectl.files.successor import LEAST_BYTES
from vyrectl.files.temporary import clear_abandoned
from vyrectl.hosting.ahead import begin_ahead
from vyrectl.hosting.deaths import (
    GAVE_UP,
    Running,
    death_by,
    gave_up_fix,
    put_back,
    running_text,
    silent_end,
    slots_of,
)
from vyrectl.hosting.elsewhere import launch_elsewhere, may_fork
from vyrectl.hosting.files import check_files, held_for
from vyrectl.hosting.limit import hand_over
from vyrectl.hosting.memory import IN_FILE, Memory
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervisor import Channel, ChildEnd, Message, Supervisor
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.ring.file import Ring
from vyrectl.shell import command_line
from vyrectl.sidecar.hold import Hold

if TYPE_CHECKING:
    from vyrectl.files.successor import Successor
    from vyrectl.hosting.stall import Insight

Watch = Callable[[Message], None]
"""Told what the child says, as JSON has it."""


def launch_file(
    request: FileLaunch,
    watch: Watch,
    look: Callable[[Insight], None] = lambda insight: None,
) -> tuple[LaunchRecord, int]:
    """Launch a ring file in a child process and wait for it.

    Args:
        request: What to do.
        watch: Told about progress, as `vyrectl.launching.rounds.Progress` has it (`{"claims", "round", "claimed",
            "claimable", "ended", "waiting", "epoch"}`), about new records of the debug log, `{"debug": [[format_id,
            arguments], ...]}`, and what an old ring is called that was kept, `{"backup": name}`.
        look: Called at least ten times a second, with what the host sees of the launch, and what it raises ends
            that; not where this process may not fork.

    Returns:
        The report as a record, and the signal that ended it early (0 for none).

    Raises:
        TimeLimitError: Its time was over while it waited for a pipe that it was given.
        LaunchStoppedError: It had to be killed after a signal or the timeout.
        ChildDiedError: It died by itself.
        VyrectlError: Whatever the launch itself raises, relayed.
    """
    if not may_fork():
        if request.follow is not None:
            raise UsageError(
                "a launch that follows needs a process without threads and drivers",
                fix="Use vyrectl.open_session from Python, or the command in a process of its own",
            )
        return launch_elsewhere(request, watch, launch_file)
    check_files(request)
    since = hand_over()
    with held_for(request, watch) as held:
        with Ring.open(request.ring) as source:
            size = len(source) * SLOT_BYTES
        with closing(Memory(request.ring, size)) as memory:

            def tick() -> None:
                memory.workers()
                look(memory)

            supervisor = Supervisor(
                lambda channel: _drive(request, held, memory, channel),
                watch=lambda message: _hear(message, memory, watch),
                timeout_s=request.options.timeout,
                since=since,
                grace_s=request.grace_s,
                tick=tick,
                stuck=lambda: not memory.is_ready and bool(_pipes(request)),
            )
            try:
                ending = supervisor.run()
            finally:
                # A child that was killed leaves the file that was to take the ring's place.
                if size >= LEAST_BYTES:
                    clear_abandoned(request.output or request.ring)
            if ending.before_it_began and ending.killed and held is not None:
                held.settle()
            return _outcome(request, ending, memory, size)


def _drive(request: FileLaunch, held: Hold | None, memory: Memory, channel: Channel) -> Message:
    """The child's part, which loads what the parent does without; a large result is begun before that."""
    ahead = _begin_early(request)
    try:
        from vyrectl.hosting.child import drive_file

        return drive_file(request, held, memory, channel, ahead)
    finally:
        if ahead is not None:
            ahead.discard()


def _begin_early(request: FileLaunch) -> Successor | None:
    """See `begin_ahead`; None as well where more than the ring tells whether there is room, or where it may change.

    Copied by a process: a driver that starts keeps the interpreter to itself for tenths of a second.
    """
    if request.works_in_file or request.buffers or is_held(request.ring):
        return None
    with Ring.open(request.ring) as ring:
        return begin_ahead(request, ring, forks=True)


def _hear(message: Message, memory: Memory, watch: Watch) -> None:
    """Note where the child works; everything else is for whoever watches."""
    if "working_in" in message:
        memory.is_ready = True
        memory.where, memory.already_running = message["working_in"], set(message["running"])
        if message["file"] is not None:
            memory.look_into(message["file"])
    elif "began" in message:
        memory.began = True
    else:
        watch(message)


def _outcome(
    request: FileLaunch, ending: ChildEnd, memory: Memory, size_bytes: int
) -> tuple[LaunchRecord, int]:
    """The child's report and the signal that ended it early, or what its end means."""
    if ending.before_it_began and ending.killed:
        if ending.timed_out:
            raise TimeLimitError(request.options.timeout or 0.0, _pipes(request))
        number = ending.signal_received or signal.SIGINT
        raise StoppedError(signal.Signals(number).name, number)
    running = memory.running() if ending.result is None and memory.is_ready else []
    fix = _after_death(request, memory.where, running, hung=ending.killed)
    place = {"where": str(request.ring), "fix": fix}
    if ending.killed:
        what = f"the launch did not stop within {request.grace_s:g} s and was killed"
        raise LaunchStoppedError(
            what + running_text(running), stopped_code(ending.signal_received), slots_of(running), **place
        )
    if ending.result is None:
        what = f"the process that drove the device {_how_it_died(request, ending, size_bytes)}"
        if ending.died_of in GAVE_UP:
            place["fix"] += f"; {gave_up_fix()}"
        raise ChildDiedError(what + running_text(running), slots_of(running), **place)
    return cast(LaunchRecord, ending.result), ending.signal_received or 0


def _pipes(request: FileLaunch) -> str:
    """Pipes among what a launch reads, by name: each read waits for a writer."""
    paths = [Path(name) for name in request.buffer_files if name]
    paths += [request.control] if request.control else []
    return ", ".join(str(path) for path in paths if is_pipe(path))


def _how_it_died(request: FileLaunch, ending: ChildEnd, size_bytes: int) -> str:
    if ending.died_of is None:
        return silent_end(ending.exit_status)
    name = signal.Signals(ending.died_of).name
    if ending.died_of == signal.SIGBUS and _length(request.ring) < size_bytes:
        return f"died of {name}: the ring file was truncated while it ran"
    device = request.options.device
    return death_by(ending.died_of, device if isinstance(device, str) else None)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _after_death(request: FileLaunch, where: str, running: list[Running] | None, *, hung: bool) -> str:
    if where == IN_FILE and running == []:
        return "Nothing has to be put back: launch it again"
    if where == IN_FILE:
        recover = command_line("recover", file=request.ring)
        return (
            put_back(recover, slots_of(running, begun=True))
            if hung
            else f"Put its tasks back with: {recover}"
        )
    return f"{request.ring} is as it was before the launch"

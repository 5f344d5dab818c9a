"""One launch of a ring file, survived by the command: what the child does and what the parent makes of its end.

The parent holds the ring's lock, the clock and the signals (`vyrectl.hosting.supervisor`); the child opens the
device, runs the ring and writes the result. In place, the mapped file is the device's buffer and the file changes
as tasks end. Else the child works on memory that it shares with the parent and replaces the file at the end, so
that a kill leaves the file as it was. Numpy and pyopencl are loaded in the child, and by the parent after a death.
"""

from __future__ import annotations

import gc
import mmap
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vyrectl.abi.control import EPOCH
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.states import TaskState
from vyrectl.engine.ops import is_pipe
from vyrectl.errors import FileError, StoppedError, UsageError
from vyrectl.files import shrinking
from vyrectl.files.place import check_place, check_room
from vyrectl.files.replace import back_up_copy, backup_beside, replace_file
from vyrectl.files.ring_lock import is_held, mark_made
from vyrectl.hosting.deaths import (
    GAVE_UP,
    GAVE_UP_FIX,
    ChildDiedError,
    LaunchStoppedError,
    Running,
    death_by,
    silent_end,
)
from vyrectl.hosting.elsewhere import launch_elsewhere, may_fork
from vyrectl.hosting.file_plan import Doors, LaunchPlan
from vyrectl.hosting.files import check_files, rescue
from vyrectl.hosting.supervisor import Channel, Ending, Supervisor
from vyrectl.ring.file import Ring, fill_holes
from vyrectl.ring.steady import copy_ring
from vyrectl.shell import command_line
from vyrectl.sidecar.hold import Hold, hold

if TYPE_CHECKING:
    from random import Random

    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.engine.ops import OpSource
    from vyrectl.engine.saving import Saving
    from vyrectl.hosting.glance import Glance
    from vyrectl.task.arrays import SlotArray

PROGRESS_SECONDS = 0.05

IN_FILE, IN_MEMORY, ON_DEVICE = "file", "memory", "device"
"""Where the slots are while they run."""

Look = Callable[[], "Glance | None"]
"""Takes a look at the ring that runs; None where nobody but the device sees it."""


def launch_file(
    plan: LaunchPlan,
    watch: Callable[[dict[str, Any]], None],
    look: Callable[[Look], None] = lambda glance: None,
) -> tuple[dict[str, Any], int]:
    """Launch a ring file in a child process and wait for it.

    Args:
        plan: What to do.
        watch: Told about progress, as `vyrectl.launching.rounds.Progress` has it (`{"claims", "round", "claimed",
            "claimable", "ended", "waiting", "epoch"}`), about new records of the debug log, `{"debug": [[format_id,
            arguments], ...]}`, and what an old ring is called that was kept, `{"backup": name}`.
        look: Called at least ten times a second, with what takes a look at the ring; not where this process may not
            fork.

    Returns:
        The report as a record, and the signal that ended it early (0 for none).

    Raises:
        LaunchStoppedError: It had to be killed after a signal or the timeout.
        ChildDiedError: It died by itself.
        VyrectlError: Whatever the launch itself raises, relayed.
    """
    if not may_fork():
        if plan.follow is not None:
            raise UsageError(
                "a launch that follows needs a process without threads and drivers",
                fix="Use vyrectl.open_session from Python, or the command in a process of its own",
            )
        return launch_elsewhere(plan, watch)
    check_files(plan)
    since = time.monotonic()
    with _hold(plan) as held:
        if held is not None and len(held.settled):
            watch({"settled": held.settled.to_record()})
        with Ring.open(plan.ring) as source:
            size = len(source) * SLOT_BYTES
        if plan.output is None:
            fill_holes(plan.ring)
        memory = _Memory(plan, size)

        def take(message: dict[str, Any]) -> None:
            if "working_in" in message:
                memory.is_ready = True
                memory.where, memory.already_running = message["working_in"], set(message["running"])
            else:
                watch(message)

        supervisor = Supervisor(
            lambda channel: _work(plan, held, memory, channel),
            watch=take,
            timeout=plan.timeout,
            since=since,
            grace=plan.grace,
            tick=lambda: look(memory.glance),
        )
        ending = supervisor.run()
        if ending.before_it_began and ending.killed:
            if held is not None:
                held.settle()
            number = ending.signal_received or signal.SIGINT
            raise StoppedError(signal.Signals(number).name, number)
        running = memory.running() if ending.result is None and memory.is_ready else []
        place = {"where": str(plan.ring), "fix": _after_death(plan, memory.where, running)}
        if ending.killed:
            what = f"the launch did not stop within {plan.grace:g} s and was killed"
            if pipes := "" if memory.is_ready else _pipes(plan):
                what += f" before it had read what it was given; nobody may be writing {pipes}"
            raise LaunchStoppedError(what, exit_code_of(ending), running, **place)
        if ending.result is None:
            what = f"the process that drove the device {_how_it_died(plan, ending, size)}"
            if ending.died_of in GAVE_UP:
                place["fix"] += f"; {GAVE_UP_FIX}"
            raise ChildDiedError(what, running, **place)
        return ending.result, ending.signal_received or 0


def _pipes(plan: LaunchPlan) -> str:
    """Pipes among what a launch reads, by name: each read waits for a writer."""
    named = (option.partition("=")[2].partition(":")[0] for option in plan.buffers)
    paths = [Path(name) for name in named if name] + ([plan.control] if plan.control else [])
    return ", ".join(str(path) for path in paths if is_pipe(path))


def _hold(plan: LaunchPlan) -> AbstractContextManager[Hold | None]:
    """The ring's lock; a launch whose result goes elsewhere only reads the ring."""
    return hold(plan.ring, role="launch") if plan.output is None else nullcontext()


def _view(plan: LaunchPlan) -> Ring:
    """The ring as it is read: slot by slot where somebody else is writing it."""
    if plan.output is not None and is_held(plan.ring):
        return copy_ring(plan.ring).ring
    return Ring.open(plan.ring)


def exit_code_of(ending: Ending) -> int:
    """124 after a timeout, 128 + n after signal n."""
    return 128 + ending.signal_received if ending.signal_received else 124


class _Memory:
    """Where the slots are while they run: in the file, in memory shared with the parent, or on the device."""

    def __init__(self, plan: LaunchPlan, size: int) -> None:
        self._ring = plan.ring
        self.shared = mmap.mmap(-1, size) if size else None
        self.where = ON_DEVICE
        self.is_ready = False  # the child has said where
        self.already_running: set[int] = set()
        self._slots = size // SLOT_BYTES
        self._places: Random | None = None

    def glance(self) -> Glance | None:
        """A look at the slots; None when the device keeps them to itself."""
        if self.where == ON_DEVICE or self.shared is None:
            return None
        from random import Random

        from vyrectl.hosting.glance import glance

        places = self._places = self._places or Random(self._slots)
        if self.where == IN_MEMORY:
            shared = self.shared
            return glance(lambda offset, size: shared[offset : offset + size], self._slots, places)
        with suppress(OSError), self._ring.open("rb", buffering=0) as file:
            return glance(lambda offset, size: os.pread(file.fileno(), size, offset), self._slots, places)
        return None

    def running(self) -> list[Running] | None:
        """Tasks that are Running now and were not before; None when the device keeps them to itself."""
        if self.where == ON_DEVICE:
            return None
        if self.where == IN_MEMORY and self.shared is not None:
            return self._running_in(memoryview(self.shared))
        try:
            return self._running_in(memoryview(self._ring.read_bytes()))
        except OSError:
            return None

    def _running_in(self, data: memoryview) -> list[Running]:
        import numpy as np

        from vyrectl.abi.dtype import SLOT_DTYPE

        slots = np.frombuffer(data, SLOT_DTYPE, count=len(data) // SLOT_BYTES)
        numbers = np.flatnonzero(slots["state"] == int(TaskState.RUNNING)).tolist()
        return [
            Running(slot, int(slots["task_id"][slot]), int(slots["op_handle"][slot]))
            for slot in numbers
            if slot not in self.already_running
        ]


def _work(plan: LaunchPlan, held: Hold | None, memory: _Memory, channel: Channel) -> dict[str, Any]:
    """The child's part: open the device, run, write."""
    from vyrectl.engine.buffers import parse_buffer_options
    from vyrectl.engine.ops import load_source
    from vyrectl.engine.saving import Saving
    from vyrectl.task.arrays import copy_of

    shrinking.survive(wanted=False)  # a ring that shrinks under a device is the end of this process
    gc.disable()  # what is loaded until the device is ready stays; see started()
    view = _view(plan)
    buffers = parse_buffer_options(plan.buffers)
    ops = tuple(load_source(Path(path)) for path in plan.options.get("ops", ()))
    work = _Work(plan, held, memory, channel, view, buffers.outputs())
    before = None if plan.record is None else (copy_of(view.slots), _start_epoch(plan))
    host = work.host(ops)
    live = host if plan.in_place and plan.output is None else None
    begun: list[bool] = []
    saving = Saving(first=work.save)
    options = {
        **plan.options,
        "ops": ops,
        "buffers": buffers,
        "place": work.place,
        "live": live,
        "saving": saving,
    }
    try:
        report = _run(plan, view, options, channel, host, begun, _nobody if held is None else held.sign)
    except BaseException:
        if not begun:
            host.finish()
        raise
    host.finish()
    buffers.finish_outputs()
    if plan.record is not None and before is not None:
        from vyrectl.launching.record import LaunchLog, record_launch

        log = LaunchLog(plan.record, plan.record_kind, plan.record_capacity)
        saving.keep(plan.record, partial(record_launch, log, before[0], work.slots, before[1], buffers))
    if not saving.is_settled:
        saving.raise_failures()
    ends = {"ring": str(plan.output or plan.ring), "in_place": work.in_place}
    return {**ends, **report, "not_saved": saving.failure_records()}


class _Work:
    """Chooses the child's memory once the device is known, and brings the result to where it belongs.

    The first launch here of a ring that vyrectl did not make keeps the old file, whatever `backup` says: it may be the
    only copy of what somebody came to look at.
    """

    def __init__(
        self,
        plan: LaunchPlan,
        held: Hold | None,
        memory: _Memory,
        channel: Channel,
        view: Ring,
        outputs: list[tuple[Path, int]],
    ) -> None:
        self._plan = plan
        self._outputs = outputs
        self._held = held
        self._keeps = plan.backup or (held is not None and held.is_first)
        self._target = os.path.realpath(plan.ring)
        self._memory = memory
        self._channel = channel
        self._view = view
        self._ring = view
        self.in_place = False

    @property
    def slots(self) -> SlotArray:
        """The ring as it is now."""
        return self._ring.slots

    def place(self, shares: bool) -> tuple[SlotArray, bool]:
        """The mapped file itself where the device can work on it, else memory that the parent sees too."""
        plan = self._plan
        self.in_place = shares and plan.in_place and plan.output is None
        if self.in_place:
            if self._keeps:
                self._say_kept(back_up_copy(self._target, [self._view.data]))
            assert self._held is not None
            self._held.touch()
            self._ring = Ring.attach(plan.ring, self._held)
        else:
            self._check_room()
            self._ring = self._copy()
        where = IN_FILE if self.in_place else IN_MEMORY if shares else ON_DEVICE
        self._channel.send({"working_in": where, "running": _running_before(self._ring)})
        return self._ring.slots, shares

    def host(self, ops: Sequence[OpSource]) -> Doors:
        """Where editors of other processes meet this launch, should it run in place."""
        from vyrectl.live.host import LiveHost, once_handles

        once, edits = once_handles(ops), not self._plan.options.get("verify", False)
        return LiveHost(
            self._target,
            len(self._view),
            once=once,
            edits=edits,
            gated=self._plan.control is not None,
            wanted=lambda: self.in_place,
        )

    def save(self) -> None:
        """Write what was not worked on in place; make sure that what was is still the ring.

        Raises:
            FileError: It cannot be written; what can is in a file beside it.
        """
        if self.in_place:
            _settle(self._plan, self._ring)
            return
        try:
            self._save_copy()
        except FileError as error:
            rescue(error, self._plan, self._ring)
            raise

    def _save_copy(self) -> None:
        if self._plan.output is not None:
            self._say_kept(self._ring.save(self._plan.output, backup=self._plan.backup))
            mark_made(self._plan.output)
        else:
            identity, backup = self._view.identity, self._keeps
            written = replace_file(self._target, [self._ring.data], backup=backup, expected=identity)
            if self._held is not None:
                self._held.touch()
            self._say_kept(written.backup)

    def _say_kept(self, backup: str | None) -> None:
        """Tell the parent what the old ring is called now."""
        if backup is not None:
            self._channel.send({"backup": backup_beside(self._plan.output or self._plan.ring, backup)})

    def _check_room(self) -> None:
        """Before anything runs on a copy: it can be saved, and there is room for all that will be."""
        target = self._plan.output or self._target
        check_place(target)
        check_room([(target, len(self._view.data)), *self._outputs])

    def _copy(self) -> Ring:
        import numpy as np

        from vyrectl.abi.dtype import SLOT_DTYPE
        from vyrectl.task.arrays import copy_slots
        from vyrectl.telemetry.sweep import in_parts

        assert self._memory.shared is not None
        slots = np.frombuffer(self._memory.shared, SLOT_DTYPE)
        given = self._view.slots
        in_parts(len(slots), lambda first, end: copy_slots(slots[first:end], given[first:end]))
        return Ring.from_slots(slots)


def _nobody() -> None:
    """Where no lock is held there is none to sign."""


def _start_epoch(plan: LaunchPlan) -> int:
    from vyrectl.launching.control_file import load_control
    from vyrectl.launching.run import start_control

    control = None if plan.control is None else load_control(plan.control)
    return int(start_control(control, plan.options.get("epoch"))[EPOCH.first])


def _running_before(ring: Ring) -> list[int]:
    import numpy as np

    running: list[int] = np.flatnonzero(ring.slots["state"] == int(TaskState.RUNNING)).tolist()
    return running


def _run(
    plan: LaunchPlan,
    ring: Ring,
    options: dict[str, Any],
    channel: Channel,
    host: Doors,
    begun: list[bool],
    orphaned: Callable[[], None],
) -> dict[str, Any]:
    """The launch itself; `begun` is no longer empty once a kernel may run. `orphaned`: see `Channel.begin`."""
    from vyrectl.engine.backend import new_debug_log
    from vyrectl.engine.doing import hear_doing
    from vyrectl.hosting.debug_tail import DebugTail
    from vyrectl.launching.control_file import load_control, save_control
    from vyrectl.launching.rounds import Limits, Progress
    from vyrectl.launching.run import launch

    due = 0.0

    def watch(progress: Progress) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PROGRESS_SECONDS
            channel.send(
                {
                    "claims": progress.claims,
                    "round": progress.round_number,
                    "claimed": progress.claimed,
                    "claimable": progress.claimable,
                    "ended": progress.ended,
                    "waiting": progress.waiting,
                    "epoch": progress.epoch,
                }
            )

    def started() -> None:
        begun.append(True)
        gc.freeze()
        gc.enable()
        if found := options["buffers"].found:
            channel.send({"outputs": [str(one) for one in found]})
        channel.begin(orphaned)

    def finishing() -> None:
        channel.send({"finishing": True})
        host.shut()

    hear_doing(lambda what: channel.send({"doing": what}))
    if plan.follow is not None:
        driver = plan.follow.prepare(options["ops"], host)
        options = {**options, "drive": driver.drive, "mode": "interpreter"}
    tail = DebugTail()

    def debug(words: NDArray[np.uint32]) -> None:
        if news := tail.news(words):
            channel.send({"debug": [[one.format_id, one.arguments] for one in news]})

    control = None if plan.control is None else load_control(plan.control)
    limits = Limits(
        stop=channel.stop_reason, watch=watch, started=started, finishing=finishing, quiet=host.quiet
    )
    log = None
    if plan.debug_log is not None:
        limits.debug, log = debug, new_debug_log(plan.debug_records)
    report = launch(ring, control=control, debug_log=log, limits=limits, **options)
    saving: Saving = options["saving"]
    if plan.save_control is not None:
        saving.keep(plan.save_control, partial(save_control, plan.save_control, report.control))
    if plan.debug_log is not None:
        words = report.debug_log.astype("<u4").tobytes()
        saving.keep(plan.debug_log, partial(replace_file, plan.debug_log, [words]))
    return report.to_record()


def _settle(plan: LaunchPlan, ring: Ring) -> None:
    """After a run in place: the path must still name the file that was run."""
    if not ring.is_current():
        error = FileError("the ring was replaced by another file while it ran", where=str(plan.ring))
        rescue(error, plan, ring)
        raise error


def _how_it_died(plan: LaunchPlan, ending: Ending, size: int) -> str:
    if ending.died_of is None:
        return silent_end(ending.exit_status)
    name = signal.Signals(ending.died_of).name
    if ending.died_of == signal.SIGBUS and _length(plan.ring) < size:
        return f"died of {name}: the ring file was truncated while it ran"
    return death_by(ending.died_of, plan.options.get("device"))


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _after_death(plan: LaunchPlan, where: str, running: list[Running] | None) -> str:
    if where == IN_FILE and running == []:
        return "Nothing has to be put back: launch it again"
    if where == IN_FILE:
        return f"Put its tasks back with: {command_line('recover', file=plan.ring)}"
    return f"{plan.ring} is as it was before the launch"

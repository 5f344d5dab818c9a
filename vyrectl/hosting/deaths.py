"""How a launch's child can end without a result, and which tasks were running then. Standard library only."""

from __future__ import annotations

import signal

from vyrectl.dataclass import dataclass
from vyrectl.files.place import file_size_limit

LISTED_SLOTS = 8
"""Running tasks that a message names before it only counts."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that was Running when the child ended.

    Attributes:
        begun: False where its turn had not begun: a worker had only claimed it, behind the one that it ran.
    """

    slot: int
    task_id: int
    op_handle: int
    begun: bool = True

    def __str__(self) -> str:
        from vyrectl.engine.ops import op_name

        return f"slot {self.slot} ({op_name(self.op_handle) or hex(self.op_handle)}, task {self.task_id})"


def silent_end(status: int | None) -> str:
    """What is said of a device process that left by itself and without its result, as a compiler that gives up does."""
    most = file_size_limit()
    limit = "" if most is None else f" (no file may be longer than {most} bytes here: see ulimit -f)"
    return f"ended with status {status} and no result{limit}"


GAVE_UP = frozenset({signal.SIGABRT, signal.SIGILL, signal.SIGTRAP})
"""What a compiler or a driver dies of that gives up on purpose, or was built for another processor."""


_GUESSES: dict[int, str] = {
    signal.SIGKILL: "out of memory",
    signal.SIGBUS: "a disk that is full, or a file that was cut short",
}
"""What a process often dies of, where the signal does not tell."""


def death_by(number: int, device: str | None = None) -> str:
    """What is said of a device process that died of a signal, as far as the signal tells why.

    Args:
        number: The signal's number.
        device: What `--device` named, or None.
    """
    name = signal.Signals(number).name
    if (guess := _GUESSES.get(number)) is not None:
        return f"died of {name} ({guess}?)"
    if number not in GAVE_UP:
        return f"died of {name}"
    which = f" of {device}" if device else ""
    return f"died of {name}: the driver{which} gave up by itself, as a compiler does that meets a fault of its own"


def gave_up_fix() -> str:
    """What to do about a driver that gave up."""
    from vyrectl.opencl.hints import linker_hint
    from vyrectl.opencl.surroundings import lacks_linker

    if lacks_linker():
        return f"{linker_hint()}; run meanwhile with --device reference"
    return (
        "`vyrectl doctor` tries every kernel on each device and names the one that fails; "
        "run elsewhere meanwhile with --device NAME (vyrectl devices) or --device reference"
    )


def slots_of(running: list[Running] | None, *, begun: bool = False) -> list[int] | None:
    """The slots of tasks, or of those alone whose turn had begun; None where only the device knows them."""
    return None if running is None else [task.slot for task in running if task.begun or not begun]


def put_back(recover: str, slots: list[int] | None = None) -> str:
    """What to do about tasks that a launch left Running which did not react: one of them may have hung.

    Args:
        recover: The command that puts all of them back.
        slots: Which they are, where that is known.
    """
    which = ",".join(map(str, (slots or [])[:LISTED_SLOTS])) or "SLOT"
    return (
        f"A task that hung would hang again, so end it first: {recover} --as faulted {which}; "
        f"put back what was only cut off with: {recover}"
    )


def running_text(running: list[Running] | None) -> str:
    """What a message about the end says of the tasks that were running."""
    if running is None:
        return "; which tasks were running only the device knows"
    if not running:
        return "; no task was running"
    begun = [task for task in running if task.begun]
    listed = ", ".join(map(str, begun[:LISTED_SLOTS]))
    more = f" and {len(begun) - LISTED_SLOTS} more" if len(begun) > LISTED_SLOTS else ""
    claimed = len(running) - len(begun)
    only = (
        f"; {claimed} more {'was' if claimed == 1 else 'were'} claimed and had not begun" if claimed else ""
    )
    return f" with these tasks running: {listed}{more}{only}"

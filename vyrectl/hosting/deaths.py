"""How a launch's child can end without a result, and which tasks were running then. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from vyrectl.errors import DeviceError, VyrectlError
from vyrectl.files.place import file_size_limit

LISTED_SLOTS = 8
"""Running tasks that a message names before it only counts."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that was Running when the child ended."""

    slot: int
    task_id: int
    op_handle: int

    def __str__(self) -> str:
        from vyrectl.engine.ops import op_name

        return f"slot {self.slot} ({op_name(self.op_handle) or hex(self.op_handle)}, task {self.task_id})"


class LaunchStoppedError(VyrectlError):
    """The child did not stop within the grace and was killed.

    Attributes:
        running: Tasks that were Running when it died, None when only the device knows.
    """

    kind = "launch_killed"

    def __init__(
        self, what: str, exit_code: int, running: list[Running] | None, *, where: str, fix: str
    ) -> None:
        super().__init__(what + _running_text(running), where=where, fix=fix)
        self.exit_code = exit_code
        self.running = running

    def details(self) -> dict[str, object]:
        """The Running slots."""
        return {"running": _slot_numbers(self.running)}


class ChildDiedError(DeviceError):
    """The process that drove the device died by itself.

    Attributes:
        running: Tasks that were Running when it died, None when only the device knows.
    """

    kind = "kernel_died"

    def __init__(self, what: str, running: list[Running] | None, *, where: str, fix: str) -> None:
        super().__init__(what + _running_text(running), where=where, fix=fix)
        self.running = running

    def details(self) -> dict[str, object]:
        """The Running slots."""
        return {"running": _slot_numbers(self.running)}


def silent_end(status: int | None) -> str:
    """What is said of a device process that left by itself and without its result, as a compiler that gives up does."""
    most = file_size_limit()
    limit = "" if most is None else f" (no file may be longer than {most} bytes here: see ulimit -f)"
    return f"ended with status {status} and no result{limit}"


def _slot_numbers(running: list[Running] | None) -> list[int] | None:
    return None if running is None else [task.slot for task in running]


def _running_text(running: list[Running] | None) -> str:
    if running is None:
        return "; which tasks were running only the device knows"
    if not running:
        return "; no task was running"
    listed = ", ".join(map(str, running[:LISTED_SLOTS]))
    more = f" and {len(running) - LISTED_SLOTS} more" if len(running) > LISTED_SLOTS else ""
    return f" with these tasks running: {listed}{more}"

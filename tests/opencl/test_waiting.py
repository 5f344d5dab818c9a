"""How long a wait for kernels says that they are compiled: drivers differ in what they say of a kernel that runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vyrectl.engine.doing import hear_doing
from vyrectl.opencl.queue import DeviceQueue

QUEUED, SUBMITTED, RUNNING, COMPLETE = 3, 2, 1, 0


class Event:
    """Goes through these states, one a look."""

    def __init__(self, *states: int) -> None:
        self._states = list(states)

    @property
    def command_execution_status(self) -> int:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


def queue(*, is_cpu: bool) -> Any:
    made = DeviceQueue.__new__(DeviceQueue)
    made.cl = SimpleNamespace(
        command_execution_status=SimpleNamespace(COMPLETE=COMPLETE, RUNNING=RUNNING), Error=RuntimeError
    )
    made._program = SimpleNamespace(device=SimpleNamespace(is_cpu=is_cpu, name="device"))  # type: ignore[assignment]
    made._compiles = True
    return made


@pytest.mark.parametrize(
    ("is_cpu", "last", "compiled_at"),
    [
        (False, (QUEUED, SUBMITTED, SUBMITTED, SUBMITTED, COMPLETE), 3),  # never says that it runs
        (False, (QUEUED, SUBMITTED, RUNNING, RUNNING, COMPLETE), 3),
        (True, (QUEUED, SUBMITTED, SUBMITTED, RUNNING, COMPLETE), 4),  # compiles each when its turn comes
        (True, (SUBMITTED, SUBMITTED, SUBMITTED, SUBMITTED, COMPLETE), 5),
    ],
)
def test_a_gpu_has_compiled_once_its_first_kernel_runs(
    last: tuple[int, ...], compiled_at: int, *, is_cpu: bool
) -> None:
    first, event = Event(QUEUED, SUBMITTED, RUNNING, COMPLETE), Event(*last)
    looks: list[int] = []
    heard: list[int] = []
    hear_doing(lambda what: heard.append(len(looks)))

    class Last:
        @property
        def command_execution_status(self) -> int:
            looks.append(1)
            return event.command_execution_status

    try:
        queue(is_cpu=is_cpu)._wait(first, Last(), lambda: None, lambda: None)
    finally:
        hear_doing(lambda what: None)
    assert heard == [compiled_at]

"""A device or a ring file that vanishes under a launch: the error says so, and ring and outputs are as before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.ops import FILL, REQUEUE_N
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.engine.backend import Job, RoundIndex
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.engine.reference import ReferenceBackend, ReferenceSession
from vyrectl.engine.reference_ops import BODIES
from vyrectl.errors import FileError, KernelDiedError
from vyrectl.files.ring_lock import holder_of

SLICE = 50


class Vanishing(ReferenceSession):
    """A session that works until its call of a given name, or that one's so-many-th, and is gone from then on."""

    closed = False

    def __init__(self, job: Job, call: str, after: int) -> None:
        super().__init__(job, BODIES)
        self._call, self._after = call, after

    def _met(self, call: str) -> None:
        if call == self._call:
            self._after -= 1
        if self._after < 0:
            raise KernelDiedError("the device is gone")

    def index(self) -> RoundIndex:
        self._met("index")
        return super().index()

    def run(self, most: int, interrupt: Any, *, strict: bool = False) -> bool:
        more = super().run(min(most, SLICE), interrupt, strict=strict)
        self._met("run")
        return more

    def slots(self) -> Any:
        self._met("slots")
        return super().slots()

    def control(self) -> Any:
        self._met("control")
        return super().control()

    def tally(self) -> Any:
        self._met("tally")
        return super().tally()

    def finish(self) -> None:
        self._met("finish")
        super().finish()

    def close(self) -> None:
        self.closed = True


class Backend(ReferenceBackend):
    """Opens one such session."""

    session: Vanishing

    def __init__(self, call: str, after: int) -> None:
        super().__init__()
        self._when = call, after

    def open(self, job: Job) -> Vanishing:
        self.session = Vanishing(job, *self._when)
        return self.session


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("call", ["index", "run", "slots", "control", "tally", "finish"])
def test_a_device_that_vanishes(tmp_path: Path, call: str, after: int) -> None:
    slots = ready_tasks(400, op_handle=REQUEUE_N, param=3)
    slots["op_handle"][0], slots["output_handle"][0], slots["param"][0] = FILL, 0, 9
    path, output = tmp_path / "ring.bin", tmp_path / "out.npy"
    Ring.from_slots(slots).save(path)
    np.save(output, np.zeros(3, np.uint32))
    before = output.read_bytes()
    backend = Backend(call, after)
    try:
        launch(path, device=backend, buffers=BufferTable({0: Buffer(np.zeros(3, np.uint32), True, output)}))
    except KernelDiedError:
        assert path.read_bytes() == slots.tobytes()
        assert output.read_bytes() == before
        kept = []
    else:
        assert after, f"{call} is never called"
        assert (np.load(output) == 9).all()
        kept = ["out.npy.bak"]
    assert backend.session.closed
    assert holder_of(path) is None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.npy", *kept, "ring.bin", "ring.bin.lock"]


class Meddling(ReferenceSession):
    """A session during which somebody else changes the ring's file."""

    def __init__(self, job: Job, meddle: Callable[[], None]) -> None:
        super().__init__(job, BODIES)
        self._meddle = meddle

    def finish(self) -> None:
        self._meddle()


class MeddlingBackend(ReferenceBackend):
    """Opens such sessions."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        super().__init__()
        self._meddle = meddle

    def open(self, job: Job) -> Meddling:
        return Meddling(job, self._meddle)


@pytest.mark.parametrize("change", ["replaced", "truncated", "deleted", "written"])
def test_a_file_that_changes_under_a_launch_in_a_copy(tmp_path: Path, change: str) -> None:
    """What somebody else put there stays."""
    path, other = tmp_path / "ring.bin", tmp_path / "other.bin"
    path.write_bytes(ready_tasks(10).tobytes())
    other.write_bytes(ready_tasks(3).tobytes())

    def meddle() -> None:
        if change == "replaced":
            os.replace(other, path)
        elif change == "truncated":
            os.truncate(path, 64)
        elif change == "deleted":
            path.unlink()
        else:
            path.write_bytes(ready_tasks(10, task_id=9).tobytes())
            os.utime(path, ns=(1, 1))

    with pytest.raises(FileError, match="deleted, replaced or changed"):
        launch(path, device=MeddlingBackend(meddle))
    left = {"replaced": ready_tasks(3), "truncated": ready_tasks(1), "written": ready_tasks(10, task_id=9)}
    assert (path.read_bytes() if path.exists() else None) == (
        left[change].tobytes() if change in left else None
    )

"""What a process keeps of a device: found again by the next launch, bounded, given up after a failure, not forked."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.needs import only_where
from tests.support.rings import ready_tasks
from vyrectl.engine.backend import Job
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import load_source
from vyrectl.errors import ForkedError, OpSourceError
from vyrectl.opencl import kept
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.kept import Desk, Piece, Station, station
from vyrectl.opencl.session import OpenCLSession
from vyrectl.opencl.source import assemble


def drain(backend: OpenCLBackend, count: int = 40) -> OpenCLSession:
    """A session over a few tasks that has ended."""
    session = backend.open(Job(ready_tasks(count), np.zeros(160, np.uint32), BufferTable()))
    assert isinstance(session, OpenCLSession)
    with closing(session):
        found, more = session.round(1 << 20, lambda: None)
        assert (found.claimable, more) == (count, False)
        assert session.tally().claims == count
    return session


def test_the_next_launch_works_at_the_same_desk(backend: OpenCLBackend) -> None:
    first, second = drain(backend), drain(OpenCLBackend(backend.device))
    assert first.program is second.program
    assert first._device._desk is second._device._desk
    assert first._kernel._kernel is second._kernel._kernel
    assert second.compile_seconds == 0.0


def test_sessions_that_are_open_together_have_a_desk_each(backend: OpenCLBackend) -> None:
    one = backend.open(Job(ready_tasks(4), np.zeros(160, np.uint32), BufferTable()))
    two = backend.open(Job(ready_tasks(4), np.zeros(160, np.uint32), BufferTable()))
    assert isinstance(one, OpenCLSession)
    assert isinstance(two, OpenCLSession)
    assert one._device._desk is not two._device._desk
    one.close()
    two.close()


def test_what_a_driver_failed_with_is_given_up(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = drain(backend)
    before = station(backend.device)
    assert session._device.died(RuntimeError("broken"), "go on").exit_code == 5
    after = station(backend.device)
    assert after is not before
    desk = before.sit()
    before.leave(desk)
    assert before.sit() is not desk
    drain(backend)


def test_other_variables_of_a_driver_are_another_station(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = station(backend.device)
    monkeypatch.setenv("POCL_WORK_GROUP_METHOD", "auto")
    assert station(backend.device) is not before
    monkeypatch.delenv("POCL_WORK_GROUP_METHOD")
    assert station(backend.device) is before


def test_nothing_is_kept_while_a_driver_is_asked_to_tell_what_it_does(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCL_TRACING", "text")
    assert station(backend.device) is not station(backend.device)


def test_stations_programs_and_buffers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Buffer:
        released = 0

        def __init__(self, size: int) -> None:
            self.size = size

        def release(self) -> None:
            Buffer.released += 1

    desk = Desk(None)
    desk.put(Piece(Buffer(kept.MOST_BUFFER_BYTES + 1), None, {}))
    assert (Buffer.released, desk.take(kept.MOST_BUFFER_BYTES + 1)) == (1, None)
    for _ in range(kept.MOST_DESK_BYTES // kept.MOST_BUFFER_BYTES + 1):
        desk.put(Piece(Buffer(kept.MOST_BUFFER_BYTES), None, {}))
    assert Buffer.released == 1 + kept.MOST_DESK_BYTES // kept.MOST_BUFFER_BYTES
    assert desk.take(kept.MOST_BUFFER_BYTES) is not None
    assert desk.take(kept.MOST_BUFFER_BYTES) is None

    host: Any = object()
    one = Station(host, host)
    built: list[int] = []

    def build(key: int) -> Any:
        return one.program(key, lambda: built.append(key) or key)  # type: ignore[func-returns-value, arg-type, return-value]

    for key in [*range(kept.MOST_PROGRAMS + 1), kept.MOST_PROGRAMS, 0]:
        build(key)
    assert built == [*range(kept.MOST_PROGRAMS + 1), 0]


@only_where(hasattr(os, "fork"), "there is no fork on this system")
def test_a_forked_child_neither_uses_nor_releases_what_is_kept(backend: OpenCLBackend) -> None:
    drain(backend)
    child = os.fork()
    if not child:  # pragma: no cover
        try:
            assert not kept._stations
            with pytest.raises(ForkedError):
                station(backend.device)
            kept.release()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    drain(backend)


def test_a_changed_include_is_another_program(backend: OpenCLBackend, tmp_path: Path) -> None:
    header = tmp_path / "number.h"
    source = tmp_path / "mine.cl"
    source.write_text(
        '#include "number.h"\nVYRE_OP(0x20000, mine, "tells a number") { return vyre_fault(NUMBER); }\n'
    )
    texts = []
    for number in (7, 8):
        header.write_text(f"#define NUMBER {number}u\n")
        texts.append(assemble((load_source(source),)))
        assert assemble((load_source(source),)) is texts[-1]
    header.unlink()
    with pytest.raises(OpSourceError, match="cannot be found"):
        assemble((load_source(source),))
    assert "NUMBER 7u" in texts[0]
    assert "NUMBER 8u" in texts[1]

"""What the workers of a session leave on its board: turns counted by every driver, on shared memory and on copies."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.rings import ready_tasks
from vyrectl.abi import watch as abi
from vyrectl.engine.backend import Backend, Job, Sharing
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.launching.rounds import Drain, Limits
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.buffers import page_aligned
from vyrectl.opencl.watching import WorkerSeats
from vyrectl.sidecar.workers import Seats

TASKS = 40
SHAPES: dict[str, dict[str, Any]] = {
    "lane": {},
    "group": {"work_group_size": 4, "workers": 2, "mode": "jit"},
    "exact": {"workers": 1, "ticket": 1},
}


def board() -> NDArray[np.uint32]:
    words = page_aligned(abi.BOARD_BYTES).view(np.uint32)
    words[: abi.BOARD_HEAD_WORDS + 4096] = 7  # what an earlier launch left
    return words


def drained(backend: Backend, words: NDArray[np.uint32], **options: Any) -> NDArray[np.uint32]:
    """The records after a drain of no-ops, shape (workers, stride)."""
    slots = ready_tasks(TASKS, op_handle=0)
    job = Job(slots, np.zeros(160, np.uint32), BufferTable(), shared=Sharing(board=words), **options)
    with closing(backend.open(job)) as session:
        Drain(session, Limits()).run()
        assert session.tally().claims == TASKS
        records = getattr(session, "_seats", None)
        if records is not None:
            records.copy()
        stride, count = words[abi.BOARD_STRIDE], words[abi.BOARD_SEATS]
        first = abi.BOARD_HEAD_WORDS
        whole = words[first : first + stride * count].copy()
        return whole.reshape(stride, count).T if stride == abi.GROUP_STRIDE else whole.reshape(count, stride)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shares", [True, False])
def test_every_turn_is_counted(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch, shape: str, *, shares: bool
) -> None:
    if not shares:
        build = OpenCLBackend.program
        monkeypatch.setattr(OpenCLBackend, "program", lambda *given: replace(build(*given), coherent=False))
    records = drained(backend, board(), **SHAPES[shape])
    assert records[:, abi.TURN].sum() == TASKS
    assert not records[:, abi.SLOT].any()
    assert not records[:, abi.OP].any()
    by_group = shape == "group" or (shape == "lane" and not backend.device.is_cpu)
    assert records.shape[1] == (abi.GROUP_STRIDE if by_group else abi.LANE_STRIDE)


def test_workers_beyond_the_records_leave_those_of_others_alone(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abi, "MOST_SEATS", 3)
    records = drained(backend, board(), **SHAPES["group"])
    assert len(records) == 3
    assert 0 < records[:, abi.TURN].sum() < TASKS
    assert not records[:, abi.SLOT].any()


def test_what_the_host_has_noted_outlives_a_copy(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = OpenCLBackend.program
    monkeypatch.setattr(OpenCLBackend, "program", lambda *given: replace(build(*given), coherent=False))
    copy = WorkerSeats.copy

    def noting(records: WorkerSeats) -> None:
        words, first = board_of(records), abi.BOARD_HEAD_WORDS
        places = Seats.on_board(words.data)
        words[places.at(0, abi.NOTED_MS)] = 77
        copy(records)
        assert words[first:].any()
        assert words[places.at(0, abi.NOTED_MS)] == 77

    monkeypatch.setattr(WorkerSeats, "copy", noting)
    for shape in ("lane", "group"):
        drained(backend, board(), **SHAPES[shape])


def board_of(records: WorkerSeats) -> NDArray[np.uint32]:
    assert records._board is not None
    return records._board


def test_the_reference_backend_counts_its_turns() -> None:
    records = drained(ReferenceBackend(), board())
    assert records[:, : abi.POLLS].tolist() == [[TASKS, 0, 0]]


@pytest.mark.parametrize("make", [ReferenceBackend, None])
def test_nobody_is_watched_where_that_was_left_out(backend: OpenCLBackend, make: Any) -> None:
    words = board()
    words[:] = 0
    drained(backend if make is None else make(), words, watch=False)
    assert not words[:4096].any()

"""Rings in shards: the account and the words of a whole launch, every shard visited before one is visited twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conformance.cases import InProcess, assert_same_slots
from tests.conformance.worlds import LIMIT_SLOTS, world
from tests.support.ops import FILL, REQUEUE_N
from tests.support.rings import ready_tasks
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.errors import UsageError
from vyrectl.launching.run import launch
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.shards import ShardedSession
from vyrectl.ring.file import Ring


@pytest.mark.parametrize("shard_slots", [64, 100])
@pytest.mark.parametrize("verify", [False, True])
def test_the_words_are_those_of_the_reference(backend: OpenCLBackend, shard_slots: int, verify: bool) -> None:
    case = world(LIMIT_SLOTS, seed=shard_slots)
    options: dict[str, Any] = {**case.options, "mode": "interpreter"}
    expected = InProcess("reference", ReferenceBackend(), LIMIT_SLOTS).run(replace(case, options=options))
    options |= {"shard_slots": shard_slots, "verify": verify}
    answer = InProcess(backend.name, backend, LIMIT_SLOTS).run(replace(case, options=options))
    assert_same_slots(answer.slots, expected.slots)
    assert answer.report["geometry"]["shards"] == -(-len(case.slots) // 64)
    for key in ("claims", "remaining", "ended", "states"):
        assert answer.report[key] == expected.report[key], key


def test_every_shard_has_its_round_before_one_has_a_second(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[int] = []
    enter = ShardedSession._enter

    def noted(session: ShardedSession, number: int) -> None:
        visits.append(number)
        enter(session, number)

    monkeypatch.setattr(ShardedSession, "_enter", noted)
    ring = Ring.from_slots(ready_tasks(256, op_handle=REQUEUE_N, param=1))
    assert launch(ring, device=backend, shard_slots=64).ended == "drained"
    assert visits[:8] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_a_device_with_little_memory_takes_the_ring_in_parts(backend: OpenCLBackend) -> None:
    small = OpenCLBackend(replace(backend.device, max_allocation_bytes=64 * 128))
    ring = Ring.from_slots(ready_tasks(1000))
    report = launch(ring, device=small)
    assert (report.ended, report.claims, report.geometry["shards"]) == ("drained", 1000, 8)


def test_buffers_and_quotas_go_along(backend: OpenCLBackend) -> None:
    out = np.zeros(4, np.uint32)
    slots = ready_tasks(200, op_handle=FILL, output_handle=0, param=7, tenant_id=np.arange(200) % 2)
    report = launch(Ring.from_slots(slots), device=backend, buffers={0: out}, shard_slots=64, quotas={1: 30})
    assert (out == 7).all()
    assert report.outcomes["done"] == 130


def test_what_shards_cannot_do_is_said(backend: OpenCLBackend, tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="cannot be traced"):
        launch(
            Ring.from_slots(ready_tasks(200)), device=backend, shard_slots=64, trace=str(tmp_path / "t.json")
        )

"""A ring and what lies beside it: no finding on what the runtime left, and one for each thing that does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import dumps
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.protocol.control import decode_control, encode_control
from vyrectl.protocol.debug_log import DebugLog, DebugRecord, read_debug_log
from vyrectl.protocol.io_queue import IoRecord, decode_io_queue
from vyrectl.ring.findings.across import Beside, look_across
from vyrectl.task.arrays import SlotArray

CONTROL = decode_control(encode_control(tenants=2, observables=0))


def slots_of(*words: dict[str, int]) -> SlotArray:
    slots = np.zeros(len(words), SLOT_DTYPE)
    for slot, given in zip(slots, words, strict=True):
        for name, value in given.items():
            slot[name] = value
    return slots


def names(slots: SlotArray, beside: Beside) -> list[str]:
    return [one.kind.name for one in look_across(slots, beside)]


@pytest.mark.parametrize("name", dumps.names("kernel-"))
def test_what_the_runtime_left_fits_together(name: str) -> None:
    parts = dumps.parts(name)
    beside = Beside(
        decode_control(parts["control"]), read_debug_log(parts["debug"]), decode_io_queue(parts["io"])
    )
    assert names(np.frombuffer(parts["ring"], SLOT_DTYPE), beside) == []


@pytest.mark.parametrize("name", dumps.names("ring-"))
def test_a_fresh_control_buffer_and_empty_logs_fit_any_ring(name: str) -> None:
    beside = Beside(CONTROL, DebugLog((), 64, 0, 0, 0))
    assert names(np.frombuffer(dumps.data(name), SLOT_DTYPE), beside) == []


def test_more_done_than_counted() -> None:
    slots = slots_of({"state": 3, "op_handle": 0x1000}, {"state": 3, "op_handle": 5})
    counted = replace(CONTROL, done_count=1, metrics=[(1, 1)])
    assert names(slots, Beside(counted)) == ["drained-uncounted", "metrics-behind"]
    assert names(slots, Beside(replace(CONTROL, done_count=9, metrics=[(5, 1)]))) == []
    assert look_across(slots, Beside(counted))[1].slots == (1,)


def test_more_fences_than_epochs() -> None:
    slots = slots_of(*[{"state": 3, "op_handle": 7}] * 3)
    counted = replace(CONTROL, done_count=3, metrics=[(7, 3)], epoch=2)
    assert names(slots, Beside(counted)) == ["epoch-behind"]
    assert names(slots, Beside(replace(counted, epoch=3))) == []


def test_records_of_another_ring() -> None:
    slots = slots_of({}, {})
    log = DebugLog((DebugRecord(1, (0, 0, 16)), DebugRecord(1, (0, 0, 32))), 64, 0, 0, 8)
    assert names(slots, Beside(debug=log)) == ["printf-elsewhere"]
    assert names(slots, Beside(debug=replace(log, records=log.records[:1], dropped=2))) == ["debug-dropped"]


def test_load_misses_and_requests() -> None:
    miss = {"op_handle": 0xFFFD, "input_handle": 33}
    slots = slots_of({**miss, "state": 1}, {**miss, "state": 3})
    found = look_across(slots, Beside(queue=(IoRecord(),), names={"io_queue": "my queue"}))
    assert [(one.kind.name, one.slots) for one in found] == [("load-miss-unasked", (0,))]
    assert names(slots, Beside(queue=(IoRecord(op=1, source=33, status=1, byte_count=4),))) == []


def test_requests_that_failed_or_are_wrong() -> None:
    queue = (IoRecord(op=1, status=0x11, byte_count=1), IoRecord(op=77, status=1))
    found = look_across(slots_of({}), Beside(queue=queue, names={"io_queue": "my queue"}))
    assert [one.kind.name for one in found] == ["io-record-wrong", "io-request-failed"]
    assert "vyrectl io 'my queue'" in found[0].remedy

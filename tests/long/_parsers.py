"""Everything that reads what others wrote, each as a function of bytes that may raise our own errors alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from vyrectl.cli.commands.decode.text import parse_hex
from vyrectl.cli.fields import split_assignments
from vyrectl.cli.opened import describe_bytes
from vyrectl.cli.snapshot_since import read_baseline
from vyrectl.cli.sources import Window, read_policy, read_request, read_source, read_table
from vyrectl.engine.buffer_options import parse_buffer_option
from vyrectl.engine.op_names import read_naming
from vyrectl.engine.ops import op_codes, scan_source
from vyrectl.errors import InvalidInputError, VyrectlError
from vyrectl.launching.plan import saved_plan
from vyrectl.policy.request import LaunchRequest
from vyrectl.protocol.control import decode_control, encode_control
from vyrectl.protocol.debug_format import parse_formats
from vyrectl.protocol.debug_log import decode_debug_log, read_debug_log
from vyrectl.protocol.io_queue import IoRecord, decode_io_queue, encode_io_queue
from vyrectl.protocol.packed import decode_packed
from vyrectl.ring.check import check_bytes
from vyrectl.ring.kinds import identify
from vyrectl.ring.mix import Mix
from vyrectl.ring.replay_log import ReplayLog
from vyrectl.ring.select import parse_slots
from vyrectl.ring.tables import read_csv, read_jsonl
from vyrectl.ring.where import compile_where
from vyrectl.task.item import TaskWorkItem

_CODES = op_codes()
_PATH = Path("fuzzed")
_MOST_SLOTS = 1 << 16


@dataclass(frozen=True)
class Parser:
    """One parser and what it is first given.

    Attributes:
        parse: Takes any bytes; raises `VyrectlError` or nothing.
        seeds: Good and nearly good input.
    """

    parse: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _slot_hex(data: bytes) -> None:
    for start in range(0, len(slots := parse_hex(data, "argument")), 64):
        if len(piece := slots[start : start + 64]) == 64:
            assert TaskWorkItem.from_bytes(piece).to_bytes() == piece


@cache
def _folder() -> TemporaryDirectory[str]:
    """Where inputs lie that are read as files; it goes with the process."""
    return TemporaryDirectory()


def _as_file(suffix: str, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        path = Path(_folder().name) / f"x{suffix}"
        path.write_bytes(data)
        read(path)

    return parse


def _replay_log(path: Path) -> None:
    with ReplayLog.open(path) as log:
        if log.header.capacity < _MOST_SLOTS:
            list(log.records())


def _plan(path: Path) -> None:
    plan = saved_plan(read_table(path), "plan.json")
    assert (plan.mode, plan.age_threshold >= 0) in (("jit", True), ("interpreter", True))


def _where(data: bytes) -> None:
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    where = compile_where(_text(data), _CODES)
    assert where.mask(np.zeros(3, SLOT_DTYPE), 0).shape == (3,)


def _debug_log(data: bytes) -> None:
    with suppress(InvalidInputError):
        decode_debug_log(data)
    read_debug_log(data)


def _packed(data: bytes) -> None:
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 48, 4)]
    decode_packed(words)


def _kind(data: bytes) -> None:
    view = memoryview(data)
    verdict = identify(view)
    assert verdict.reasons
    if verdict.parts is not None:
        assert sum(part.size_bytes for part in verdict.parts.parts) == len(data)
    describe_bytes("x", view)


_REQUEST = json.dumps(LaunchRequest.direct(5000, 64, 256).to_record()).encode()
_SNAPSHOT = (
    b'{"schema": "vyrectl.snapshot/1", "ring": "a", "ready_count": 3, "paused_count": 0, "yielded_count": 1,'
    b' "requeued_count": 0, "running_count": 0, "faulted_count": 0, "total_requeues": 9, "max_priority_age": 2}'
)
_PLAN = (
    b'{"schema": "vyrectl.plan/1", "execution_mode": "Jit", "age_priority_work": true, "topology": "Empty",'
    b' "geometry": {"workgroup_size_x": 1, "slot_count": 1, "dispatch_grid": [1, 1, 1]}, "request": {"queue_len": 3}}'
)
_SLOT = TaskWorkItem(state=1, op_handle=0x1000, param=3, task_id=7).to_bytes()
_LOG = b"VRRL0001" + bytes([1, 0, 0, 0, 0, 0, 0, 0, 2]) + bytes(15) + bytes.fromhex("efbeadde") + bytes(124)

PARSERS: Mapping[str, Parser] = {
    "slot_hex": Parser(_slot_hex, (_SLOT.hex().encode(), b"0x01 02,03:04_05")),
    "jsonl": Parser(
        lambda data: read_jsonl(io.BytesIO(data), op_codes=_CODES, source="x"),
        (b'{"op": "scale", "priority": "low", "flags": "paused|yielded"}\n{}\n', b'{"state": 4294967296}'),
    ),
    "csv": Parser(
        lambda data: read_csv(io.BytesIO(data), op_codes=_CODES, source="x"),
        (b"op,param,tenant\nnop,3,0x10\n", b'op,"task_id"\r\n"sc""ale",7\r\n'),
    ),
    "request": Parser(_as_file(".json", read_request), (_REQUEST, b'{"queue_len": 1e3}')),
    "request_toml": Parser(_as_file(".toml", read_request), (b"queue_len = 3\n", b"[queue_len]\n")),
    "source": Parser(
        _as_file("", lambda path: read_source(path, Window())), (_SNAPSHOT, _REQUEST, _PLAN, _SLOT)
    ),
    "policy": Parser(_as_file("", read_policy), (b'{"saturated_waves": 4}', b"saturated_waves = 4\n")),
    "snapshot": Parser(_as_file("", read_baseline), (_SNAPSHOT, _SNAPSHOT + b"\n" + _SNAPSHOT)),
    "replay_log": Parser(_as_file("", _replay_log), (_LOG, _LOG[:100])),
    "op_source": Parser(
        lambda data: scan_source(_text(data), _PATH),
        (b'VYRE_OP(0x20000, halve, "x / 2") { return vyre_done(); } // "', b"/* VYRE_GROUP_OP(1,"),
    ),
    "where": Parser(
        _where,
        (
            b"state in (paused, faulted) and age > 3",
            b"not flags & paused or 1 <= slot < 0x10 << 2",
            b"op == nop",
        ),
    ),
    "mix": Parser(
        _as_file("", Mix.from_file),
        (
            b'{"state": {"ready": 9, "empty": 1}, "param": {"spin": [16, 256]}}',
            b"tenants = 4\n[op]\nnop = 0.5\n",
        ),
    ),
    "plan": Parser(_as_file(".json", _plan), (_PLAN, _PLAN.replace(b'"Jit"', b"[]"))),
    "control": Parser(decode_control, (bytes(640), bytes(161 * 4), bytes(7))),
    "debug_log": Parser(_debug_log, (bytes([4, 0, 0, 0]) + bytes(16), bytes([255]) * 40)),
    "io_queue": Parser(
        decode_io_queue, (encode_io_queue([IoRecord(1, 2, 3, 4, 5, 1, 7)], capacity=3), bytes(33))
    ),
    "kinds": Parser(
        _kind,
        (
            encode_control(tenants=2, observables=2, slots=2) + _SLOT * 2 + bytes(1028 + 2048),
            _SLOT * 32 + bytes(1028),
            encode_io_queue([IoRecord(1, 2, 3, 4, 5, 1, 7)] * 5),
            b"id,op\n1,nop\n",
        ),
    ),
    "op_names": Parser(
        _as_file("", lambda path: read_naming([path])),
        (b'{"0x20000": "gather"}', b"id,name,doc\n0x20000,gather,x\n", b'[{"id": 3, "name": "a"}]'),
    ),
    "debug_formats": Parser(
        _as_file(".json", lambda path: parse_formats(read_table(path), "f")),
        (b'{"1": "%u of %x %%", "0x2": "%f"}',),
    ),
    "packed": Parser(_packed, (bytes([2, 3, 1, 0, 2, 3]) + bytes(42), bytes(48))),
    "slots": Parser(lambda data: parse_slots(_text(data), _MOST_SLOTS), (b"0-15,20", b"0x10-0x1f")),
    "assignments": Parser(
        lambda data: split_assignments(_text(data).split("\0")),
        (b"priority=high\0age=3\0ring.bin", b"flags=paused+2"),
    ),
    "buffer": Parser(
        lambda data: parse_buffer_option(_text(data)), (b"0=zeros:float32:3:out.npy", b"1=x.npy")
    ),
    "ring": Parser(lambda data: check_bytes(data).to_record(), (_SLOT * 3, _SLOT + b"rest", b"text")),
}
"""Name -> parser."""


def feed(name: str, data: bytes) -> None:
    """Give a parser some bytes; whatever it raises but our own errors is a bug."""
    with suppress(VyrectlError):
        PARSERS[name].parse(data)

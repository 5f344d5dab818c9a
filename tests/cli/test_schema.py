"""Every command's real output against the schema that `vyrectl schema` prints for it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Cli
from tests.sidecar.watched import died_over
from tests.support.rings import slot, write_ring
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.commands.snapshot.watch import Clock
from vyrectl.cli.main import load_command
from vyrectl.cli.schemas import HOMES, schema_of
from vyrectl.cli.schemas.parts import DRAFT, TEXT, answer, document, maybe
from vyrectl.protocol.control import encode_control
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue
from vyrectl.protocol.replay import Evidence, FailureClass, ReplayRecord
from vyrectl.ring.replay_log import ReplayLog

RING = "ring.bin"
PACKED = slot(state=1, op_handle=0x8000_0001, input_handle=0x0401_0905).hex()
RAW = slot(state=1, op_handle=0x1000).hex()
POCL = ("--device", "cpu")

CASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "encode": (
        ("--op", "scale"),
        ("odd.bin", "--slot", "1", "op=nop"),
        ("odd.bin", "--slot", "1", "op=nop", "--dry-run"),
    ),
    "decode": ((RAW,), (PACKED,), (RING,), ("odd.bin",)),
    "inspect": (
        (RING,),
        (RING, "--columns", "slot,op_name,flags"),
        (RING, "--limit", "0"),
        (RING, "--slot", "9"),
        ("odd.bin", "--slot", "1"),
        (RING, "--tree"),
        (RING, "--tree", "--columns", "slot"),
        (RING, "--group", "state,op,flags,priority,tenant"),
    ),
    "build": (("new.bin", "--slots", "3"), ("new.bin", "--synthetic", "9", "--seed", "1", "--dry-run")),
    "map": ((RING,), (RING, "--by", "age"), (RING, "--by", "tenant", "--output", "map.png")),
    "diff": ((RING, "odd.bin"), (RING, RING), (RING, "odd.bin", "--limit", "1")),
    "snapshot": (
        (RING,),
        ("odd.bin", "--lenient"),
        (RING, "--by", "state,priority,tenant,op", "--ages", "--oldest", "3", "--since", "before.json"),
        (RING, "odd.bin", "--lenient", "--by", "op", "--ages", "--oldest", "3"),
        ("none.bin", "--ages", "--oldest", "1", "--by", "op"),
        (RING, "--since", "history.jsonl"),
        (RING, "--control", "c.bin", "--since", "runtime.json"),
    ),
    "plot": (("history.jsonl",), ("history.jsonl", "--show", "all"), ("history.jsonl", "--output", "h.svg")),
    "transition": ((RING, "resume", "5"), (RING, "pause", "1-3", "--epoch", "never", "--dry-run")),
    "set": (
        (RING, "age=3", "1"),
        (RING, "flags=paused", "--all", "--dry-run"),
        (RING, "age=0", "2", "--backup"),
    ),
    "publish": (
        (RING, "store_u32:5,180", "nop", "--packed", "--slot", "0", "--dry-run"),
        (RING, "nop", "--backup"),
    ),
    "control": (
        ("c.bin",),
        ("c.bin", "epoch=3", "--backup"),
        ("c.bin", "epoch=0", "--dry-run"),
        ("n.bin", "--new", "--slots", "9"),
    ),
    "io": (("q.bin",), ("q.bin", "--unused", "--limit", "3")),
    "open": ((RING,), ("c.bin",), (".",), ("run.vrrl",), ("all.bin", "--unpack", "parts")),
    "debug": (("d.bin",), ("d.bin", "--formats", "f.json", "--limit", "1")),
    "replay": (("run.vrrl",), ("run.vrrl", "--failed"), ("run.vrrl", "--ring", RING, "--diff")),
    "why": (
        (RING,),
        (RING, "odd.bin"),
        (RING, "--control", "c.bin", "--since", "before.json"),
        (RING, "--since", "odd.bin"),
        ("--explain", "all"),
    ),
    "check": ((RING,), ("odd.bin",), ("--explain", "all"), (RING, "--ignore", "running-without-runner")),
    "repair": ((RING, "--all"), (RING, "--code", "77", "--dry-run"), ("none.bin", "--all")),
    "recover": ((RING,), (RING, "--dry-run"), ("none.bin",)),
    "apply": ((RING,), ("before.json",)),
    "plan": (
        (RING, *POCL),
        (RING, *POCL, "--explain"),
        (RING, *POCL, "--explain", "--sweep", "queue_len=0..100000"),
        ("none.bin", *POCL, "--device-memory-budget-bytes", "1", "--explain"),
    ),
    "converge": (
        (RING, "--matrix", "matrix.npy", "--device", "reference"),
        (RING, "--matrix", "matrix.npy", "--device", "reference", "--step", "reachability"),
    ),
    "launch": (
        (RING, "--device", "reference", "--fault-unknown"),
        (RING, *POCL, "--fault-unknown"),
        (RING, "--dry-run"),
        (RING, *POCL, "--buffer", "1=zeros:float32:4:out.npy", "--verify", "--fault-unknown"),
    ),
    "workers": (("died.bin",), ("died.bin", "--all")),
    "demo": (POCL,),
    "bench": (
        ("--quick", *POCL, "--sizes", "1k", "--repeat", "1", "--only", "tasks"),
        ("host", "--sizes", "1k", "--repeat", "1"),
        ("live", *POCL, "--tasks", "1000", "--seconds", "1"),
    ),
    "devices": ((), ("--check",)),
    "doctor": ((),),
    "ops": ((), ("mine.cl",), ("--check", "mine.cl", "--device", "reference")),
    "completion": (("bash",),),
    "worker": (("tcp://head:8786", "--device", "0:0"),),
    "report": ((RING,), (RING, "--output", "r.html")),
    "help": ((), ("rings",), ("launch",), ("recover",)),
    "schema": ((), ("snapshot",), ("schema",)),
}

OPS = """#include "vyre_op.h"
VYRE_OP(0x2000, mine, "does nothing of mine") { return vyre_done(); }
"""


@pytest.fixture
def folder(tmp_path: Path, ring: Path, odd: Path, cli: Cli) -> Path:
    """Rings, saved snapshots, an operation and a matrix to name in the cases."""
    write_ring(tmp_path / "none.bin")
    write_ring(tmp_path / "died.bin", slot(state=2, op_handle=0x1005))
    died_over(tmp_path / "died.bin", [(3, 1, 0x1005, 0), (1, 0, 0, 64)])
    (tmp_path / "before.json").write_text(cli("snapshot", RING, "--json").out)
    for _ in range(2):
        cli("snapshot", RING, "--append", "history.jsonl")
    (tmp_path / "mine.cl").write_text(OPS)
    wire_files(tmp_path)
    (tmp_path / "runtime.json").write_text(cli("snapshot", RING, "--control", "c.bin", "--json").out)
    np.save(tmp_path / "matrix.npy", np.full((8, 8), 0.125))
    return tmp_path


def wire_files(folder: Path) -> None:
    """A control buffer, a debug log that dropped a record, a log of runs."""
    (folder / "c.bin").write_bytes(encode_control(tenants=2, observables=4, slots=9))
    (folder / "d.bin").write_bytes(struct.pack("<9I", 12, 7, 1, 2, 16, 8, 3, 4, 32))
    (folder / "f.json").write_text('{"7": "tile %u"}')
    (folder / "q.bin").write_bytes(
        encode_io_queue([IoRecord(1, 2, 3, 4, 5, 1, 7), IoRecord(9, status=99)], capacity=8)
    )
    control = encode_control(tenants=2, observables=0, slots=32)
    (folder / "all.bin").write_bytes(control + bytes(32 * 64 + 1028 + 2048))
    with ReplayLog.open_or_create(folder / "run.vrrl", 4) as log:
        log.append(ReplayRecord(1, 1, 0, 0x1000, (1, 0, 7, 0), 0))
        log.append(ReplayRecord(2, 2, 3, 0, (0, 0, 0, 0), 0, Evidence(7, FailureClass.PROGRAM_BUG, 9, 0)))


def problems(name: str, record: Any) -> list[str]:
    return [error.message[:300] for error in Draft202012Validator(schema_of(name)).iter_errors(record)]


def whole_cases() -> list[tuple[str, ...]]:
    return [(name, *args) for name, cases in CASES.items() for args in cases]


def commands_with_json() -> set[str]:
    return {name for name in NAMES if any("--json" in one.opts for one in load_command(name).params)}


def test_every_command_has_a_schema_and_cases() -> None:
    assert set(HOMES) == {*commands_with_json(), "error"}
    assert set(CASES) == commands_with_json()


@pytest.mark.parametrize("name", HOMES)
def test_every_schema_is_a_schema(cli: Cli, name: str) -> None:
    schema = cli("schema", name).json()
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DRAFT, f"urn:vyrectl:schema:{name}:1")
    assert schema["title"].endswith(".")


@pytest.mark.parametrize("args", whole_cases(), ids=" ".join)
def test_real_output_is_what_the_schema_says(folder: Path, cli: Cli, args: tuple[str, ...]) -> None:
    result = cli(*args, "--json")
    assert result.out, result.err
    assert problems(args[0], result.json()) == []


@pytest.mark.parametrize(
    "args",
    [
        ("--append", "h.jsonl"),
        ("--append", "h.jsonl", "--by", "op", "--ages", "--oldest", "2", "--lenient"),
    ],
)
def test_lines_of_histories(folder: Path, cli: Cli, args: tuple[str, ...]) -> None:
    cli("snapshot", RING, *args)
    cli("snapshot", RING, "ring.bin", *args)
    for line in (folder / "h.jsonl").read_text().splitlines():
        assert problems("snapshot", json.loads(line)) == []


@pytest.mark.parametrize("rings", [(RING,), (RING, "none.bin")])
def test_lines_of_a_watch(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, rings: tuple[str, ...]
) -> None:
    sleeps = iter(range(9))

    def meanwhile(seconds: float) -> None:
        if next(sleeps) == 1:
            (folder / RING).unlink()

    clock = Clock(sleep=meanwhile)
    monkeypatch.setattr("vyrectl.cli.commands.snapshot.watch.Clock", lambda: clock)
    result = cli("snapshot", *rings, "--watch", "1", "--ticks", "4", "--ages")
    lines = result.lines()
    assert [problems("snapshot", line) for line in lines] == [[]] * 4
    assert any("error" in json.dumps(line) for line in lines)


@pytest.mark.parametrize(
    "args",
    [
        ("snapshot", "nothing.bin"),
        ("snapshot", "odd.bin"),
        ("inspect", RING, "--where", "agge > 3"),
        ("transition", RING, "complete", "8-9"),
        ("nope",),
        ("launch", RING, "--device", "nope"),
        ("plan", RING, "--device", "reference"),
    ],
)
def test_errors_are_what_their_schema_says(folder: Path, cli: Cli, args: tuple[str, ...]) -> None:
    result = cli(*args, "--json")
    assert result.code != 0
    assert problems("error", result.error()) == []
    assert result.error()["exit_code"] == result.code


def test_a_key_too_many_or_too_few_is_found(folder: Path, cli: Cli) -> None:
    record = cli("snapshot", RING, "--json").json()
    assert problems("snapshot", {**record, "extra": 1})
    assert problems("snapshot", {key: value for key, value in record.items() if key != "ready_count"})
    assert problems("snapshot", {**record, "ready_count": -1})
    assert problems("snapshot", {**record, "ready_count": 2**32})
    assert problems("snapshot", {**record, "schema": "vyrectl.snapshot/2"})


def test_unknown_commands_have_no_schema(cli: Cli) -> None:
    result = cli("schema", "snapsht", "--json")
    assert (result.code, result.out) == (2, "")
    assert "snapshot" in result.error()["fix"]


def test_parts() -> None:
    assert maybe(TEXT) == {"type": ["string", "null"]}
    assert maybe({"anyOf": []}) == {"anyOf": [{"anyOf": []}, {"type": "null"}]}
    several = document("x", "X.", answer("x", {}), answer("x", {"a": TEXT}))
    assert len(several["oneOf"]) == 2


def test_the_list_is_a_table(cli: Cli) -> None:
    lines = cli("schema").out.splitlines()
    assert len(lines) == len(HOMES) + 2

"""`replay`: a log listed, filtered and run again; `launch --record` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from tests.cli.conftest import Cli
from tests.support.ops import FAULT, SCALE
from tests.support.rings import slot, write_ring
from vyrectl.protocol.replay import Evidence, FailureClass, ReplayRecord
from vyrectl.ring.replay_log import ReplayLog


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Four records, one of them with a failure."""
    path = tmp_path / "run.vrrl"
    bad = Evidence(7, FailureClass.DEVICE_LOSS, 5, 2**64 - 1)
    with ReplayLog.open_or_create(path, 8) as opened:
        for number in range(4):
            evidence = bad if number == 2 else None
            record = ReplayRecord(
                2**64 - 1 - number, number, number % 2, 0x1000 + number, (1, 2, 3, 4), 9, evidence
            )
            opened.append(record)
    return path


def slots_shown(cli: Cli, *args: str) -> list[int]:
    return [one["slot"] for one in cli("replay", "run.vrrl", *args, "--json").json()["records"]]


def test_the_list(cli: Cli, log: Path) -> None:
    record = cli("replay", "run.vrrl", "--json").json()
    assert (record["total"], record["matched"], record["capacity"]) == (4, 4, 8)
    assert record["records"][0]["timestamp_ns"] == 2**64 - 1
    assert record["records"][2]["failure_class"] == "device_loss"
    assert record["records"][2]["output_digest"] == 2**64 - 1
    assert record["records"][3]["failure_class"] is None


def test_filters(cli: Cli, log: Path) -> None:
    assert slots_shown(cli, "--slots", "1-2,4294967295") == [1, 2]
    assert slots_shown(cli, "--tenant", "1") == [1, 3]
    assert slots_shown(cli, "--op", "copy") == [1]
    assert slots_shown(cli, "--failed") == [2]
    assert slots_shown(cli, "--limit", "2") == [0, 1]
    assert slots_shown(cli, "--tenant", "1", "--op", "copy", "--failed") == []


def test_a_table_holds_any_time(cli: Cli, log: Path) -> None:
    assert "2554-07-21" in cli("replay", "run.vrrl").out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("none.vrrl",), 1),
        (("ring.bin",), 3),
        (("cut.vrrl",), 3),
        (("torn.vrrl",), 3),
        (("run.vrrl", "--op", "copyy"), 2),
        (("run.vrrl", "--slots", "2-1"), 2),
        (("run.vrrl", "--diff"), 2),
        (("run.vrrl", "--ring", "ring.bin"), 2),
        (("run.vrrl", "--no-digest"), 2),
        (("run.vrrl", "--diff", "--ring", "ring.bin", "--failed"), 2),
    ],
)
def test_refusals(cli: Cli, log: Path, ring: Path, args: tuple[str, ...], code: int) -> None:
    data = log.read_bytes()
    (log.parent / "cut.vrrl").write_bytes(data[:100])
    (log.parent / "torn.vrrl").write_bytes(data[:96] + b"\1" + data[97:])
    result = cli("replay", *args)
    assert (result.code, result.out) == (code, "")


@pytest.fixture
def recorded(cli: Cli, tmp_path: Path) -> Path:
    """A ring as it was, and the log of its launch."""
    tasks = [slot(state=1, op_handle=op, param=n, priority=2) for n, op in enumerate((0, FAULT, 1, 7))]
    ring = write_ring(tmp_path / "ring.bin", *tasks, slot())
    result = cli(
        "launch", "ring.bin", "--device", "reference", "--output", "after.bin", "--record", "run.vrrl"
    )
    assert result.code == 0
    return ring


def test_a_launch_and_its_log_agree(cli: Cli, recorded: Path) -> None:
    before = recorded.read_bytes()
    result = cli("replay", "run.vrrl", "--ring", "ring.bin", "--diff", "--json")
    assert (result.code, result.json()["compared"], result.json()["divergence"]) == (0, 4, None)
    assert recorded.read_bytes() == before


def test_the_first_divergence_is_exit_6(cli: Cli, recorded: Path) -> None:
    assert cli("set", "ring.bin", "param=9", "1").code == 0
    result = cli("replay", "run.vrrl", "--ring", "ring.bin", "--diff", "--json")
    assert result.code == 6
    found = result.json()["divergence"]
    assert (found["record"], found["slot"], found["what"]) == (1, 1, "param")
    assert (found["logged"], found["replayed"]) == ("1", "9")


def test_buffers_and_control_of_a_replay(cli: Cli, recorded: Path) -> None:
    assert cli("control", "c.bin", "--new", "--tenants", "0").code == 0
    options = ("--ring", "ring.bin", "--diff", "--control", "c.bin", "--buffer", "0=zeros:uint32:4")
    result = cli("replay", "run.vrrl", *options, "--json")
    assert (result.code, result.json()["divergence"]["replayed"]) == (6, "Ready")


def test_a_log_that_exists_is_appended_to(cli: Cli, recorded: Path) -> None:
    options = (
        "--device",
        "reference",
        "--output",
        "b.bin",
        "--record",
        "run.vrrl",
        "--record-capacity",
        "99",
    )
    assert cli("launch", "ring.bin", *options).code == 0
    record = cli("replay", "run.vrrl", "--json").json()
    assert (record["capacity"], record["total"]) == (5, 5)
    assert [one["slot"] for one in record["records"]] == [3, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "code"), [("ring.bin", 2), ("other.bin", 3), ("none/run.vrrl", 1), (".", 1)]
)
def test_a_log_that_cannot_be_written_stops_the_launch_before_it_starts(
    cli: Cli, ring: Path, name: str, code: int
) -> None:
    before = ring.read_bytes()
    (ring.parent / "other.bin").write_bytes(before)
    result = cli("launch", "ring.bin", "--device", "reference", "--record", name)
    assert (result.code, ring.read_bytes()) == (code, before)
    assert (ring.parent / "other.bin").read_bytes() == before


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A task with an output, one that faults, one of the runtime's own operations."""
    np.save(tmp_path / "x.npy", np.arange(4, dtype=np.float32))
    fields = {"state": 1, "priority": 2}
    tasks = [
        slot(**fields, task_id=1, op_handle=SCALE, input_handle=0, output_handle=1, param=0x40000000),
        slot(**fields, task_id=2, op_handle=FAULT, output_handle=9, param=77),
        slot(**fields, task_id=3, op_handle=1, input_handle=5, output_handle=180),
    ]
    return write_ring(tmp_path / "work.bin", *tasks)


LAUNCH = (
    *("launch", "work.bin", "--device", "reference", "--output", "after.bin"),
    *("--buffer", "0=x.npy", "--buffer", "1=zeros:float32:4:out.npy"),
)


@pytest.mark.parametrize(
    ("record", "log"), [("publications:p.vrrl", "p.vrrl"), ("publications", "work.bin.vrrl")]
)
def test_a_launch_records_publications(cli: Cli, work: Path, record: str, log: str) -> None:
    assert cli(*LAUNCH, "--record", record).code == 0
    listed = cli("replay", log, "--json").json()
    assert (listed["kind"], listed["total"]) == ("publications", 3)
    done, faulted, stored = listed["records"]
    output = blake3(np.load(work.parent / "out.npy").tobytes()).digest()
    assert done["output_digest"] == int.from_bytes(output[:8], "little")
    assert (done["slot_status"], done["failure_class"], done["arguments"]) == (
        1,
        "none",
        [0, 1, 0x40000000, 0],
    )
    assert (faulted["slot_status"], faulted["failure_class"], faulted["backend_code"]) == (
        1,
        "program_bug",
        77,
    )
    assert faulted["output_digest"] == 0
    assert (stored["slot_status"], stored["output_digest"]) == (None, None)


def test_publications_run_again_and_claim_no_endings(cli: Cli, work: Path) -> None:
    assert cli(*LAUNCH, "--record", "publications:p.vrrl").code == 0
    buffers = LAUNCH[6:]
    found = cli(
        "replay",
        "p.vrrl",
        "--diff",
        "--ring",
        "work.bin",
        *buffers[:2],
        "--buffer",
        "1=zeros:float32:4",
        "--json",
    )
    record = found.json()
    assert (found.code, record["kind"], record["compared"], record["without_evidence"]) == (
        0,
        "publications",
        0,
        3,
    )


def test_a_log_keeps_to_one_kind(cli: Cli, work: Path) -> None:
    assert cli(*LAUNCH, "--record", "run.vrrl").code == 0
    log = (work.parent / "run.vrrl").read_bytes()
    refused = cli(*LAUNCH, "--record", "publications:run.vrrl")
    assert (refused.code, (work.parent / "run.vrrl").read_bytes()) == (3, log)
    assert "--record endings:run.vrrl" in refused.err
    assert cli(*LAUNCH, "--record", "endings:run.vrrl").code == 0
    assert cli("replay", "run.vrrl", "--json").json()["total"] == 3


def test_publications_need_blake3(cli: Cli, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blake3", None)
    refused = cli(*LAUNCH, "--record", "publications:p.vrrl")
    assert refused.code == 1
    assert "recording publications needs blake3" in refused.err
    assert not (work.parent / "p.vrrl").exists()
    assert not (work.parent / "after.bin").exists()


@pytest.mark.parametrize("record", ["publications:", "endings:", ""])
def test_a_record_without_a_file_is_refused(cli: Cli, work: Path, record: str) -> None:
    assert cli(*LAUNCH, "--record", record).code == 2

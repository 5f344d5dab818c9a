"""`launch` as a command, in a process of its own: exit codes, the record, what is written and what stays."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, spawn, words_at
from tests.support.ops import FAULT, REQUEUE_N, SCALE, SUM
from tests.support.rings import slot, write_ring

NOWHERE = {"OCL_ICD_VENDORS": "/nonexistent", "OCL_ICD_FILENAMES": ""}
READY = [slot(state=1, priority=2, task_id=i) for i in range(5)]
KEYS = {
    "schema",
    "ring",
    "device",
    "ended",
    "slots",
    "rounds",
    "indexed",
    "resumed",
    "claims",
    "done",
    "yielded",
    "paused",
    "requeued",
    "faulted",
    "remaining",
    "epoch",
    "left_alone",
    "by_priority",
    "by_op",
    "device_seconds",
    "wall_seconds",
    "build_seconds",
    "tasks_per_second",
    "geometry",
    "outputs",
    "verified",
}
"""What the record has at least."""


@pytest.fixture
def five(tmp_path: Path) -> Path:
    """Five tasks that do nothing."""
    return write_ring(tmp_path / "five.bin", *READY)


@pytest.mark.parametrize("asked", [(), ("--verify",)], ids=["not asked", "asked"])
def test_a_launch_that_was_verified_says_so(five: Path, asked: tuple[str, ...]) -> None:
    told = record(on_reference(str(five), "--output", f"{five}.json.bin", *asked, "--json"))
    assert told["verified"] is bool(asked)
    shown = on_reference(str(five), *asked).stdout.decode()
    assert ("verified   each task was claimed once at a time" in shown) is bool(asked)


def on_reference(*args: str) -> subprocess.CompletedProcess[bytes]:
    return spawn("launch", *args, "--device", "reference")


def record(run: subprocess.CompletedProcess[bytes], code: int = 0) -> dict[str, Any]:
    """The JSON record of a run that ended with this exit code."""
    assert run.returncode == code, run.stderr.decode()
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def refusal(run: subprocess.CompletedProcess[bytes], code: int) -> str:
    """The message of a run that ended with this exit code and without a traceback."""
    assert run.returncode == code, run.stderr.decode()
    assert b"Traceback" not in run.stderr
    assert run.stdout == b""
    return run.stderr.decode()


# --- what it answers ----------------------------------------------------------------------------------------


def test_the_record(five: Path) -> None:
    report = record(on_reference("five.bin", "--json"))
    assert set(report) >= KEYS
    assert (report["schema"], report["ring"], report["device"]) == (
        "vyrectl.launch/1",
        "five.bin",
        "reference",
    )
    assert (report["ended"], report["claims"], report["done"], report["remaining"]) == ("drained", 5, 5, 0)
    assert all(words_at(five, n)["state"] == 3 for n in range(5))


def test_the_table(five: Path) -> None:
    Path(f"{five}.lock").unlink()  # somebody else's, so the launch keeps it
    run = on_reference("five.bin")
    text = run.stdout.decode()
    assert run.returncode == 0
    assert "drained: nothing claimable is left" in text
    assert "nop" in text
    kept, *progress = run.stderr.splitlines()
    assert kept == b"the old ring is five.bin.bak"
    assert all(line.startswith(b"launch: ") for line in progress)


def test_every_kind_of_slot(tmp_path: Path) -> None:
    path = write_ring(tmp_path / "mixed.bin", *MIXED)
    report = record(on_reference("mixed.bin", "--epoch", "9", "--fault-unknown", "--json"))
    assert report["left_alone"] == {
        "running": 1,
        "paused": 1,
        "shut_out": 0,
        "without_mask": 0,
        "not_selected": 0,
        "unknown": 0,
    }
    assert (report["indexed"], report["resumed"], report["paused"], report["epoch"]) == (6, 2, 1, 9)
    assert words_at(path, 3)["state"] == 2


def test_on_the_default_device(five: Path) -> None:
    report = record(spawn("launch", "five.bin", "--json"))
    assert report["claims"] == 5
    assert all(words_at(five, n)["state"] == 3 for n in range(5))


def test_the_environment_names_the_device(five: Path) -> None:
    report = record(spawn("launch", "five.bin", "--json", env={"VYRECTL_DEVICE": "reference"}))
    assert report["device"] == "reference"


def test_dry_run_shows_and_changes_nothing(cli: Cli, ring: Path) -> None:
    before = ring.read_bytes()
    plan = cli("launch", "ring.bin", "--dry-run", "--epoch", "9", "--where", "task_id > 101", "--json").json()
    assert plan["schema"] == "vyrectl.launch-plan/1"
    assert (plan["claimable"], plan["by_class"], plan["resumed"]) == (5, [1, 0, 1, 1, 2], 1)
    assert plan["left_alone"]["not_selected"] == 1
    assert (
        "5 tasks would be claimed"
        in cli("launch", "ring.bin", "--dry-run", "--epoch", "9", "--where", "slot>1").out
    )
    assert ring.read_bytes() == before


# --- exit codes ---------------------------------------------------------------------------------------------


def test_124_when_a_budget_is_met_with_work_left(five: Path) -> None:
    report = record(on_reference("five.bin", "--max-steps", "3", "--json"), 124)
    assert (report["ended"], report["claims"], report["remaining"]) == ("max_steps", 3, 2)
    assert [words_at(five, n)["state"] for n in range(5)] == [3, 3, 3, 1, 1]


def test_0_when_the_budget_was_enough(five: Path) -> None:
    assert record(on_reference("five.bin", "--max-steps", "5", "--json"))["ended"] == "drained"


def test_124_after_a_timeout(tmp_path: Path) -> None:
    path = write_ring(tmp_path / "endless.bin", slot(state=1, op_handle=REQUEUE_N, param=2**32 - 1))
    report = record(on_reference("endless.bin", "--timeout", "0.2", "--json"), 124)
    assert (report["ended"], report["remaining"]) == ("timeout", 1)
    assert words_at(path, 0)["state"] in (1, 6)


def test_6_on_a_fault_only_when_asked(tmp_path: Path) -> None:
    for options, code in (((), 0), (("--fail-on-fault",), 6)):
        write_ring(tmp_path / "faulty.bin", slot(state=1, op_handle=FAULT, param=7), slot(state=1))
        report = record(on_reference("faulty.bin", "--json", *options), code)
        assert (report["faulted"], report["done"]) == (1, 1)
        assert words_at(tmp_path / "faulty.bin", 0)["continuation_data"] == 7


def test_0_without_new_faults(ring: Path) -> None:
    write_ring(ring, slot(state=7, continuation_data=9), slot(state=1))
    assert record(on_reference("ring.bin", "--fail-on-fault", "--json"))["faulted"] == 0


@pytest.mark.parametrize("content", [b"", b"x" * 63, b"x" * 65])
def test_3_on_what_is_no_ring_or_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.bin").write_bytes(content)
    refusal(on_reference("bad.bin"), 3)
    assert (tmp_path / "bad.bin").read_bytes() == content


@pytest.mark.parametrize("name", ["missing.bin", "."])
def test_1_on_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    refusal(on_reference(name), 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--buffer", "x=1"), "is no buffer handle"),
        (("--buffer", "0=zeros:float32"), "is no buffer of zeros: it has no shape"),
        (("--buffer", "0=zeros:u4:1", "--buffer", "0=zeros:u4:2"), "buffer 0 is given twice"),
        (("--where", "state =="), "--where"),
        (("--where", "op == no_such"), "no_such"),
        (("--epoch", "4294967296"), "--epoch"),
        (("--workers", "0"), "--workers"),
        (("--ticket", "many"), "--ticket"),
        (("--max-steps", "-1"), "--max-steps"),
        (("--timeout", "-1"), "--timeout"),
        (("--no-such-option",), "--no-such-option"),
        (("--format", "yaml"), "yaml"),
    ],
)
def test_2_on_bad_options(five: Path, arguments: tuple[str, ...], says: str) -> None:
    before = five.read_bytes()
    assert says in refusal(on_reference("five.bin", *arguments), 2)
    assert five.read_bytes() == before


def test_2_on_an_unknown_device(five: Path) -> None:
    message = refusal(spawn("launch", "five.bin", "--device", "no-such-device"), 2)
    assert "unknown device 'no-such-device'" in message
    assert "reference" in message


def test_1_on_a_buffer_that_is_missing(five: Path) -> None:
    assert "cannot read the buffer" in refusal(on_reference("five.bin", "--buffer", "0=missing.npy"), 1)


def test_3_on_a_buffer_that_is_no_array(five: Path, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(b"\x80\x04]\x94.")
    assert "no .npy array" in refusal(on_reference("five.bin", "--buffer", "0=x.npy"), 3)


def test_5_without_any_device(five: Path) -> None:
    before = five.read_bytes()
    run = spawn("launch", "five.bin", env=NOWHERE)
    message = refusal(run, 5)
    assert "no OpenCL device was found" in message
    assert "--device reference" in message
    assert five.read_bytes() == before


def test_errors_are_json_when_json_was_asked_for(five: Path) -> None:
    run = spawn("launch", "five.bin", "--json", env=NOWHERE)
    error = json.loads(run.stderr.splitlines()[-1])
    assert (error["schema"], error["error"], error["exit_code"]) == ("vyrectl.error/1", "no_device", 5)


def test_3_on_operations_that_do_not_compile(five: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text('\n\nVYRE_OP(0x20000, mine, "x") { return nonsense; }\n')
    before = five.read_bytes()
    message = refusal(spawn("launch", "five.bin", "--ops", "mine.cl"), 3)
    assert "mine.cl:3" in message
    assert five.read_bytes() == before


# --- what it writes -----------------------------------------------------------------------------------------


def test_output_keeps_the_ring(five: Path, tmp_path: Path) -> None:
    before = five.read_bytes()
    report = record(on_reference("five.bin", "--output", "after.bin", "--json"))
    assert report["ring"] == "after.bin"
    assert five.read_bytes() == before
    assert all(words_at(tmp_path / "after.bin", n)["state"] == 3 for n in range(5))


def test_backup_keeps_the_old_bytes(five: Path, tmp_path: Path) -> None:
    before = five.read_bytes()
    record(on_reference("five.bin", "--backup", "--json"))
    assert (tmp_path / "five.bin.bak").read_bytes() == before


def test_buffers_and_outputs(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(10, dtype=np.float32))
    np.save(tmp_path / "n.npy", np.arange(6, dtype=np.int32).reshape(2, 3, order="F"))
    write_ring(
        tmp_path / "work.bin",
        slot(state=1, op_handle=SCALE, input_handle=0, output_handle=1, param=0x4000_0000),
        slot(state=1, op_handle=SUM, input_handle=2, output_handle=3),
        slot(state=1, op_handle=SCALE, input_handle=4, output_handle=4, param=3),
    )
    run = on_reference(
        "work.bin",
        *("--buffer", "0=x.npy", "--buffer", "1=zeros:float32:10:y.npy"),
        *("--buffer", "2=n.npy", "--buffer", "3=zeros:uint32:1:sum.npy"),
        *("--buffer", "4=n.npy:scaled.npy", "--json"),
    )
    report = record(run)
    assert (report["done"], report["outputs"]) == (3, ["y.npy", "sum.npy", "scaled.npy"])
    assert np.load(tmp_path / "y.npy").tolist() == [2.0 * i for i in range(10)]
    assert np.load(tmp_path / "sum.npy").tolist() == [15]
    assert (np.load(tmp_path / "scaled.npy") == np.load(tmp_path / "n.npy") * 3).all()
    assert np.load(tmp_path / "x.npy").tolist() == list(range(10))


def test_an_argument_table(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(6, np.float32))
    np.save(tmp_path / "args.npy", np.array([[1, 2, 3, 0x3FC0_0000]], np.uint32))
    write_ring(tmp_path / "work.bin", slot(state=1, op_handle=0x1003, input_handle=0, output_handle=1))
    buffers = ("--buffer", "0=x.npy", "--buffer", "1=zeros:float32:6:y.npy", "--buffer", "args=args.npy")
    assert record(on_reference("work.bin", *buffers, "--json"))["done"] == 1
    assert np.load(tmp_path / "y.npy").tolist() == [0, 1.5, 0, 0, 1.5, 0]


def test_a_control_buffer_in_and_out(tmp_path: Path) -> None:
    control = np.zeros(200, "<u4")
    control[3 + 1] = 1
    control[128] = 4
    control.tofile(tmp_path / "before.bin")
    write_ring(
        tmp_path / "work.bin",
        slot(state=1, tenant_id=1, op_handle=7, output_handle=9),
        slot(state=1, tenant_id=0),
        slot(state=4, tenant_id=1, resume_epoch=5),
    )
    report = record(
        on_reference("work.bin", "--control", "before.bin", "--save-control", "after.bin", "--json")
    )
    assert (report["done"], report["epoch"], report["left_alone"]["shut_out"]) == (2, 5, 1)
    after = np.fromfile(tmp_path / "after.bin", "<u4")
    assert (len(after), after[1], after[128], after[160]) == (200, 2, 5, 9)
    assert (np.fromfile(tmp_path / "before.bin", "<u4") == control).all()


def test_3_on_a_control_buffer_that_is_too_short(five: Path, tmp_path: Path) -> None:
    (tmp_path / "short.bin").write_bytes(bytes(636))
    assert "159 words are too few" in refusal(on_reference("five.bin", "--control", "short.bin"), 3)


def test_operations_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "halve.cl").write_text(
        '#include "vyre_op.h"\n'
        'VYRE_OP(0x20000, halve, "output[i] = input[i] / 2") {\n'
        "    const ulong n = vyre_length(task, task->input_handle);\n"
        "    __global const uint *in = vyre_read_u32(task, task->input_handle, 0, n);\n"
        "    __global uint *out = vyre_write_u32(task, task->output_handle, 0, n);\n"
        "    VYRE_CHECK(task);\n"
        "    for (ulong i = 0; i < n; ++i) out[i] = in[i] >> 1;\n"
        "    return vyre_done();\n"
        "}\n"
    )
    np.save(tmp_path / "n.npy", np.arange(9, dtype=np.uint32))
    write_ring(tmp_path / "work.bin", slot(state=1, op_handle=0x2_0000, output_handle=1), slot(state=1))
    run = spawn(
        *("launch", "work.bin", "--ops", "halve.cl", "--where", "op == halve"),
        *("--buffer", "0=n.npy", "--buffer", "1=zeros:uint32:9:half.npy", "--json"),
    )
    report = record(run)
    assert (report["done"], report["left_alone"]["not_selected"]) == (1, 1)
    assert np.load(tmp_path / "half.npy").tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]


def test_names_with_markup_and_escapes_are_shown_as_they_are(tmp_path: Path) -> None:
    name = "[red]x\x1b[31m.bin"
    write_ring(tmp_path / name, *READY)
    text = on_reference(name).stdout
    assert b"[red]x" in text
    assert b"\x1b[31m" not in text


@pytest.mark.timeout(120)
def test_a_million_tasks_are_all_accounted_for(tmp_path: Path) -> None:
    """Build, snapshot, launch, snapshot: what was schedulable before is done, paused or faulted after."""

    def snapshot() -> dict[str, int]:
        return record(spawn("snapshot", "r.bin", "--json"))

    record(spawn("build", "r.bin", "--synthetic", "1000000", "--seed", "7", "--json"))
    before = snapshot()
    report = record(spawn("launch", "r.bin", "--json"))
    after = snapshot()
    resumed_first = report["indexed"] - before["schedulable_count"]
    assert (report["slots"], report["ended"]) == (1_000_000, "drained")
    assert 0 < resumed_first <= min(report["resumed"], before["paused_count"])
    turns = sum(report[name] for name in ("done", "yielded", "paused", "requeued", "faulted"))
    assert report["claims"] == turns == sum(report["by_priority"].values())
    assert after["schedulable_count"] == report["remaining"] == 0
    assert after["running_count"] == before["running_count"] == report["left_alone"]["running"]
    assert after["faulted_count"] - before["faulted_count"] == report["faulted"]
    assert after["paused_count"] == before["paused_count"] - report["resumed"] + report["paused"]
    assert after["total_requeues"] - before["total_requeues"] == report["requeued"]
    paused_anew = after["paused_count"] - (before["paused_count"] - resumed_first)
    assert report["done"] == report["indexed"] - report["faulted"] - paused_anew

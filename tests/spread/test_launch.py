"""The real command on several devices: reports, signals, limits, deaths, and the file that is replaced once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from tests.hosting.test_supervised import SOURCE, WILD
from tests.spread.commands import children_of, end_of, lives, read, run, start, wait_for, write
from tests.support.ops import FILL, REQUEUE_N, SCALE, SPIN
from tests.support.rings import ready_tasks
from vyrectl.abi.opcodes import ATOMIC_ADD, STORE_U32
from vyrectl.cli.commands.launch.watched import _loss
from vyrectl.errors import DeviceError, SidecarError
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.options import LaunchOptions
from vyrectl.sidecar.launched import workers_of
from vyrectl.sidecar.workers import Worker
from vyrectl.spread.finished import Finished
from vyrectl.spread.launch import spread_file
from vyrectl.spread.work import ShardRunner, Site, Visit

pytestmark = pytest.mark.timeout(120)

THREE = ("--device", "reference,reference,reference")
SLOW_TASKS, SLOW_EACH = 1024, 128
ONE_TURN = (1 << 20) + 1
"""Steps of a spin that yields once, a tenth of a second after its start in Python."""


def slow_ring(folder: Path, tasks: int = SLOW_TASKS) -> Path:
    """Some seconds for one Python process."""
    slots = ready_tasks(tasks)
    slots["op_handle"][::SLOW_EACH], slots["param"][::SLOW_EACH] = SPIN, ONE_TURN
    return write(folder / "ring.bin", slots)


def lone(ring: Path) -> list[str]:
    """What lies beside a ring that was not a launch's own business."""
    return sorted(
        one.name for one in ring.parent.iterdir() if one.name not in (ring.name, f"{ring.name}.lock")
    )


def test_report_outputs_control_trace_and_log(tmp_path: Path) -> None:
    slots = ready_tasks(300, op_handle=SCALE, param=3)
    slots["output_handle"] = 1
    slots["op_handle"][100:200], slots["output_handle"][100:200] = ATOMIC_ADD, 170
    slots["input_handle"][100:200] = 2
    np.save(tmp_path / "x.npy", np.arange(64, dtype=np.float32))
    ring = write(tmp_path / "ring.bin", slots)
    code, report, said = run(
        *(ring, *THREE, "--shard-slots", "64", "--verify"),
        *("--buffer", f"0={tmp_path}/x.npy", "--buffer", f"1=zeros:float32:64:{tmp_path}/out.npy"),
        *("--save-control", tmp_path / "control.bin", "--trace", tmp_path / "trace.json"),
    )
    assert code == 0, said
    assert (report["ended"], report["done"], report["verified"]) == ("drained", 300, True)
    assert (read(ring)["state"] == 3).all()
    shares = report["devices"]
    assert [one["device"] for one in shares] == ["reference", "reference#2", "reference#3"]
    assert sum(one["shards"] for one in shares) == 5
    assert sum(one["slots"] for one in shares) == 300
    assert sum(one["claims"] for one in shares) == report["claims"]
    control = np.fromfile(tmp_path / "control.bin", "<u4")
    assert control[1] == 300  # DONE_COUNT
    assert control[170] == 200
    trace = json.loads((tmp_path / "trace.json").read_text())
    names = {one["args"]["name"] for one in trace["traceEvents"] if one["name"] == "process_name"}
    assert names == {f"{one['device']} reference" for one in shares if one["shards"]}
    slots_of_turns = sorted(
        one["args"]["slot"] for one in trace["traceEvents"] if one["ph"] == "X" and one["name"] != "claim"
    )
    assert slots_of_turns == list(range(300))
    ends: dict[tuple[int, int], float] = {}
    for one in (one for one in trace["traceEvents"] if one["ph"] == "X"):
        track = one["pid"], one["tid"]
        assert one["ts"] >= ends.get(track, 0.0)
        ends[track] = one["ts"] + one["dur"]


@needs_cpu()
def test_two_devices_of_one_driver_and_the_reference(tmp_path: Path) -> None:
    slots = ready_tasks(512, op_handle=SPIN, param=9)
    ring = write(tmp_path / "ring.bin", slots)
    code, report, said = run(ring, "--device", "cpu:*,reference", "--output", tmp_path / "new.bin")
    assert code == 0, said
    assert len(report["devices"]) >= 2
    assert report["done"] == 512
    assert ring.read_bytes() == slots.tobytes()
    assert (read(tmp_path / "new.bin")["state"] == 3).all()
    assert lone(ring) == ["new.bin", "new.bin.lock"]


def test_writes_that_differ_leave_everything_as_it_was(tmp_path: Path) -> None:
    slots = ready_tasks(128, op_handle=FILL)
    slots["output_handle"] = 1
    slots["param"] = np.arange(128)
    ring = write(tmp_path / "ring.bin", slots)
    code, error, _ = run(ring, *THREE, "--buffer", f"1=zeros:uint32:4:{tmp_path}/out.npy")
    assert (code, error["error"], error["buffer"]) == (3, "output_conflict", 1)
    assert ring.read_bytes() == slots.tobytes()
    assert lone(ring) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_done(tmp_path: Path, number: int) -> None:
    ring = slow_ring(tmp_path, 8192)
    process = start(ring, *THREE, "--verify", "--shard-slots", "64", "--grace", "60")
    wait_for(lambda: len(children_of(process.pid)) == 3, process)
    wait_for(lambda: all(_has_worked(pid) for pid in children_of(process.pid)), process)
    process.send_signal(number)
    code, report, said = end_of(process)
    assert code == 128 + number, said
    assert report["ended"] == "interrupted"
    states = read(ring)["state"].tolist()
    assert set(states) <= {1, 3, 5}
    assert (report["done"], report["remaining"]) == (states.count(3), len(states) - states.count(3))


def _has_worked(pid: int) -> bool:
    """A child that has used a second of its processor is past its imports."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) > os.sysconf("SC_CLK_TCK")


def test_the_time_is_for_the_whole(tmp_path: Path) -> None:
    ring = slow_ring(tmp_path, 8192)
    code, report, said = run(ring, *THREE, "--timeout", "2.5", "--shard-slots", "64", "--grace", "60")
    assert (code, report["ended"], report["indexed"]) == (124, "timeout", 8192), said
    assert report["done"] == int((read(ring)["state"] == 3).sum())


@pytest.mark.parametrize("steps", [0, 1, 100, 299])
def test_a_budget_is_for_the_whole(tmp_path: Path, steps: int) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(300))
    request = FileLaunch(ring=ring, options=LaunchOptions(device="reference,reference", max_steps=steps))
    report, _ = spread_file(request, lambda message: None)
    assert (report["ended"], report["claims"], report["indexed"]) == ("max_steps", steps, 300)
    assert int((read(ring)["state"] == 3).sum()) == steps


def killed(
    ring: Path, random: Random, kills: int, shard_slots: int = 64, *options: str
) -> subprocess.Popen[bytes]:
    """A launch some of whose children were killed at random moments, of which none is left behind."""
    process = start(ring, *THREE, "--shard-slots", str(shard_slots), *options)
    wait_for(lambda: len(children_of(process.pid)) >= 3, process)
    for pid in random.sample(children_of(process.pid), kills):
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.random())
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return process


@pytest.mark.parametrize("seed", [1, 2])
def test_a_child_that_is_killed_gives_its_shard_back(tmp_path: Path, seed: int) -> None:
    ring = slow_ring(tmp_path)
    code, report, said = end_of(killed(ring, Random(seed), 2))
    assert code == 0, said
    assert (report["ended"], report["done"], report["yielded"]) == (
        "drained",
        SLOW_TASKS,
        SLOW_TASKS // SLOW_EACH,
    )
    assert (read(ring)["state"] == 3).all()
    lost = [one["lost"] for one in report["devices"] if one["lost"]]
    assert len(lost) == 2
    assert all("SIGKILL" in one for one in lost)
    assert said.count("the launch goes on without it") == 2


def test_a_driver_that_is_lost_gives_its_shard_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost(ShardRunner):
        def run(self, task: Visit, site: Site) -> Finished:
            try:
                (tmp_path / "lost").touch(exist_ok=False)
            except FileExistsError:
                return super().run(task, site)
            raise DeviceError("the driver is gone")

    monkeypatch.setattr("vyrectl.spread.run.ShardRunner", Lost)
    monkeypatch.setattr("vyrectl.spread.launch.may_fork", lambda: True)  # the children use no OpenCL
    ring, told = write(tmp_path / "ring.bin", ready_tasks(300)), list[dict[str, Any]]()
    options = LaunchOptions(device="reference,reference", shard_slots=64)
    report, _ = spread_file(FileLaunch(ring=ring, options=options), told.append)
    assert (report["ended"], report["done"]) == ("drained", 300)
    assert [one["lost"] for one in report["devices"]].count("the driver is gone") == 1
    died = next(one["device_died"] for one in told if "device_died" in one)
    assert (died["how"], died["again"], died["set_aside"]) == ("the driver is gone", False, False)
    assert (read(ring)["state"] == 3).all()


def test_a_device_without_work_that_leaves_at_the_end_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is still at its shard when it goes, so that it is heard."""

    class Slow(ShardRunner):
        def run(self, task: Visit, site: Site) -> Finished:
            try:
                return super().run(task, site)
            finally:
                time.sleep(1)

    monkeypatch.setattr("vyrectl.spread.run.ShardRunner", Slow)
    monkeypatch.setattr("vyrectl.spread.launch.may_fork", lambda: True)  # the children use no OpenCL
    slots = ready_tasks(64)
    slots["op_handle"][0], slots["param"][0] = REQUEUE_N, 2**32 - 1
    ring, told = write(tmp_path / "ring.bin", slots), list[dict[str, Any]]()
    options = LaunchOptions(device="reference,reference", shard_slots=64, timeout=1.0)
    report, _ = spread_file(FileLaunch(ring=ring, options=options, grace_s=30), told.append)
    assert report["ended"] == "timeout"
    assert [one["lost"] for one in report["devices"]] == [None, None]
    assert not [one for one in told if "device_died" in one]


def test_what_is_said_of_a_device_that_died() -> None:
    died = {"device": "0:1", "how": "died of SIGSEGV", "shard": None, "set_aside": False}
    assert _loss({**died, "again": False, "ending": True}) == "0:1 died of SIGSEGV"
    assert _loss({**died, "again": False, "ending": False}).endswith("; the launch goes on without it")
    assert _loss({**died, "again": True, "ending": False}).endswith("; it is started again")


def test_no_device_left(tmp_path: Path) -> None:
    ring = slow_ring(tmp_path)
    before = ring.read_bytes()
    process = start(ring, "--device", "reference,reference")
    wait_for(lambda: len(children_of(process.pid)) == 2, process)
    children = children_of(process.pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    code, error, _ = end_of(process)
    assert (code, error["error"]) == (5, "no_device_left")
    assert error["message"].count("SIGKILL") == 2
    assert ring.read_bytes() == before
    assert not any(lives(pid) for pid in children)


def test_children_do_not_outlive_the_launch(tmp_path: Path) -> None:
    ring = slow_ring(tmp_path)
    before = ring.read_bytes()
    process = start(ring, *THREE)
    wait_for(lambda: len(children_of(process.pid)) == 3, process)
    children = children_of(process.pid)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 60
    while any(lives(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert ring.read_bytes() == before


@needs_cpu()
def test_a_shard_that_crashes_three_processes_is_named(tmp_path: Path) -> None:
    slots = ready_tasks(256)
    slots["op_handle"][70] = WILD
    ring = write(tmp_path / "ring.bin", slots)
    (tmp_path / "ops.cl").write_text(SOURCE)
    code, _, said = run(ring, "--device", "cpu,reference,cpu", "--ops", tmp_path / "ops.cl")
    assert code == 5, said
    error = json.loads(said.splitlines()[-1])
    assert error["error"] == "shards_lost"
    assert error["shards"] == [{"shard": 1, "first_slot": 64, "last_slot": 127}]
    after = read(ring)
    assert (after["state"][:64] == 3).all()
    assert (after["state"][128:] == 3).all()
    assert after[64:128].tobytes() == slots[64:128].tobytes()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--tenant-quota", "1=5"), "--tenant-quota"),
        (("--follow",), "--follow"),
        (("--control", "control.bin"), "quota of 5 claims"),
        ((), "store_u32"),
    ],
)
def test_refused_before_anything_runs(tmp_path: Path, options: tuple[str, ...], what: str) -> None:
    slots = ready_tasks(200)
    if not options:
        slots["op_handle"][150] = STORE_U32
    control = np.zeros(192, np.uint32)
    control[3:32], control[33] = 0xFFFFFFFF, 5
    (tmp_path / "control.bin").write_bytes(control.tobytes())
    ring = write(tmp_path / "ring.bin", slots)
    given = [str(tmp_path / one) if one.endswith(".bin") else one for one in options]
    code, error, _ = run(ring, *THREE, *given)
    assert (code, error["error"]) == (2, "usage")
    assert what in error["message"]
    assert "--device" in error["fix"]
    assert ring.read_bytes() == slots.tobytes()


def test_operations_that_no_device_knows(tmp_path: Path) -> None:
    """The devices' own word, not that none is left."""
    (tmp_path / "ops.cl").write_text('VYRE_OP(0x20000, mine, "is done") { return vyre_done(); }\n')
    ring = write(tmp_path / "ring.bin", ready_tasks(200, op_handle=0x20000))
    code, error, _ = run(ring, *THREE, "--ops", tmp_path / "ops.cl")
    assert (code, error["error"]) == (5, "device"), error
    assert "cannot run 'mine'" in error["message"]


ENDLESS = """VYRE_OP(0x20000, endless, "never ends") {
    for (volatile uint i = 0; i < 2u; i = i ? 1u : 0u) {}
    return vyre_done();
}
"""


@needs_cpu()
def test_a_hang_is_named_with_slot_operation_and_device(tmp_path: Path) -> None:
    """In the notice, and to whoever asks meanwhile; the ring stays as it was."""
    slots = ready_tasks(512)
    slots["op_handle"][300] = 0x20000
    ring = write(tmp_path / "ring.bin", slots)
    (tmp_path / "ops.cl").write_text(ENDLESS)
    options = ("--ops", tmp_path / "ops.cl", "--grace", "0.5", "--shard-slots", "256")
    on_stall = f"echo $STALL_JSON > {tmp_path}/stall.json"
    process = start(
        *(ring, "--device", "cpu:*", *options, "--stall-after", "3", "--stall-ends", "--on-stall", on_stall)
    )

    def seen() -> list[Worker]:
        with suppress(SidecarError):
            return [one for one in workers_of(ring).busy if one.op_handle == 0x20000]
        return []

    wait_for(lambda: bool(seen()), process)
    (one,) = seen()
    code, error, said = end_of(process)
    assert (code, error["error"]) == (7, "stalled"), said
    kept, again = error["fix"].split("; ")
    assert kept == f"{ring} is as it was before the launch"
    assert again.startswith(f"launch without what hung: vyrectl launch {ring} ")
    assert "--where 'slot != 300'" in again
    assert (one.slot, one.device in ("0:0", "0:1")) == (300, True)
    stall = json.loads((tmp_path / "stall.json").read_text())
    held = [(row["device"], row["slot"], row["op_handle"]) for row in stall["workers"]]
    assert held == [(one.device, 300, 0x20000)]
    assert f"of {one.device} has slot 300" in said
    assert ring.read_bytes() == slots.tobytes()

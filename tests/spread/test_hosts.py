"""Shards on the workers of a Dask cluster: two local ones, for the whole module."""

from __future__ import annotations

import errno
import os
import pickle
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.spread.commands import command, end_of, read, run, start, wait_for, write
from tests.spread.test_families import WORDS, mixed
from tests.spread.test_launch import ONE_TURN
from tests.support.ops import FILL, SPIN
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.errors import (
    ClusterLostError,
    DeviceError,
    FileError,
    OtherWorkerError,
    OutputConflictError,
    UsageError,
    VyrectlError,
)
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.ring.synthetic import synthesize
from vyrectl.spread import cluster as cluster_module
from vyrectl.spread import hosts as hosts_module
from vyrectl.spread import sent as sent_module
from vyrectl.spread.cluster import Presence, take_stock
from vyrectl.spread.hosts import dask_file
from vyrectl.spread.journal import LINES, SUFFIX, Journal
from vyrectl.spread.options import Hosts
from vyrectl.spread.sent import Facts, Sent, facts, run_shard
from vyrectl.spread.worker import RESOURCE, TLS_FLAGS, worker_line

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""Dask leaves sockets to the collector."""

TLS = Path(__file__).parent / "tls"
KEYS = (TLS / "cert.pem", TLS / "cert.pem", TLS / "key.pem")
"""For tests alone: a certificate of localhost that vouches for itself, and its key."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dask
        import distributed

        local: Any = distributed.LocalCluster
        with (
            dask.config.set({"distributed.scheduler.allowed-failures": 2}),
            local(
                n_workers=2,
                threads_per_worker=1,
                resources={RESOURCE: 1},
                dashboard_address=None,
                local_directory=str(tmp_path_factory.mktemp("dask")),
                silence_logs=50,
            ) as made,
        ):
            yield made


def go(cluster: Any, ring: Path, **given: Any) -> tuple[LaunchRecord, list[dict[str, Any]]]:
    """The report, and what was told."""
    told: list[dict[str, Any]] = []
    buffers, output = given.pop("buffers", ()), given.pop("output", None)
    options = LaunchOptions(device="reference", shard_slots=given.pop("shard_slots", 64), **given)
    request = FileLaunch(ring=ring, options=options, buffers=buffers, output=output)
    report, _ = dask_file(request, Hosts(dask=cluster.scheduler_address, resume=True), told.append)
    return report, told


def test_the_same_words_as_on_one_device(cluster: Any, tmp_path: Path) -> None:
    slots = synthesize(700, 3)
    ring, whole = write(tmp_path / "ring.bin", slots), slots.copy()
    alone = launch(Ring.from_slots(whole), device="reference")
    report, told = go(cluster, ring, verify=True)
    assert read(ring).tobytes() == whole.tobytes()
    assert (report["ended"], report["claims"], report["verified"]) == ("drained", alone.claims, True)
    assert sum(one["shards"] for one in report["devices"]) == 11
    assert {"resumed": [0, 11]} in told
    assert not Path(f"{ring}{SUFFIX}").exists()


def test_families_end_as_on_one_device(cluster: Any, tmp_path: Path) -> None:
    """Gathered slots go out and come back to where they belong."""
    slots = mixed(4)
    np.save(tmp_path / "words.npy", np.arange(WORDS, dtype=np.uint32))
    ring, alone = write(tmp_path / "ring.bin", slots), slots.copy()
    table: dict[int | str, Any] = {0: np.arange(WORDS, dtype=np.uint32), 1: np.zeros(7, np.uint32)}
    whole = launch(Ring.from_slots(alone), device="reference", buffers=table)
    buffers = (f"0={tmp_path}/words.npy", "1=zeros:uint32:7")
    report, _ = go(cluster, ring, verify=True, shard_slots=None, buffers=buffers)
    after, there = read(ring), slots["state"] != 0
    assert (after[there] == alone[there]).all()
    assert (report["claims"], report["spawned"]) == (whole.tally.claims, whole.tally.spawned)
    assert np.isin(after["parent_task_id"][~there], [0, *after["task_id"]]).all()


def test_bytes_where_no_file_is_shared(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "sees", _nothing)
    ring = write(tmp_path / "ring.bin", ready_tasks(200))
    report, _ = go(cluster, ring, output=tmp_path / "new.bin")
    assert report["done"] == 200
    assert (read(ring)["state"] == 1).all()
    assert (read(tmp_path / "new.bin")["state"] == 3).all()
    monkeypatch.setattr(hosts_module, "MOST_SENT_BYTES", 1000)
    with pytest.raises(UsageError, match="at most 1000 are sent"):
        go(cluster, ring)


def test_a_journal_without_room_ends_nothing(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def keep(journal: Journal, number: int, into: str, data: bytes) -> None:
        tried.append(number)
        raise FileError("cannot write the file: no space left on device", where="j", errno=errno.ENOSPC)

    monkeypatch.setattr(Journal, "keep", keep)
    ring = write(tmp_path / "ring.bin", ready_tasks(200))
    report, told = go(cluster, ring)
    assert (report["done"], len(tried)) == (200, 1)
    said = [one["said"] for one in told if "said" in one]
    assert len(said) == 1
    assert "finished shards are not kept any more (j: cannot write the file: no space left" in said[0]
    assert (read(ring)["state"] == 3).all()


def _nothing(path: str, token: bytes) -> bool:
    return False


def test_outputs_come_back_and_conflicts_are_named(cluster: Any, tmp_path: Path) -> None:
    slots = ready_tasks(128, op_handle=FILL)
    slots["output_handle"], slots["param"] = 1, 7
    ring = write(tmp_path / "ring.bin", slots)
    go(cluster, ring, buffers=(f"1=zeros:uint32:4:{tmp_path}/out.npy",))
    assert np.load(tmp_path / "out.npy").tolist() == [7] * 4
    slots["param"] = np.arange(128)
    write(ring, slots)
    with pytest.raises(OutputConflictError):
        go(cluster, ring, buffers=(f"1=zeros:uint32:4:{tmp_path}/out.npy",))
    assert read(ring).tobytes() == slots.tobytes()


def slow_ring(folder: Path) -> Path:
    slots = ready_tasks(512)
    slots["op_handle"][::64], slots["param"][::64] = SPIN, 2 * ONE_TURN
    return write(folder / "ring.bin", slots)


def test_what_the_journal_holds_is_not_run_again(cluster: Any, tmp_path: Path) -> None:
    ring = slow_ring(tmp_path)
    before = ring.read_bytes()
    journal = Path(f"{ring}{SUFFIX}") / LINES
    killer = threading.Thread(target=_interrupt_when, args=(journal, 3))
    killer.start()
    with pytest.raises(VyrectlError, match="shards are done and kept") as caught:
        go(cluster, ring)
    killer.join()
    assert caught.value.exit_code == 143
    assert ring.read_bytes() == before
    journal.write_text(journal.read_text() + '{"shard": 7, "in')  # a line that a kill cut off
    report, told = go(cluster, ring, shard_slots=None)  # cut as it was
    known = next(one["resumed"][0] for one in told if "resumed" in one)
    assert known >= 3
    shares = {one["device"]: one["shards"] for one in report["devices"]}
    assert shares.pop("journal") == known
    assert sum(shares.values()) == 8 - known
    assert (read(ring)["state"] == 3).all()
    assert not journal.parent.exists()


def _interrupt_when(journal: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_text().count('"shard"') >= lines:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(0.01)


def test_another_ring_has_no_use_for_it(tmp_path: Path) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(128))
    journal = Journal(ring, 128)
    journal.begin(64)
    journal.keep(1, "aa", b"result")
    again = Journal(ring, 128)
    assert again.shard_slots == 64
    assert again.find(1, "aa") == b"result"
    assert again.find(1, "bb") is None
    assert again.find(0, "aa") is None
    assert Journal(ring, 129).shard_slots is None
    with pytest.raises(FileError, match="another launch keeps its finished shards here") as met:
        again.begin(128)
    assert met.value.where == str(journal.folder)
    assert Journal(ring, 128).find(1, "aa") == b"result"
    journal.close()
    again.begin(128)
    assert again.find(1, "aa") is None
    next(again.folder.glob("*.jsonl")).write_text('{"slots": 128, "shard_slots": 128}\n[]\n{"shard": 1}\n')
    assert Journal(ring, 128).find(1, "aa") is None


def test_a_worker_that_is_killed_loses_no_task(cluster: Any, tmp_path: Path) -> None:
    ring = slow_ring(tmp_path)
    pids = [one.pid for one in cluster.workers.values()]
    journal = Path(f"{ring}{SUFFIX}") / LINES
    killer = threading.Thread(target=_kill_when, args=(journal, pids[0]))
    killer.start()
    report, _ = go(cluster, ring)
    killer.join()
    assert (report["ended"], report["done"]) == ("drained", 512)
    assert (read(ring)["state"] == 3).all()


def test_a_shard_that_ends_its_workers_is_named_and_the_others_are_kept(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal stays where the ring was not replaced: the same command then does what is left."""
    ring, target = write(tmp_path / "ring.bin", ready_tasks(256)), tmp_path / "new.bin"
    with monkeypatch.context() as patched:
        patched.setattr(hosts_module, "run_shard", _dies_of_one)
        report, told = go(cluster, ring, output=target)
    assert report["ended"] == "lost"
    assert report["set_aside"] == [{"shard": 1, "first_slot": 64, "last_slot": 127}]
    assert (read(target)["state"] == [*[3] * 64, *[1] * 64, *[3] * 128]).all()
    name = "shard 1 (slots 64 to 127) ended every worker that ran it; it is set aside, the others go on"
    assert {"said": name} in told
    _, told = go(cluster, ring, output=target)
    assert {"resumed": [3, 4]} in told
    assert (read(target)["state"] == 3).all()
    assert not Path(f"{target}{SUFFIX}").exists()


def _dies_of_one(theirs: tuple[str, ...], packed_task: bytes) -> Sent:
    """Worker's side."""
    if pickle.loads(packed_task).shard.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_shard(theirs, packed_task)


def _kill_when(journal: Path, pid: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (journal.exists() and '"shard"' in journal.read_text()):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


class Scheduler:
    """A client's side of one whose workers come after so many questions."""

    def __init__(self, empty: int, resources: dict[str, float]) -> None:
        self._empty, self._resources = empty, resources
        self.others: dict[str, tuple[str, ...] | Exception] = {}

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        self._empty -= 1
        return {"workers": {} if self._empty >= 0 else {"w": {"resources": self._resources}}}

    def run(self, function: Any, on_error: str) -> dict[str, tuple[str, ...] | Exception]:
        assert on_error == "return"
        return {"w": function(), "gone": OSError("stream is closed"), **self.others}


def test_a_first_worker_is_waited_for() -> None:
    told: list[dict[str, Any]] = []
    assert take_stock(Scheduler(2, {RESOURCE: 2}), told.append, None) == 2
    assert told == [{"said": "no worker is there yet; one is waited for, 15 s at most"}]
    for scheduler, what in (
        (Scheduler(99, {}), "no worker is there"),
        (Scheduler(0, {}), f"none of 1 workers offers {RESOURCE}"),
    ):
        with pytest.raises(DeviceError, match=what):
            take_stock(scheduler, told.append, 0.05)


def test_a_worker_that_ended_meanwhile_is_no_matter() -> None:
    scheduler, told = Scheduler(0, {RESOURCE: 1}), list[dict[str, Any]]()
    assert take_stock(scheduler, told.append, None) == 1
    scheduler.others["w2"] = ImportError("No module named 'vyrectl'")
    with pytest.raises(OtherWorkerError, match="a worker lacks vyrectl") as caught:
        take_stock(scheduler, told.append, None)
    assert caught.value.where == "w2"
    scheduler.others["w2"] = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        take_stock(scheduler, told.append, None)


class Emptied:
    """A client's side of a scheduler that has so many workers at each look, and of a cluster of the launch's own."""

    status = "running"

    def __init__(self, *workers: int) -> None:
        self._workers = list(workers)
        self.cluster = self
        self.scaled: list[int] = []

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        count = self._workers.pop(0)
        return {"workers": {str(number): {"resources": {RESOURCE: 1}} for number in range(count)}}

    def scale(self, workers: int) -> None:
        self.scaled.append(workers)


def test_workers_that_are_all_gone_are_waited_for_and_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "LOOK_SECONDS", 0.0)
    client, told = Emptied(2, 0, 0, 1), list[dict[str, Any]]()
    presence, slots = Presence(client, 9, 2, told.append), []
    for _ in range(4):
        presence.look()
        slots.append(presence.slots)
    assert slots == [2, 2, 2, 1]
    assert client.scaled == [2, 2, 2]
    assert [one["said"] for one in told] == [
        "no worker is there any more; one is waited for, 300 s at most",
        "workers are there again: 1",
    ]
    monkeypatch.setattr(cluster_module, "GONE_SECONDS", 0.0)
    client = Emptied(0)
    with pytest.raises(ClusterLostError, match="no worker is there any more"):
        Presence(client, 1, None, told.append).look()
    assert client.scaled == []


def test_a_worker_that_is_another_unpacks_nothing() -> None:
    with pytest.raises(OtherWorkerError, match=r"this worker has vyrectl .* instead of 0\.1"):
        run_shard(("0.1", "a", "k"), b"no pickle")


def test_another_vyrectl_is_refused(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_module, "__version__", "0.0.1")
    facts.cache_clear()
    ring = write(tmp_path / "ring.bin", ready_tasks(64))
    try:
        with pytest.raises(OtherWorkerError, match=r"instead of 0\.0\.1"):
            go(cluster, ring)
    finally:
        facts.cache_clear()
    assert (read(ring)["state"] == 1).all()


def test_differences_are_named() -> None:
    mine = Facts("1", "a" * 64, "k" * 64)
    assert mine.difference(mine) is None
    assert mine.difference(Facts("2", mine.abi, mine.kernels)) == "vyrectl 2 instead of 1"
    assert "the ABI" in str(mine.difference(Facts("1", "b" * 64, mine.kernels)))
    assert "the kernels" in str(mine.difference(Facts("1", mine.abi, "l" * 64)))


def test_bytes_of_a_file_that_changed(tmp_path: Path) -> None:
    path = tmp_path / "shard.in"
    path.write_bytes(b"abcd")
    sent = Sent("0" * 64, None, str(path), 0, 4)
    with pytest.raises(VyrectlError, match="another than was sent"):
        sent.read()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--dask", "local[0]"), "starts 0 workers"),
        (("--dask", "tls://x:1", "--dask-security", "ca.pem"), "does not name three files"),
        (("--dask", "tcp://x:1", "--dask-security", "a.pem,b.pem,c.pem"), "tcp://x:1 does not"),
        (("--dask", "tls://127.0.0.1:1"), "no certificates are given"),
        (("--resume",), "are for --dask"),
        (("--dask", "local[1]", "--max-steps", "4"), "--max-steps"),
        (("--dask", "local[1]", "--tenant-quota", "1=5"), "--tenant-quota"),
    ],
)
def test_refused(tmp_path: Path, options: tuple[str, ...], what: str) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(64))
    code, error, _ = run(ring, *options)
    assert (code, error["error"]) == (2, "usage")
    assert what in error["message"]


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(64))
    code, error, _ = run(
        ring, "--dask", "tls://127.0.0.1:1", "--dask-security", f"{KEYS[0]},no.pem,{KEYS[2]}"
    )
    assert (code, error["where"]) == (1, "no.pem")


@contextmanager
def dask(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask's own command, ended at the end."""
    command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:], "--no-dashboard"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.timeout(300)
def test_tls_and_a_scheduler_that_dies(cluster: Any, tmp_path: Path) -> None:
    """Over TLS with a worker that the printed line starts: what is done is kept, and another cluster does the rest."""
    ring = slow_ring(tmp_path)
    address, keys = f"tls://127.0.0.1:{free_port()}", [str(one) for one in KEYS]
    words = shlex.split(worker_line(address, "reference", KEYS).partition(" dask worker ")[2])
    tls = [word for pair in zip(TLS_FLAGS, keys, strict=True) for word in pair]
    lines = Path(f"{ring}{SUFFIX}") / LINES
    host = ("scheduler", "--host", "tls://127.0.0.1", "--port", address.rpartition(":")[2])
    with dask(*host, *tls) as scheduler, dask("worker", *words):
        options = ("--device", "reference", "--dask", address, "--dask-security", ",".join(keys))
        process = start(ring, *options, "--shard-slots", "64")
        wait_for(lambda: lines.exists() and lines.read_text().count('"shard"') > 1, process)
        scheduler.kill()
        code, error, said = end_of(process)
    assert (code, error["error"]) == (5, "cluster_lost"), said
    assert "of 8 shards are done and kept" in error["message"]
    code, report, said = run(
        ring, "--device", "reference", "--dask", cluster.scheduler_address
    )  # cut as it was
    assert (code, report["ended"]) == (0, "drained"), said
    assert (read(ring)["state"] == 3).all()
    assert sum(one["shards"] for one in report["devices"] if one["device"] == "journal") >= 2


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.5)
    ring = write(tmp_path / "ring.bin", ready_tasks(64))
    request = FileLaunch(ring=ring, options=LaunchOptions())
    with pytest.raises(DeviceError, match="no Dask scheduler answers"):
        dask_file(request, Hosts(dask="tcp://127.0.0.1:1"), lambda message: None)


def test_the_real_command(tmp_path: Path) -> None:
    ring = write(tmp_path / "ring.bin", ready_tasks(200))
    code, report, said = run(ring, "--dask", "local[2]", "--device", "reference")
    assert (code, report["done"]) == (0, 200), said
    assert "Traceback" not in said


def test_control_c_reaches_the_launch_alone(tmp_path: Path) -> None:
    """A terminal sends it to every process of the command: workers leave it to the launch, which keeps what is done."""
    ring = slow_ring(tmp_path)
    before, journal = ring.read_bytes(), Path(f"{ring}{SUFFIX}") / LINES
    words = command(ring, "--dask", "local[2]", "--device", "reference", "--shard-slots", "64")
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    wait_for(lambda: journal.exists() and '"shard"' in journal.read_text(), process)
    os.killpg(process.pid, signal.SIGINT)
    code, error, said = end_of(process)
    assert (code, error["error"]) == (130, "stopped"), said
    assert "are done and kept" in error["message"]
    assert "Traceback" not in said
    assert ring.read_bytes() == before

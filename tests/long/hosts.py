"""Launches on two Dask workers, of which some, or the command itself, are killed by SIGKILL at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.long._run import FAILED, Run
from tests.spread.commands import children_of, end_of, lives, read, start
from tests.spread.test_launch import SLOW_TASKS, slow_ring
from vyrectl.spread.journal import SUFFIX
from vyrectl.spread.worker import RESOURCE

WORKERS = 2
ALLOWED_FAILURES = 9
"""More than are killed while one shard is out: here no shard is to blame for its worker's end."""


def run(run: Run) -> None:
    """One launch a seed: no task lost, none twice, the ring the old one or the finished one."""
    kills = 0
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dask
        import distributed

        local: Any = distributed.LocalCluster
        with (
            dask.config.set(
                {
                    "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
                    "distributed.deploy.lost-worker-timeout": "5 s",
                }
            ),
            local(
                n_workers=WORKERS,
                threads_per_worker=1,
                resources={RESOURCE: 1},
                dashboard_address=None,
                local_directory=scratch,
                silence_logs=50,
            ) as cluster,
        ):
            for seed in run.seeds():
                kills += one_launch(cluster, Random(seed))
    run.say(f"{kills} processes were killed")
    sys.stdout.flush()


def one_launch(cluster: Any, random: Random) -> int:
    """A launch with some kills; how many."""
    with TemporaryDirectory() as text:
        ring = slow_ring(Path(text))
        before = ring.read_bytes()
        options = ("--dask", cluster.scheduler_address, "--device", "reference", "--shard-slots", "64")
        await_worker(cluster)
        process = start(ring, *options)
        kills = random.randint(1, 3)
        ends_command = random.randrange(4) == 0
        journal = Path(f"{ring}{SUFFIX}")
        while process.poll() is None and not journal.exists():
            time.sleep(0.01)  # until its shards are about to be sent
        for _ in range(kills):
            time.sleep(random.random())
            if process.poll() is None:
                kill_worker(cluster, random)
        if ends_command:
            kills += 1
            children = children_of(process.pid)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            await_end(children)
            if ring.read_bytes() != before and not (read(ring)["state"] == 3).all():
                fail("the ring is neither the old one nor the finished one")
            await_worker(cluster)
            process = start(ring, *options, "--resume")
        attend(cluster, process)
        code, report, said = end_of(process)
        if code or not (read(ring)["state"] == 3).all():
            fail(f"exit {code}: {said}")
        if not ends_command and report["done"] != SLOW_TASKS:
            fail(f"{report['done']} of {SLOW_TASKS} done: {said}")
        if Path(f"{ring}{SUFFIX}").exists():
            fail("the journal was left")
    return kills


def kill_worker(cluster: Any, random: Random) -> None:
    """SIGKILL to the process of a worker, which its nanny starts anew."""
    pids = [one.pid for one in cluster.workers.values() if one.pid]
    if pids:
        with suppress(ProcessLookupError):
            os.kill(random.choice(pids), signal.SIGKILL)


def attend(cluster: Any, process: subprocess.Popen[bytes]) -> None:
    """Until the launch ends, start again what Dask has given up: a worker that was killed before it was up."""
    deadline = time.monotonic() + 240
    while process.poll() is None:
        if time.monotonic() > deadline:
            fail(
                f"the launch does not end; workers {[*cluster.scheduler.workers]}, tasks {cluster.scheduler.tasks}"
            )
        cluster.scale(WORKERS)
        time.sleep(1)


def await_worker(cluster: Any) -> None:
    """Until a nanny has started one again, which a launch waits for too, but not as long as a busy machine takes."""
    cluster.scale(WORKERS)  # those that Dask has given up for good
    deadline = time.monotonic() + 120
    while not cluster.scheduler.workers:
        if time.monotonic() > deadline:
            fail("no worker came back")
        time.sleep(0.05)


def await_end(pids: list[int]) -> None:
    """Nobody outlives the command."""
    deadline = time.monotonic() + 30
    while any(lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            fail(f"of {pids} some live on")
        time.sleep(0.01)


def fail(text: str) -> None:
    print(text)
    raise SystemExit(FAILED)

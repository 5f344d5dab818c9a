"""A Dask cluster as a launch finds it: reached or started, its workers looked at before and while shards are out.

The invariant: a shard is sent to nobody who was not found to be like this side, and a launch whose workers are all gone
waits for others for a bounded time, and says so.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import resource_tracker
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vyrectl.dataclass import dataclass
from vyrectl.errors import (
    ClusterLostError,
    DeviceError,
    FileError,
    MissingExtraError,
    OtherWorkerError,
    UsageError,
)
from vyrectl.hosting.supervised import Watch
from vyrectl.spread.sent import Facts, facts, facts_told
from vyrectl.spread.worker import RESOURCE

Dask = Any
"""An object of dask.distributed: the module, a client, a future. Any: it is an extra that has no types."""

ALLOWED_FAILURES = 2
"""Deaths that a shard of a local cluster survives: the third names it."""

CONNECT_SECONDS = 30.0
WORKERS_SECONDS = 15.0
"""For so long a scheduler's first worker is waited for: one that ended is being started again, or both come up now."""

TLS = "tls://"
"""Begins the address of a scheduler that speaks it."""

LOOK_SECONDS = 1.0
"""Between two looks at the workers while no shard comes back."""

GONE_SECONDS = 300.0
"""For so long workers are waited for where all that were there are gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workers are: an address, or so many started here; the three files of TLS."""

    address: str
    local: int | None
    files: tuple[Path, Path, Path] | None

    def check(self) -> None:
        """Find out whether the certificates are there.

        Raises:
            FileError: One cannot be read.
        """
        for one in self.files or ():
            try:
                one.open("rb").close()
            except OSError as error:
                raise FileError.from_os_error(error, one, doing="read the certificate") from error


@contextmanager
def cluster_at(place: Place) -> Iterator[Dask]:
    """A client of the cluster; a local one is started, and gone at the end.

    Raises:
        MissingExtraError: Dask is not installed.
        DeviceError: Nothing answers at the address.
        UsageError: It speaks TLS, and neither the launch nor Dask's configuration has certificates.
    """
    distributed, dask = distributed_module(), import_module("dask")
    for name in ("distributed", "distributed.nanny", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}))
        if place.local is not None:
            with _deaf_children():
                cluster = distributed.LocalCluster(
                    n_workers=place.local,
                    threads_per_worker=1,
                    resources={RESOURCE: 1},
                    dashboard_address=None,
                    local_directory=stack.enter_context(TemporaryDirectory(prefix="vyrectl-dask-")),
                    silence_logs=logging.CRITICAL,
                )
            stack.callback(cluster.close)
            yield stack.enter_context(distributed.Client(cluster, set_as_default=False))
            return
        security = None
        if place.files is not None:
            ca, cert, key = map(str, place.files)
            security = distributed.Security(
                tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, require_encryption=True
            )
        try:
            client = distributed.Client(
                place.address, security=security, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except TypeError as error:
            if not place.address.startswith(TLS):
                raise
            raise UsageError(
                f"{place.address} speaks TLS, and no certificates are given",
                fix="Give --dask-security ca.pem,cert.pem,key.pem, or set distributed.comm.tls in Dask's configuration",
            ) from error
        except (OSError, TimeoutError, ValueError) as error:
            raise DeviceError(
                f"no Dask scheduler answers ({error})", where=place.address, fix="Start one: dask scheduler"
            ) from error
        yield stack.enter_context(client)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """What is started meanwhile, and all that it starts, does not hear Ctrl-C: a terminal sends that to every process
    of the command, and the launch alone ends its workers."""
    resource_tracker.ensure_running()  # which would let its thread hear it again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def distributed_module() -> Dask:
    """Dask's module.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError("--dask", "distributed", "dask") from error
    return distributed


def take_stock(client: Dask, watch: Watch, most_seconds: float | None) -> int:
    """How many shards the workers take at a time, once all were found to be like this side.

    Args:
        client: Dask's.
        watch: Told when there is nobody yet.
        most_seconds: For no longer is a first worker waited for.

    Raises:
        OtherWorkerError: One is not.
        DeviceError: There is none, or none that offers a device.
    """
    workers, slots = workers_of(client)
    if not slots:
        seconds = WORKERS_SECONDS if most_seconds is None else min(WORKERS_SECONDS, most_seconds)
        watch({"said": f"{_nobody(workers)} yet; one is waited for, {seconds:g} s at most"})
        deadline = time.monotonic() + seconds
        while not slots and time.monotonic() < deadline:
            time.sleep(0.1)
            workers, slots = workers_of(client)
    if not slots:
        what = _nobody(workers)
        raise DeviceError(
            what, fix="`vyrectl worker tcp://HOST:8786` prints the command line that starts one"
        )
    # A worker may have ended since the scheduler has heard of it: what it would have answered does not matter any more.
    answers: dict[str, tuple[str, ...] | Exception] = client.run(facts_told, on_error="return")
    for address, theirs in answers.items():
        if not isinstance(theirs, OSError) and (differs := _difference(theirs)) is not None:
            raise OtherWorkerError(
                differs, where=address, fix="Install the same vyrectl on all hosts"
            ) from None
    return slots


def workers_of(client: Dask) -> tuple[int, int]:
    """How many workers there are, and how many shards they take at a time."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return len(workers), int(sum(one.get("resources", {}).get(RESOURCE, 0) for one in workers.values()))


def _difference(theirs: tuple[str, ...] | Exception) -> str | None:
    """In what a worker is not like this side, by what it has answered."""
    if isinstance(theirs, ImportError | AttributeError):
        return f"a worker lacks vyrectl, or has another one ({theirs})"
    if isinstance(theirs, Exception):
        raise theirs
    differs = facts().difference(Facts(*theirs))
    return None if differs is None else f"a worker has {differs}"


def _nobody(workers: int) -> str:
    return f"none of {workers} workers offers {RESOURCE}" if workers else "no worker is there"


class Presence:
    """Whether somebody is there while shards are out.

    Args:
        client: Dask's.
        slots: How many shards the workers take at a time now.
        local: How many workers a cluster of this launch's own is to have; None for another.
        watch: Told when nobody is there any more, and when somebody is again.

    Attributes:
        slots: How many shards they took at a time when somebody was there last.
    """

    def __init__(self, client: Dask, slots: int, local: int | None, watch: Watch) -> None:
        self.slots = slots
        self._client, self._local, self._watch = client, local, watch
        self._due = time.monotonic() + LOOK_SECONDS
        self._gone_since: float | None = None

    def look(self) -> None:
        """Look, when it is time to; workers of a cluster of our own are started again.

        Raises:
            ClusterLostError: Nobody has been there for too long.
        """
        now = time.monotonic()
        if now < self._due or self._client.status != "running":
            return
        workers, slots = workers_of(self._client)
        self._due = time.monotonic() + LOOK_SECONDS
        if self._local is not None and workers < self._local:
            self._client.cluster.scale(self._local)
        if slots:
            if self._gone_since is not None:
                self._watch({"said": f"workers are there again: {workers}"})
            self._gone_since, self.slots = None, slots
            return
        if self._gone_since is None:
            self._gone_since = now
            self._watch(
                {"said": f"{_nobody(workers)} any more; one is waited for, {GONE_SECONDS:g} s at most"}
            )
        if now - self._gone_since >= GONE_SECONDS:
            raise ClusterLostError(
                f"{_nobody(workers)} any more, for {GONE_SECONDS:g} s",
                fix="The same command does the rest once workers are there",
            )

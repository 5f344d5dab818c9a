"""What is sent to workers on other hosts, and what they make of it: a pure function from bytes to bytes.

`run_shard` gives the same ring wherever and however often it is run. Bytes are named by their SHA-256 and come along,
or lie in a file that both sides see. The invariant: nothing is unpacked whose digest is not the one that was sent, and
nothing is run by a worker whose vyrectl, ABI or kernels are others than the sender's. Imports numpy.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from vyrectl._version import __version__
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.dataclass import dataclass
from vyrectl.engine.ops import load_sources
from vyrectl.errors import InvalidInputError, OtherWorkerError
from vyrectl.files.replace import replace_file
from vyrectl.resources import kernels_dir
from vyrectl.spread.cut import Shard
from vyrectl.spread.finished import Finished
from vyrectl.spread.work import Setup, ShardRunner, Site, Visit
from vyrectl.task.arrays import copy_of

MOST_SENT_BYTES = 64 << 20
"""What travels without a file that both sides see."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What has to be the same on both sides.

    Attributes:
        version: Of vyrectl.
        abi: Digest of the ABI's header.
        kernels: Digest of all kernels and shipped operations.
    """

    version: str
    abi: str
    kernels: str

    def told(self) -> tuple[str, ...]:
        """As both sides understand it, whatever else differs."""
        return self.version, self.abi, self.kernels

    def difference(self, other: Facts) -> str | None:
        """The first thing in which another side differs, None when nothing does."""
        for name, what in (("version", "vyrectl"), ("abi", "the ABI"), ("kernels", "the kernels")):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"{what} {theirs[:12]} instead of {mine[:12]}"
        return None


@lru_cache(maxsize=1)
def facts() -> Facts:
    """Those of this process."""
    root, whole = kernels_dir(), hashlib.sha256()
    for path in sorted(one for one in root.rglob("*") if one.suffix in (".cl", ".h")):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    abi = hashlib.sha256((root / "include" / "vyre_abi.h").read_bytes()).hexdigest()
    return Facts(__version__, abi, whole.hexdigest())


def facts_told() -> tuple[str, ...]:
    """Those of this process, for another."""
    return facts().told()


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes, or where they lie.

    Attributes:
        digest: SHA-256 of them.
        data: The bytes; None where they are read from a file.
        path: The file that they lie in, on a file system that every host sees; empty where `data` has them.
        offset: Where in it they begin.
        length: How many they are.
        by: The process that made them, where it matters.
    """

    digest: str
    data: bytes | None = None
    path: str = ""
    offset: int = 0
    length: int = 0
    by: str = ""

    @classmethod
    def of(cls, data: bytes, by: str = "") -> Sent:
        """Bytes that come along."""
        return cls(digest_of(data), data, by=by)

    def read(self) -> bytes:
        """The bytes.

        Raises:
            InvalidInputError: They are others by now.
            OSError: The file cannot be read.
        """
        if self.data is not None:
            return self.data
        with open(self.path, "rb") as file:
            data = os.pread(file.fileno(), self.length, self.offset)
        if digest_of(data) != self.digest:
            raise InvalidInputError("the file of a shard is another than was sent", where=self.path)
        return data


def digest_of(*parts: bytes) -> str:
    """SHA-256 of some bytes, one after the other."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard for a worker.

    Attributes:
        shard: The shard that is sent.
        slots: What it holds.
        selected: Which of them may be claimed, a byte each; None for all.
        numbers: What they are called, i64 each, where they are gathered from all over the ring; else None.
        setup: The pickled `Setup`.
        device: As `--device` takes it; None for the worker's own.
        folder: Where long results are left; empty where no file is seen by both sides.
    """

    shard: Shard
    slots: Sent
    selected: bytes | None
    numbers: bytes | None
    setup: Sent
    device: str | None
    folder: str


def run_shard(theirs: tuple[str, ...], packed_task: bytes) -> Sent:
    """Run a shard; the bytes of its `Finished`, slots and all.

    Args:
        theirs: The sender's facts. A worker that differs does not even unpack what came.
        packed_task: The pickled `ShardTask`.

    Raises:
        OtherWorkerError: This worker is not like the sender.
        DeviceError: It has no device that works.
        VerifyError: A promise was broken.
    """
    if (differs := Facts(*theirs).difference(facts())) is not None:
        raise OtherWorkerError(f"this worker has {differs}", fix="Install the same vyrectl on all hosts")
    task: ShardTask = pickle.loads(packed_task)
    slots = np.frombuffer(task.slots.read(), SLOT_DTYPE)
    memory = copy_of(slots)
    selected = None if task.selected is None else np.frombuffer(task.selected, bool)
    runner = _runner(task.setup.digest, task.device, task.setup)
    numbers = None if task.numbers is None else np.frombuffer(task.numbers, np.int64)
    visit = Visit(shard=task.shard, slots=slots, selected=selected, numbers=numbers)
    finished = runner.run(visit, Site(memory))
    data = replace(finished, slots=memory.view(np.uint8).reshape(-1)).to_bytes()
    by = f"{socket.gethostname()}:{os.getpid()}"
    if not task.folder or len(data) <= MOST_SENT_BYTES:
        return Sent.of(data, by)
    path = Path(task.folder) / f"{digest_of(data)}.npz"
    replace_file(path, [data])
    return Sent(digest_of(data), None, str(path), 0, len(data), by)


_runners: dict[tuple[str, str | None], ShardRunner] = {}
"""The runner of the launch that this process works for."""


def _runner(digest: str, device: str | None, setup: Sent) -> ShardRunner:
    key = digest, device
    if key not in _runners:
        _runners.clear()
        made: Setup = pickle.loads(setup.read())
        _runners[key] = ShardRunner(device, made)
    return _runners[key]


def packed(setup: Setup) -> Sent:
    """A setup for a worker."""
    return Sent.of(pickle.dumps(setup, protocol=5))


_APART = (
    *("buffers", "control", "debug_log", "ops", "limits", "policy", "plan", "trace", "where"),
    *("device", "shard_slots", "max_steps", "timeout"),
)
"""Options that are looked at by themselves, and those that change nothing in a shard that is through."""


def identity_of(setup: Setup) -> str:
    """A digest that is the same for launches that give the same shards."""
    options = setup.options
    plain = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in _APART}
    plain["trace"] = options.trace is not None
    of_all = setup.returned, setup.verify, setup.debug_records, sorted(setup.spawning), setup.first_child_id
    whole = [repr((facts(), plain, of_all)).encode()]
    whole += [source.text.encode() for source in load_sources(options.ops)]
    rows = [
        *setup.buffers.by_handle.items(),
        *([(-1, setup.buffers.arguments)] if setup.buffers.arguments else []),
    ]
    for handle, one in rows:
        whole += [
            repr((handle, one.writable, one.array.dtype.str, one.array.shape)).encode(),
            one.array.tobytes(),
        ]
    if setup.control is not None:
        whole.append(setup.control.tobytes())
    return digest_of(*(digest_of(part).encode() for part in whole))


def opened(sent: Sent) -> Finished:
    """The shard that a worker finished."""
    return Finished.read(sent.read())

"""Rings for the tests of this folder, and second processes that hold or write them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from tests.support.ops import FAULT, NOP, REQUEUE_N, SPIN, WAIT
from vyrectl import SLOT_DTYPE
from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.files.ring_lock import mark_made
from vyrectl.task.arrays import SlotArray

OPS = {"nop": NOP, "spin": SPIN, "wait": WAIT, "requeue_n": REQUEUE_N, "fault": FAULT, "my_op": 0x2_0000}

edge_words = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 31, 99, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])


def slots_of(rows: list[list[int]]) -> SlotArray:
    """An array from rows of 16 words."""
    words = np.array(rows, dtype="<u4").reshape(len(rows), SLOT_WORDS)
    return words.view(SLOT_DTYPE).reshape(len(rows))


def numbered(count: int, **fields: int) -> SlotArray:
    """Slots whose task_id is their number; other fields as given."""
    slots = np.zeros(count, dtype=SLOT_DTYPE)
    slots["task_id"] = np.arange(count)
    for name, value in fields.items():
        slots[name] = value
    return slots


def write_ring(path: Path, slots: SlotArray) -> bytes:
    """Put a ring's bytes into a file, without the library, and return them."""
    path.write_bytes(slots.tobytes())
    mark_made(path)
    return slots.tobytes()


def leftovers(folder: Path) -> list[str]:
    """Temporary files in a folder."""
    return sorted(
        one.name for one in folder.iterdir() if one.name.startswith(".") or one.name.endswith(".tmp")
    )


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own; its failure fails the test."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def another_holder(path: Path, role: str = "launch") -> Iterator[subprocess.Popen[str]]:
    """A second process that holds the ring until the block ends."""
    code = (
        "import sys\n"
        "from vyrectl.sidecar.hold import hold\n"
        "with hold(sys.argv[1], role=sys.argv[2]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()

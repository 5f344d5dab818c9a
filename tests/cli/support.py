"""Small rings, and what a run of the command line gave back."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm
from tests.support.rings import slot
from vyrectl.abi.slot import FIELD_NAMES

NEVER = 0xFFFF_FFFF


@dataclass(frozen=True)
class Result:
    """Exit code and texts of one run."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The record on stdout."""
        record: dict[str, Any] = json.loads(self.out)
        return record

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    def error(self) -> dict[str, Any]:
        """The JSON error, the last line on stderr."""
        record: dict[str, Any] = json.loads(self.err.splitlines()[-1])
        return record


def words_at(path: Path, number: int) -> dict[str, int]:
    """The words of one slot of a ring file, by name."""
    data = path.read_bytes()[number * 64 : number * 64 + 64]
    return dict(zip(FIELD_NAMES, struct.unpack("<16I", data), strict=True))


MIXED = (
    slot(),
    slot(state=1, op_handle=0x1000, priority=2, input_handle=1, param=7, task_id=101),
    slot(state=1, op_handle=0, tenant_id=3, priority=0, task_id=102, age_ticks=12),
    slot(state=2, op_handle=0x1004, priority=1, task_id=103, continuation_pc=4096, yield_count=2, flags=2),
    slot(state=3, op_handle=0x1003, priority=2, task_id=104, requeue_count=5, age_ticks=40),
    slot(state=4, op_handle=0x1006, tenant_id=3, priority=3, task_id=105, resume_epoch=9, flags=1),
    slot(state=4, op_handle=0x1006, priority=3, task_id=106, resume_epoch=NEVER, flags=9),
    slot(state=5, op_handle=0x1004, priority=2, task_id=107, continuation_pc=64, yield_count=1, flags=2),
    slot(state=6, op_handle=0x1007, priority=4, task_id=108, requeue_count=3, age_ticks=3, flags=4),
    slot(state=7, op_handle=0x1001, priority=2, task_id=109, continuation_data=0xFFFF_FF03),
    slot(state=7, op_handle=0x20000, priority=2, task_id=110, continuation_data=77, flags=0x12),
    slot(state=1, op_handle=0, priority=99, task_id=111, parent_task_id=101, flags=0xF),
)
"""One slot of every kind; all states are known."""

ODD = (slot(state=1, task_id=1), slot(state=99, task_id=2, requeue_count=NEVER), slot(state=6, flags=4))
"""Slot 1 has an unknown state."""


def spawn(
    *args: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, which begins warm."""
    command = warm.command("vyrectl", *args)
    return subprocess.run(
        command, input=stdin, capture_output=True, env={**os.environ, **(env or {})}, timeout=60
    )

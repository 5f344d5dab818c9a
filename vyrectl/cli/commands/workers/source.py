"""The record of `workers`. Standard library only."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.cli.worker_rows import WorkerRow, oldest_turn, worker_row
from vyrectl.shapes import Count
from vyrectl.sidecar.launched import Launched
from vyrectl.sidecar.note import nearby
from vyrectl.sidecar.workers import Worker


class CopyRecord(TypedDict):
    """A launch that reads the ring and writes elsewhere; `output` is None for standard output."""

    pid: Count
    ring: str
    output: str | None


class WorkersRecord(TypedDict):
    """The answer but for its rows."""

    ring: str
    held_by: str | None
    launches: list[CopyRecord]
    lives: bool
    in_place: bool
    busy: Count
    idle: Count
    oldest_turn: WorkerRow | None


class WorkersAnswer(WorkersRecord):
    """The answer of `workers`."""

    workers: list[WorkerRow]


MOST_LISTED = 64
"""Workers that are all listed; of more, those with a task."""


def listed(found: Launched, *, every: bool) -> list[WorkerRow]:
    """The rows: all workers where they are few or all were asked for, else those with a task."""
    whole = every or len(found.workers) <= MOST_LISTED
    chosen: list[Worker] = [*found.workers] if whole else [*found.busy]
    return [worker_row(one) for one in chosen]


def summary(found: Launched) -> WorkersRecord:
    """The answer but for its rows."""
    held = found.busy
    return {
        "ring": found.ring,
        "held_by": found.held_by,
        "launches": [
            {
                "pid": one.pid,
                "ring": nearby(one.ring),
                "output": None if one.output is None else nearby(one.output),
            }
            for one in found.notes
        ],
        "lives": found.lives,
        "in_place": found.in_place,
        "busy": len(held),
        "idle": len(found.workers) - len(held),
        "oldest_turn": oldest_turn(held),
    }

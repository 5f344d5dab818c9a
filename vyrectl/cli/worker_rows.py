"""Workers in words: rows with the operation's name, and the turn that has lasted longest. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.engine.ops import ending_ids
from vyrectl.sidecar.workers import Worker, WorkerRecord, busy

LASTING_SECONDS = 1.0
"""A turn that has taken so long is one of which somebody will ask."""

_LOOKED_THROUGH = 1024
"""Of the longest turns, for one that may hang; a device runs fewer neighbours in step."""


class WorkerRow(WorkerRecord):
    """One worker, its operation by name too."""

    op_name: str | None


def worker_row(worker: Worker) -> WorkerRow:
    """A worker as JSON shows it, its operation by name too."""
    from vyrectl.cli.describe import show_word

    row = worker.to_record()
    op = worker.op_handle
    return {**row, "op_name": None if op is None else show_word("op_handle", op)}


def oldest_turn(workers: Sequence[Worker]) -> WorkerRow | None:
    """The turn that has lasted longest; None where no worker has anything in hand, or nobody is watched.

    Of those that last and last it is one that may hang: a device that runs neighbours in step holds up a task that
    would have ended at once.
    """
    held = busy(workers, 1)
    if held and (held[0].seconds or 0.0) >= LASTING_SECONDS:
        ending = ending_ids([])
        held = [one for one in busy(workers, _LOOKED_THROUGH) if one.op_handle not in ending][:1] or held
    return worker_row(held[0]) if held else None


def turn_text(row: WorkerRow) -> str:
    """A turn in a few words."""
    seconds = row["seconds"]
    lasted = "" if seconds is None else f" for at least {seconds:.1f} s"
    whose = f"worker {row['worker']}" + (f" of {row['device']}" if "device" in row else "")
    whose += f" of pid {row['launch']}" if "launch" in row else ""
    return f"{whose} has slot {row['slot']} ({row['op_name']}) in hand{lasted}"

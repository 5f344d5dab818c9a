"""Workers in words: rows with the operation's name, and the turn that has lasted longest. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.sidecar.workers import Worker, WorkerRecord, busy


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
    """The turn that has lasted longest; None where no worker has anything in hand, or nobody is watched."""
    held = busy(workers, 1)
    return worker_row(held[0]) if held else None


def turn_text(row: WorkerRow) -> str:
    """A turn in a few words."""
    seconds = row["seconds"]
    lasted = "" if seconds is None else f" for at least {seconds:.1f} s"
    whose = f"worker {row['worker']}" + (f" of {row['device']}" if "device" in row else "")
    whose += f" of pid {row['launch']}" if "launch" in row else ""
    return f"{whose} has slot {row['slot']} ({row['op_name']}) in hand{lasted}"

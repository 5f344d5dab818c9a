"""What `converge` answers: how the loop ended, and what became of each node or word. Numpy is loaded in functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vyrectl.cli.commands.converge.record import RunRecord
from vyrectl.files.json_text import Json

if TYPE_CHECKING:
    from vyrectl.cli.commands.converge.source import Start
    from vyrectl.engine.converge import Words
    from vyrectl.hosting.converge import Apart

DISTRIBUTION, REACHABILITY = "distribution", "reachability"
"""The steps that ship; their vectors stand for nodes."""


def run_record(found: Apart, vector: Words) -> RunRecord:
    """How the run went, with the vector at its end under `result`."""
    fixpoint = found.fixpoint
    return {
        "device": fixpoint.device,
        "words": len(vector),
        "work_group_size": fixpoint.work_group_size,
        "iterations": fixpoint.iterations,
        "converged": fixpoint.converged,
        "ended": "interrupted" if found.signal_received else "timeout" if found.timed_out else fixpoint.ended,
        "device_seconds": fixpoint.device_seconds,
        "result": fixpoint.current.tolist(),
    }


def answer_rows(name: str, start: Start, before: Words, after: Words) -> tuple[str, list[dict[str, Json]]]:
    """One row for each node, or for each word where there are no nodes; under which key they stand.

    Args:
        name: The step's name: a shipped one has nodes, any other words.
        start: What was read.
        before: The vector that was made of it.
        after: The vector at the end.
    """
    from vyrectl.engine.shares import as_weights

    if name == DISTRIBUTION:
        return "nodes", _shares(start, as_weights(start.values, start.name), before, after)
    if name == REACHABILITY:
        return "nodes", _members(start, as_weights(start.values, start.name) > 0, after)
    pairs = zip(before.tolist(), after.tolist(), strict=True)
    return "changes", [{"word": word, "start": a, "end": b} for word, (a, b) in enumerate(pairs)]


def _shares(start: Start, weights: Json, before: Words, after: Words) -> list[dict[str, Json]]:
    from vyrectl.engine.shares import fractions_of

    limit = fractions_of(after)
    columns = {
        "start": weights,
        "start_share": fractions_of(before),
        "limit": limit * weights.sum(),
        "limit_share": limit,
    }
    return _nodes(start, {key: column.tolist() for key, column in columns.items()})


def _members(start: Start, members: Json, after: Words) -> list[dict[str, Json]]:
    from vyrectl.engine.shares import members_of

    return _nodes(start, {"start": members.tolist(), "reached": members_of(after, len(members)).tolist()})


def _nodes(start: Start, columns: dict[str, list[Json]]) -> list[dict[str, Json]]:
    rows = zip(*columns.values(), strict=True)
    return [
        {
            "node": node,
            "name": start.labels[node] if start.labels else None,
            **dict(zip(columns, row, strict=True)),
        }
        for node, row in enumerate(rows)
    ]

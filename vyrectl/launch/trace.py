"""A trace as a file for Perfetto or chrome://tracing: a track for every work-group, on it what it did.

Each turn is two slices, the claim and the run; the run carries ids, priority and how it ended, and lasts until that was
published. Where the work-items of a group turn tasks at the same time, a group is a process in the viewer and each
work-item a track of it. Imports numpy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vyrectl._version import __version__
from vyrectl.abi.states import priority_name
from vyrectl.engine.backend import OUTCOMES
from vyrectl.engine.trace import Trace
from vyrectl.ring.replace import replace_file

EVENTS_AT_ONCE = 4096

COLOURS = {"done": "good", "yielded": "thread_state_runnable", "paused": "thread_state_sleeping"}
"""Colour names that the viewers know; the others look bad on purpose."""


def save_trace(path: Path, trace: Trace, device: str, names: Mapping[int, str]) -> dict[str, Any]:
    """Write a trace, atomically.

    Args:
        path: Where to.
        trace: What was noted.
        device: Name of the device.
        names: op_handle -> name.

    Returns:
        What a report says of it.

    Raises:
        FileError: It cannot be written.
    """
    facts = {
        "clock": trace.clock,
        "records": len(trace.records),
        "dropped": trace.dropped,
    }
    head = {"vyrectl": __version__, "device": device, **facts, "times": _unit(trace)}
    replace_file(path, [piece.encode() for piece in _pieces(trace, head, names)])
    return {"path": str(path), **facts}


def _unit(trace: Trace) -> str:
    return "microseconds since the first claim" if trace.ticks_per_second else "an order, not a time"


def _pieces(trace: Trace, head: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    yield f'{{"displayTimeUnit": "ns", "otherData": {json.dumps(head)}, "traceEvents": [\n'
    yield ",\n".join(map(json.dumps, _track_names(trace)))
    for start in range(0, len(trace.records), EVENTS_AT_ONCE):
        part = trace.records[start : start + EVENTS_AT_ONCE]
        yield ",\n" + ",\n".join(_events(trace, part, names))
    yield "\n]}\n"


def _track_names(trace: Trace) -> Iterator[dict[str, Any]]:
    records = trace.records
    alone = not records["item"].any()
    yield {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "vyrectl launch"}}
    tracks = np.unique(np.stack([records["group"], records["item"]], axis=1), axis=0).tolist()
    seen = set()
    for group, item in tracks:
        pid, tid = _track(group, item, alone)
        if pid and pid not in seen:
            seen.add(pid)
            yield _name("process_name", pid, 0, f"work-group {group}")
        yield _name("thread_name", pid, tid, f"work-group {group}" if alone else f"work-item {item}")


def _name(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _track(group: int, item: int, alone: bool) -> tuple[int, int]:
    """Process and thread of the viewer: one process with a thread a group, or a process a group."""
    return (0, group) if alone else (group + 1, item)


def _events(trace: Trace, part: Any, names: Mapping[int, str]) -> Iterator[str]:
    origin = int(trace.records["began"].min())
    scale = 1e6 / trace.ticks_per_second if trace.ticks_per_second else 1.0
    alone = not trace.records["item"].any()
    times = [(part[name] - np.uint64(origin)).astype(float) * scale for name in ("began", "claimed", "ended")]
    runs = (part["ran"] - part["claimed"]).astype(float) * scale
    rows = zip(*(column.tolist() for column in (*times, runs)), part.tolist(), strict=True)
    for began, claimed, ended, run, record in rows:
        *_, slot, task_id, op_handle, priority, outcome, group, item, requeues = record
        pid, tid = _track(group, item, alone)
        name = names.get(op_handle, hex(op_handle))
        ends = OUTCOMES[outcome] if outcome < len(OUTCOMES) else str(outcome)
        place = f'"pid": {pid}, "tid": {tid}'
        claim = f'"ts": {began:.3f}, "dur": {claimed - began:.3f}'
        yield f'{{"ph": "X", "cat": "claim", "name": "claim", {claim}, {place}}}'
        arguments = {
            "slot": slot,
            "task_id": task_id,
            "priority": priority_name(priority),
            "outcome": ends,
            "requeues": requeues,
            "run": round(run, 3),
            "publish": round(ended - claimed - run, 3),
        }
        yield (
            f'{{"ph": "X", "cat": "{ends}", "name": {json.dumps(name)}, "ts": {claimed:.3f}, '
            f'"dur": {ended - claimed:.3f}, {place}, "cname": "{COLOURS.get(ends, "terrible")}", '
            f'"args": {json.dumps(arguments)}}}'
        )

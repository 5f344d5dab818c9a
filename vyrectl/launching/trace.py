"""A trace as a file for Perfetto or chrome://tracing: a track for every work-group, on it what it did.

Each turn is two slices, the claim and the run; the run carries ids, priority and how it ended, and lasts until that was
published. Where the work-items of a group turn tasks at the same time, a group is a process in the viewer and each
work-item a track of it. Imports numpy.

The invariant: two slices of a track are disjoint or one holds the other, whatever the clock did and however a reader
takes numbers. So a turn begins where the one before it on its track had ended, at the earliest, and every time is a
multiple of 1/1024 us, which a double and a decimal both hold exactly: what begins at an end begins there in any
arithmetic, and in nanoseconds cut off as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl._version import __version__
from vyrectl.abi.outcomes import OUTCOMES
from vyrectl.abi.states import priority_name
from vyrectl.engine.trace import Trace
from vyrectl.files.keeping import write_kept
from vyrectl.launching.report_record import TraceFacts, TraceRecord

EVENTS_AT_ONCE = 4096

GRID = 1024
"""Steps of a microsecond."""

Track = Callable[[int, int], tuple[int, int]]
"""Work-group and work-item -> process and thread of the viewer."""

COLOURS = {"done": "good", "yielded": "thread_state_runnable", "paused": "thread_state_sleeping"}
"""Colour names that the viewers know; the others look bad on purpose."""


def save_trace(path: Path, trace: Trace, device: str, names: Mapping[int, str]) -> TraceRecord:
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
    facts: TraceFacts = {
        "clock": trace.clock,
        "records": len(trace.records),
        "dropped": trace.dropped,
    }
    head = {"vyrectl": __version__, "device": device, **facts, "times": unit_of(trace)}
    write_kept(path, [piece.encode() for piece in _pieces(trace, head, names)])
    return {"path": str(path), **facts}


def unit_of(trace: Trace) -> str:
    """What the times of a trace are."""
    return "microseconds since the first claim" if trace.ticks_per_second else "an order, not a time"


def _pieces(trace: Trace, head: Mapping[str, object], names: Mapping[int, str]) -> Iterator[str]:
    alone = not trace.records["item"].any()
    events = turn_events(trace, steps(trace), names, lambda group, item: _track(group, item, alone))
    yield from document(head, _track_names(trace), events)


def document(
    head: Mapping[str, object], tracks: Iterable[Mapping[str, object]], events: Iterable[str]
) -> Iterator[str]:
    """The pieces of a trace file.

    Args:
        head: What is said of the whole.
        tracks: Names of its tracks, at least one.
        events: Its events as JSON, many at once.
    """
    yield f'{{"displayTimeUnit": "ns", "otherData": {json.dumps(head)}, "traceEvents": [\n'
    yield ",\n".join(map(json.dumps, tracks))
    for some in events:
        yield ",\n" + some
    yield "\n]}\n"


def turn_events(
    trace: Trace, times: NDArray[np.int64], names: Mapping[int, str], track: Track
) -> Iterator[str]:
    """The events of all turns, many at once.

    Args:
        trace: Turns as the device noted them.
        times: When they were made, as `steps` has it.
        names: op_handle -> name.
        track: Work-group and work-item -> process and thread of the viewer.
    """
    for start in range(0, len(trace.records), EVENTS_AT_ONCE):
        part = slice(start, start + EVENTS_AT_ONCE)
        yield ",\n".join(_events(trace.records[part], times[part], names, track))


def _track_names(trace: Trace) -> Iterator[dict[str, object]]:
    records = trace.records
    alone = not records["item"].any()
    yield {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "vyrectl launch"}}
    tracks = np.unique(np.stack([records["group"], records["item"]], axis=1), axis=0).tolist()
    seen = set()
    for group, item in tracks:
        pid, tid = _track(group, item, alone)
        if pid and pid not in seen:
            seen.add(pid)
            yield track_name("process_name", pid, 0, f"work-group {group}")
        yield track_name("thread_name", pid, tid, f"work-group {group}" if alone else f"work-item {item}")


def track_name(what: str, pid: int, tid: int, name: str) -> dict[str, object]:
    """The event that names a process or a thread of the viewer."""
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _track(group: int, item: int, alone: bool) -> tuple[int, int]:
    """Process and thread of the viewer: one process with a thread a group, or a process a group."""
    return (0, group) if alone else (group + 1, item)


def steps(trace: Trace) -> NDArray[np.int64]:
    """When each turn began, was claimed, had run and was published, in steps of the grid since the first.

    Returns:
        int64, shape (n, 4); each row ascends, and the turns of a track follow one another.
    """
    records = trace.records
    times = np.stack([records[name] for name in ("began", "claimed", "ran", "ended")], axis=1)
    if not len(times):
        return times.astype(np.int64)
    scale = GRID * (1e6 / trace.ticks_per_second if trace.ticks_per_second else 1.0)
    since = (times - times[:, 0].min()).view(np.int64)
    grid: NDArray[np.int64] = np.rint(since * scale).astype(np.int64).clip(0)
    for track in _tracks(records):
        order = track[np.argsort(grid[track, 0], kind="stable")]
        own = np.maximum.accumulate(grid[order], axis=1)
        own[1:] = np.maximum(own[1:], np.maximum.accumulate(own[:-1, 3])[:, None])
        grid[order] = own
    return grid


def _tracks(records: NDArray[np.void]) -> list[NDArray[np.intp]]:
    """The positions of each track's records."""
    keys = records["group"].astype(np.uint64) << np.uint64(32) | records["item"]
    order = np.argsort(keys, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def _events(
    part: NDArray[np.void], times: NDArray[np.int64], names: Mapping[int, str], track: Track
) -> Iterator[str]:
    for (began, claimed, ran, ended), record in zip((times / GRID).tolist(), part.tolist(), strict=True):
        *_, slot, task_id, op_handle, priority, outcome, group, item, requeues = record
        pid, tid = track(group, item)
        name = names.get(op_handle, hex(op_handle))
        ends = OUTCOMES[outcome] if outcome < len(OUTCOMES) else str(outcome)
        place = f'"pid": {pid}, "tid": {tid}'
        claim = f'"ts": {_exact(began)}, "dur": {_exact(claimed - began)}'
        yield f'{{"ph": "X", "cat": "claim", "name": "claim", {claim}, {place}}}'
        arguments = {
            "slot": slot,
            "task_id": task_id,
            "priority": priority_name(priority),
            "outcome": ends,
            "requeues": requeues,
            "run": round(ran - claimed, 3),
            "publish": round(ended - ran, 3),
        }
        yield (
            f'{{"ph": "X", "cat": "{ends}", "name": {json.dumps(name)}, "ts": {_exact(claimed)}, '
            f'"dur": {_exact(ended - claimed)}, {place}, "cname": "{COLOURS.get(ends, "terrible")}", '
            f'"args": {json.dumps(arguments)}}}'
        )


def _exact(microseconds: float) -> str:
    """A multiple of the grid as a decimal without an exponent."""
    return f"{microseconds:.10f}".rstrip("0").rstrip(".")

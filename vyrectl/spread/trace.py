"""A trace of a launch on several devices: a group of tracks for each, all on the launch's own clock.

Every shard's turns are timed by its device from their first on; the host says when the shard was taken up. The
invariant of `vyrectl.launching.trace` holds: slices of a track are disjoint, so a shard's turns begin where the last of
the one before it on its device had ended, at the earliest. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl._version import __version__
from vyrectl.dataclass import dataclass
from vyrectl.engine.trace import Trace
from vyrectl.files.keeping import write_kept
from vyrectl.launching.report_record import TraceFacts, TraceRecord
from vyrectl.launching.trace import GRID, Track, document, steps, track_name, turn_events, unit_of

MOST_ITEMS = 1 << 16
"""Tracks of a work-group are this far apart."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of one visit.

    Attributes:
        device: What its device is called.
        began: Seconds of the host's clock, when the shard was taken up.
        trace: Times of the turns that it noted.
    """

    device: str
    began: float
    trace: Trace


def save_turns(path: Path, visits: Sequence[Turns], names: Mapping[int, str]) -> TraceRecord:
    """Write the turns of all visits, atomically.

    Args:
        path: Where to.
        visits: What came back, one at least.
        names: op_handle -> name.

    Returns:
        What a report says of it.

    Raises:
        FileError: It cannot be written.
    """
    devices = sorted({one.device for one in visits})
    first = visits[0].trace
    facts: TraceFacts = {
        "clock": first.clock,
        "records": sum(len(one.trace.records) for one in visits),
        "dropped": sum(one.trace.dropped for one in visits),
    }
    head = {"vyrectl": __version__, "device": ", ".join(devices), **facts, "times": unit_of(first)}
    pids = {device: number for number, device in enumerate(devices, start=1)}
    tracks = _tracks(visits, pids)
    write_kept(path, (piece.encode() for piece in document(head, tracks, _events(visits, pids, names))))
    return {"path": str(path), **facts}


def _tracks(visits: Sequence[Turns], pids: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for device, pid in pids.items():
        yield track_name("process_name", pid, 0, device)
        pairs = [one.trace.records[["group", "item"]].tolist() for one in visits if one.device == device]
        found = sorted({pair for some in pairs for pair in some})
        alone = all(item == 0 for _, item in found)
        for group, item in found:
            name = f"work-group {group}" if alone else f"work-group {group}, work-item {item}"
            yield track_name("thread_name", *_track(pid)(group, item), name)


def _events(visits: Sequence[Turns], pids: Mapping[str, int], names: Mapping[int, str]) -> Iterator[str]:
    start = min(one.began for one in visits)
    ends = dict.fromkeys(pids, 0)
    for one in sorted(visits, key=lambda visit: visit.began):
        times: NDArray[np.int64] = steps(one.trace)
        times += max(round((one.began - start) * 1e6 * GRID), ends[one.device])
        ends[one.device] = int(times.max(initial=ends[one.device]))
        yield from turn_events(one.trace, times, names, _track(pids[one.device]))


def _track(pid: int) -> Track:
    return lambda group, item: (pid, group * MOST_ITEMS + item)

"""What a report says about rings, as a record. Needs numpy, inside functions.

The invariant: the record holds every count that the page shows, so that the page can be held to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vyrectl.cli.snapshot_records import Wanted, measure, open_for_snapshot
from vyrectl.cli.wrong_kind import telling_kind
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import Json
from vyrectl.files.whole import STDIN
from vyrectl.ring.kinds import FileKind

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring

MOST_MARKS = 1 << 12
"""Marks of a map: with more slots than that a mark stands for a run of them."""

OLDEST = 10
GROUPS = ("priority", "op_handle", "tenant_id")
DEPTHS = ("schedulable", "running", "paused", "faulted")
"""What a history is drawn by."""

MOST_GROUPS = 12
"""Rows of a table of groups; the rest is summed up in one."""


class Extras(NamedTuple):
    """Files that say more about the rings; None where there is none.

    Attributes:
        launch: What `launch --json` printed.
        trace: What `launch --trace` wrote.
        history: What `snapshot --append` kept.
        control: The control buffer of the rings.
    """

    launch: Path | None = None
    trace: Path | None = None
    history: Path | None = None
    control: Path | None = None


def gather(rings: Iterable[Path], extras: Extras) -> dict[str, Json]:
    """Look at every ring and file.

    Raises:
        FileError: A file cannot be read.
        RingFormatError: One is no ring.
        InvalidInputError: A file of `extras` is not what it should be.
    """
    return {
        "rings": [_ring_record(path, extras.control) for path in rings],
        "launch": None if extras.launch is None else _launch(extras.launch),
        "trace": None if extras.trace is None else _trace(extras.trace),
        "history": None if extras.history is None else _history(extras.history),
    }


def _ring_record(path: Path, control: Path | None) -> dict[str, object]:
    from vyrectl.cli.options import WHOLE_FILE
    from vyrectl.ring.check import check_bytes, check_file

    with open_for_snapshot(path, WHOLE_FILE) as ring:
        wanted = Wanted(groups=GROUPS, spreads=True, oldest=OLDEST, lenient=True, control=control)
        record = measure(ring, wanted).record
        checked = check_bytes(ring.data) if str(path) == STDIN else check_file(path)
        return {
            **record,
            "by": {name: _shortened(table["groups"]) for name, table in record["by"].items()},
            "findings": [finding.to_record() for finding in checked.findings],
            "map": _map(ring),
        }


def _shortened(groups: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The largest groups, and one row for all others."""
    ordered = sorted(groups, key=lambda group: -group["slots"])
    shown, others = ordered[:MOST_GROUPS], ordered[MOST_GROUPS:]
    if not others:
        return sorted(shown, key=lambda group: group["value"])
    counts = [name for name in others[0] if name not in ("value", "name")]
    rest = {name: sum(group[name] for group in others) for name in counts}
    return [*shown, {"value": None, "name": f"{len(others)} others", **rest}]


def _map(ring: Ring) -> dict[str, Json]:
    """Marks by state with, for each, where it begins, the operation there and the highest age."""
    import numpy as np

    from vyrectl.cli.describe import show_word
    from vyrectl.cli.map_layout import map_record
    from vyrectl.ring.marks import mark_ring

    marks = mark_ring(ring.slots, "state", MOST_MARKS)
    record = map_record(ring.name, marks, 0)
    if not len(ring):
        return {**record, "marks": []}
    starts = np.arange(0, len(ring), marks.slots_per_mark)
    ages = np.maximum.reduceat(np.ascontiguousarray(ring.slots["age_ticks"]), starts)
    ops = ring.slots["op_handle"][starts]
    names = {int(op): show_word("op_handle", int(op)) for op in set(ops.tolist())}
    rows = zip(starts.tolist(), marks.text(), ops.tolist(), ages.tolist(), strict=True)
    return {
        **record,
        "marks": [{"slot": slot, "mark": mark, "op": names[op], "age": age} for slot, mark, op, age in rows],
    }


def _launch(path: Path) -> dict[str, object]:
    with telling_kind(path, FileKind.RECORD):
        record = _read_json(path)
    if not isinstance(record, dict) or record.get("schema") != "vyrectl.launch/1":
        raise InvalidInputError(
            "this is no report of a launch",
            where=str(path),
            fix="Give what `launch --json` printed",
        )
    return record


def _trace(path: Path) -> dict[str, object]:
    """Turns by operation: how many, and the longest, in microseconds."""
    with telling_kind(path, FileKind.RECORD):
        record = _read_json(path)
    events = record.get("traceEvents") if isinstance(record, dict) else None
    if not isinstance(events, list):
        raise InvalidInputError("this is no trace", where=str(path), fix="Give what `launch --trace` wrote")
    turns = [event for event in events if isinstance(event, dict) and event.get("ph") == "X"]
    counts = Counter(str(turn.get("name")) for turn in turns)
    longest = dict.fromkeys(counts, 0.0)
    for turn in turns:
        name = str(turn.get("name"))
        longest[name] = max(longest[name], float(turn.get("dur") or 0))
    return {
        "turns": len(turns),
        "by_name": [
            {"name": name, "turns": count, "longest_us": round(longest[name], 3)}
            for name, count in counts.most_common(MOST_GROUPS)
        ],
    }


def _history(path: Path) -> list[dict[str, object]]:
    """Each ring's looks over time: when, and the depths that `plot` draws too."""
    from vyrectl.files.whole import read_whole
    from vyrectl.telemetry.series import METRICS, read_history

    history = read_history(read_whole(path, doing="read the history").splitlines())
    if not history.lines:
        with telling_kind(path, FileKind.SNAPSHOT):
            raise InvalidInputError("there is no snapshot in it", fix="Give what `snapshot --append` wrote")
    return [
        {
            "ring": series.ring,
            "times": series.times,
            "depths": {name: series.values(METRICS[name]) for name in DEPTHS},
        }
        for series in history.rings.values()
    ]


def _read_json(path: Path) -> object:
    from vyrectl.files.json_text import parse_json
    from vyrectl.files.whole import read_whole

    try:
        return parse_json(read_whole(path))
    except ValueError as error:
        raise InvalidInputError(f"it does not parse: {error}", where=str(path)) from None

"""What `snapshot --since` compares with: a saved snapshot, read and checked, and its place in a new answer.

Full answers are those of `snapshot_records`. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vyrectl.cli.snapshot_records import Full, Record
from vyrectl.cli.wrong_kind import telling_kind
from vyrectl.errors import InvalidInputError
from vyrectl.files.whole import read_stdin
from vyrectl.policy.document import checked_fields
from vyrectl.ring.kinds import FileKind
from vyrectl.telemetry.delta import COMPARED, compare
from vyrectl.telemetry.history import parse_timestamp, read_tail, records_backwards
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS

SCHEMA = "vyrectl.snapshot/1"
COUNT_BITS = 64
"""Width of what a history keeps beside the eight fields."""

Counts = Mapping[str, int]


class Baseline(NamedTuple):
    """An earlier snapshot.

    Attributes:
        seconds: When it was taken, on the clock of the answers to compare; None when it does not say.
        total: The counts of the ring, or of all rings together.
        rings: Counts by the ring's name, as far as they are known.
        drained: DONE_COUNT of the control buffer that it was taken with, if it was.
    """

    seconds: float | None
    total: Counts
    rings: Mapping[str, Counts]
    drained: int | None = None


def read_baseline(path: Path) -> Baseline:
    """Read what `snapshot --json` or `--append` wrote; of a history the last line that has counts.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It is no snapshot, or holds bad values.
    """
    name = str(path)
    found = records_backwards(read_stdin() if name == "-" else read_tail(path))
    record = next((one for one in found if "error" not in one and one.get("sum", one) is not None), None)
    if record is None or record.get("schema", SCHEMA) != SCHEMA:
        with telling_kind(path, FileKind.SNAPSHOT):
            raise InvalidInputError(
                "this is no snapshot", fix="Give what `snapshot --json` or `snapshot --append` wrote"
            )
    rings = record["rings"] if isinstance(record.get("rings"), list) else [record]
    return Baseline(
        seconds=parse_timestamp(record.get("timestamp")),
        total=_counts(record.get("sum", record), name),
        rings={str(one["ring"]): _counts(one, name) for one in rings if _is_ring(one)},
        drained=_drained(record, name),
    )


def baseline_of(full: Full, seconds: float) -> Baseline | None:
    """A full answer as what the next one is compared with; None when no ring could be read.

    Args:
        full: A full answer: `rings` and `sum`.
        seconds: When it was taken.
    """
    if full["sum"] is None:
        return None
    rings = {one["ring"]: one for one in full["rings"] if _is_ring(one)}
    return Baseline(seconds, full["sum"], rings, full["sum"].get("runtime", {}).get("drained_slots"))


def put_since(full: Full, baseline: Baseline, seconds: float, *, restarts: bool = False) -> None:
    """Put `since` into the sum of a full answer and into each ring that the baseline knows.

    The sum of several rings is left out where the baseline names other rings: their coming and going would look
    like work.

    Args:
        full: The answer; changed.
        baseline: What to compare with.
        seconds: When this answer was taken, on the baseline's clock; where that went back, no rates are told.
        restarts: A DONE_COUNT that went back is a new launch, about which the watchdog says nothing.

    Raises:
        InvalidInputError: DONE_COUNT went back, and that is no restart.
    """
    passed = None if baseline.seconds is None or seconds < baseline.seconds else seconds - baseline.seconds
    rings = [one for one in full["rings"] if _is_ring(one)]
    same = sorted(baseline.rings) == sorted(one["ring"] for one in rings)
    if same or len(full["rings"]) == 1 or not baseline.rings:
        _compare(full["sum"], baseline.total, passed)
    runtime = None if full["sum"] is None else full["sum"].get("runtime")
    if baseline.drained is not None and runtime is not None:
        from vyrectl.cli.snapshot_runtime import put_watchdog

        if not restarts or runtime["drained_slots"] >= baseline.drained:
            put_watchdog(runtime, baseline.drained)
    for ring in rings:
        if ring is not full["sum"] and ring["ring"] in baseline.rings:
            _compare(ring, baseline.rings[ring["ring"]], passed)


def _compare(record: Record | None, before: Counts, passed: float | None) -> None:
    if record is not None:
        record["since"] = compare(before, record, passed).to_record()


def _is_ring(record: object) -> bool:
    return isinstance(record, dict) and "ring" in record and "error" not in record


def _drained(record: Record, name: str) -> int | None:
    """DONE_COUNT of a snapshot that was taken with a control buffer.

    Raises:
        InvalidInputError: It is no count.
    """
    runtime = record.get("runtime")
    if not isinstance(runtime, dict) or "drained_slots" not in runtime:
        return None
    drained = runtime["drained_slots"]
    if type(drained) is not int or drained < 0:
        raise InvalidInputError(f"drained_slots is {str(drained)[:40]}, not a count", where=name)
    return drained


def _counts(record: object, name: str) -> Counts:
    """The eight fields, and those of `COMPARED` that are there.

    Raises:
        InvalidInputError: A field is missing, no integer, or out of its width.
    """
    if not isinstance(record, dict):
        raise InvalidInputError("the sum of this snapshot is no object", where=name)
    missing = [field for field in SNAPSHOT_WIDTHS.bits if field not in record]
    if missing:
        raise InvalidInputError(f"the snapshot has no {missing[0]}", where=name, fix="Save all of its fields")
    eight = checked_fields({f: record[f] for f in SNAPSHOT_WIDTHS.bits}, SNAPSHOT_WIDTHS, "snapshot", name)
    others = {field: record[field] for field in COMPARED if field not in eight and field in record}
    for field, value in others.items():
        if type(value) is not int or not 0 <= value < 1 << COUNT_BITS:
            raise InvalidInputError(f"{field} is {str(value)[:40]}, not a count", where=name)
    return {**eight, **others}

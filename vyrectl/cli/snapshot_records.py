"""What `snapshot` says about rings, as records: counts, groups, spreads, the oldest tasks, and what changed.

A ring's *full* record also says how many slots it has, how many are Empty and how many Done; `answer` leaves
these out again, because the answer for a ring is the fields of spec 1.7 and nothing that was not asked for. A
*full* answer is `rings`, full records of which some may hold an `error` instead, and `sum`.
Small rings are looked at without numpy. May import no rich.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vyrectl.abi.faults import FAULT
from vyrectl.abi.states import TaskState
from vyrectl.errors import UnknownStateError
from vyrectl.ring.reading import Abi, Readings
from vyrectl.telemetry.snapshot import TaskQueueSnapshot, sum_snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from vyrectl.cli.group_rows import GroupRecord, TableRecord
    from vyrectl.cli.options import Span
    from vyrectl.ring.file import Ring
    from vyrectl.telemetry.crosstab import CrossTable
    from vyrectl.telemetry.snapshot import StateTally

Record = dict[str, Any]
"""A full record or a full answer while it is put together, and as a view takes it apart.

Any: which keys it has is what the user asked for; `vyrectl.cli.snapshot_parts` has the type of each.
"""

Full = Record

GROUPS = {
    "state": "state",
    "priority": "priority",
    "tenant_id": "tenant",
    "op_handle": "op",
    "flags": "flags",
    FAULT: FAULT,
}
"""Columns that `--by` takes, and how the record calls them."""

SPREADS = {"ages": "age_ticks", "requeues": "requeue_count"}
"""Keys of the spreads in a record, and the field that each is about."""

ABOUT = ("slots", "empty_count", "done_count")
"""Keys of a record beside those of the spec."""


class Wanted(NamedTuple):
    """What to say about each ring.

    Attributes:
        groups: Columns to count by.
        spreads: Whether to say how ages and requeues spread.
        oldest: How many of the oldest tasks to list; 0 for no list.
        lenient: Count unknown states apart instead of refusing them.
        control: A control buffer to see the ring with, or None.
        abi: How words 4-15 are to be read.
        oldest_ages: Whether to say how old the oldest open task of each priority and tenant is.
    """

    groups: Sequence[str] = ()
    spreads: bool = False
    oldest: int = 0
    lenient: bool = False
    control: Path | None = None
    abi: Abi = Abi.AUTO
    oldest_ages: bool = False


def parse_groups(text: str) -> list[str]:
    """Fields named by `--by`, in the order given.

    Raises:
        UnknownNameError: None of those that can be counted by.
    """
    if not text:
        return []
    from vyrectl.cli.fields import field_name
    from vyrectl.errors import UnknownNameError

    fields = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        field = field_name(name, extra=(FAULT,), what="group")
        if field not in GROUPS:
            raise UnknownNameError("group", name, tuple(GROUPS.values()))
        fields.append(field)
    return list(dict.fromkeys(fields))


def open_for_snapshot(path: Path, span: Span) -> Ring:
    """Open a ring, or copy it slot by slot while somebody holds it; `-` is standard input.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is no ring.
    """
    from vyrectl.cli.options import check_kind, open_ring
    from vyrectl.files.ring_lock import lock_path_of

    if str(path) != "-" and os.path.lexists(lock_path_of(path)):
        from vyrectl.ring.steady import copy_ring, is_held

        if is_held(path):
            check_kind(path, span)
            return copy_ring(path, offset=span.start, count=span.slots).ring
    return open_ring(path, span)


class Measured(NamedTuple):
    """A ring and what was found in it.

    Attributes:
        ring: The copy that was measured.
        snapshot: Its telemetry.
        tables: One for each field of `Wanted.groups`.
        record: The full record.
        readings: Which slots hold arguments, and so no ages and requeues.
    """

    ring: Ring
    snapshot: TaskQueueSnapshot
    tables: Sequence[CrossTable]
    record: Record
    readings: Readings


def measure(ring: Ring, wanted: Wanted) -> Measured:
    """Everything that is said about one ring.

    Raises:
        UnknownStateError: An unknown state word, unless lenient; the error names the ring.
        SnapshotOverflowError: A sum of spec 1.7 leaves its width.
    """
    tally = ring.tally()
    try:
        snapshot = tally.snapshot(lenient=wanted.lenient)
    except UnknownStateError as error:
        raise error.at(ring.name) from None
    if wanted.abi is Abi.PROTOCOL:
        snapshot = replace(snapshot, total_requeues=0, max_priority_age=0)
    record = {"ring": ring.name, **_about(tally, len(ring)), **snapshot.to_record()}
    readings = _readings(ring, snapshot, wanted)
    if readings.decided or wanted.abi is not Abi.AUTO:
        record["abi"] = readings.to_record()
    if wanted.lenient:
        record["unknown_count"] = tally.unknown
    tables = [_count_by(ring, field) for field in wanted.groups]
    record.update(_groups(tables))
    record.update(_spreads([ring], [readings], wanted))
    if wanted.oldest:
        record["oldest"] = _oldest_rows(ring, wanted.oldest, readings)
    if wanted.oldest_ages:
        record.update(_oldest_ages(ring, readings))
    if wanted.control is not None:
        from vyrectl.cli.snapshot_runtime import runtime_record

        record["runtime"] = runtime_record(wanted.control, tally.counts, tally.unknown, ring.data)
    return Measured(ring, snapshot, tables, record, readings)


def sum_record(measured: Sequence[Measured], wanted: Wanted) -> Record:
    """Several rings taken together; the full record of all.

    Raises:
        SnapshotOverflowError: A sum leaves its width.
    """
    records = [one.record for one in measured]
    record: Record = {name: sum(one[name] for one in records) for name in ABOUT}
    record.update(sum_snapshots([one.snapshot for one in measured]).to_record())
    if wanted.lenient:
        record["unknown_count"] = sum(one["unknown_count"] for one in records)
    if measured:
        record.update(
            _groups([_together(tables) for tables in zip(*(one.tables for one in measured), strict=True)])
        )
    record.update(_spreads([one.ring for one in measured], [one.readings for one in measured], wanted))
    if wanted.oldest:
        rows = [{"ring": one["ring"], **row} for one in records for row in one["oldest"]]
        record["oldest"] = sorted(rows, key=lambda row: -row["age_ticks"])[: wanted.oldest]
    return record


def full_answer(rings: list[Record], read: Sequence[Measured], wanted: Wanted) -> Full:
    """`rings` and `sum`: None without a ring that was read, the record itself where only one was asked for.

    Args:
        rings: One record a ring, full or with an `error`.
        read: What was measured in those that could be read.
        wanted: What their records hold.

    Raises:
        SnapshotOverflowError: A sum leaves its width.
    """
    if not read:
        return {"rings": rings, "sum": None}
    return {"rings": rings, "sum": rings[0] if len(rings) == 1 else sum_record(read, wanted)}


def answer(full: Full) -> Record:
    """What `--json` prints: of one ring its fields, of several `rings` and `sum`; the spec's keys come first."""
    if len(full["rings"]) == 1:
        return _ordered(full["rings"][0])
    return {"rings": [_ordered(one) for one in full["rings"]], "sum": _ordered(full["sum"])}


def line(full: Full, timestamp: str) -> Record:
    """What a history keeps: when, and everything that was found out; of one ring at the top level."""
    head = {"schema": "vyrectl.snapshot/1", "timestamp": timestamp}
    return {**head, **full["rings"][0]} if len(full["rings"]) == 1 else {**head, **full}


def _readings(ring: Ring, snapshot: TaskQueueSnapshot, wanted: Wanted) -> Readings:
    """How words 4-15 were read, where that matters: ages and requeues stand there, and may be arguments."""
    counted = snapshot.total_requeues or snapshot.max_priority_age or wanted.spreads or wanted.oldest
    if not counted:
        return Readings(wanted.abi)
    from vyrectl.cli.readings import ring_readings

    return ring_readings(ring, wanted.abi)


def _ordered(record: Record) -> Record:
    """The same record, with what no spec names behind the rest."""
    beside = ("ring", *ABOUT)
    first = {key: value for key, value in record.items() if key not in beside}
    return {**first, **{key: record[key] for key in beside if key in record}}


def _about(tally: StateTally, slots: int) -> Record:
    return {
        "slots": slots,
        "empty_count": tally.counts[TaskState.EMPTY],
        "done_count": tally.counts[TaskState.DONE],
    }


def _spreads(rings: Sequence[Ring], readings: Sequence[Readings], wanted: Wanted) -> Record:
    if not wanted.spreads:
        return {}
    from vyrectl.telemetry.spread import spread

    data, arguments = [ring.data for ring in rings], [one.argument_ops for one in readings]
    return {key: spread(data, field, arguments).to_record() for key, field in SPREADS.items()}


def _oldest_rows(ring: Ring, most: int, readings: Readings) -> list[Record]:
    from vyrectl.abi.limits import SLOT_BYTES
    from vyrectl.abi.slot import SLOT_STRUCT
    from vyrectl.cli.describe import slot_record
    from vyrectl.telemetry.oldest import oldest

    numbers = oldest(ring.data, most, readings.argument_ops)
    return [
        {"slot": number, **slot_record(SLOT_STRUCT.unpack_from(ring.data, number * SLOT_BYTES))}
        for number in numbers
    ]


def _oldest_ages(ring: Ring, readings: Readings) -> Record:
    from vyrectl.cli.describe import show_word
    from vyrectl.telemetry.oldest import oldest_ages

    fields = {"oldest_by_priority": "priority", "oldest_by_tenant": "tenant_id"}
    ages = {key: oldest_ages(ring.data, field, readings.argument_ops) for key, field in fields.items()}
    return {
        key: {show_word(fields[key], word): age for word, age in found.items()} for key, found in ages.items()
    }


def _count_by(ring: Ring, field: str) -> CrossTable:
    from vyrectl.telemetry.crosstab import count_by

    return count_by(ring.data, field)


def _together(tables: Sequence[CrossTable]) -> CrossTable:
    from vyrectl.telemetry.crosstab import sum_tables

    return sum_tables(tables)


def _groups(tables: Sequence[CrossTable]) -> Record:
    return {"by": {GROUPS[table.field]: _table_record(table) for table in tables}} if tables else {}


def _table_record(table: CrossTable) -> TableRecord:
    from vyrectl.cli.describe import show_word
    from vyrectl.cli.group_rows import GroupRows, group_counts, group_value
    from vyrectl.telemetry.crosstab import ManyGroups

    everything = table.slots
    if isinstance(table.groups, ManyGroups):
        rows: object = GroupRows(table, table.groups)
        return {"groups": cast("Sequence[GroupRecord]", rows), "total": group_counts(table.total, everything)}
    return {
        "groups": [
            {
                "value": group_value(value),
                "name": show_word(table.field, value),
                **group_counts(counts, everything),
            }
            for value, counts in table.groups.items()
        ],
        "total": group_counts(table.total, everything),
    }

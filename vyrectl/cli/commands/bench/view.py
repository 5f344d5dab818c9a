"""Tables of `bench`: tasks, group tasks, memory, start, where a drain's time goes, order, memory beside the ring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from vyrectl.bench.sizes import size_text
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.bench.records import BenchAnswer, MeasureRecord, MemoryRecord

Facts = Mapping[str, Any]
"""A drain's name and size, and what its engine said of itself; Any: each fact has a type of its own."""

Clock = Literal["device_seconds", "wall_seconds"]

TITLES = {
    "tasks": "tasks; share of (a), the one-pass sweep of a ring of the same size",
    "groups": "group tasks; share of (c), one ordinary kernel over the whole buffer",
    "memory": "memory; {ceiling}",
}
LETTERS = {"one-pass sweep": "(a) ", "one enqueue a task": "(b) ", "one ordinary kernel": "(c) "}
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
UNITS = {"bytes": "B/s"}

RATE_COLUMNS = (
    Column("what"),
    Column("size", right=True),
    Column("device", right=True),
    Column("spread", right=True, rank=1),
    Column("share", right=True),
    Column("wall clock", right=True, rank=2),
    Column("wall share", right=True, rank=3),
)
HOW = Column("how", wrap=True, rank=4)
TIME_COLUMNS = (
    Column("what"),
    Column("device", right=True),
    Column("spread", right=True, rank=2),
    Column("wall clock", right=True),
    Column("spread", right=True, rank=1),
    Column("beside", wrap=True),
)
DRAIN_COLUMNS = (
    Column("drain"),
    Column("size", right=True),
    Column("device: index", right=True),
    Column("run", right=True),
    Column("in all", right=True),
    Column("wall: index", right=True, rank=1),
    Column("run", right=True, rank=1),
    Column("between", right=True, rank=1),
    Column("in all", right=True, rank=1),
    Column("passes", right=True, rank=2),
    Column("runs", right=True, rank=2),
    Column("open", right=True, rank=3),
)
ORDER_COLUMNS = (
    Column("slots", right=True),
    Column("overtaken", right=True),
    Column("beyond the guard's share", right=True),
    Column("worst", right=True, rank=1),
    Column("ticket x workers", right=True),
    Column("late", right=True, rank=2),
)


def view(record: BenchAnswer) -> RenderableType:
    """Everything a bench measured."""
    rows = record["measures"]
    tables = [_head(record)]
    for section in ("tasks", "groups", "memory"):
        tables += _rates(section, [row for row in rows if row["section"] == section])
    tables += _times([row for row in rows if row["section"] == "start"])
    tables += _drains(record["where_time_goes"])
    tables += _order(record["overtaken"])
    tables += _beside(record["bytes_beside_ring"])
    return Parts(tables)


def _head(record: BenchAnswer) -> FittedTable:
    device = record["device"]
    rows: list[tuple[str, str]] = [
        ("device", f"{device['name']} ({device['platform']})"),
        (
            "measured",
            f"{count_of(record['repeats'], 'round')} in turn, in {record['seconds']:.0f} s; medians",
        ),
        *(("engine", _geometry(one)) for one in _largest_drain(record["geometry"])),
        *(("skipped", reason) for reason in record["skipped"]),
    ]
    return FittedTable([Column("what"), Column("value", wrap=True)], rows, headed=False)


def _largest_drain(geometry: Sequence[Facts]) -> Sequence[Facts]:
    return [max(geometry, key=lambda one: one["size"])] if geometry else []


def _geometry(facts: Facts) -> str:
    if "workers" not in facts:
        return "-"
    groups = f"{facts['workers']} work-groups of {facts['work_group_size']}, tickets of {facts['ticket']}"
    return f"{groups}, rung {facts['rung']} of the fence ladder"


def _rates(section: str, rows: Sequence[MeasureRecord]) -> list[FittedTable]:
    if not rows:
        return []
    beside = next((row["beside"] for row in rows if row["beside"]), None)
    title = TITLES[section].format(ceiling=f"share of: {beside}")
    columns = (*RATE_COLUMNS, HOW) if any(row["variant"] for row in rows) else RATE_COLUMNS
    return [FittedTable(columns, [_rate_row(row)[: len(columns)] for row in rows], title=title)]


def _rate_row(row: MeasureRecord) -> list[Cell]:
    unit = UNITS.get(row["unit"], f" {row['unit']}/s")
    own_clock: Clock = "device_seconds" if row["device_seconds"] is not None else "wall_seconds"
    return [
        LETTERS.get(row["name"], "") + row["name"],
        size_text(row["size"]),
        _rate(row["device_rate"], unit),
        _spread(row, own_clock),
        _share(row["share"]),
        _rate(row["wall_rate"], unit),
        _share(row["wall_share"]),
        row["variant"],
    ]


def _times(rows: Sequence[MeasureRecord]) -> list[FittedTable]:
    if not rows:
        return []
    cells: list[list[Cell]] = [
        [
            row["name"],
            seconds_text(row["device_seconds"]),
            _spread(row, "device_seconds"),
            seconds_text(row["wall_seconds"]),
            _spread(row, "wall_seconds"),
            f"{1 / row['wall_share']:.1f} x {row['beside']}" if row["wall_share"] else "",
        ]
        for row in rows
    ]
    return [FittedTable(TIME_COLUMNS, cells, title=f"start, with a ring of {rows[0]['size']} slots")]


def _drains(rows: Sequence[Facts]) -> list[FittedTable]:
    if not rows:
        return []
    device = ("index_device_seconds", "run_device_seconds", "device_seconds")
    wall = ("index_wall_seconds", "run_wall_seconds", "between_wall_seconds", "wall_seconds")
    cells: list[list[Cell]] = [
        [
            row["name"],
            size_text(row["size"]),
            *(seconds_text(row[name]) for name in (*device, *wall)),
            *(f"{row[name]:.0f}" for name in ("passes", "runs")),
            seconds_text(row["open_wall_seconds"]),
        ]
        for row in rows
    ]
    title = "where a drain's time goes, on the device and by the wall clock"
    return [FittedTable(DRAIN_COLUMNS, cells, title=title)]


def _order(rows: Sequence[Mapping[str, float]]) -> list[FittedTable]:
    names = ("most", "beyond", "beyond_worst", "bound", "late")
    cells: list[list[Cell]] = [
        [size_text(int(row["size"])), *(f"{row[name]:.0f}" for name in names)] for row in rows
    ]
    title = "order: most tasks of a lower class that went before a task"
    return [FittedTable(ORDER_COLUMNS, cells, title=title)] if rows else []


def _beside(rows: Sequence[MemoryRecord]) -> list[FittedTable]:
    cells: list[list[Cell]] = [
        [
            size_text(row["size"]),
            *map(_each, (row["bytes_a_slot"], row["compact_bytes_a_slot"], row["fast_bytes_a_slot"])),
        ]
        for row in rows
        if row["bytes"] is not None
    ]
    heads = ("slots", "as drained", "--no-fast-index", "--fast-index")
    columns = [Column(head, right=True) for head in heads]
    return [FittedTable(columns, cells, title="device memory beside the ring, bytes a slot")] if cells else []


def _each(size_bytes: float | None) -> str:
    return "-" if size_bytes is None else f"{size_bytes:.1f}"


def _rate(rate: float | None, unit: str) -> str:
    if rate is None:
        return "-"
    size, prefix = next((one for one in PREFIXES if rate >= one[0]), PREFIXES[-1])
    return f"{rate / size:.3g} {prefix}{unit}".replace("  ", " ")


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _spread(row: MeasureRecord, clock: Clock) -> str:
    """How far the quickest and the slowest turn were from the median."""
    middle, least, most = (
        (row["device_seconds"], row["device_seconds_least"], row["device_seconds_most"])
        if clock == "device_seconds"
        else (row["wall_seconds"], row["wall_seconds_least"], row["wall_seconds_most"])
    )
    if not middle or least is None or most is None:
        return ""
    return f"{least / middle - 1:+.0%} {most / middle - 1:+.0%}"


def seconds_text(seconds: float | None) -> str:
    """A time in the unit that suits it."""
    if seconds is None:
        return "-"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"

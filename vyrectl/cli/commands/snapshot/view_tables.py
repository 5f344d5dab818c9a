"""Further tables of `snapshot`: groups against states, how ages and requeues spread, the oldest tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vyrectl.abi.states import TaskState
from vyrectl.cli.describe import show_word
from vyrectl.cli.group_rows import GroupRecord, GroupRows, largest_groups
from vyrectl.cli.snapshot_records import Record
from vyrectl.cli.views.cells import (
    STATE_STYLES,
    Cell,
    Column,
    FittedTable,
    cell_text,
    count_of,
    facts,
    state_cell,
    state_style,
)

GROUP_RANKS = {"done_count": 4, "empty_count": 4, "requeued_count": 3, "yielded_count": 2}
MOST_GROUPS = 24
"""Groups of a table before the smallest are put together; the other formats list all."""

BAR = 32
"""Columns of the longest bar of a histogram."""

SPREADS = {"ages": "age", "requeues": "requeues"}
"""Key of a spread -> heading of its values."""

OLDEST = ("slot", "state", "op_handle", "tenant_id", "priority", "task_id", "age_ticks", "requeue_count")
HEADINGS = {
    "op_handle": "op",
    "tenant_id": "tenant",
    "task_id": "task",
    "age_ticks": "age",
    "requeue_count": "requeues",
}


def extra_tables(full: Record) -> Iterator[FittedTable]:
    """The tables of each ring and of the sum; of several rings, the oldest tasks of all in one."""
    rings, total = full["rings"], full["sum"]
    single = len(rings) == 1
    for ring in rings if single else [*rings, {**(total or {}), "ring": "sum"}]:
        prefix = "" if single else f"{ring['ring']}, "
        if "runtime" in ring:
            yield _runtime(ring["runtime"])
            if ring["runtime"]["classes"]:
                yield _classes(ring["runtime"]["classes"])
        for name, table in ring.get("by", {}).items():
            yield _groups(name, table, prefix)
        for key in SPREADS:
            if key in ring:
                yield _spread(key, ring[key], prefix)
    if total is not None and "oldest" in total:
        yield _oldest(total["oldest"], named=not single)


def _runtime(runtime: Record) -> FittedTable:
    """The runtime's view, and whether it looks stalled when an earlier one is known."""
    occupied = ", ".join(f"{name} {count}" for name, count in runtime["occupancy"].items() if count)
    rows: list[tuple[str, Cell]] = [
        ("occupancy", occupied or "no slots"),
        ("queue depth", f"{runtime['queue_depth']} of {count_of(runtime['total_slots'], 'slot')}"),
        ("idle", f"{runtime['gpu_idle_ppm'] / 10_000:.2f} %"),
        ("drained", f"{runtime['drained_slots']}, {runtime['unreclaimed_done_slots']} still in their slots"),
        ("claims by tenant", _fairness(runtime)),
        ("claims by priority", str(runtime["priority_fairness_total"])),
        ("epoch", str(runtime["epoch"])),
    ]
    if runtime["shutdown"]:
        rows.append(("shutdown", ("asked for", "bold red")))
    if "watchdog" in runtime:
        rows.append(("watchdog", _watchdog(runtime["watchdog"])))
    return facts(rows, title=f"runtime view with {cell_text(runtime['control'])}")


def _classes(classes: Sequence[Record]) -> FittedTable:
    """The class of a slot's partition beside that of word 3, where the runtime's publishers always write Normal."""
    columns = [
        Column("class"),
        *(Column(name, right=True) for name in ("slots", "open by partition", "open by word 3")),
    ]
    rows = [
        (
            one["priority"],
            f"{one['first_slot']}-{one['end_slot'] - 1}" if one["end_slot"] > one["first_slot"] else "none",
            str(one["open_by_partition"]),
            str(one["open_by_word"]),
        )
        for one in classes
    ]
    return FittedTable(
        columns, rows, title="priority classes: the runtime's kernel goes by partition, vyrectl by word 3"
    )


def _fairness(runtime: Record) -> str:
    return f"{runtime['tenant_fairness_total']}, {runtime['tenant_fairness_skew']} between most and least"


def _watchdog(watchdog: Record) -> Cell:
    if watchdog["suspected_stall"]:
        return "suspected stall: work is queued, nothing was drained, no slot is faulted", "bold red"
    return f"{count_of(watchdog['done_delta'], 'slot')} drained since"


def _groups(name: str, table: Record, prefix: str) -> FittedTable:
    groups = _largest(name, table["groups"])
    by_state = name != "state"
    noun = "slots" if name == "state" else "tasks"
    columns = [Column(name), Column(noun, right=True), Column("share", right=True)]
    states = [f"{state.name.lower()}_count" for state in TaskState] + ["unknown_count"]
    shown = [key for key in states if table["total"][key]] if by_state else []
    columns += [Column(key.removesuffix("_count"), right=True, rank=GROUP_RANKS.get(key, 1)) for key in shown]
    rows = [_group_cells(name, group, shown) for group in groups]
    rows.append(_group_cells(name, {"name": "total", **table["total"]}, shown))
    return FittedTable(columns, rows, title=f"{cell_text(prefix)}{noun} by {name}")


def _largest(name: str, groups: Sequence[GroupRecord] | GroupRows) -> list[Record]:
    """The groups to show: tenants and operations largest first, the smallest of very many as one row."""
    few = name in ("state", "priority") and len(groups) <= MOST_GROUPS
    return [dict(group) for group in (groups if few else largest_groups(groups, MOST_GROUPS))]


def _group_cells(name: str, group: Record, shown: Sequence[str]) -> Sequence[Cell]:
    value = group.get("value")
    style = state_style(value) if name == "state" and value is not None else ""
    counts: list[Cell] = [_count_cell(key, group[key]) for key in shown]
    return [(group["name"], style), str(group["slots"]), f"{100 * group['share']:.1f} %", *counts]


def _count_cell(key: str, value: int) -> Cell:
    state = TaskState.__members__.get(key.removesuffix("_count").upper())
    style = state_style(8) if state is None else STATE_STYLES[state]
    return str(value), style if value else ""


def _spread(key: str, record: Record, prefix: str) -> FittedTable:
    title = f"{cell_text(prefix)}{key} of {count_of(record['tasks'], 'open task')}"
    if record["tasks"]:
        title += f": p50 {record['p50']}, p99 {record['p99']}, max {record['max']}"
    most = max((row["tasks"] for row in record["histogram"]), default=0)
    rows = [_bucket_cells(row, most) for row in record["histogram"]]
    columns = [Column(SPREADS[key], right=True), Column("tasks", right=True), Column("", rank=1)]
    return FittedTable(columns, rows, title=title, headed=bool(rows))


def _bucket_cells(row: Record, most: int) -> Sequence[Cell]:
    least, last, tasks = row["least"], row["most"], row["tasks"]
    length = max(1, BAR * tasks // most) if tasks else 0
    return str(least) if least == last else f"{least}-{last}", str(tasks), "#" * length


def _oldest(rows: Sequence[Record], *, named: bool) -> FittedTable:
    keys = ("ring", *OLDEST) if named else OLDEST
    numeric = ("slot", "tenant_id", "task_id", "age_ticks", "requeue_count")
    columns = [Column(HEADINGS.get(key, key), right=key in numeric) for key in keys]
    title = "oldest open tasks" if rows else "no open task"
    return FittedTable(
        columns, [[_cell(key, row[key]) for key in keys] for row in rows], title=title, headed=bool(rows)
    )


def _cell(key: str, value: int | str) -> Cell:
    if isinstance(value, str):
        return value
    return state_cell(value) if key == "state" else show_word(key, value)

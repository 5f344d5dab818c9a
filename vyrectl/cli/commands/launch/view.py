"""Tables of `launch`: how it ended, what was run by op and by priority, what was left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

from vyrectl.abi.outcomes import OUTCOME_STATES, OutcomeWord
from vyrectl.abi.states import PRIORITY_NAMES, TaskState
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import STATE_STYLES, Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Parts, Screenful
from vyrectl.engine.endings import Ending
from vyrectl.errors import Unrunnable
from vyrectl.spread.shares import device_called

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.launching.plan import LaunchPlanRecord, Setting
    from vyrectl.launching.report_record import (
        DebugCounts,
        FaultRecord,
        LaunchRecord,
        OpTurnsRecord,
        PreviewRecord,
        QuotaRecord,
        ShareRecord,
        TraceRecord,
        UnrunnableRecord,
    )
    from vyrectl.launching.transitions import TransitionRecord

SCREEN_LINES = 24
SHOWN_FAULTS = 6
"""Reasons that a table lists."""

VERIFIED = "each task was claimed once at a time, each turn ended once, nothing else changed"
LEFT_ALONE = {
    "running": "Running before the start",
    "paused": "Paused and not due",
    "shut_out": "of a tenant that is not let in or has spent its quota",
    "without_mask": (
        "of tenants 29 and up, which have no mask: the runtime reads the quota table there and lets them run, "
        "a launch here does not"
    ),
    "not_selected": "not selected by --where",
    "unknown": "of an unknown state",
}


def view(record: LaunchRecord) -> RenderableType:
    """How it ended and why tasks faulted; then the rest of the report, on a terminal as far as a screen goes."""
    first = [_summary(record), *_faults(record["faults"])]
    more = [
        ("devices", _devices(record.get("devices", ()))),
        ("ops", [_by_op(record)]),
        ("what was left alone", _left_alone(record["left_alone"])),
        ("quotas", _quotas(record["quotas"])),
        ("plan", _plan(record["plan"])),
        ("priorities", [_by_priority(record)]),
        ("transitions", [_transitions(record["transitions"])]),
    ]
    return Screenful(first, more, SCREEN_LINES)


def view_plan(record: PreviewRecord) -> RenderableType:
    """What would be claimed, class by class."""
    title = f"{record['ring']}: {count_of(record['claimable'], 'task')} would be claimed"
    rows = [(name, str(n)) for name, n in zip(PRIORITY_NAMES, record["by_class"], strict=True)]
    classes = FittedTable([Column("class"), Column("tasks", right=True)], rows, title=title)
    return Parts([classes, *_left_alone(record["left_alone"]), *cannot_run(record["unrunnable"])])


def cannot_run(rows: Sequence[UnrunnableRecord]) -> list[FittedTable]:
    """Tasks that a launch would only fault, and what mends it."""
    lines = [
        (
            f"{found.count}",
            _named(found.op_name, found.op_handle),
            str(found.first_slot),
            _lack(found),
            found.remedy,
        )
        for found in (Unrunnable(**row) for row in rows[:SHOWN_FAULTS])
    ]
    if any(row["handle"] is not None for row in rows[:SHOWN_FAULTS]):
        lines.append(("", "", "", "", "NUMBER=zeros:TYPE:COUNT:OUT.npy for what is written"))
    columns = [
        Column("tasks", right=True),
        Column("op"),
        Column("first slot", right=True),
        Column("cannot run: missing"),
        Column("add", wrap=True),
    ]
    return [FittedTable(columns, lines, title=_listed("would be Faulted", rows))] if rows else []


def _lack(found: Unrunnable) -> str:
    if found.inner is not None:
        return f"operation 0x{found.inner:x} inside"
    return "the operation" if found.handle is None else f"buffer {found.handle}"


def _faults(rows: Sequence[FaultRecord]) -> list[FittedTable]:
    """Why tasks are Faulted."""
    lines = [
        (
            f"{row['count']}",
            row["name"],
            _named(row["op_name"], row["op_handle"]),
            str(row["first_slot"]),
            f"{row['meaning']}; {row['runtime']}" if row["runtime"] else row["meaning"],
        )
        for row in rows[:SHOWN_FAULTS]
    ]
    columns = [
        Column("tasks", right=True),
        Column("fault"),
        Column("op"),
        Column("first slot", right=True),
        Column("meaning", rank=1),
    ]
    return [FittedTable(columns, lines, title=_listed("why tasks faulted", rows))] if rows else []


def _listed(title: str, rows: Sequence[object]) -> str:
    left = len(rows) - SHOWN_FAULTS
    return f"{title} (the {SHOWN_FAULTS} commonest reasons; {left} more: --json)" if left > 0 else title


def _named(name: str | None, number: int) -> str:
    return f"{name} (0x{number:x})" if name else f"0x{number:x}"


_SECONDS: tuple[Literal["busy_seconds", "opening_seconds", "waiting_seconds"], ...] = (
    "busy_seconds",
    "opening_seconds",
    "waiting_seconds",
)


def _devices(rows: Sequence[ShareRecord]) -> list[FittedTable]:
    """What each device did, and what it waited for."""
    lines = [
        (
            device_called(row["device"], row["name"]),
            *map(str, (row["shards"], row["slots"], row["claims"])),
            *(f"{row[name]:.3f}" for name in _SECONDS),
            row["lost"] or "",
        )
        for row in rows
    ]
    numbers = ("shards", "slots", "claims", "busy s", "opening s", "no shard s")
    columns = [
        Column("device", rank=1),
        *(Column(name, right=True) for name in numbers),
        Column("lost", wrap=True),
    ]
    return [FittedTable(columns, lines, title="what each device did")] if rows else []


def _rate(rate: float) -> str:
    """Whole tasks, but of few a second as many figures as tell them from none."""
    return f"{rate:.2g}" if 0 < rate < 9.5 else f"{rate:,.0f}".replace(",", " ")


def _summary(record: LaunchRecord) -> FittedTable:
    rate = record["tasks_per_second"]
    rows: list[tuple[str, str]] = [
        ("ended", Ending(record["ended"]).text),
        ("device", record["device"]),
        ("rounds", str(record["rounds"])),
        ("tasks", _tasks(record)),
        ("claims", str(record["claims"])),
        ("remaining", str(record["remaining"])),
        ("epoch", str(record["epoch"])),
        ("time", _times(record)),
        ("rate", f"{_rate(rate)} tasks/s"),
        *([("debug log", _debug(record["debug"]))] if any(record["debug"].values()) else []),
        *([("verified", VERIFIED)] if record["verified"] else []),
        *(("wrote", path) for path in record["outputs"]),
        *([("trace", _trace(record["trace"]))] if record["trace"] else []),
    ]
    columns = [Column("what"), Column("value", wrap=True)]
    return FittedTable(columns, rows, title=record["ring"], headed=False)


def _tasks(record: LaunchRecord) -> str:
    spawned = f", {record['spawned']} spawned" if record["spawned"] else ""
    return f"{record['indexed']} at the start, {record['resumed']} resumed{spawned}"


def _trace(trace: TraceRecord) -> str:
    dropped = f", {trace['dropped']} dropped because it was full" if trace["dropped"] else ""
    return f"{trace['path']}: {count_of(trace['records'], 'turn')}{dropped}; {trace['clock']}"


def _debug(debug: DebugCounts) -> str:
    dropped = f", {debug['dropped']} dropped because it was full" if debug["dropped"] else ""
    return f"{count_of(debug['records'], 'record')}{dropped}"


def _times(record: LaunchRecord) -> str:
    device = f"{record['device_seconds']:.4f} s on the device, " if record["device_seconds"] else ""
    return f"{device}{record['wall_seconds']:.3f} s in all, {record['build_seconds']:.2f} s to get ready"


def _by_op(record: LaunchRecord) -> FittedTable:
    shown = [name for name in OUTCOME_STATES if record[name]]
    columns = [Column("op"), Column("turns", right=True), *(Column(name, right=True) for name in shown)]
    rows = []
    for op in record["by_op"]:
        turns = sum(op[name] for name in OUTCOME_STATES)
        rows.append([_op_label(op), str(turns), *(_outcome(name, op[name]) for name in shown)])
    total: list[Cell] = ["total", str(record["claims"]), *(_outcome(name, record[name]) for name in shown)]
    return FittedTable(columns, [*rows, total], title="turns by op and how they ended")


def _op_label(op: OpTurnsRecord) -> str:
    if op["op_handle"] is None:
        return "(unknown op)"
    return op["op_name"] or f"0x{op['op_handle']:x}"


def _outcome(name: OutcomeWord, count: int) -> Cell:
    return str(count), STATE_STYLES[OUTCOME_STATES[name]] if count else ""


def _by_priority(record: LaunchRecord) -> FittedTable:
    rows = [(name, str(count)) for name, count in record["by_priority"].items()]
    return FittedTable([Column("priority"), Column("claims", right=True)], rows)


def _transitions(rows: Sequence[TransitionRecord]) -> FittedTable:
    """What followed each state; on the diagonal stand the slots that rested there at the end."""
    counts = {(row["from"], row["to"]): row["count"] for row in rows}
    states = {state.label: STATE_STYLES[state] for state in TaskState}
    sources, targets = ([name for name in states if any(name == pair[i] for pair in counts)] for i in (0, 1))
    columns = [Column("from"), *(Column(name, right=True, rank=1) for name in targets)]
    lines: list[list[Cell]] = [
        [(source, states[source]), *(str(counts.get((source, target), "")) for target in targets)]
        for source in sources
    ]
    return FittedTable(columns, lines, title="which state followed which (or was the last)")


PLAN_LABELS = {
    "execution_mode": "mode",
    "age_priority_work": "aging",
    "dispatch_grid": "work-groups",
    "workgroup_size_x": "work-items of a group",
    "slot_count": "slots",
}


def _plan(plan: LaunchPlanRecord | None) -> list[FittedTable]:
    """Recommendation beside launch, with the reason where they differ."""
    if plan is None:
        return []
    recommendation, launched = plan["recommendation"], cast("Mapping[str, Setting]", plan["launched"])
    recommended = cast("Mapping[str, Setting]", {**recommendation, **recommendation["geometry"]})
    because = {one["what"]: one["because"] for one in plan["differences"]}
    rows = [
        (
            label,
            _setting(recommended[name]),
            _setting(launched[name]),
            because.get(name, "as recommended"),
        )
        for name, label in PLAN_LABELS.items()
    ]
    source = "" if plan["source"] == "auto" else f", from {plain(plan['source'])}"
    columns = [Column("plan"), Column("recommended"), Column("launched"), Column("because", wrap=True)]
    title = f"plan for {count_of(plan['request']['queue_len'], 'task')}: {recommended['topology']}{source}"
    notes = FittedTable([Column("note", wrap=True)], [(note,) for note in plan["notes"]], headed=False)
    return [FittedTable(columns, rows, title=title), *([notes] if plan["notes"] else [])]


def _setting(value: Setting) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return str(value[0])
    return "-" if value is None else str(value)


def _quotas(rows: Sequence[QuotaRecord]) -> list[FittedTable]:
    """Claims of the tenants that were bounded."""
    columns = [Column("tenant", right=True), Column("claims", right=True), Column("quota", right=True)]
    lines = [(str(row["tenant_id"]), str(row["claims"]), str(row["quota"])) for row in rows]
    return [FittedTable(columns, lines)] if rows else []


def _left_alone(counts: Mapping[str, int]) -> list[FittedTable]:
    apart = {**counts, "shut_out": counts["shut_out"] - counts["without_mask"]}
    rows = [(count_of(count, "slot"), LEFT_ALONE[name]) for name, count in apart.items() if count]
    columns = [Column("slots", right=True), Column("why", wrap=True)]
    return [FittedTable(columns, rows, title="left alone", headed=False)] if rows else []

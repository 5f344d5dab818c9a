"""Tables of `snapshot`: one ring's fields below one another, several rings as rows, groups against states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vyrectl.abi.states import TaskState
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import STATE_STYLES, Cell, Column, FittedTable, count_of, state_style
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

SHORT = {
    "ready_count": "ready",
    "paused_count": "paused",
    "yielded_count": "yielded",
    "requeued_count": "requeued",
    "running_count": "running",
    "faulted_count": "faulted",
    "total_requeues": "requeues",
    "max_priority_age": "age",
    "schedulable_count": "schedulable",
    "continuation_pressure": "pressure",
    "unknown_count": "unknown",
}
"""Headings of the table of several rings."""

RANKS = {
    "ready_count": 0,
    "unknown_count": 0,
    "faulted_count": 1,
    "schedulable_count": 0,
    "total_requeues": 2,
    "max_priority_age": 2,
}
GROUP_RANKS = {"done_count": 4, "empty_count": 4, "requeued_count": 3, "yielded_count": 2}
MOST_GROUPS = 24
"""Groups of a table before the smallest are put together; the other formats list all."""


def view(record: Mapping[str, Any]) -> RenderableType:
    """The record of one ring (with `about`) or of several (with `rings`)."""
    parts = [_several(record)] if "rings" in record else [_one(record)]
    for ring in record.get("rings", [record]):
        prefix = f"{ring['ring']}, " if "rings" in record else ""
        parts += [_groups(name, table, prefix) for name, table in ring.get("by", {}).items()]
    return Parts(parts)


def _one(record: Mapping[str, Any]) -> FittedTable:
    about = record["about"]
    title = f"{plain(about['ring'])}: {count_of(about['slots'], 'slot')}"
    title += f", {about['empty']} empty, {about['done']} done"
    rows = [_field_row(name, record[name]) for name in SHORT if name in record]
    return FittedTable([Column("field"), Column("value", right=True)], rows, title=title)


def _field_row(name: str, value: int) -> Sequence[Cell]:
    return name, (str(value), _count_style(name) if value else "")


def _count_style(name: str) -> str:
    state = TaskState.__members__.get(name.removesuffix("_count").upper())
    return state_style(8) if name == "unknown_count" else "" if state is None else STATE_STYLES[state]


def _several(record: Mapping[str, Any]) -> FittedTable:
    names = [name for name in SHORT if name in record["sum"]]
    columns = [Column("ring")] + [Column(SHORT[name], right=True, rank=RANKS.get(name, 3)) for name in names]
    rows = [[ring["ring"], *(_number(name, ring[name]) for name in names)] for ring in record["rings"]]
    rows.append(["sum", *((str(record["sum"][name]), "bold") for name in names)])
    return FittedTable(columns, rows)


def _number(name: str, value: int) -> Cell:
    return str(value), _count_style(name) if value else ""


def _groups(name: str, table: Mapping[str, Any], prefix: str) -> FittedTable:
    groups = _largest(name, table["groups"])
    by_state = name != "state"
    noun = "slots" if name == "state" else "tasks"
    columns = [Column(name), Column(noun, right=True), Column("share", right=True)]
    states = [f"{state.name.lower()}_count" for state in TaskState] + ["unknown_count"]
    shown = [key for key in states if table["total"][key]] if by_state else []
    columns += [Column(key.removesuffix("_count"), right=True, rank=GROUP_RANKS.get(key, 1)) for key in shown]
    rows = [_group_cells(name, group, shown) for group in groups]
    rows.append(_group_cells(name, {"name": "total", **table["total"]}, shown))
    return FittedTable(columns, rows, title=f"{plain(prefix)}{noun} by {name}")


def _largest(name: str, groups: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The groups to show: tenants and operations largest first, the smallest of very many as one row."""
    if name in ("state", "priority") and len(groups) <= MOST_GROUPS:
        return list(groups)
    ordered = sorted(groups, key=lambda group: -group["slots"])
    if len(ordered) <= MOST_GROUPS:
        return ordered
    rest = ordered[MOST_GROUPS:]
    keys = [key for key in rest[0] if key not in ("name", "value")]
    others = {key: sum(group[key] for group in rest) for key in keys}
    return [*ordered[:MOST_GROUPS], {"name": f"{len(rest)} others", **others}]


def _group_cells(name: str, group: Mapping[str, Any], shown: Sequence[str]) -> Sequence[Cell]:
    value = group.get("value")
    style = state_style(value) if name == "state" and value is not None else ""
    counts: list[Cell] = [_number(key, group[key]) for key in shown]
    return [(group["name"], style), str(group["slots"]), f"{100 * group['share']:.1f} %", *counts]

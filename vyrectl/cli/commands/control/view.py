"""Tables of `control`: what a control buffer says, or what an edit changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from vyrectl.abi.control import TENANT_MASKS
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of, facts
from vyrectl.cli.views.parts import Part, Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.control.record import (
        ControlRecord,
        EditAnswer,
        MetricRecord,
        ObservableRecord,
        TenantRecord,
    )

TENANT_COLUMNS = (
    Column("tenant"),
    Column("authorised"),
    Column("quota", right=True),
    Column("claims", right=True),
)
PRIORITY_COLUMNS = (
    Column("priority"),
    Column("first slot", right=True),
    Column("claims", right=True),
)
METRIC_COLUMNS = (Column("opcode", right=True), Column("op"), Column("executions", right=True))
OBSERVABLE_COLUMNS = (
    Column("observable", right=True),
    Column("word", right=True),
    Column("value", right=True),
)
CHANGE_COLUMNS = (
    Column("word", right=True),
    Column("name"),
    Column("old", right=True),
    Column(""),
    Column("new", right=True),
)
SHOWN_OBSERVABLES = 64


def view(record: ControlRecord) -> RenderableType:
    """A control buffer, table by table; those that would be empty are left out."""
    parts: list[Part] = [_facts(record), _tenants(record["tenants"]), _priorities(record)]
    if record["metrics"]:
        parts.append(_metrics(record["metrics"]))
    if record["observables"]:
        parts.append(_observables(record["observables"]))
    return Parts(parts)


def _facts(record: ControlRecord) -> Part:
    shutdown: Cell = (
        ("yes: workers leave at their next iteration", "bold red") if record["shutdown"] else "no"
    )
    rows: list[tuple[str, Cell]] = [
        ("shutdown", shutdown),
        ("done_count", str(record["done_count"])),
        ("epoch", str(record["epoch"])),
        ("starvation", f"{count_of(record['priority_starvation'], 'claim')} in a row at Critical or High"),
    ]
    if record["tenant_base"] != TENANT_MASKS.first:
        rows.append(("tenant_base", (f"{record['tenant_base']}, not {TENANT_MASKS.first}", "bold red")))
    zeros = record["observable_words"] - len(record["observables"])
    rows.append(("observables", f"{record['observable_words']}, {zeros} of them 0"))
    return facts(rows, title=f"{plain(record['control'])}: {count_of(record['words'], 'word')}")


def _tenants(tenants: Sequence[TenantRecord]) -> Part:
    """Tenants that are alike share a row."""

    def alike(tenant: TenantRecord) -> tuple[object, ...]:
        return tenant["mask"], tenant["quota"], tenant["fairness"]

    rows: list[Sequence[Cell]] = []
    for _, group in groupby(tenants, key=alike):
        run = list(group)
        first, last = run[0], run[-1]
        name = str(first["tenant"]) if first is last else f"{first['tenant']}-{last['tenant']}"
        rows.append((name, _authorised(first), str(first["quota"]), str(first["fairness"])))
    return FittedTable(TENANT_COLUMNS, rows, title="tenants")


def _authorised(tenant: TenantRecord) -> Cell:
    if tenant["mask"] is None:
        return "no mask"
    return ("yes", "green") if tenant["authorised"] else ("no", "bold red")


def _priorities(record: ControlRecord) -> Part:
    rows: list[Sequence[Cell]] = [
        (one["name"], str(one["first_slot"]), str(one["fairness"])) for one in record["priorities"]
    ]
    title = f"priorities, {count_of(record['slot_total'], 'slot')} in all"
    return FittedTable(PRIORITY_COLUMNS, rows, title=title)


def _metrics(metrics: Sequence[MetricRecord]) -> Part:
    rows: list[Sequence[Cell]] = [
        (str(one["opcode"]), one["op_name"] or "", str(one["executions"])) for one in metrics
    ]
    return FittedTable(METRIC_COLUMNS, rows, title="metrics")


def _observables(observables: Sequence[ObservableRecord]) -> Part:
    rows: list[Sequence[Cell]] = [
        (str(one["observable"]), str(one["word"]), str(one["value"]))
        for one in observables[:SHOWN_OBSERVABLES]
    ]
    more = len(observables) - len(rows)
    title = "observables" + (f", the first {len(rows)}; --json lists {more} more" if more else "")
    return FittedTable(OBSERVABLE_COLUMNS, rows, title=title)


def change_view(record: EditAnswer) -> RenderableType:
    """What an edit changed, or would change."""
    rows: list[Sequence[Cell]] = [
        (str(one["word"]), one["name"], str(one["old"]), "->", str(one["new"])) for one in record["changes"]
    ]
    return FittedTable(CHANGE_COLUMNS, rows, title=_sentence(record)) if rows else _sentence(record)


def _sentence(record: EditAnswer) -> str:
    count = len(record["changes"])
    if not count:
        return f"{plain(record['control'])}: nothing to change"
    verb = "would change" if record["dry_run"] else "changed"
    kept = f"; the old one is {plain(record['backup'])}" if record["backup"] else ""
    return f"{plain(record['control'])}: {count_of(count, 'word')} {verb}{kept}"

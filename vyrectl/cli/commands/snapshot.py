"""`vyrectl snapshot`: the queue telemetry of one ring or of several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.abi.states import TaskState
from vyrectl.cli.fields import field_name
from vyrectl.cli.options import (
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    OffsetOption,
    QuietOption,
    make_output,
    open_ring,
)
from vyrectl.cli.output import Output
from vyrectl.cli.views.snapshot import view
from vyrectl.errors import UnknownNameError
from vyrectl.telemetry.snapshot import TaskQueueSnapshot, sum_snapshots

if TYPE_CHECKING:
    from vyrectl.ring.file import Ring
    from vyrectl.telemetry.crosstab import CrossTable

GROUPS = {"state": "state", "priority": "priority", "tenant_id": "tenant", "op_handle": "op"}
"""Fields that `--by` takes, and how the record calls them."""


def command(
    rings: Annotated[
        list[Path], typer.Argument(metavar="RING...", help="Ring files, or - for standard input.")
    ],
    *,
    by: Annotated[
        str, typer.Option("--by", metavar="LIST", help="Also count by state, priority, tenant, op.")
    ] = "",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Count unknown states apart instead of refusing them.")
    ] = False,
    offset: OffsetOption = "0",
    count: CountOption = "all",
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Show queue telemetry.

    Counts the slots in each state; Empty and Done slots are not queued and not counted. total_requeues and
    max_priority_age run over every slot. Several rings are shown one by one and summed.

    \b
    Example:
      vyrectl snapshot ring.bin --by priority,tenant
      vyrectl snapshot a.bin b.bin --json
    """
    output = make_output(format_name, as_json, color, quiet=quiet)
    fields = parse_groups(by)
    records = [_ring_record(path, offset, count, fields, lenient=lenient) for path in rings]
    if len(records) == 1:
        _emit_one(output, records[0])
    else:
        _emit_several(output, records, lenient=lenient)


def parse_groups(text: str) -> list[str]:
    """Fields named by `--by`, in the order given.

    Raises:
        UnknownNameError: None of the four that can be counted by.
    """
    fields = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        field = field_name(name, what="group")
        if field not in GROUPS:
            raise UnknownNameError("group", name, tuple(GROUPS.values()))
        fields.append(field)
    return list(dict.fromkeys(fields))


def _ring_record(path: Path, offset: str, count: str, fields: list[str], *, lenient: bool) -> dict[str, Any]:
    from vyrectl.errors import UnknownStateError

    with open_ring(path, offset, count) as ring:
        tally = ring.tally()
        try:
            snapshot = tally.snapshot(lenient=lenient)
        except UnknownStateError as error:
            raise error.at(ring.name) from None
        unknown = {"unknown_count": tally.unknown} if lenient else {}
        return {
            "ring": ring.name,
            "snapshot": snapshot,
            "fields": {**snapshot.to_record(), **unknown},
            "about": {
                "slots": len(ring),
                "empty": tally.counts[TaskState.EMPTY],
                "done": tally.counts[TaskState.DONE],
            },
            "by": _groups_record(ring, fields),
        }


def _groups_record(ring: Ring, fields: list[str]) -> dict[str, Any]:
    if not fields:
        return {}
    from vyrectl.telemetry.crosstab import cross_table

    return {"by": {GROUPS[field]: _table_record(cross_table(ring.slots, field)) for field in fields}}


def _table_record(table: CrossTable) -> dict[str, Any]:
    from vyrectl.cli.describe import show_word

    everything = table.slots
    return {
        "groups": [
            {"value": value, "name": show_word(table.field, value), **_counts(counts, everything)}
            for value, counts in table.groups.items()
        ],
        "total": _counts(table.total, everything),
    }


def _counts(counts: tuple[int, ...], everything: int) -> dict[str, Any]:
    names = [f"{state.name.lower()}_count" for state in TaskState] + ["unknown_count"]
    slots = sum(counts)
    share = slots / everything if everything else 0.0
    return {"slots": slots, "share": round(share, 6), **dict(zip(names, counts, strict=True))}


def _emit_one(output: Output, record: dict[str, Any]) -> None:
    shown = {**record["fields"], **record["by"]}
    about = {"ring": record["ring"], **record["about"]}
    output.emit("snapshot", shown, lambda whole: view({**whole, "about": about}))


def _emit_several(output: Output, records: list[dict[str, Any]], *, lenient: bool) -> None:
    rings = [{"ring": one["ring"], **one["fields"], **one["by"]} for one in records]
    snapshots: list[TaskQueueSnapshot] = [one["snapshot"] for one in records]
    total: dict[str, int] = sum_snapshots(snapshots).to_record()
    if lenient:
        total["unknown_count"] = sum(one["fields"]["unknown_count"] for one in records)
    rows = rings if output.format in ("jsonl", "csv") else None
    output.emit("snapshot", {"rings": rings, "sum": total}, view, rows=rows)

"""Tables of `inspect`: slots as rows, or one slot in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_NAMES
from vyrectl.cli.describe import flag_list, show_word
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, state_cell
from vyrectl.cli.views.decode import words_table
from vyrectl.cli.views.parts import Parts

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = {full: short for short, full in FIELD_ALIASES.items()}
DEFAULT_KEYS = (
    "slot",
    "state",
    "op_handle",
    "tenant_id",
    "priority",
    "task_id",
    "age_ticks",
    "requeue_count",
    "yield_count",
    "flags",
    "continuation_pc",
    "continuation_data",
    "resume_epoch",
    "input_handle",
    "output_handle",
    "param",
    "parent_task_id",
)
"""Columns of the table unless `--columns` names others: all words, the telling ones first."""

_TEXTUAL = ("state", "op_handle", "priority", "flags")


def list_view(keys: Sequence[str] | None) -> Callable[[Mapping[str, Any]], RenderableType]:
    """A view of many slots.

    Args:
        keys: Columns that were asked for, all of which are shown; None for the default ones, as many as fit.
    """
    chosen = keys or DEFAULT_KEYS
    columns = [
        Column(HEADINGS.get(key, key), right=not _is_text(key), rank=0 if keys else max(0, rank - 3))
        for rank, key in enumerate(chosen)
    ]

    def view(record: Mapping[str, Any]) -> RenderableType:
        rows = _CellRows(record["slots"], chosen)
        return FittedTable(columns, rows, hint="see --columns")

    return view


def _is_text(key: str) -> bool:
    return key in _TEXTUAL or key.endswith(("_name", "_names"))


class _CellRows:
    """Rows as cells, made when they are needed: a table may be long."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> None:
        self._rows = rows
        self._keys = keys

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            yield [_cell(key, row) for key in self._keys]


def _cell(key: str, row: Mapping[str, Any]) -> Cell:
    value = row[key]
    if key == "state":
        return state_cell(value)
    if key == "continuation_data" and row.get("fault_name"):
        return row["fault_name"], "red"
    if key == "resume_epoch":
        return "never" if value == NEVER_EPOCH else str(value)
    if key in _TEXTUAL:
        return show_word(key, value)
    if isinstance(value, list):
        return "|".join(value) or "-"
    return "-" if value is None else str(value)


def slot_view(record: Mapping[str, Any]) -> RenderableType:
    """One slot: its words, then what each action would do to it."""
    title = f"{plain(record['ring'])}, slot {record['slot']}"
    words = words_table(record["words"], title=title)
    rows = [_action_cells(row) for row in record["actions"]]
    actions = FittedTable([Column("action"), Column("would change", wrap=True)], rows)
    return Parts([words, actions])


def _action_cells(row: Mapping[str, Any]) -> Sequence[Cell]:
    if not row["allowed"]:
        return (row["action"], "dim"), (f"not allowed: {row['reason']}", "dim")
    return row["action"], ", ".join(_change(change) for change in row["changes"])


def _change(change: Mapping[str, Any]) -> str:
    field, old = change["field"], show_word(change["field"], change["old"])
    if change["argument"] is not None:
        return f"{field} {old} -> --{change['argument']}"
    if field == "flags":
        return " ".join(["flags", *_flag_changes(change["old"], change["new"])])
    return f"{field} {old} -> {show_word(field, change['new'])}"


def _flag_changes(old: int, new: int) -> list[str]:
    return [f"+{name}" for name in flag_list(new & ~old)] + [f"-{name}" for name in flag_list(old & ~new)]


assert set(DEFAULT_KEYS) == {"slot", *FIELD_NAMES}

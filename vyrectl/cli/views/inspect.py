"""Tables of `inspect`: slots as rows, or one slot in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_NAMES
from vyrectl.cli.describe import flag_list, show_word
from vyrectl.cli.output import plain
from vyrectl.cli.readings import TASK_WORDS
from vyrectl.cli.views.cells import Cell, CellRows, Column, FittedTable, cell_text, count_of, state_cell
from vyrectl.cli.views.decode import packed_table, words_table
from vyrectl.cli.views.parts import Parts
from vyrectl.engine.naming import remembered
from vyrectl.protocol.partitions import PARTITION
from vyrectl.ring.reading import Abi

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.slot_records import (
        ActionRow,
        FullSlot,
        GroupsRecord,
        ListedRow,
        ListingRecord,
        RelativeRecord,
        WordChange,
        WrittenRecord,
    )
    from vyrectl.ring.reading import Readings

    ListView = Callable[[ListingRecord], RenderableType]
    GroupView = Callable[[GroupsRecord], RenderableType]

HEADINGS = {**{full: short for short, full in FIELD_ALIASES.items()}, PARTITION: "partition"}
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

TREE_KEYS = (
    "slot",
    "state",
    "op_handle",
    "tenant_id",
    "priority",
    "age_ticks",
    "requeue_count",
    "yield_count",
    "parent_task_id",
)
"""Columns of a tree, before the tree itself."""

MOST_INDENTED = 20
"""Levels of a tree that are drawn by indenting; deeper ones by number."""

MOST_CHILDREN = 24
"""Children of one slot that a table lists."""

RELATIVE_COLUMNS = ("relative", "slot", "state", "op", "task", "age")

_LEFT_OUT: Cell = ("-", "dim")

_TEXTUAL = ("state", "op_handle", "priority", "flags")


def list_view(
    keys: Sequence[str] | None,
    sample: Iterable[ListedRow] | None = None,
    readings: Readings | None = None,
    *,
    partitioned: bool = False,
) -> ListView:
    """A view of many slots.

    Args:
        keys: Columns that were asked for, all of which are shown; None for the default ones, as many as fit.
        sample: Some of the rows, among which each column has its widest value; None for all.
        readings: Which slots hold arguments, so that the default columns leave a task's own words out.
        partitioned: Rows have the class by partition, which goes beside that of word 3.
    """
    chosen = keys or (_with_partition(DEFAULT_KEYS) if partitioned else DEFAULT_KEYS)
    columns = _columns(chosen, fixed=keys is not None)

    def cells(row: ListedRow) -> Sequence[Cell]:
        if keys is None and readings is not None and readings.is_protocol(row["op_handle"]):
            return [_LEFT_OUT if key in TASK_WORDS else _cell(key, row) for key in chosen]
        return [_cell(key, row) for key in chosen]

    def view(record: ListingRecord) -> RenderableType:
        return _table(columns, record["slots"], sample, cells)

    return view


def _with_partition(keys: Sequence[str]) -> Sequence[str]:
    at = keys.index("priority") + 1
    return (*keys[:at], PARTITION, *keys[at:])


def tree_view(keys: Sequence[str] | None, sample: Iterable[ListedRow] | None = None) -> ListView:
    """A view of tasks below their parents, the tree in the last column; ancestors that were not chosen are dim.

    Args:
        keys: Columns that were asked for; None for the default ones, as many as fit.
        sample: As for `list_view`.
    """
    chosen = keys or TREE_KEYS
    columns = [*_columns(chosen, fixed=keys is not None), Column("task")]

    def cells(row: ListedRow) -> Sequence[Cell]:
        line = [*(_cell(key, row) for key in chosen), _branch(row)]
        return line if row.get("matched", True) else [(cell_text(cell), "dim") for cell in line]

    return lambda record: _table(columns, record["slots"], sample, cells)


def group_view(fields: Sequence[str]) -> GroupView:
    """A view of slots counted by some fields."""
    counts = [Column(name, right=True) for name in ("slots", "share", "oldest")]
    columns = [*_columns(fields, fixed=True), *counts]

    def cells(row: ListedRow) -> Sequence[Cell]:
        counted = (str(row["slots"]), f"{100 * row['share']:.1f} %", str(row["oldest"]))
        return [*(_cell(field, row) for field in fields), *counted]

    return lambda record: _table(columns, record["groups"], None, cells)


def file_view(record: WrittenRecord) -> RenderableType:
    """One line about a file that was written."""
    columns = count_of(len(record["columns"]), "column")
    return f"{plain(record['output'])}: {count_of(record['shown'], 'slot')}, {columns}"


def _columns(keys: Sequence[str], *, fixed: bool) -> list[Column]:
    return [
        Column(HEADINGS.get(key, key), right=not _is_text(key), rank=0 if fixed else max(0, rank - 3))
        for rank, key in enumerate(keys)
    ]


def _table(
    columns: Sequence[Column],
    rows: Iterable[ListedRow],
    sample: Iterable[ListedRow] | None,
    cells: Callable[[ListedRow], Sequence[Cell]],
) -> FittedTable:
    measured = None if sample is None else CellRows(sample, cells)
    return FittedTable(columns, CellRows(rows, cells), hint="see --columns", sample=measured)


def _is_text(key: str) -> bool:
    return key in _TEXTUAL or key.endswith(("_name", "_names"))


def _branch(row: ListedRow) -> str:
    """The task's id, further right the deeper it is."""
    depth: int = row.get("depth", 0)
    far = f"[{depth}] " if depth > MOST_INDENTED else ""
    return "  " * min(depth, MOST_INDENTED) + far + str(row["task_id"])


def _cell(key: str, row: ListedRow) -> Cell:
    value = row[key]
    if key in _TEXTUAL:
        return _named_cell(key, value)
    if key == "continuation_data" and row.get("fault_name"):
        return row["fault_name"], "red"
    if key == "resume_epoch":
        return "never" if value == NEVER_EPOCH else str(value)
    if isinstance(value, list):
        return "|".join(value) or "-"
    return "-" if value is None else str(value)


@remembered(1 << 16)
def _named_cell(key: str, word: int) -> Cell:
    """A word that has a name, looked up once."""
    return state_cell(word) if key == "state" else show_word(key, word)


def slot_view(record: FullSlot) -> RenderableType:
    """One slot: its words, then what each action would do to it."""
    title = f"{plain(record['ring'])}, slot {record['slot']}"
    if "partition_name" in record:
        title += f", partition {record['partition_name'] or 'none'}"
    words = words_table(record["words"], title=title)
    rows = [_action_cells(row) for row in record["actions"]]
    actions = FittedTable([Column("action"), Column("would change", wrap=True)], rows)
    return Parts([words, *packed_table(record), actions, *_family(record)])


def _family(record: FullSlot) -> list[FittedTable]:
    """Parents and children; nothing when the task has neither."""
    rows = [_relative_cells("parent", row) for row in record["parents"]]
    if record["parent_task_id"] and not rows and record["reading"] != Abi.PROTOCOL:
        rows.append(("parent", "-", "", "", str(record["parent_task_id"]), "not in this ring"))
    children = record["children"]
    rows += [_relative_cells("child", row) for row in children[:MOST_CHILDREN]]
    columns = [Column(name, right=name in ("slot", "task", "age")) for name in RELATIVE_COLUMNS]
    more = len(children) - MOST_CHILDREN
    note = f" ({count_of(more, 'more child', 'more children')})" if more > 0 else ""
    return [FittedTable(columns, rows, title=f"relatives{note}")] if rows else []


def _relative_cells(relation: str, row: RelativeRecord) -> Sequence[Cell]:
    op = show_word("op_handle", row["op_handle"])
    numbers = (str(row["task_id"]), str(row["age_ticks"]))
    return relation, str(row["slot"]), state_cell(row["state"]), op, *numbers


def _action_cells(row: ActionRow) -> Sequence[Cell]:
    if not row["allowed"]:
        return (row["action"], "dim"), (f"not allowed: {row['reason']}", "dim")
    return row["action"], ", ".join(_change(change) for change in row["changes"])


def _change(change: WordChange) -> str:
    field, old, new = change["field"], show_word(change["field"], change["old"]), change["new"]
    if new is None:
        return f"{field} {old} -> --{change['argument']}"
    if field == "flags":
        return " ".join(["flags", *_flag_changes(change["old"], new)])
    return f"{field} {old} -> {show_word(field, new)}"


def _flag_changes(old: int, new: int) -> list[str]:
    return [f"+{name}" for name in flag_list(new & ~old)] + [f"-{name}" for name in flag_list(old & ~new)]


assert set(DEFAULT_KEYS) == {"slot", *FIELD_NAMES}

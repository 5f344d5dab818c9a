"""The listings of `inspect`: slots as rows, as a tree, counted in groups, or written to a file.

Needs numpy, inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.cli.commands.inspect.rows import (
    ROW_KEYS,
    parse_columns,
    parse_sort,
    slot_rows,
    sort_slots,
    widest_slots,
)
from vyrectl.cli.output import Output
from vyrectl.cli.pager import paged
from vyrectl.cli.views.inspect import file_view, group_view, list_view, tree_view
from vyrectl.dataclass import dataclass
from vyrectl.protocol.partitions import PARTITION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.cli.commands.inspect.options import Arranged, Shown
    from vyrectl.cli.options import Choice, Shortened
    from vyrectl.cli.output import View
    from vyrectl.cli.rows import Rows
    from vyrectl.cli.slot_records import GroupsHead, ListedRecord
    from vyrectl.cli.stdout_file import StdoutFile
    from vyrectl.protocol.partitions import Partitions
    from vyrectl.ring.file import Ring
    from vyrectl.ring.reading import Readings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes:
        choice: Which slots.
        arranged: In which form.
        shortened: How many rows.
        shown: What of each slot.
        file: Parquet or Arrow file to write, or None.
        stdout: Sends it to standard output, should that be asked for.
        partitions: The runtime's classes, for a list of their own beside word 3, or None.
    """

    choice: Choice
    arranged: Arranged
    shortened: Shortened
    shown: Shown
    file: Path | None
    stdout: StdoutFile
    partitions: Partitions | None


def emit_listing(output: Output, ring: Ring, wanted: Wanted, readings: Readings) -> None:
    """Choose the slots, arrange them and write them.

    Args:
        output: Where to.
        ring: An open ring, or a copy of one.
        wanted: What was asked for.
        readings: Which slots hold arguments.

    Raises:
        UsageError: A choice, order, column or limit that does not parse.
        MissingExtraError: The file needs what is not installed.
    """
    asked = wanted.arranged
    columns = parse_columns(wanted.shown.columns or "", partitioned=wanted.partitions is not None)
    order = parse_sort(asked.sort or "") if asked.group is None else []
    whole = wanted.file is not None and wanted.shortened.limit is None
    most = None if whole else wanted.shortened.rows(output)
    paging = wanted.shortened.limit is not None and not wanted.shown.no_pager
    listing = _Listing(
        output, ring, _choose(ring, wanted), columns, order, most, paging, readings, wanted.partitions
    )
    if asked.group is not None:
        _emit_groups(listing, asked.group, asked.sort or "")
    elif asked.tree:
        _emit_tree(listing)
    elif wanted.file is not None:
        _emit_file(listing, wanted.file, wanted.stdout)
    else:
        _emit_many(listing)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What every listing is made from.

    Attributes:
        output: Where it goes.
        ring: An open ring, or a copy of one.
        numbers: Slots that were chosen.
        columns: Columns that were asked for; none for the usual ones.
        order: Fields to sort by.
        most: Most rows, or None.
        paging: A long table may go through the pager.
        readings: Which slots hold arguments.
        partitions: The runtime's classes, or None.
    """

    output: Output
    ring: Ring
    numbers: NDArray[np.int64]
    columns: tuple[str, ...]
    order: list[tuple[str, bool]]
    most: int | None
    paging: bool
    readings: Readings
    partitions: Partitions | None

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a row: all for a table, which picks its own columns."""
        every = ROW_KEYS if self.partitions is None else (*ROW_KEYS, PARTITION)
        return every if self.output.is_table or not self.columns else self.columns

    def sample(self, numbers: NDArray[np.int64]) -> Rows | None:
        """Rows that tell a table how wide its columns are."""
        slots = self.ring.slots
        if not self.output.is_table:
            return None
        every = ROW_KEYS if self.partitions is None else (*ROW_KEYS, PARTITION)
        return slot_rows(slots, widest_slots(slots, numbers), every, self.partitions)

    def sorted(self) -> NDArray[np.int64]:
        """The slots to show, in their order."""
        ordered = sort_slots(self.ring.slots, self.numbers, self.order)
        return ordered[: self.cut(len(ordered))]

    def cut(self, total: int) -> int:
        """How many of `total` rows are shown."""
        return total if self.most is None else min(total, self.most)

    def record(self, total: int) -> ListedRecord:
        """What every record begins with."""
        return {
            "ring": self.ring.name,
            "total": len(self.ring),
            "matched": len(self.numbers),
            "shown": self.cut(total),
        }

    def emit(self, record: ListedRecord, view: View, rows: Rows, key: str) -> None:
        """Write the rows, through the pager where that helps."""
        shown = record["shown"]
        with paged(self.output, shown if self.paging else 0):
            self.output.emit("inspect", record, view, rows=rows, rows_key=key)

    def say_rest(self, shown: int, total: int, noun: str) -> None:
        """Say what was left out, or why there is nothing."""
        if shown < total:
            self.output.talk(f"{shown} of {total} {noun} shown; --limit N or --limit all shows more")
        elif self.output.is_table and len(self.numbers) == 0:
            some = (
                f"none of the {len(self.ring)} slots matches" if len(self.ring) else "the ring has no slots"
            )
            self.output.talk(some)


def _choose(ring: Ring, wanted: Wanted) -> NDArray[np.int64]:
    """The slots asked for; a tree without a choice leaves out the Empty ones, which hold no task."""
    from vyrectl.engine.ops import op_codes
    from vyrectl.ring.select import select

    spec, where = wanted.choice.slots, wanted.choice.where
    if wanted.arranged.tree and spec is where is None:
        where = "state != empty"
    everything = spec is where is None
    return select(ring.slots, spec=spec, where=where, everything=everything, op_codes=op_codes())


def _emit_many(listing: _Listing) -> None:
    shown, total = listing.sorted(), len(listing.numbers)
    rows = slot_rows(listing.ring.slots, shown, listing.keys, listing.partitions)
    view = list_view(
        listing.columns or None,
        listing.sample(shown),
        listing.readings,
        partitioned=listing.partitions is not None,
    )
    listing.emit(listing.record(total), view, rows, "slots")
    listing.say_rest(len(shown), total, "slots")


def _emit_tree(listing: _Listing) -> None:
    import numpy as np

    from vyrectl.cli.commands.inspect.tree import tree_rows
    from vyrectl.ring.family import parent_slots, with_ancestors
    from vyrectl.ring.reading_arrays import protocol_mask

    slots = listing.ring.slots
    siblings = sort_slots(slots, np.arange(len(slots), dtype=np.int64), listing.order)
    parents = parent_slots(slots, protocol_mask(listing.readings, slots["op_handle"]))
    every = with_ancestors(parents, listing.numbers)
    rows = tree_rows(slots, listing.numbers, siblings, parents, listing.keys).first(listing.most)
    record = listing.record(len(every))
    listing.emit(record, tree_view(listing.columns or None, listing.sample(every)), rows, "slots")
    listing.say_rest(record["shown"], len(every), "slots")


def _emit_groups(listing: _Listing, group: str, sort: str) -> None:
    from vyrectl.cli.commands.inspect.groups import group_rows, parse_group_sort, parse_groups, sort_groups
    from vyrectl.ring.groups import group_slots

    fields = parse_groups(group)
    order = parse_group_sort(sort, fields)
    groups = group_slots(listing.ring.slots, listing.numbers, fields, listing.readings)
    total = len(groups.counts)
    rows = group_rows(groups, sort_groups(groups, order)[: listing.cut(total)])
    record: GroupsHead = {**listing.record(total), "by": list(fields), "groups_total": total}
    listing.emit(record, group_view(fields), rows, "groups")
    listing.say_rest(record["shown"], total, "groups")


def _emit_file(listing: _Listing, file: Path, stdout: StdoutFile) -> None:
    from vyrectl.cli.commands.inspect.arrow_file import check_arrow, write_arrow

    check_arrow(file)
    shown, columns = listing.sorted(), listing.columns or ROW_KEYS
    write_arrow(file, listing.ring.slots, shown, columns)
    if stdout.is_used:
        stdout.send()
        return
    record = {**listing.record(len(listing.numbers)), "output": str(file), "columns": list(columns)}
    listing.output.emit("inspect", record, file_view)

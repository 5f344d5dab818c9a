"""Groups of a cross table as rows of a record, made when they are written: a field may have a million values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypedDict, cast

from vyrectl.abi.faults import NO_FAULT
from vyrectl.abi.states import TaskState
from vyrectl.cli.describe import show_word
from vyrectl.cli.rows import Quote, Rows
from vyrectl.shapes import Count, Share, Word
from vyrectl.telemetry.crosstab import CrossTable, ManyGroups

COUNT_NAMES = (*(f"{state.name.lower()}_count" for state in TaskState), "unknown_count")


class CountsRecord(TypedDict):
    """Slots by state, and their share of all."""

    slots: Count
    share: Share
    empty_count: Count
    ready_count: Count
    running_count: Count
    done_count: Count
    paused_count: Count
    yielded_count: Count
    requeued_count: Count
    faulted_count: Count
    unknown_count: Count


class NamedCounts(CountsRecord):
    """Slots under a name, of several groups together."""

    name: str


class GroupRecord(NamedCounts):
    """The slots that have one value; None for tasks that are not Faulted, in a table of faults."""

    value: Word | None


class TableRecord(TypedDict):
    """Slots counted by one of their words."""

    groups: Iterable[GroupRecord]
    total: CountsRecord


def group_value(value: int) -> int | None:
    """What a row calls the value of its group; None of tasks that are not Faulted, in a table of faults."""
    return None if value == NO_FAULT else value


def group_counts(counts: tuple[int, ...], everything: int) -> CountsRecord:
    """What a row says of its slots.

    Args:
        counts: Slots in each state, in the order of the state words, then in unknown states.
        everything: Slots of all groups.
    """
    slots = sum(counts)
    share = slots / everything if everything else 0.0
    named = dict(zip(COUNT_NAMES, counts, strict=True))
    return cast(CountsRecord, {"slots": slots, "share": round(share, 6), **named})


class GroupRows(Rows):
    """A row for each group, in the order of their values.

    Args:
        table: What was counted, and by which field.
        groups: Its groups.
    """

    def __init__(self, table: CrossTable, groups: ManyGroups) -> None:
        self._field, self._groups, self._everything = table.field, groups, table.slots
        super().__init__(("value", "name", "slots", "share", *COUNT_NAMES), self._made)

    def __len__(self) -> int:
        return len(self._groups)

    def largest(self, most: int) -> list[GroupRecord | NamedCounts]:
        """The rows of the largest groups, and one of all others together, which has no value."""
        chosen = self._groups.largest(most)
        rows: list[GroupRecord] = [
            {
                "value": group_value(value),
                "name": show_word(self._field, value),
                **group_counts(counts, self._everything),
            }
            for value, counts in chosen
        ]
        shown = [sum(column) for column in zip(*(counts for _, counts in chosen), strict=True)]
        others = tuple(all_ - some for all_, some in zip(self._groups.total, shown, strict=True))
        rest = f"{len(self) - len(chosen)} others"
        return [*rows, {"name": rest, **group_counts(others, self._everything)}]

    def _made(self, quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        everything = self._everything
        for block in self._groups.blocks():
            yield [
                (
                    quote(None) if value == NO_FAULT else value,
                    quote(show_word(self._field, value)),
                    slots,
                    round(slots / everything, 6),
                    *counts,
                )
                for value, counts in block
                for slots in (sum(counts),)
            ]


def largest_groups(groups: Sequence[GroupRecord] | GroupRows, most: int) -> list[GroupRecord | NamedCounts]:
    """The largest groups of a table, largest first; where there are more, one row of all others together."""
    if isinstance(groups, GroupRows):
        return [*groups.largest(most)]
    ordered = sorted(groups, key=lambda group: -group["slots"])
    rest = cast(Sequence[Mapping[str, int]], ordered[most:])
    if not rest:
        return [*ordered]
    others = {key: sum(group[key] for group in rest) for key in ("slots", "share", *COUNT_NAMES)}
    return [*ordered[:most], cast(NamedCounts, {"name": f"{len(rest)} others", **others})]

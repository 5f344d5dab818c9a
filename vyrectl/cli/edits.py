"""What `transition`, `set` and `encode --slot` share: choosing slots, counting them aloud, one edit, one record.

Needs numpy, inside functions. Nothing is edited unless slots were chosen: by list, by condition, or by --all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from vyrectl.abi.limits import MAX_SLOTS, U64_MAX
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.edit_record import EditRecord
from vyrectl.cli.output import Output
from vyrectl.cli.rows import Quote, Rows
from vyrectl.cli.views.cells import count_of
from vyrectl.cli.views.edit import edit_view
from vyrectl.dataclass import dataclass
from vyrectl.declared import SAFETY, SLOTS, Every, switch, whole, whole_or_all
from vyrectl.errors import UsageError
from vyrectl.task.lifecycle import TRANSITIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.edit.edit import Edit
    from vyrectl.task.arrays import SlotArray

CHANGE_KEYS = ("slot", "field", "old", "new")
BLOCK_SLOTS = 4096


@dataclass(frozen=True, slots=True)
class Selection:
    """Which slots an edit is for.

    Attributes:
        spec: A list such as `0-15,20`.
        where: A `--where` condition; None for none.
        everything: All slots.
    """

    spec: str | None = None
    where: str | None = None
    everything: bool = False

    @classmethod
    def from_options(cls, slots: list[str], where: str | None, everything: bool) -> Selection:
        """What the arguments and options of an editing command say.

        Raises:
            UsageError: Nothing was chosen, or everything and something else.
        """
        chosen = cls(",".join(slots) or None, where, everything)
        if not (slots or where or everything):
            raise UsageError("no slots were chosen", fix="Name slots (0-15,20), or give --where or --all")
        if everything and (slots or where):
            raise UsageError("--all and a choice of slots exclude each other", fix="Leave one of them out")
        return chosen

    def choose(self, slots: SlotArray) -> NDArray[np.int64]:
        """The slot numbers, sorted.

        Raises:
            UsageError: A slot is past the end, or the list does not parse.
            WhereError: The condition is not in the language.
        """
        from vyrectl.engine.ops import op_codes
        from vyrectl.ring.select import select

        return select(
            slots, spec=self.spec, where=self.where, everything=self.everything, op_codes=op_codes()
        )


class SpanKeywords(TypedDict):
    """What `vyrectl.edit.write.edit_ring` and its relatives take of a span."""

    offset: int
    count: int | None
    force: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a file is the ring that is edited, and whether it must look like one."""

    offset: int = whole(
        0,
        "--offset",
        says="Where the ring starts inside a larger dump.",
        metavar="BYTES",
        most=U64_MAX,
        typed=0,
        group=SLOTS,
    )
    count: int | Every = whole_or_all(
        Every.ALL,
        "--count",
        says="How many slots from there; all by default.",
        metavar="N",
        most=MAX_SLOTS,
        typed="all",
        group=SLOTS,
    )
    force: bool = switch(
        False,
        "--force",
        says="Go on with what does not look like a ring, and change words that are arguments.",
        group=SAFETY,
    )

    def options(self) -> SpanKeywords:
        """What `vyrectl.edit.write.edit_ring` and its relatives take."""
        slots = None if self.count is Every.ALL else self.count
        return {"offset": self.offset, "count": slots, "force": self.force}


@dataclass(frozen=True, slots=True)
class EditOptions:
    """How an edit is carried out and shown.

    Attributes:
        command: The command's name.
        doing: The action in a word, for messages.
        limit: Most changes listed by a dry run, or None.
        backup: Keep the old ring.
        dry_run: Change nothing.
        part: Which part of the file is the ring.
    """

    command: str
    doing: str
    limit: int | None = None
    backup: bool = False
    dry_run: bool = False
    part: Part = Part()


def run_edit(
    output: Output,
    ring: Path,
    selection: Selection,
    plan: Callable[[SlotArray, NDArray[np.int64]], Edit],
    options: EditOptions,
) -> None:
    """Choose slots, say how many, edit them all or none, and show what changed.

    Raises:
        UsageError: The ring is standard input, or the choice is at fault.
        VyrectlError: What `plan` or the file raises; the ring's bytes stay.
    """
    from vyrectl.edit.write import edit_ring

    if str(ring) == "-":
        raise UsageError("standard input cannot be edited", fix="Name a ring file")
    total = 0

    def choose_and_plan(slots: SlotArray) -> Edit:
        nonlocal total
        total = len(slots)
        numbers = selection.choose(slots)
        output.talk(f"{options.doing}: {len(numbers)} of {count_of(total, 'slot')}")
        tell_order(output, selection.where)
        return plan(slots, numbers)

    edit = edit_ring(
        ring,
        choose_and_plan,
        backup=options.backup,
        dry_run=options.dry_run,
        role=options.command,
        **options.part.options(),
    )
    _emit(output, ring, edit, total, options)


def tell_order(output: Output, where: str | None) -> None:
    """Say what a condition's comparisons by order with names go by: `priority > high` is easily taken for urgency."""
    if not where:
        return
    from vyrectl.engine.ops import op_codes
    from vyrectl.ring.where import compile_where

    for note in compile_where(where, op_codes()).ordered:
        output.talk(f"note: {note}")


def plan_action(slots: SlotArray, numbers: NDArray[np.int64], action: str, given: Mapping[str, int]) -> Edit:
    """A lifecycle action; words of arguments that were not given stay as each slot has them.

    Args:
        slots: The whole ring, `SLOT_DTYPE`; not changed.
        numbers: Slots to change.
        action: A key of the lifecycle table.
        given: Arguments by their names in that table.

    Raises:
        LifecycleError: A slot that may not take the action.
    """
    from vyrectl.edit.arguments import ARGUMENT_WORDS, guarded
    from vyrectl.edit.edit import plan_transition

    kept = {name: field for name, field in TRANSITIONS[action].arguments.items() if name not in given}
    edit = plan_transition(slots, numbers, action, **dict.fromkeys(kept, 0), **given)
    assert edit.again is not None
    plain = edit.again

    def keep(before: SlotArray, after: SlotArray) -> SlotArray:
        for field in kept.values():
            after[field] = before[field]
        return after

    keep(edit.before, edit.after)
    edit = replace(edit, again=lambda before, which: keep(before, plain(before, which)))
    return guarded(edit, slots, ARGUMENT_WORDS, action)


def _emit(output: Output, ring: Path, edit: Edit, total: int, options: EditOptions) -> None:
    changes = edit.changes()
    record: EditRecord = {
        "ring": str(ring),
        "action": options.doing,
        "total": total,
        "selected": len(edit),
        "slots_changed": len(changes),
        "words_changed": _count_words(changes),
        "dry_run": options.dry_run,
        "backup": edit.backup,
    }
    if not options.dry_run:
        output.emit(options.command, record, edit_view)
        return
    rows = _change_rows(changes)
    if output.is_table or options.limit is not None:
        rows = rows.first(options.limit)
    output.emit(options.command, record, edit_view, rows=rows, rows_key="changes")
    words = sum(record["words_changed"].values())
    if options.limit is not None and words > options.limit:
        output.talk(f"{options.limit} of {words} changed words listed; --limit N or --limit all lists more")


def _count_words(changes: Edit) -> dict[str, int]:
    """How many slots change each word; words that no slot changes are left out."""
    counts = {name: int((changes.before[name] != changes.after[name]).sum()) for name in FIELD_NAMES}
    return {name: count for name, count in counts.items() if count}


def _change_rows(changes: Edit) -> Rows:
    """One row for every word that changes, slot by slot."""

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        names = [quote(name) for name in FIELD_NAMES]
        for start in range(0, len(changes), BLOCK_SLOTS):
            part = slice(start, start + BLOCK_SLOTS)
            numbers = changes.numbers[part].tolist()
            pairs = zip(numbers, changes.before[part].tolist(), changes.after[part].tolist(), strict=True)
            yield [
                (number, name, old, new)
                for number, before, after in pairs
                for name, old, new in zip(names, before, after, strict=True)
                if old != new
            ]

    return Rows(CHANGE_KEYS, blocks)

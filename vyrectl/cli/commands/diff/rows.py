"""What `diff` says about two rings, as a record and rows. Needs numpy, inside functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.abi.states import TaskState
from vyrectl.cli.rows import Quote, Rows

if TYPE_CHECKING:
    from vyrectl.cli.commands.diff.record import DiffRecord, MovementRow
    from vyrectl.ring.diff import Movement, RingDiff
    from vyrectl.ring.file import Ring

ROW_KEYS = ("slot", "change", "legal", "actions", "reason", "changes")
BLOCK_SLOTS = 1024

_Words = tuple[int, ...]


def diff_record(before: Ring, after: Ring, diff: RingDiff) -> DiffRecord:
    """Everything but the slots one by one."""
    legal = int(diff.legal.sum())
    return {
        "before": before.name,
        "after": after.name,
        "equal": diff.is_equal,
        "slots_before": diff.total_before,
        "slots_after": diff.total_after,
        "changed": len(diff) - diff.added - diff.removed,
        "added": diff.added,
        "removed": diff.removed,
        "illegal": len(diff) - legal,
        "words_changed": diff.changed_words(),
        "movements": [_movement_row(one) for one in diff.movements()],
        "snapshots": {"before": _telemetry(before), "after": _telemetry(after)},
    }


def diff_rows(diff: RingDiff) -> Rows:
    """One row for each slot that differs.

    Its `changes` are the words that differ, by name, each as the pair of its values; of a slot that only one
    ring has, the other values are 0.
    """

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        heads = _heads(diff, quote)
        for start in range(0, len(diff), BLOCK_SLOTS):
            part = slice(start, start + BLOCK_SLOTS)
            columns = (diff.numbers[part], diff.which[part], diff.before[part], diff.after[part])
            yield [
                (number, *heads[_change(diff, number)][which], quote(_changes(old, new)))
                for number, which, old, new in zip(*(column.tolist() for column in columns), strict=True)
            ]

    return Rows(ROW_KEYS, blocks)


def steps_text(actions: Sequence[str], yields: int, requeues: int) -> str:
    """Steps in words, with how often a yield or requeue was taken: `yield x3, complete`.

    Args:
        actions: The steps; the last yield and the last requeue stand for all further ones.
        yields: How often it yielded in all.
        requeues: How often it was requeued in all.
    """
    left = {"yield": yields - actions.count("yield") + 1, "requeue": requeues - actions.count("requeue") + 1}
    words = []
    for action in reversed(actions):
        times = left.pop(action, 1)
        words.append(action if times <= 1 else f"{action} x{times}")
    return ", ".join(reversed(words))


def _heads(diff: RingDiff, quote: Quote) -> dict[str, list[tuple[object, ...]]]:
    """What a row says after its slot, by the kind of change and the explanation."""
    return {
        change: [
            (quote(change), quote(None), quote([]), quote(None))
            if change == "removed"
            else (quote(change), quote(one.legal), quote(list(one.actions)), quote(one.reason))
            for one in diff.explanations
        ]
        for change in ("changed", "added", "removed")
    }


def _change(diff: RingDiff, number: int) -> str:
    if number < diff.common:
        return "changed"
    return "added" if diff.added else "removed"


def _changes(before: _Words, after: _Words) -> dict[str, list[int]]:
    return {name: [old, new] for name, old, new in zip(FIELD_NAMES, before, after, strict=True) if old != new}


def _movement_row(movement: Movement) -> MovementRow:
    return {
        "from": movement.before,
        "from_name": _label(movement.before),
        "to": movement.after,
        "to_name": _label(movement.after),
        "slots": movement.slots,
        "legal": movement.explanation.legal,
        "actions": list(movement.explanation.actions),
        "reason": movement.explanation.reason,
        "yields": movement.yields,
        "requeues": movement.requeues,
    }


def _label(state: TaskState | None) -> str:
    return "unknown" if state is None else state.label


def _telemetry(ring: Ring) -> dict[str, int]:
    """The eight fields with unknown states counted apart, and the counts that a snapshot leaves out."""
    from dataclasses import asdict

    tally = ring.tally()
    left_out = {
        "done_count": tally.counts[TaskState.DONE],
        "empty_count": tally.counts[TaskState.EMPTY],
        "unknown_count": tally.unknown,
    }
    return {**asdict(tally.snapshot(lenient=True)), **left_out}


assert FIELD_INDEX["state"] == 0

"""What a slot's words mean, in words: the records behind `decode`, `inspect --slot` and the name columns.

Everything is looked up in `abi`, in the lifecycle table and in the registry of operations; nothing about the
wire is written down here a second time. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from vyrectl.abi.faults import FAULT, NO_FAULT, fault_meaning, fault_name
from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.opcodes import is_system_opcode, window_name
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES, FIELDS, PAYLOAD_FIRST, Field
from vyrectl.abi.states import (
    KNOWN_FLAGS,
    PROTOCOL_STATE_NAMES,
    SCHEDULABLE,
    STATE_MEANINGS,
    TaskFlag,
    TaskState,
    known_state,
    priority_name,
    state_name,
)
from vyrectl.cli.payload import payload_meaning
from vyrectl.cli.slot_records import ARGUMENT_NAMES, ActionRow, SlotRecord, SlotWords, WordChange, WordRow
from vyrectl.engine.naming import remembered
from vyrectl.errors import LifecycleError
from vyrectl.task.lifecycle import TRANSITIONS, Transition, apply_words

Words = Sequence[int]

MEANINGS_KEPT = 4096
"""Meanings of values that are remembered: a ring repeats its states, operations and flags."""


def flag_list(word: int) -> list[str]:
    """The set flags by name; bits without one as a hexadecimal rest."""
    rest = word & ~KNOWN_FLAGS
    return [str(flag.name) for flag in TaskFlag if word & flag] + ([f"0x{rest:x}"] if rest else [])


def op_label(code: int) -> str | None:
    """Name of an operation that has one (see `vyrectl.engine.naming`), or its tenant and number in the tenant's window.

    None for any other.
    """
    from vyrectl.engine.ops import op_name

    return op_name(code) or window_name(code)


def fault_label(state: int, code: int) -> str | None:
    """Name of the fault in a Faulted slot; None in any other."""
    return fault_name(code) if state == TaskState.FAULTED else None


def slot_record(words: Words, *, arguments: bool = False) -> SlotRecord:
    """The 16 words under their names, and the names of those that have one.

    Args:
        words: The slot's 16 words.
        arguments: Words 4-15 are arguments and no task's, so that no flag is set there.
    """
    return {
        **cast(SlotWords, dict(zip(FIELD_NAMES, words, strict=True))),
        "state_name": state_name(words[0]),
        "priority_name": priority_name(words[FIELD_INDEX["priority"]]),
        "op_name": op_label(words[FIELD_INDEX["op_handle"]]),
        "flag_names": [] if arguments else flag_list(words[FIELD_INDEX["flags"]]),
        "fault_name": fault_label(words[0], words[FIELD_INDEX["continuation_data"]]),
        "is_schedulable": known_state(words[0]) in SCHEDULABLE,
    }


def word_rows(words: Words, *, arguments: bool = False) -> list[WordRow]:
    """One row for each word: its index, name, value, hexadecimal and meaning.

    Args:
        words: The slot's 16 words.
        arguments: Words 4-15 are arguments and no task's.
    """
    return [
        {
            "word": field.index,
            "name": argument_name(field) if arguments and field.index >= PAYLOAD_FIRST else field.name,
            "value": words[field.index],
            "hex": f"0x{words[field.index]:08x}",
            "meaning": word_meaning(field, words, arguments=arguments),
        }
        for field in FIELDS
    ]


def argument_name(field: Field) -> str:
    """`arg0` to `arg11` for words 4 to 15."""
    return ARGUMENT_NAMES[field.index - PAYLOAD_FIRST]


def word_meaning(field: Field, words: Words, *, arguments: bool = False) -> str:
    """What one word says, given the others (continuation_data is a fault code once the task is Faulted)."""
    value = words[field.index]
    if arguments and field.index >= PAYLOAD_FIRST and payload_meaning(field.index, words) is None:
        stale = ", or stale" if field.index > FIELD_INDEX["param"] else ""
        return f"argument {field.index - PAYLOAD_FIRST}{stale}"
    if field.name == "continuation_data" and words[0] == TaskState.FAULTED:
        return f"fault {fault_name(value)}: {fault_meaning(value)}"
    told = payload_meaning(field.index, words)
    if told is not None:
        return told
    if field.kind == "counter" and value == U32_MAX:
        return f"{field.meaning}; at its end, cannot rise"
    if field.kind == "epoch" and value == NEVER_EPOCH:
        return "never; waits for an explicit resume"
    return _value_meaning(field, value)


@remembered(MEANINGS_KEPT)
def _value_meaning(field: Field, value: int) -> str:
    special = _MEANINGS.get(field.kind)
    return field.meaning if special is None else special(value)


def _state_meaning(word: int) -> str:
    state = known_state(word)
    if state is None:
        return f"{state_name(word)}: no state of the wire"
    return f"{state.label} ({PROTOCOL_STATE_NAMES[state]}): {STATE_MEANINGS[state]}"


def _op_meaning(code: int) -> str:
    from vyrectl.engine.ops import op_doc

    name = op_label(code)
    if name is not None:
        return f"{name}: {op_doc(code)}"
    kept = (
        "kept by the wire, without a meaning" if is_system_opcode(code) else "an operation of the user's own"
    )
    return f"unknown({code}): {kept}"


def _flags_meaning(word: int) -> str:
    return "|".join(flag_list(word)) or "none"


_MEANINGS: dict[str, Callable[[int], str]] = {
    "state": _state_meaning,
    "op": _op_meaning,
    "priority": priority_name,
    "flags": _flags_meaning,
}


def action_rows(words: Words, *, arguments: bool = False) -> list[ActionRow]:
    """What each lifecycle action would do to this slot (spec 1.6).

    Args:
        words: The slot's 16 words.
        arguments: Words 4-15 are arguments and no task's, so that only what leaves them alone is an action of it.

    Returns:
        One row an action: `action`, `allowed`, `reason` when not, the `arguments` it takes, and `changes` as
        rows of `field`, `old`, `new`, `argument`; where an argument decides, `new` is None.
    """
    rows = [_action_row(row, words) for row in TRANSITIONS.values()]
    return [_sparing_arguments(row) for row in rows] if arguments else rows


def _sparing_arguments(row: ActionRow) -> ActionRow:
    """The same, refused where it would write a task's words over arguments."""
    over = [one["field"] for one in row["changes"] if FIELD_INDEX[one["field"]] >= PAYLOAD_FIRST]
    if not over:
        return row
    names = ", ".join(argument_name(FIELDS[FIELD_INDEX[name]]) for name in over)
    return {**row, "allowed": False, "reason": f"it would write over {names}", "changes": []}


def _action_row(row: Transition, words: Words) -> ActionRow:
    after = list(words)
    kept = {argument: words[FIELD_INDEX[field]] for argument, field in row.arguments.items()}
    try:
        apply_words(after, row.action, **kept)
    except LifecycleError as error:
        return {
            "action": row.action,
            "arguments": list(row.arguments),
            "allowed": False,
            "reason": error.what,
            "changes": [],
        }
    given = {field: argument for argument, field in row.arguments.items()}
    changes = [
        _change(field.name, words[field.index], new, given.get(field.name))
        for field, new in zip(FIELDS, after, strict=True)
        if field.name in given or new != words[field.index]
    ]
    return {
        "action": row.action,
        "arguments": list(row.arguments),
        "allowed": True,
        "reason": None,
        "changes": changes,
    }


def _change(field: str, old: int, new: int, argument: str | None) -> WordChange:
    return {"field": field, "old": old, "new": new if argument is None else None, "argument": argument}


def show_word(field: str, value: int) -> str:
    """A word as a table shows it: by name where it has one, else in decimal."""
    if field == "state":
        return state_name(value)
    if field == "priority":
        return priority_name(value)
    if field == "flags":
        return "|".join(flag_list(value)) or "-"
    if field == "op_handle":
        return op_label(value) or f"0x{value:x}"
    if field == FAULT:
        return "none" if value == NO_FAULT else fault_name(value)
    return "never" if field == "resume_epoch" and value == NEVER_EPOCH else str(value)

"""The names that people use for words, field by field: of states, priorities, flags, operations, epochs and faults.

Standard library only. The invariant: a name belongs to a field. `--where` compares it with that field alone, and
whatever else takes a field or a name by name (`--columns`, `--group`, `--by`, `--sort`, `--code`) goes by this table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from vyrectl.abi.faults import ENGINE_FAULTS, FAULT, FIRST_ENGINE_FAULT
from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.slot import FIELD_ALIASES
from vyrectl.abi.states import PROTOCOL_STATE_NAMES, TaskFlag, TaskPriority, TaskState
from vyrectl.ring.tree import COLUMNS

COLUMN_ALIASES: Mapping[str, str] = {
    **FIELD_ALIASES,
    "state_name": "state",
    "priority_name": "priority",
    "op_name": "op_handle",
    "flag_names": "flags",
    "fault_code": FAULT,
}
"""Short names of columns, and those under which rows show the names of their words."""

NOUNS: Mapping[str, str] = {
    "state": "a state",
    "priority": "a priority",
    "flags": "a flag",
    "op_handle": "an operation",
    "resume_epoch": "an epoch",
    FAULT: "a fault code",
    "continuation_data": "a fault code",
}
"""Field with names -> what one of them is called."""

_SHOWN = {"op_handle": "op", "resume_epoch": "epoch"}
_NAMED: Mapping[str, Mapping[str, int]] = {
    "state": {one.name.lower(): int(one) for one in TaskState},
    "priority": {one.name.lower(): int(one) for one in TaskPriority},
    "flags": {str(one.name).lower(): int(one) for one in TaskFlag},
}
"""Field -> the words that mean something, by name; any other word is kept and shown by its number."""

_CODE = re.compile(r"(user|engine|unknown)\(\s*(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})\s*\)", re.ASCII)

FAULT_CODES: Mapping[str, int] = {fault.name: fault.code for fault in ENGINE_FAULTS}


def vocabulary(op_codes: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Field -> its names in lower case -> their words."""
    states = {name.lower(): int(state) for state, name in PROTOCOL_STATE_NAMES.items()}
    return {
        "state": states | {state.name.lower(): int(state) for state in TaskState},
        "priority": {one.name.lower(): int(one) for one in TaskPriority},
        "flags": {str(one.name).lower(): int(one) for one in TaskFlag},
        "op_handle": {name.lower(): code for name, code in op_codes.items()},
        "resume_epoch": {"never": NEVER_EPOCH},
        FAULT: dict(FAULT_CODES),
        "continuation_data": dict(FAULT_CODES),
    }


def column_named(name: str) -> str | None:
    """The column of that name in any case, or None; the number of a slot and why it is Faulted are two."""
    lowered = name.lower()
    column = COLUMN_ALIASES.get(lowered, lowered)
    return column if column in COLUMNS or column == FAULT else None


def shown_column(field: str) -> str:
    """How a column is called in advice."""
    return _SHOWN.get(field, field)


def is_known(field: str, word: int) -> bool:
    """False for a word of a state, a priority or flags that has no name there."""
    named = _NAMED.get(field)
    if named is None:
        return True
    return not word & ~sum(named.values()) if field == "flags" else word in named.values()


def names_in_words(field: str, names: Mapping[str, int]) -> str:
    """The names of a field for a message, with their words where there are few."""
    named = _NAMED.get(field)
    if named is not None:
        return ", ".join(f"{name} {word}" for name, word in named.items())
    return ", ".join(names)


def test_of(field: str, name: str) -> str:
    """The condition that a name alone was probably meant as."""
    return f"flags & {name}" if field == "flags" else f"{shown_column(field)} == {name}"


def numbered_name(text: str) -> tuple[str, int] | None:
    """``user(33)``, ``engine(N)`` or ``unknown(N)`` as its kind and number; None for any other text."""
    match = _CODE.fullmatch(text.strip().lower())
    if match is None:
        return None
    number = int(match[2], 16 if match[2][:2] == "0x" else 10)
    return (match[1], number) if fits(match[1], number) else None


def fits(kind: str, number: int) -> bool:
    """True when such a name can stand for such a number: a user's fault codes end where the engine's begin."""
    if kind == "user":
        return 0 <= number < FIRST_ENGINE_FAULT
    return (FIRST_ENGINE_FAULT if kind == "engine" else 0) <= number <= U32_MAX

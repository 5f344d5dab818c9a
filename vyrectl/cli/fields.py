"""FIELD=VALUE as people type it: fields by full or short name, values as numbers or by name.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from vyrectl.abi.faults import ENGINE_FAULTS
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX, FIELD_NAMES, FIELDS
from vyrectl.abi.states import parse_flags, parse_priority, parse_state
from vyrectl.errors import UnknownNameError, UsageError

_ASSIGNMENT = re.compile(r"(?P<field>[^=/.]*)=(?P<value>.*)", re.DOTALL)
_NUMBER_STARTS = "0123456789+-"


def field_name(text: str, *, extra: Sequence[str] = (), what: str = "field") -> str:
    """The field that a full or a short name means.

    Args:
        text: What was typed.
        extra: Further names that are allowed here, such as `slot`.
        what: How the error calls it.

    Raises:
        UnknownNameError: With the closest name.
    """
    name = text.strip().lower().replace("-", "_")
    name = FIELD_ALIASES.get(name, name)
    if name in FIELD_INDEX or name in extra:
        return name
    raise UnknownNameError(what, text, (*extra, *FIELD_NAMES, *FIELD_ALIASES))


def parse_u32(text: str, what: str) -> int:
    """A decimal or 0x number of 32 bits; underscores may group digits.

    Raises:
        UsageError: It is none; the message names `what` and the bounds.
    """
    try:
        value = int(text.strip(), 0)
    except ValueError:
        fix = f"Give a decimal or 0x number from 0 to {U32_MAX}"
        raise UsageError(f"{what} is {text!r}, which is no number", fix=fix) from None
    if not 0 <= value <= U32_MAX:
        raise UsageError(
            f"{what} is {value}, which no word can hold", fix=f"Give a number from 0 to {U32_MAX}"
        )
    return value


def parse_value(field: str, text: str) -> int:
    """A word's value: a number, or a name where the field has names (state, op, priority, flags).

    Raises:
        UnknownNameError: Nothing bears that name.
        UsageError: No number, or past u32.
    """
    kind = FIELDS[FIELD_INDEX[field]].kind
    if kind == "flags":
        return parse_u32(str(parse_flags(text)), field)
    parser = _PARSERS.get(kind)
    if parser is None or text.strip()[:1] in _NUMBER_STARTS:
        return parse_u32(text, field)
    return parser(text)


def parse_op(text: str) -> int:
    """An operation's id, by its name.

    Raises:
        UnknownNameError: With the closest name.
    """
    from vyrectl.engine.ops import op_codes

    codes = op_codes()
    code = codes.get(text.strip().lower())
    if code is None:
        raise UnknownNameError("op", text, tuple(codes))
    return code


def parse_fault_code(text: str) -> int:
    """A fault code: a number, or the name of one of the engine's.

    Raises:
        UnknownNameError: Nothing bears that name.
        UsageError: No number, or past u32.
    """
    if text.strip()[:1] in _NUMBER_STARTS:
        return parse_u32(text, "--code")
    codes = {fault.name: fault.code for fault in ENGINE_FAULTS}
    if text.strip().lower() not in codes:
        raise UnknownNameError("fault code", text, tuple(codes))
    return codes[text.strip().lower()]


def _parse_epoch(text: str) -> int:
    if text.strip().lower() == "never":
        return U32_MAX
    return parse_u32(text, "resume_epoch")


_PARSERS: dict[str, Callable[[str], int]] = {
    "state": parse_state,
    "priority": parse_priority,
    "op": parse_op,
    "epoch": _parse_epoch,
}


def split_assignments(arguments: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Tell FIELD=VALUE arguments from the others, which keep their order.

    An argument with a `/` or `.` before its `=` is a path.

    Raises:
        UsageError: An unknown field (with the closest), a field given twice, or a bad value.
    """
    values: dict[str, int] = {}
    rest: list[str] = []
    for argument in arguments:
        match = _ASSIGNMENT.fullmatch(argument)
        if match is None:
            rest.append(argument)
        else:
            _assign(values, match["field"], match["value"])
    return values, rest


def parse_fields(texts: Mapping[str, str]) -> dict[str, int]:
    """Values of fields given by option, in the order of the words."""
    return {field: parse_value(field, texts[field]) for field in FIELD_NAMES if field in texts}


def _assign(values: dict[str, int], name: str, text: str) -> None:
    field = field_name(name)
    if field in values:
        raise UsageError(f"{field} is given twice", fix="Give each field one value")
    values[field] = parse_value(field, text)

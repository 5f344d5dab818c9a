"""FIELD=VALUE as people type it: fields by full or short name, values as numbers or by name.

What a value may be is decided in `vyrectl.ring.values`, as for tables; here it becomes a usage error. Standard
library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX, FIELD_NAMES
from vyrectl.errors import InvalidInputError, UnknownNameError, UsageError
from vyrectl.ring.values import FLOAT_FIELD, FloatWord, ValueReader, check_float
from vyrectl.ring.vocabulary import COLUMN_ALIASES, FAULT_CODES, NOUNS, numbered_name, test_of, vocabulary

_SEPARATOR = re.compile(r"[\s;&|/:]+")
_DIRECTIONS = {"desc": "-", "descending": "-", "asc": "", "ascending": ""}
_TEST = re.compile(r"(?P<field>\w+)\s*(?P<sign>[=!<>]+)\s*(?P<value>\w+)")
_ASSIGNMENT = re.compile(r"(?P<field>[^=/.]*)=(?P<value>.*)", re.DOTALL)


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
    if name not in extra:
        name = COLUMN_ALIASES.get(name, name) if extra else FIELD_ALIASES.get(name, name)
    if name in FIELD_INDEX or name in extra:
        return name
    fix = _meant(name, extra) if extra else None
    raise UnknownNameError(what, text, (*extra, *FIELD_NAMES, *FIELD_ALIASES), fix=fix)


def _meant(text: str, extra: Sequence[str]) -> str | None:
    """What was meant where a field's name belongs: several, an order, or a condition; None for a typing slip."""

    def is_field(name: str) -> bool:
        return COLUMN_ALIASES.get(name, name) in FIELD_INDEX or name in extra

    parts = [one for one in _SEPARATOR.split(text) if one]
    if len(parts) > 1 and all(map(is_field, parts)):
        return f"Several stand with commas: {','.join(parts)}"
    if len(parts) == 2 and is_field(parts[0]) and parts[1] in _DIRECTIONS:
        return f"Write {_DIRECTIONS[parts[1]]}{parts[0]}"
    tested = _TEST.fullmatch(text)
    if tested is not None and is_field(tested["field"]):
        sign = "==" if tested["sign"] == "=" else tested["sign"]
        condition = f"{tested['field']} {sign} {tested['value']}"
        return f"A name alone stands here; --where '{condition}' chooses slots"
    homes = [field for field, names in vocabulary({}).items() if text in names]
    if homes:
        return f"{text} is {NOUNS[homes[0]]}: --where '{test_of(homes[0], text)}' chooses such slots"
    return None


def parse_value(field: str, text: str) -> int:
    """A word's value: a number, or a name where the field has names.

    Raises:
        UsageError: An unknown name (with the closest), no number, or past u32.
    """
    from vyrectl.engine.ops import op_codes

    reader = ValueReader(op_codes() if field == "op_handle" else {})
    try:
        return reader.read(FIELD_INDEX[field], text)
    except InvalidInputError as error:
        raise UsageError(error.what, fix=error.fix) from None


def check_floats(words: Mapping[str, int], ops: Iterable[int]) -> None:
    """Refuse a param that was written as a float where one of the operations takes none.

    Args:
        words: Field name -> word, as `parse_value` gives them; an `op_handle` among them goes before `ops`.
        ops: Operations of the tasks that the words are for.

    Raises:
        UsageError: With the spelling that works.
    """
    param = words.get(FLOAT_FIELD, 0)
    if isinstance(param, FloatWord):
        for op in ops if "op_handle" not in words else (words["op_handle"],):
            check_float_argument(FLOAT_FIELD, param, op)


def check_float_argument(what: str, word: int, op: int) -> None:
    """Refuse one word that was written as a float where the operation takes none there.

    Raises:
        UsageError: With the spelling that works.
    """
    from vyrectl.engine.ops import float_codes, op_codes

    try:
        check_float(word, op, float_codes(), op_codes(), what)
    except InvalidInputError as error:
        raise UsageError(error.what, fix=error.fix) from None


def parse_fault_code(text: str) -> int:
    """A fault code: a number, the name of one of the engine's, or ``user(33)`` as answers show a user's.

    Raises:
        UnknownNameError: Nothing bears that name.
        UsageError: No number, or past u32.
    """
    name = text.strip().lower()
    if name in FAULT_CODES:
        return FAULT_CODES[name]
    shown = numbered_name(name)
    if shown is not None:
        return shown[1]
    if name[:1].isalpha():
        raise UnknownNameError("fault code", text, (*FAULT_CODES, "user(N)"))
    return parse_value("continuation_data", text)


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

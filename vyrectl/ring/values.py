"""One word of a task as tables write it: a number, or a name where the field has names.

Standard library only. Nothing is coerced: a boolean, a fraction or a number past u32 is refused. A float32 says that it
is one (``1.5f``) and stands in the param of an operation whose documentation says that it takes one: `check_float`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Mapping

from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.opcodes import window_opcode
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX, FIELD_NAMES, FIELDS
from vyrectl.abi.states import parse_flags, parse_priority, parse_state
from vyrectl.errors import InvalidInputError, UnknownNameError

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)[fF]", re.ASCII)
_LONGEST_FLOAT = 64
FLOAT_FIELD = "param"
"""The field whose word operations may read as a float32."""


class FloatWord(int):
    """The bits of a float32 that was written as one; whoever knows the operation asks `check_float`."""


_RANGE_FIX = f"Give a number from 0 to {U32_MAX}"


class ValueReader:
    """Reads the words of one table."""

    def __init__(self, op_codes: Mapping[str, int]) -> None:
        self._op_codes = {name.lower(): code for name, code in op_codes.items()}
        self._parsers: dict[str, Callable[[str], int]] = {
            "state": parse_state,
            "priority": parse_priority,
            "flags": parse_flags,
            "epoch": _parse_epoch,
            "op": self._parse_op,
        }

    def read(self, index: int, value: object) -> int:
        """The word that a value stands for.

        Args:
            index: Word index of the field.
            value: An int, or a text: decimal, 0x, or a name for state, priority, flags and op_handle;
                ``never`` for resume_epoch, ``1.5f`` for param (a `FloatWord`).

        Raises:
            InvalidInputError: It stands for none; `where` is left to the caller.
        """
        field = FIELDS[index]
        if type(value) is int:
            word = value
        elif not isinstance(value, str):
            what = f"{field.name} is {_short(value)}, which is no whole number"
            raise InvalidInputError(what, fix=_number_fix(field.name, value))
        else:
            word = self._read_text(field.name, field.kind, value.strip())
        if not 0 <= word <= U32_MAX:
            raise InvalidInputError(f"{field.name} is {_short(word)}, which no word can hold", fix=_RANGE_FIX)
        return word

    def _read_text(self, name: str, kind: str, text: str) -> int:
        if _NUMBER.fullmatch(text):
            return int(text, 16 if text[:2] in ("0x", "0X") else 10)
        if name == FLOAT_FIELD and (bits := float_bits(text)) is not None:
            return bits
        parser = self._parsers.get(kind)
        if parser is None or not text or text[0] in "+-.0123456789":
            what = f"{name} is {_short(text)!r}, which is no whole number"
            raise InvalidInputError(what, fix=_number_fix(name, text))
        try:
            return parser(text)
        except UnknownNameError as error:
            raise InvalidInputError(error.what, fix=error.fix) from None

    def _parse_op(self, text: str) -> int:
        code = self._op_codes.get(text.lower(), window_opcode(text))
        if code is None:
            raise UnknownNameError("op", text, tuple(self._op_codes))
        return code


def check_float(
    word: int, op: int, float_ops: Collection[int], op_codes: Mapping[str, int], name: str = FLOAT_FIELD
) -> None:
    """Refuse a word that was written as a float32 where the operation takes none.

    Args:
        word: The word of a task's param.
        op: The task's operation.
        float_ops: Operations whose documentation says that param is a float32 (`vyrectl.engine.ops.float_codes`).
        op_codes: Operation names and their ids, for the error.
        name: How the error calls the word.

    Raises:
        InvalidInputError: With the bits as a number, which any operation takes; `where` is left to the caller.
    """
    if isinstance(word, FloatWord) and op not in float_ops:
        label = next((known for known, code in op_codes.items() if code == op), f"0x{op:x}")
        raise InvalidInputError(
            f"{name} is written as a float, and operation {label} does not say that it takes one",
            fix=f"Write its bits, 0x{word:x}; an operation of yours takes floats where its line of documentation "
            'says "param is a float32" (--ops FILE.cl)',
        )


def float_bits(text: str) -> FloatWord | None:
    """The bits of a float32 that is written as one, ``1.5f``; None for any other text, and for one past its range."""
    match = _FLOAT.fullmatch(text.strip())
    if match is None or len(text) > _LONGEST_FLOAT:
        return None
    try:
        return FloatWord.from_bytes(struct.pack("<f", float(match[1])), "little")
    except OverflowError:
        return None


def float_spelling(value: object) -> str | None:
    """How a fraction is written as a float32, ``2.0`` as ``2.0f``; None for what is no number or past its range."""
    if isinstance(value, bool) or not isinstance(value, str | float):
        return None
    spelt = f"{str(value).strip()}f"
    return spelt if float_bits(spelt) is not None else None


def _number_fix(name: str, value: object) -> str:
    spelt = float_spelling(value) if name == FLOAT_FIELD else None
    if spelt is None:
        return _RANGE_FIX
    quoted = spelt if isinstance(value, str) else f'"{spelt}"'
    return f"{_RANGE_FIX}; a float32 is written {quoted}"


def field_index(name: str) -> int | None:
    """Word index of a field by its full or short name, in any case; None when there is no such field."""
    lowered = name.strip().lower()
    return FIELD_INDEX.get(FIELD_ALIASES.get(lowered, lowered))


def suggest_field(name: str) -> str:
    """What to do about a field that does not exist."""
    from difflib import get_close_matches

    close = get_close_matches(name.strip().lower(), FIELD_NAMES, n=1)
    return f"Did you mean {close[0]!r}?" if close else "Fields are " + ", ".join(FIELD_NAMES)


def _parse_epoch(text: str) -> int:
    if text.lower() != "never":
        raise UnknownNameError("epoch", text, ("never",))
    return NEVER_EPOCH


def _short(value: object) -> str:
    """A value for a message; what only JSON can hold is named, not spelt out."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list | tuple):
        return "a list" if isinstance(value, list) else "an object"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}..."

"""Texts for debug records: a printf text for each format id, filled in from the record. Standard library only.

Formats come from files that nobody vouches for: conversions are those below and no other, a width has two digits at
most, and what a text asks for beyond the record's three arguments is shown as ``?``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.errors import InvalidInputError
from vyrectl.protocol.debug_log import DebugRecord

_CONVERSION = re.compile(
    r"%(?:(?P<flag>[-0]?)(?P<width>[0-9]{0,2})(?P<kind>[udixXf])|(?P<percent>%)|(?P<bad>.?))", re.DOTALL
)

Formats = Mapping[int, str]
"""Format id -> text."""


def parse_formats(table: Mapping[str, object], where: str) -> dict[int, str]:
    """Check a table of formats.

    Args:
        table: Format id, decimal or 0x, -> text. ``%u``, ``%d``, ``%i``, ``%x``, ``%X`` and ``%f`` (a float32's bits)
            take the arguments in order, the third being the word index of the task's slot; ``%%`` is a percent sign.
        where: What errors name.

    Raises:
        InvalidInputError: A key that is no u32, a value that is no text, or another conversion.
    """
    return {_format_id(key, where): _checked(key, text, where) for key, text in table.items()}


def format_record(record: DebugRecord, formats: Formats) -> str | None:
    """The text of a record; None when its format id has none."""
    text = formats.get(record.format_id)
    if text is None:
        return None
    arguments = iter(record.arguments)

    def fill(match: re.Match[str]) -> str:
        if match["percent"]:
            return "%"
        word = next(arguments, None)
        return "?" if word is None else _shown(match["flag"], match["width"], match["kind"], word)

    return _CONVERSION.sub(fill, text)


def _shown(flag: str, width: str, kind: str, word: int) -> str:
    if kind in "di":
        text = str(word - (1 << 32) if word >> 31 else word)
    elif kind == "f":
        text = f"{struct.unpack('<f', word.to_bytes(4, 'little'))[0]:.6g}"
    else:
        text = format(word, {"u": "d"}.get(kind, kind))
    columns = int(width or 0)
    if flag == "-":
        return text.ljust(columns)
    return text.zfill(columns) if flag == "0" else text.rjust(columns)


def _format_id(key: str, where: str) -> int:
    number = parse_whole(key)
    if number is None or not 0 <= number <= U32_MAX:
        raise InvalidInputError(
            f"{key[:40]!r} is no format id", where=where, fix='Write {"7": "tile %u took %u steps"}'
        )
    return number


def _checked(key: str, text: object, where: str) -> str:
    if not isinstance(text, str):
        raise InvalidInputError(f"format {key[:40]} is no text", where=where, fix="Give one text for each id")
    for match in _CONVERSION.finditer(text):
        if match["bad"] is not None:
            raise InvalidInputError(
                f"format {key[:40]} has an unknown conversion at character {match.start() + 1}",
                where=where,
                fix="Use %u, %d, %x, %X, %f or %%, with up to two digits of width",
            )
    return text

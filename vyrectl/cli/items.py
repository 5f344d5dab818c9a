"""`OP:ARG,ARG...` as people type it: what `publish` and `encode --packed` take. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.opcodes import (
    ATOMIC_ADD,
    COMPARE_SWAP,
    LOAD_U32,
    MEMCPY,
    SHIPPED_FIRST,
    SHIPPED_LAST,
    STORE_U32,
    WINDOW_NAME,
)
from vyrectl.abi.slot import WORK_ITEM_FIELDS
from vyrectl.cli.declared import read_number
from vyrectl.cli.fields import check_float_argument, parse_value
from vyrectl.errors import UsageError
from vyrectl.protocol.packed import decode_packed
from vyrectl.ring.values import FLOAT_FIELD, FloatWord, float_bits, float_spelling

if TYPE_CHECKING:
    from vyrectl.cli.output import Output

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+", re.ASCII)
_LEAST = {STORE_U32: 2, ATOMIC_ADD: 2, LOAD_U32: 2, COMPARE_SWAP: 3, MEMCPY: 3}
"""Opcode -> fewest arguments with which it does anything that can have been meant."""
_PARAM = WORK_ITEM_FIELDS.index(FLOAT_FIELD) - 1
"""Place of param among the arguments."""

Item = tuple[int, tuple[int, ...]]
"""Opcode and arguments."""


def parse_item(text: str) -> Item:
    """One operation with its argument words.

    Args:
        text: A name or number, then optionally a colon and numbers with commas between.

    Raises:
        UsageError: An unknown operation, or an argument that is no u32.
    """
    op, arguments = _split(text.strip())
    if not op:
        raise UsageError(f"{text!r} names no operation", fix="Write, for example, store_u32:5,180")
    numbers = [part for part in (arguments or "").split(",") if part.strip()]
    what = f"an argument of {op}"
    code = parse_value("op_handle", op)
    words = tuple(_argument(number, what, place) for place, number in enumerate(numbers))
    _check_floats(code, op, words)
    _check_count(code, op, numbers)
    return code, words


def parse_items(texts: Sequence[str]) -> list[Item]:
    """Several operations, as `parse_item` reads each.

    Raises:
        UsageError: As there; also for numbers that stand where the arguments of a named operation were meant.
    """
    for at, text in enumerate(texts[1:], 1):
        if _NUMBER.fullmatch(text.strip()) and not _NUMBER.fullmatch(texts[at - 1].strip()):
            end = next(
                (i for i, one in enumerate(texts[at:], at) if not _NUMBER.fullmatch(one.strip())), len(texts)
            )
            before, given = texts[at - 1].strip(), [one.strip() for one in texts[at:end]]
            op, arguments = _split(before)
            parse_value("op_handle", op)
            whole = f"{op}:{','.join(given)}" if arguments is None else ",".join((before, *given))
            raise UsageError(
                f"{text} alone is no argument of {op}",
                fix=f"Write {whole}; an operation by its number takes a colon, {text}:",
            )
    return [parse_item(text) for text in texts]


def _split(text: str) -> tuple[str, str | None]:
    """The operation and what stands behind its colon, None without one; `tenant3:5` has a colon of its own."""
    window = WINDOW_NAME.match(text)
    at = 0 if window is None else window.end()
    op, colon, arguments = text[at:].partition(":")
    return text[:at] + op, arguments if colon else None


def _argument(text: str, what: str, place: int) -> int:
    bits = float_bits(text)
    if bits is not None:
        return bits
    try:
        return read_number(text, what)
    except UsageError as error:
        spelt = float_spelling(text) if place == _PARAM else None
        if spelt is not None:
            error.fix = f"{error.fix}; a float32 is written {spelt}"
        raise


def _check_floats(code: int, name: str, words: Sequence[int]) -> None:
    """Refuse a float where the operation takes none: anywhere but in its param.

    Raises:
        UsageError: With the spelling that works.
    """
    for place, word in enumerate(words):
        if place == _PARAM:
            check_float_argument(f"param of {name}", word, code)
        elif isinstance(word, FloatWord):
            raise UsageError(
                f"argument {place + 1} of {name} is written as a float, and none but param may be",
                fix=f"Write its bits, 0x{word:x}",
            )


def _check_count(code: int, name: str, given: Sequence[str]) -> None:
    """Refuse so few arguments that they can't be right.

    Raises:
        UsageError: With the spelling that works.
    """
    least = _LEAST.get(code, 0)
    if SHIPPED_FIRST <= code <= SHIPPED_LAST and given:
        least = len(WORK_ITEM_FIELDS) - 1
    if len(given) < least:
        shown = ",".join((*given, *("N" for _ in range(least - len(given)))))
        order = "input, output, param" if least == len(WORK_ITEM_FIELDS) - 1 else "input, output"
        raise UsageError(
            f"{name} takes {least} arguments or more, and {len(given)} {'is' if len(given) == 1 else 'are'} given",
            fix=f"Write {name}:{shown} ({order})",
        )


def warn_idle(output: Output, payload: Sequence[int]) -> None:
    """Say which inner operations of a packed payload a device leaves out; the wire does not refuse them."""
    from vyrectl.cli.describe import op_label

    for op in decode_packed(payload).ops:
        if op.idle_reason is not None:
            name = op_label(op.opcode) or f"opcode {op.opcode}"
            output.warn(f"inner operation {op.index} ({name}) will not run: {op.idle_reason}")

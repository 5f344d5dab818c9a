"""`OP:ARG,ARG...` as people type it: what `publish` and `encode --packed` take. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.cli.fields import parse_value
from vyrectl.cli.options import parse_number
from vyrectl.errors import UsageError
from vyrectl.protocol.packed import decode_packed

if TYPE_CHECKING:
    from vyrectl.cli.output import Output

Item = tuple[int, tuple[int, ...]]
"""Opcode and arguments."""


def parse_item(text: str) -> Item:
    """One operation with its argument words.

    Args:
        text: A name or number, then optionally a colon and numbers with commas between.

    Raises:
        UsageError: An unknown operation, or an argument that is no u32.
    """
    op, colon, arguments = text.strip().partition(":")
    if not op:
        raise UsageError(f"{text!r} names no operation", fix="Write, for example, store_u32:5,180")
    numbers = [part for part in arguments.split(",") if part.strip()] if colon else []
    what = f"an argument of {op}"
    return parse_value("op_handle", op), tuple(parse_number(number, what) for number in numbers)


def warn_idle(output: Output, payload: Sequence[int]) -> None:
    """Say which inner operations of a packed payload a device leaves out; the wire does not refuse them."""
    from vyrectl.cli.describe import op_label

    for op in decode_packed(payload).ops:
        if op.idle_reason is not None:
            name = op_label(op.opcode) or f"opcode {op.opcode}"
            output.warn(f"inner operation {op.index} ({name}) will not run: {op.idle_reason}")

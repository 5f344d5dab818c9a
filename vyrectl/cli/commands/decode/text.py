"""Slots as people hand them over: hex text with spaces, line ends and 0x, or raw bytes.

Standard library only.
"""

from __future__ import annotations

import re

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.errors import InvalidInputError

_TOKEN = re.compile(rb"(?:0[xX])?([0-9a-fA-F]*)")
_SEPARATORS = b" \t\r\n\v\f,:_"
_TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n\v\f")

HEX_FIX = f"Give {SLOT_BYTES * 2} hex digits for each slot, in memory order"
"""What errors about slot text advise."""


def looks_like_text(data: bytes) -> bool:
    """True when every byte is printable ASCII or white space: hex text, or meant to be it."""
    return _TEXT.issuperset(data)


def parse_hex(text: bytes, where: str) -> bytes:
    """Bytes in memory order from hex digits.

    White space, commas, colons and underscores may stand between bytes; 0x may stand before them.

    Args:
        text: The text, as bytes, so that positions are byte positions.
        where: Named in errors.

    Raises:
        InvalidInputError: Something else than a hex digit, or half a byte; with the byte position, from 0.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(text):
        if text[at] in _SEPARATORS:
            at += 1
            continue
        match = _TOKEN.match(text, at)
        digits = match[1] if match else b""
        end = match.end() if match else at
        if end < len(text) and text[end] not in _SEPARATORS:
            shown = ascii(chr(text[end]))
            raise InvalidInputError(f"byte {end} is {shown}, which is no hex digit", where=where, fix=HEX_FIX)
        if len(digits) % 2:
            raise InvalidInputError(
                f"an odd number of hex digits ({len(digits)}) from byte {end - len(digits)} on",
                where=where,
                fix=HEX_FIX,
            )
        parts.append(digits)
        at = end
    return bytes.fromhex(b"".join(parts).decode("ascii"))

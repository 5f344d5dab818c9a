"""Bits of numbers, as tasks carry them."""

from __future__ import annotations

import struct


def float_bits(value: float) -> int:
    """The u32 bits of a float32, as `param` and argument records want them."""
    return int.from_bytes(struct.pack("<f", value), "little")

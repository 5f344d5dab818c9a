"""Sizes as people write them: 1k, 64k, 1M, 16M, in powers of two. Standard library only."""

from __future__ import annotations

import re

from vyrectl.abi.limits import MAX_SLOTS
from vyrectl.errors import UsageError

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"\s*(\d+)\s*([kmg]?)\s*", re.ASCII | re.IGNORECASE)


def parse_sizes(text: str) -> tuple[int, ...]:
    """Slots of a list such as `1k,64k,1M`, ascending, each once.

    Raises:
        UsageError: A part is no size, or no ring has so many slots.
    """
    sizes = set()
    for part in text.split(","):
        match = _SIZE.fullmatch(part)
        size = int(match[1]) * _UNITS[match[2].lower()] if match else 0
        if not 0 < size <= MAX_SLOTS:
            raise UsageError(f"--sizes: {part!r} is no size of a ring", fix="Write --sizes 1k,64k,1M")
        sizes.add(size)
    return tuple(sorted(sizes))


def size_text(size: int) -> str:
    """The same back: 65536 as 64 k, 1000 as it is."""
    for letter, unit in (("G", 1 << 30), ("M", 1 << 20), ("k", 1 << 10)):
        if size and size % unit == 0:
            return f"{size // unit} {letter}"
    return str(size)

"""Chooses slots: by number (``0-15,20``), by condition (`vyrectl.ring.where`), or all of them.

Imports numpy inside the calls that make arrays. The result is always sorted, without repeats, and inside
the ring.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vyrectl.errors import UsageError
from vyrectl.ring.where import Where, compile_where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

CHUNK_SLOTS = 1 << 15
"""Slots that a condition looks at together; their bytes fit in a second-level cache."""

_NUMBER = r"(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,19})"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-\s*({_NUMBER})\s*)?", re.ASCII)


def parse_slots(spec: str, total: int) -> NDArray[np.int64]:
    """Read a list of slot numbers and ranges, both ends of which belong to them.

    Args:
        spec: For example ``0-15,20``; numbers may be decimal or 0x, blanks are ignored.
        total: Number of slots in the ring.

    Returns:
        Slot numbers, shape (n,), int64, sorted, without repeats.

    Raises:
        UsageError: A part is no number or range, runs backwards, or leaves the ring.
    """
    import numpy as np

    runs = [np.arange(first, last + 1, dtype=np.int64) for first, last in parse_ranges(spec, total)]
    return np.concatenate(runs)


def parse_ranges(spec: str, total: int) -> list[tuple[int, int]]:
    """The list as ranges, first and last slot each, sorted and apart; raises like `parse_slots`."""
    return list(_merge(sorted(_parse_range(part, spec, total) for part in spec.split(","))))


def select(
    slots: SlotArray,
    *,
    spec: str | None = None,
    where: str | None = None,
    everything: bool = False,
    op_codes: Mapping[str, int],
) -> NDArray[np.int64]:
    """Choose slots the way the commands do: by list, by condition (within the list if there is one), or all.

    Args:
        slots: `SLOT_DTYPE`, shape (n,).
        spec: A list for `parse_slots`.
        where: A condition for `compile_where`.
        everything: Every slot; cannot be combined with the other two.
        op_codes: Operation names and their ids.

    Returns:
        Slot numbers, shape (m,), int64, sorted; m may be 0.

    Raises:
        UsageError: Nothing was chosen, or everything and something else.
        WhereError: The condition is not in the language.
    """
    import numpy as np

    if everything and (spec is not None or where is not None):
        raise UsageError("all slots and some of them were asked for", fix="Leave out one of the two")
    if not everything and spec is None and where is None:
        raise UsageError("no slots were chosen", fix="Name slots (0-15,20), or give --where or --all")
    condition = None if where is None else compile_where(where, op_codes)
    numbers = np.arange(len(slots), dtype=np.int64) if spec is None else parse_slots(spec, len(slots))
    return numbers if condition is None else _filter(slots, numbers, condition)


def _filter(slots: SlotArray, numbers: NDArray[np.int64], condition: Where) -> NDArray[np.int64]:
    """The numbered slots that fulfil the condition; chunks without a numbered slot are not looked at."""
    import numpy as np

    found = [numbers[:0]]
    for start in range(0, len(slots), CHUNK_SLOTS):
        low, high = np.searchsorted(numbers, (start, start + CHUNK_SLOTS))
        if low < high:
            mask = condition.mask(slots[start : start + CHUNK_SLOTS], start)
            wanted = numbers[low:high]
            found.append(wanted[mask[wanted - start]])
    return np.concatenate(found)


def _parse_range(part: str, spec: str, total: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(part)
    if match is None:
        what = f"{part.strip()!r} is no slot number or range" if part.strip() else "a slot number is missing"
        raise UsageError(what, where=f"slots {spec[:60]!r}", fix="Write for example 0-15,20")
    first = _integer(match[1])
    last = first if match[2] is None else _integer(match[2])
    if last < first:
        raise UsageError(
            f"the range {part.strip()} runs backwards", where=f"slots {spec[:60]!r}", fix="Swap its ends"
        )
    if last >= total:
        holds = f"Its slots are 0 to {total - 1}" if total else "It is empty"
        raise UsageError(f"slot {last} is past the end of the ring", where=f"slots {spec[:60]!r}", fix=holds)
    return first, last


def _integer(text: str) -> int:
    return int(text, 16 if text[:2] in ("0x", "0X") else 10)


def _merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted ranges with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged

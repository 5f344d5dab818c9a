"""Slots counted by the fields of `--group`, as rows. Needs numpy, inside functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from vyrectl.abi.faults import FAULT, NO_FAULT, fault_name
from vyrectl.abi.states import priority_name, state_name
from vyrectl.cli.describe import flag_list, op_label
from vyrectl.cli.fields import field_name
from vyrectl.cli.rows import Quote, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.ring.groups import Groups

COUNT_KEYS = ("slots", "share", "oldest")
"""What stands after the fields: how many slots, which part of those chosen, and the largest age_ticks."""

NAMES: dict[str, tuple[str, Callable[[int], str | list[str] | None]]] = {
    "state": ("state_name", state_name),
    "priority": ("priority_name", priority_name),
    "op_handle": ("op_name", op_label),
    "flags": ("flag_names", flag_list),
}
"""Field with names -> key of the name in a row, and how it is found."""

BLOCK_GROUPS = 4096


def parse_groups(text: str) -> tuple[str, ...]:
    """Fields named by `--group`, in the order given.

    Raises:
        UnknownNameError: No such field.
    """
    names = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(field_name(name, extra=(FAULT,)) for name in names if name))


def parse_group_sort(text: str, fields: Sequence[str]) -> list[tuple[str, bool]]:
    """Keys named by `--sort`, each with True for descending; by default the largest groups come first.

    Raises:
        UnknownNameError: Neither one of the fields nor a count.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()] or ["-slots"]
    found = []
    for part in parts:
        name = part.lstrip("+-")
        key = name if name in COUNT_KEYS else field_name(name, extra=(*COUNT_KEYS, FAULT))
        if key not in (*fields, *COUNT_KEYS):
            from vyrectl.errors import UnknownNameError

            raise UnknownNameError("column of these groups", name, (*fields, *COUNT_KEYS))
        found.append(("slots" if key == "share" else key, part.startswith("-")))
    return found


def group_keys(fields: Sequence[str]) -> tuple[str, ...]:
    """Keys of a row: each field, its name where it has one, and the counts."""
    keys: list[str] = []
    for field in fields:
        keys += ["fault_code"] if field == FAULT else []
        keys += [field, NAMES[field][0]] if field in NAMES else [field]
    return (*keys, *COUNT_KEYS)


def group_rows(groups: Groups, order: NDArray[np.int64]) -> Rows:
    """One row a group.

    Args:
        groups: What was counted.
        order: Indices of groups, in the order to show them.
    """

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        everything = int(groups.counts.sum())
        for start in range(0, len(order), BLOCK_GROUPS):
            part = order[start : start + BLOCK_GROUPS]
            counted = zip(
                groups.values[part].tolist(),
                groups.counts[part].tolist(),
                groups.oldest[part].tolist(),
                strict=True,
            )
            yield [
                (*_named(groups.fields, values, quote), count, round(count / everything, 6), oldest)
                for values, count, oldest in counted
            ]

    return Rows(group_keys(groups.fields), blocks)


def sort_groups(groups: Groups, keys: Sequence[tuple[str, bool]]) -> NDArray[np.int64]:
    """Indices of the groups in the order of `keys`; equal ones by their values.

    Args:
        groups: What was counted.
        keys: Field or count and whether descending, most important first.
    """
    import numpy as np

    columns = dict(zip(groups.fields, groups.values.T, strict=True))
    columns |= {"slots": groups.counts.astype(np.uint32), "oldest": groups.oldest}
    ordered = [~columns[name] if down else columns[name] for name, down in keys]
    return np.lexsort(ordered[::-1]).astype(np.int64)


def _named(fields: Sequence[str], values: Sequence[int], quote: Quote) -> Iterator[object]:
    for field, value in zip(fields, values, strict=True):
        if field == FAULT:
            yield from (quote(None), quote(None)) if value == NO_FAULT else (value, quote(fault_name(value)))
            continue
        yield value
        if field in NAMES:
            yield quote(NAMES[field][1](value))

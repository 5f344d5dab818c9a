"""Edited slots as rows: their words as they are after the edit, and names beside numbers.

Standard library only; the edit brings its arrays along. The invariant: a row's keys are those that were asked for, in
that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from vyrectl.abi.faults import fault_name
from vyrectl.cli.describe import op_label
from vyrectl.cli.rows import Quote, Rows

if TYPE_CHECKING:
    from vyrectl.edit.edit import Edit

BLOCK_SLOTS = 4096

NAMES: Mapping[str, tuple[str, Callable[[int], str | None]]] = MappingProxyType(
    {"op_name": ("op_handle", op_label), "fault_name": ("fault_code", fault_name)}
)
"""Key of a name -> the key that it is made of, and how."""


def edited_rows(edit: Edit, keys: Sequence[str], before: Mapping[str, str] = MappingProxyType({})) -> Rows:
    """One row an edited slot.

    Args:
        edit: What was planned or done.
        keys: `slot`, fields, keys of `before` and of `NAMES`.
        before: Keys of words as they were before the edit -> their fields.
    """

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        for start in range(0, len(edit), BLOCK_SLOTS):
            part = slice(start, start + BLOCK_SLOTS)
            columns = {"slot": edit.numbers[part].tolist()}
            columns |= {key: edit.before[field][part].tolist() for key, field in before.items()}
            fields = (key for key in keys if key not in columns and key not in NAMES)
            columns |= {key: edit.after[key][part].tolist() for key in fields}
            for key in NAMES.keys() & set(keys):
                source, name = NAMES[key]
                columns[key] = [quote(name(one)) for one in columns[source]]
            yield list(zip(*(columns[key] for key in keys), strict=True))

    return Rows(keys, blocks)

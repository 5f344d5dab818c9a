"""Tasks below their parents, as rows. Needs numpy, inside functions.

The first rows are made before the last slots are looked at: a tree of a million tasks is streamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from vyrectl.cli.commands.inspect.rows import ROW_KEYS, SlotReader
from vyrectl.cli.rows import Quote, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

TREE_KEYS = ("depth", "parent_slot", "matched")
"""What a row of a tree begins with: 0 for a root, the parent's slot or None, and whether it was chosen itself."""

BLOCK_SLOTS = 512


def tree_rows(
    slots: SlotArray,
    chosen: NDArray[np.int64],
    order: NDArray[np.int64],
    parents: NDArray[np.int64],
    keys: Sequence[str] = ROW_KEYS,
) -> Rows:
    """Rows of some tasks and of their ancestors, each parent before its children.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        chosen: Slots that were asked for, shape (m,).
        order: All slots, shape (n,), in the order that siblings come in.
        parents: What `vyrectl.ring.family.parent_slots` found, shape (n,).
        keys: Some of `ROW_KEYS`; they stand after `TREE_KEYS`.
    """

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        import numpy as np

        from vyrectl.ring.family import walk, with_ancestors

        shown, matched = np.zeros(len(slots), np.bool_), np.zeros(len(slots), np.bool_)
        shown[with_ancestors(parents, chosen)] = True
        matched[chosen] = True
        read = SlotReader(slots, quote, keys)
        steps = walk(parents, order[shown[order]])
        while block := list(islice(steps, BLOCK_SLOTS)):
            numbers = np.array([number for number, _ in block], np.int64)
            heads = zip(block, parents[numbers].tolist(), matched[numbers].tolist(), strict=True)
            yield [
                (depth, quote(None) if parent < 0 else parent, quote(hit), *row)
                for ((_, depth), parent, hit), row in zip(heads, read.rows(numbers), strict=True)
            ]

    return Rows((*TREE_KEYS, *keys), blocks)

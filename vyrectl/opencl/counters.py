"""What the kernels count and what they leave in their queues' heads: reads tally, flow and lines. Imports numpy.

Where each word stands is `vyrectl.abi.engine`'s to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.engine import (
    CLASSES,
    FLOW,
    FLOW_HEADS,
    FLOW_HIGH,
    FLOW_LOW,
    FLOW_TAILS,
    LINE_FIRST,
    LINE_TAKEN,
    TALLY_LOST,
    TALLY_OPS,
    TALLY_PRIORITIES,
)
from vyrectl.abi.layout import Word
from vyrectl.abi.outcomes import OUTCOMES
from vyrectl.engine.backend import Tally
from vyrectl.engine.ops import OpInfo
from vyrectl.engine.schedule import HIGH_CLASSES

FLOW_WORDS = FLOW.size
"""Words of the flow buffer; quotas stand behind them."""


def count_tally_words(op_count: int) -> int:
    """Words of the tally of a program with so many operations: a row for each, and one for what is unknown."""
    return TALLY_OPS.index + (op_count + 1) * len(OUTCOMES)


def add_tally(tally: Tally, words: NDArray[np.uint32], ops: Sequence[OpInfo]) -> None:
    """Add what a kernel has counted.

    Args:
        tally: Gets it.
        words: The tally buffer, shape (count_tally_words(len(ops)),).
        ops: The program's operations, in the order of their rows.
    """
    tally.lost += int(words[TALLY_LOST.index])
    for priority in range(CLASSES):
        tally.by_priority[priority] += int(words[TALLY_PRIORITIES.index + priority])
    ends = words[TALLY_OPS.index :].reshape(-1, len(OUTCOMES))
    tally.claims += int(ends.sum(dtype=np.int64))
    for row in np.flatnonzero(ends.any(axis=1)).tolist():
        op = ops[row].id if row < len(ops) else None
        counts = tally.by_op.setdefault(op, Counter())
        counts.update({name: int(n) for name, n in zip(OUTCOMES, ends[row], strict=True) if n})


def flow_waits(flow: NDArray[np.uint32], classes: Sequence[int], ticket: int, places: int) -> bool:
    """Whether tickets or spilled blocks of a round are left.

    Args:
        flow: The flow buffer, shape (FLOW_WORDS,).
        classes: How many tasks the index found of each class.
        ticket: Tasks of a ticket.
        places: Of a class in the directory of blocks.
    """
    high, low = sum(classes[:HIGH_CLASSES]), sum(classes[HIGH_CLASSES:])
    heads, tails = (_of_classes(flow, word) for word in (FLOW_HEADS, FLOW_TAILS))
    return bool(
        flow[FLOW_HIGH.index] < -(-high // ticket)
        or flow[FLOW_LOW.index] < -(-low // ticket)
        or (heads < tails.clip(max=places)).any()
    )


def lines_wait(lines: NDArray[np.uint32], classes: Sequence[int]) -> bool:
    """Whether the lines of the driver `exact` hold tasks still.

    Args:
        lines: Three words a class, shape (CLASSES * LINE_WORDS,).
        classes: How many tasks the index found of each class.
    """
    taken = _of_classes(lines, LINE_TAKEN).tolist()
    waits = any(n < size for n, size in zip(taken, classes, strict=True))
    return waits or bool(_of_classes(lines, LINE_FIRST).any())


def _of_classes(words: NDArray[np.uint32], word: Word) -> NDArray[np.uint32]:
    """What a word of several holds for each class."""
    return words[word.index : word.at(CLASSES) : word.stride]

"""What the kernels count and what they leave in their queues' heads: the words of tally, flow and lines. Imports numpy.

Invariant: where a word stands is said here, and in `kernels/engine/turn.h` and `exact.cl`, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.engine.backend import OUTCOMES, Tally
from vyrectl.engine.ops import OpInfo
from vyrectl.engine.schedule import CLASSES, HIGH_CLASSES

FLOW_STRIDE = 32
FLOW_WORDS = 15 * FLOW_STRIDE
FLOW_HIGH, FLOW_LOW, FLOW_BUDGET, FLOW_HEADS, FLOW_TAILS = (k * FLOW_STRIDE for k in (0, 1, 2, 4, 9))
FLOW_TIRED = FLOW_BUDGET + 1
"""Words of the flow buffer; VYRE_FLOW_* in turn.h."""

LINE_WORDS = 3
"""Words of a class's line in exact.cl: tasks taken from the order, the first and the last slot of its list."""

_TALLY_LOST, _TALLY_PRIORITIES = 0, 1
_TALLY_OPS = _TALLY_PRIORITIES + CLASSES + 1 + control_abi.TENANT_FAIRNESS.words
"""Words of the tally buffer; VYRE_TALLY_* in turn.h."""


def count_tally_words(op_count: int) -> int:
    """Words of the tally of a program with so many operations: a row for each, and one for what is unknown."""
    return _TALLY_OPS + (op_count + 1) * len(OUTCOMES)


def add_tally(tally: Tally, words: NDArray[np.uint32], ops: Sequence[OpInfo]) -> None:
    """Add what a kernel has counted.

    Args:
        tally: Gets it.
        words: The tally buffer, shape (count_tally_words(len(ops)),).
        ops: The program's operations, in the order of their rows.
    """
    tally.lost += int(words[_TALLY_LOST])
    for priority in range(CLASSES):
        tally.by_priority[priority] += int(words[_TALLY_PRIORITIES + priority])
    ends = words[_TALLY_OPS:].reshape(-1, len(OUTCOMES))
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
    heads = flow[FLOW_HEADS : FLOW_HEADS + CLASSES * FLOW_STRIDE : FLOW_STRIDE]
    tails = flow[FLOW_TAILS : FLOW_TAILS + CLASSES * FLOW_STRIDE : FLOW_STRIDE].clip(max=places)
    return bool(
        flow[FLOW_HIGH] < -(-high // ticket) or flow[FLOW_LOW] < -(-low // ticket) or (heads < tails).any()
    )


def lines_wait(lines: NDArray[np.uint32], classes: Sequence[int]) -> bool:
    """Whether the lines of the driver `exact` hold tasks still.

    Args:
        lines: Three words a class, shape (CLASSES * LINE_WORDS,).
        classes: How many tasks the index found of each class.
    """
    taken, first = lines[0::LINE_WORDS].tolist(), lines[1::LINE_WORDS]
    return bool(first.any()) or any(n < size for n, size in zip(taken, classes, strict=True))

"""What `why` and a launch that stands still ask about a queue: which operations have a body, and which may spawn.

Imports numpy inside the functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.reading import Abi

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.errors import Unrunnable
    from vyrectl.task.arrays import SlotArray
    from vyrectl.why.ask import Question
    from vyrectl.why.turns import Turns


def question(
    ops: Sequence[Path] = (),
    *,
    epoch: int | None = None,
    age_threshold: int = AGE_THRESHOLD,
    abi: Abi = Abi.AUTO,
    turns: Turns | None = None,
) -> Question:
    """What is asked about a queue.

    Args:
        ops: Sources of operations beside the shipped ones.
        epoch: Epoch to go by, or None for the control buffer's.
        age_threshold: Age ticks from which a task is called starved.
        abi: How words 4-15 are to be read.
        turns: What a trace noted, or None.
    """
    from vyrectl.cli.describe import show_word
    from vyrectl.engine.buffers import BufferTable
    from vyrectl.engine.ops import load_source, op_codes, spawning_ids
    from vyrectl.launching.unrunnable import Defined, Survey
    from vyrectl.why.ask import Question

    sources = [load_source(path) for path in ops]

    def lacking(slots: SlotArray, which: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Sequence[Unrunnable]]:
        found = Survey(Defined(sources), BufferTable())
        return found.add(slots, which), found.rows

    return Question(
        op_name=lambda word: show_word("op_handle", word),
        ops=frozenset(op_codes(sources).values()),
        spawning=spawning_ids(sources),
        epoch=epoch,
        age_threshold=age_threshold,
        abi=abi,
        turns=turns,
        lacking=lacking,
    )

"""What `why` and a launch that stands still ask about a queue: which operations have a body, and which may spawn; and
the launch that follows one that hangs, as it was typed.

Imports numpy inside the functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.findings.advice import split_advice
from vyrectl.ring.reading import Abi
from vyrectl.shell import PROGRAM

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.errors import Unrunnable
    from vyrectl.task.arrays import SlotArray
    from vyrectl.why.answer import Answer
    from vyrectl.why.ask import Question
    from vyrectl.why.found import Found
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
    from vyrectl.engine.ops import ending_ids, load_source, op_codes, spawning_ids
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
        ending=ending_ids(sources),
        epoch=epoch,
        age_threshold=age_threshold,
        abi=abi,
        turns=turns,
        lacking=lacking,
    )


def launch_without(hung: NDArray[np.int64], pid: int | None = None) -> str | None:
    """The launch that was typed, without these slots; None where that is not known, or they are many.

    Args:
        hung: Slot numbers, int64, ascending.
        pid: The process that was given it; None for this one.
    """
    from vyrectl.cli.again import launch_again
    from vyrectl.why.running import without

    condition = without(hung)
    return None if condition is None else launch_again(condition, pid)


def again_without(found: Answer, *, here: bool = True) -> Answer:
    """An answer whose launch after one on a copy is that one as it was typed, without what hung.

    Args:
        found: The answer.
        here: This process is that launch.
    """
    return replace(found, found=tuple(_again_without(found, one, here=here) for one in found.found))


def _again_without(whole: Answer, found: Found, *, here: bool) -> Found:
    holder, (words, command) = whole.scene.holder, split_advice(found.afterwards)
    copied = (holder.on_copy or holder.shows_work) and holder.pids and found.about is not None
    if not copied or command is None or not command.startswith(f"{PROGRAM} launch "):
        return found
    assert found.about is not None
    one = whole.scene.workers.get(int(found.about[0]))
    pid = holder.pids[0] if one is None or one.launch is None else one.launch
    again = launch_without(found.about, None if here else pid)
    return found if again is None else replace(found, afterwards=f"{words}: {again}")

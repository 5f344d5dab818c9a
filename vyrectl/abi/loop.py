"""Layout of a convergence run (spec 1.8): its state, its operands' rows, how it can end.

Standard library only; numbers, no operations.
"""

from __future__ import annotations

from enum import IntEnum

from vyrectl.abi.layout import Member, RecordLayout, Word, Words


class LoopEnd(IntEnum):
    """How a loop ended; the value is the device's code."""

    BOUND = 0
    CONVERGED = 1
    STOPPED = 2
    FAULTED = 3

    @property
    def word(self) -> str:
        """What a report calls it; a faulty step is an error instead."""
        return "max_iterations" if self is LoopEnd.BOUND else self.name.lower()


LOOP_ITERATIONS = Word("ITERATIONS", 0, "iterations that were made")
LOOP_ENDED = Word("ENDED", 1, "how the loop ended, VYRE_ENDED_*")
LOOP_STOP = Word("STOP", 2, "not 0: it should end; written beside the kernel")
LOOP_FAULT = Word("FAULT", 3, "~(lowest word whose step failed), 0 for none")
LOOP_FAULT_KIND = Word("FAULT_KIND", 4, "what it did, VYRE_STEP_*")
LOOP_FAULT_OPERAND = Word("FAULT_OPERAND", 5, "which operand it read")
LOOP_FAULT_WORD = Word("FAULT_WORD", 6, "which word: low half, then high half")

LOOP = Words(
    "LOOP",
    "State of a loop, 0 at its start (loop.cl)",
    (
        LOOP_ITERATIONS,
        LOOP_ENDED,
        LOOP_STOP,
        LOOP_FAULT,
        LOOP_FAULT_KIND,
        LOOP_FAULT_OPERAND,
        LOOP_FAULT_WORD,
    ),
    8,
)

STEP_SOUND, STEP_PAST_CURRENT, STEP_PAST_OPERAND = 0, 1, 2
"""What a step read: nothing wrong, past the vector, past an operand (also one that is not there)."""

OPERAND_ROW = RecordLayout(
    "vyre_operand_row",
    "Row of an operand: where its words lie in the arena that holds them all",
    (Member("first", "first word", width="u8"), Member("words", "its length in words", width="u8")),
)

NUMBERS: dict[str, tuple[int, str]] = {
    **{f"ENDED_{one.name}": (one.value, one.word) for one in LoopEnd},
    "STEP_SOUND": (STEP_SOUND, "what a step read: nothing wrong"),
    "STEP_PAST_CURRENT": (STEP_PAST_CURRENT, "past the vector"),
    "STEP_PAST_OPERAND": (STEP_PAST_OPERAND, "past an operand, also one that is not there"),
}
"""Numbers that stand alone, by their names in C after `VYRE_`, each with what it is."""

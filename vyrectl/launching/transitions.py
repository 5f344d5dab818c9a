"""How often which state followed which during a launch, from what is counted anyway.

Devices count how turns end and nothing else. Where those turns were claimed from follows, since no task appears or
vanishes: whatever came to a state during the launch left it again or is there at its end. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypedDict

from vyrectl.abi.outcomes import OUTCOME_STATES, OutcomeKind, OutcomeWord
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.shapes import Among, Count

StateName = Annotated[str, Among([state.label for state in TaskState])]
TransitionRecord = TypedDict("TransitionRecord", {"from": StateName, "to": StateName, "count": Count})
"""How often one state followed another."""


@dataclass(frozen=True, slots=True)
class TransitionCount:
    """How often one state followed another; `source` and `target` are equal for slots that rest there."""

    source: TaskState
    target: TaskState
    count: int

    def to_record(self) -> TransitionRecord:
        """As `launch --json` prints it."""
        return {"from": self.source.label, "to": self.target.label, "count": self.count}


def transition_counts(
    before: Sequence[int],
    after: Sequence[int],
    turns: Mapping[OutcomeWord, int],
    resumed: int,
    spawned: int = 0,
) -> tuple[TransitionCount, ...]:
    """Every state-to-state count that is not 0, by source, then target.

    Each stay in a state counts once in the row of that state: where it led, or the state itself when the launch
    ended before it led anywhere. So a row adds up to the slots that were in the state at the start and those that
    came to it. Claims that ended without a turn count as if they had not been made. Where another process edits
    the ring meanwhile, its edits are taken for the launch's.

    Args:
        before: Slots in each known state at the start, in the order of the state words (8 numbers).
        after: The same at the end.
        turns: Turns by how they ended (`vyrectl.abi.outcomes.OUTCOMES`).
        resumed: Paused tasks that became Ready.
        spawned: Tasks that came to be in Empty slots.
    """
    counts = {(state, state): after[state] for state in TaskState}
    for outcome, state in OUTCOME_STATES.items():
        counts[TaskState.RUNNING, state] = turns[outcome]
    counts[TaskState.PAUSED, TaskState.READY] = resumed
    counts[TaskState.EMPTY, TaskState.READY] = spawned
    claims = sum(turns.values())
    for kind in (OutcomeKind.YIELD, OutcomeKind.REQUEUE):
        claimed = min(claims, max(0, before[kind.state] + turns[kind.word] - after[kind.state]))
        counts[kind.state, TaskState.RUNNING] = claimed
        claims -= claimed
    counts[TaskState.READY, TaskState.RUNNING] = claims
    return tuple(TransitionCount(*pair, count) for pair, count in sorted(counts.items()) if count)

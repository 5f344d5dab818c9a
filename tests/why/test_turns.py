"""Traces as `why` reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vyrectl.errors import InvalidInputError
from vyrectl.why.turns import read_turns


def event(
    slot: Any, began: Any, lasted: Any = 1, priority: str = "Normal", outcome: str = "done"
) -> dict[str, Any]:
    return {
        "ph": "X",
        "ts": began,
        "dur": lasted,
        "args": {"slot": slot, "priority": priority, "outcome": outcome},
    }


def test_turns_stand_in_the_order_of_their_claims() -> None:
    events = [
        event(2, 5.5, priority="Idle", outcome="faulted"),
        event(1, 0),
        event(2, 9, outcome="faulted"),
        event(7, 3, priority="unknown(9)"),
        {"ph": "M", "name": "thread_name"},
        {"ph": "X", "ts": 1, "dur": 1, "name": "claim"},
        event("1", 1),
        event(-1, 1),
        event(1, "soon"),
        event(1, 1, None),
        "nothing",
    ]
    turns = read_turns({"traceEvents": events}, "t.json")
    assert turns.slots.tolist() == [1, 7, 2, 2]
    assert turns.classes.tolist() == [2, 5, 4, 2]
    assert turns.faulted == {2: 6.5}
    assert turns.last_of(3).tolist() == [-np.inf, 1.0, 10.0]
    assert turns.since(np.array([3.5, 99.0]), turns.classes > 2).tolist() == [1, 0]


def test_a_trace_without_turns() -> None:
    assert not len(read_turns({"traceEvents": []}, "t.json").slots)


@pytest.mark.parametrize("record", [[], {}, {"traceEvents": 3}])
def test_what_is_no_trace(record: Any) -> None:
    with pytest.raises(InvalidInputError, match="no trace"):
        read_turns(record, "t.json")

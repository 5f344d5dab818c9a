"""The turns that a trace noted (`vyrectl launch --trace`), as far as rules ask about them. Imports numpy.

The invariant: turns stand in the order of their claims.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import Json

_CLASS = {name.lower(): number for number, name in enumerate(PRIORITY_NAMES)}
_UNKNOWN_CLASS = len(PRIORITY_NAMES)
Number = (int, float)


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """Turns in the order of their claims.

    Attributes:
        slots: Slot of each, int64, shape (n,).
        began: When it was claimed, in the trace's units, float64, shape (n,), ascending.
        ended: When it was published.
        classes: Priority of each, int64; 5 for an unknown one.
        faulted: Slot -> when it first ended as Faulted.
    """

    slots: NDArray[np.int64]
    began: NDArray[np.float64]
    ended: NDArray[np.float64]
    classes: NDArray[np.int64]
    faulted: dict[int, float]

    def last_of(self, slots: int) -> NDArray[np.float64]:
        """When each slot's last turn ended; minus infinity for one without a turn, shape (slots,)."""
        last = np.full(slots, -np.inf)
        inside = self.slots < slots
        np.maximum.at(last, self.slots[inside], self.ended[inside])
        return last

    def since(self, moments: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the chosen turns began at or after each moment, the shape of `moments`."""
        began = self.began[chosen]
        after: NDArray[np.int64] = len(began) - np.searchsorted(began, moments)
        return after


def read_turns(record: Json, where: str) -> Turns:
    """The turns of a trace file's content.

    Raises:
        InvalidInputError: It is no trace of a launch.
    """
    events = record.get("traceEvents") if isinstance(record, dict) else None
    if not isinstance(events, list):
        raise InvalidInputError(
            "this is no trace", where=where, fix="vyrectl launch RING --trace FILE makes one"
        )
    rows = sorted(row for row in map(_row, events) if row is not None)
    began, ended, slots, classes, outcomes = zip(*rows, strict=True) if rows else ((),) * 5
    faulted: dict[int, float] = {}
    for slot, moment, outcome in zip(slots, ended, outcomes, strict=True):
        if outcome == "faulted":
            faulted.setdefault(int(slot), float(moment))
    return Turns(
        np.array(slots, np.int64),
        np.array(began, np.float64),
        np.array(ended, np.float64),
        np.array(classes, np.int64),
        faulted,
    )


def _row(event: object) -> tuple[float, float, int, int, str] | None:
    """A turn's claim, end, slot, class and outcome; None for another event."""
    if not isinstance(event, dict) or event.get("ph") != "X" or not isinstance(event.get("args"), dict):
        return None
    arguments = event["args"]
    slot, began, lasted = arguments.get("slot"), event.get("ts"), event.get("dur")
    if type(slot) is not int or slot < 0 or not isinstance(began, Number) or not isinstance(lasted, Number):
        return None
    priority = _CLASS.get(str(arguments.get("priority")).lower(), _UNKNOWN_CLASS)
    return float(began), float(began) + float(lasted), slot, priority, str(arguments.get("outcome"))

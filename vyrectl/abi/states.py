"""States, priorities and flags (spec 1.3-1.5), their names, and the named subsets the rules speak of."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from vyrectl.abi.number import parse_whole
from vyrectl.errors import UnknownNameError


class TaskState(IntEnum):
    """Lifecycle state of a task, word 0 of a slot."""

    EMPTY = 0
    READY = 1
    RUNNING = 2
    DONE = 3
    PAUSED = 4
    YIELDED = 5
    REQUEUED = 6
    FAULTED = 7

    @property
    def label(self) -> str:
        """The name as the spec writes it: ``Ready``, ``Faulted`` ..."""
        return self.name.capitalize()


class TaskPriority(IntEnum):
    """Priority class, word 3 of a slot; 0 goes first."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
    IDLE = 4

    @property
    def label(self) -> str:
        """The name as the spec writes it: ``Normal``, ``Idle`` ..."""
        return self.name.capitalize()


class TaskFlag(IntFlag):
    """Flag bits, word 15 of a slot; other bits are kept untouched."""

    PAUSED = 1 << 0
    YIELDED = 1 << 1
    REQUEUE_REQUESTED = 1 << 2
    RESUME_READY = 1 << 3


STATE_MEANINGS: dict[TaskState, str] = {
    TaskState.EMPTY: "no task; the slot may be published into",
    TaskState.READY: "published, may be claimed",
    TaskState.RUNNING: "claimed by a worker",
    TaskState.DONE: "finished",
    TaskState.PAUSED: "waits for its resume epoch",
    TaskState.YIELDED: "gave up its worker, may be claimed again",
    TaskState.REQUEUED: "went back to a priority class, may be claimed again",
    TaskState.FAULTED: "stopped by a fault; runs no more unless repaired",
}

PROTOCOL_STATE_NAMES: dict[TaskState, str] = {
    TaskState.EMPTY: "EMPTY",
    TaskState.READY: "PUBLISHED",
    TaskState.RUNNING: "CLAIMED",
    TaskState.DONE: "DONE",
    TaskState.PAUSED: "WAIT_IO",
    TaskState.YIELDED: "YIELD",
    TaskState.REQUEUED: "REQUEUE",
    TaskState.FAULTED: "FAULT",
}
"""The ring protocol's names for the same words."""

SCHEDULABLE: frozenset[TaskState] = frozenset({TaskState.READY, TaskState.YIELDED, TaskState.REQUEUED})
"""States a worker may claim from."""

TRANSITIONABLE: frozenset[TaskState] = SCHEDULABLE | {TaskState.RUNNING, TaskState.PAUSED}
"""States that every action but resume may start from."""

STATE_NAMES: tuple[str, ...] = tuple(state.name.lower() for state in TaskState)
PRIORITY_NAMES: tuple[str, ...] = tuple(priority.name.lower() for priority in TaskPriority)
FLAG_NAMES: tuple[str, ...] = tuple(str(flag.name).lower() for flag in TaskFlag)
KNOWN_FLAGS: int = int(
    TaskFlag.PAUSED | TaskFlag.YIELDED | TaskFlag.REQUEUE_REQUESTED | TaskFlag.RESUME_READY
)

_STATES_BY_WORD: dict[int, TaskState] = {int(state): state for state in TaskState}
_PRIORITIES_BY_WORD: dict[int, TaskPriority] = {int(priority): priority for priority in TaskPriority}


def known_state(word: int) -> TaskState | None:
    """The state a word stands for, or None when it is unknown."""
    return _STATES_BY_WORD.get(word)


def known_priority(word: int) -> TaskPriority | None:
    """The priority a word stands for, or None when it is unknown."""
    return _PRIORITIES_BY_WORD.get(word)


def state_name(word: int) -> str:
    """``Ready`` and so on; an unknown word is shown, never coerced: ``unknown(99)``."""
    state = _STATES_BY_WORD.get(word)
    return state.label if state is not None else f"unknown({word})"


def priority_name(word: int) -> str:
    """``Normal`` and so on, or ``unknown(99)``."""
    priority = _PRIORITIES_BY_WORD.get(word)
    return priority.label if priority is not None else f"unknown({word})"


def parse_state(text: str) -> int:
    """A state by its name or the protocol's name, in any case.

    Raises:
        UnknownNameError: Nothing bears that name.
    """
    wanted = text.strip().upper()
    for state in TaskState:
        if wanted in (state.name, PROTOCOL_STATE_NAMES[state]):
            return int(state)
    raise UnknownNameError("state", text, STATE_NAMES)


def parse_priority(text: str) -> int:
    """A priority by its name, in any case.

    Raises:
        UnknownNameError: Nothing bears that name.
    """
    wanted = text.strip().upper()
    for priority in TaskPriority:
        if wanted == priority.name:
            return int(priority)
    raise UnknownNameError("priority", text, PRIORITY_NAMES)


def parse_flags(text: str) -> int:
    """Flags by name, joined by ``|`` or ``+``; ``none`` and ``-`` are no flags; a part may be a number.

    Raises:
        UnknownNameError: A part is neither a flag nor a number.
    """
    word = 0
    for part in text.replace("+", "|").split("|"):
        name = part.strip().upper()
        if name in ("NONE", "-", ""):
            continue
        if name in TaskFlag.__members__:
            word |= TaskFlag[name]
        else:
            number = parse_whole(name)
            if number is None:
                raise UnknownNameError("flag", part.strip(), FLAG_NAMES)
            word |= number
    return word

"""The lines of a feed that are no tasks: epoch, pause, resume, requeue, snapshot, shutdown. Standard library only.

{"epoch": 5}   {"epoch": "+1"}   {"pause": 17}   {"pause": "tenant == 3", "epoch": 9}   {"resume": 17}
{"requeue": "state == paused", "priority": "high"}   {"snapshot": true}   {"shutdown": true}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.ring.values import ValueReader
from vyrectl.task.lifecycle import TRANSITIONS

CHANGES = ("pause", "resume", "requeue")
WORDS = frozenset({*CHANGES, "snapshot", "shutdown"})
"""Keys that make a line a command; so does a lone `epoch`, which is a field of a task otherwise."""

Pairs = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: `epoch`, `snapshot`, `shutdown`, or one of `CHANGES`.
        which: For a change: a task_id, or a condition.
        arguments: For a change: what the action takes, as u32.
        epoch: The epoch to set, or how far to move it on.
        relative: Whether `epoch` is a distance.
    """

    name: str
    which: int | str = 0
    arguments: Mapping[str, int] = field(default_factory=dict)
    epoch: int = 0
    relative: bool = False


def is_command(pairs: Pairs) -> bool:
    """Whether a line's object is a command."""
    return any(key in WORDS for key, _ in pairs) or (len(pairs) == 1 and pairs[0][0] == "epoch")


def read_command(pairs: Pairs, values: ValueReader) -> Command:
    """What a line's object asks for.

    Raises:
        InvalidInputError: A value that cannot be read.
        UsageError: Two commands in a line, or keys that the command does not take.
    """
    table = dict(pairs)
    names = [key for key in table if key in WORDS] or ["epoch"]
    if len(names) > 1 or len(table) < len(pairs):
        raise UsageError("more than one command in a line", fix="Write a line for each")
    name = names[0]
    value = table.pop(name)
    if name == "epoch":
        return _epoch(value)
    if name in CHANGES:
        return Command(name, _which(name, value), _arguments(name, table, values))
    if table or value is not True:
        raise UsageError(f"{name} stands alone", fix=f'Write {{"{name}": true}}')
    return Command(name)


def _epoch(value: object) -> Command:
    relative = isinstance(value, str) and value.startswith("+")
    number = parse_whole(value[1:]) if isinstance(value, str) and relative else value
    if type(number) is not int or not 0 <= number <= U32_MAX:
        raise InvalidInputError("epoch is no u32", fix='Write {"epoch": 5}, or {"epoch": "+1"} to move it on')
    return Command("epoch", epoch=number, relative=relative)


def _which(name: str, value: object) -> int | str:
    if isinstance(value, str):
        return value
    if type(value) is not int or not 0 <= value <= U32_MAX:
        raise InvalidInputError(
            f"{name} names no task", fix="Give a task_id, or a condition as --where takes it"
        )
    return value


def _arguments(name: str, table: Mapping[str, object], values: ValueReader) -> dict[str, int]:
    takes = TRANSITIONS[name].arguments
    foreign = next((key for key in table if key not in takes), None)
    if foreign is not None:
        raise UsageError(
            f"{name} takes no {foreign[:60]!r}", fix=f"It takes {', '.join(takes) or 'nothing more'}"
        )
    return {key: values.read(FIELD_INDEX[takes[key]], value) for key, value in table.items()}

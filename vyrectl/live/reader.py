"""What a feed's lines mean: batches of tasks, commands, and refusals, in the order of the lines. Imports numpy.

A block whose lines are all well-formed tasks is parsed in one go; any doubt, and it is read again line by line.
Tasks are written as `build` reads them (`vyrectl.ring.tables`), and each needs a task_id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.files.json_text import Json
from vyrectl.live.book import OPEN_STATES
from vyrectl.live.commands import Command, Pairs, is_command, read_command
from vyrectl.live.lines import Block
from vyrectl.ring.tables import TaskRows, object_decoder, parse_object
from vyrectl.ring.values import ValueReader
from vyrectl.task.arrays import SlotArray

_TASK_ID, _STATE = FIELD_INDEX["task_id"], FIELD_INDEX["state"]
_OPEN = frozenset(OPEN_STATES.tolist())
_BETWEEN = ",0,"
"""Joins lines to one JSON array: no object can go on across it, so that the lines cannot grow together unseen."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is neither a task nor a command."""

    line: int
    what: str
    fix: str | None


Entry = SlotArray | Command | Refusal


class FeedRows(TaskRows):
    """Rows of tasks that others will ask about: each names its id."""

    def plan(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Word indices of the keys."""
        indexes = super().plan(names)
        if _TASK_ID not in indexes:
            self.plans.pop(names, None)
            raise self.error("the task has no task_id", "Give it one, so that its answers can name it")
        return indexes


class FeedReader:
    """Reads blocks of lines.

    Args:
        op_codes: Operation names and their ids.
        source: How errors call the feed.
        float_ops: Operations whose param may be written as a float32.
    """

    def __init__(
        self, op_codes: Mapping[str, int], source: str, float_ops: Collection[int] = frozenset()
    ) -> None:
        self._rows = FeedRows(op_codes, source, "key", float_ops)
        self._values = ValueReader(op_codes)
        self._decode = object_decoder()

    def read(self, block: Block, *, whole: bool) -> Iterator[Entry]:
        """What the lines say.

        Args:
            block: Lines that came together, as they were read.
            whole: They were ended by a newline; otherwise a last line that is no JSON was left unfinished.
        """
        tasks = self._all_tasks(block) if whole and not block.too_long else None
        if tasks is not None:
            yield tasks
            return
        for number, line in enumerate(block.lines, block.first):
            if number in block.too_long:
                yield from self._taken()
                yield Refusal(number, "the line is longer than 1 MiB", "Give one task a line")
            elif line.strip():
                yield from self._line(number, line, whole=whole)
        yield from self._taken()

    def _all_tasks(self, block: Block) -> SlotArray | None:
        """The tasks of a block that holds nothing else; None when that is not certain."""
        lines = [line for line in block.lines if line and not line.isspace()]
        if not lines:
            return None
        try:
            items, _ = self._decode(f"[{_BETWEEN.join(b.decode() for b in lines)}]")
            objects = items[::2]
            if len(items) != 2 * len(lines) - 1 or any(type(one) is not tuple for one in objects):
                return None
            if any(is_command(one) for one in objects):
                return None
            for pairs in objects:
                self._rows.add_pairs(pairs)
        except (ValueError, RecursionError, InvalidInputError):
            self._rows.take()
            return None
        tasks = self._rows.take()
        return tasks if _OPEN.issuperset(set(tasks["state"].tolist())) else None

    def _line(self, number: int, line: bytes, *, whole: bool) -> Iterator[Entry]:
        self._rows.line = number
        try:
            pairs = self._pairs(line)
            if is_command(pairs):
                command = read_command(pairs, self._values)
                yield from self._taken()
                yield command
                return
            self._add(pairs)
        except (InvalidInputError, UsageError) as error:
            yield from self._taken()
            what = error.what if whole else f"the line is unfinished: {error.what}"
            yield Refusal(number, what, error.fix)

    def _pairs(self, line: bytes) -> Pairs:
        try:
            text = line.decode().strip()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"byte {error.start + 1} is no UTF-8", fix="Write UTF-8") from None
        return parse_object(self._decode, text, self._rows)

    def _add(self, pairs: Json) -> None:
        before = len(self._rows.words)
        self._rows.add_pairs(pairs)
        state = self._rows.words[before + _STATE]
        if state not in _OPEN:
            del self._rows.words[before:]
            raise InvalidInputError(
                f"a task in state {state} cannot be published", fix="Leave the state out: it is Ready"
            )

    def _taken(self) -> Iterator[SlotArray]:
        """The tasks read so far, which go before what comes next."""
        tasks = self._rows.take()
        if len(tasks):
            yield tasks

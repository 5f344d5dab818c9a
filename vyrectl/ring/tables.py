"""Tasks from text: one JSON object a line, or CSV with a header line.

Keys and columns are field names (short ones too); values are what `vyrectl.ring.values` reads. A field that
is not given, or an empty CSV cell, has its default: state Ready, priority Normal, task_id the number of the
task counted from 1, and 0 otherwise. Blank lines are skipped. The input is read once, line by line. Imports
numpy for the result.

The invariant: the whole table is good, or an `InvalidInputError` names the line and the column or key, and
there is no result.
"""

from __future__ import annotations

import csv
import json
import sys
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from vyrectl.abi.limits import SLOT_WORDS, U32_MAX
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import Json
from vyrectl.files.window import check_slot_count
from vyrectl.ring.values import FLOAT_FIELD, FloatWord, ValueReader, check_float, field_index, suggest_field

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

MAX_LINE_CHARACTERS = 1 << 20
"""A longer line is no task; without a bound, one line could fill the memory."""

_MEMO_TEXTS = 4096
_SHORT_NUMBER = 9
"""Digits that always fit in a word."""

_TASK_ID = FIELD_INDEX["task_id"]
_OP, _PARAM = FIELD_INDEX["op_handle"], FIELD_INDEX[FLOAT_FIELD]
_DEFAULTS = [0] * SLOT_WORDS
_DEFAULTS[FIELD_INDEX["state"]] = int(TaskState.READY)
_DEFAULTS[FIELD_INDEX["priority"]] = int(TaskPriority.NORMAL)


class Stream(Protocol):
    """What lines are read from."""

    def readline(self, most: int = ..., /) -> bytes | str:
        """The next line, or as much of it."""


def read_jsonl(
    stream: Stream, *, op_codes: Mapping[str, int], source: str, float_ops: Collection[int] = frozenset()
) -> SlotArray:
    """Read tasks from JSON lines.

    Args:
        stream: The text; bytes are UTF-8.
        op_codes: Operation names and their ids.
        source: How errors call the stream.
        float_ops: Operations whose param may be written as a float32.

    Returns:
        Array of `SLOT_DTYPE`, shape (n,), one slot a task in the order of the lines.

    Raises:
        InvalidInputError: A line that is no JSON object, an unknown or repeated key, a bad value, no UTF-8.
        RingFormatError: More tasks than a ring has slots.
    """
    rows = TaskRows(op_codes, source, "key", float_ops)
    decode = object_decoder()
    for number, line in _lines(stream, source):
        text = line.strip()
        if text:
            rows.line = number
            rows.add_pairs(parse_object(decode, text, rows))
    return rows.slots()


def read_csv(
    stream: Stream, *, op_codes: Mapping[str, int], source: str, float_ops: Collection[int] = frozenset()
) -> SlotArray:
    """Read tasks from CSV whose first line names the columns.

    Args:
        stream: The text; bytes are UTF-8. Cells may be quoted.
        op_codes: Operation names and their ids.
        source: How errors call the stream.
        float_ops: Operations whose param may be written as a float32.

    Returns:
        Array of `SLOT_DTYPE`, shape (n,), one slot a row.

    Raises:
        InvalidInputError: No header, an unknown or repeated column, a row of another length, a bad value,
            no UTF-8.
        RingFormatError: More tasks than a ring has slots.
    """
    rows = TaskRows(op_codes, source, "column", float_ops)
    reader = csv.reader((line for _, line in _lines(stream, source)), strict=True)
    indexes: tuple[int, ...] | None = None
    try:
        for cells in reader:
            rows.line = reader.line_num
            if not any(map(str.strip, cells)) and len(cells) <= 1:
                continue
            if indexes is None:
                indexes = rows.plan(tuple(cells))
            else:
                rows.add_cells(indexes, cells)
    except csv.Error as error:
        raise InvalidInputError(
            f"not CSV: {error}", where=f"{source}, line {reader.line_num}", fix="Check its quotes"
        ) from error
    if indexes is None:
        raise InvalidInputError(
            "the table has no header line",
            where=source,
            fix=f"Start it with column names, such as {_EXAMPLE}",
        )
    return rows.slots()


_EXAMPLE = "op_handle,priority,param"


class TaskRows:
    """Collects tasks and knows which line it is at.

    Args:
        op_codes: Operation names and their ids.
        source: How errors call the text.
        column_word: What a field is called there: a key, or a column.
        float_ops: Operations whose param may be written as a float32.

    Attributes:
        line: Number of the current line; set by the caller.
    """

    def __init__(
        self,
        op_codes: Mapping[str, int],
        source: str,
        column_word: str,
        float_ops: Collection[int] = frozenset(),
    ) -> None:
        self.source = source
        self.column_word = column_word
        self.line = 0
        self.count = 0
        self.words = array("I")
        self.values = ValueReader(op_codes)
        self.op_codes, self.float_ops = op_codes, float_ops
        self.plans: dict[tuple[str, ...], tuple[int, ...]] = {}
        self.memos: list[dict[str, int]] = [{} for _ in FIELD_NAMES]

    def add_pairs(self, pairs: tuple[tuple[str, object], ...]) -> None:
        """Add the task of a JSON object."""
        words, memos = self.start(), self.memos
        names = tuple([pair[0] for pair in pairs])
        indexes = self.plans.get(names) or self.plan(names)
        for index, pair in zip(indexes, pairs, strict=True):
            value = pair[1]
            if type(value) is int and 0 <= value <= U32_MAX:
                words[index] = value
            elif type(value) is str and value in memos[index]:
                words[index] = memos[index][value]
            else:
                words[index] = self.word(index, value)
        self.append(words)

    def add_cells(self, indexes: tuple[int, ...], cells: Sequence[str]) -> None:
        """Add the task of a CSV row."""
        if len(cells) != len(indexes):
            raise self.error(
                f"the line has {len(cells)} cells and the header {len(indexes)}",
                "Give one cell for each column",
            )
        words = self.start()
        for index, cell in zip(indexes, cells, strict=True):
            word = self.memos[index].get(cell)
            if word is not None:
                words[index] = word
            elif cell.isdigit() and cell.isascii() and len(cell) <= _SHORT_NUMBER:
                words[index] = int(cell)
            elif cell and not cell.isspace():
                words[index] = self.word(index, cell)
        self.append(words)

    def start(self) -> list[int]:
        """The default words of the next task."""
        self.count += 1
        words = _DEFAULTS.copy()
        words[_TASK_ID] = self.count & U32_MAX
        return words

    def append(self, words: list[int]) -> None:
        """Add a task's words, now that its operation is known too."""
        if type(words[_PARAM]) is FloatWord:
            try:
                check_float(words[_PARAM], words[_OP], self.float_ops, self.op_codes)
            except InvalidInputError as error:
                error.at(f"{self.place()}, {self.column_word} {FLOAT_FIELD}")
                raise
        self.words.fromlist(words)

    def word(self, index: int, value: object) -> int:
        """One value; texts are remembered, since names and small numbers come again and again."""
        try:
            word = self.values.read(index, value)
        except InvalidInputError as error:
            error.at(f"{self.place()}, {self.column_word} {FIELD_NAMES[index]}")
            raise
        memo = self.memos[index]
        if isinstance(value, str) and len(memo) < _MEMO_TEXTS:
            memo[value] = word
        return word

    def plan(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Word indices of the columns, in their order."""
        indexes: list[int] = []
        for name in names:
            index = field_index(name)
            if index is None:
                raise self.error(f"unknown {self.column_word} {name[:60]!r}", suggest_field(name[:60]))
            if index in indexes:
                raise self.error(f"the {self.column_word} {FIELD_NAMES[index]} comes twice", "Give it once")
            indexes.append(index)
        if len(self.plans) < _MEMO_TEXTS:
            self.plans[names] = tuple(indexes)
        return tuple(indexes)

    def take(self) -> SlotArray:
        """The tasks since the last call, `SLOT_DTYPE`, shape (n,)."""
        slots = self.slots()
        self.words = array("I")
        return slots

    def slots(self) -> SlotArray:
        """All tasks so far, or since the last `take`."""
        import numpy as np

        from vyrectl.abi.dtype import SLOT_DTYPE

        check_slot_count(len(self.words) // SLOT_WORDS, where=self.source)
        if sys.byteorder == "big":
            self.words.byteswap()
        return np.frombuffer(self.words, dtype=SLOT_DTYPE)

    def place(self) -> str:
        """The current line, for errors."""
        return f"{self.source}, line {self.line}"

    def error(self, what: str, fix: str) -> InvalidInputError:
        """An error at the current line."""
        return InvalidInputError(what, where=self.place(), fix=fix)


def object_decoder() -> Callable[[str], tuple[Json, int]]:
    """What `parse_object` reads with."""
    return json.JSONDecoder(object_pairs_hook=tuple).raw_decode


def parse_object(
    decode: Callable[[str], tuple[object, int]], text: str, rows: TaskRows
) -> tuple[tuple[str, object], ...]:
    """A line's object as pairs: objects are tuples here, so that a repeated key is seen, and arrays lists.

    Raises:
        InvalidInputError: The line is no JSON object; the error names its number.
    """
    try:
        value, end = decode(text)
    except json.JSONDecodeError as error:
        raise rows.error(f"not JSON: {error.msg} at character {error.pos + 1}", _OBJECT_FIX) from None
    except (ValueError, RecursionError):
        raise rows.error(
            "not JSON that a task could be: too deep, or a number too long", _OBJECT_FIX
        ) from None
    if end != len(text):
        raise rows.error(f"more text after the object, at character {end + 1}", _OBJECT_FIX)
    if not isinstance(value, tuple):
        raise rows.error("the line is no JSON object", _OBJECT_FIX)
    return value


_OBJECT_FIX = 'Write one task a line: {"op_handle": "nop", "priority": "high"}'


def _lines(stream: Stream, source: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers from 1, decoded, without a byte order mark."""
    number = 0
    while raw := stream.readline(MAX_LINE_CHARACTERS + 1):
        number += 1
        where = f"{source}, line {number}"
        if len(raw) > MAX_LINE_CHARACTERS:
            raise InvalidInputError("the line is longer than 1 MiB", where=where, fix="Give one task a line")
        text = raw if isinstance(raw, str) else _decode(raw, where)
        if "\0" in text:
            raise InvalidInputError("the line has a NUL byte", where=where, fix="Give a text file")
        yield number, text.removeprefix("\ufeff") if number == 1 else text


def _decode(raw: bytes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"byte {error.start + 1} of the line is no UTF-8", where=where, fix="Save the table as UTF-8"
        ) from None

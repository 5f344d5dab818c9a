"""Chosen slots as rows, sorted and cut to columns; names are looked up once per distinct word.

Needs numpy, inside functions. A row's keys are `slot`, the 16 fields as integers, and the names of
`describe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from vyrectl.abi.faults import FAULT, fault_name
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.abi.states import TaskState, priority_name, state_name
from vyrectl.cli.describe import flag_list, op_label
from vyrectl.cli.fields import field_name
from vyrectl.cli.rows import Quote, Rows
from vyrectl.protocol.partitions import PARTITION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.protocol.partitions import Partitions
    from vyrectl.task.arrays import SlotArray

NAME_KEYS = ("state_name", "priority_name", "op_name", "flag_names", "fault_name")
ROW_KEYS = ("slot", *FIELD_NAMES, *NAME_KEYS)
_EVERY_KEY = (*ROW_KEYS, PARTITION)
BLOCK_SLOTS = 4096


def slot_rows(
    slots: SlotArray,
    numbers: NDArray[np.int64],
    keys: Sequence[str] = ROW_KEYS,
    partitions: Partitions | None = None,
) -> Rows:
    """Rows of the slots `numbers`, in that order, with these keys.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        numbers: Slot indices, shape (m,).
        keys: Some of `ROW_KEYS`, and `PARTITION` with partitions.
        partitions: The runtime's classes, or None.
    """

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        read = SlotReader(slots, quote, keys, partitions)
        for start in range(0, len(numbers), BLOCK_SLOTS):
            yield read.rows(numbers[start : start + BLOCK_SLOTS])

    return Rows(keys, blocks)


class SlotReader:
    """Reads slots as value tuples for `Rows`.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        quote: The format's way to write texts.
        keys: Some of `ROW_KEYS`, and `PARTITION` with partitions.
        partitions: The runtime's classes, or None.
    """

    def __init__(
        self,
        slots: SlotArray,
        quote: Quote,
        keys: Sequence[str] = ROW_KEYS,
        partitions: Partitions | None = None,
    ) -> None:
        self._slots = slots
        self._look = _Lookups(quote)
        self._quote, self._partitions = quote, partitions
        self._pick = _picker(keys)

    def rows(self, numbers: NDArray[np.int64]) -> list[tuple[object, ...]]:
        """The values of the slots `numbers`, in that order."""
        pairs = zip(numbers.tolist(), self._slots[numbers].tolist(), strict=True)
        if self._partitions is None:
            return [self._pick(self._look.row(number, words)) for number, words in pairs]
        name, quote = self._partitions.name, self._quote
        return [self._pick((*self._look.row(number, words), quote(name(number)))) for number, words in pairs]


def _picker(keys: Sequence[str]) -> Callable[[tuple[object, ...]], tuple[object, ...]]:
    if tuple(keys) == ROW_KEYS:
        return tuple
    indices = [_EVERY_KEY.index(key) for key in keys]
    if len(indices) == 1:
        return lambda row: (row[indices[0]],)
    return itemgetter(*indices)


class _Lookups:
    """Names of words, quoted for the format at hand and remembered."""

    def __init__(self, quote: Quote) -> None:
        self._states = _Memo(lambda word: quote(state_name(word)))
        self._priorities = _Memo(lambda word: quote(priority_name(word)))
        self._ops = _Memo(lambda word: quote(op_label(word)))
        self._flags = _Memo(lambda word: quote(flag_list(word)))
        self._faults = _Memo(lambda word: quote(fault_name(word)))
        self._no_fault = quote(None)

    def row(self, number: int, words: tuple[int, ...]) -> tuple[object, ...]:
        """All of `ROW_KEYS` for one slot."""
        faulted = words[0] == TaskState.FAULTED
        return (
            number,
            *words,
            self._states[words[0]],
            self._priorities[words[_PRIORITY]],
            self._ops[words[_OP]],
            self._flags[words[_FLAGS]],
            self._faults[words[_DATA]] if faulted else self._no_fault,
        )


_OP, _PRIORITY, _DATA, _FLAGS = (
    FIELD_INDEX[name] for name in ("op_handle", "priority", "continuation_data", "flags")
)
_MOST_REMEMBERED = 1 << 16


class _Memo(dict[int, object]):
    """A function of a word that remembers a bounded number of answers."""

    def __init__(self, function: Callable[[int], object]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, word: int) -> object:
        answer = self._function(word)
        if len(self) < _MOST_REMEMBERED:
            self[word] = answer
        return answer


def parse_columns(text: str, *, partitioned: bool = False) -> tuple[str, ...]:
    """Keys named by `--columns`: fields by full or short name, `slot`, names; `words` is all 16 fields.

    Args:
        text: What was typed.
        partitioned: `partition` is a column too, the class by partition.

    Raises:
        UnknownNameError: No such column.
    """
    keys: list[str] = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        if name in ("words", "all"):
            keys += FIELD_NAMES if name == "words" else ROW_KEYS
        else:
            extra = ("slot", *NAME_KEYS, *(("partition", PARTITION) if partitioned else ()))
            key = field_name(name, extra=extra, what="column")
            keys.append(PARTITION if key == "partition" else key)
    return tuple(dict.fromkeys(keys))


def parse_sort(text: str) -> list[tuple[str, bool]]:
    """Keys named by `--sort`, most important first, each with True for descending.

    Raises:
        UnknownNameError: No such field.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return [(field_name(part.lstrip("+-"), extra=("slot", FAULT)), part.startswith("-")) for part in parts]


def sort_slots(
    slots: SlotArray, numbers: NDArray[np.int64], keys: Sequence[tuple[str, bool]]
) -> NDArray[np.int64]:
    """Slot numbers in the order of `keys`; equal ones stay in their order.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        numbers: Slot indices, shape (m,).
        keys: Field (or `slot`) and whether descending, most important first.
    """
    import numpy as np

    from vyrectl.task.arrays import column_values

    if not keys:
        return numbers
    columns = [numbers if name == "slot" else column_values(slots, name)[numbers] for name, _ in keys]
    ordered = [~column if down else column for column, (_, down) in zip(columns, keys, strict=True)]
    return numbers[np.lexsort(ordered[::-1])]


def widest_slots(slots: SlotArray, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """A few of the slots, among which each column of a table has its widest value.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        numbers: Slot indices, shape (m,).
    """
    import numpy as np

    if len(numbers) <= BLOCK_SLOTS:
        return numbers
    chosen = slots if len(numbers) == len(slots) else slots[numbers]
    faulted = np.flatnonzero(chosen["state"] == TaskState.FAULTED)
    found = [np.array([numbers.argmax()])]
    for name in FIELD_NAMES:
        column = chosen[name]
        named = name in ("state", "priority", "op_handle", "flags")
        found.append(_one_of_each(column) if named else np.array([column.argmax()]))
    found.append(faulted[_one_of_each(chosen["continuation_data"][faulted])])
    for name, hidden in (
        ("continuation_data", faulted),
        ("resume_epoch", chosen["resume_epoch"] == NEVER_EPOCH),
    ):
        shown = chosen[name].copy()
        shown[hidden] = 0
        found.append(np.array([shown.argmax()]))
    kept: NDArray[np.int64] = numbers[np.unique(np.concatenate(found))]
    return kept


def _one_of_each(column: NDArray[np.uint32]) -> NDArray[np.int64]:
    """An index of each distinct value."""
    import numpy as np

    if int(column.max(initial=0)) >= _MOST_REMEMBERED:
        return np.unique(column, return_index=True)[1].astype(np.int64)
    last = np.full(int(column.max(initial=0)) + 1, -1, np.int64)
    last[column] = np.arange(len(column))
    found: NDArray[np.int64] = last[last >= 0]
    return found

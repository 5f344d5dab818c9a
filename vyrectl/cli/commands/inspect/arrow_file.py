"""Slots as a Parquet or Arrow file, for the tools that read those; needs pyarrow, which the extra `arrow` brings.

Words are u32 columns under the fields' names, names are texts, and the file is written batch by batch and takes
the place of an older one only when it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.faults import fault_name
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import TaskState
from vyrectl.cli.commands.inspect.groups import NAMES
from vyrectl.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
BATCH_SLOTS = 1 << 16
"""Slots of a row group or record batch."""

_FIELD_OF_NAME: dict[str, tuple[str, Callable[[int], object]]] = {
    name: (field, function) for field, (name, function) in NAMES.items()
}


def check_arrow(path: Path) -> None:
    """Make sure that a file of that name can be written, before any slot is looked at.

    Raises:
        UsageError: The suffix names no format.
        MissingExtraError: pyarrow is not installed.
    """
    if path.suffix.lower() not in (*PARQUET, *ARROW):
        raise UsageError(
            f"{path.suffix or 'no suffix'} names no file format that is written here",
            where=str(path),
            fix=f"Use {' or '.join((PARQUET[0], ARROW[0]))}; for text, --format csv or jsonl and > FILE",
        )
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise MissingExtraError(f"writing {path.name}", "pyarrow", "arrow") from None


def write_arrow(path: Path, slots: SlotArray, numbers: NDArray[np.int64], keys: Sequence[str]) -> None:
    """Write some slots.

    Args:
        path: Ends in one of `PARQUET` or `ARROW`, which decides the format.
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        numbers: Slot indices, shape (m,), in the order to write them.
        keys: Columns: `slot`, fields and their names.

    Raises:
        FileError: The file cannot be written.
    """
    from vyrectl.files.keeping import write_kept

    write_kept(path, _parts(path, slots, numbers, keys))


class _Sink:
    """A file for pyarrow whose bytes are handed on as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes | memoryview) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _parts(path: Path, slots: SlotArray, numbers: NDArray[np.int64], keys: Sequence[str]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Sink()
    schema = pa.schema([(key, _type(key)) for key in keys])
    parquet = path.suffix.lower() in PARQUET
    with pq.ParquetWriter(sink, schema) if parquet else pa.ipc.new_file(sink, schema) as writer:
        for start in range(0, len(numbers), BATCH_SLOTS):
            part = numbers[start : start + BATCH_SLOTS]
            chunk = slots[part]
            writer.write_batch(pa.record_batch([_column(key, part, chunk) for key in keys], schema=schema))
            yield sink.take()
    yield sink.take()


def _type(key: str) -> object:
    import pyarrow as pa

    if key in FIELD_NAMES or key == "slot":
        return pa.uint32()
    return pa.list_(pa.string()) if key == "flag_names" else pa.string()


def _column(key: str, numbers: NDArray[np.int64], chunk: SlotArray) -> object:
    import numpy as np
    import pyarrow as pa

    if key == "slot":
        return pa.array(numbers.astype(np.uint32))
    if key in FIELD_NAMES:
        return pa.array(np.ascontiguousarray(chunk[key]))
    if key == "fault_name":
        faulted = chunk["state"] == TaskState.FAULTED
        return _named(chunk["continuation_data"], fault_name, key, ~faulted)
    field, function = _FIELD_OF_NAME[key]
    return _named(chunk[field], function, key, None)


def _named(
    words: NDArray[np.uint32], function: Callable[[int], object], key: str, without: NDArray[np.bool_] | None
) -> object:
    """The name of each word, looked up once per distinct one."""
    import numpy as np
    import pyarrow as pa

    if without is not None:
        words = np.where(without, np.uint32(0), words)
    unique, inverse = np.unique(words, return_inverse=True)
    names = pa.array([function(int(word)) for word in unique], _type(key))
    return names.take(pa.array(inverse.reshape(-1), pa.int64(), mask=without))

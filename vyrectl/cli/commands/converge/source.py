"""What `converge` reads: a vector from an array, a JSON text or a ring; matrices, transition counts and edges.

A ring, a snapshot and a launch report stand for how many slots are in each state. Whatever is read here becomes
plain numbers by node; the steps' own formats are made in `vyrectl.launching.converge`. Numpy is loaded in functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.sources import STDIN, Window, read_ring
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.files.json_text import Json, parse_json
from vyrectl.files.whole import read_head, read_stdin, read_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATES: tuple[str, ...] = tuple(state.label for state in TaskState)
"""Names of the nodes where they are states."""

COUNT_SUFFIX = "_count"
NPY_MAGIC = b"\x93NUMPY"
_SNIFFED_BYTES = 512
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\r\n\f\v")


@dataclass(frozen=True, slots=True)
class Start:
    """A vector by node.

    Attributes:
        name: The source's name.
        values: Numbers, shape (n,).
        labels: The nodes' names when they are states, else empty.
        transitions: A transition matrix that came along, or None.
        unknown: Slots in an unknown state that were left out.
    """

    name: str
    values: Json
    labels: tuple[str, ...] = ()
    transitions: Json = None
    unknown: int = 0


def read_start(path: Path, window: Window) -> Start:
    """Read a SOURCE.

    Raises:
        FileError: It cannot be read.
        UsageError: A bad `--offset` or `--count`, or an array on standard input.
        InvalidInputError: It is nothing that is known here, or an unknown state is in the ring.
    """
    data = read_stdin() if str(path) == STDIN else _read(path, _SNIFFED_BYTES)
    if not window.given and data.startswith(NPY_MAGIC):
        return Start(str(path), _load_array(path, ndim=1, what="a vector"))
    if window.given or not _is_text(data):
        return _of_ring(path, data if str(path) == STDIN else None, window)
    return _of_json(str(path), _parse(path, data if str(path) == STDIN else _read(path)))


def read_matrix(path: Path) -> NDArray[np.float64]:
    """Read `--matrix`: chances or counts, row = from; `.npy`, or JSON rows, or JSON objects by state.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds something else.
    """
    from vyrectl.engine.shares import as_weights

    if _read(path, len(NPY_MAGIC)) == NPY_MAGIC:
        return as_weights(_load_array(path, ndim=2, what="a matrix"), str(path))
    table = _parse(path, _read(path))
    if isinstance(table, dict):
        rows = {from_: row for from_, row in table.items() if isinstance(row, dict)}
        if len(rows) < len(table):
            raise InvalidInputError(
                "each state's row is an object", where=str(path), fix='{"Running": {"Done": 3}}'
            )
        cells = ((from_, to, count) for from_, row in rows.items() for to, count in row.items())
        return _state_matrix(cells, str(path))
    return as_weights(table, str(path))


def read_transitions(path: Path) -> NDArray[np.float64]:
    """Read `--transitions`: what `launch --json` reports, or its `transitions` alone.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds no transition counts.
    """
    table = _parse(path, _read(path))
    return _transitions(table.get("transitions") if isinstance(table, dict) else table, str(path))


def read_edges(path: Path) -> NDArray[np.integer]:
    """Read `--edges`: pairs of nodes, from and to; `.npy` of shape (m, 2) or JSON.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds something else.
    """
    import numpy as np

    if _read(path, len(NPY_MAGIC)) == NPY_MAGIC:
        edges = np.asarray(_load_array(path, ndim=2, what="a list of edges"))
    else:
        edges = np.empty(0)
        with suppress(ValueError, OverflowError):
            edges = np.array(_parse(path, _read(path)) or np.empty((0, 2), np.int64))
    if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "ui":
        raise InvalidInputError(
            "edges are pairs of node numbers", where=str(path), fix="Write [[0, 1], [1, 2]]"
        )
    return edges


def raw_words(start: Start) -> NDArray[np.uint32]:
    """The vector as u32 words, for a step that is not one of those that ship.

    Raises:
        InvalidInputError: A value that is no u32.
    """
    import numpy as np

    from vyrectl.abi.limits import U32_MAX

    if isinstance(start.values, np.ndarray) and start.values.dtype.itemsize == 4:
        return start.values.view(np.uint32)
    values = start.values.tolist() if isinstance(start.values, np.ndarray) else list(start.values)
    for index, value in enumerate(values):
        if not isinstance(value, int) or not 0 <= value <= U32_MAX:
            raise InvalidInputError(
                f"word {index} is {str(value)[:40]}", where=start.name, fix=f"Words are 0 to {U32_MAX}"
            )
    return np.array(values, np.uint32)


def _of_ring(path: Path, data: bytes | None, window: Window) -> Start:
    tally, _ = read_ring(path, data, window)
    return Start(str(path), tally.counts, STATES, unknown=tally.unknown)


def _of_json(name: str, table: Json) -> Start:
    if isinstance(table, list):
        return Start(name, table)
    if not isinstance(table, dict):
        raise InvalidInputError("this is neither a list nor an object", where=name, fix="Write [5, 0, 2]")
    schema = table.get("schema")
    if schema == "vyrectl.launch/1" and "transitions" in table:
        after = _by_state(table.get("states", {}).get("after", {}), name)
        return Start(name, after, STATES, _transitions(table["transitions"], name))
    if schema == "vyrectl.snapshot/1":
        return Start(name, _by_state(_snapshot_counts(table.get("sum", table)), name), STATES)
    if schema == "vyrectl.converge/1":
        nodes = table.get("nodes")
        values = [node.get("limit") for node in nodes] if nodes else table.get("result")
        return Start(name, values, STATES if nodes and nodes[0].get("name") else ())
    if schema is not None:
        raise InvalidInputError(
            f"the schema is {str(schema)[:60]!r}",
            where=name,
            fix="Give a launch report, a snapshot, or an answer of converge",
        )
    return Start(name, _by_state(table, name), STATES)


def _snapshot_counts(table: Mapping[str, Json]) -> dict[str, Json]:
    """The states that a snapshot counts; it counts neither Empty nor Done."""
    names = {state.name.lower() for state in TaskState}
    return {
        key.removesuffix(COUNT_SUFFIX): value
        for key, value in table.items()
        if key.endswith(COUNT_SUFFIX) and key.removesuffix(COUNT_SUFFIX) in names
    }


def _by_state(table: Mapping[str, Json], name: str) -> list[Json]:
    """Numbers by state's name, in the order of the states."""
    values: list[Json] = [0] * len(STATES)
    for key, value in table.items():
        values[_state(key, name)] = value
    return values


def _transitions(rows: Json, name: str) -> NDArray[np.float64]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidInputError(
            "there are no transition counts in it", where=name, fix="Give what `launch --json` printed"
        )
    return _state_matrix(((row.get("from"), row.get("to"), row.get("count")) for row in rows), name)


def _state_matrix(cells: Iterable[tuple[Json, Json, Json]], name: str) -> NDArray[np.float64]:
    from vyrectl.engine.shares import as_weights

    rows: list[list[Json]] = [[0] * len(STATES) for _ in STATES]
    for from_, to, count in cells:
        rows[_state(from_, name)][_state(to, name)] = count
    return as_weights(rows, name)


def _state(key: Json, name: str) -> int:
    word = str(key).strip().lower()
    state = TaskState.__members__.get(word.upper())
    if state is None:
        raise InvalidInputError(
            f"{str(key)[:40]!r} is no task state", where=name, fix="Known: " + ", ".join(STATES)
        )
    return int(state)


def _parse(path: Path, data: bytes) -> Json:
    try:
        return parse_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"byte {error.start} is no UTF-8", where=str(path), fix="Give JSON, a ring or .npy"
        ) from error
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"this is no JSON: {error.msg}", where=where) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"this is no JSON: {error}", where=str(path)) from error


def _load_array(path: Path, *, ndim: int, what: str) -> Json:
    from vyrectl.engine.npy import load_npy

    if str(path) == STDIN:
        raise UsageError("an array cannot come from standard input", fix="Save it to a file")
    array = load_npy(path)
    if array.ndim != ndim:
        shape = " x ".join(map(str, array.shape))
        raise InvalidInputError(f"the array is {shape}, and {what} has {ndim} axes", where=str(path))
    return array


def _read(path: Path, most: int | None = None) -> bytes:
    return read_whole(path, doing="read") if most is None else read_head(path, most, doing="read")


def _is_text(data: bytes) -> bool:
    """Whether bytes start like text; a ring's do not, and nothing is an empty ring."""
    return bool(data) and _CONTROLS.isdisjoint(data[:_SNIFFED_BYTES])

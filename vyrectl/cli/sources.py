"""What `apply` and `plan` read: a ring, a saved snapshot, a launch request or a plan, from a file or standard input.

A SOURCE tells what it is: text is JSON or TOML, anything else is a ring; a record of vyrectl says so under
``schema``, and a table without it is known by its keys. Only a ring that needs numpy loads it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from vyrectl.cli.options import WHOLE_FILE, Span, check_kind
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, InvalidInputError, LaunchRequestError
from vyrectl.files.json_text import Json
from vyrectl.files.whole import read_head, read_stdin, read_whole
from vyrectl.policy.document import SCHEMA, checked_fields, parse_document, policy_from, request_fields
from vyrectl.policy.policy import LaunchPolicy
from vyrectl.policy.request import ADAPTER_LIMITS, REQUEST_BITS
from vyrectl.telemetry.snapshot import SNAPSHOT_WIDTHS, StateTally, TaskQueueSnapshot

STDIN = "-"
SNIFFED_BYTES = 512
MOST_TEXT_BYTES = 16 << 20
"""Longest text that is read; a request takes less than a thousandth of it."""

_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\r\n\f\v")

DERIVED = ("schedulable_count", "continuation_pressure", "unknown_count")
"""Keys that stand beside the eight fields of a saved snapshot."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """A snapshot and where it is from.

    Attributes:
        name: The source's name.
        snapshot: The eight fields.
        unknown: Slots in an unknown state that were left out.
    """

    name: str
    snapshot: TaskQueueSnapshot
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a launch request that a source gives.

    Attributes:
        name: The source's name.
        fields: By name; those that are left out are not here.
    """

    name: str
    fields: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Window:
    """How to read a ring: the part of the file and `--lenient`, which also say that it is one."""

    span: Span = WHOLE_FILE
    lenient: bool = False

    @property
    def given(self) -> bool:
        """Whether any of them was."""
        return self.span.is_given or self.lenient


def read_source(path: Path, window: Window) -> Telemetry | Asked:
    """Read a SOURCE.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It is neither a ring nor a text that is known here, or holds bad values.
    """
    data = _contents(path)
    if data == b"" and not window.given:
        raise _nothing(str(path))
    head = read_head(path, SNIFFED_BYTES, doing="read") if data is None else data[:SNIFFED_BYTES]
    if window.given or not _is_text(head):
        return _telemetry_of_ring(path, data, window)
    return _from_text(str(path), read_table(path, data))


def is_ring_file(path: Path, window: Window) -> bool:
    """Whether `read_source` takes a SOURCE for a ring that can be read a second time."""
    if str(path) == STDIN or not os.path.isfile(path):
        return False
    return window.given or not _is_text(read_head(path, SNIFFED_BYTES, doing="read"))


def read_request(path: Path) -> Asked:
    """Read a `--request` file: a launch request, or a record that holds one.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds no request, or bad values.
    """
    found = _from_text(str(path), read_table(path))
    if isinstance(found, Telemetry):
        raise LaunchRequestError("this is a snapshot, not a launch request", where=found.name)
    return found


def read_policy(path: Path) -> LaunchPolicy:
    """Read a `--policy` file.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds something else than fields of a policy, or bad values.
    """
    return policy_from(read_table(path), str(path))


def read_table(path: Path, data: bytes | None = None) -> dict[str, Json]:
    """The JSON or TOML table in a file; the suffix says which, else the first character.

    Args:
        path: The file, or `-`.
        data: Its bytes, when they were read before.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It is no such text.
    """
    name = str(path)
    data = _contents(path) if data is None else data
    data = read_head(path, MOST_TEXT_BYTES + 1, doing="read") if data is None else data
    if len(data) > MOST_TEXT_BYTES:
        raise LaunchRequestError(f"the text is longer than {MOST_TEXT_BYTES} bytes", where=name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8, so this is neither JSON nor TOML"
        raise LaunchRequestError(what, where=name) from error
    if not text.strip():
        raise _nothing(name)
    suffix = path.suffix.lower()
    return parse_document(text, name, toml={".toml": True, ".json": False}.get(suffix))


def _from_text(name: str, table: dict[str, Json]) -> Telemetry | Asked:
    schema = table.get(SCHEMA)
    if schema is None:
        return _from_keys(name, table)
    if schema == "vyrectl.snapshot/1":
        return Telemetry(name, _snapshot(name, table.get("sum", table)))
    if schema == "vyrectl.apply/1":
        return Asked(name, _without_open_limits(request_fields(table, name)))
    if schema == "vyrectl.plan/1" and isinstance(table.get("request"), dict):
        return Asked(name, request_fields(table["request"], name))
    raise LaunchRequestError(
        f"the schema is {str(schema)[:60]!r}",
        where=name,
        fix="Give what `snapshot --json`, `apply --json` or `plan --json` printed",
    )


def _from_keys(name: str, table: dict[str, Json]) -> Telemetry | Asked:
    """A table without a schema is whichever of the two it has more keys of."""
    telemetry_keys = table.keys() & {*SNAPSHOT_WIDTHS.bits, *DERIVED}
    if len(telemetry_keys) > len(table.keys() & REQUEST_BITS.keys()):
        return Telemetry(name, _snapshot(name, table, strict=True))
    return Asked(name, request_fields(table, name))


def _snapshot(name: str, table: Json, *, strict: bool = False) -> TaskQueueSnapshot:
    if not isinstance(table, dict):
        raise InvalidInputError("the sum of this snapshot is no object", where=name)
    missing = [field for field in SNAPSHOT_WIDTHS.bits if field not in table]
    if missing:
        raise InvalidInputError(f"the snapshot has no {missing[0]}", where=name, fix="Save all of its fields")
    left_out = DERIVED if strict else table.keys() - SNAPSHOT_WIDTHS.bits.keys()
    kept = {key: value for key, value in table.items() if key not in left_out}
    return TaskQueueSnapshot(**checked_fields(kept, SNAPSHOT_WIDTHS, "snapshot", name))


def _without_open_limits(fields: dict[str, int]) -> dict[str, int]:
    """`apply` writes every field; a limit of 0 is one that nobody gave."""
    return {name: value for name, value in fields.items() if value or name not in ADAPTER_LIMITS}


def _telemetry_of_ring(path: Path, data: bytes | None, window: Window) -> Telemetry:
    tally, snapshot = read_ring(path, data, window)
    return Telemetry(str(path), snapshot, tally.unknown)


def read_ring(path: Path, data: bytes | None, window: Window) -> tuple[StateTally, TaskQueueSnapshot]:
    """What is in a ring.

    Args:
        path: The file, or the name of what was read.
        data: What was read; None to read the file.
        window: Which part of it.

    Raises:
        VyrectlError: It cannot be read, or holds an unknown state that the window does not allow.
    """
    from vyrectl.ring.file import Ring

    span = window.span
    check_kind(path, span, data)
    ring = (
        Ring.open(path, offset=span.start, count=span.slots)
        if data is None
        else Ring.from_bytes(data, str(path), offset=span.start, count=span.slots)
    )
    with ring:
        tally = ring.tally()
    try:
        return tally, tally.snapshot(lenient=window.lenient)
    except InvalidInputError as error:
        raise error.at(str(path)) from None


def _nothing(name: str) -> InvalidInputError:
    return InvalidInputError("there is nothing in it", where=name, fix="Look at what should have written it")


def _contents(path: Path) -> bytes | None:
    """Everything in standard input or a pipe; None for a file, which is looked into first."""
    if str(path) == STDIN:
        return read_stdin()
    try:
        piped = stat.S_ISFIFO(path.stat().st_mode)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="read") from error
    return read_whole(path, doing="read") if piped else None


def _is_text(data: bytes) -> bool:
    """Whether bytes start like text. A ring does not: the state word of its first task holds zero bytes."""
    return bool(data) and _CONTROLS.isdisjoint(data)

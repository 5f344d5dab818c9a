"""What `build` makes a ring from: a table, a seed, or nothing but Empty slots.

Needs numpy, inside functions. The whole source is read and checked before anything is written.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vyrectl.cli.again import with_these, without
from vyrectl.cli.commands.build.options import INPUT_FORMATS, Asked
from vyrectl.cli.commands.build.record import SourceRecord
from vyrectl.cli.options import Span, open_ring
from vyrectl.cli.output import Output
from vyrectl.cli.wrong_kind import telling_kind
from vyrectl.dataclass import dataclass
from vyrectl.errors import FileError, InvalidInputError, OtherKindError, UnknownNameError, UsageError
from vyrectl.files.waiting import open_file, reading
from vyrectl.files.whole import refuse_endless
from vyrectl.ring.kinds import FileKind
from vyrectl.shell import STDIN

if TYPE_CHECKING:
    from vyrectl.task.arrays import SlotArray

SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
DEFAULT_SEED = 0
_OPTIONS = {"synthetic": "--synthetic", "seed": "--seed", "mix": "--mix", "input_format": "--input-format"}
"""What a ring that is cut out of a dump does not go with."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the tasks come from.

    Attributes:
        table: Path of a table or a dump, `-` for standard input, or None.
        input_format: One of `INPUT_FORMATS`, or None to find out.
        tasks: How many synthetic slots, or None.
        seed: Their seed.
        mix: Path of what they are drawn from, or None.
        slots: Slots of the ring, or None for as many as there are tasks.
        span: The part of `table`, a dump, that becomes the ring; else None.
    """

    table: str | None = None
    input_format: str | None = None
    tasks: int | None = None
    seed: int = DEFAULT_SEED
    mix: str | None = None
    slots: int | None = None
    span: Span | None = None

    @classmethod
    def from_options(cls, table: str | None, asked: Asked) -> Source:
        """What the arguments and options of `build` say.

        Args:
            table: The table's name, as it was given by argument.
            asked: What the options say; None where one was not given.

        Raises:
            UsageError: They contradict each other, or name no source.
        """
        span = Span(asked.offset, asked.count)
        given = {name for name in _OPTIONS if getattr(asked, name) is not None}
        given |= {"slots"} if asked.slots is not None else set()
        if table is not None and asked.from_table is not None:
            raise UsageError("the table is named twice", fix="Give TABLE or --from, not both")
        named = asked.from_table if table is None else table
        given |= {"table"} if named is not None else set()
        if {"table", "synthetic"} <= given:
            raise UsageError("a table and --synthetic exclude each other", fix="Leave one of them out")
        if span.is_given and given - {"slots"} != {"table"}:
            foreign = [_OPTIONS[name] for name in _OPTIONS if name in given]
            raise UsageError(
                "--offset and --count cut a ring out of a dump, which only --slots goes with",
                fix=f"Write: {without(foreign)}"
                if named is not None
                else f"Name the dump with --from, or write: {without(('--offset', '--count'))}",
            )
        if not given & {"table", "synthetic", "slots"}:
            raise UsageError("nothing to build from", fix="Name a table, or give --synthetic N, or --slots N")
        for name, needs in (("seed", "synthetic"), ("mix", "synthetic"), ("input_format", "table")):
            if name in given and needs not in given:
                wanted = "TABLE" if needs == "table" else f"--{needs}"
                raise UsageError(
                    f"{_OPTIONS[name]} is for {wanted}", fix=f"Add {wanted} or leave out {_OPTIONS[name]}"
                )
        if asked.input_format not in (None, *INPUT_FORMATS):
            raise UnknownNameError("input format", asked.input_format, INPUT_FORMATS)
        return cls(
            table=named,
            input_format=asked.input_format,
            tasks=asked.synthetic,
            seed=DEFAULT_SEED if asked.seed is None else asked.seed,
            mix=asked.mix,
            slots=asked.slots,
            span=span if span.is_given else None,
        )

    @property
    def is_empty(self) -> bool:
        """True for a ring of Empty slots alone."""
        return self.table is None and self.tasks is None

    def read(self, output: Output) -> SlotArray:
        """The ring's slots, `SLOT_DTYPE`, shape (n,), padded with Empty ones up to `slots`.

        Raises:
            FileError: The table or mix cannot be read.
            InvalidInputError: A line of the table is wrong, or the tasks are more than `slots`.
        """
        tasks = self._tasks(output)
        if self.slots is None:
            return tasks
        if len(tasks) > self.slots:
            raise InvalidInputError(
                f"{len(tasks)} tasks do not fit into {self.slots} slots",
                where=self.table,
                fix=f"Give --slots {len(tasks)} or more",
            )
        return _padded(tasks, self.slots)

    def to_record(self) -> SourceRecord:
        """Where the tasks come from, for the record."""
        if self.span is not None:
            return {"source": "dump", "table": self.table, "seed": None}
        if self.table is not None:
            return {"source": "table", "table": self.table, "seed": None}
        if self.tasks is not None:
            return {"source": "synthetic", "table": None, "seed": self.seed}
        return {"source": "empty", "table": None, "seed": None}

    def _tasks(self, output: Output) -> SlotArray:
        if self.span is not None and self.table is not None:
            return open_ring(Path(self.table), Span(self.span.start, self.span.count)).slots
        if self.table is not None:
            return self._read_table(self.table, output)
        if self.tasks is not None:
            return self._synthesize(self.tasks)
        return _empty(0)

    def _read_table(self, table: str, output: Output) -> SlotArray:
        from vyrectl.engine.ops import float_codes, op_codes
        from vyrectl.ring.tables import read_csv, read_jsonl

        name = "standard input" if table == "-" else table
        with (
            _telling_ring(table),
            _open_table(table) as stream,
            output.progress(f"reading {name}", "lines") as update,
        ):
            kind = self.input_format or SUFFIXES.get(Path(table).suffix.lower()) or _sniff(stream)
            read = read_csv if kind == "csv" else read_jsonl
            lines = _CountedLines(stream, update)
            return read(lines, op_codes=op_codes(), source=name, float_ops=float_codes())

    def _synthesize(self, tasks: int) -> SlotArray:
        from vyrectl.engine.ops import op_codes
        from vyrectl.ring.mix import Mix
        from vyrectl.ring.synthetic import synthesize

        mix = None if self.mix is None else Mix.from_file(self.mix)
        return synthesize(tasks, self.seed, mix, op_codes=op_codes())


def _padded(tasks: SlotArray, slots: int) -> SlotArray:
    padded = _empty(slots)
    padded[: len(tasks)] = tasks
    return padded


def _empty(slots: int) -> SlotArray:
    import numpy as np

    from vyrectl.abi.dtype import SLOT_DTYPE

    return np.zeros(slots, dtype=SLOT_DTYPE)


@contextmanager
def _telling_ring(table: str) -> Iterator[None]:
    """Say of what is no table what it is, and of a ring how it is cut out.

    Raises:
        OtherKindError: It is at least likely a ring, or another kind of file.
        InvalidInputError: What is wrong with it as a table.
    """
    try:
        with telling_kind(Path(table), FileKind.TASKS) if table != STDIN else nullcontext():
            yield
    except OtherKindError as error:
        span = _span_of_ring(table)
        if span:
            error.fix = f"Cut the ring out with: {with_these(span)}"
        raise


def _span_of_ring(table: str) -> dict[str, str]:
    """The options that cut the ring out of a file; none where it holds no ring."""
    from vyrectl.ring.kinds import identify_file

    verdict = identify_file(table)
    return {"--offset": "0"} if verdict.kind is FileKind.RING else verdict.ring_options


@contextmanager
def _open_table(name: str) -> Iterator[BufferedReader]:
    if name == "-":
        stdin = cast(BufferedReader, sys.stdin.buffer)
        _await_start(stdin, "standard input")
        yield stdin
        return
    try:
        stream = open(name, "rb", opener=open_file)  # noqa: SIM115
    except OSError as error:
        raise FileError.from_os_error(error, name, doing="read the table") from error
    with stream:
        try:
            refuse_endless(stream.fileno(), name, doing="read the table")
            _await_start(stream, name)
            yield stream
        except OSError as error:
            raise FileError.from_os_error(error, name, doing="read the table") from error


def _await_start(stream: BufferedReader, name: str) -> None:
    with suppress(io.UnsupportedOperation), reading(stream.fileno(), name):
        stream.peek(1)


def _sniff(stream: BufferedReader) -> str:
    """JSON Lines when the text starts like JSON, else CSV."""
    start = bytes(stream.peek(256)).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start[:1] in (b"{", b"[", b'"') else "csv"


class _CountedLines:
    """A stream that tells how many lines were read."""

    def __init__(self, stream: BufferedReader, update: Callable[[int], object]) -> None:
        self._stream = stream
        self._update = update
        self._lines = 0

    def readline(self, most: int = -1) -> bytes:
        """The next line."""
        self._lines += 1
        if self._lines % 4096 == 0:
            self._update(self._lines)
        return self._stream.readline(most)

"""The only module that writes to stdout and stderr.

A command makes one `Output` from its `--format` and `--color` options and calls `emit` with its record; data
goes to stdout, talk to stderr. Rich is imported only for tables. Text that came from a file passes through
`plain` or through a console without markup: it injects neither styles nor terminal escapes. A reader
that closes the pipe early (`| head -1`) ends the program quietly with exit code 141. Talk never raises: see
`vyrectl.files.streams`. Where JSON was asked for, what is said is JSON too, an object a line.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, TextIO

from vyrectl.cli.again import NUMBERS_COUNT, again, another, counts_from_elsewhere, keeping_in
from vyrectl.cli.rows import Rows, csv_text
from vyrectl.errors import UnknownNameError, VyrectlError
from vyrectl.files.shrinking import refuse_cut
from vyrectl.files.streams import ReaderGone, flush, say, talks_to_terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

FORMATS = ("table", "json", "jsonl", "csv")
COLORS = ("auto", "always", "never")
PIPE_WIDTH = 10_000
"""Columns of a table that goes through a pipe: enough that none is cut."""

TALK_SCHEMA = "vyrectl.talk/1"

PIPE_CLOSED = 141
"""Exit code after the reader went away, as a shell reports a death by SIGPIPE."""

Row = Mapping[str, object]
View = Callable[[Any], "RenderableType"]
"""Any: each command's view is a function of that command's record."""


class Output:
    """Where one command's answer goes.

    Args:
        format_name: One of `FORMATS`.
        color: One of `COLORS`; NO_COLOR is honoured under `auto`.
        quiet: Leave out talk (never errors).
    """

    def __init__(self, format_name: str = "table", color: str = "auto", *, quiet: bool = False) -> None:
        if format_name not in FORMATS:
            raise UnknownNameError("format", format_name, FORMATS)
        if color not in COLORS:
            raise UnknownNameError("color", color, COLORS)
        self.format = format_name
        self.color = color
        self.quiet = quiet

    @property
    def is_table(self) -> bool:
        """True when a person reads the answer rather than a program."""
        return self.format == "table"

    def emit(
        self,
        command: str,
        record: Row,
        view: View,
        *,
        rows: Iterable[Row] | None = None,
        rows_key: str | None = None,
    ) -> None:
        """Write a command's answer to stdout in the chosen format.

        Args:
            command: Names the JSON schema, `vyrectl.<command>/1`.
            record: The whole answer, without `rows`.
            view: Makes the Rich renderable for `table`; gets `record` (with the rows under `rows_key`).
                A plain string is written as it is, without Rich.
            rows: What JSONL and CSV print one line each of; the record itself by default. A generator or
                `Rows` is streamed.
            rows_key: Where `rows` stand in the JSON object; they are streamed. None leaves them out.
        """
        head = {"schema": f"vyrectl.{command}/1", **record}
        if self.format == "json":
            _write_json(head, rows, rows_key)
        elif self.format == "jsonl":
            for block in _json_blocks([head] if rows is None else rows):
                write_line("\n".join(block))
        elif self.format == "csv":
            for block in _csv_blocks([record] if rows is None else rows):
                write_line("\n".join(block))
        else:
            self._show(view(head if rows is None or rows_key is None else {**head, rows_key: rows}))

    def _show(self, shown: RenderableType) -> None:
        if isinstance(shown, str):
            write_line(plain(shown))
            return
        from rich.text import Text

        console = self.console()
        pieces = getattr(shown, "pieces", None)
        is_bare = console.soft_wrap and console.color_system is None
        for piece in [shown] if pieces is None else pieces(console):
            if is_bare and isinstance(piece, Text):
                write_line(piece.plain)
            elif isinstance(piece, Text) and piece.no_wrap:
                console.print(piece, no_wrap=True, overflow="ignore", crop=False)
            else:
                console.print(piece)

    def console(self, *, stderr: bool = False) -> Console:
        """A Rich console that reads no markup, follows `--color`, and cuts no table that goes through a pipe.

        Where the locale is not UTF-8 it draws in ASCII.
        """
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        is_terminal = talks_to_terminal() if stderr else stream.isatty()
        return Console(
            file=_SafeStream(stream, is_talk=stderr),  # type: ignore[arg-type]
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=not is_terminal,
            force_terminal={"always": True, "never": False}.get(self.color),
            no_color={"always": False, "never": True}.get(self.color),
            width=_terminal_width() if is_terminal else PIPE_WIDTH,
        )

    def talk(self, message: str) -> None:
        """Say something on stderr that is not the answer: progress, a summary of what was done."""
        if not self.quiet:
            self._tell(plain(message), {"schema": TALK_SCHEMA, "kind": "talk", "message": message})

    def talk_record(self, record: Row, message: str) -> None:
        """Say something for which there is a record, where JSON was asked for."""
        if not self.quiet:
            self._tell(plain(message), record)

    def tell(self, record: Row, message: str) -> None:
        """Say on stderr what was asked for, also with `--quiet`, as a record where JSON was asked for."""
        self._tell(plain(message), record)

    def warn(self, message: str) -> None:
        """Say on stderr what the user should know even with `--quiet`."""
        record = {"schema": TALK_SCHEMA, "kind": "warning", "message": message}
        self._tell(f"warning: {plain(message)}", record)

    def _tell(self, line: str, record: Row) -> None:
        is_json = self.format in ("json", "jsonl")
        _say(f"{json.dumps(record) if is_json else line}\n")

    @contextmanager
    def progress(self, doing: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A line on stderr that tells how far long work is, on a terminal only.

        Yields:
            A function to call with the number of units done so far; it redraws at most ten times a second.
        """
        if self.quiet or not talks_to_terminal():
            yield lambda done: None
            return
        line = _ProgressLine(plain(doing), unit, total)
        try:
            yield line.update
        finally:
            line.clear()


class _ProgressLine:
    """One line on stderr, redrawn in place; nothing is drawn for work that ends within half a second."""

    def __init__(self, doing: str, unit: str, total: int | None) -> None:
        self._doing, self._unit, self._total = doing, unit, total
        self._due = time.monotonic() + 0.5
        self._drawn = 0

    def update(self, done: int) -> None:
        if (now := time.monotonic()) < self._due:
            return
        self._due = now + 0.1
        of_total = f" of {self._total}" if self._total is not None else ""
        text = f"{self._doing}: {done}{of_total} {self._unit}"
        say(f"\r{text:<{self._drawn}}")
        self._drawn = len(text)

    def clear(self) -> None:
        if self._drawn:
            say(f"\r{'':<{self._drawn}}\r")


class _SafeStream:
    """What Rich writes to: the real stream, with this module's care for encodings and closed pipes."""

    def __init__(self, stream: TextIO, *, is_talk: bool) -> None:
        self._stream = stream
        self._is_talk = is_talk
        self.encoding = "utf-8" if draws_unicode(stream) else "ascii"

    def write(self, text: str) -> None:
        if self._is_talk:
            say(text, may_wait=True)
        else:
            _write(self._stream, text)

    def flush(self) -> None:
        if not self._is_talk:
            _guard(self._stream.flush)

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def draws_unicode(stream: TextIO) -> bool:
    """True where line-drawing characters may be used: a UTF-8 stream, and no locale that says otherwise."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((value for name in names if (value := os.environ.get(name))), "utf-8")
    return _is_utf8(locale) and _is_utf8(stream.encoding or "")


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "")


def plain(text: object) -> str:
    """Text from a file, made safe to print: control characters become escapes, newlines and tabs stay."""
    raw = str(text)
    if raw.isprintable():
        return raw
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode("ascii")
        for char in raw
    )


def write_line(text: str) -> None:
    """One line of data on stdout."""
    _write(sys.stdout, text + "\n")


def write_talk(text: str) -> None:
    """Text on stderr as it is, cursor movements and all; what came from a file has passed `plain`."""
    say(text)


def write_bytes(data: bytes | memoryview) -> None:
    """Raw data on stdout."""

    def write() -> None:
        refuse_cut()
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    _guard(write)


def report_error(error: VyrectlError, args: list[str]) -> None:
    """Show an error on stderr: as JSON when the arguments asked for JSON, else as what, where and fix."""
    run = another(error.instead) if error.instead else None
    run = again(args, error.again, error.where) if error.again else run
    fix = keeping_in(error.fix) if error.fix else None
    if fix and error.again and args and error.where and counts_from_elsewhere(args, error.again):
        fix = f"{fix}; {NUMBERS_COUNT}"
    if wants_json(args):
        record = {**error.to_record(), **({"fix": fix} if fix else {}), **({"run": run} if run else {})}
        _report(json.dumps(record))
        return
    place = f"{plain(error.where)}: " if error.where else ""
    lines = [f"error: {place}{plain(error.what)}"]
    pointer = getattr(error, "pointer", str)()
    if pointer:
        lines.append(plain(pointer))
    log = getattr(error, "log", "")
    if log:
        lines.append(plain(log).rstrip())
    if fix:
        lines.append(f"  fix: {plain(fix)}")
    if run:
        lines.append(f"  run: {plain(run)}")
    _report("\n".join(lines))


def _report(text: str) -> None:
    """The last words: the answer before them has failed already if it cannot be written."""
    flush()
    say(f"{text}\n", may_wait=True)


def stray_line(line: str) -> str:
    """What stands on stderr for a line that a driver or a library wrote there while JSON was asked for."""
    return json.dumps({"schema": TALK_SCHEMA, "kind": "stray", "message": line}) + "\n"


def wants_json(args: list[str]) -> bool:
    """True when the arguments ask for JSON, whatever else is wrong with them."""
    before_end = args[: args.index("--")] if "--" in args else args
    for argument, following in zip_longest(before_end, before_end[1:]):
        if argument in ("--json", "--format=json", "--format=jsonl", "-fjson", "-fjsonl"):
            return True
        if argument in ("--format", "-f") and following in ("json", "jsonl"):
            return True
    return False


def talk_before_options(args: list[str]) -> Callable[[str], None]:
    """What says something while the arguments are still being read."""
    before_end = args[: args.index("--")] if "--" in args else args
    quiet = not {"--quiet", "-q"}.isdisjoint(before_end)
    return Output("json" if wants_json(args) else "table", quiet=quiet).talk


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _guard(write: Callable[[], object]) -> None:
    """Run a write of data; when nobody reads any more, leave quietly."""
    try:
        write()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderGone from None


def _say(text: str) -> None:
    """Write to stderr, after what was written to stdout before."""
    _guard(sys.stdout.flush)
    say(text)


def _write(stream: TextIO, text: str) -> None:
    if stream is sys.stdout:
        refuse_cut()
    try:
        _guard(lambda: stream.write(text))
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        _guard(lambda: stream.write(text.encode(encoding, "backslashreplace").decode(encoding)))


def _write_json(head: Row, rows: Iterable[Row] | None, rows_key: str | None) -> None:
    if rows is None or rows_key is None:
        for piece in _json_pieces(head):
            _write(sys.stdout, piece)
        return
    opening = json.dumps(head, indent=2)[:-2]
    _write(sys.stdout, f"{opening},\n  {json.dumps(rows_key)}: [")
    separator = "\n    "
    for block in _json_blocks(rows):
        _write(sys.stdout, separator + ",\n    ".join(block))
        separator = ",\n    "
    _write(sys.stdout, "]\n}\n" if separator == "\n    " else "\n  ]\n}\n")


def _json_pieces(record: Row) -> Iterator[str]:
    """A record as JSON of several lines; `Rows` somewhere in it are written block by block, a row a line."""
    nested: list[Rows] = []
    token = os.urandom(8).hex()

    def mark(value: object) -> str:
        assert isinstance(value, Rows)
        nested.append(value)
        return f"{token}{len(nested) - 1}"

    text = json.dumps(record, indent=2, default=mark) + "\n"
    pieces = re.split(f'"{token}([0-9]+)"', text)
    yield pieces[0]
    for before, number, after in zip(pieces[::2], pieces[1::2], pieces[2::2], strict=False):
        yield from _nested_rows(nested[int(number)], _indent_of(before))
        yield after


def _nested_rows(rows: Rows, indent: str) -> Iterator[str]:
    yield "["
    separator = f"\n{indent}  "
    for block in _json_blocks(rows):
        yield separator + f",\n{indent}  ".join(block)
        separator = f",\n{indent}  "
    yield f"\n{indent}]"


def _indent_of(text: str) -> str:
    """The blanks that the last line begins with."""
    line = text[text.rfind("\n") + 1 :]
    return line[: len(line) - len(line.lstrip(" "))]


def _json_blocks(rows: Iterable[Row]) -> Iterator[list[str]]:
    if isinstance(rows, Rows):
        yield from filter(None, rows.json_blocks())
        return
    pending = iter(rows)
    while block := list(islice(pending, 1024)):
        yield [json.dumps(row, default=list) for row in block]


def _csv_blocks(rows: Iterable[Row]) -> Iterator[list[str]]:
    if isinstance(rows, Rows):
        yield from filter(None, rows.csv_blocks())
        return
    pending = iter(rows)
    header: tuple[str, ...] | None = None
    while block := list(islice(pending, 1024)):
        lines = [] if header is not None else [",".join(block[0])]
        header = header or tuple(block[0])
        lines += [",".join(csv_text(_clean(row.get(name))) for name in header) for row in block]
        yield lines


def _clean(value: object) -> object:
    return plain(value) if isinstance(value, str) else value

"""The only module that writes to stdout and stderr.

A command makes one `Output` from its `--format` and `--color` options and calls `emit` with its record; data goes to
stdout, talk to stderr. Rich is imported only for tables. Text that came from a file passes through `plain` or through a
console without markup, so that it can neither inject styles nor terminal escapes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

from vyrectl.errors import UnknownNameError, VyrectlError, WhereError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

FORMATS = ("table", "json", "jsonl", "csv")
COLORS = ("auto", "always", "never")
PIPE_WIDTH = 10_000
"""Columns of a table that goes through a pipe: enough that none is cut."""

Row = Mapping[str, Any]


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

    def emit(
        self,
        command: str,
        record: Row,
        view: Callable[[Row], RenderableType],
        *,
        rows: Iterable[Row] | None = None,
        rows_key: str | None = None,
    ) -> None:
        """Write a command's answer to stdout in the chosen format.

        Args:
            command: Names the JSON schema, `vyrectl.<command>/1`.
            record: The whole answer, without `rows`.
            view: Makes the Rich renderable for `table`; gets `record` (with the rows under `rows_key`).
            rows: What JSONL and CSV print one line each of; the record itself by default. May be a generator.
            rows_key: Where `rows` stand in the JSON object; they are streamed. None leaves them out.
        """
        head = {"schema": f"vyrectl.{command}/1", **record}
        if self.format == "json":
            _write_json(head, rows, rows_key)
        elif self.format == "jsonl":
            for row in [head] if rows is None else rows:
                write_line(json.dumps(row))
        elif self.format == "csv":
            _write_csv([record] if rows is None else rows)
        else:
            whole = head if rows is None or rows_key is None else {**head, rows_key: rows}
            self.console().print(view(whole))

    def console(self, *, stderr: bool = False) -> Console:
        """A Rich console that reads no markup, follows `--color`, and never cuts a table that goes through a pipe."""
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        forced = {"always": True, "never": False}.get(self.color)
        is_terminal = stream.isatty()
        return Console(
            file=stream,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=not is_terminal,
            force_terminal=True if forced else None,
            no_color=True if forced is False else None,
            width=None if is_terminal else int(os.environ.get("COLUMNS") or PIPE_WIDTH),
        )

    def talk(self, message: str) -> None:
        """Say something on stderr that is not the answer: progress, a summary of what was done."""
        if not self.quiet:
            _write(sys.stderr, plain(message) + "\n")

    def warn(self, message: str) -> None:
        """Say on stderr what the user should know even with `--quiet`."""
        _write(sys.stderr, f"warning: {plain(message)}\n")


def plain(text: object) -> str:
    """Text from a file, made safe to print: control characters become visible escapes, newlines and tabs stay."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode("ascii")
        for char in str(text)
    )


def write_line(text: str) -> None:
    """One line of data on stdout."""
    _write(sys.stdout, text + "\n")


def write_bytes(data: bytes | memoryview) -> None:
    """Raw data on stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def report_error(error: VyrectlError, args: list[str]) -> None:
    """Show an error on stderr: as JSON when the arguments asked for JSON, else as what, where and fix."""
    if _wants_json(args):
        _write(sys.stderr, json.dumps(error.to_record()) + "\n")
        return
    place = f"{plain(error.where)}: " if error.where else ""
    lines = [f"error: {place}{plain(error.what)}"]
    if isinstance(error, WhereError):
        lines.append(plain(error.pointer()))
    log = getattr(error, "log", "")
    if log:
        lines.append(plain(log).rstrip())
    if error.fix:
        lines.append(f"  fix: {plain(error.fix)}")
    _write(sys.stderr, "\n".join(lines) + "\n")


def _wants_json(args: list[str]) -> bool:
    before_end = args[: args.index("--")] if "--" in args else args
    for position, argument in enumerate(before_end):
        if argument == "--json" or argument in ("--format=json", "--format=jsonl"):
            return True
        if argument in ("--format", "-f") and before_end[position + 1 : position + 2] in (["json"], ["jsonl"]):
            return True
    return False


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _write_json(head: Row, rows: Iterable[Row] | None, rows_key: str | None) -> None:
    if rows is None or rows_key is None:
        write_line(json.dumps(head, indent=2))
        return
    opening = json.dumps(head, indent=2)[:-2]
    _write(sys.stdout, f"{opening},\n  {json.dumps(rows_key)}: [")
    separator = "\n    "
    pending = iter(rows)
    while block := list(islice(pending, 1024)):
        _write(sys.stdout, separator + ",\n    ".join(json.dumps(row) for row in block))
        separator = ",\n    "
    _write(sys.stdout, "]\n}\n" if separator == "\n    " else "\n  ]\n}\n")


def _write_csv(rows: Iterable[Row]) -> None:
    import csv

    writer = None
    for row in rows:
        flat = {key: json.dumps(v) if isinstance(v, (list, dict)) else v for key, v in row.items()}
        if writer is None:
            writer = csv.DictWriter(sys.stdout, fieldnames=list(flat), lineterminator="\n", extrasaction="ignore")
            writer.writeheader()
        writer.writerow(flat)

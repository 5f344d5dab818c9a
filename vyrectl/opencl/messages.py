"""What a compiler said, taken apart: severity, file, line, column, text; and put together for a person to read.

Compilers word their messages differently, and pyopencl wraps them. The invariant: a message points at the file and line
that its author knows, because the program that was compiled says where each of its lines comes from (`#line`).
Standard library only.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.resources import kernels_dir

ERROR, WARNING, NOTE = "error", "warning", "note"

SHOWN_MESSAGES = 20
"""Messages of a log that are shown; the rest is counted."""

EXCERPT_COLUMNS = 160
"""Longest source line that is shown under a message."""

WHOLE_PROGRAM = ("<kernel>", "input.cl")
"""Names that NVIDIA's compiler and Oclgrind's have for all that they are given, whose lines they count."""

DISPATCHER = "dispatch"
"""Name that the generated dispatcher goes by in messages."""

_SEVERITY = r"(?:fatal )?(?P<severity>error|warning|note)"
_PLACE = r"(?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+)"
_FORMS = (
    rf"^{_SEVERITY}: {_PLACE}(?: <Spelling=[^>]*>)?: (?P<text>.*)$",
    rf"^{_PLACE}: {_SEVERITY}: (?P<text>.*)$",
    rf"^(?P<path>\S.*?)\((?P<line>\d+)\)(?P<column>)\s*: {_SEVERITY}[^:]*: (?P<text>.*)$",
    rf'^"(?P<path>[^"]+)", line (?P<line>\d+)(?P<column>): {_SEVERITY}: (?P<text>.*)$',
)
"""PoCL's, clang's (NVIDIA, Intel, Oclgrind), and two of older compilers."""

_LINE = re.compile(r'^#line (\d+) "([^"\n]*)"$', re.MULTILINE)


_UNKNOWN = re.compile(r"(?:undeclared identifier|implicit declaration of function) '(\w+)'", re.IGNORECASE)
_NAME = re.compile(r"\b[Vv][Yy][Rr][Ee]_\w+")


def _with_guess(said: str, program: str) -> str:
    """What a compiler said of a name that it does not know, with the one of ours that was probably meant.

    A mistyped name stands in the program once, ours several times; a compiler's own guess is left as it is.
    """
    unknown = _UNKNOWN.search(said)
    if unknown is None or "did you mean" in said.lower():
        return said
    counts = Counter(_NAME.findall(program))
    names = [name for name, count in counts.items() if count > 1 and name != unknown[1]]
    near = get_close_matches(unknown[1], names, n=1, cutoff=0.75)
    return f"{said}; did you mean '{near[0]}'?" if near else said


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a compiler said about a place.

    Attributes:
        severity: `error`, `warning` or `note`.
        path: File, as the program's `#line` names it.
        line: From 1.
        column: From 1; 0 when the compiler does not say.
        text: What it said.
    """

    severity: str
    path: str
    line: int
    column: int
    text: str

    def to_record(self) -> dict[str, object]:
        """Every field by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        return f"{self.path}:{self.line}{column}: {self.severity}: {self.text}"


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _FORMS))


def read_messages(log: str, program: str = "") -> tuple[Message, ...]:
    """The messages of a log, in its order, each once.

    Args:
        log: What the compiler said.
        program: The text that was compiled; some compilers count its lines and do not heed `#line`.
    """
    found = (form.match(line.strip()) for line in log.splitlines() for form in _forms())
    return tuple(
        dict.fromkeys(
            Message(
                match["severity"],
                *_home(program, match["path"], int(match["line"])),
                int(match["column"] or 0),
                _with_guess(match["text"], program),
            )
            for match in found
            if match
        )
    )


def _home(program: str, path: str, line: int) -> tuple[str, int]:
    """Where a line comes from that is counted from the program's first."""
    if path not in WHOLE_PROGRAM or not program:
        return path, line
    offset = 0
    for _ in range(line - 1):
        offset = program.find("\n", offset) + 1
        if not offset:
            return path, line
    return place_of(program, offset)


def user_files(program: str) -> frozenset[str]:
    """The files that a program's lines come from and that are not vyrectl's own."""
    names = {match[2] for match in _LINE.finditer(program)} - {DISPATCHER}
    return frozenset(
        name for name in names if not os.path.isfile(kernels_dir() / name) or Path(name).is_absolute()
    )


def place_of(program: str, offset: int) -> tuple[str, int]:
    """File and line that a character of a program comes from."""
    name, line, start = "", 1, 0
    for match in _LINE.finditer(program, 0, offset):
        name, line, start = match[2], int(match[1]), match.end() + 1
    return name, line + program.count("\n", start, offset)


def blames_only(messages: Iterable[Message], files: frozenset[str]) -> bool:
    """True when there are errors and each lies in one of these files, or in the dispatcher that follows them: what a
    file leaves open is only met there."""
    errors = [message for message in messages if message.severity == ERROR]
    return bool(errors and files) and all(
        message.path in files or message.path == DISPATCHER for message in errors
    )


def authors_own(messages: Sequence[Message], files: frozenset[str]) -> list[Message]:
    """Those that lie in the authors' files; all of them where no error does."""
    own = [message for message in messages if message.path in files]
    return own if any(message.severity == ERROR for message in own) else list(messages)


def explain(messages: Sequence[Message]) -> str:
    """Messages with the source lines that they are about, for a person."""
    shown = [f"{message}{_excerpt(message)}" for message in messages[:SHOWN_MESSAGES]]
    left = len(messages) - len(shown)
    return "\n".join([*shown, *([f"... and {left} more"] if left else [])])


def _excerpt(message: Message) -> str:
    """The line in question and a mark under the column; nothing where the file cannot be read."""
    try:
        lines = Path(message.path).read_text(encoding="utf-8", errors="replace").splitlines()
        line = lines[message.line - 1]
    except (OSError, IndexError):
        return ""
    if len(line) > EXCERPT_COLUMNS or not line.strip():
        return ""
    pad = "".join("\t" if char == "\t" else " " for char in line[: max(0, message.column - 1)])
    return f"\n  {line}" + (f"\n  {pad}^" if message.column else "")


def compiler_words(log: str) -> str:
    """What is left of pyopencl's error text without its wrapping: the compiler's own lines, each once."""
    start, end = log.find("Build on "), log.find("(options:")
    body = log[max(start, 0) : end if end > 0 else len(log)]
    body = body.partition("(source saved as")[0]
    lines = (line.rstrip() for line in body.splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line and not _is_wrapping(line)))


def _is_wrapping(line: str) -> bool:
    return line.startswith("Build on ") or line.endswith("failed to build the program")

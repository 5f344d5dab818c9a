"""The registry of operations: scans OpenCL C sources for `VYRE_OP(id, name, "doc")`.

The sources are the only place where an operation's id, name and documentation stand; `ops`, `--where`,
`decode`, the completion scripts and the program builder all read them through here. Standard library only,
and nothing is compiled.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from os import PathLike
from pathlib import Path

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.opcodes import CONTROL_OPCODES, SHIPPED_FIRST, SHIPPED_LAST, is_system_opcode
from vyrectl.dataclass import dataclass
from vyrectl.engine.naming import current, remembered
from vyrectl.errors import InvalidInputError, OpSourceError
from vyrectl.files.whole import STDIN, read_whole
from vyrectl.resources import kernels_dir

MOST_SOURCE_BYTES = 16 << 20
"""Longest source of operations that is read."""

MOST_AT_ONCE = 400
"""Characters of a body that are looked at to see whether it does nothing but end."""

_BLANKED = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
DOC = r'(?P<doc>"(?:\\.|[^"\\\n])*"(?:[ \t]*\n\s*"(?:\\.|[^"\\\n])*")*)'
"""A line of documentation: a string literal, or several on a line each, which C makes one of."""

_JOINT = re.compile(r'(?<!\\)"\s*"')


def joined_doc(literals: str) -> str:
    """The text of `DOC`."""
    return _JOINT.sub("", literals)[1:-1]


_DECLARATION = re.compile(
    r"\b(?P<macro>VYRE_(?:ONCE_)?(?:GROUP_|SPAWNING_)?OP)\s*\(\s*(?P<id>0[xX][0-9a-fA-F]+|\d+)[uU]?\s*,"
    r"\s*(?P<name>[A-Za-z_]\w*)\s*,\s*" + DOC + r"\s*\)",
    re.ASCII,
)
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_CALL = re.compile(r"\bVYRE_(?:ONCE_)?(?:GROUP_|SPAWNING_)?OP\b")

DECLARATION_MACROS = (
    "VYRE_OP",
    "VYRE_GROUP_OP",
    "VYRE_SPAWNING_OP",
    "VYRE_ONCE_OP",
    "VYRE_ONCE_GROUP_OP",
    "VYRE_ONCE_SPAWNING_OP",
)
"""What declares an operation that one work-item runs, or a whole work-group, or that may have children; and one of
which no step may run twice."""


@dataclass(frozen=True, slots=True)
class OpInfo:
    """One operation, as its source declares it.

    Attributes:
        id: op_handle that selects it.
        name: C identifier; what the user types.
        doc: One line.
        path: Source file.
        line: Line of the declaration, from 1.
        shipped: True for vyrectl's own.
        group: True when all work-items of a work-group run it together.
        once: True when no step of it may run twice: an orphan is Faulted.
        spawns: True when it may spawn children and join them.
        at_once: True when its body does nothing but end as Done: nobody has to run it.
    """

    id: int
    name: str
    doc: str
    path: Path
    line: int
    shipped: bool
    group: bool = False
    once: bool = False
    spawns: bool = False
    at_once: bool = False

    @property
    def function(self) -> str:
        """Name of its C function."""
        return f"vyre_op_{self.name}"


@dataclass(frozen=True, slots=True)
class OpSource:
    """A `.cl` file of operations.

    Attributes:
        path: Where it was read from.
        text: OpenCL C, as it was read.
        ops: The operations it declares, in order.
        shipped: True for vyrectl's own.
    """

    path: Path
    text: str
    ops: tuple[OpInfo, ...]
    shipped: bool


def scan_source(text: str, path: Path, *, shipped: bool = False) -> OpSource:
    """Find the operations that a source declares.

    Raises:
        InvalidInputError: A malformed declaration, an id outside u32, an id or name declared twice, or, in a
            user's source, an id that the wire or vyrectl keeps. The message names the line.
    """
    source, problems = survey_source(text, path, shipped=shipped)
    if problems:
        raise problems[0]
    return source


def survey_source(
    text: str, path: Path, *, shipped: bool = False
) -> tuple[OpSource, tuple[OpSourceError, ...]]:
    """As `scan_source`, but with everything that is wrong: the sound operations, and an error for each other one."""
    declared = {match.start(): match for match in _DECLARATION.finditer(text)}
    ops: list[OpInfo] = []
    problems: list[OpSourceError] = []
    for call in _CALL.finditer(visible_code(text)):
        line = text.count("\n", 0, call.start()) + 1
        try:
            op = _op_info(declared.get(call.start()), path, line, shipped)
            ops.append(replace(op, at_once=_ends_at_once(op, text[declared[call.start()].end() :])))
        except OpSourceError as error:
            problems.append(error)
    return OpSource(path, text, tuple(ops), shipped), (*problems, *clashes(ops))


_AT_ONCE = re.compile(r"\s*\{\s*return\s+vyre_done\s*\(\s*\)\s*;\s*\}")


def _ends_at_once(op: OpInfo, body: str) -> bool:
    """Whether the body that follows an operation's declaration ends it, and that is all."""
    return not (op.group or op.spawns) and _AT_ONCE.match(blank_comments(body[:MOST_AT_ONCE])) is not None


def unclosed_brace(text: str) -> int | None:
    """Where the brace stands that is never closed before the next operation is declared, or the text ends; else None.

    Branches of an `#if` may open and close by turns: such a text is not judged.
    """
    if re.search(r"^[ \t]*#[ \t]*(?:else|elif)\b", text, re.MULTILINE):
        return None
    opened: list[int] = []
    for match in re.finditer(rf"[{{}}]|\b(?:{'|'.join(DECLARATION_MACROS)})(?=\s*\()", visible_code(text)):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] != "}":
            if opened:
                return opened[-1]
        elif opened:
            opened.pop()
    return opened[-1] if opened else None


def visible_code(text: str) -> str:
    """A source with comments, strings and preprocessor lines blanked out, every other character where it was."""
    return _PREPROCESSOR.sub(_blank, blank_comments(text))


def blank_comments(text: str) -> str:
    """A source with comments and strings blanked out, every other character where it was."""
    return _BLANKED.sub(_blank, text)


def load_source(path: Path) -> OpSource:
    """Read and scan a user's source.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: See `scan_source`; also when it declares no operation or is no UTF-8.
    """
    source = _scanned(read_text(path), path)
    if not source.ops:
        raise InvalidInputError(
            "no operation is declared here",
            where=str(path),
            fix='Declare one: VYRE_OP(0x20000, name, "what it does") { ...; return vyre_done(); }',
        )
    return source


@lru_cache(maxsize=64)
def _scanned(text: str, path: Path) -> OpSource:
    return scan_source(text, path)


def read_text(path: Path) -> str:
    """The text of an OpenCL C source or of a file that it includes; what comes out of a pipe is read once and kept.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It is no UTF-8.
    """
    if not is_pipe(path):
        return _decoded(read_whole(path, doing="read the source", most=MOST_SOURCE_BYTES), path)
    name = (os.fspath(path), id(sys.stdin))
    if name not in _PIPED:
        _PIPED[name] = _decoded(read_whole(path, doing="read the source", most=MOST_SOURCE_BYTES), path)
    return _PIPED[name]


_PIPED: dict[tuple[str, int], str] = {}
"""What came out of pipes and of standard input, by the names they were given."""


def is_pipe(path: Path) -> bool:
    """True for what can be read but once."""
    if os.fspath(path) == STDIN:
        return True
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"byte {error.start} is no UTF-8", where=str(path), fix="Save the source as UTF-8"
        ) from error


def check_unique(ops: Iterable[OpInfo]) -> None:
    """Refuse two operations with one id or one name.

    Raises:
        OpSourceError: Naming both places.
    """
    for error in clashes(ops):
        raise error


def clashes(ops: Iterable[OpInfo]) -> Iterator[OpSourceError]:
    """Each operation whose id or name an earlier one has."""
    by_key: dict[int | str, OpInfo] = {}
    for op in ops:
        for key, text in ((op.id, f"id 0x{op.id:x}"), (op.name, f"name {op.name!r}")):
            other = by_key.setdefault(key, op)
            if other is not op:
                yield OpSourceError(
                    f"{text} is taken by {other.name!r} ({other.path.name}, line {other.line})",
                    op.path,
                    op.line,
                    rule="clash",
                    fix="Choose another id or name; `vyrectl ops` lists those in use",
                )


def load_sources(ops: Sequence[OpSource | str | PathLike[str]]) -> tuple[OpSource, ...]:
    """Sources of operations, those that are paths read.

    Raises:
        FileError: A source cannot be read.
        InvalidInputError: It declares no operation, or a bad one.
    """
    return tuple(op if isinstance(op, OpSource) else load_source(Path(op)) for op in ops)


@lru_cache(maxsize=1)
def shipped_sources() -> tuple[OpSource, ...]:
    """vyrectl's own sources, by file name."""
    folder = kernels_dir() / "ops"
    return tuple(
        scan_source(path.read_text(encoding="utf-8"), path, shipped=True)
        for path in sorted(folder.glob("*.cl"))
    )


@lru_cache(maxsize=1)
def shipped_ops() -> tuple[OpInfo, ...]:
    """Every operation that ships, by id."""
    return tuple(sorted((op for source in shipped_sources() for op in source.ops), key=lambda op: op.id))


def runnable_sources(extra: Iterable[OpSource] = ()) -> tuple[OpSource, ...]:
    """What a launch has bodies for: the shipped sources and `extra`.

    Where vyrectl's own ids name nothing (``--no-builtin-names``), they run nothing either: they are somebody else's.
    """
    shipped = shipped_sources()
    if not current().shipped:
        shipped = tuple(
            replace(source, ops=tuple(op for op in source.ops if not is_own(op.id))) for source in shipped
        )
    return (*shipped, *extra)


def is_own(code: int) -> bool:
    """True for ids that vyrectl keeps for its own operations."""
    return SHIPPED_FIRST <= code <= SHIPPED_LAST


def spawning_ids(extra: Iterable[OpSource] = ()) -> frozenset[int]:
    """Ids of the operations that may spawn, of those that a launch has bodies for."""
    return frozenset(op.id for source in runnable_sources(extra) for op in source.ops if op.spawns)


def ending_ids(sources: Sequence[OpSource] = ()) -> frozenset[int]:
    """Ids of the operations that end at once, the shipped ones among them: no turn of theirs lasts by itself."""
    return frozenset(op.id for source in runnable_sources(sources) for op in source.ops if op.at_once)


def op_codes(extra: Sequence[OpSource] = ()) -> dict[str, int]:
    """Name -> id of every operation with a name: control opcodes, shipped ones, those that the user named
    (`vyrectl.engine.naming`), those of `extra`."""
    codes = dict(_codes())
    codes.update((op.name, op.id) for source in extra for op in source.ops)
    return codes


@remembered(1)
def _codes() -> dict[str, int]:
    naming = current()
    codes = {opcode.name: opcode.code for opcode in CONTROL_OPCODES}
    if naming.shipped:
        codes.update((op.name, op.id) for op in shipped_ops())
    return naming.over(codes)


@remembered(1)
def _names() -> dict[int, str]:
    return {code: name for name, code in op_codes().items()}


def float_codes(extra: Iterable[OpSource] = ()) -> frozenset[int]:
    """Ids of the operations whose documentation says that their param is a float32: named ones and those of `extra`."""
    return _float_codes() | {op.id for source in extra for op in source.ops if says_float(op.doc)}


def says_float(doc: str) -> bool:
    """Whether a line of documentation says so: "param is a float32", "param = ... float32", "param (... float32)",
    "float32 param", within one clause that denies nothing. Beside float32 stand float and f32."""
    return any(
        _FLOAT_PARAM.search(clause) and not _DENIED.search(clause) for clause in _CLAUSE_END.split(doc)
    )


_CLAUSE_END = re.compile(r"[;,]|[.:](?=\s|$)")
_FLOAT_PARAM = re.compile(
    r"\bparam\b\s*(?:[(=:]|(?:is|are|as|takes|holds|means)\b).*\b(?:float|float32|f32)\b"
    r"|\b(?:float|float32|f32)\s+\(?param\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|never)\b", re.IGNORECASE)


@remembered(1)
def _float_codes() -> frozenset[int]:
    return frozenset(code for code, doc in _docs().items() if says_float(doc))


def op_name(code: int) -> str | None:
    """Name of an operation: a control opcode, a shipped one, or one that the user named; None for any other."""
    return _names().get(code)


@remembered(1)
def _docs() -> dict[int, str]:
    naming = current()
    docs = {opcode.code: opcode.effect for opcode in CONTROL_OPCODES}
    if naming.shipped:
        docs.update((op.id, op.doc) for op in shipped_ops())
    return docs | dict.fromkeys(naming.names, "an operation of the user's own") | dict(naming.docs)


def op_doc(code: int) -> str | None:
    """One line about an operation that has a name; None for any other."""
    return _docs().get(code)


def _op_info(match: re.Match[str] | None, path: Path, line: int, shipped: bool) -> OpInfo:
    if match is None:
        raise OpSourceError(
            'this operation is not declared as VYRE_OP(id, name, "one line")',
            path,
            line,
            rule="declaration",
            fix="Give a number, an identifier and one string literal",
        )
    code = int(match["id"], 16 if match["id"][:2].lower() == "0x" else 10)
    if code > U32_MAX:
        what = f"id {match['id']} is no u32"
        raise OpSourceError(what, path, line, rule="id", fix="Use an id below 0x80000000")
    kept = is_system_opcode(code) or is_own(code)
    if kept and not shipped:
        raise OpSourceError(
            f"id 0x{code:x} is kept for the wire or for vyrectl",
            path,
            line,
            rule="id",
            fix="Use 8..0xFFF, 0x1100..0xFFEF or 0x10000..0x7FFFFFFF",
        )
    group, once, spawns = (mark in match["macro"] for mark in ("_GROUP_", "_ONCE_", "_SPAWNING_"))
    return OpInfo(code, match["name"], joined_doc(match["doc"]), path, line, shipped, group, once, spawns)


def _blank(match: re.Match[str]) -> str:
    return "\n".join(" " * len(line) for line in match.group().split("\n"))

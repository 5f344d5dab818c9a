"""Checks sources of operations before any ring names them: what their text gives away, then what a compiler says.

Everything that is wrong with a file is reported at its file and line, not just the first thing. The invariant: what is
compiled is what a launch would compile for a ring that uses these operations alone, for work-items on their own and
for whole work-groups. Nothing of it is taken from the cache or kept there, so that warnings are seen each time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, TypedDict, cast
from uuid import uuid4

from vyrectl.dataclass import dataclass
from vyrectl.engine.op_calls import BARRIERS, SHARES, Calls, Reach
from vyrectl.engine.ops import (
    OpInfo,
    OpSource,
    clashes,
    read_text,
    shipped_ops,
    survey_source,
    unclosed_brace,
)
from vyrectl.errors import KernelBuildError, OpSourceError
from vyrectl.opencl.cache import KernelCache
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.kept import OpenDevice, open_device
from vyrectl.opencl.messages import (
    ERROR,
    NOTE,
    WARNING,
    Message,
    place_of,
    read_messages,
    user_files,
)
from vyrectl.opencl.op_divergence import Divergence, divergences
from vyrectl.opencl.op_limits import falls, limits
from vyrectl.opencl.program import build_program
from vyrectl.opencl.source import Variant, assemble, pasted
from vyrectl.shapes import Among, Count

RULES = {
    "braces": "every brace is closed",
    "declaration": 'an operation is declared as VYRE_OP(id, name, "one line")',
    "id": "ids are free ones of the wire",
    "clash": "no two operations share an id or a name",
    "undocumented": "an operation says what it does",
    "barrier": "an operation that one work-item runs reaches no barrier",
    "divergence": "all work-items of a group reach the same barriers",
    "lane": "an operation that one work-item runs does not divide its work among several",
    "printf": "an operation prints nothing; it leaves records",
    "recursion": "no function calls itself",
    "return": "a function with a value returns one, whichever way it takes",
    "include": "what is included can be found, and does not include itself",
    "empty": "a file declares operations",
    "compile": "it compiles",
}
"""Rule -> what it asks for."""

UNCOMPILED = frozenset(("braces", "include", "printf", "recursion"))
"""Rules whose breach a launch refuses before it compiles, or about which a compiler has nothing better to say."""

DRIVERS = ("lane", "group")
"""Ways to run that are compiled for: each work-item on its own, and work-groups."""


class OpFindingRecord(TypedDict):
    """One thing that is wrong with a source; see `Finding`."""

    rule: Annotated[str, Among(RULES)]
    severity: Annotated[str, Among(("error", "warning"))]
    path: str
    line: Count
    column: Count
    op: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a source.

    Attributes:
        rule: One of `RULES`.
        severity: `error` or `warning`.
        path: File.
        line: From 1.
        column: From 1; 0 for the whole line.
        op: Name of the operation, where it is about one.
        message: What is wrong.
        fix: What to do.
    """

    rule: str
    severity: str
    path: str
    line: int
    column: int
    op: str | None
    message: str
    fix: str

    def to_record(self) -> OpFindingRecord:
        """Every field by name."""
        return cast(OpFindingRecord, asdict(self))


@dataclass(frozen=True, slots=True)
class OpReport:
    """What was found in some sources.

    Attributes:
        files: Sources that were looked at.
        ops: Operations that are declared soundly, in order.
        findings: In the order of files and lines.
        device: Name of the device that was compiled for; None when nothing was compiled.
        build_seconds: Time that it took.
    """

    files: tuple[str, ...]
    ops: tuple[OpInfo, ...]
    findings: tuple[Finding, ...]
    device: str | None
    build_seconds: float

    def count(self, severity: str) -> int:
        """Findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def check_sources(paths: Sequence[Path], device: Device | None) -> OpReport:
    """Check files of operations.

    Args:
        paths: OpenCL C files.
        device: Where to compile; None reads the text only.

    Raises:
        FileError: A file cannot be read.
        InvalidInputError: A file is no UTF-8.
        DeviceError: The device cannot be opened, or compiles nothing at all.
    """
    surveys = [survey_source(read_text(path), path) for path in paths]
    sources = [source for source, _ in surveys]
    findings = [_broken(error) for _, problems in surveys for error in problems]
    findings += _clashes_between(sources)
    findings += [_empty(source) for source, problems in surveys if not source.ops and not problems]
    blocked = {finding.path for finding in findings}
    for source in sources:
        text = list(_read_findings(source))
        findings += text
        if any(finding.rule in UNCOMPILED for finding in text):
            blocked.add(str(source.path))
    sound = [source for source in sources if str(source.path) not in blocked]
    started = time.monotonic()
    if device is not None and sound:
        known = {(one.path, one.line) for one in findings if one.rule == "return"}
        compiled = _compile_all(sound, device)
        findings += [one for one in compiled if one.severity == ERROR or (one.path, one.line) not in known]
    order = {str(path): number for number, path in enumerate(paths)}
    findings.sort(key=lambda one: (order.get(one.path, len(order)), one.path, one.line, one.column))
    return OpReport(
        files=tuple(map(str, paths)),
        ops=tuple(op for source in sources for op in source.ops),
        findings=tuple(findings),
        device=device.name if device is not None and sound else None,
        build_seconds=time.monotonic() - started,
    )


def _broken(error: OpSourceError) -> Finding:
    return Finding(error.rule, ERROR, error.path, error.line, 0, None, error.what, error.fix or "")


def _empty(source: OpSource) -> Finding:
    fix = 'Declare one: VYRE_OP(0x20000, name, "what it does") { ...; return vyre_done(); }'
    return Finding("empty", ERROR, str(source.path), 1, 0, None, "no operation is declared here", fix)


def _clashes_between(sources: Sequence[OpSource]) -> list[Finding]:
    """Clashes with operations of another file, the shipped ones first."""
    ops = [*shipped_ops(), *(op for source in sources for op in source.ops)]
    inside = {str(error) for source in sources for error in clashes(source.ops)}
    return [_broken(error) for error in clashes(ops) if str(error) not in inside]


def _read_findings(source: OpSource) -> Iterator[Finding]:
    """What the text gives away."""
    path = str(source.path)
    for op in source.ops:
        if not op.doc.strip():
            message, fix = f"{op.name!r} has no documentation", "Say in one line what it does"
            yield Finding("undocumented", ERROR, path, op.line, 0, op.name, message, fix)
    unclosed = unclosed_brace(source.text)
    if unclosed is not None:
        yield _unclosed(source, unclosed)
        return
    try:
        text = pasted(source)
    except OpSourceError as error:
        yield _broken(error)
        return
    for limit in (*limits(text), *falls(text)):
        where, line = place_of(text, limit.offset)
        column = limit.offset - text.rfind("\n", 0, limit.offset)
        yield Finding(limit.rule, ERROR, where, line, column, None, limit.what, limit.fix)
    calls = Calls(text)
    for reach in calls.reached(BARRIERS):
        message = f"{reach}: one work-item runs {reach.op!r} alone, the others never come"
        fix = "Declare it with VYRE_GROUP_OP, or leave the barrier out"
        yield _reach_finding("barrier", text, reach, message, fix)
    alone = {reach.offset for reach in calls.reached(BARRIERS)}
    for one in divergences(text):
        if one.offset not in alone:
            yield _divergence_finding(text, one)
    for reach in calls.reached(SHARES):
        message = f"{reach}: one work-item runs {reach.op!r} alone and has to do all of it"
        yield _reach_finding("lane", text, reach, message, "Declare it with VYRE_GROUP_OP")


def _unclosed(source: OpSource, offset: int) -> Finding:
    """A brace that is never closed, said where it is opened: a compiler says it where something else goes wrong."""
    line = source.text.count("\n", 0, offset) + 1
    column = offset - source.text.rfind("\n", 0, offset)
    message = "this brace is never closed before the next operation, or the file's end"
    return Finding(
        "braces", ERROR, str(source.path), line, column, None, message, "Add a } where its block ends"
    )


def _divergence_finding(text: str, one: Divergence) -> Finding:
    path, line = place_of(text, one.offset)
    column = one.offset - text.rfind("\n", 0, one.offset)
    _, decided = place_of(text, one.at)
    message = (
        f"{one.barrier}() under 'if ({one.condition})' of line {decided}: work-items of a group for which that differs "
        "wait for each other for ever"
    )
    fix = "Take it out of the if, so that all of them reach it"
    return Finding("divergence", WARNING, path, line, column, None, message, fix)


def _reach_finding(rule: str, text: str, reach: Reach, message: str, fix: str) -> Finding:
    path, line = place_of(text, reach.offset)
    column = reach.offset - text.rfind("\n", 0, reach.offset)
    return Finding(rule, ERROR, path, line, column, reach.op, message, fix)


def _compile_all(sources: Iterable[OpSource], device: Device) -> Iterator[Finding]:
    host = open_device(device)
    for source in sources:
        found: dict[Finding, None] = {}
        for driver in DRIVERS:
            found.update(dict.fromkeys(_compile(source, device, host, driver)))
            if any(finding.severity == ERROR for finding in found):
                break
        yield from found


def _compile(source: OpSource, device: Device, host: OpenDevice, driver: str) -> Iterator[Finding]:
    variant = Variant(driver=driver, index_lanes=driver == "lane", only=frozenset(op.id for op in source.ops))
    # A driver that has the program in its cache says nothing of it a second time.
    source = replace(source, text=f"{source.text}\n__constant uint vyre_check_{uuid4().hex} = 0u;\n")
    try:
        program = build_program(device, (source,), variant, host, KernelCache(None))
    except KernelBuildError as error:
        if not error.messages:
            raise
        said = (Message(**message) for message in error.messages)
        yield from (_said(message) for message in said if message.severity != NOTE)
        return
    info = pyopencl().program_build_info.LOG
    text = assemble((source,), variant)
    names = user_files(text)
    for message in read_messages(program.handle.get_build_info(device.handle, info), text):
        if message.severity == WARNING and message.path in names:
            yield _said(message)


def _said(message: Message) -> Finding:
    """A compiler's message as a finding."""
    fix = "Mend this line" if message.severity == ERROR else "Look at this line"
    place = (message.path, message.line, message.column)
    return Finding("compile", message.severity, *place, None, message.text, fix)

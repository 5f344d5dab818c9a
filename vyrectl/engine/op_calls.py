"""Who calls what in an OpenCL C source: finds lane operations that reach what only a whole work-group may do.

The text is read, not compiled: functions and macros by name, calls by name, every branch of an `#if`. So a finding may
lie in code that a condition leaves out, and a call through something cleverer than a name is not seen. The invariant:
an operation that names a barrier in its own body, or reaches one through functions and macros of the same
program, is found. Standard library only.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from vyrectl.dataclass import dataclass
from vyrectl.engine.ops import DECLARATION_MACROS, blank_comments, visible_code

BARRIERS = re.compile(
    r"\b(?:vyre_barrier|barrier|work_group_\w+|sub_group_\w+|intel_sub_group_\w+"
    r"|async_work_group_(?:strided_)?copy|wait_group_events)(?=\s*\()"
)
"""What every work-item of a group has to reach, in the standards that OpenCL drivers know."""

SHARES = re.compile(r"\bvyre_lanes?(?=\s*\()")
"""What divides work among the work-items of a group; a lane operation is run by one of them alone."""

_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)\n]*\))?((?:\\\n|[^\n])*)", re.MULTILINE)
_NAME = re.compile(r"\b[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Reach:
    """A place in an operation's body from which something of a group's is reached.

    Attributes:
        op: The operation's name.
        offset: Where it stands in the text.
        chain: What is named there, and what that leads to, down to what only a group may do.
    """

    op: str
    offset: int
    chain: tuple[str, ...]

    def __str__(self) -> str:
        first, *rest = (f"{name}()" for name in self.chain)
        return first + "".join(f", which reaches {name}" for name in rest)


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    offset: int


class Calls:
    """The functions, macros and operations of a program."""

    def __init__(self, text: str) -> None:
        self._bodies: dict[str, list[_Body]] = {}
        self.lane_ops: list[tuple[str, _Body]] = []
        self.ops: list[tuple[str, _Body]] = []
        for name, body in _macros(text):
            self._bodies.setdefault(name, []).append(body)
        for name, macro, body in _functions(text, visible_code(text)):
            if macro:
                self.ops.append((name, body))
            if macro and "_GROUP_" not in macro:
                self.lane_ops.append((name, body))
            function = f"vyre_op_{name}" if macro else name
            self._bodies.setdefault(function, []).append(body)

    def reached(self, forbidden: re.Pattern[str], *, by_groups: bool = False) -> Iterator[Reach]:
        """Where each lane operation reaches something that matches, once for each thing that it names.

        Args:
            forbidden: What.
            by_groups: Those of a whole work-group are looked at too.
        """
        for op, body in self.ops if by_groups else self.lane_ops:
            places = {match[0]: match.start() for match in reversed([*_NAME.finditer(body.text)])}
            for name, start in sorted(places.items(), key=lambda place: place[1]):
                chain = self._chain(name, forbidden, body.text, start)
                if chain:
                    yield Reach(op, body.offset + start, chain)

    def _chain(self, name: str, forbidden: re.Pattern[str], text: str, start: int) -> tuple[str, ...]:
        """The shortest way from a name in a text to what is forbidden, or nothing."""
        if name not in self._bodies:
            return (name,) if forbidden.match(text, start) else ()
        waiting: deque[tuple[str, ...]] = deque([(name,)])
        known = {name}
        while waiting:
            way = waiting.popleft()
            for body in self._bodies[way[-1]]:
                for match in _NAME.finditer(body.text):
                    if match[0] not in self._bodies:
                        if forbidden.match(body.text, match.start()):
                            return (*way, match[0])
                    elif match[0] not in known:
                        known.add(match[0])
                        waiting.append((*way, match[0]))
        return ()


def defined_functions(text: str) -> Iterator[tuple[str, int, str]]:
    """(name in C, where its body begins, body with comments and strings blanked) of every function, in order."""
    for name, macro, body in _functions(text, visible_code(text)):
        yield (f"vyre_op_{name}" if macro else name), body.offset, body.text


def defined_macros(text: str) -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of every macro, in order; parameters are left out."""
    for name, body in _macros(text):
        yield name, body.text


def _macros(text: str) -> Iterator[tuple[str, _Body]]:
    for match in _MACRO.finditer(blank_comments(text)):
        yield match[1], _Body(match[3], match.start(3))


def _functions(text: str, visible: str) -> Iterator[tuple[str, str, _Body]]:
    """(name, the macro that declares it if it is an operation, body) of every function, in order."""
    depth = start = 0
    for match in re.finditer(r"[{}]", visible):
        if match[0] == "{":
            if depth == 0:
                start = match.start()
            depth += 1
        elif depth:
            depth -= 1
            head = _head(visible, start) if depth == 0 else None
            if head is not None:
                body = _Body(visible[start : match.end()], start)
                yield *_names(text, head), body


def _head(visible: str, brace: int) -> int | None:
    """Where the name of the function that begins at a brace stands; None when it is no function."""
    end = _end_before(visible, brace)
    while end and visible[end - 1] == ")":
        depth = 0
        for at in range(end - 1, -1, -1):
            depth += (visible[at] == ")") - (visible[at] == "(")
            if depth == 0:
                break
        end = _end_before(visible, at)
        name = _word_before(visible, end)
        if name is None:
            return None
        if visible[name:end] != "__attribute__":
            return name
        end = _end_before(visible, name)
    return None


def _end_before(text: str, at: int) -> int:
    """Where what stands before a place ends, without the white space in between."""
    while at and text[at - 1].isspace():
        at -= 1
    return at


def _word_before(text: str, end: int) -> int | None:
    """Where the name that ends at a place begins; None where none does."""
    at = end
    while at and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return at if at < end and not text[at].isdigit() else None


def _names(text: str, head: int) -> tuple[str, str]:
    match = _NAME.match(text, head)
    assert match is not None
    if match[0] not in DECLARATION_MACROS:
        return match[0], ""
    declared = re.compile(r"\s*\([^,]*,\s*(\w*)").match(text, match.end())
    return (declared[1] if declared else ""), match[0]

"""What OpenCL C allows and an operation may not use, found in its text before anything is compiled or claimed.

`printf` is refused on every device. A driver writes its text to standard output, where a launch's answer goes; and with
PoCL 3.1 launches of an operation that prints were seen to spin without taking a task, where a plain kernel that prints
ended well; why is not known. A function that calls itself is no OpenCL C; drivers that inline every call do not
survive it. What falls off its end without a value ends as anything, by chance (`vyrectl.opencl.op_returns`). The
invariant: `ops --check` and a launch refuse the same lines. The text is read as `vyrectl.engine.op_calls` reads it:
every branch of an `#if`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.engine.op_calls import defined_functions, defined_macros
from vyrectl.engine.ops import blank_comments
from vyrectl.errors import OpSourceError
from vyrectl.opencl.messages import place_of
from vyrectl.opencl.op_returns import falling

_PRINTF = re.compile(r"\bprintf\b(?!\s*,)")
_OP = "vyre_op_"
_NAME = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Limit:
    """A place that goes past what an operation may do.

    Attributes:
        rule: Which rule, as in `vyrectl.opencl.op_check.RULES`.
        offset: Where in the text.
        what: What stands there.
        fix: What to do instead.
    """

    rule: str
    offset: int
    what: str
    fix: str


def limits(text: str) -> Iterator[Limit]:
    """Every such place of an author's text, with its own includes pasted in, in order.

    Args:
        text: OpenCL C with `#line`.
    """
    yield from sorted((*_printing(text), *_recursing(text)), key=lambda limit: limit.offset)


def refuse_limits(text: str) -> None:
    """Refuse a text that has any.

    Raises:
        OpSourceError: Naming the first one's file and line.
    """
    _refuse(text, limits(text))


def refuse_falling(text: str) -> None:
    """Refuse a text, once it compiles, in which a function may fall off its end.

    Raises:
        OpSourceError: Naming the first one's file and line.
    """
    _refuse(text, falls(text))


def _refuse(text: str, found: Iterator[Limit]) -> None:
    for limit in found:
        path, line = place_of(text, limit.offset)
        raise OpSourceError(limit.what, Path(path), line, rule=limit.rule, fix=limit.fix)


def _printing(text: str) -> Iterator[Limit]:
    if any(name == "printf" for name, _ in defined_macros(text)):
        return  # the author's own, who made it something else
    for match in _PRINTF.finditer(blank_comments(text)):
        yield Limit(
            "printf",
            match.start(),
            "printf in an operation: it writes where the answer goes, and such launches were seen to run no task",
            "Leave a record: vyre_debug(task, format, first, second), shown by launch --debug-log",
        )


def falls(text: str) -> Iterator[Limit]:
    """Every function of an author's text that may fall off its end; a compiler may know a better reason for it."""
    for name, offset in falling(text):
        is_op = name.startswith(_OP)
        what = f"operation {name.removeprefix(_OP)}" if is_op else f"{name}()"
        fix = "End it with return vyre_done();" if is_op else "Return a value there too"
        yield Limit(
            "return",
            offset,
            f"{what} may reach its end without a return: what it ends as is left to chance",
            fix,
        )


def _recursing(text: str) -> Iterator[Limit]:
    functions = {name: (start, body) for name, start, body in defined_functions(text)}
    calls = {
        name: [(match[1], start + match.start()) for match in _NAME.finditer(body) if match[1] in functions]
        for name, (start, body) in functions.items()
    }
    for name, made in calls.items():
        for called, offset in made:
            if name in _reached_from(called, calls):
                what = f"{called}() leads back to {name}(): OpenCL C has no recursion"
                yield Limit("recursion", offset, what, "Write it as a loop, or yield with what is left to do")


def _reached_from(start: str, calls: dict[str, list[tuple[str, int]]]) -> set[str]:
    known, waiting = {start}, [start]
    while waiting:
        for called, _ in calls[waiting.pop()]:
            if called not in known:
                known.add(called)
                waiting.append(called)
    return known

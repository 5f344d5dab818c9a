"""Which buffers an operation reaches whatever happens: read from its OpenCL C text, without compiling it.

A turn is followed statement by statement for as long as its way is plain: declarations and calls, helpers of the same
file that get the task, both branches of an `if`, and early returns whose condition is about words of the slot. Where
the way is no longer plain the reading ends, and what lies behind counts as not reached. The invariant: a task whose
need has no buffer would be Faulted, so nobody is refused for a buffer that the operation could do without. Standard
library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.dataclass import dataclass
from vyrectl.engine.op_calls import defined_functions, defined_macros
from vyrectl.engine.ops import OpSource, blank_comments

ARGUMENT_TABLE = "args"
"""The need of an operation that reads the argument table (`--buffer args=FILE`)."""

Handle = int | str
"""A number, the name of the slot's word that holds it, or `ARGUMENT_TABLE`."""

TASK_WORDS: Mapping[str, str] = {
    **{name: name for name in FIELD_NAMES},
    "pc": "continuation_pc",
    "data": "continuation_data",
}
"""What `task->NAME` is called in a slot."""

_ACCESSORS = frozenset(
    {"vyre_type", "vyre_length", "vyre_words", "vyre_is_typed"}
    | {f"vyre_{way}_{kind}" for way in ("read", "write") for kind in ("u32", "f32")}
)
_RECORDS = "vyre_argument_record"
_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_BRANCHING = re.compile(r"&&|\|\||\?")
_BRACKET = re.compile(r"[(){}\[\]]")
_STOP = re.compile(r"[;({\[]")
"""Ends a statement, or opens what may hold semicolons."""
_KEYWORD = re.compile(r"(if|else|for|while|do|switch|return|goto|case|default|break|continue)\b")
_LEAVING = re.compile(r"\b(?:return|goto|break|continue|case|default)\b")
_WRITES_TASK = re.compile(r"\btask\s*->\s*\w+\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|\btask\s*->\s*\w+\s*(?:\+\+|--)")
_FORGIVES = re.compile(r"->\s*fault\s*=(?!=)(?!\s*VYRE_FAULT_)")
_NUMBER = re.compile(r"\(?\s*(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\s*\)?$")
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*(?!pragma\b|line\b)\w+", re.MULTILINE)
_TEST = re.compile(r"(!?)\s*task\s*->\s*(\w+)\s*(?:(==|!=|<=|>=|<|>)\s*(\w+))?$")
_FAULTED = re.compile(r"\(*\s*task\s*\)*\s*->\s*fault\s*\)*$")
_REFUSES = re.compile(r"return\s+vyre_refuse\s*\(")
_MOST_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of a word of the slot with a number.

    Attributes:
        word: Name of the slot's word.
        sign: `==`, `!=`, `<`, `<=`, `>` or `>=`.
        number: What it is compared with.
    """

    word: str
    sign: str
    number: int


Leave = tuple[tuple[Test, ...], ...]
"""When an operation leaves early: one of these holds, each of which is several tests that hold together."""


@dataclass(frozen=True, slots=True)
class Need:
    """A buffer without which a task faults.

    Attributes:
        handle: Number of the buffer that is needed.
        unless: Conditions under which the operation has left before; empty when it never does.
    """

    handle: Handle
    unless: tuple[Leave, ...] = ()


@lru_cache(maxsize=64)
def needs_of(source: OpSource) -> Mapping[int, tuple[Need, ...]]:
    """Op id -> what each of its tasks needs, for the operations of one source."""
    if _FORGIVES.search(blank_comments(source.text)):
        return {}
    reader = _Reader(source.text)
    return {op.id: reader.needs(op.function) for op in source.ops}


class _Reader:
    """Follows the functions of one text."""

    def __init__(self, text: str) -> None:
        raw = blank_comments(text)
        self._bodies = {
            name: _plain_part(raw[offset : offset + len(body)], body)
            for name, offset, body in defined_functions(text)
        }
        macros = dict(defined_macros(text))
        self._numbers = {
            name: match[1] for name, body in macros.items() if (match := _NUMBER.match(body.strip()))
        }
        self._crooked = re.compile(
            r"\b(?:"
            + "|".join([*(name for name in macros if name not in self._numbers), "vyre_no_such_macro"])
            + r")\b"
        )

    def needs(self, function: str) -> tuple[Need, ...]:
        """What a function reaches whatever happens."""
        found: list[Need] = []
        self._block(self._bodies.get(function, ""), [], found, 0)
        return tuple(dict.fromkeys(found))

    def _block(self, text: str, unless: list[Leave], found: list[Need], depth: int) -> bool:
        """Read statements; False once the way is no longer plain. `unless` grows with the early returns."""
        rest = text.strip()
        if rest.startswith("{"):
            rest = rest[1 : closing_of(rest, 0)]
        while rest := rest.strip():
            statement, rest = _first_statement(rest)
            if not self._statement(statement, unless, found, depth):
                return False
        return True

    def _statement(self, statement: str, unless: list[Leave], found: list[Need], depth: int) -> bool:
        if statement.startswith("{"):
            return self._block(statement, unless, found, depth)
        keyword = _KEYWORD.match(statement)
        if keyword is None:
            return self._expression(statement, unless, found, depth)
        if keyword[1] == "return":
            self._expression(statement[keyword.end() :], unless, found, depth)
            return False
        if keyword[1] == "if":
            return self._branch(statement, unless, found, depth)
        return keyword[1] in ("for", "while", "do", "switch") and self._is_harmless(statement)

    def _branch(self, statement: str, unless: list[Leave], found: list[Need], depth: int) -> bool:
        opening = statement.index("(")
        closing = closing_of(statement, opening)
        condition = statement[opening + 1 : closing]
        if not self._expression(condition, unless, found, depth):
            return False
        then, rest = _first_statement(statement[closing + 1 :].strip())
        other = rest.strip().removeprefix("else").strip()
        if not other:
            if not _LEAVING.search(then):
                return self._is_harmless(then)
            return self._early_return(condition.strip(), _last_statement(then), unless)
        ways: list[list[Need]] = [[], []]
        plain = [
            self._statement(way, list(unless), ways[at], depth) and not _LEAVING.search(way)
            for at, way in enumerate((then, other))
        ]
        found += [need for need in ways[0] if need in ways[1]]
        return all(plain)

    def _early_return(self, condition: str, leaves: str, unless: list[Leave]) -> bool:
        """Note when a branch leaves; false when that cannot be told. A branch that faults the task is no way out."""
        if not leaves.startswith("return"):
            return False
        if _REFUSES.match(leaves) or _FAULTED.match(condition):
            return True
        left = self._leave(condition)
        if left is not None:
            unless.append(left)
        return left is not None

    def _expression(self, text: str, unless: list[Leave], found: list[Need], depth: int) -> bool:
        crooked = self._crooked.search(text)
        branching = _BRANCHING.search(text)
        plain = text[: min(match.start() if match else len(text) for match in (crooked, branching))]
        for name, arguments in _calls(plain, text):
            if not arguments or arguments[0] != "task":
                continue
            handle = self._handle(arguments[1]) if len(arguments) > 1 else None
            if name == _RECORDS:
                found.append(Need(ARGUMENT_TABLE, tuple(unless)))
            elif name in _ACCESSORS and handle is not None:
                found.append(Need(handle, tuple(unless)))
            elif name in self._bodies and depth < _MOST_DEPTH:
                self._block(self._bodies[name], list(unless), found, depth + 1)
        return crooked is None and not _WRITES_TASK.search(text)

    def _handle(self, text: str) -> Handle | None:
        word = re.fullmatch(r"task\s*->\s*(\w+)", text)
        return TASK_WORDS.get(word[1]) if word else self._number(text)

    def _number(self, text: str) -> int | None:
        match = _NUMBER.match(self._numbers.get(text, text))
        return int(match[1], 0) if match and not re.fullmatch(r"0\d+", match[1]) else None

    def _is_harmless(self, text: str) -> bool:
        """True when control comes out at the end of a statement that is not followed further."""
        leaves = re.search(r"\b(?:return|goto)\b", text)
        return not (leaves or self._crooked.search(text) or _WRITES_TASK.search(text))

    def _leave(self, condition: str) -> Leave | None:
        """A condition over words of the slot; None for any other."""
        if "(" in condition:
            return None
        ways = [[self._test(part) for part in way.split("&&")] for way in condition.split("||")]
        tests = [tuple(test for test in way if test is not None) for way in ways]
        whole = all(len(kept) == len(way) for kept, way in zip(tests, ways, strict=True))
        return tuple(tests) if whole else None

    def _test(self, text: str) -> Test | None:
        match = _TEST.match(text.strip())
        word = TASK_WORDS.get(match[2]) if match else None
        if match is None or word is None:
            return None
        if match[3] is None:
            return Test(word, "==" if match[1] else "!=", 0)
        number = self._number(match[4])
        return None if match[1] or number is None else Test(word, match[3], number)


def _plain_part(raw: str, visible: str) -> str:
    """A body up to its first line for the preprocessor, which may choose between two texts."""
    cut = _CONDITIONAL.search(raw)
    return visible if cut is None else visible[: cut.start()] + "; goto elsewhere; }"


def _last_statement(text: str) -> str:
    """How a branch ends that leaves in its last statement alone; nothing for any other."""
    rest = text.strip()
    if rest.startswith("{"):
        rest = rest[1 : closing_of(rest, 0)].strip()
    statement = ""
    while rest:
        if _LEAVING.search(statement):
            return ""
        statement, rest = _first_statement(rest)
        rest = rest.strip()
    return statement


def closing_of(text: str, opening: int) -> int:
    """Where the bracket closes that opens at a place; the end when it does not."""
    depth = 0
    for bracket in _BRACKET.finditer(text, opening):
        depth += 1 if bracket[0] in "({[" else -1
        if depth == 0:
            return bracket.start()
    return len(text)


def _first_statement(text: str) -> tuple[str, str]:
    """A statement, with all that belongs to it, and what follows."""
    end = statement_end(text)
    return text[:end].strip(), text[end:]


def statement_end(text: str, start: int = 0) -> int:
    """Where a statement ends with all that belongs to it, an `else` included; the end when it does not."""
    at = start
    while at < len(text) and text[at].isspace():
        at += 1
    if text[at : at + 1] == "{":
        return closing_of(text, at) + 1
    keyword = _KEYWORD.match(text, at)
    if keyword and keyword[1] in ("if", "for", "while", "switch"):
        opening = text.find("(", at)
        if opening < 0:
            return len(text)
        end = statement_end(text, closing_of(text, opening) + 1)
        follows = re.compile(r"\s*else\b").match(text, end) if keyword[1] == "if" else None
        return statement_end(text, follows.end()) if follows else end
    if keyword and keyword[1] == "do":
        end = text.find(";", statement_end(text, keyword.end()))
        return len(text) if end < 0 else end + 1
    while (stop := _STOP.search(text, at)) and stop[0] != ";":
        at = closing_of(text, stop.start()) + 1
    return len(text) if stop is None else stop.end()


def _calls(plain: str, text: str) -> Iterator[tuple[str, list[str]]]:
    """The calls that begin in the plain part of a text, with their arguments."""
    for match in _CALL.finditer(plain):
        opening = match.end() - 1
        yield match[1], _arguments(text[opening + 1 : closing_of(text, opening)])


def _arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "({[") - (char in ")}]")
        if char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]

"""The language of `--where`: a condition over a slot's columns, parsed without ever being executed as Python.

Standard library only; `vyrectl.ring.columns` evaluates what is parsed here with numpy. The text is read with `ast`,
only the kinds of node below are let through, and everything else is a `WhereError` that names the column. Texts,
nesting and numbers are bounded, so that no text takes long or much memory to refuse.

*Columns* are the 16 fields of a slot, their short names, and ``slot`` (the index). *Numbers* are decimal or 0x.

*Names* of states, priorities, flags, operations and the engine's fault codes stand for their words, and ``never`` for
the epoch that never comes; in any case, with or without quotes. A column's name wins over all of these. Where a name
could be two things (``paused`` is a state and a flag), the column beside it decides: in ``flags & paused`` it is the
flag, in ``state == paused`` the state; without a hint states come before priorities, flags and operations. Comparing
a column with another kind's name is allowed.

*Operators* bind as in Python: ``or``, ``and``, ``not``, comparisons (chained too) and ``in`` / ``not in`` with a list
in parentheses, then ``|``, ``^``, ``&``, ``<< >>``, ``+ -``, ``* // %``, unary ``- + ~``. A condition is 1 or 0 where
it meets arithmetic, and a number used as a condition holds unless it is 0.

*Arithmetic* is exact. Words are unsigned and results are whole numbers of any sign; nothing wraps: an expression whose
bounds fit in 64 bits is computed in them, a wider one in Python's integers, and one that could pass 128 bits is
refused, as is a shift by what could be negative, or left by what could exceed 127. Division rounds down. Dividing by
a literal 0 is refused; in a row where a divisor turns out to be 0, the comparison (or bare condition) around it is
false, whatever it says, and the rest of the expression stands.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vyrectl.abi.faults import ENGINE_FAULTS
from vyrectl.abi.limits import MAX_SLOTS, NEVER_EPOCH, U32_MAX
from vyrectl.abi.slot import FIELD_ALIASES
from vyrectl.abi.states import PROTOCOL_STATE_NAMES, TaskFlag, TaskPriority, TaskState
from vyrectl.errors import WhereError
from vyrectl.ring.bounds import Bounds, binary_bounds, unary_bounds
from vyrectl.ring.tree import (
    COLUMNS,
    MAX_BITS,
    SLOT,
    Binary,
    Column,
    Compare,
    Logic,
    Member,
    Node,
    Number,
    Unary,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

MAX_CHARACTERS = 4096
MAX_DEPTH = 60

_FOREIGN = re.compile(r"""&&|\|\||<>|!(?!=)|(?<![=!<>])=(?!=)|[^A-Za-z0-9_ ()\[\],'"<>=!+\-*/%&|^~]""")
_MEANT = {
    "&&": "Write and",
    "||": "Write or",
    "!": "Write not",
    "=": "Compare with ==",
    "<>": "Compare with !=",
    ".": "Use whole numbers",
}
_LOUD = re.compile(r"\b(?:AND|OR|NOT|IN)\b")
_BLANK = str.maketrans("\t\n\r\f\v", "     ")
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_HINTS: dict[type[ast.AST], str] = {
    ast.Pow: "Multiply instead: there is no power",
    ast.Div: "Divide whole numbers with //",
    ast.Is: "Compare with ==",
    ast.IsNot: "Compare with !=",
    ast.Call: "There are no functions",
    ast.Attribute: "Name the column alone",
    ast.IfExp: "Join conditions with and, or, not",
    ast.Tuple: "A list stands in parentheses to the right of in",
    ast.List: "A list stands in parentheses to the right of in",
}


@dataclass(frozen=True, slots=True)
class Where:
    """A compiled condition.

    Attributes:
        text: What was compiled.
        tree: The checked expression.
    """

    text: str
    tree: Node

    def mask(self, chunk: SlotArray, first: int = 0) -> NDArray[np.bool_]:
        """Which slots fulfil the condition.

        Args:
            chunk: Consecutive slots, `SLOT_DTYPE`, shape (n,); some 2^15 at a time stay in the cache.
            first: Index of the first of them, for the column ``slot``.

        Returns:
            Booleans, shape (n,).
        """
        from vyrectl.ring.columns import evaluate

        return evaluate(self.tree, chunk, first)


def compile_where(text: str, op_codes: Mapping[str, int]) -> Where:
    """Parse and check a condition.

    Args:
        text: The expression.
        op_codes: Operation names and their ids.

    Raises:
        WhereError: The text is not in the language; carries the column.
    """
    return Where(text, _Compiler(text, op_codes).compile())


class _Compiler:
    """Turns one text into a tree; every method that meets something foreign raises with its column."""

    def __init__(self, text: str, op_codes: Mapping[str, int]) -> None:
        self.text = text
        self.domains: dict[str, dict[str, int]] = {
            "state": _state_words(),
            "priority": {one.name.lower(): int(one) for one in TaskPriority},
            "flags": {str(one.name).lower(): int(one) for one in TaskFlag},
            "op_handle": {name.lower(): code for name, code in op_codes.items()},
            "resume_epoch": {"never": NEVER_EPOCH},
            "continuation_data": {fault.name: fault.code for fault in ENGINE_FAULTS},
        }
        self.indent = 0

    def compile(self) -> Node:
        """The checked tree of the whole text."""
        return self.node(self.parse(), None, 1)

    def parse(self) -> ast.expr:
        """Let Python's parser read the text, once it is short and holds no foreign character."""
        if len(self.text) > MAX_CHARACTERS:
            raise self.error(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
        flat = self.text.translate(_BLANK)
        foreign = _FOREIGN.search(flat)
        if foreign:
            raise self.error(f"{foreign[0]!r} has no place here", foreign.start(), _MEANT.get(foreign[0]))
        flat = _LOUD.sub(lambda word: word[0].lower(), flat)
        self.indent = len(flat) - len(flat.lstrip())
        if self.indent == len(flat):
            raise self.error("the condition is empty", 0, "Write for example 'state == paused'")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(flat.strip(), mode="eval").body
        except SyntaxError as error:
            at = self.indent + error.offset - 1 if error.offset else len(flat.rstrip())
            raise self.error(_reason(error), at) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("nested too deeply", self.indent) from None

    def node(self, tree: ast.expr, kind: str | None, depth: int) -> Node:
        """Check one node; `kind` says which column's names are meant by a name below it."""
        if depth > MAX_DEPTH:
            raise self.refuse(tree, "nested too deeply")
        match tree:
            case ast.Constant():
                return self.constant(tree, kind)
            case ast.Name():
                return self.name(tree, tree.id, kind)
            case ast.BoolOp():
                parts = tuple(self.node(one, None, depth + 1) for one in tree.values)
                return Logic("and" if isinstance(tree.op, ast.And) else "or", parts)
            case ast.UnaryOp(op=ast.Not()):
                return Logic("not", (self.node(tree.operand, None, depth + 1),))
            case ast.UnaryOp():
                return self.unary(tree, kind, depth)
            case ast.BinOp():
                return self.binary(tree, kind, depth)
            case ast.Compare():
                return self.compare(tree, kind, depth)
        raise self.refuse(tree, "this is not part of the language", _HINTS.get(type(tree)))

    def constant(self, tree: ast.Constant, kind: str | None) -> Node:
        """A whole number, or a name in quotes."""
        value = tree.value
        if isinstance(value, str):
            return self.word(tree, value, kind)
        if type(value) is not int:
            raise self.refuse(tree, f"{value!r} is no whole number")
        return self.number(tree, value)

    def number(self, tree: ast.expr, value: int) -> Number:
        """A number that is not too long."""
        bounds = Bounds(value, value)
        if bounds.bits > MAX_BITS:
            raise self.refuse(tree, f"the number is longer than {MAX_BITS} bits")
        return Number(value, bounds)

    def name(self, tree: ast.expr, name: str, kind: str | None) -> Node:
        """A column, or else a word by its name."""
        column = _column(name)
        if column is None:
            return self.word(tree, name, kind)
        return Column(column, Bounds(0, MAX_SLOTS if column == SLOT else U32_MAX))

    def word(self, tree: ast.expr, name: str, kind: str | None) -> Number:
        """The number behind a name that is no column's."""
        wanted = name.strip().lower()
        order = sorted(self.domains, key=lambda domain: domain != kind)
        for domain in order:
            if wanted in self.domains[domain]:
                return self.number(tree, self.domains[domain][wanted])
        raise self.refuse(tree, f"unknown name {name!r}", self.suggest(wanted, order))

    def suggest(self, wanted: str, order: list[str]) -> str:
        """The closest name there is, those of the likeliest kind first."""
        from difflib import get_close_matches

        for known in (self.domains[order[0]], [*COLUMNS, *FIELD_ALIASES], *map(self.domains.get, order[1:])):
            close = get_close_matches(wanted, list(known or ()), n=1, cutoff=0.7)
            if close:
                return f"Did you mean {close[0]!r}?"
        return "Columns are " + ", ".join(COLUMNS)

    def unary(self, tree: ast.UnaryOp, kind: str | None, depth: int) -> Node:
        """Minus, plus or the complement."""
        operand = self.node(tree.operand, kind, depth + 1)
        operator = _UNARY[type(tree.op)]
        bounds = unary_bounds(operator, operand.bounds)
        return Unary(operator, operand, self.bounded(tree, bounds))

    def binary(self, tree: ast.BinOp, kind: str | None, depth: int) -> Node:
        """Arithmetic, held to `MAX_BITS` by the bounds of its operands."""
        operator = _BINARY.get(type(tree.op))
        if operator is None:
            at = self.between(tree.left, tree.right)
            raise self.error("this operator is not part of the language", at, _HINTS.get(type(tree.op)))
        kind = self.kind_within(tree, kind)
        left = self.node(tree.left, kind, depth + 1)
        right = self.node(tree.right, kind, depth + 1)
        if operator in ("//", "%") and right.bounds == Bounds(0, 0):
            raise self.refuse(tree.right, "division by zero")
        if operator in ("<<", ">>"):
            self.check_shift(tree.right, operator, right.bounds)
        bounds = binary_bounds(operator, left.bounds, right.bounds)
        return Binary(operator, left, right, self.bounded(tree, bounds))

    def check_shift(self, tree: ast.expr, operator: str, amount: Bounds) -> None:
        """A shift's amount may not be negative, and to the left not large."""
        if amount.low < 0:
            raise self.refuse(tree, "the shift could be by a negative number")
        if operator == "<<" and amount.high >= MAX_BITS:
            raise self.refuse(tree, "the shift could be by more than 127", "Bound it, for example with & 31")

    def bounded(self, tree: ast.expr, bounds: Bounds) -> Bounds:
        """Refuse what could outgrow `MAX_BITS`."""
        if bounds.bits > MAX_BITS:
            raise self.refuse(tree, f"the result could pass {MAX_BITS} bits", "Divide or mask earlier")
        return bounds

    def compare(self, tree: ast.Compare, kind: str | None, depth: int) -> Node:
        """A chain of comparisons, or one membership."""
        kind = self.kind_within(tree, kind)
        first = self.node(tree.left, kind, depth + 1)
        links = []
        before = tree.left
        for operator, right in zip(tree.ops, tree.comparators, strict=True):
            at = self.between(before, right)
            if isinstance(operator, ast.In | ast.NotIn):
                if len(tree.ops) > 1:
                    raise self.error("in cannot be chained", at, "Join two conditions with and")
                return Member(first, self.members(right, kind, depth), isinstance(operator, ast.NotIn))
            sign = _COMPARE.get(type(operator))
            if sign is None:
                raise self.error("this is not part of the language", at, _HINTS[type(operator)])
            links.append((sign, self.node(right, kind, depth + 1)))
            before = right
        return Compare(first, tuple(links))

    def kind_within(self, tree: ast.expr, outside: str | None) -> str | None:
        """Whose names are meant in an expression: those of the one such column in it, or what holds outside."""
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        kinds = {_column(name) for name in names} & set(self.domains)
        return kinds.pop() if len(kinds) == 1 else outside

    def members(self, tree: ast.expr, kind: str | None, depth: int) -> tuple[Node, ...]:
        """What stands to the right of ``in``: a list, or one expression that is its own list."""
        one_by_one = tree.elts if isinstance(tree, ast.Tuple | ast.List) else [tree]
        return tuple(self.node(one, kind, depth + 1) for one in one_by_one)

    def between(self, left: ast.expr, right: ast.expr) -> int:
        """Column of the operator that stands between two nodes."""
        start = self.indent + (left.end_col_offset or 0)
        gap = self.text[start : self.indent + right.col_offset]
        return start + len(gap) - len(gap.lstrip(") \t\r\n\f\v"))

    def refuse(self, tree: ast.expr, what: str, fix: str | None = None) -> WhereError:
        """The error for a node, at the node's column."""
        return self.error(what, self.indent + tree.col_offset, fix)

    def error(self, what: str, column: int, fix: str | None = None) -> WhereError:
        """The error at a column of the text."""
        return WhereError(what, self.text, min(column, len(self.text)), fix=fix)


def _state_words() -> dict[str, int]:
    own = {state.name.lower(): int(state) for state in TaskState}
    return {name.lower(): int(state) for state, name in PROTOCOL_STATE_NAMES.items()} | own


def _column(name: str) -> str | None:
    lowered = name.lower()
    column = FIELD_ALIASES.get(lowered, lowered)
    return column if column in COLUMNS else None


def _reason(error: SyntaxError) -> str:
    """What Python's parser has to say, when it fits this language too."""
    message = error.msg or ""
    fitting = (
        "was never closed",
        "unmatched",
        "too many nested",
        "unterminated",
        "does not match",
        "literal",
    )
    if any(one in message for one in fitting):
        return message
    return "the condition breaks off or does not parse here"

"""The language of `--where`: a condition over a slot's columns, parsed without ever being executed as Python.

Standard library only; `vyrectl.ring.columns` evaluates what is parsed here with numpy. The text is read with `ast`,
only the kinds of node below are let through, and everything else is a `WhereError` that names the column. Texts,
nesting and numbers are bounded, so that no text takes long or much memory to refuse.

*Columns* are the 16 fields of a slot, their short names, ``slot`` (the index) and ``fault_name`` (why a slot is
Faulted; a comparison with it is false for any other slot). *Numbers* are decimal or 0x.

*Names* of states, priorities, flags, operations and fault codes (``user(33)`` among them), and ``never`` for the epoch
that never comes, stand for their words; in any case, with or without quotes. A name belongs to its field
(`vyrectl.ring.vocabulary`): it is compared with that field alone, and the words of two such fields are not compared
with each other. Only flags are joined by ``|`` and ``&``. ``<`` and its like go by the words: ``priority < high`` is
what is more urgent than high (`Where.ordered`).

*Conditions* are comparisons (chained too), ``in`` / ``not in`` with a list in parentheses, tests of bits (``flags &
paused``), and what ``and``, ``or`` and ``not`` make of conditions. A name or a number alone is no condition, and a
condition is no number: each is refused with what was probably meant. So are an empty list and alternatives that choose
every slot (``state != ready or state != done``).

*Operators* bind as in Python: ``or``, ``and``, ``not``, comparisons, then ``|``, ``^``, ``&``, ``<< >>``, ``+ -``,
``* // %``, unary ``- + ~``.

*Arithmetic* is exact. Words are unsigned and results are whole numbers of any sign; nothing wraps: an expression that
could pass 64 bits is refused, as is a shift by what could be negative, or left by what could exceed 63. Division rounds
down. Dividing by a literal 0 is refused; in a row where a divisor turns out to be 0, the comparison (or test) around it
is false, whatever it says, and the rest of the expression stands.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vyrectl.abi.faults import FAULT
from vyrectl.abi.limits import MAX_SLOTS, U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.abi.opcodes import WINDOW_NAME, window_opcode
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import WhereError
from vyrectl.ring.always import all_but_nothing
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
from vyrectl.ring.vocabulary import COLUMN_ALIASES, NOUNS, fits, shown_column, test_of, vocabulary

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
_CONNECTIVES = ("and", "or", "not", "in")
_WORD = re.compile(r"[A-Za-z_]+")
_LAST_WORD = re.compile(r"[A-Za-z_]+ *$")
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
_NUMBERED = ("user", "engine", "unknown")
_CHOSEN = frozenset({"state", "priority", "flags", "op_handle"})
"""Fields whose words mean something by themselves; they are compared with no other field's."""

_OF_BITS = frozenset("&|^")
"""What is made with these of a field's word is a word of that field."""

_ORDER = frozenset({"<", "<=", ">", ">="})
_ORDERED = {
    "priority": ", ".join(f"{one.name.lower()} {int(one)}" for one in TaskPriority) + "; < is more urgent",
    "state": ", ".join(f"{one.name.lower()} {int(one)}" for one in TaskState),
}
"""Field -> its names in the order of their words."""

_MIXED = "computed numbers"
_FAULTS = frozenset({FAULT, "continuation_data"})


@dataclass(frozen=True, slots=True)
class Where:
    """A compiled condition.

    Attributes:
        text: What was compiled.
        tree: The checked expression.
        ordered: Comparisons by order with the name of a state or a priority, each with what it goes by.
    """

    text: str
    tree: Node
    ordered: tuple[str, ...] = ()

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
        text: The expression, at most `MAX_CHARACTERS` long.
        op_codes: Operation names and their ids.

    Raises:
        WhereError: The text is not in the language; carries the column.
    """
    compiler = _Compiler(text, op_codes)
    return Where(text, compiler.compile(), tuple(compiler.ordered))


class _Typed(NamedTuple):
    """A number and whose it is: a field's, computed (`_MIXED`), or nobody's; `named` when it came by name alone."""

    node: Node
    field: str | None = None
    named: bool = False


class _Compiler:
    """Turns one text into a tree; every method that meets something foreign raises with its column."""

    def __init__(self, text: str, op_codes: Mapping[str, int]) -> None:
        self.text = text
        self.names = vocabulary(op_codes)
        self.ordered: list[str] = []
        self.indent = 0

    def compile(self) -> Node:
        """The checked tree of the whole text."""
        return self.condition(self.parse(), 1)

    def parse(self) -> ast.expr:
        """Let Python's parser read the text, once it is short and holds no foreign character."""
        if len(self.text) > MAX_CHARACTERS:
            raise self.error(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
        flat = WINDOW_NAME.sub(self.window, self.text.translate(_BLANK))
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
            raise self.error(_reason(error), at, self.near_connective(flat, at)) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("nested too deeply", self.indent) from None

    def window(self, name: re.Match[str]) -> str:
        """A word of the same length for a name such as `tenant3:5`, whose colon Python's grammar does not take."""
        code = window_opcode(name[0])
        if code is None:
            return name[0]
        word = name[0].replace(":", "_")
        self.names["op_handle"][word.lower()] = code
        return word

    def near_connective(self, flat: str, at: int) -> str | None:
        """What was meant where two words that stand side by side are none of the language's, or None."""
        from difflib import get_close_matches

        here, before = _WORD.match(flat, at), _LAST_WORD.search(flat, 0, at)
        for found in filter(None, (here, before)):
            word = found[0].strip()
            known = _column(word) is not None or any(word in names for names in self.names.values())
            close = get_close_matches(word, _CONNECTIVES, n=1)
            if close and not known and word not in _CONNECTIVES:
                return f"Did you mean {close[0]!r}?"
        return None

    # --- conditions ---

    def condition(self, tree: ast.expr, depth: int, before: ast.expr | None = None) -> Node:
        """Check what is to hold or not; `before` is the condition to the left of it, for advice."""
        self.check_depth(tree, depth)
        match tree:
            case ast.BoolOp():
                sides = [None, *tree.values[:-1]]
                parts = tuple(
                    self.condition(one, depth + 1, side) for one, side in zip(tree.values, sides, strict=True)
                )
                if isinstance(tree.op, ast.Or):
                    self.check_alternatives(tree, parts)
                return Logic("and" if isinstance(tree.op, ast.And) else "or", parts)
            case ast.UnaryOp(op=ast.Not()):
                return Logic("not", (self.condition(tree.operand, depth + 1),))
            case ast.Compare():
                return self.compare(tree, depth)
        number = self.number_alone(tree, depth, before)
        if isinstance(number.node, Binary) and number.node.operator == "&" and number.field is not None:
            return number.node
        shown = self.source(tree)
        raise self.refuse(tree, f"{shown} is a number and no condition", f"Did you mean ({shown}) != 0?")

    def check_alternatives(self, tree: ast.BoolOp, parts: tuple[Node, ...]) -> None:
        """Alternatives that choose every slot are never what was meant."""
        pair = all_but_nothing(parts)
        if pair is None:
            return
        left, right = (tree.values[at] for at in pair)
        joined = f"{self.source(left)} and {self.source(right)}"
        raise self.refuse(
            right, "every slot is chosen by this or by what stands before it", f"Did you mean {joined}?"
        )

    def number_alone(self, tree: ast.expr, depth: int, before: ast.expr | None) -> _Typed:
        """What stands where a condition belongs; a name or a number is refused with what was meant."""
        name = _word_of(tree)
        if name is None and not isinstance(tree, ast.Constant):
            return self.value(tree, _columns_in(tree), depth)
        meant = self.meant_by(tree, name, before)
        if name is None:
            self.value(tree, (), depth)
            raise self.refuse(tree, f"{self.source(tree)} is a number and no condition", meant)
        column = _column(name) if isinstance(tree, ast.Name) else None
        if column is None and not self.homes(name):
            raise self.unknown(tree, name, ())
        what = "a column" if column is not None else NOUNS[self.homes(name)[0]]
        raise self.refuse(tree, f"{name} is {what} and no condition", meant)

    def meant_by(self, tree: ast.expr, name: str | None, before: ast.expr | None) -> str:
        """What a name or a number was probably meant as where a condition belongs."""
        shown = self.source(tree)
        list_of = self.list_before(before)
        column = None if name is None else _column(name)
        if list_of is not None and column is None:
            left, members = list_of
            field = _column(left)
            if name is None or field is None or name.lower() in self.names.get(field, {}):
                joined = ", ".join((*members, shown))
                spelt = f"{left} == {members[-1]} or {left} == {shown}, or " if len(members) == 1 else ""
                return f"Did you mean {spelt}{left} in ({joined})?"
        if column is not None:
            return f"Did you mean {shown} != 0?"
        if name is None and isinstance(before, ast.Compare) and type(before.ops[-1]) in _COMPARE:
            return f"Did you mean {self.source(before.left)} {_COMPARE[type(before.ops[-1])]} {shown}?"
        if name is not None and self.homes(name):
            return f"Did you mean {test_of(self.homes(name)[0], name)}?"
        return "Write for example 'state == paused'"

    def list_before(self, tree: ast.expr | None) -> tuple[str, list[str]] | None:
        """Column and values of ``column == value`` or ``column in (values)``; None for anything else."""
        if not isinstance(tree, ast.Compare) or len(tree.ops) > 1:
            return None
        right = tree.comparators[0]
        if isinstance(tree.ops[0], ast.Eq):
            return self.source(tree.left), [self.source(right)]
        if isinstance(tree.ops[0], ast.In) and isinstance(right, ast.Tuple | ast.List):
            return self.source(tree.left), [self.source(one) for one in right.elts]
        return None

    def compare(self, tree: ast.Compare, depth: int) -> Node:
        """A chain of comparisons, or one membership."""
        columns = _columns_in(tree)
        first = before = self.value(tree.left, columns, depth + 1)
        self.check_field(tree, columns)
        links = []
        left = tree.left
        for operator, right in zip(tree.ops, tree.comparators, strict=True):
            at = self.between(left, right)
            if isinstance(operator, ast.In | ast.NotIn):
                if len(tree.ops) > 1:
                    raise self.error("in cannot be chained", at, "Join two conditions with and")
                return Member(
                    first.node, self.members(first, right, columns, depth), isinstance(operator, ast.NotIn)
                )
            sign = _COMPARE.get(type(operator))
            if sign is None:
                raise self.error("this is not part of the language", at, _HINTS[type(operator)])
            one = self.value(right, columns, depth + 1)
            self.check_same(right, before, one)
            self.note_order(sign, (left, before), (right, one))
            links.append((sign, one.node))
            left, before = right, one
        return Compare(first.node, tuple(links))

    def note_order(self, sign: str, left: tuple[ast.expr, _Typed], right: tuple[ast.expr, _Typed]) -> None:
        """Remember a comparison by order with the name of a state or a priority: it goes by the words."""
        if sign not in _ORDER or not (left[1].named or right[1].named):
            return
        field = next((one.field for _, one in (left, right) if one.named), None)
        if field in _ORDERED:
            shown = f"{self.source(left[0])} {sign} {self.source(right[0])}"
            self.ordered.append(f"{shown} goes by the numbers: {_ORDERED[field]}")

    def members(
        self, first: _Typed, tree: ast.expr, columns: tuple[str, ...], depth: int
    ) -> tuple[Node, ...]:
        """What stands to the right of ``in``: a list, or one expression that is its own list."""
        one_by_one = tree.elts if isinstance(tree, ast.Tuple | ast.List) else [tree]
        if not one_by_one:
            raise self.refuse(tree, "the list is empty", "Name what it holds; perhaps a variable is not set")
        found = []
        for one in one_by_one:
            typed = self.value(one, columns, depth + 1)
            self.check_same(one, first, typed)
            found.append(typed.node)
        return tuple(found)

    def check_field(self, tree: ast.Compare, columns: tuple[str, ...]) -> None:
        """A comparison of names alone says nothing about a slot."""
        words = [(one, _word_of(one)) for one in (tree.left, *tree.comparators)]
        named = [(one, name) for one, name in words if name is not None]
        if columns or not named:
            return
        one, name = named[0]
        meant = next(
            (test_of(field, other) for _, other in reversed(named) for field in self.homes(other)), ""
        )
        noun = NOUNS[self.homes(name)[0]] if self.homes(name) else "no column"
        raise self.refuse(one, f"{name} is {noun}, and no column is compared", f"Did you mean {meant}?")

    def check_same(self, tree: ast.expr, left: _Typed, right: _Typed) -> None:
        """The two sides of a comparison are numbers of one field, or one of them is nobody's."""
        if left.field is None or right.field is None or left.field == right.field:
            return
        if {left.field, right.field} == _FAULTS:
            return
        if not (left.named or right.named) and not {left.field, right.field} & _CHOSEN:
            return
        sides = f"{shown_column(left.field)} and {shown_column(right.field)}"
        raise self.refuse(
            tree, f"{sides} are not compared with each other", "Compare each with its own values"
        )

    # --- numbers ---

    def value(self, tree: ast.expr, columns: tuple[str, ...], depth: int) -> _Typed:
        """Check what is to be a number; `columns` are those of the comparison around it."""
        self.check_depth(tree, depth)
        match tree:
            case ast.Constant():
                return self.constant(tree, columns)
            case ast.Name():
                return self.name(tree, tree.id, columns)
            case ast.UnaryOp() if not isinstance(tree.op, ast.Not):
                return self.unary(tree, columns, depth)
            case ast.BinOp():
                return self.binary(tree, columns, depth)
            case ast.Call(
                func=ast.Name(id=kind), args=[ast.Constant(value=int(number)) as given], keywords=[]
            ):
                self.check_spelling(given)
                return self.numbered(tree, kind.lower(), number, columns)
            case ast.BoolOp() | ast.UnaryOp() | ast.Compare():
                raise self.refuse(tree, "a condition is no number", self.meant_list(tree, columns))
        raise self.refuse(tree, "this is not part of the language", _HINTS.get(type(tree)))

    def meant_list(self, tree: ast.expr, columns: tuple[str, ...]) -> str:
        """What a condition inside a comparison was probably meant as."""
        words = [_word_of(one) for one in tree.values] if isinstance(tree, ast.BoolOp) else []
        if words and None not in words and len(columns) == 1:
            return f"Did you mean {shown_column(columns[0])} in ({', '.join(map(str, words))})?"
        return "Join conditions with and, or, not"

    def constant(self, tree: ast.Constant, columns: tuple[str, ...]) -> _Typed:
        """A whole number, or a name in quotes."""
        value = tree.value
        if isinstance(value, str):
            return self.quoted(tree, value, columns)
        if type(value) is not int:
            raise self.refuse(tree, f"{value!r} is no whole number")
        self.check_spelling(tree)
        return _Typed(self.number(tree, value))

    def check_spelling(self, tree: ast.Constant) -> None:
        """Decimal and 0x alone, though the parser of the language underneath reads more."""
        written = self.source(tree)
        if parse_whole(written) is None:
            raise self.refuse(tree, f"{written[:40]} is no number here", "Write it in decimal, or after 0x")

    def quoted(self, tree: ast.expr, text: str, columns: tuple[str, ...]) -> _Typed:
        """A name in quotes; ``'user(33)'`` is one too."""
        match = re.fullmatch(r"\s*([A-Za-z]+)\(\s*([0-9]{1,10})\s*\)\s*", text, re.ASCII)
        if match is not None and match[1].lower() in _NUMBERED:
            return self.numbered(tree, match[1].lower(), int(match[2]), columns)
        return self.word(tree, text, columns)

    def number(self, tree: ast.expr, value: int) -> Number:
        """A number that is not too long."""
        bounds = Bounds(value, value)
        if bounds.bits > MAX_BITS:
            raise self.refuse(tree, f"the number is longer than {MAX_BITS} bits")
        return Number(value, bounds)

    def name(self, tree: ast.expr, name: str, columns: tuple[str, ...]) -> _Typed:
        """A column, or else a word by its name."""
        column = _column(name)
        if column is None:
            return self.word(tree, name, columns)
        return _Typed(Column(column, Bounds(0, MAX_SLOTS if column == SLOT else U32_MAX)), column)

    def word(self, tree: ast.expr, name: str, columns: tuple[str, ...]) -> _Typed:
        """The number behind a name that is no column's: of the one field that it is compared with."""
        wanted = name.strip().lower()
        own = [column for column in columns if wanted in self.names.get(column, {})]
        homes = self.homes(name)
        if own:
            return _Typed(self.number(tree, self.names[own[0]][wanted]), own[0], named=True)
        if homes and not columns:
            return _Typed(self.number(tree, self.names[homes[0]][wanted]), homes[0], named=True)
        if not homes:
            raise self.unknown(tree, name, columns)
        other = shown_column(columns[0])
        raise self.refuse(
            tree, f"{name} is {NOUNS[homes[0]]} and no {other}", f"Did you mean {test_of(homes[0], name)}?"
        )

    def homes(self, name: str) -> list[str]:
        """The fields that have such a name."""
        wanted = name.strip().lower()
        return [field for field, names in self.names.items() if wanted in names]

    def numbered(self, tree: ast.expr, kind: str, number: int, columns: tuple[str, ...]) -> _Typed:
        """``user(33)`` and its like: a word under the name that answers show it by."""
        if kind not in _NUMBERED:
            raise self.refuse(tree, "this is not part of the language", _HINTS[ast.Call])
        fields = [one for one in columns if (one in _CHOSEN if kind == "unknown" else one in _FAULTS)]
        shown = f"{kind}({number})"
        if not fits(kind, number):
            raise self.refuse(tree, f"{shown} is no such code")
        if not fields:
            meant = test_of("state" if kind == "unknown" else FAULT, shown)
            raise self.refuse(tree, f"{shown} belongs to another column", f"Did you mean {meant}?")
        return _Typed(self.number(tree, number), fields[0], named=True)

    def unknown(self, tree: ast.expr, name: str, columns: tuple[str, ...]) -> WhereError:
        """The error for a name that nothing has, with the closest one, those of the likeliest kind first."""
        from difflib import get_close_matches

        wanted = name.strip().lower()
        own = [field for field in self.names if field in columns]
        others = [field for field in self.names if field not in columns]
        known: list[list[str]] = [
            *(list(self.names[field]) for field in own),
            [*COLUMNS, FAULT, *COLUMN_ALIASES],
            *(list(self.names[field]) for field in others),
        ]
        fix = "Columns are " + ", ".join((*COLUMNS, FAULT))
        for names in known:
            close = get_close_matches(wanted, names, n=1, cutoff=0.7)
            if close:
                fix = f"Did you mean {close[0]!r}?"
                break
        return self.refuse(tree, f"unknown name {name!r}", fix)

    def unary(self, tree: ast.UnaryOp, columns: tuple[str, ...], depth: int) -> _Typed:
        """Minus, plus or the complement."""
        operand = self.value(tree.operand, columns, depth + 1)
        operator = _UNARY[type(tree.op)]
        self.check_arithmetic(tree.operand, operand)
        bounds = self.bounded(tree, unary_bounds(operator, operand.node.bounds))
        return _Typed(Unary(operator, operand.node, bounds), operand.field, operand.named)

    def binary(self, tree: ast.BinOp, columns: tuple[str, ...], depth: int) -> _Typed:
        """Arithmetic, held to `MAX_BITS` by the bounds of its operands."""
        operator = _BINARY.get(type(tree.op))
        if operator is None:
            at = self.between(tree.left, tree.right)
            raise self.error("this operator is not part of the language", at, _HINTS.get(type(tree.op)))
        left = self.value(tree.left, columns, depth + 1)
        right = self.value(tree.right, columns, depth + 1)
        self.check_words(tree, operator, left, right)
        low, high = left.node.bounds, right.node.bounds
        if operator in ("//", "%") and high == Bounds(0, 0):
            raise self.refuse(tree.right, "division by zero")
        if operator in ("<<", ">>"):
            self.check_shift(tree.right, operator, high)
        bounds = self.bounded(tree, binary_bounds(operator, low, high))
        fields = {one.field for one in (left, right)} - {None}
        field = fields.pop() if len(fields) == 1 else _MIXED if fields else None
        if field in _CHOSEN and operator not in _OF_BITS:
            field = _MIXED
        return _Typed(Binary(operator, left.node, right.node, bounds), field, left.named and right.named)

    def check_words(self, tree: ast.BinOp, operator: str, left: _Typed, right: _Typed) -> None:
        """Nothing is computed with names but sets of flags."""
        for side, one, other in ((tree.left, left, right), (tree.right, right, left)):
            if one.named and other.field not in (None, one.field):
                shown, noun = self.source(side), NOUNS[str(one.field)]
                meant = "Write and" if operator == "&" else f"Did you mean {test_of(str(one.field), shown)}?"
                raise self.refuse(side, f"{shown} is {noun} and belongs to another column", meant)
        if operator == "|" and left.named and right.named and left.field not in (None, "flags"):
            joined = f"{self.source(tree.left)}, {self.source(tree.right)}"
            meant = f"Did you mean {shown_column(str(left.field))} in ({joined})?"
            raise self.refuse(tree.left, f"{NOUNS[str(left.field)]} is no set of bits", meant)
        self.check_arithmetic(tree.left, left)
        self.check_arithmetic(tree.right, right)

    def check_arithmetic(self, tree: ast.expr, one: _Typed) -> None:
        """A name is an operand only where it is a flag's."""
        if one.named and one.field != "flags":
            shown = self.source(tree)
            meant = f"Did you mean {test_of(str(one.field), shown)}?"
            raise self.refuse(
                tree, f"{shown} is {NOUNS[str(one.field)]}, with which nothing is computed", meant
            )

    def check_shift(self, tree: ast.expr, operator: str, amount: Bounds) -> None:
        """A shift's amount may not be negative, and to the left not large."""
        if amount.low < 0:
            raise self.refuse(tree, "the shift could be by a negative number")
        if operator == "<<" and amount.high >= MAX_BITS:
            fix = "Bound it, for example with & 31"
            raise self.refuse(tree, f"the shift could be by more than {MAX_BITS - 1}", fix)

    def bounded(self, tree: ast.expr, bounds: Bounds) -> Bounds:
        """Refuse what could outgrow `MAX_BITS`."""
        if bounds.bits > MAX_BITS:
            raise self.refuse(tree, f"the result could pass {MAX_BITS} bits", "Divide or mask earlier")
        return bounds

    # --- places ---

    def check_depth(self, tree: ast.expr, depth: int) -> None:
        """Bound the nesting."""
        if depth > MAX_DEPTH:
            raise self.refuse(tree, "nested too deeply")

    def source(self, tree: ast.expr) -> str:
        """A node as it was typed."""
        start, end = self.indent + tree.col_offset, self.indent + (tree.end_col_offset or 0)
        return self.text[start:end]

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


def _column(name: str) -> str | None:
    lowered = name.lower()
    column = COLUMN_ALIASES.get(lowered, lowered)
    return column if column in COLUMNS or column == FAULT else None


def _columns_in(tree: ast.expr) -> tuple[str, ...]:
    """The columns named anywhere in an expression, in their order."""
    names = (_column(node.id) for node in ast.walk(tree) if isinstance(node, ast.Name))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _word_of(tree: ast.expr) -> str | None:
    """A bare or quoted name."""
    if isinstance(tree, ast.Name):
        return tree.id
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None


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

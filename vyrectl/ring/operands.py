"""The numbers of a `--where` condition: columns, names, arithmetic, held to their fields and to 64 bits.

What `vyrectl.ring.where` documents of them is checked here. The invariant: a number carries whose field it is, and
bounds that its value never leaves. Standard library only.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from vyrectl.abi.faults import FAULT
from vyrectl.abi.limits import MAX_SLOTS, U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.errors import WhereError
from vyrectl.ring.bounds import Bounds, binary_bounds, unary_bounds
from vyrectl.ring.offers import Offering
from vyrectl.ring.tree import (
    COLUMNS,
    MAX_BITS,
    SLOT,
    Binary,
    Column,
    Node,
    Number,
    Unary,
)
from vyrectl.ring.vocabulary import (
    COLUMN_ALIASES,
    NOUNS,
    column_named,
    fits,
    names_in_words,
    shown_column,
    test_of,
)

MAX_DEPTH = 60

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
HINTS: dict[type[ast.AST], str] = {
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
CHOSEN = frozenset({"state", "priority", "flags", "op_handle"})
"""Fields whose words mean something by themselves; they are compared with no other field's."""

_OF_BITS = frozenset("&|^")
"""What is made with these of a field's word is a word of that field."""

_MIXED = "computed numbers"
FAULTS = frozenset({FAULT, "continuation_data"})


class Typed(NamedTuple):
    """A number and whose it is: a field's, computed (`_MIXED`), or nobody's; `named` when it came by name alone."""

    node: Node
    field: str | None = None
    named: bool = False


class Numbers(Offering):
    """Checks what is to be a number; every method that meets something foreign raises with its column."""

    def value(self, tree: ast.expr, columns: tuple[str, ...], depth: int) -> Typed:
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
                raise self.refuse(tree, "a condition is no number", self.meant_list(tree))
        raise self.refuse(tree, "this is not part of the language", HINTS.get(type(tree)))

    def meant_list(self, tree: ast.expr) -> str:
        """What a condition inside a comparison was probably meant as."""
        words = [self.source(one) for one in tree.values] if isinstance(tree, ast.BoolOp) else []
        if isinstance(tree, ast.BoolOp) and all(
            isinstance(one, ast.Name | ast.Constant) for one in tree.values
        ):
            self.offer_list(tree, words, either=isinstance(tree.op, ast.Or))
        return "Join conditions with and, or, not"

    def constant(self, tree: ast.Constant, columns: tuple[str, ...]) -> Typed:
        """A whole number, or a name in quotes."""
        value = tree.value
        if isinstance(value, str):
            return self.quoted(tree, value, columns)
        if type(value) is not int:
            raise self.refuse(tree, f"{value!r} is no whole number")
        self.check_spelling(tree)
        return Typed(self.number(tree, value))

    def check_spelling(self, tree: ast.Constant) -> None:
        """Decimal and 0x alone, though the parser of the language underneath reads more."""
        written = self.source(tree)
        if parse_whole(written) is None:
            raise self.refuse(tree, f"{written[:40]} is no number here", "Write it in decimal, or after 0x")

    def quoted(self, tree: ast.expr, text: str, columns: tuple[str, ...]) -> Typed:
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

    def name(self, tree: ast.expr, name: str, columns: tuple[str, ...]) -> Typed:
        """A column, or else a word by its name."""
        column = column_named(name)
        if column is None:
            return self.word(tree, name, columns)
        return Typed(Column(column, Bounds(0, MAX_SLOTS if column == SLOT else U32_MAX)), column)

    def word(self, tree: ast.expr, name: str, columns: tuple[str, ...]) -> Typed:
        """The number behind a name that is no column's: of the one field that it is compared with."""
        wanted = name.strip().lower()
        own = [column for column in columns if wanted in self.names.get(column, {})]
        homes = self.homes(name)
        if own:
            return Typed(self.number(tree, self.names[own[0]][wanted]), own[0], named=True)
        if homes and not columns:
            return Typed(self.number(tree, self.names[homes[0]][wanted]), homes[0], named=True)
        if not homes:
            raise self.unknown(tree, name, columns)
        other = shown_column(columns[0])
        self.offer_test(tree, test_of(homes[0], name))
        raise self.refuse(
            tree, f"{name} is {NOUNS[homes[0]]} and no {other}", f"Did you mean {test_of(homes[0], name)}?"
        )

    def homes(self, name: str) -> list[str]:
        """The fields that have such a name."""
        wanted = name.strip().lower()
        return [field for field, names in self.names.items() if wanted in names]

    def numbered(self, tree: ast.expr, kind: str, number: int, columns: tuple[str, ...]) -> Typed:
        """``user(33)`` and its like: a word under the name that answers show it by."""
        if kind not in _NUMBERED:
            raise self.refuse(tree, "this is not part of the language", HINTS[ast.Call])
        fields = [one for one in columns if (one in CHOSEN if kind == "unknown" else one in FAULTS)]
        shown = f"{kind}({number})"
        if not fits(kind, number):
            raise self.refuse(tree, f"{shown} is no such code")
        if not fields:
            meant = test_of("state" if kind == "unknown" else FAULT, shown)
            self.offer_test(tree, meant)
            raise self.refuse(tree, f"{shown} belongs to another column", f"Did you mean {meant}?")
        return Typed(self.number(tree, number), fields[0], named=True)

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
        if wanted == "unknown" and columns[:1] in (("state",), ("priority",)):
            most = max(self.names[columns[0]].values())
            return self.refuse(tree, f"unknown name {name!r}", f"Did you mean {columns[0]} > {most}?")
        close = next(filter(None, (get_close_matches(wanted, one, n=1, cutoff=0.7) for one in known)), None)
        fix = f"Did you mean {close[0]!r}?" if close else self.known_of(columns)
        return self.refuse(tree, f"unknown name {name!r}", fix)

    def known_of(self, columns: tuple[str, ...]) -> str:
        """What may stand where an unknown name does, beside which these columns are compared."""
        if not columns:
            return "Columns are " + ", ".join((*COLUMNS, FAULT))
        field, shown = columns[0], shown_column(columns[0])
        if field == "op_handle":
            return "--ops FILE.cl or --op-names FILE brings names; `vyrectl ops` lists those that are known"
        if field not in self.names:
            return f"{shown} is compared with whole numbers"
        return f"{shown} is one of {names_in_words(field, self.names[field])}, or a number"

    def unary(self, tree: ast.UnaryOp, columns: tuple[str, ...], depth: int) -> Typed:
        """Minus, plus or the complement."""
        operand = self.value(tree.operand, columns, depth + 1)
        operator = _UNARY[type(tree.op)]
        self.check_arithmetic(tree.operand, operand)
        bounds = self.bounded(tree, unary_bounds(operator, operand.node.bounds))
        return Typed(Unary(operator, operand.node, bounds), operand.field, operand.named)

    def binary(self, tree: ast.BinOp, columns: tuple[str, ...], depth: int) -> Typed:
        """Arithmetic, held to `MAX_BITS` by the bounds of its operands."""
        operator = _BINARY.get(type(tree.op))
        if operator is None:
            at = self.between(tree.left, tree.right)
            raise self.error("this operator is not part of the language", at, HINTS.get(type(tree.op)))
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
        if field in CHOSEN and operator not in _OF_BITS:
            field = _MIXED
        return Typed(Binary(operator, left.node, right.node, bounds), field, left.named and right.named)

    def check_words(self, tree: ast.BinOp, operator: str, left: Typed, right: Typed) -> None:
        """Nothing is computed with names but sets of flags."""
        for side, one, other in ((tree.left, left, right), (tree.right, right, left)):
            if one.named and other.field not in (None, one.field):
                shown, noun = self.source(side), NOUNS[str(one.field)]
                self.offer_both(tree, side, test_of(str(one.field), shown))
                meant = "Write and" if operator == "&" else f"Did you mean {test_of(str(one.field), shown)}?"
                raise self.refuse(side, f"{shown} is {noun} and belongs to another column", meant)
        if operator == "|" and left.named and right.named and left.field not in (None, "flags"):
            joined = f"{self.source(tree.left)}, {self.source(tree.right)}"
            meant = f"Did you mean {shown_column(str(left.field))} in ({joined})?"
            raise self.refuse(tree.left, f"{NOUNS[str(left.field)]} is no set of bits", meant)
        self.check_arithmetic(tree.left, left)
        self.check_arithmetic(tree.right, right)

    def check_arithmetic(self, tree: ast.expr, one: Typed) -> None:
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

    def check_depth(self, tree: ast.expr, depth: int) -> None:
        """Bound the nesting."""
        if depth > MAX_DEPTH:
            raise self.refuse(tree, "nested too deeply")


def columns_in(tree: ast.expr) -> tuple[str, ...]:
    """The columns named anywhere in an expression, in their order."""
    names = (column_named(node.id) for node in ast.walk(tree) if isinstance(node, ast.Name))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def word_of(tree: ast.expr) -> str | None:
    """A bare or quoted name."""
    if isinstance(tree, ast.Name):
        return tree.id
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None

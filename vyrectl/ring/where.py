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
condition is no number: each is refused with what was probably meant. So are an empty list, and what holds for no slot
or for every slot whatever they hold (`vyrectl.ring.foregone`; beside others joined by ``and`` a bound such as ``age >=
0`` may stand). A number that is no state, priority or set of flags is compared with those as ``unknown(8)`` alone. What
does not parse is answered with what it means in other languages (`vyrectl.respell`).

*Operators* bind as in Python: ``or``, ``and``, ``not``, comparisons, then ``|``, ``^``, ``&``, ``<< >>``, ``+ -``,
``* // %``, unary ``- + ~``.

*Arithmetic* is exact. Words are unsigned and results are whole numbers of any sign; nothing wraps: an expression that
could pass 64 bits is refused, as is a shift by what could be negative, or left by what could exceed 63. Division rounds
down. Dividing by a literal 0 is refused; in a row where a divisor turns out to be 0, the comparison (or test) around it
is false, whatever it says, and the rest of the expression stands.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vyrectl.abi.faults import FAULT
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import WhereError
from vyrectl.respell import respelt
from vyrectl.ring.foregone import ORDER, conflict, cover, foregone
from vyrectl.ring.foregone_words import meant_instead, why_foregone
from vyrectl.ring.offers import with_sign
from vyrectl.ring.operands import CHOSEN, FAULTS, HINTS, Numbers, Typed, columns_in, word_of
from vyrectl.ring.tree import (
    Binary,
    Column,
    Compare,
    Logic,
    Member,
    Node,
    Number,
)
from vyrectl.ring.vocabulary import (
    NOUNS,
    column_named,
    is_known,
    names_in_words,
    shown_column,
    test_of,
    vocabulary,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

MAX_MENDS = 4
"""So many places of one text are mended for its advice."""

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ORDERED = {
    "priority": ", ".join(f"{one.name.lower()} {int(one)}" for one in TaskPriority) + "; < is more urgent",
    "state": ", ".join(f"{one.name.lower()} {int(one)}" for one in TaskState),
}
"""Field -> its names in the order of their words."""


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
    try:
        return compiler.where()
    except WhereError as error:
        meant = _mended(compiler, op_codes)
        if meant is None and (error.fix or "").startswith("Did you mean"):
            raise
        meant = meant or respelt(text, lambda spelling: _is_condition(spelling, op_codes))
        if meant is None:
            raise
        raise WhereError(error.what, text, error.column, fix=f"Did you mean {meant}?") from None


def _mended(compiler: _Compiler, op_codes: Mapping[str, int], rounds: int = MAX_MENDS) -> str | None:
    """The whole text with what was meant in place of what was refused, once all of it is a condition."""
    for text in compiler.offers if rounds else ():
        again = _Compiler(text, op_codes)
        again.is_advice = True
        try:
            again.compile()
        except WhereError:
            found = _mended(again, op_codes, rounds - 1)
            if found is None:
                continue
            return found
        return text
    return None


def _is_condition(text: str, op_codes: Mapping[str, int]) -> bool:
    try:
        _Compiler(text, op_codes).compile()
    except WhereError:
        return False
    return True


class _Compiler(Numbers):
    """Turns one text into a tree; every method that meets something foreign raises with its column."""

    def __init__(self, text: str, op_codes: Mapping[str, int]) -> None:
        super().__init__(text, vocabulary(op_codes))
        self.ordered: list[str] = []

    def compile(self) -> Node:
        """The checked tree of the whole text."""
        return self.condition(self.parse(), 1)

    def where(self) -> Where:
        """The whole text, compiled."""
        return Where(self.text, self.compile(), tuple(self.ordered))

    def condition(
        self, tree: ast.expr, depth: int, before: ast.expr | None = None, *, narrows: bool = False
    ) -> Node:
        """Check what is to hold or not.

        Args:
            tree: What is to be a condition.
            depth: How deep it lies.
            before: The condition to the left of it, for advice.
            narrows: Something around it is joined by and, where a bound that a script made may be idle.
        """
        self.check_depth(tree, depth)
        node = self.connected(tree, depth, narrows=narrows)
        if node is None:
            node = (
                self.compare(tree, depth) if isinstance(tree, ast.Compare) else self.bits(tree, depth, before)
            )
        self.check_foregone(tree, node, narrows=narrows)
        return node

    def connected(self, tree: ast.expr, depth: int, *, narrows: bool) -> Node | None:
        """``and``, ``or``, ``not`` and what they join; None for anything else."""
        match tree:
            case ast.BoolOp():
                both = isinstance(tree.op, ast.And)
                sides = [None, *tree.values[:-1]]
                parts = tuple(
                    self.condition(one, depth + 1, side, narrows=narrows or both)
                    for one, side in zip(tree.values, sides, strict=True)
                )
                self.check_together(tree, parts)
                return Logic("and" if both else "or", parts)
            case ast.UnaryOp(op=ast.Not()):
                return Logic("not", (self.condition(tree.operand, depth + 1, narrows=narrows),))
        return None

    def bits(self, tree: ast.expr, depth: int, before: ast.expr | None) -> Node:
        """A test of bits; any other number is no condition."""
        number = self.number_alone(tree, depth, before)
        if isinstance(number.node, Binary) and number.node.operator == "&" and number.field is not None:
            return number.node
        shown = self.source(tree)
        self.offer_truth(tree, f"({shown})")
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
            self.offer(tree, f"{self.source(tree.left)} & {self.source(tree.right)}")
        raise self.refuse(tree, f"{shown} is a number and no condition", "Compare it with a number")

    def check_foregone(self, tree: ast.expr, node: Node, *, narrows: bool) -> None:
        """What no slot fulfils, or every slot, is never what was meant."""
        answer = foregone(node)
        if answer is None or (narrows and _is_idle(node)):
            return
        while isinstance(tree, ast.BoolOp) and isinstance(node, Logic) and not answer:
            parts = zip(tree.values, node.operands, strict=True)
            found = next(((one, part) for one, part in parts if foregone(part) is False), None)
            if found is None or isinstance(tree.op, ast.Or):
                break
            tree, node = found
        shown = " ".join(self.source(tree).split())
        sides = (
            [self.source(one) for one in (tree.left, *tree.comparators)]
            if isinstance(tree, ast.Compare)
            else []
        )
        what = f"{shown} holds for {'every' if answer else 'no'} slot{why_foregone(node, sides)}"
        meant = meant_instead(node, sides, everything=answer)
        if meant is not None and meant.endswith("?") and len(sides) == 2:
            self.offer(tree, meant.removeprefix("Did you mean ")[:-1])
        raise self.refuse(tree, what, meant)

    def check_together(self, tree: ast.BoolOp, parts: tuple[Node, ...]) -> None:
        """Two conditions that no slot fulfils together, or of which every slot fulfils one."""
        either = isinstance(tree.op, ast.Or)
        pair = (cover if either else conflict)(parts)
        if pair is None:
            return
        left, right = (self.source(tree.values[at]) for at in pair)
        meant = f"Did you mean {left} {'and' if either else 'or'} {right}?"
        two = [parts[at] for at in pair]
        if pair[1] == pair[0] + 1:
            both = meant.removeprefix("Did you mean ")[:-1]
            first, last = (tree.values[at] for at in pair)
            self.offer_span(first, last, both if len(parts) == 2 else f"({both})")
        if cover(two) and conflict(two):
            meant = "Leave one of them out"
        what = "every slot is chosen by this or by" if either else "no slot is chosen by this and by"
        raise self.refuse(tree.values[pair[1]], f"{what} what stands before it", meant)

    def number_alone(self, tree: ast.expr, depth: int, before: ast.expr | None) -> Typed:
        """What stands where a condition belongs; a name or a number is refused with what was meant."""
        name = word_of(tree)
        if name is None and not isinstance(tree, ast.Constant):
            return self.value(tree, columns_in(tree), depth)
        meant = self.meant_by(tree, name, before)
        if name is None:
            self.value(tree, (), depth)
            raise self.refuse(tree, f"{self.source(tree)} is a number and no condition", meant)
        column = column_named(name) if isinstance(tree, ast.Name) else None
        if column is None and not self.homes(name):
            raise self.unknown(tree, name, ())
        what = "a column" if column is not None else NOUNS[self.homes(name)[0]]
        raise self.refuse(tree, f"{name} is {what} and no condition", meant)

    def meant_by(self, tree: ast.expr, name: str | None, before: ast.expr | None) -> str:
        """What a name or a number was probably meant as where a condition belongs; the whole text so is offered."""
        shown = self.source(tree)
        list_of = self.list_before(before)
        column = None if name is None else column_named(name)
        if list_of is not None and column is None:
            left, members, negated = list_of
            field = column_named(left)
            if name is None or field is None or name.lower() in self.names.get(field, {}):
                joined = ", ".join((*members, shown))
                self.offer_joined(before, tree, f"{left} {'not ' * negated}in ({joined})", keeps=negated)
                if negated:
                    return f"Did you mean {left} not in ({joined})?"
                spelt = f"{left} == {members[-1]} or {left} == {shown}, or " if len(members) == 1 else ""
                return f"Did you mean {spelt}{left} in ({joined})?"
        meant = self.test_meant(tree, name, before)
        if meant is None:
            return "Write for example 'state == paused'"
        if column is not None:
            self.offer_truth(tree, shown)
        else:
            around = self.around(tree)
            if isinstance(around, ast.UnaryOp) and " == " in meant:
                self.offer(around, meant.replace(" == ", " != "))
            self.offer(tree, meant)
        return f"Did you mean {meant}?"

    def test_meant(self, tree: ast.expr, name: str | None, before: ast.expr | None) -> str | None:
        """The comparison that a name or a number alone stands for, or None."""
        shown = self.source(tree)
        if name is None:
            if not isinstance(before, ast.Compare) or type(before.ops[-1]) not in _COMPARE:
                return None
            return f"{self.source(before.left)} {_COMPARE[type(before.ops[-1])]} {shown}"
        if isinstance(tree, ast.Name) and column_named(name) is not None:
            return f"{shown} != 0"
        beside = () if before is None else columns_in(before)
        homes = sorted(self.homes(name), key=lambda field: field not in beside)
        return test_of(homes[0], name) if homes else None

    def list_before(self, tree: ast.expr | None) -> tuple[str, list[str], bool] | None:
        """Column and values of ``column == value`` or ``column in (values)``, and whether it is ``!=`` or ``not in``;
        None for anything else."""
        if not isinstance(tree, ast.Compare) or len(tree.ops) > 1:
            return None
        right = tree.comparators[0]
        if isinstance(tree.ops[0], ast.Eq | ast.NotEq):
            return self.source(tree.left), [self.source(right)], isinstance(tree.ops[0], ast.NotEq)
        if isinstance(tree.ops[0], ast.In | ast.NotIn) and isinstance(right, ast.Tuple | ast.List):
            members = [self.source(one) for one in right.elts]
            return self.source(tree.left), members, isinstance(tree.ops[0], ast.NotIn)
        return None

    def compare(self, tree: ast.Compare, depth: int) -> Node:
        """A chain of comparisons, or one membership."""
        columns = columns_in(tree)
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
                raise self.error("this is not part of the language", at, HINTS[type(operator)])
            one = self.value(right, columns, depth + 1)
            self.check_same(right, before, one)
            self.check_known(sign, (left, before), (right, one))
            self.note_order(sign, (left, before), (right, one))
            links.append((sign, one.node))
            left, before = right, one
        return Compare(first.node, tuple(links))

    def note_order(self, sign: str, left: tuple[ast.expr, Typed], right: tuple[ast.expr, Typed]) -> None:
        """Remember a comparison by order with the name of a state or a priority: it goes by the words."""
        if sign not in ORDER or not (left[1].named or right[1].named):
            return
        field = next((one.field for _, one in (left, right) if one.named), None)
        if field in _ORDERED:
            shown = f"{self.source(left[0])} {sign} {self.source(right[0])}"
            self.ordered.append(f"{shown} goes by the numbers: {_ORDERED[field]}")

    def members(self, first: Typed, tree: ast.expr, columns: tuple[str, ...], depth: int) -> tuple[Node, ...]:
        """What stands to the right of ``in``: a list, or one expression that is its own list."""
        one_by_one = tree.elts if isinstance(tree, ast.Tuple | ast.List) else [tree]
        if not one_by_one:
            raise self.refuse(tree, "the list is empty", "Name what it holds; perhaps a variable is not set")
        found = []
        for one in one_by_one:
            typed = self.value(one, columns, depth + 1)
            self.check_same(one, first, typed)
            self.check_known("==", (None, first), (one, typed))
            found.append(typed.node)
        return tuple(found)

    def check_field(self, tree: ast.Compare, columns: tuple[str, ...]) -> None:
        """A comparison of names alone says nothing about a slot."""
        words = [(one, word_of(one)) for one in (tree.left, *tree.comparators)]
        named = [(one, name) for one, name in words if name is not None]
        if columns or not named:
            return
        one, name = named[0]
        codes = [self.source(one) for one, _ in words if isinstance(one, ast.Call)]
        meant = next(
            (test_of(field, other) for _, other in reversed(named) for field in self.homes(other)), ""
        )
        meant = test_of(FAULT, codes[0]) if codes and name.lower() == "fault" else meant
        noun = NOUNS[self.homes(name)[0]] if self.homes(name) else "no column"
        if meant and len(tree.ops) == 1:
            self.offer(tree, with_sign(meant, tree.ops[0]))
        raise self.refuse(one, f"{name} is {noun}, and no column is compared", f"Did you mean {meant}?")

    def check_same(self, tree: ast.expr, left: Typed, right: Typed) -> None:
        """The two sides of a comparison are numbers of one field, or one of them is nobody's."""
        if left.field is None or right.field is None or left.field == right.field:
            return
        if {left.field, right.field} == FAULTS:
            return
        if not (left.named or right.named) and not {left.field, right.field} & CHOSEN:
            return
        sides = f"{shown_column(left.field)} and {shown_column(right.field)}"
        raise self.refuse(
            tree, f"{sides} are not compared with each other", "Compare each with its own values"
        )

    def check_known(
        self, sign: str, left: tuple[ast.expr | None, Typed], right: tuple[ast.expr | None, Typed]
    ) -> None:
        """A number that is no state, priority or set of flags is compared with them under its name alone."""
        for (_, one), (tree, other) in ((left, right), (right, left)):
            if not isinstance(one.node, Column) or not isinstance(other.node, Number) or other.named:
                continue
            field, value = one.node.name, other.node.value
            if sign in ORDER or tree is None or is_known(field, value):
                continue
            shown = self.source(tree)
            fix = f"Known: {names_in_words(field, self.names[field])}"
            fix += f"; unknown({value}) stands for that word" if value <= U32_MAX else ""
            raise self.refuse(tree, f"{shown} is no {field.removesuffix('s')}", fix)


def _is_idle(node: Node) -> bool:
    """True for what a script may have made with bounds that let all or nothing through."""
    if isinstance(node, Compare):
        return all(sign in ORDER for sign, _ in node.links)
    return isinstance(node, Logic)

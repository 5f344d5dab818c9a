"""Alerts: a condition over the fields of a snapshot and their changes, and how long it has to hold.

``ready_count > 1000 and done_delta == 0 for 30s``. The condition is written as for `--where` (comparisons, chained too,
``in`` with a list, ``and``, ``or``, ``not``, whole numbers, ``+ - * // %``), over snapshot fields instead of columns:
the counts that `snapshot` shows, and for each ``NAME_delta``, its change since the look before; ``_count`` may be left
out (``done_delta``). It is parsed with `ast`, and nothing is executed. Standard library only. The invariant: a
condition over a value that is not known, as changes are not at the first look, does not hold.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from difflib import get_close_matches

from vyrectl.dataclass import dataclass
from vyrectl.errors import WhereError
from vyrectl.respell import respelt
from vyrectl.telemetry.alert_bounds import foregone
from vyrectl.telemetry.delta import COMPARED

OPTION = "--alert"
MAX_CHARACTERS = 1024
MAX_DEPTH = 40
MOST_SECONDS = 30 * 86_400.0
MOST_MAGNITUDE = 1 << 80
"""Results past it make a condition not hold; no sum of a ring comes near."""

DELTA = "_delta"
FIELDS: tuple[str, ...] = (*COMPARED, "slots")
"""What a condition may name; each but `slots` also with `DELTA`."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FOR = re.compile(r"\s+for\s+(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h)\s*\Z")
_FOR_WORD = re.compile(r"\s+for\b")
_FOREIGN = re.compile(r"&&|\|\||<>|={3,}|[^A-Za-z0-9_ \t\n()\[\],<>=!+\-*/%]|(?<![=!<>])=(?!=)|!(?!=)")
_NUMERIC: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_TESTS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

Values = Mapping[str, int]


class _Unknown(Exception):
    """A value that is not known, or a division by 0."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert.

    Attributes:
        text: As it was typed.
        condition: The checked expression.
        seconds: How long it has to hold; 0 for at once.
        names: The fields that it names, in their order.
    """

    text: str
    condition: ast.expr = field(compare=False)
    seconds: float = 0.0
    names: tuple[str, ...] = ()

    def holds(self, values: Values) -> bool:
        """Whether the condition holds now.

        Args:
            values: Fields and changes by name; what is not known is not there.
        """
        try:
            return _truth(self.condition, values)
        except _Unknown:
            return False


def parse_alert(text: str) -> AlertRule:
    """Read an alert.

    Raises:
        WhereError: It is not in the language; carries the column.
    """
    found = _FOR.search(text)
    body = text if found is None else text[: found.start()]
    seconds = 0.0 if found is None else float(found[1]) * _UNITS[found[2]]
    if found is None and (word := _FOR_WORD.search(text)) is not None:
        raise WhereError(
            "no time stands after for", text, word.start(), fix="Write for example: for 30s", option=OPTION
        )
    if found is not None and seconds > MOST_SECONDS:
        raise WhereError("the time is longer than 30 days", text, found.start(1), option=OPTION)
    tree, names = _read(text, body)
    return AlertRule(text.strip(), tree, seconds, names)


def _read(text: str, body: str) -> tuple[ast.expr, tuple[str, ...]]:
    """The checked condition and the fields that it names.

    Raises:
        WhereError: With our spelling, where it is written as other languages do.
    """
    try:
        return _checked(text, body)
    except WhereError as error:
        if (error.fix or "").startswith("Did you mean"):
            raise
        meant = respelt(body, _is_condition)
        if meant is None:
            raise
        fix = f"Did you mean {meant}{text[len(body) :].rstrip()}?"
        raise WhereError(error.what, text, error.column, fix=fix, option=OPTION) from None


def _checked(text: str, body: str) -> tuple[ast.expr, tuple[str, ...]]:
    check = _Check(text)
    tree = check.parse(body)
    check.condition(tree, 1)
    return tree, tuple(dict.fromkeys(check.names))


def _is_condition(text: str) -> bool:
    try:
        _checked(text, text)
    except WhereError:
        return False
    return True


def values_of(record: Mapping[str, object]) -> dict[str, int]:
    """The values of one ring's record, as `snapshot` makes it: its fields, and its changes where it has `since`."""
    found = {name: value for name in FIELDS if isinstance(value := record.get(name), int)}
    since = record.get("since")
    changes = since.get("changes") if isinstance(since, Mapping) else None
    for name, change in (changes or {}).items():
        found[f"{name}{DELTA}"] = change
    return found


class _Check:
    """Holds a text to the language."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        self.indent = len(text) - len(text.lstrip())

    def parse(self, body: str) -> ast.expr:
        """Python's reading of it, once it is short and holds no foreign character."""
        if len(self.text) > MAX_CHARACTERS:
            raise self.error(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
        if not body.strip():
            raise self.error("the condition is empty", 0, "Write for example 'done_delta == 0 for 30s'")
        foreign = _FOREIGN.search(body)
        if foreign:
            meant = "Compare with ==" if foreign[0] == "=" else None
            raise self.error(f"{foreign[0]!r} has no place here", foreign.start(), meant)
        try:
            return ast.parse(body.strip().replace("\n", " "), mode="eval").body
        except SyntaxError as error:
            at = self.indent + (error.offset or len(body.strip()) + 1) - 1
            raise self.error("the condition breaks off or does not parse here", at) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("nested too deeply", self.indent) from None

    def condition(self, tree: ast.expr, depth: int, *, narrows: bool = False) -> None:
        """What is to hold or not; `narrows` when it is joined by and to others."""
        self.check_depth(tree, depth)
        match tree:
            case ast.BoolOp(op=op, values=values):
                for one in values:
                    self.condition(one, depth + 1, narrows=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand, depth + 1)
            case ast.Compare(left=left, ops=ops, comparators=others):
                self.value(left, depth + 1)
                for sign, right in zip(ops, others, strict=True):
                    self.side(sign, right, len(ops), depth + 1)
                self.check_sense(tree, narrows=narrows)
            case _:
                raise self.refuse(
                    tree, "this is a number and no condition", "Compare it, for example with > 0"
                )

    def check_sense(self, tree: ast.Compare, *, narrows: bool) -> None:
        """A comparison that holds at every look, or at none, is never what was meant."""
        answer = foregone(tree, DELTA)
        by_order = all(isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in tree.ops)
        if answer is None or (answer and narrows and by_order):
            return
        which = "at every look" if answer else "never"
        raise self.refuse(tree, f"this holds {which}: counts are 0 or more, and changes of any sign")

    def side(self, sign: ast.cmpop, right: ast.expr, links: int, depth: int) -> None:
        """The right side of a comparison or membership."""
        if type(sign) in _TESTS:
            self.value(right, depth)
        elif isinstance(sign, ast.In | ast.NotIn) and links == 1 and isinstance(right, ast.Tuple | ast.List):
            for one in right.elts:
                self.value(one, depth)
        else:
            raise self.refuse(right, "this comparison is not part of the language", "A list stands after in")

    def value(self, tree: ast.expr, depth: int) -> None:
        """A number: a field, a literal, or what is computed of them."""
        self.check_depth(tree, depth)
        match tree:
            case ast.Name(id=name):
                tree.id = self.field(tree, name)
            case ast.Constant(value=value) if type(value) is int:
                return
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                self.value(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _NUMERIC:
                self.value(left, depth + 1)
                self.value(right, depth + 1)
            case _:
                raise self.refuse(
                    tree, "this is not part of the language", "Use whole numbers and + - * // %"
                )

    def field(self, tree: ast.expr, name: str) -> str:
        """The full name of a field or a change."""
        is_delta = name.endswith(DELTA)
        stem = name.removesuffix(DELTA)
        known = next((one for one in (stem, f"{stem}_count") if one in FIELDS), None)
        if known is None or (is_delta and known == "slots"):
            names = [*FIELDS, *(f"{one}{DELTA}" for one in COMPARED)]
            close = get_close_matches(name, [*names, *(one.replace("_count", "") for one in names)], n=1)
            fix = f"Did you mean {close[0]!r}?" if close else f"Fields are {', '.join(FIELDS)}"
            raise self.refuse(tree, f"unknown field {name!r}", fix)
        full = f"{known}{DELTA}" if is_delta else known
        self.names.append(full)
        return full

    def check_depth(self, tree: ast.expr, depth: int) -> None:
        """Bound the nesting."""
        if depth > MAX_DEPTH:
            raise self.refuse(tree, "nested too deeply")

    def refuse(self, tree: ast.expr, what: str, fix: str | None = None) -> WhereError:
        """The error at a node."""
        return self.error(what, self.indent + tree.col_offset, fix)

    def error(self, what: str, column: int, fix: str | None = None) -> WhereError:
        """The error at a column."""
        return WhereError(what, self.text, min(column, len(self.text)), fix=fix, option=OPTION)


def _truth(tree: ast.expr, values: Values) -> bool:
    if isinstance(tree, ast.BoolOp):
        parts = (_truth(one, values) for one in tree.values)
        return all(parts) if isinstance(tree.op, ast.And) else any(parts)
    if isinstance(tree, ast.UnaryOp):
        return not _truth(tree.operand, values)
    assert isinstance(tree, ast.Compare)
    left = _number(tree.left, values)
    for one, right in zip(tree.ops, tree.comparators, strict=True):
        if isinstance(right, ast.Tuple | ast.List):
            inside = left in [_number(member, values) for member in right.elts]
            return inside is isinstance(one, ast.In)
        other = _number(right, values)
        if not _TESTS[type(one)](left, other):
            return False
        left = other
    return True


def _number(tree: ast.expr, values: Values) -> int:
    if isinstance(tree, ast.Name):
        if tree.id not in values:
            raise _Unknown
        return values[tree.id]
    if isinstance(tree, ast.UnaryOp):
        return -_number(tree.operand, values)
    if isinstance(tree, ast.BinOp):
        left, right = _number(tree.left, values), _number(tree.right, values)
        if isinstance(tree.op, ast.FloorDiv | ast.Mod) and not right:
            raise _Unknown
        result = _NUMERIC[type(tree.op)](left, right)
        if abs(result) > MOST_MAGNITUDE:
            raise _Unknown
        return result
    assert isinstance(tree, ast.Constant)
    assert isinstance(tree.value, int)
    return tree.value


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert that began or ended.

    Attributes:
        rule: The rule that began or ended to hold.
        ring: Of which ring.
        began: It began; else it ended.
        seconds: How long the condition has held by then.
        values: The fields that the rule names, as far as they are known.
    """

    rule: AlertRule
    ring: str
    began: bool
    seconds: float
    values: Mapping[str, int]

    @property
    def line(self) -> str:
        """The event in words."""
        facts = ", ".join(f"{name} {value}" for name, value in self.values.items())
        shown = f" ({facts})" if facts else ""
        done = "began" if self.began else "ended"
        return f"{self.ring}: alert {done} after {self.seconds:.3g} s: {self.rule.text}{shown}"

    def to_record(self) -> dict[str, object]:
        """The event as JSON shows it."""
        return {
            "schema": "vyrectl.alert/1",
            "ring": self.ring,
            "rule": self.rule.text,
            "event": "began" if self.began else "ended",
            "seconds": round(self.seconds, 3),
            "values": dict(self.values),
        }


class AlertWatch:
    """Follows one rule over the looks at one ring.

    Attributes:
        rule: What is watched for.
        ring: The ring's name.
        firing: The alert has begun and not ended.
    """

    def __init__(self, rule: AlertRule, ring: str) -> None:
        self.rule = rule
        self.ring = ring
        self.firing = False
        self._since: float | None = None

    def look(self, values: Values, moment: float) -> AlertEvent | None:
        """Note a look; the event when the alert began or ended with it.

        Args:
            values: What `values_of` made of the ring's record; empty when it could not be read.
            moment: Of the look, in seconds; never less than that of the look before.
        """
        before, self._since = self._since, self._after(values, moment)
        if self._since is None:
            if not self.firing:
                return None
            self.firing = False
            return self._event(values, began=False, seconds=moment - (moment if before is None else before))
        if self.firing or moment - self._since < self.rule.seconds:
            return None
        self.firing = True
        return self._event(values, began=True, seconds=moment - self._since)

    def _after(self, values: Values, moment: float) -> float | None:
        """Since when the condition has held, None when it does not."""
        if not self.rule.holds(values):
            return None
        return moment if self._since is None else self._since

    def _event(self, values: Values, *, began: bool, seconds: float) -> AlertEvent:
        shown = {name: values[name] for name in self.rule.names if name in values}
        return AlertEvent(self.rule, self.ring, began, seconds, shown)

    def to_record(self) -> dict[str, object]:
        """The alert's state, as a look's record holds it."""
        return {"rule": self.rule.text, "firing": self.firing}

"""Evaluates a checked `--where` tree over a chunk of slots, column by column.

May import numpy. The invariant: every value equals the one that Python's integers would give. A node
computes in int64 where its own and its operands' bounds fit, else in an object array of Python integers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.faults import FAULT
from vyrectl.abi.states import TaskState
from vyrectl.ring.tree import MAX_BITS, SLOT, Binary, Column, Compare, Logic, Member, Node, Number, Unary
from vyrectl.task.arrays import SlotArray

Value = NDArray[np.generic] | int
Mask = NDArray[np.bool_]

Answer = Any
"""What an operator gives. Any: numpy has no type in which arrays of numbers, arrays of objects and ints all have it."""

_FUNCTIONS: dict[str, Callable[[Value, Value], Answer]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FAR = 63
"""A shift of an int64 to the right by this much leaves its sign, and numpy knows no greater one."""

_UNARY: dict[str, Callable[[Value], Answer]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}


def evaluate(tree: Node, chunk: SlotArray, first: int) -> Mask:
    """Which slots of a chunk fulfil the condition; see `Where.mask`."""
    return _Rows(chunk, first).condition(tree)


class _Rows:
    """One chunk, the columns of it that were asked for, and its rows where a number is missing."""

    def __init__(self, chunk: SlotArray, first: int) -> None:
        self.chunk = chunk
        self.first = first
        self.columns: dict[str, NDArray[np.int64]] = {}
        self.undefined: list[Mask] = []

    def condition(self, node: Node) -> Mask:
        """A node as booleans, shape (n,); the rows where a number in it is missing are false."""
        if isinstance(node, Logic):
            return self.logic(node)
        outside, self.undefined = self.undefined, []
        mask: Mask = np.broadcast_to(np.asarray(self.holds(node), dtype=np.bool_), self.chunk.shape)
        for zero in self.undefined:
            mask = mask & ~zero
        self.undefined = outside
        return mask

    def logic(self, node: Logic) -> Mask:
        """``and``, ``or``, ``not``."""
        mask = self.condition(node.operands[0])
        if node.operator == "not":
            return ~mask
        join = np.logical_and if node.operator == "and" else np.logical_or
        for operand in node.operands[1:]:
            mask = join(mask, self.condition(operand))
        return mask

    def holds(self, node: Node) -> Answer:
        """A comparison's answer, or whether a number is not 0; booleans or one bool."""
        if isinstance(node, Compare):
            return self.chain(node)
        if isinstance(node, Member):
            return self.member(node)
        return _apply("!=", self.value(node), 0, exact=node.bounds.fits_int64)

    def chain(self, node: Compare) -> Answer:
        """All links of a chain, joined by and; every operand is computed once."""
        before, left = node.first, self.value(node.first)
        result: Answer = True
        for sign, operand in node.links:
            right = self.value(operand)
            fits = before.bounds.fits_int64 and operand.bounds.fits_int64
            result = result & _apply(sign, left, right, exact=fits)
            before, left = operand, right
        return result

    def member(self, node: Member) -> Answer:
        """Whether one of the members equals the operand."""
        value = self.value(node.operand)
        result: Answer = np.zeros(self.chunk.shape, dtype=np.bool_)
        for one in node.members:
            fits = node.operand.bounds.fits_int64 and one.bounds.fits_int64
            result = result | _apply("==", value, self.value(one), exact=fits)
        return ~result if node.negated else result

    def value(self, node: Node) -> Value:
        """A node as numbers: an int64 or object array of shape (n,), or one int."""
        match node:
            case Number():
                return node.value
            case Column():
                return self.column(node.name)
            case Unary():
                fits = node.operand.bounds.fits_int64 and node.bounds.fits_int64
                operand = _widen(self.value(node.operand), fits)
                return _narrow(_UNARY[node.operator](operand), node)
        assert isinstance(node, Binary), "conditions are no numbers"
        return self.binary(node)

    def column(self, name: str) -> NDArray[np.int64]:
        """A column, converted once a chunk; of a slot that is not Faulted there is no fault to compare."""
        if name == FAULT:
            self.undefined.append(self.column("state") != int(TaskState.FAULTED))
            return self.column("continuation_data")
        if name not in self.columns:
            if name == SLOT:
                self.columns[name] = np.arange(self.first, self.first + len(self.chunk), dtype=np.int64)
            else:
                self.columns[name] = self.chunk[name].astype(np.int64)
        return self.columns[name]

    def binary(self, node: Binary) -> Value:
        """An operation whose result is exact."""
        left, right = self.value(node.left), self.value(node.right)
        fits = all(one.bounds.fits_int64 for one in (node, node.left, node.right))
        if node.operator in ("//", "%"):
            return _narrow(self.divide(node.operator, left, right, fits), node)
        if node.operator == ">>":
            far = _FAR if fits else MAX_BITS
            right = np.minimum(right, far) if isinstance(right, np.ndarray) else min(right, far)
        return _narrow(_apply(node.operator, left, right, exact=fits), node)

    def divide(self, sign: str, left: Value, right: Value, fits: bool) -> Value:
        """A quotient or remainder; the rows without one are noted and get 0."""
        if not isinstance(right, np.ndarray):
            return cast("Value", _apply(sign, left, right, exact=fits))
        zero: Mask = np.asarray(right == 0, dtype=np.bool_)
        if zero.any():
            self.undefined.append(zero)
            right = np.where(zero, 1, right)
            return np.where(zero, 0, _apply(sign, left, right, exact=fits))
        return cast("Value", _apply(sign, left, right, exact=fits))


def _apply(sign: str, left: Value, right: Value, *, exact: bool) -> Answer:
    """One operation, in int64 when that is `exact`, else in Python's integers."""
    return _FUNCTIONS[sign](_widen(left, exact), _widen(right, exact))


def _widen(value: Value, fits: bool) -> Value:
    return value if fits or not isinstance(value, np.ndarray) else value.astype(object)


def _narrow(value: Value, node: Node) -> Value:
    if isinstance(value, np.ndarray) and value.dtype == object and node.bounds.fits_int64:
        return value.astype(np.int64)
    return value

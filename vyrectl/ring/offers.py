"""What a `--where` condition that was refused was probably meant as: the whole text, with one place of it changed.

Standard library only. The invariant: whatever else was typed stays as it is; `vyrectl.ring.where` shows an offer only
once all of it is a condition.
"""

from __future__ import annotations

import ast
from types import NoneType

from vyrectl.ring.grammar import Reading


class Offering(Reading):
    """One text, and what was meant in its places."""

    def offer_truth(self, tree: ast.expr, shown: str) -> None:
        """A number that other languages take for a condition, compared with 0."""
        around = self.around(tree)
        if isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not):
            self.offer(around, f"{shown} == 0")
        else:
            self.offer(tree, f"{shown} != 0")

    def offer_joined(self, before: ast.expr | None, tree: ast.expr, meant: str, *, keeps: bool) -> None:
        """A list in place of a comparison and a value behind it; of those two alone the advice in words says more.

        Args:
            before: The comparison to the left.
            tree: What stands alone to the right of it.
            meant: The comparison with a list that takes the place of both.
            keeps: Offer it for those two alone too.
        """
        around = self.around(tree)
        is_more = isinstance(around, ast.BoolOp) and (around is not self.root or len(around.values) > 2)
        if before is not None and (keeps or is_more or self.is_advice):
            self.offer_span(before, tree, meant)

    def offer_list(self, tree: ast.BoolOp, words: list[str], *, either: bool) -> None:
        """``(paused or yielded)`` where a number belongs: a list beside ``==``, a set of bits beside ``&``."""
        around = self.around(tree)
        if isinstance(around, ast.BinOp) and isinstance(around.op, ast.BitAnd):
            other = self.source(around.right if around.left is tree else around.left)
            tests = " and ".join(f"{other} & {one}" for one in words)
            self.offer(*((tree, " | ".join(words)) if either else (around, f"({tests})")))
        if not isinstance(around, ast.Compare) or len(around.ops) > 1:
            return
        other = self.source(around.comparators[0] if around.left is tree else around.left)
        if isinstance(around.ops[0], ast.Eq | ast.NotEq):
            negated = "not " * isinstance(around.ops[0], ast.NotEq)
            self.offer(around, f"{other} {negated}in ({', '.join(words)})")
        elif isinstance(around.ops[0], ast.In | ast.NotIn):
            self.offer(tree, ", ".join(words))

    def offer_test(self, tree: ast.expr, meant: str) -> None:
        """The test that a name belongs in, in place of the comparison or the test of bits with another column."""
        around = self.around(tree)
        if isinstance(around, ast.Compare) and len(around.ops) == 1:
            self.offer(around, with_sign(meant, around.ops[0]))
        if isinstance(around, ast.BinOp):
            self.offer_both(around, tree, meant)

    def offer_both(self, tree: ast.BinOp, side: ast.expr, meant: str) -> None:
        """The test of a name beside what it is joined to by ``&``, where that is a condition by itself."""
        is_condition = isinstance(tree.op, ast.BitAnd) and isinstance(
            self.around(tree), ast.BoolOp | NoneType
        )
        if is_condition and side is tree.right and isinstance(tree.left, ast.BinOp):
            self.offer(tree, f"{self.source(tree.left)} and {meant}")


def with_sign(test: str, sign: ast.cmpop) -> str:
    """A test of a name, turned round where what stood there was."""
    if not isinstance(sign, ast.NotEq):
        return test
    return test.replace(" == ", " != ") if " == " in test else f"not {test}"

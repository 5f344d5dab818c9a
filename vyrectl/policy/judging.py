"""How a recommendation is watched while it is made.

The steps of the policy ask a `Judge` for every comparison and tell it every result. A plain `Judge` only
compares; a `Recorder` also keeps what it was asked. The arithmetic is thus written once, and an explanation
is what happened. Standard library and errors only.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import NoReturn, TypedDict, cast

from vyrectl.dataclass import dataclass
from vyrectl.errors import VyrectlError

Setting = int | float | str | bool | tuple[int, ...] | None
"""What a step sets, or a comparison looks at: a number, a choice, a condition, a grid, or nothing."""

REFUSED = "refused"
"""Field of a step that found no answer; its `after` is the request's field or the result that is at fault."""


class ComparisonRecord(TypedDict):
    """One comparison that a step made; see `Comparison`."""

    left: str
    value: Setting
    sign: str
    right: str
    bound: Setting
    holds: bool


class StepRecord(TypedDict):
    """One step of a recommendation; see `Step`."""

    rule: str
    field: str
    before: Setting
    after: Setting
    decided: bool
    why: str
    tests: list[ComparisonRecord]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison that a step made.

    Attributes:
        left: Name of what was looked at.
        value: The number, the choice, or whether the condition is true.
        sign: ``=``, ``>=``, ``<=``, ``>`` or ``is``.
        right: Name of what it was compared with; empty for a constant.
        bound: That number, the wanted choice, or True.
        holds: Whether left stands to right as the sign says.
    """

    left: str
    value: int | str
    sign: str
    right: str
    bound: int | str
    holds: bool

    def to_record(self) -> ComparisonRecord:
        """Every attribute by name."""
        return cast(ComparisonRecord, asdict(self))

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return f"{self.left}: {'yes' if self.value else 'no'}"
        bound = f"{self.bound} ({self.right})" if self.right else f"{self.bound}"
        return f"{self.left} {self.value} {self.sign} {bound}: {'yes' if self.holds else 'no'}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a recommendation.

    Attributes:
        rule: Section, step and name, for example ``2.3.3 topology``.
        field: What the step sets.
        before: What stood there, None when nothing did.
        after: What the step made of it.
        why: The rule in words, with the numbers it computed from.
        tests: The comparisons, in the order they were made.
    """

    rule: str
    field: str
    before: Setting
    after: Setting
    why: str
    tests: tuple[Comparison, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether the step changed anything."""
        return bool(self.before != self.after)

    def to_record(self) -> StepRecord:
        """Every attribute by name, with ``decided``; tests as records."""
        return {
            "rule": self.rule,
            "field": self.field,
            "before": self.before,
            "after": self.after,
            "decided": self.decided,
            "why": self.why,
            "tests": [test.to_record() for test in self.tests],
        }


class Judge:
    """Compares numbers for the steps of the policy, and forgets them."""

    def equal(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """Whether two numbers are the same."""
        return value == bound

    def at_least(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """Whether the value reaches the bound."""
        return value >= bound

    def at_most(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """Whether the value stays within the bound."""
        return value <= bound

    def over(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """Whether the value passes the bound."""
        return value > bound

    def named(self, left: str, value: str, wanted: str) -> bool:
        """Whether a choice made before is the wanted one."""
        return value == wanted

    def holds(self, left: str, flag: bool) -> bool:
        """Whether a condition found before is true."""
        return flag

    def decide(
        self, rule: str, field: str, before: Setting, after: Setting, why: str, *numbers: object
    ) -> None:
        """A step is done; `why` is a template for its `numbers`."""

    def refuse(self, rule: str, subject: str, error: VyrectlError) -> NoReturn:
        """A step found that there is no answer, because of the field or result `subject`.

        Raises:
            VyrectlError: The given error.
        """
        raise error


class Recorder(Judge):
    """Keeps every comparison and every step.

    Attributes:
        steps: What was found so far; after an error the last one is the refusal, its field `REFUSED`.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._tests: list[Comparison] = []

    def equal(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """See `Judge`."""
        return self._keep(left, value, "=", right, bound, super().equal(left, value, bound, right))

    def at_least(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """See `Judge`."""
        return self._keep(left, value, ">=", right, bound, super().at_least(left, value, bound, right))

    def at_most(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """See `Judge`."""
        return self._keep(left, value, "<=", right, bound, super().at_most(left, value, bound, right))

    def over(self, left: str, value: int, bound: int, right: str = "") -> bool:
        """See `Judge`."""
        return self._keep(left, value, ">", right, bound, super().over(left, value, bound, right))

    def named(self, left: str, value: str, wanted: str) -> bool:
        """See `Judge`."""
        return self._keep(left, str(value), "is", "", str(wanted), super().named(left, value, wanted))

    def holds(self, left: str, flag: bool) -> bool:
        """See `Judge`."""
        return self._keep(left, flag, "is", "", True, super().holds(left, flag))

    def decide(
        self, rule: str, field: str, before: Setting, after: Setting, why: str, *numbers: object
    ) -> None:
        """See `Judge`."""
        self.steps.append(Step(rule, field, before, after, why.format(*numbers), tuple(self._tests)))
        self._tests = []

    def refuse(self, rule: str, subject: str, error: VyrectlError) -> NoReturn:
        """See `Judge`."""
        self.decide(rule, REFUSED, None, subject, "{}", error.what)
        super().refuse(rule, subject, error)

    def _keep(
        self, left: str, value: int | str, sign: str, right: str, bound: int | str, holds: bool
    ) -> bool:
        self._tests.append(Comparison(left, value, sign, right, bound, holds))
        return holds


SILENT = Judge()
"""The judge of an ordinary recommendation."""

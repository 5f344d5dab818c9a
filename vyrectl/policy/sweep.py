"""Where the answer flips as one field of a request runs over a range.

The answer of a sweep is the choices of a recommendation (`CHOICES`), or what there is no plan because of. A range
of up to `EXHAUSTIVE` values is asked value by value. A longer one is asked at samples, which lie close together
near its start and around every number that the request and the policy name; between two samples that differ the
flip is found exactly by halving. An answer that flips and flips back between two samples is then not seen:
`Sweep.exact` and `Sweep.widest_gap` say so. Standard library, errors and the rest of `policy` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, NoReturn, TypedDict, cast

from vyrectl.dataclass import dataclass
from vyrectl.errors import DeviceMemoryError, LaunchRequestError, UnknownNameError, UsageError, VyrectlError
from vyrectl.policy.enums import ExecutionMode, QueuePressure, Topology, parse_topology
from vyrectl.policy.explain import explain, parting
from vyrectl.policy.judging import REFUSED, Judge, Setting
from vyrectl.policy.policy import LaunchPolicy, LaunchRecommendation
from vyrectl.policy.request import REQUEST_BITS, REQUEST_WIDTHS, LaunchRequest
from vyrectl.shapes import Among, Count, LongWord, Word

CHOICES = (
    "topology",
    "pressure",
    "execution_mode",
    "promote_hot_opcodes",
    "promote_hot_windows",
    "age_priority_work",
)
"""Fields of a recommendation that are chosen rather than computed."""

NUMBERS = ("worker_groups", "hit_capacity", "estimated_peak_device_bytes")
"""Computed fields that a sweep shows beside the choices."""

EXHAUSTIVE = 1 << 16
"""Ranges of up to this many values, hence every ``*_bps`` field, are asked value by value."""

DENSE_SAMPLES = 4096
LINEAR_SAMPLES = 1024
GROWTH = 512
"""Past the dense samples a gap is this fraction of the distance from the start."""

LOGARITHMIC = 100_000
"""Ranges longer than this are plotted on a logarithmic axis."""

Verdict = tuple[object, ...]

_choices: Callable[[LaunchRecommendation], Verdict] = attrgetter(*CHOICES)


class AnswerRecord(TypedDict):
    """What the policy says to one value: choices and numbers, or what there is no plan because of."""

    topology: Topology | None
    pressure: QueuePressure | None
    execution_mode: ExecutionMode | None
    promote_hot_opcodes: bool | None
    promote_hot_windows: bool | None
    age_priority_work: bool | None
    worker_groups: Word | None
    hit_capacity: Word | None
    estimated_peak_device_bytes: LongWord | None
    refused: str | None
    error: str | None


class PointRecord(AnswerRecord):
    """The answer to one value of the swept field."""

    at: LongWord


class CauseRecord(TypedDict):
    """Why the answer flipped at the start of a region; see `Cause`."""

    field: str
    before: Setting
    after: Setting
    rule: str
    test: str


class RegionRecord(AnswerRecord):
    """Neighbouring values with one answer."""

    first: LongWord
    last: LongWord
    causes: list[CauseRecord]


class SweepRecord(TypedDict):
    """A swept field's range and what a plot shows of it; see `Sweep`."""

    field: Annotated[str, Among(REQUEST_BITS)]
    start: LongWord
    stop: LongWord
    flips: Count
    exact: bool
    asked: Count
    widest_gap: Count
    logarithmic: bool
    points: list[PointRecord]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy says to one value.

    Attributes:
        at: Value of the swept field.
        recommendation: None when there is no plan.
        refused: What there is no plan because of; None when there is one.
        error: The error then raised.
    """

    at: int
    recommendation: LaunchRecommendation | None
    refused: str | None = None
    error: VyrectlError | None = None

    def to_record(self) -> AnswerRecord:
        """Choices and numbers by name (None without a plan); `refused` and the error's kind (None with one)."""
        found = {name: getattr(self.recommendation, name, None) for name in (*CHOICES, *NUMBERS)}
        error = None if self.error is None else self.error.kind
        return cast(AnswerRecord, {**found, REFUSED: self.refused, "error": error})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the answer flipped at the start of a region.

    Attributes:
        field: What flipped: one of `CHOICES`, or ``refused``.
        before: Its value in the region before.
        after: Its value in this one.
        rule: The rule that set it.
        test: The comparison that came out differently, in words; empty when none did.
    """

    field: str
    before: Setting
    after: Setting
    rule: str
    test: str

    def to_record(self) -> CauseRecord:
        """Every attribute by name."""
        return cast(CauseRecord, asdict(self))


@dataclass(frozen=True, slots=True)
class Region:
    """Neighbouring values with one answer.

    Attributes:
        first: Lowest value.
        last: Highest value.
        answer: The answer at `first`; its numbers may change inside the region.
        causes: What flipped between ``first - 1`` and `first`; empty for the first region.
    """

    first: int
    last: int
    answer: Answer
    causes: tuple[Cause, ...]

    def to_record(self) -> RegionRecord:
        """First and last value, the answer at the first, and the causes."""
        causes = [cause.to_record() for cause in self.causes]
        return {"first": self.first, "last": self.last, **self.answer.to_record(), "causes": causes}


@dataclass(frozen=True, slots=True)
class Sweep:
    """The regions of one field's range.

    Attributes:
        field: Name of the request's field that was swept.
        start: Lowest value asked for.
        stop: Highest value asked for, included.
        regions: From `start` to `stop` without a gap.
        exact: Whether every value was asked.
        asked: How many values were asked before halving.
        widest_gap: Longest distance between neighbouring samples; a flip and its way back may hide in there.
        points: Answers for a plot, evenly spaced on the axis.
        logarithmic: Whether the axis of `points` is logarithmic.
    """

    field: str
    start: int
    stop: int
    regions: tuple[Region, ...]
    exact: bool
    asked: int
    widest_gap: int
    points: tuple[Answer, ...]
    logarithmic: bool

    def to_record(self) -> SweepRecord:
        """Everything but the regions, by name; `points` as records with their value under ``at``."""
        return {
            "field": self.field,
            "start": self.start,
            "stop": self.stop,
            "flips": len(self.regions) - 1,
            "exact": self.exact,
            "asked": self.asked,
            "widest_gap": self.widest_gap,
            "logarithmic": self.logarithmic,
            "points": [{"at": point.at, **point.to_record()} for point in self.points],
        }


def sweep(
    request: LaunchRequest,
    field: str,
    start: int,
    stop: int,
    policy: LaunchPolicy | None = None,
    previous: Topology | str | None = None,
    *,
    columns: int = 56,
) -> Sweep:
    """Find where the answer flips as `field` runs from `start` to `stop`, both included.

    Args:
        request: All the other fields.
        field: A field of the request.
        start: Lowest value.
        stop: Highest value.
        policy: The policy; the defaults of spec 2.2 when None.
        previous: Topology of the launch before, for hysteresis.
        columns: How many points the plot gets, at least 2.

    Raises:
        UnknownNameError: The request has no such field, or no topology is called `previous`.
        LaunchRequestError: `start`, `stop` or another field does not fit its width.
        UsageError: `stop` lies before `start`.
    """
    if field not in REQUEST_BITS:
        raise UnknownNameError("request field", field, tuple(REQUEST_BITS))
    start, stop = REQUEST_WIDTHS.number(field, start), REQUEST_WIDTHS.number(field, stop)
    if stop < start:
        raise UsageError(f"the sweep of {field} ends at {stop}, before its start {start}")
    asker = _Asker(request, field, policy or LaunchPolicy(), previous)
    exact = stop - start < EXHAUSTIVE
    values = range(start, stop + 1) if exact else _samples(start, stop, asker.named_numbers())
    logarithmic = stop - start > LOGARITHMIC
    return Sweep(
        field=field,
        start=start,
        stop=stop,
        regions=tuple(_regions(asker, list(_flips(asker, values)), start, stop)),
        exact=exact,
        asked=len(values),
        widest_gap=max((b - a for a, b in pairwise(values)), default=0),
        points=tuple(asker.ask(at) for at in _axis(start, stop, columns, logarithmic)),
        logarithmic=logarithmic,
    )


class _Witness(Judge):
    """Remembers what there was no plan because of."""

    refused: str | None = None

    def refuse(self, rule: str, subject: str, error: VyrectlError) -> NoReturn:
        self.refused = subject
        super().refuse(rule, subject, error)


class _Asker:
    """Asks the policy about one value of the swept field after another."""

    def __init__(
        self, request: LaunchRequest, field: str, policy: LaunchPolicy, previous: Topology | str | None
    ) -> None:
        self._values = list(REQUEST_WIDTHS.whole_numbers(request).values())
        self._position = list(REQUEST_BITS).index(field)
        self._policy = policy
        self._previous = None if previous is None else parse_topology(previous)

    def request(self, value: int) -> LaunchRequest:
        self._values[self._position] = value
        return LaunchRequest(*self._values)

    def ask(self, value: int) -> Answer:
        witness = _Witness()
        try:
            return Answer(value, self._policy.recommend(self.request(value), self._previous, judge=witness))
        except (LaunchRequestError, DeviceMemoryError) as error:
            if witness.refused is None:
                raise
            return Answer(value, None, witness.refused, error)

    def verdict(self, value: int) -> Verdict:
        """What two answers share when nothing flipped between them."""
        answer = self.ask(value)
        return (answer.refused,) if answer.recommendation is None else _choices(answer.recommendation)

    def named_numbers(self) -> list[int]:
        return [*self._values, *self._policy.to_record().values()]

    def causes(self, value: int) -> tuple[Cause, ...]:
        """What flipped between ``value - 1`` and `value`."""
        old, new = self.ask(value - 1), self.ask(value)
        was, now = (cast(dict[str, Setting], answer.to_record()) for answer in (old, new))
        planned = old.recommendation is not None and new.recommendation is not None
        before, after = (explain(self.request(at), self._policy, self._previous) for at in (value - 1, value))
        causes = []
        for name in CHOICES if planned else (REFUSED,):
            if was[name] != now[name]:
                rule, test = parting(before, after, name)
                causes.append(Cause(name, was[name], now[name], rule, "" if test is None else str(test)))
        return tuple(causes)


def _flips(asker: _Asker, values: Iterable[int]) -> Iterator[int]:
    """Every value whose verdict differs from that of the value before it, as far as `values` shows it."""
    pending = iter(values)
    low = next(pending)
    below = asker.verdict(low)
    for high in pending:
        above = asker.verdict(high)
        if above != below:
            yield from _halve(asker, low, below, high, above)
        low, below = high, above


def _halve(asker: _Asker, low: int, below: Verdict, high: int, above: Verdict) -> Iterator[int]:
    if below == above:
        return
    if high - low == 1:
        yield high
        return
    middle = (low + high) // 2
    verdict = asker.verdict(middle)
    yield from _halve(asker, low, below, middle, verdict)
    yield from _halve(asker, middle, verdict, high, above)


def _regions(asker: _Asker, flips: list[int], start: int, stop: int) -> Iterator[Region]:
    for first, following in pairwise([start, *flips, stop + 1]):
        yield Region(first, following - 1, asker.ask(first), asker.causes(first) if first != start else ())


def _samples(start: int, stop: int, named: Iterable[int]) -> list[int]:
    """Values of a long range that are asked, in order, its ends included."""
    length = stop - start
    values = set(range(start, start + DENSE_SAMPLES))
    values.update(start + length * i // LINEAR_SAMPLES for i in range(LINEAR_SAMPLES + 1))
    distance = DENSE_SAMPLES
    while distance < length:
        values.add(start + distance)
        distance += distance // GROWTH
    values.update(near for number in named for near in (number - 1, number, number + 1))
    return sorted(value for value in values if start <= value <= stop)


def _axis(start: int, stop: int, columns: int, logarithmic: bool) -> list[int]:
    """Values along the axis of a plot, in order, its ends included."""
    if stop - start < columns:
        return list(range(start, stop + 1))
    if not logarithmic:
        return [start + (stop - start) * i // (columns - 1) for i in range(columns)]
    ratio = (stop + 1) / (start + 1)
    inner = (int((start + 1) * ratio ** (i / (columns - 1))) - 1 for i in range(1, columns - 1))
    return [start, *(min(max(value, start), stop) for value in inner), stop]

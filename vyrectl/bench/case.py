"""What is measured: a case is something that can be done once more, a turn is one time it was done.

`measure` takes the cases in turn, round after round, so that whatever drifts (clocks, temperature, neighbours)
touches all of them alike; of a ceiling that was tried in several ways it keeps the quickest. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from statistics import median
from typing import cast

from vyrectl.bench.records import MeasureRecord
from vyrectl.bench.spread import Spread, shares
from vyrectl.dataclass import dataclass

SECTIONS = ("tasks", "groups", "memory", "start")
"""Kinds of case: drains, group tasks, what moves bytes, what it takes to start."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One measurement.

    Attributes:
        wall_seconds: By the host's clock.
        device_seconds: By the device's own events; 0 where it cannot tell, or is not asked.
        parts: Where the time went, in seconds, and counts of what was done.
    """

    wall_seconds: float
    device_seconds: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Something to measure.

    Attributes:
        name: What it is.
        section: One of `SECTIONS`.
        size: Slots, or elements a task; together with the name it is the case's key.
        unit: What is counted: tasks, claims, elements, bytes, runs.
        amount: How many units a turn handles.
        turn: Does it once. Preparing is not part of the time it reports.
        beside: Key of the ceiling that it is compared with.
        variant: For one of several ways to do the same: which.
        most_rounds: For what is slow and has nothing to warm up: rounds that take it, the first one included. 0 is all.
    """

    name: str
    section: str
    size: int
    unit: str
    amount: int
    turn: Callable[[], Turn]
    beside: tuple[str, int] | None = None
    variant: str = ""
    most_rounds: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """What `beside` of another case names."""
        return self.name, self.size


@dataclass(frozen=True, slots=True)
class Measure:
    """What the turns of one case say.

    Attributes:
        case: What was measured, and beside what.
        wall: Seconds of a turn by the host's clock.
        device: Seconds of a turn on the device, or None.
        share: Rate as a share of the ceiling's, by the device's time, or None.
        wall_share: The same by the host's clock.
        parts: Medians of the turns' parts.
    """

    case: Case
    wall: Spread
    device: Spread | None
    share: Spread | None
    wall_share: Spread | None
    parts: Mapping[str, float]

    def to_record(self) -> MeasureRecord:
        """One flat row; times in seconds, rates in units a second."""
        case, device = self.case, self.device
        row = {
            "name": case.name,
            "section": case.section,
            "size": case.size,
            "unit": case.unit,
            "amount": case.amount,
            "variant": case.variant,
            **_flat("device_seconds", device),
            **_flat("wall_seconds", self.wall),
            "device_rate": None if device is None else device.rates(case.amount).median,
            "wall_rate": self.wall.rates(case.amount).median,
            "beside": None if case.beside is None else case.beside[0],
            **_flat("share", self.share),
            **_flat("wall_share", self.wall_share),
        }
        return cast(MeasureRecord, row)


def measure(
    cases: Sequence[Case], repeats: int, tell: Callable[[int], None] = lambda done: None
) -> list[Measure]:
    """Warm every case up once, then take `repeats` rounds over all of them.

    Args:
        cases: Each round starts one case later than the one before, so that nobody has always the same neighbour.
        repeats: Rounds that count.
        tell: Called with the number of turns taken so far, warm-up included.

    Returns:
        A measure per key, in the order of the cases.
    """
    turns: list[list[Turn]] = [[] for _ in cases]
    done = 0
    for round_number in range(repeats + 1):
        for at in range(len(cases)):
            index = (at + round_number) % len(cases)
            if _is_due(cases[index], round_number):
                turn = cases[index].turn()
                if round_number or cases[index].most_rounds:
                    turns[index].append(turn)
            tell(done := done + 1)
    best = _quickest(list(zip(cases, turns, strict=True)))
    return [_measured(case, own, best) for case, own in best.values()]


def _is_due(case: Case, round_number: int) -> bool:
    return not case.most_rounds or round_number < case.most_rounds


Best = dict[tuple[str, int], tuple[Case, list[Turn]]]


def _quickest(measured: Sequence[tuple[Case, list[Turn]]]) -> Best:
    """Of the cases with one key, the one with the least median."""
    best: Best = {}
    for case, turns in measured:
        known = best.get(case.key)
        if known is None or _middle(turns) < _middle(known[1]):
            best[case.key] = case, turns
    return best


def _middle(turns: Sequence[Turn]) -> float:
    return median(turn.device_seconds or turn.wall_seconds for turn in turns)


def _measured(case: Case, turns: Sequence[Turn], best: Best) -> Measure:
    ceiling = None if case.beside is None else best.get(case.beside)
    names = turns[0].parts
    return Measure(
        case=case,
        wall=Spread.of(_walls(turns)),
        device=Spread.of(_devices(turns)) if _has_device(turns) else None,
        share=_share(case, turns, ceiling, _devices) if _has_device(turns) else None,
        wall_share=_share(case, turns, ceiling, _walls),
        parts={name: median(turn.parts[name] for turn in turns) for name in names},
    )


def _share(
    case: Case,
    turns: Sequence[Turn],
    ceiling: tuple[Case, list[Turn]] | None,
    seconds: Callable[[Sequence[Turn]], list[float]],
) -> Spread | None:
    if ceiling is None or not all(seconds(ceiling[1])):
        return None
    return shares(seconds(turns), case.amount, seconds(ceiling[1]), ceiling[0].amount)


def _walls(turns: Sequence[Turn]) -> list[float]:
    return [turn.wall_seconds for turn in turns]


def _devices(turns: Sequence[Turn]) -> list[float]:
    return [turn.device_seconds for turn in turns]


def _has_device(turns: Sequence[Turn]) -> bool:
    return all(turn.device_seconds > 0 for turn in turns)


def _flat(name: str, spread: Spread | None) -> dict[str, float | None]:
    if spread is not None:
        return dict(spread.to_record(name))
    return {name: None, f"{name}_least": None, f"{name}_most": None}

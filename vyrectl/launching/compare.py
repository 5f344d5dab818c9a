"""Two launch policies on one ring: launched in turn on copies, and held against each other.

What is compared is what a launch takes from a policy, mode and aging, on this device and this ring. A task's waiting
is the time from the first turn of a launch to its own first claim, as a trace notes it. Imports numpy, inside
functions. The invariant: the ring and the buffers that are given stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from os import PathLike
from statistics import median
from typing import TYPE_CHECKING, Annotated, TypedDict

from vyrectl.abi.limits import MOST_TRACE_RECORDS
from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.dataclass import dataclass
from vyrectl.launching.plan import AUTO
from vyrectl.policy.enums import ExecutionMode
from vyrectl.policy.policy import LaunchPolicy
from vyrectl.shapes import Count, Keyed, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vyrectl.engine.buffers import BufferTable
    from vyrectl.engine.ops import OpSource
    from vyrectl.engine.trace import Trace
    from vyrectl.launching.report import LaunchReport
    from vyrectl.task.arrays import SlotArray

REPEATS = 3
"""Launches under each policy."""

TURNS_PER_SLOT = 4
NOISE = 0.1
"""Differences of a median up to this share are taken for noise."""


class TakenSettings(TypedDict):
    """Mode and age threshold that a launch took from its policy."""

    execution_mode: ExecutionMode
    age_threshold: Word


def _nothing_taken() -> TakenSettings:
    return {"execution_mode": ExecutionMode.Interpreter, "age_threshold": 0}


class SideRecord(TakenSettings):
    """What launches under one policy did: medians; `waiting_us` until the first claim, by priority."""

    policy: str
    tasks_per_second: float
    waiting_us: Annotated[Mapping[str, float | None], Keyed(PRIORITY_NAMES)]
    ended: list[str]
    turns_dropped: Count


@dataclass(slots=True)
class Side:
    """One of the two policies, and what its launches did.

    Attributes:
        name: What it is called: its file.
        policy: The thresholds that its launches go by.
        rates: Tasks per second of each launch.
        waiting: Priority name -> median microseconds of each launch.
        settings: Mode and age threshold that the launches took from it.
        ends: How each launch ended.
        dropped: Turns that a trace had no room for.
    """

    name: str
    policy: LaunchPolicy
    rates: list[float] = field(default_factory=list)
    waiting: dict[str, list[float]] = field(default_factory=dict)
    settings: TakenSettings = field(default_factory=_nothing_taken)
    ends: list[str] = field(default_factory=list)
    dropped: int = 0

    @property
    def rate(self) -> float:
        """Median of the rates."""
        return median(self.rates)

    def waits(self) -> dict[str, float]:
        """Median of the medians, for each priority that had a claim."""
        return {name: median(self.waiting[name]) for name in PRIORITY_NAMES if name in self.waiting}

    def to_record(self) -> SideRecord:
        """Every figure by name."""
        return {
            "policy": self.name,
            "execution_mode": self.settings["execution_mode"],
            "age_threshold": self.settings["age_threshold"],
            "tasks_per_second": self.rate,
            "waiting_us": {name: self.waits().get(name) for name in PRIORITY_NAMES},
            "ended": self.ends,
            "turns_dropped": self.dropped,
        }


def compare_policies(
    slots: SlotArray,
    policies: Sequence[tuple[str, LaunchPolicy]],
    *,
    device: object = None,
    ops: Sequence[OpSource | str | PathLike[str]] = (),
    buffers: Callable[[], BufferTable | None] = lambda: None,
    timeout_s: float | None = None,
    repeats: int = REPEATS,
) -> tuple[Side, Side]:
    """Launch copies of a ring under two policies, in turn.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,); not changed.
        policies: Two names and policies.
        device: See `vyrectl.launch`.
        ops: Sources of operations beside the shipped ones; see `vyrectl.launch`.
        buffers: Makes the buffers of a launch anew.
        timeout_s: Seconds of each launch at most.
        repeats: Launches under each.

    Raises:
        VyrectlError: What a launch raises.
    """
    one, other = (Side(name, policy) for name, policy in policies)
    for number in range(repeats):
        for side in (one, other) if number % 2 == 0 else (other, one):
            _launch(side, slots, device, ops, buffers(), timeout_s)
    return one, other


def _launch(
    side: Side,
    slots: SlotArray,
    device: object,
    ops: Sequence[OpSource | str | PathLike[str]],
    buffers: BufferTable | None,
    timeout_s: float | None,
) -> None:
    from vyrectl.launching.run import launch
    from vyrectl.ring.file import Ring
    from vyrectl.task.arrays import copy_of

    traces: list[Trace] = []
    report: LaunchReport = launch(
        Ring.from_slots(copy_of(slots)),
        device=device,
        ops=ops,
        buffers=buffers,
        plan=AUTO,
        policy=side.policy,
        timeout=timeout_s,
        trace=traces.append,
        trace_records=min(max(TURNS_PER_SLOT * len(slots), 1), MOST_TRACE_RECORDS),
    )
    assert report.plan is not None
    side.settings = {
        "execution_mode": report.plan["recommendation"]["execution_mode"],
        "age_threshold": report.plan["launched"]["age_threshold"],
    }
    side.rates.append(report.tasks_per_second)
    side.ends.append(report.ended)
    side.dropped += traces[0].dropped
    for name, waited in waits_by_priority(traces[0]).items():
        side.waiting.setdefault(name, []).append(waited)


def waits_by_priority(trace: Trace) -> dict[str, float]:
    """Median microseconds until the first claim of a task, by the priority that it had then; unknown ones left out."""
    import numpy as np

    if not len(trace.records):
        return {}
    times: NDArray[np.uint64] = trace.records["claimed"] - trace.records["began"].min()
    order = np.argsort(times, kind="stable")
    _, first = np.unique(trace.records["slot"][order], return_index=True)
    firsts = order[first]
    scale = 1e6 / trace.ticks_per_second if trace.ticks_per_second else 1.0
    waited, priorities = times[firsts] * scale, trace.records["priority"][firsts]
    return {
        name: float(np.median(waited[priorities == word]))
        for word, name in enumerate(PRIORITY_NAMES)
        if (priorities == word).any()
    }


def verdict(one: Side, other: Side) -> str:
    """One line: which drains faster, and whose most urgent tasks wait less."""
    if one.settings == other.settings:
        return f"no difference: both policies launch this ring alike ({_words(one.settings)})"
    parts = [_faster(one, other), _shorter(one, other)]
    said = [part for part in parts if part]
    return "; ".join(said) or f"no difference beyond {NOISE:.0%}"


def _words(settings: TakenSettings) -> str:
    age = settings["age_threshold"]
    return f"{settings['execution_mode']}, {f'aging after {age} ticks' if age else 'no aging'}"


def _faster(one: Side, other: Side) -> str:
    fast, slow = (one, other) if one.rate >= other.rate else (other, one)
    if slow.rate <= 0 or fast.rate / slow.rate <= 1 + NOISE:
        return ""
    return f"{fast.name} drains {fast.rate / slow.rate:.2g} times as fast"


def _shorter(one: Side, other: Side) -> str:
    """The most urgent class in which the medians differ by more than noise."""
    for name in PRIORITY_NAMES:
        mine, theirs = one.waits().get(name), other.waits().get(name)
        if mine is None or theirs is None:
            continue
        short, long, less = (mine, theirs, one) if mine <= theirs else (theirs, mine, other)
        if long > 0 and short / long < 1 - NOISE:
            return f"{name} tasks wait {1 - short / long:.0%} less under {less.name}"
    return ""

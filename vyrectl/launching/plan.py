"""What the launch policy says about a launch, what is made of it, and why the two differ where they do.

A launch takes mode and aging from the recommendation and its geometry from the device (spec 2.3, step 6). Standard
library and the policy only: the device is known here by its limits, the launch by what it reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Annotated, TypedDict, cast

from vyrectl.dataclass import dataclass
from vyrectl.errors import ArgumentTypeError, InvalidInputError, UnknownNameError
from vyrectl.numbers import shown
from vyrectl.policy.document import request_fields
from vyrectl.policy.enums import ExecutionMode, Topology
from vyrectl.policy.policy import LaunchPolicy, LaunchRecommendation, RecommendationRecord
from vyrectl.policy.request import REQUEST_BITS, LaunchRequest
from vyrectl.records import Comparable
from vyrectl.shapes import Count, Long, Sized
from vyrectl.telemetry.snapshot import StateTally

AUTO, OFF = "auto", "off"
"""Ask the policy about the ring; do not ask it."""

AGING_TICKS = LaunchPolicy().priority_age_threshold
"""Age threshold of a launch that lets waiting work move up."""

REFERENCE_LIMITS = {
    "max_workgroup_size_x": 1,
    "max_compute_workgroups_per_dimension": 65_535,
    "max_compute_invocations_per_workgroup": 1,
}
"""Adapter limits that stand in where a backend is no OpenCL device."""

MODES = {ExecutionMode.Jit: "jit", ExecutionMode.Interpreter: "interpreter"}
"""What the policy's modes are called by a launch."""

ASKED = "asked for"
_SCHEMA = "vyrectl.plan/1"


Setting = int | str | bool | list[int] | None
"""What a plan and a launch may differ in."""


class DifferenceRecord(TypedDict):
    """One thing that was launched otherwise than recommended; see `Difference`."""

    what: str
    recommended: Setting
    launched: Setting
    because: str


class SettingsRecord(TypedDict):
    """What a plan and a launch are compared in."""

    execution_mode: ExecutionMode | None
    age_priority_work: bool
    dispatch_grid: Annotated[list[Count], Long(3)]
    workgroup_size_x: Count
    slot_count: Count


class LaunchedRecord(SettingsRecord):
    """What was launched."""

    age_threshold: Count


class LaunchPlanRecord(TypedDict):
    """Request, recommendation and what was launched, with a reason for each difference."""

    source: str
    request: Annotated[Mapping[str, int], Sized(REQUEST_BITS, whole=False)]
    recommendation: RecommendationRecord
    launched: LaunchedRecord
    differences: list[DifferenceRecord]
    notes: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Comparable):
    """A recommendation to launch by.

    Attributes:
        source: `auto`, or the file that it was saved in.
        request: What the policy was asked (spec 2.1).
        recommendation: What it answered, by the names of spec 2.3.
        aging_ticks: Age ticks that lift a task by one class where it answered that waiting work shall move up.
    """

    source: str
    request: Mapping[str, int]
    recommendation: RecommendationRecord
    aging_ticks: int = AGING_TICKS

    @property
    def mode(self) -> str:
        """The recommended mode, as a launch calls it."""
        return MODES[ExecutionMode(self.recommendation["execution_mode"])]

    @property
    def age_threshold(self) -> int:
        """The recommended age threshold; 0 is no aging."""
        return self.aging_ticks if self.recommendation["age_priority_work"] else 0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller of a launch asked for; None leaves it to the plan or to the device."""

    mode: str | None = None
    age_threshold: int | None = None
    workers: int | None = None
    work_group_size: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a launch is run with.

    Attributes:
        mode: `jit`, `interpreter`, or `auto` for device and ring's length to decide.
        age_threshold: Ticks that lift a task by one class; 0 for none.
        plan: What was recommended, None when the policy was not asked.
        wishes: What was asked for.
    """

    mode: str
    age_threshold: int
    plan: Plan | None
    wishes: Wishes = field(default=Wishes())


@dataclass(frozen=True, slots=True, eq=False)
class Difference(Comparable):
    """One thing that was launched otherwise than recommended.

    Attributes:
        what: Name of the field.
        recommended: Its value in the recommendation.
        launched: Its value in the launch.
        because: Why.
    """

    what: str
    recommended: Setting
    launched: Setting
    because: str

    def to_record(self) -> DifferenceRecord:
        """Every field by name."""
        return cast(DifferenceRecord, asdict(self))


@dataclass(frozen=True, slots=True, eq=False)
class Launched(Comparable):
    """What came of the settings.

    Attributes:
        slots: Slots of the ring.
        queue_len: Schedulable tasks at the start.
        geometry: What the device reported; empty on the reference backend.
        oldest: Largest age_ticks at the end.
    """

    slots: int
    queue_len: int
    geometry: Mapping[str, int]
    oldest: int


def plan_for(
    tally: StateTally,
    limits: Mapping[str, int],
    workers: int | None = None,
    policy: LaunchPolicy | None = None,
) -> Plan:
    """Ask the policy about a ring, as `vyrectl plan RING` does.

    Args:
        tally: The ring's states; slots in an unknown state are left out.
        limits: Adapter limits of the device (`vyrectl.policy.request.ADAPTER_LIMITS`).
        workers: Work-groups that were asked for.
        policy: The thresholds; spec 2.2's own by default. Its `priority_age_threshold` is what a launch ages by.
    """
    policy = LaunchPolicy() if policy is None else policy
    asked = LaunchRequest(requested_worker_groups=workers or 0, **limits)
    request = tally.snapshot(lenient=True).apply_to(asked)
    return Plan(
        AUTO,
        request.to_record(),
        policy.recommend(request).to_record(),
        max(policy.priority_age_threshold, 1),
    )


def saved_plan(table: Mapping[str, object], name: str) -> Plan:
    """What `plan --json` printed, to launch by.

    Args:
        table: The record that was saved, `vyrectl.plan/1`.
        name: Path of the saved plan.

    Raises:
        InvalidInputError: It is no such record, one without a recommendation, or its request has a bad field.
    """
    fix = "Give what `plan --json` printed"
    if table.get("schema") != _SCHEMA:
        raise InvalidInputError("this is no saved plan", where=name, fix=fix)
    request, fields = (
        table.get("request"),
        {key: table.get(key) for key in LaunchRecommendation.__dataclass_fields__ if key != "basis"},
    )
    sound = (
        fields["execution_mode"] in tuple(ExecutionMode)
        and isinstance(fields["age_priority_work"], bool)
        and _is_geometry(fields["geometry"])
        and fields["topology"] in tuple(Topology)
    )
    if not sound or not isinstance(request, dict):
        raise InvalidInputError("this plan holds no whole recommendation", where=name, fix=fix)
    return Plan(name, request_fields(request, name), cast(RecommendationRecord, fields))


def _is_geometry(value: object) -> bool:
    numbers = ("workgroup_size_x", "slot_count")
    return (
        isinstance(value, dict)
        and isinstance(value.get("dispatch_grid"), list)
        and all(isinstance(value.get(name), int) for name in numbers)
    )


def choose_settings(plan: Plan | None, wishes: Wishes, *, slow_compiler: bool = False) -> Settings:
    """The settings of a launch: what was asked for, else what the plan says, else the defaults.

    Args:
        plan: What is recommended; None where the policy is not asked.
        wishes: What was asked for.
        slow_compiler: The device takes seconds longer to compile all operations than those that a ring names: a plan
            that nobody gave has it compile these alone.
    """
    mode = wishes.mode or (plan.mode if plan else AUTO)
    if slow_compiler and wishes.mode is None and plan is not None and plan.source == AUTO:
        mode = MODES[ExecutionMode.Jit]
    planned_age = plan.age_threshold if plan else AGING_TICKS
    age = planned_age if wishes.age_threshold is None else wishes.age_threshold
    return Settings(mode, age, plan, wishes)


def check_choice(plan: Plan | str) -> None:
    """Refuse a plan that is neither a record nor one of the two words.

    Raises:
        UnknownNameError: It is another word.
    """
    if isinstance(plan, Plan):
        return
    if not isinstance(plan, str):
        raise ArgumentTypeError(
            f"plan is {shown(plan)}, which is no plan",
            fix=f"Give {AUTO!r}, {OFF!r}, or what vyrectl.launching.plan makes: plan_for, saved_plan",
        )
    if plan not in (AUTO, OFF):
        raise UnknownNameError("plan", plan, (AUTO, OFF))


def plan_record(settings: Settings, launched: Launched) -> LaunchPlanRecord | None:
    """Request, recommendation and what was launched, with a reason for each difference; None without a plan."""
    plan = settings.plan
    if plan is None:
        return None
    geometry = plan.recommendation["geometry"]
    asked: SettingsRecord = {
        "execution_mode": plan.recommendation["execution_mode"],
        "age_priority_work": plan.recommendation["age_priority_work"],
        "dispatch_grid": list(geometry["dispatch_grid"]),
        "workgroup_size_x": geometry["workgroup_size_x"],
        "slot_count": geometry["slot_count"],
    }
    found = _launched_record(settings, launched)
    because = _reasons(settings, launched)
    differences = [
        Difference(what, wanted, made, because[what]).to_record()
        for (what, wanted), (_, made) in zip(_settings_of(asked), _settings_of(found), strict=True)
        if wanted != made
    ]
    return {
        "source": plan.source,
        "request": dict(plan.request),
        "recommendation": {**plan.recommendation, "geometry": {**geometry}},
        "launched": {**found, "age_threshold": settings.age_threshold},
        "differences": differences,
        "notes": list(_notes(settings, plan, launched)),
    }


def _settings_of(record: SettingsRecord) -> list[tuple[str, Setting]]:
    return list(cast(dict[str, Setting], record).items())


def _launched_record(settings: Settings, launched: Launched) -> SettingsRecord:
    geometry = launched.geometry
    names = {word: mode for mode, word in MODES.items()}
    return {
        "execution_mode": names[settings.mode] if geometry else None,
        "age_priority_work": settings.age_threshold > 0,
        "dispatch_grid": [geometry.get("workers", 1), 1, 1],
        "workgroup_size_x": geometry.get("work_group_size", 1),
        "slot_count": launched.slots,
    }


def _reasons(settings: Settings, launched: Launched) -> dict[str, str]:
    wishes = settings.wishes
    device = "the device's own" if launched.geometry else "the reference backend is one worker"
    return {
        "execution_mode": (
            "the reference backend compiles nothing"
            if not launched.geometry
            else "all operations take its compiler seconds longer"
            if wishes.mode is None
            else ASKED
        ),
        "age_priority_work": ASKED,
        "dispatch_grid": ASKED if wishes.workers else device,
        "workgroup_size_x": ASKED if wishes.work_group_size else device,
        "slot_count": "the ring is launched as it is, without padding",
    }


def _notes(settings: Settings, plan: Plan, launched: Launched) -> list[str]:
    """What else the reader should know."""
    notes = []
    planned_for = plan.request.get("queue_len")
    if plan.source != AUTO and planned_for != launched.queue_len:
        notes.append(f"the plan was made for {planned_for} tasks and {launched.queue_len} were schedulable")
    if (
        settings.age_threshold == 0
        and settings.wishes.age_threshold is None
        and launched.oldest >= AGING_TICKS
    ):
        notes.append(
            f"a task is {launched.oldest} ticks old by now; --age-threshold {AGING_TICKS} would have lifted it"
        )
    return notes

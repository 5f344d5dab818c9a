"""What `plan` and `plan --compare` say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, TypedDict

from vyrectl.launching.compare import SideRecord
from vyrectl.policy.enums import Topology
from vyrectl.policy.evidence import PromotionEvidence, TopologyEvidence
from vyrectl.policy.judging import StepRecord
from vyrectl.policy.policy import POLICY_BITS, RecommendationRecord
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.policy.sweep import RegionRecord, SweepRecord
from vyrectl.shapes import Count, Like, Sized


class Evidence(TypedDict):
    """Why a recommendation is as it is (spec 2.4)."""

    topology_evidence: Annotated[Mapping[str, object], Like(TopologyEvidence)]
    promotion_evidence: Annotated[Mapping[str, object], Like(PromotionEvidence)]


class Planned(RecommendationRecord, Evidence):
    """A recommendation and its evidence."""


class LimitsFrom(TypedDict):
    """The device whose adapter limits stand in the request, and the fields that it gave."""

    device: str
    name: str
    fields: list[str]


class AskedRecord(TypedDict):
    """What was asked."""

    request: Annotated[Mapping[str, int], Sized(REQUEST_BITS)]
    policy: Annotated[Mapping[str, int], Sized(POLICY_BITS)]
    previous_topology: Topology | None
    limits_from: LimitsFrom | None


class Beside(TypedDict, total=False):
    """What --explain and --sweep add."""

    steps: list[StepRecord]
    sweep: SweepRecord
    regions: Iterable[RegionRecord]


class PlanAnswer(Planned, AskedRecord, Beside):
    """The answer of `plan`."""


class NoPlanAnswer(AskedRecord, Beside):
    """The answer of `plan` where there is no recommendation: the same keys, and None under its fields."""

    geometry: None
    topology: None
    pressure: None
    execution_mode: None
    promote_hot_opcodes: None
    promote_hot_windows: None
    age_priority_work: None
    worker_groups: None
    hit_capacity: None
    estimated_peak_device_bytes: None
    device_memory_budget_bytes: None
    topology_evidence: None
    promotion_evidence: None


class CompareAnswer(TypedDict):
    """The answer of `plan --compare`."""

    ring: str
    launches: Count
    policies: list[SideRecord]
    verdict: str

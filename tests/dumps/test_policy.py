"""Launch requests: the runtime's recommendation, evidence and refusals, from the library and from `plan`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from vyrectl import LaunchPolicy, LaunchRequest
from vyrectl.errors import DeviceMemoryError, LaunchRequestError
from vyrectl.policy.explain import explain
from vyrectl.policy.judging import REFUSED
from vyrectl.policy.policy import LaunchRecommendation
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.policy.sweep import sweep

REFUSALS = {
    "memory_pressure_threshold": "memory_pressure_threshold_bps",
    "limit_max_workgroup_size_x": "max_workgroup_size_x",
    "limit_max_compute_workgroups": "max_compute_workgroups_per_dimension",
    "limit_max_compute_invocations": "max_compute_invocations_per_workgroup",
    "hit_capacity": "hit_capacity",
    "peak_bytes": "estimated_peak_device_bytes",
    "device_out_of_memory": "device_memory_budget_bytes",
}
"""The runtime's refusals -> what our steps refuse because of."""

Case = tuple[dict[str, Any], dict[str, Any]]
FILES = dumps.names("policy-")


def cases(name: str) -> Iterator[Case]:
    """Each request of a file with its answer."""
    answers = {one["id"]: one for one in dumps.answers(name)["recommendations"]}
    for line in dumps.data(name).decode().splitlines():
        asked = json.loads(line)
        asked["request"] = {**dict.fromkeys(REQUEST_BITS, 0), **asked["request"]}
        yield asked, answers[asked["id"]]


def test_the_standard_policy_is_the_runtime_s() -> None:
    for name in FILES:
        assert LaunchPolicy().to_record() == dumps.answers(name)["standard_policy"]


@pytest.mark.parametrize("name", FILES)
def test_every_request_is_answered_as_the_runtime_does(name: str) -> None:
    for asked, answer in cases(name):
        request, policy = LaunchRequest(**asked["request"]), LaunchPolicy(**asked["policy"])
        try:
            found = policy.recommend(request, asked["previous"])
        except (LaunchRequestError, DeviceMemoryError) as error:
            _assert_same_refusal(error, explain(request, policy, asked["previous"])[-1], answer["recommend"])
        else:
            assert json.loads(json.dumps(found.to_record())) == answer["recommend"], asked["id"]
            _assert_same_evidence(found, asked["previous"], answer)


def _assert_same_refusal(error: Exception, step: Any, theirs: dict[str, Any]) -> None:
    kind = theirs["error"]["kind"]
    assert (step.field, step.after) == (REFUSED, REFUSALS[kind])
    if isinstance(error, DeviceMemoryError):
        assert [error.requested_bytes, error.available_bytes] == theirs["error"]["numbers"]


def _assert_same_evidence(found: LaunchRecommendation, previous: str | None, answer: dict[str, Any]) -> None:
    if previous is not None:
        return
    for key in ("topology_evidence", "promotion_evidence"):
        theirs = {field: value for field, value in answer[key].items() if field != "is_complete"}
        assert json.loads(json.dumps(getattr(found, key).to_record())) == theirs


@pytest.mark.parametrize("name", FILES)
def test_plan_says_what_the_library_says(name: str, cli: Cli, tmp_path: Path) -> None:
    request, policy = tmp_path / "request.json", tmp_path / "policy.json"
    limits = tuple(f"--{field.replace('_', '-')}" for field in REQUEST_BITS if field.startswith("max_"))
    for asked, answer in list(cases(name))[::6]:
        request.write_text(json.dumps(asked["request"]))
        policy.write_text(json.dumps(asked["policy"]))
        given = tuple(f"{flag}={asked['request'][flag[2:].replace('-', '_')]}" for flag in limits)
        before = ("--previous", asked["previous"]) if asked["previous"] else ()
        result = cli("plan", str(request), "--policy", str(policy), *given, *before, "--explain", "--json")
        record, theirs = result.json(), answer["recommend"]
        refused = "error" in theirs
        assert (result.code == 3) is refused, asked["id"]
        assert {key: record[key] for key in theirs if key in record} == ({} if refused else theirs)
        if refused:
            assert record["steps"][-1]["after"] == REFUSALS[theirs["error"]["kind"]]


def test_a_sweep_shows_where_the_refusal_begins() -> None:
    limits = {field: 256 for field in REQUEST_BITS if field.startswith("max_") and "priority" not in field}
    request = LaunchRequest(**limits, queue_len=1000, requested_worker_groups=64)
    found = sweep(
        request, "memory_pressure_bps", 9_999, 10_002, LaunchPolicy(memory_pressure_threshold_bps=10_001)
    )
    assert [(one.first, one.answer.refused) for one in found.regions] == [
        (9_999, None),
        (10_001, "memory_pressure_threshold_bps"),
    ]
    found = sweep(request, "expected_hits_per_item", 1, 2**32 - 1, LaunchPolicy(hit_capacity_multiplier=0))
    assert [(one.first, one.answer.refused) for one in found.regions] == [
        (1, None),
        (2**32 // 1000 + 1, "hit_capacity"),
    ]

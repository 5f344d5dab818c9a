"""What a launch takes from the policy, and what it says where the two differ."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vyrectl.errors import InvalidInputError
from vyrectl.launching.plan import (
    AGING_TICKS,
    REFERENCE_LIMITS,
    Launched,
    Plan,
    Wishes,
    choose_settings,
    plan_for,
    plan_record,
    saved_plan,
)
from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.synthetic import synthesize
from vyrectl.telemetry.snapshot import StateTally, tally_slots

LIMITS = {
    "max_workgroup_size_x": 256,
    "max_compute_workgroups_per_dimension": 65_535,
    "max_compute_invocations_per_workgroup": 1024,
}
GEOMETRY = {"workers": 4, "work_group_size": 1, "ticket": 64, "rung": 1}


def tally(ready: int = 5, yielded: int = 0, age: int = 0) -> StateTally:
    counts = (0, ready, 0, 0, 0, yielded, 0, 0)
    return StateTally(counts, 0, None, total_requeues=0, max_priority_age=age)


def saved(plan: Plan) -> dict[str, Any]:
    record = {"schema": "vyrectl.plan/1", **plan.recommendation, "request": plan.request}
    table: dict[str, Any] = json.loads(json.dumps(record))
    return table


def test_aging_lifts_by_the_policys_ticks() -> None:
    assert AGING_TICKS == AGE_THRESHOLD


@pytest.mark.parametrize(
    ("found", "mode", "age_threshold"),
    [
        (tally(4095), "interpreter", 0),
        (tally(4096), "jit", 0),
        (tally(9, yielded=1), "interpreter", 32),
        (tally(9, age=31), "interpreter", 0),
        (tally(9, age=32), "interpreter", 32),
        (tally(0), "interpreter", 0),
    ],
)
def test_mode_and_aging_are_the_recommendations(found: StateTally, mode: str, age_threshold: int) -> None:
    settings = choose_settings(plan_for(found, LIMITS), Wishes())
    assert (settings.mode, settings.age_threshold) == (mode, age_threshold)


def test_the_request_is_that_of_plan() -> None:
    slots = synthesize(500, 3)
    slots["state"][7] = 99
    plan = plan_for(tally_slots(slots), LIMITS, workers=8)
    assert plan.request["requested_worker_groups"] == 8
    assert plan.request["queue_len"] == np.isin(slots["state"], (1, 5, 6)).sum()
    assert {name: plan.request[name] for name in LIMITS} == LIMITS


def test_wishes_win_and_without_a_plan_defaults_hold() -> None:
    plan = plan_for(tally(9999, yielded=1), LIMITS)
    settings = choose_settings(plan, Wishes(mode="interpreter", age_threshold=7))
    assert (settings.mode, settings.age_threshold) == ("interpreter", 7)
    assert choose_settings(plan, Wishes(age_threshold=0)).age_threshold == 0
    plain = choose_settings(None, Wishes())
    assert (plain.mode, plain.age_threshold) == ("auto", AGE_THRESHOLD)
    assert plan_record(plain, Launched(9, 9, GEOMETRY, 0)) is None


def test_a_slow_compiler_is_given_what_the_ring_names() -> None:
    plan = plan_for(tally(50), LIMITS)

    def mode(plan: Plan | None, asked: str | None = None) -> str:
        return choose_settings(plan, Wishes(mode=asked), slow_compiler=True).mode

    assert mode(plan) == "jit"
    assert mode(plan, "interpreter") == "interpreter"
    assert mode(replace(plan, source="saved.json")) == "interpreter"
    assert mode(None) == "auto"
    settings = choose_settings(plan, Wishes(), slow_compiler=True)
    record = plan_record(settings, Launched(64, 50, GEOMETRY, 0))
    assert record is not None
    found = next(one for one in record["differences"] if one["what"] == "execution_mode")
    assert (found["recommended"], found["launched"]) == ("Interpreter", "Jit")
    assert found["because"] == "all operations take its compiler seconds longer"


def test_every_difference_has_its_reason() -> None:
    plan = plan_for(tally(5000), LIMITS, workers=2)
    wishes = Wishes(mode="interpreter", age_threshold=8, workers=2)
    record = plan_record(choose_settings(plan, wishes), Launched(6000, 5000, {**GEOMETRY, "workers": 3}, 0))
    assert record is not None
    assert record["source"] == "auto"
    assert record["launched"]["age_threshold"] == 8
    reasons = {
        one["what"]: (one["recommended"], one["launched"], one["because"]) for one in record["differences"]
    }
    assert reasons == {
        "execution_mode": ("Jit", "Interpreter", "asked for"),
        "age_priority_work": (False, True, "asked for"),
        "dispatch_grid": ([2, 1, 1], [3, 1, 1], "asked for"),
        "workgroup_size_x": (2, 1, "the device's own"),
        "slot_count": (5000, 6000, "the ring is launched as it is, without padding"),
    }
    json.dumps(record)


def test_nothing_differs_where_all_is_as_recommended() -> None:
    plan = plan_for(tally(4096), LIMITS)
    geometry = plan.recommendation["geometry"]
    launched = {"workers": geometry["dispatch_grid"][0], "work_group_size": geometry["workgroup_size_x"]}
    record = plan_record(choose_settings(plan, Wishes()), Launched(geometry["slot_count"], 4096, launched, 0))
    assert record is not None
    assert (record["differences"], record["notes"]) == ([], [])


def test_the_reference_backend_compiles_nothing() -> None:
    plan = plan_for(tally(5000), REFERENCE_LIMITS)
    record = plan_record(choose_settings(plan, Wishes()), Launched(5000, 5000, {}, 0))
    assert record is not None
    reasons = {one["what"]: one["because"] for one in record["differences"]}
    assert reasons["execution_mode"] == "the reference backend compiles nothing"
    assert record["launched"]["execution_mode"] is None


@pytest.mark.parametrize(
    ("age", "wish", "noted"), [(31, None, False), (32, None, True), (32, 0, False), (32, 5, False)]
)
def test_a_task_that_aged_unlifted_is_noted(age: int, wish: int | None, noted: bool) -> None:
    settings = choose_settings(plan_for(tally(5), LIMITS), Wishes(age_threshold=wish))
    record = plan_record(settings, Launched(5, 5, GEOMETRY, age))
    assert record is not None
    assert any("--age-threshold 32" in note for note in record["notes"]) == noted


def test_a_saved_plan_is_replayed() -> None:
    plan = saved_plan(saved(plan_for(tally(4096, yielded=3), LIMITS)), "p.json")
    settings = choose_settings(plan, Wishes())
    assert (settings.mode, settings.age_threshold, plan.source) == ("jit", 32, "p.json")
    record = plan_record(settings, Launched(20, 20, GEOMETRY, 0))
    assert record is not None
    assert record["notes"] == ["the plan was made for 4099 tasks and 20 were schedulable"]


def test_a_plan_travels_to_another_process() -> None:
    plan = plan_for(tally(4096), LIMITS)
    assert pickle.loads(pickle.dumps(plan)) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "vyrectl.apply/1"},
        {"geometry": None},
        {"geometry": {"dispatch_grid": 3, "workgroup_size_x": 1, "slot_count": 1}},
        {"execution_mode": "Turbo"},
        {"execution_mode": None},
        {"age_priority_work": 1},
        {"request": None},
        {"request": {"queue_len": -1}},
        {"request": {"queue_length": 1}},
        {"topology": "Star"},
    ],
)
def test_what_is_no_saved_plan_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        saved_plan(saved(plan_for(tally(), LIMITS)) | change, str(Path("p.json")))
    assert caught.value.where == "p.json"

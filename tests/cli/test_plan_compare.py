"""Two policies on one ring: what a launch takes from each, and the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Cli
from tests.support.rings import ready_tasks
from vyrectl import LaunchPolicy, Ring, launch
from vyrectl.cli.schemas import schema_of
from vyrectl.engine.trace import TRACE_DTYPE, Trace
from vyrectl.errors import UsageError
from vyrectl.launching.compare import Side, TakenSettings, compare_policies, verdict, waits_by_priority
from vyrectl.policy.enums import ExecutionMode


def side(name: str, rate: float, waits: dict[str, float], age: int = 8) -> Side:
    settings: TakenSettings = {"execution_mode": ExecutionMode.Jit, "age_threshold": age}
    return Side(name, LaunchPolicy(), [rate], {key: [wait] for key, wait in waits.items()}, settings)


def test_the_verdict_in_one_line() -> None:
    slow, fast = side("a", 100, {"high": 50}), side("b", 250, {"high": 10}, age=9)
    assert verdict(slow, fast) == "b drains 2.5 times as fast; high tasks wait 80% less under b"
    assert verdict(side("a", 100, {"high": 50}), side("b", 104, {"high": 51}, age=9)).startswith(
        "no difference"
    )
    assert "launch this ring alike (Jit, aging after 8 ticks)" in verdict(slow, side("b", 900, {}))


def test_waiting_is_until_the_first_claim_of_each_task() -> None:
    rows = np.zeros(4, TRACE_DTYPE)
    rows["began"] = [100, 110, 120, 130]
    rows["claimed"] = [105, 115, 125, 135]
    rows["slot"] = [3, 4, 3, 5]
    rows["priority"] = [0, 0, 2, 7]
    assert waits_by_priority(Trace(rows, 0, "c", 1e6)) == {"critical": 10.0}
    assert waits_by_priority(Trace(rows[:0], 0, "c", 1e6)) == {}


def test_copies_are_launched_in_turn_and_the_ring_stays() -> None:
    slots = ready_tasks(20)
    slots["age_ticks"] = 10
    before = slots.copy()
    policies = [("a", LaunchPolicy(priority_age_threshold=8)), ("b", LaunchPolicy(priority_age_threshold=99))]
    one, other = compare_policies(slots, policies, device="reference", repeats=2)
    assert (slots == before).all()
    assert (len(one.rates), one.ends, one.dropped) == (2, ["drained", "drained"], 0)
    assert (one.settings["age_threshold"], other.settings["age_threshold"]) == (8, 0)
    assert set(one.waits()) == {"normal"}


def test_a_launch_ages_by_its_policy() -> None:
    slots = ready_tasks(4)
    slots["age_ticks"] = 10
    for policy, ticks in ((LaunchPolicy(priority_age_threshold=5), 5), (None, 0)):
        report = launch(Ring.from_slots(slots.copy()), device="reference", plan="auto", policy=policy)
        assert report.plan is not None
        assert report.plan["launched"]["age_threshold"] == ticks
    with pytest.raises(UsageError, match="plan auto"):
        launch(Ring.from_slots(slots), device="reference", policy=LaunchPolicy())


def test_the_commands(cli: Cli, tmp_path: Path) -> None:
    slots = ready_tasks(30)
    slots["age_ticks"] = 10
    Ring.from_slots(slots).save(tmp_path / "r.bin")
    (tmp_path / "a.toml").write_text("priority_age_threshold = 5\n")
    (tmp_path / "b.json").write_text(json.dumps({"priority_age_threshold": 99}))
    before = (tmp_path / "r.bin").read_bytes()
    args = ("plan", "r.bin", "--compare", "a.toml", "b.json", "--device", "reference")
    record = cli(*args, "--json").json()
    Draft202012Validator(schema_of("plan")).validate(record)
    assert [one["policy"] for one in record["policies"]] == ["a.toml", "b.json"]
    assert [one["age_threshold"] for one in record["policies"]] == [5, 0]
    table = cli(*args)
    assert (table.code, "normal waits" in table.out) == (0, True)
    assert (tmp_path / "r.bin").read_bytes() == before
    assert cli(*args, "--explain").code == 2
    launched = cli("launch", "r.bin", "--device", "reference", "--policy", "a.toml", "--json")
    assert launched.json()["plan"]["launched"]["age_threshold"] == 5
    assert cli("launch", "r.bin", "--device", "reference", "--policy", "a.toml", "--plan", "off").code == 2
    assert cli("launch", "r.bin", "--device", "reference", "--policy", "none.toml").code == 1

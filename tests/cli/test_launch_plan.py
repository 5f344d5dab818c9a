"""`launch --plan` and the transition counts that it reports: what is taken from the policy, and said about it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.support.ops import REQUEUE_N
from tests.support.rings import slot, write_ring
from vyrectl.opencl.devices import list_devices

REFERENCE = ("--device", "reference", "--json")
LIMITS = (
    *("--max-workgroup-size-x", "256"),
    *("--max-compute-workgroups-per-dimension", "65535"),
    *("--max-compute-invocations-per-workgroup", "1024"),
)


def fresh(count: int = 5, **words: int) -> Path:
    return write_ring(
        Path("fresh.bin"), *(slot(state=1, priority=2, task_id=i, **words) for i in range(count))
    )


def launched(cli: Cli, *args: str) -> dict[str, Any]:
    found = cli("launch", "fresh.bin", *args, "--output", "after.bin", *REFERENCE)
    assert found.code == 0, found.err
    return found.json()


def test_the_policy_is_asked_about_the_ring_and_the_device(cli: Cli) -> None:
    fresh()
    plan = launched(cli)["plan"]
    limits = ("--max-workgroup-size-x", "1", "--max-compute-invocations-per-workgroup", "1", *LIMITS[2:4])
    asked = cli("plan", "fresh.bin", *limits, "--json").json()
    assert plan["source"] == "auto"
    assert plan["request"] == asked["request"]
    assert plan["recommendation"] == {name: asked[name] for name in plan["recommendation"]}


@pytest.mark.parametrize(
    ("words", "args", "aging", "ticks"),
    [
        ({}, (), False, 0),
        ({"age_ticks": 31}, (), False, 0),
        ({"age_ticks": 32}, (), True, 32),
        ({"requeue_count": 1}, (), True, 32),
        ({}, ("--age-threshold", "9"), False, 9),
        ({"age_ticks": 32}, ("--age-threshold", "0"), True, 0),
    ],
)
def test_aging_follows_unless_it_is_given(
    cli: Cli, words: dict[str, int], args: tuple[str, ...], aging: bool, ticks: int
) -> None:
    fresh(**words)
    plan = launched(cli, *args)["plan"]
    assert plan["recommendation"]["age_priority_work"] == aging
    assert plan["launched"]["age_threshold"] == ticks
    different = [one for one in plan["differences"] if one["what"] == "age_priority_work"]
    assert [one["because"] for one in different] == (["asked for"] if aging != (ticks > 0) else [])


def test_a_task_that_would_have_been_lifted_is_noted(cli: Cli) -> None:
    fresh(1, op_handle=REQUEUE_N, param=40)
    assert launched(cli)["plan"]["notes"] == [
        "a task is 40 ticks old by now; --age-threshold 32 would have lifted it"
    ]
    assert launched(cli, "--age-threshold", "32")["plan"]["notes"] == []


def test_without_a_plan_nothing_is_asked(cli: Cli) -> None:
    fresh()
    assert launched(cli, "--plan", "off")["plan"] is None


def test_a_saved_plan_is_replayed(cli: Cli) -> None:
    fresh()
    Path("plan.json").write_text(cli("plan", "fresh.bin", *LIMITS, "--requeue-count", "1", "--json").out)
    fresh(3)
    plan = launched(cli, "--plan", "plan.json")["plan"]
    assert plan["source"] == "plan.json"
    assert plan["launched"]["age_threshold"] == 32
    assert plan["notes"] == ["the plan was made for 5 tasks and 3 were schedulable"]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (None, 1, "p.json: cannot read"),
        ("{", 3, "p.json"),
        ("{}", 3, "p.json: this is no saved plan"),
        ('{"schema": "vyrectl.plan/1"}', 3, "p.json: this plan holds no whole recommendation"),
    ],
)
def test_what_is_no_plan_launches_nothing(cli: Cli, text: str | None, code: int, says: str) -> None:
    before = fresh().read_bytes()
    if text is not None:
        Path("p.json").write_text(text)
    found = cli("launch", "fresh.bin", "--plan", "p.json", *REFERENCE)
    assert (found.code, found.out) == (code, "")
    assert says in f"{found.error()['where']}: {found.error()['message']}"
    assert Path("fresh.bin").read_bytes() == before


def test_a_preview_knows_the_plans_aging(cli: Cli) -> None:
    fresh(4, age_ticks=40)
    Path("plan.json").write_text(cli("plan", "fresh.bin", *LIMITS, "--json").out)
    table = json.loads(Path("plan.json").read_text())
    Path("young.json").write_text(json.dumps(table | {"age_priority_work": False}))
    classes = {
        plan: cli("launch", "fresh.bin", "--dry-run", "--plan", plan, "--json").json()["by_class"]
        for plan in ("auto", "off", "plan.json", "young.json")
    }
    aged, young = [0, 4, 0, 0, 0], [0, 0, 4, 0, 0]
    assert classes == {"auto": aged, "off": aged, "plan.json": aged, "young.json": young}


def test_the_table_shows_both_sides_and_what_followed_what(cli: Cli) -> None:
    fresh(1, op_handle=REQUEUE_N, param=40)
    out = cli("launch", "fresh.bin", "--device", "reference").out
    table = {line.split("  ")[0]: line.split() for line in out.splitlines() if line}
    assert "plan for 1 task: SparseFrontier" in out
    assert table["mode"][1:] == ["Interpreter", "-", "the", "reference", "backend", "compiles", "nothing"]
    assert table["aging"][1:] == ["no", "no", "as", "recommended"]
    assert "--age-threshold 32 would have lifted it" in out
    rows = [line.split() for line in out.split("which state followed which")[1].splitlines()]
    assert ["from", "Running", "Done", "Requeued"] in rows
    assert ["Running", "1", "40"] in rows
    assert ["Requeued", "40"] in rows


def test_transitions_and_states_are_the_same_on_every_device(cli: Cli) -> None:
    build = ("build", "mixed.bin", "--synthetic", "3000", "--seed", "11")
    assert cli(*build).code == 0
    expected = cli("launch", "mixed.bin", "--output", "r.bin", *REFERENCE).json()
    states = expected["states"]
    assert sum(states["before"].values()) == sum(states["after"].values()) == 3000
    counts = {(one["from"], one["to"]): one["count"] for one in expected["transitions"]}
    assert sum(n for (source, _), n in counts.items() if source == "Running") == expected["claims"]
    assert sum(n for (_, target), n in counts.items() if target == "Running") == expected["claims"]
    for device in list_devices():
        args = ("launch", "mixed.bin", "--output", "d.bin", "--device", device.id, "--json")
        found = json.loads(spawn(*args).stdout)
        assert (found["states"], found["transitions"]) == (states, expected["transitions"])
        assert (
            found["plan"]["launched"]["execution_mode"] == found["plan"]["recommendation"]["execution_mode"]
        )


def test_a_report_says_where_the_next_queue_is_heading(cli: Cli) -> None:
    for seed in ("11", "12"):
        cli("build", f"{seed}.bin", "--synthetic", "3000", "--seed", seed)
    Path("report.json").write_text(cli("launch", "11.bin", *REFERENCE).out)
    heading = cli("converge", "12.bin", "--transitions", "report.json", *REFERENCE).json()
    came = cli("launch", "12.bin", *REFERENCE).json()["states"]["after"]
    assert heading["converged"]
    done, paused = (node["limit"] for node in heading["nodes"][3:5])
    assert done + paused == pytest.approx(came["Done"] + came["Paused"], abs=3000 * 0.01)


def test_a_preview_goes_by_the_launch_s_control_buffer(cli: Cli, tmp_path: Path) -> None:
    """Its epoch brings a paused task in, its masks leave tenants out; the launch then says the same."""
    tasks = [slot(state=1, tenant_id=number % 4, task_id=number) for number in range(8)]
    write_ring(Path("fresh.bin"), *tasks, slot(state=4, flags=1, resume_epoch=6, tenant_id=1, task_id=9))
    words = [0] * 168
    words[3 + 1], words[3 + 2], words[128] = 1, 1, 6
    (tmp_path / "control.bin").write_bytes(struct.pack("<168I", *words))
    given = ("fresh.bin", "--control", "control.bin", *REFERENCE)
    seen = cli("launch", *given, "--dry-run").json()
    assert (seen["claimable"], seen["resumed"], seen["left_alone"]["shut_out"]) == (5, 1, 4)
    ran = cli("launch", *given, "--output", "after.bin").json()
    assert (ran["done"], ran["left_alone"]["shut_out"]) == (5, 4)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--control", "nosuch.bin"), 1),
        (("--output", "fresh.bin", "--save-control", "fresh.bin"), 2),
        (("--trace-records", "5"), 2),
        (("--save-control", "nofolder/c.bin"), 1),
    ],
)
def test_a_preview_refuses_what_the_launch_refuses(cli: Cli, args: tuple[str, ...], code: int) -> None:
    fresh()
    assert cli("launch", "fresh.bin", *args, "--dry-run", *REFERENCE).code == code
    assert cli("launch", "fresh.bin", *args, *REFERENCE).code == code

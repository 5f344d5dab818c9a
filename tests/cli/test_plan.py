from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.vectors import load, numbers
from vyrectl import LaunchPolicy, LaunchRequest, Topology
from vyrectl.cli.commands.plan import PLAN_KEYS
from vyrectl.errors import NoDeviceError
from vyrectl.policy.request import ADAPTER_LIMITS
from vyrectl.policy.sweep import sweep

LIMITS = {
    "max_workgroup_size_x": 256,
    "max_compute_workgroups_per_dimension": 65_535,
    "max_compute_invocations_per_workgroup": 1024,
}
GIVEN = tuple(f"--{name.replace('_', '-')}={value}" for name, value in LIMITS.items())

GOLDEN = """\
launch plan for 5 tasks on Fake (7:0)
topology                     HybridFrontier
pressure                     Saturated
execution_mode               Interpreter (route interpreter)
dispatch_grid                2 x 1 x 1 work-groups
workgroup_size_x             4 work-items
slot_count                   8
worker_groups                4
hit_capacity                 1024
promote_hot_opcodes          no
promote_hot_windows          no
age_priority_work            yes
estimated_peak_device_bytes  16384, unbounded
graphblas_switch_class       hybrid
frontier_density_bps         1250

steps that decided something
2.3.1 infer: frontier_density_bps 0 -> 1250
    frontier_density_bps 0 = 0: yes
    queue_len 5 = 0: no
    graph_node_count 40 = 0: no
    min(queue_len 5, graph_node_count 40) * 10000 / 40, within 1..10000
2.3.3 topology: topology is HybridFrontier
    queue_len 5 = 0: no
    memory_pressure_bps 0 >= 8500 (memory_pressure_threshold_bps): no
    frontier_density_bps 1250 <= 500 (sparse_frontier_threshold_bps): no
    frontier_density_bps 1250 >= 4000 (dense_frontier_threshold_bps): no
    the first that fits
2.3.6 grid: workgroup_size_x 256 -> 4
    min(worker_groups 4, max_workgroup_size_x 256)
2.3.6 grid: slot_count 5 -> 8
    queue_len in whole work-groups of 4, the addition saturating
2.3.6 grid: dispatch_grid is [2, 1, 1]
    min(slot_count 8 / workgroup_size_x 4, worker_groups 4, 1024)
2.3.7 pressure: pressure is Saturated
    queue_len 5 = 0: no
    requeue_count 10 > 0: yes
    8 lanes in 2 work-groups of 4; saturated_waves 4
2.3.8 hit capacity: hit_capacity 0 -> 1024
    requested_hit_capacity 0 = 0: yes
    memory_pressure_bps 0 >= 8500 (memory_pressure_threshold_bps): no
    queue_len * hits per item 5 > 4294967295: no
    queue_len * hits per item * multiplier 10 > 4294967295: no
    max(min_hit_capacity 1024, queue_len 5 * hits per item 1 * 2)
2.3.9 peak bytes: estimated_peak_device_bytes 0 -> 16384
    estimated_peak_device_bytes 16384 > 18446744073709551615: no
    device_memory_budget_bytes 0 = 0: yes
    resident_device_bytes 0 + hit_capacity 1024 * scratch_bytes_per_hit 16
2.3.10 mode: execution_mode is Interpreter
    queue_len 5 >= 4096 (jit_queue_len_threshold): no
    a promotion: no
    topology HybridFrontier is FusedDense: no
    a long queue, a promotion or FusedDense asks for Jit
2.3.11 aging: age_priority_work no -> yes
    requeue_count 10 > 0: yes
    requeued or aged work asks for it
"""

SWEEP = """\
frontier_density_bps from 0 to 8000: 2 flips, every value asked
from    to  topology        flips because
────  ────  ──────────────  ─────────────────────────────────────────────────────────────────────────────────────
   0   500  SparseFrontier
 501  3999  HybridFrontier  2.3.3 topology: frontier_density_bps 501 <= 500 (sparse_frontier_threshold_bps): no
4000  8000  DenseFrontier   2.3.3 topology: frontier_density_bps 4000 >= 4000 (dense_frontier_threshold_bps): yes

topology        ░░░░▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
                ░ SparseFrontier  ▒ HybridFrontier  ▓ DenseFrontier
                0                                                   8000
                frontier_density_bps
"""


STYLE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class FakeDevice:
    id: str = "7:0"
    name: str = "Fake"
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The devices that were looked for; all of them are found."""
    selectors: list[str | None] = []

    def find_device(selector: str | None, *how: object, **more: object) -> FakeDevice:
        selectors.append(selector)
        return FakeDevice()

    monkeypatch.setattr("vyrectl.opencl.devices.find_device", find_device)
    return selectors


def write_json(name: str, **fields: Any) -> str:
    Path(name).write_text(json.dumps(fields))
    return name


@pytest.mark.usefixtures("asked")
def test_the_table_shows_plan_and_reasons(cli: Cli, ring: Path) -> None:
    args = ("--requested-worker-groups", "4", "--graph-node-count", "40", "--explain")
    assert cli("plan", "ring.bin", *args).out == GOLDEN


@pytest.mark.usefixtures("asked")
def test_the_record_is_the_library_s(cli: Cli, ring: Path) -> None:
    applied = cli("apply", "ring.bin", "--json").json()
    record = cli("plan", "ring.bin", "--json").json()
    applied.pop("schema")
    request = LaunchRequest(**{**applied, **LIMITS})
    found = LaunchPolicy().recommend(request)
    assert record["schema"] == "vyrectl.plan/1"
    assert {key: record[key] for key in found.to_record()} == json.loads(json.dumps(found.to_record()))
    assert record["topology_evidence"] == found.topology_evidence.to_record()
    assert record["promotion_evidence"] == found.promotion_evidence.to_record()
    assert record["request"] == request.to_record()
    assert record["policy"] == LaunchPolicy().to_record()
    assert record["limits_from"] == {"device": "7:0", "name": "Fake", "fields": list(ADAPTER_LIMITS)}
    assert set(PLAN_KEYS) <= record.keys()


def test_apply_pipes_into_plan(cli: Cli, ring: Path, asked: list[str | None]) -> None:
    applied = cli("apply", "ring.bin", "--json").out
    piped = cli("plan", "-", "--device", "fake", "--json", stdin=applied.encode())
    assert piped.out == cli("plan", "ring.bin", "--json").out
    assert asked == ["fake", None]


def test_a_plan_can_be_planned_again(cli: Cli, ring: Path, asked: list[str | None]) -> None:
    first = cli("plan", "ring.bin", "--json").json()
    Path("p.json").write_text(json.dumps(first))
    again = cli("plan", "p.json", "--json").json()
    assert again == {**first, "limits_from": None}
    assert len(asked) == 1


def test_limits_that_are_given_win_over_the_device_s(cli: Cli, asked: list[str | None]) -> None:
    name = write_json("r.json", queue_len=9, max_workgroup_size_x=3)
    record = cli("plan", name, "--json").json()
    assert record["request"]["max_workgroup_size_x"] == 3
    assert record["limits_from"]["fields"] == list(ADAPTER_LIMITS[1:])
    assert cli("plan", name, *GIVEN[1:], "--json").json()["limits_from"] is None
    assert asked == [None]


def test_a_limit_of_zero_is_an_error_when_it_was_given(cli: Cli) -> None:
    found = cli("plan", write_json("r.json", **{**LIMITS, "max_workgroup_size_x": 0}))
    assert (found.code, found.out) == (3, "")
    assert "r.json: max_workgroup_size_x is 0" in found.err


def test_vectors_go_through_the_command_line(cli: Cli) -> None:
    for vector in [*list(load("recommend"))[::60], *list(load("recommend_policy"))[::10]]:
        args = ["r.json", "--json", "--policy", write_json("p.json", **vector.get("policy", {}))]
        if vector["previous_topology"]:
            args += ["--previous", vector["previous_topology"]]
        write_json("r.json", **numbers(vector["request"]))
        found = cli("plan", *args)
        if "ok" in vector:
            expected = numbers(vector["ok"])
            assert {key: found.json()[key] for key in expected} == expected
        else:
            assert (found.code, found.out) == (3, "")
            kind = "launch_request" if vector["err"]["kind"] == "raw" else "device_memory"
            assert found.error()["error"] == kind
            if kind == "device_memory":
                assert found.error()["requested_bytes"] == int(vector["err"]["requested"])
                assert found.error()["available_bytes"] == int(vector["err"]["available"])


def test_previous_topology_and_policy_matter(cli: Cli) -> None:
    request = write_json("r.json", **LIMITS, queue_len=9, frontier_density_bps=700)
    Path("p.toml").write_text("sparse_frontier_threshold_bps = 700\n")
    topologies = [
        cli("plan", request, *args, "--json").json()["topology"]
        for args in ((), ("--previous", "sparse-frontier"), ("--policy", "p.toml"))
    ]
    assert topologies == ["HybridFrontier", "SparseFrontier", "SparseFrontier"]


def test_steps_are_in_the_record_with_their_comparisons(cli: Cli) -> None:
    request = write_json("r.json", **LIMITS, queue_len=9)
    steps = cli("plan", request, "--explain", "--json").json()["steps"]
    topology = next(step for step in steps if step["rule"] == "2.3.3 topology")
    assert (topology["field"], topology["before"], topology["after"]) == ("topology", None, "SparseFrontier")
    assert topology["tests"][-1] == {
        "left": "frontier_density_bps",
        "value": 0,
        "sign": "<=",
        "right": "sparse_frontier_threshold_bps",
        "bound": 500,
        "holds": True,
    }
    assert "steps" not in cli("plan", request, "--json").json()


def test_a_sweep_is_a_table_and_a_plot(cli: Cli) -> None:
    request = write_json("r.json", **LIMITS, queue_len=9, requested_worker_groups=4)
    out = cli("plan", request, "--sweep", "frontier-density-bps=0..0x1f40").out
    assert out.split("\n\n", 1)[1] == SWEEP


def test_a_sweep_s_record_is_the_library_s(cli: Cli) -> None:
    request = write_json("r.json", **LIMITS, requested_worker_groups=4)
    args = ("--sweep", "queue_len=0..100", "--previous", "DenseFrontier")
    expected = sweep(
        LaunchRequest(**LIMITS, requested_worker_groups=4),
        "queue_len",
        0,
        100,
        previous=Topology.DenseFrontier,
    )
    record = cli("plan", request, *args, "--json").json()
    assert record["sweep"] == json.loads(json.dumps(expected.to_record()))
    assert record["regions"] == [json.loads(json.dumps(region.to_record())) for region in expected.regions]
    lines = cli("plan", request, *args, "--format", "jsonl").lines()
    assert lines == record["regions"]
    assert len(cli("plan", request, *args, "--format", "csv").out.splitlines()) == len(lines) + 1


def test_a_long_sweep_says_that_it_sampled_and_cuts_no_list_silently(cli: Cli) -> None:
    request = write_json("r.json", **LIMITS, requested_worker_groups=64)
    expected = sweep(LaunchRequest(**LIMITS, requested_worker_groups=64), "queue_len", 0, 2**32 - 1)
    out = cli("plan", request, "--sweep", "queue_len=0..4294967295").out
    assert f"{expected.asked} values asked, at most {expected.widest_gap} apart" in out
    assert "queue_len, logarithmic" in out
    assert f"the first 64 of {len(expected.regions)} regions (--json has all)" in out


@pytest.mark.parametrize("as_json", [False, True])
def test_what_has_no_plan_is_still_explained_and_swept(cli: Cli, as_json: bool) -> None:
    request = write_json("r.json", **LIMITS, device_memory_budget_bytes=100)
    args = ("--explain", "--sweep", "device_memory_budget_bytes=1..20000")
    found = cli("plan", request, *args, *(["--json"] if as_json else []))
    assert found.code == 3
    if as_json:
        assert [found.json()[key] for key in PLAN_KEYS] == [None] * len(PLAN_KEYS)
        assert found.json()["steps"][-1]["after"] == "device_memory_budget_bytes"
        assert [region["first"] for region in found.json()["regions"]] == [1, 16_384]
        assert found.error()["requested_bytes"] == 16_384
    else:
        assert "2.3.9 peak bytes: refused is device_memory_budget_bytes" in found.out
        assert "16384  20000" in found.out
        assert "r.json: the launch needs 16384 bytes of device memory and 100 are budgeted" in found.err


def test_a_terminal_of_80_columns_is_enough(terminal: Cli) -> None:
    request = write_json("r.json", **LIMITS, queue_len=5000, graph_node_count=100_000)
    found = terminal("plan", request, "--explain", "--sweep", "queue_len=0..100000", "--color", "never")
    lines = STYLE.sub("", found.out).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "    min(queue_len 5000, graph_node_count 100000) * 10000 / 100000, within" in lines
    assert "    1..10000" in lines


def test_without_utf_8_the_plot_is_ascii() -> None:
    request = write_json("r.json", **LIMITS, queue_len=9)
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    found = spawn("plan", request, "--sweep", "queue_len=0..9000", env=env)
    assert found.returncode == 0
    assert b". Empty  - SparseFrontier" in found.stdout
    assert found.stdout.isascii()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("r.json", "--previous", "Sparse"), 2, "unknown topology 'Sparse'"),
        (("r.json", "--sweep", "queue_len"), 2, "--sweep is 'queue_len'"),
        (("r.json", "--sweep", "queue=1..2"), 2, "unknown request field 'queue'"),
        (("r.json", "--sweep", "queue_len=2..1"), 2, "before its start"),
        (("r.json", "--sweep", "frontier_density_bps=0..65536"), 2, "0 to 65535"),
        (("r.json", "--request", "r.json"), 2, "SOURCE is a launch request already"),
        (("r.json", "--policy", "r.json"), 3, "r.json: 'queue_len' is no field of a launch policy"),
        (("r.json", "--policy", "absent.toml"), 1, "absent.toml"),
        (("bad.toml",), 3, "bad.toml: 'quue_len' is no field of a launch request"),
        (("wide.toml",), 3, "wide.toml: queue_len is 4294967296"),
        (("twice.json",), 3, "twice.json: the key 'queue_len' stands twice"),
        (("-",), 3, "-: there is nothing in it"),
        (("absent.bin",), 1, "absent.bin"),
    ],
)
@pytest.mark.usefixtures("asked")
def test_bad_calls_have_their_exit_code(cli: Cli, args: tuple[str, ...], code: int, says: str) -> None:
    write_json("r.json", queue_len=9)
    Path("bad.toml").write_text("quue_len = 9")
    Path("wide.toml").write_text("queue_len = 4294967296")
    Path("twice.json").write_text('{"queue_len": 1, "queue_len": 1}')
    found = cli("plan", *args)
    assert found.code == code
    assert says in found.err


def test_the_reference_backend_has_no_limits(cli: Cli) -> None:
    found = cli("plan", write_json("r.json", queue_len=9), "--device", "reference")
    assert found.code == 2
    assert "Give --max-workgroup-size-x, --max-compute-workgroups-per-dimension" in found.err


def test_without_a_device_the_error_is_the_device_s(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(selector: str | None, *how: object, **more: object) -> FakeDevice:
        raise NoDeviceError("no OpenCL device was found", fix="apt-get install pocl-opencl-icd")

    monkeypatch.setattr("vyrectl.opencl.devices.find_device", none)
    request = write_json("r.json", queue_len=9)
    assert cli("plan", request).code == 5
    assert cli("plan", request, *GIVEN).code == 0

"""`vyrectl bench`: its options, its formats, its tables word for word."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_golden import compare, transcript
from tests.conformance.backends import needs_device
from tests.opencl.fakes import device as fake_device
from vyrectl.bench.case import Case, Measure, Turn
from vyrectl.bench.report import ALL_SECTIONS, BenchRequest, Report
from vyrectl.bench.spread import Spread


def spread(middle: float, low: float = 0.9, high: float = 1.2) -> Spread:
    return Spread(middle, middle * low, middle * high)


def measured(case: Case, device: float | None, wall: float, share: float | None, **parts: float) -> Measure:
    both = None if share is None else spread(share)
    return Measure(case, spread(wall), None if device is None else spread(device), both, both, parts)


def case(name: str, section: str, size: int, unit: str, amount: int, **more: Any) -> Case:
    return Case(name, section, size, unit, amount, lambda: Turn(0.0), **more)


PARTS = {
    "open_wall_seconds": 0.5,
    "index_device_seconds": 0.00031,
    "index_wall_seconds": 0.0005,
    "passes": 2.0,
    "run_device_seconds": 0.00106,
    "run_wall_seconds": 0.0021,
    "runs": 1.0,
    "between_wall_seconds": 0.000123,
}


class FakeWorkload:
    def __init__(self) -> None:
        self.facts = {"workers": 528, "work_group_size": 256, "ticket": 4096, "rung": 1}
        self.bytes_beside = 28 << 24

    def memory(self, fast_index: bool) -> int:
        return (28 if fast_index else 7) << 24


def fake_report() -> Report:
    """What an imaginary device might say."""
    size = 1 << 24
    sweep, kernel, copied = ("one-pass sweep", size), ("one ordinary kernel", 1 << 28), ("copy", size)
    bare = ("python -c pass", 1024)
    measures = [
        measured(
            case(*sweep[:1], "tasks", size, "tasks", size, variant="once: 8 a work-item"),
            0.00087,
            0.001,
            None,
        ),
        measured(
            case("no-op drain", "tasks", size, "tasks", size, beside=sweep), 0.00137, 0.003, 0.635, **PARTS
        ),
        measured(
            case("one enqueue a task", "tasks", 65536, "tasks", 2000, beside=("x", 1)), None, 0.012, None
        ),
        measured(
            case(kernel[0], "groups", kernel[1], "elements", kernel[1], variant="4"), 0.0008, 0.0009, None
        ),
        measured(
            case("saxpy tasks", "groups", 1024, "elements", kernel[1], beside=kernel), 0.0009, 0.002, 0.88
        ),
        measured(case("copy", "memory", size, "bytes", size * 128), 0.0005, 0.0006, None),
        measured(
            case("device snapshot", "memory", size, "bytes", size * 64, beside=copied), 0.00025, 0.0004, 1.0
        ),
        measured(case("index + run", "start", 1024, "runs", 1), 0.0000234, 0.0009, None),
        measured(case(*bare[:1], "start", 1024, "runs", 1), None, 0.0139, None),
        measured(case("vyrectl launch", "start", 1024, "runs", 1, beside=bare), None, 0.33, 0.0421),
    ]
    load: Any = FakeWorkload()
    row: dict[str, float] = {
        "size": size,
        "drains": 9,
        "most": 900_000,
        "beyond": 40_000,
        "beyond_worst": 50_000,
    }
    report = Report(
        fake_device(kind="gpu", name="Imaginary G1"),
        BenchRequest(),
        measures,
        {("no-op drain", size): load},
        [row | {"bound": 4096 * 528, "late": 0, "late_worst": 0}],
        ["4294967296 slots: two such rings do not fit into the device's memory"],
        61.5,
    )
    report.memory = report.measure_memory()
    return report


@pytest.fixture
def imaginary(monkeypatch: pytest.MonkeyPatch) -> list[BenchRequest]:
    """No device is asked; gives the plans of the benches that were run."""
    plans: list[BenchRequest] = []

    def run(device: Any, plan: BenchRequest, tell: Any) -> Report:
        plans.append(plan)
        return fake_report()

    monkeypatch.setattr("vyrectl.opencl.devices.find_device", lambda selector=None, **asked: fake_device())
    monkeypatch.setattr("vyrectl.bench.suite.run_bench", run)
    return plans


def test_tables_through_a_pipe(cli: Cli, imaginary: list[BenchRequest]) -> None:
    result = cli("bench")
    compare("bench.pipe", transcript(result.out, result.err, result.code))
    assert imaginary == [BenchRequest()]


def test_tables_on_a_terminal_of_80_columns(terminal: Cli, imaginary: list[BenchRequest]) -> None:
    result = terminal("bench", "--color", "never")
    compare("bench.80", transcript(result.out, result.err, result.code))
    assert max(len(line) for line in result.out.splitlines()) <= 80


def test_json(cli: Cli, imaginary: list[BenchRequest]) -> None:
    record = cli("bench", "--json").json()
    assert record["schema"] == "vyrectl.bench/1"
    drain = next(row for row in record["measures"] if row["name"] == "no-op drain")
    assert drain["share"] == 0.635
    assert drain["device_rate"] == pytest.approx((1 << 24) / 0.00137)
    (memory,) = record["bytes_beside_ring"]
    assert (memory["size"], memory["bytes"], memory["bytes_a_slot"]) == (1 << 24, 28 << 24, 28.0)
    assert (memory["compact_bytes_a_slot"], memory["fast_bytes_a_slot"]) == (7.0, 28.0)
    assert record["where_time_goes"][0]["runs"] == 1


def test_csv_has_a_row_a_measure(cli: Cli, imaginary: list[BenchRequest]) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("bench", "--format", "csv").out)))
    assert [row["name"] for row in rows][:2] == ["one-pass sweep", "no-op drain"]
    assert float(rows[1]["wall_seconds"]) == 0.003


def test_options_make_the_plan(cli: Cli, imaginary: list[BenchRequest]) -> None:
    cli("bench", "--quick", "--sizes", "64k,1k", "--repeat", "3", "--only", "order,tasks", "--json")
    assert imaginary == [BenchRequest((1024, 65536), 3, True, ("tasks", "order"))]
    cli("bench", "--quick", "--json")
    assert imaginary[1].sections == ALL_SECTIONS


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--only", "tasks,ordr"), "'order'"),
        (("--sizes", "much"), "--sizes"),
        (("--repeat", "0"), "--repeat"),
        (("--device", "reference"), "no ceilings"),
    ],
)
def test_mistakes_are_exit_2(
    cli: Cli, imaginary: list[BenchRequest], args: tuple[str, ...], words: str
) -> None:
    result = cli("bench", *args)
    assert (result.code, result.out, imaginary) == (2, "", [])
    assert words in result.err


@needs_device()
def test_on_a_device(cli: Cli) -> None:
    result = cli("bench", "--sizes", "64", "--repeat", "1", "--only", "tasks,order", "--json")
    record = result.json()
    assert (result.code, result.err) == (0, "")
    assert {row["section"] for row in record["measures"]} == {"tasks"}
    assert [row["size"] for row in record["overtaken"]] == [64]


def test_one_device_is_no_comparison(cli: Cli) -> None:
    refused = cli("bench", "devices", "--device", "reference")
    assert refused.code == 2
    assert "reference,reference" in refused.err

"""A whole bench of small rings: every section is there, every share has its ceiling, the record is plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.backends import devices
from vyrectl.bench.report import ALL_SECTIONS, QUICK_SIZES, SIZES, BenchRequest, Report
from vyrectl.bench.suite import run_bench

SMALL = BenchRequest(sizes=(64, 3000, 1 << 40), repeats=2, quick=True)


@pytest.fixture(scope="module", params=list(devices()))
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vyrectl.bench.suite.QUICK_SAXPY_ELEMENTS", {"cpu": 1 << 17, "gpu": 1 << 17})
        return run_bench(devices()[request.param], SMALL)


@pytest.fixture(scope="module")
def rows(report: Report) -> list[dict[str, Any]]:
    return [dict(row) for row in report.rows()]


def test_every_section_is_measured(rows: list[dict[str, Any]]) -> None:
    names = {row["name"] for row in rows}
    assert names >= {
        "one-pass sweep",
        "sweep in class order",
        "no-op drain",
        "three yields each",
        "mixed load",
        "one enqueue a task",
        "one ordinary kernel",
        "saxpy tasks",
        "copy",
        "device snapshot",
        "index alone",
        "index + run",
        "index + run of no task",
        "program build, cold",
        "program build, warm",
        "vyrectl launch",
        "python -c pass",
    }
    assert {row["section"] for row in rows} == {"tasks", "groups", "memory", "start"}


def test_drains_have_shares_and_ceilings_have_variants(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["wall_seconds_least"] <= row["wall_seconds"] <= row["wall_seconds_most"]
        if row["name"] in (
            "sweep in class order",
            "no-op drain",
            "three yields each",
            "mixed load",
            "saxpy tasks",
        ):
            assert row["share"] > 0
            assert row["wall_share"] > 0
        if row["name"] in ("one-pass sweep", "one ordinary kernel"):
            assert row["variant"]
            assert row["share"] is None


def test_units(rows: list[dict[str, Any]]) -> None:
    amounts = {(row["name"], row["size"]): (row["amount"], row["unit"]) for row in rows}
    assert amounts["no-op drain", 3000] == (3000, "tasks")
    assert amounts["three yields each", 3000] == (12_000, "claims")
    assert amounts["mixed load", 3000] == (12_750, "claims")
    assert amounts["copy", 3000] == (2 * 3000 * 64, "bytes")
    assert amounts["device snapshot", 3000] == (3000 * 64, "bytes")
    assert amounts["saxpy tasks", 65_536] == (1 << 17, "elements")


def test_what_does_not_fit_is_named(report: Report) -> None:
    assert report.skipped == [f"{1 << 40} slots: two such rings do not fit into the device's memory"]


def test_the_record(report: Report) -> None:
    record = json.loads(json.dumps(report.to_record()))
    assert record["device"]["id"] == report.device.id
    assert [row["size"] for row in record["overtaken"]] == [64, 3000]
    assert {row["name"] for row in record["where_time_goes"]} == {
        "no-op drain",
        "three yields each",
        "mixed load",
        "saxpy tasks",
    }
    for row in record["where_time_goes"]:
        assert row["wall_seconds"] > 0
        assert row["runs"] >= 1
    assert {row["size"] for row in record["bytes_beside_ring"]} == {64, 3000}
    assert all(geometry["workers"] >= 1 for geometry in record["geometry"])


def test_plans() -> None:
    assert BenchRequest.usual(quick=False) == BenchRequest()
    assert BenchRequest.usual(quick=True).sizes == QUICK_SIZES
    assert BenchRequest.usual(quick=True, repeats=3, sizes=None) == BenchRequest(
        QUICK_SIZES, 3, True, ALL_SECTIONS
    )
    assert BenchRequest.usual(quick=False, sections=("order",)).sizes == SIZES

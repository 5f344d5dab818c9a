"""`snapshot` beyond its fields: spreads, oldest tasks, what changed since, histories, OpenMetrics."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.cli.test_startup import heavy_modules
from tests.support.rings import slot, write_ring
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.ring.steady import Copy, copy_ring
from vyrectl.ring.synthetic import synthesize
from vyrectl.sidecar.hold import hold
from vyrectl.telemetry import snapshot as telemetry

EIGHT = {
    "ready_count": 3,
    "paused_count": 2,
    "yielded_count": 1,
    "requeued_count": 1,
    "running_count": 1,
    "faulted_count": 2,
    "total_requeues": 8,
    "max_priority_age": 40,
}


def metric_families(text: str) -> list[Any]:
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def history(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_spreads_are_over_open_tasks(cli: Cli, ring: Path) -> None:
    record = cli("snapshot", "ring.bin", "--ages", "--json").json()
    ages, requeues = record["ages"], record["requeues"]
    assert (ages["tasks"], ages["p50"], ages["p99"], ages["max"]) == (8, 0, 12, 12)
    assert (requeues["tasks"], requeues["max"], record["max_priority_age"]) == (8, 3, 40)
    assert ages["histogram"][0] == {"least": 0, "most": 0, "tasks": 6}
    assert sum(row["tasks"] for row in ages["histogram"]) == 8


def test_the_oldest_tasks(cli: Cli, ring: Path) -> None:
    rows = cli("snapshot", "ring.bin", "--oldest", "2", "--json").json()["oldest"]
    assert [(row["slot"], row["age_ticks"], row["state_name"]) for row in rows] == [
        (2, 12, "Ready"),
        (8, 3, "Requeued"),
    ]
    assert len(cli("snapshot", "ring.bin", "--oldest", "99", "--json").json()["oldest"]) == 8


def test_everything_of_several_rings_is_summed(cli: Cli, ring: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "two.bin", slot(state=1, age_ticks=50, tenant_id=3), slot())
    record = cli(
        "snapshot", "ring.bin", "two.bin", "--by", "tenant", "--ages", "--oldest", "2", "--json"
    ).json()
    assert [(row["ring"], row["age_ticks"]) for row in record["sum"]["oldest"]] == [
        ("two.bin", 50),
        ("ring.bin", 12),
    ]
    total = record["sum"]["by"]["tenant"]
    assert total["total"]["slots"] == 12
    assert {group["value"]: group["slots"] for group in total["groups"]} == {0: 9, 3: 3}
    assert (record["sum"]["ages"]["tasks"], record["sum"]["ages"]["max"]) == (9, 50)
    assert record["rings"][1]["ages"]["p50"] == 50


def test_a_large_ring_says_the_same(cli: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("snapshot", "ring.bin", "--by", "state,op", "--ages", "--oldest", "5", "--json")
    small = cli(*args).out
    for module in ("snapshot", "spread", "oldest", "crosstab"):
        monkeypatch.setattr(f"vyrectl.telemetry.{module}.STDLIB_SLOTS", 0)
    assert telemetry.STDLIB_SLOTS == 0
    assert cli(*args).out == small


def test_since_says_what_changed_and_why(cli: Cli, ring: Path, tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text(cli("snapshot", "ring.bin", "--json").out)
    since = cli("snapshot", "ring.bin", "--since", "before.json", "--json").json()["since"]
    assert (since["verdict"], since["is_stalled"], since["seconds"], since["rates"]) == (
        "stalled",
        True,
        None,
        None,
    )
    write_ring(tmp_path / "ring.bin", *MIXED[:1], slot(state=3), *MIXED[2:])
    result = cli("snapshot", "ring.bin", "--since", "before.json")
    assert "ready_count                2      -1" in result.out
    assert "draining: fewer tasks are open than before" in result.out


def test_since_a_history_has_rates(cli: Cli, ring: Path, tmp_path: Path) -> None:
    old = {"schema": "vyrectl.snapshot/1", "timestamp": "2001-01-01T00:00:00Z", "ring": "ring.bin", **EIGHT}
    old |= {"ready_count": 1003, "done_count": 0}
    (tmp_path / "h.jsonl").write_text('{"ring": "x", "error": {}}\n' + json.dumps(old) + '\n{"torn')
    since = cli("snapshot", "ring.bin", "--since", "h.jsonl", "--json").json()["since"]
    assert since["seconds"] > 1e8
    assert (since["changes"]["ready_count"], since["changes"]["done_count"]) == (-1000, 1)
    assert since["rates"]["ready_count"] == pytest.approx(-1000 / since["seconds"], abs=1e-3)


def test_since_of_several_rings(cli: Cli, ring: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "two.bin", slot(state=1))
    (tmp_path / "both.json").write_text(cli("snapshot", "ring.bin", "two.bin", "--json").out)
    write_ring(tmp_path / "two.bin", slot(state=3))
    record = cli("snapshot", "ring.bin", "two.bin", "--since", "both.json", "--json").json()
    verdicts = [one["since"]["verdict"] for one in record["rings"]]
    assert (verdicts, record["sum"]["since"]["verdict"]) == (["stalled", "idle"], "draining")
    write_ring(tmp_path / "three.bin", slot(state=1))
    record = cli("snapshot", "ring.bin", "three.bin", "--since", "both.json", "--json").json()
    assert "since" not in record["sum"]
    assert ["since" in one for one in record["rings"]] == [True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no snapshot"),
        ("[]", "no snapshot"),
        ('{"schema": "vyrectl.plan/1"}', "no snapshot"),
        ('{"ready_count": 1}', "has no paused_count"),
        (json.dumps({**EIGHT, "ready_count": -1}), "ready_count"),
        (json.dumps({**EIGHT, "ready_count": True}), "ready_count"),
        (json.dumps({**EIGHT, "done_count": "many"}), "done_count is many"),
        (json.dumps({"rings": [], "sum": 7}), "no object"),
    ],
)
def test_what_is_no_snapshot_is_refused(cli: Cli, ring: Path, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    result = cli("snapshot", "ring.bin", "--since", "bad.json")
    assert (result.code, result.out) == (3, "")
    assert words in result.err
    assert "bad.json" in result.err


def test_a_history_keeps_everything(cli: Cli, ring: Path, tmp_path: Path) -> None:
    for _ in range(2):
        shown = cli("snapshot", "ring.bin", "--append", "h.jsonl", "--by", "state", "--json").json()
    first, second = history(tmp_path / "h.jsonl")
    assert (first["schema"], first["ring"], first["slots"]) == ("vyrectl.snapshot/1", "ring.bin", 12)
    assert (first["empty_count"], first["done_count"]) == (1, 1)
    assert {key: second[key] for key in shown} == shown
    assert first["timestamp"] < second["timestamp"]
    cli("snapshot", "ring.bin", "ring.bin", "--append", "h.jsonl")
    third = history(tmp_path / "h.jsonl")[2]
    assert (len(third["rings"]), third["sum"]["slots"]) == (2, 24)


def test_a_history_is_a_source_of_telemetry(cli: Cli, ring: Path, tmp_path: Path) -> None:
    cli("snapshot", "ring.bin", "--append", "h.json")
    record = cli("apply", "h.json", "--json")
    assert (record.code, record.json()["queue_len"]) == (0, 5)


def test_openmetrics_reads_back(cli: Cli, ring: Path, tmp_path: Path) -> None:
    result = cli("snapshot", "ring.bin", "--openmetrics", "--by", "tenant,op,state", "--ages")
    families = {family.name: family for family in metric_families(result.out)}
    slots = {sample.labels["state"]: sample.value for sample in families["vyrectl_ring_slots"].samples}
    assert slots["ready"] == 3
    assert sum(slots.values()) == 12
    ops = {(s.labels["op"], s.labels["state"]): s.value for s in families["vyrectl_op_slots"].samples}
    assert ops["nop", "ready"] == 2
    tenants = [sample.value for sample in families["vyrectl_tenant_slots"].samples]
    assert sum(tenants) == 11
    assert [s.value for s in families["vyrectl_age_ticks"].samples] == [0, 12, 12]
    again = cli("snapshot", "ring.bin", "--openmetrics", "--output", "ring.prom")
    assert (again.code, again.out) == (0, "")
    assert "vyrectl_schedulable_tasks" in (tmp_path / "ring.prom").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ring.bin", "ring.bin.lock", "ring.prom"]


def test_hostile_names_stay_inside_their_label(cli: Cli, tmp_path: Path) -> None:
    name = 'x"} 1\n# EOF\n\x1b[31m\\.bin'
    write_ring(tmp_path / name, slot(state=1))
    text = cli("snapshot", name, "--openmetrics").out
    assert "\x1b" not in text
    assert text.count("\n# EOF\n") == 1
    rings = {s.labels["ring"] for f in metric_families(text) for s in f.samples}
    assert rings == {name.replace("\x1b", "\\x1b")}


def test_a_held_ring_is_copied_slot_by_slot(cli: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = cli("snapshot", "ring.bin", "--json").out
    copied: list[Path] = []

    def counted(path: Path, **options: Any) -> Copy:
        copied.append(path)
        return copy_ring(path, **options)

    monkeypatch.setattr("vyrectl.ring.steady.copy_ring", counted)
    with hold(ring, role="launch"):
        assert cli("snapshot", "ring.bin", "--json").out == free
        assert (
            cli("snapshot", "ring.bin", "--offset", "64", "--count", "1", "--json").json()["ready_count"] == 1
        )
    assert len(copied) == 2
    cli("snapshot", "ring.bin")
    assert len(copied) == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--ticks", "3"), "--ticks is for --watch"),
        (("--watch", "0"), "--watch is 0.0"),
        (("--watch", "nan"), "no finite number"),
        (("--watch", "1", "--ticks", "0"), "--ticks is 0"),
        (("--watch", "1", "--openmetrics"), "needs a file"),
        (("--output", "x"), "--output is for --openmetrics"),
        (("--openmetrics", "--json"), "format of its own"),
        (("--oldest", "many"), "--oldest is 'many'"),
        (("--since", "-", "-"), "named twice"),
    ],
)
def test_options_that_make_no_sense(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("snapshot", "ring.bin", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_standard_input_is_not_watched(cli: Cli) -> None:
    assert cli("snapshot", "-", "--watch", "1").code == 2


def test_a_history_that_cannot_be_written_is_exit_1(cli: Cli, ring: Path) -> None:
    result = cli("snapshot", "ring.bin", "--append", "no/h.jsonl", "--json")
    assert (result.code, result.out) == (1, "")
    assert result.error()["where"] == "no/h.jsonl"


@pytest.mark.parametrize(
    "args",
    [
        ("--by", "state,priority,tenant,op", "--ages", "--oldest", "3", "--json"),
        ("--since", "before.json", "--append", "h.jsonl", "--format", "csv"),
        ("--openmetrics",),
        ("--watch", "0.01", "--ticks", "2"),
    ],
    ids=lambda args: args[0],
)
def test_small_rings_need_neither_numpy_nor_rich(cli: Cli, ring: Path, args: tuple[str, ...]) -> None:
    Path("before.json").write_text(cli("snapshot", "ring.bin", "--json").out)
    assert heavy_modules("snapshot", "ring.bin", *args) == []


def test_very_many_groups_are_written_as_they_come(cli: Cli, tmp_path: Path) -> None:
    slots = np.zeros(5000, SLOT_DTYPE)
    slots["state"], slots["tenant_id"] = 1, np.arange(5000)
    slots["tenant_id"][:3] = 77
    slots.tofile(tmp_path / "many.bin")
    told = cli("snapshot", "many.bin", "--by", "tenant,priority", "--json").json()["by"]
    groups = told["tenant"]["groups"]
    assert len(groups) == 4997
    assert next(one for one in groups if one["value"] == 77)["ready_count"] == 4
    assert list(groups[0]) == list(told["priority"]["groups"][0])
    assert told["tenant"]["total"]["slots"] == 5000
    shown = cli("snapshot", "many.bin", "--by", "tenant").out
    assert "4973 others" in shown
    assert cli("snapshot", "many.bin", "--by", "tenant", "--append", "h.jsonl", "--quiet").code == 0
    assert len(json.loads((tmp_path / "h.jsonl").read_text())["by"]["tenant"]["groups"]) == 4997
    assert len(cli("snapshot", "many.bin", "--by", "tenant", "--format", "jsonl").lines()) == 1


def test_a_cell_of_csv_holds_the_largest_of_many_groups(cli: Cli, tmp_path: Path) -> None:
    slots = synthesize(6000, 1)
    slots["state"], slots["tenant_id"] = 1, np.arange(6000)
    slots["tenant_id"][:10] = 7
    path = write_ring(tmp_path / "many.bin", slots.tobytes())
    result = cli("snapshot", str(path), "--by", "tenant", "--format", "csv")
    assert result.code == 0
    assert "tenant: the largest 64 of 5991 values; --json has them all" in result.err
    row = next(csv.DictReader(io.StringIO(result.out)))
    groups = json.loads(row["by"])["tenant"]["groups"]
    assert (groups[0]["value"], groups[0]["slots"], len(groups)) == (7, 10, 65)
    assert groups[-1]["name"] == "5927 others"
    assert sum(group["slots"] for group in groups) == 6000
    assert (
        len(cli("snapshot", str(path), "--by", "tenant", "--json").json()["by"]["tenant"]["groups"]) == 5991
    )

"""`snapshot`: eight fields and two sums, of one ring or several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.support.rings import slot, write_ring
from tests.vectors import load
from vyrectl import SLOT_DTYPE, Ring
from vyrectl.telemetry import snapshot as telemetry

FIELDS = [
    "ready_count",
    "paused_count",
    "yielded_count",
    "requeued_count",
    "running_count",
    "faulted_count",
    "total_requeues",
    "max_priority_age",
    "schedulable_count",
    "continuation_pressure",
]
ABOUT = {"slots": 12, "empty_count": 1, "done_count": 1}
EXPECTED = dict(zip(FIELDS, (3, 2, 1, 1, 1, 2, 8, 40, 5, 10), strict=True))


def test_one_ring_is_the_fields_its_name_and_how_full_it_is(cli: Cli, ring: Path) -> None:
    record = cli("snapshot", "ring.bin", "--json").json()
    assert record == {"schema": "vyrectl.snapshot/1", **EXPECTED, "ring": "ring.bin", **ABOUT}
    assert list(record)[1 : len(FIELDS) + 1] == FIELDS


def test_both_ways_of_counting_agree(cli: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = cli("snapshot", "ring.bin", "--json").out
    monkeypatch.setattr(telemetry, "STDLIB_SLOTS", 0)
    assert cli("snapshot", "ring.bin", "--json").out == small


def test_csv_and_lines(cli: Cli, ring: Path) -> None:
    header, values = cli("snapshot", "ring.bin", "--format", "csv").out.splitlines()
    assert header.split(",") == [*FIELDS, "ring", *ABOUT]
    assert values.split(",") == [*map(str, EXPECTED.values()), "ring.bin", *map(str, ABOUT.values())]
    assert cli("snapshot", "ring.bin", "--format", "jsonl").lines()[0]["total_requeues"] == 8


def test_several_rings_and_their_sum(cli: Cli, ring: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "two.bin", slot(state=1, age_ticks=50))
    record = cli("snapshot", "ring.bin", "two.bin", "--json").json()
    assert [one["ring"] for one in record["rings"]] == ["ring.bin", "two.bin"]
    assert {name: record["rings"][0][name] for name in FIELDS} == EXPECTED
    total = {**EXPECTED, "ready_count": 4, "schedulable_count": 6, "max_priority_age": 50}
    assert record["sum"] == {**total, **ABOUT, "slots": 13}
    assert record["rings"][1]["slots"] == 1
    assert len(cli("snapshot", "ring.bin", "two.bin", "--format", "csv").out.splitlines()) == 3


def test_standard_input_and_windows(cli: Cli, ring: Path) -> None:
    whole = cli("snapshot", "ring.bin", "--json").out
    whole = whole.replace('"ring.bin"', '"-"')
    assert cli("snapshot", "-", "--json", stdin=ring.read_bytes()).out == whole
    record = cli("snapshot", "ring.bin", "--offset", "64", "--count", "0x2", "--json").json()
    assert record["ready_count"] == 2
    assert cli("snapshot", "-", "--offset", "3", "--json", stdin=b"abc" + ring.read_bytes()).out == whole


def test_an_empty_ring_is_valid(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "none.bin")
    assert set(cli("snapshot", "none.bin", "--json").json().values()) == {"vyrectl.snapshot/1", "none.bin", 0}


def test_unknown_states_are_refused_by_slot(cli: Cli, odd: Path) -> None:
    result = cli("snapshot", "odd.bin", "--json")
    assert (result.code, result.out) == (3, "")
    error = result.error()
    assert (error["error"], error["state"], error["slot"]) == ("unknown_state", 99, 1)
    assert error["where"] == "odd.bin"
    assert "unknown(99)" in error["message"]


def test_lenient_counts_them_apart(cli: Cli, odd: Path, ring: Path) -> None:
    record = cli("snapshot", "odd.bin", "--lenient", "--json").json()
    assert (record["ready_count"], record["unknown_count"]) == (1, 1)
    assert record["total_requeues"] == 0xFFFF_FFFF
    both = cli("snapshot", "odd.bin", "ring.bin", "--lenient", "--json").json()
    assert both["sum"]["unknown_count"] == 1


def test_cross_tables_add_up(cli: Cli, ring: Path) -> None:
    by = cli("snapshot", "ring.bin", "--by", "state,priority,tenant,op", "--json").json()["by"]
    assert list(by) == ["state", "priority", "tenant", "op"]
    for name, table in by.items():
        slots = len(MIXED) if name == "state" else len(MIXED) - 1
        assert sum(group["slots"] for group in table["groups"]) == table["total"]["slots"] == slots
        assert abs(sum(group["share"] for group in table["groups"]) - 1) < 1e-4
        for group in [*table["groups"], table["total"]]:
            counts = [count for key, count in group.items() if key.endswith("_count")]
            assert sum(counts) == group["slots"]
    priorities = {group["name"]: group["slots"] for group in by["priority"]["groups"]}
    assert priorities == {"Critical": 1, "High": 1, "Normal": 5, "Low": 2, "Idle": 1, "unknown(99)": 1}
    tenants = {group["value"]: group["paused_count"] for group in by["tenant"]["groups"]}
    assert tenants == {0: 1, 3: 1}


@pytest.mark.parametrize("many", [False, True])
def test_faults_and_flags_are_counted_by_name(cli: Cli, tmp_path: Path, many: bool) -> None:
    slots = np.zeros(6000 if many else 8, SLOT_DTYPE)
    slots["state"][:6] = 1, 7, 7, 7, 3, 0
    slots["continuation_data"][:5] = 9, 0xFFFF_FF02, 33, 33, 0xFFFF_FF02
    slots["flags"][:6] = 4, 0, 2, 2, 2, 8
    Ring.from_slots(slots).save(tmp_path / "f.bin")
    by = cli("snapshot", "f.bin", "--by", "fault_code,flag_names", "--json").json()["by"]
    faults = [(row["value"], row["name"], row["slots"]) for row in by["fault_name"]["groups"]]
    assert faults == [(33, "user(33)", 2), (0xFFFF_FF02, "bad_handle", 1), (None, "none", 2)]
    assert {row["name"]: row["slots"] for row in by["flags"]["groups"]} == {
        "-": 1,
        "YIELDED": 3,
        "REQUEUE_REQUESTED": 1,
    }
    assert "user(33)" in cli("snapshot", "f.bin", "--by", "fault_name").out
    drawn = cli("map", "f.bin", "--by", "fault-code", "--slots", "0-7", "--json").json()
    assert [(kind["name"], kind["least"], kind["slots"]) for kind in drawn["kinds"]][:3] == [
        ("user(33)", 33, 2),
        ("bad_handle", 0xFFFF_FF02, 1),
        ("none", None, 2),
    ]
    assert cli("map", "f.bin", "--by", "flags", "--slots", "0-7").code == 0


def test_cross_tables_count_unknown_states(cli: Cli, odd: Path) -> None:
    by = cli("snapshot", "odd.bin", "--by", "op", "--lenient", "--json").json()["by"]
    assert by["op"]["total"]["unknown_count"] == 1


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("nothing.bin",), 1, "nothing.bin"),
        (("short.bin",), 3, "63 bytes are left over"),
        (("ring.bin", "--by", "age"), 2, "group"),
        (("ring.bin", "--by", "tennant"), 2, "tenant"),
        (("ring.bin", "--offset", "900"), 3, "past the end"),
        (("ring.bin", "--count", "13"), 3, "13 slots"),
        (("ring.bin", "--offset", "x"), 2, "--offset"),
        (("ring.bin", "--format", "xml"), 2, "format"),
        (("ring.bin", "--color", "pink"), 2, "color"),
        (("ring.bin", "--nope"), 2, "--nope"),
        ((), 2, "RING"),
    ],
)
def test_errors_have_their_exit_code(
    cli: Cli, ring: Path, tmp_path: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "short.bin").write_bytes(bytes(127))
    result = cli("snapshot", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_a_folder_is_no_ring(cli: Cli, tmp_path: Path) -> None:
    assert cli("snapshot", str(tmp_path)).code == 1


@pytest.mark.parametrize("vector", list(load("snapshots"))[::9], ids=lambda vector: str(vector["i"]))
def test_snapshots_equal_the_runtime(cli: Cli, vector: dict[str, object]) -> None:
    slots = vector["slots"]
    assert isinstance(slots, list)
    result = cli("snapshot", "-", "--json", stdin=bytes.fromhex("".join(slots)))
    if "err" in vector:
        expected = vector["err"]
        assert isinstance(expected, dict)
        assert result.code == 3
        assert result.error()["state"] == expected["state_word"]
        assert result.error()["slot"] == expected["first_bad_slot"]
        return
    wanted = vector["ok"]
    assert isinstance(wanted, dict)
    wanted["continuation_pressure"] = wanted.pop("continuation_pressure_count")
    assert {name: result.json()[name] for name in FIELDS} == {name: int(wanted[name]) for name in FIELDS}

"""`transition`: lifecycle actions on chosen slots, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, words_at
from tests.support.rings import slot, write_ring
from tests.vectors import load
from vyrectl.sidecar.hold import hold

OPTIONS = {
    "continuation_pc": "--pc",
    "continuation_data": "--data",
    "resume_epoch": "--epoch",
    "priority": "--priority",
    "fault_code": "--code",
}
ORIGINAL = b"".join(MIXED)


def test_chosen_slots_change_and_no_others(cli: Cli, ring: Path) -> None:
    result = cli("transition", "ring.bin", "pause", "1-2,11", "--epoch", "9")
    assert result.code == 0, result.err
    assert "pause: 3 of 12 slots" in result.err
    assert "3 slots changed" in result.out
    after = ring.read_bytes()
    for number in range(12):
        window = slice(number * 64, number * 64 + 64)
        assert (after[window] == ORIGINAL[window]) == (number not in (1, 2, 11))
    assert words_at(ring, 11) == {
        **dict.fromkeys(words_at(ring, 11), 0),
        "state": 4,
        "priority": 99,
        "task_id": 111,
        "parent_task_id": 101,
        "resume_epoch": 9,
        "flags": 7,
    }


def test_words_that_are_not_given_are_kept(cli: Cli, ring: Path) -> None:
    assert cli("transition", "ring.bin", "requeue", "3,8", "--data", "5").code == 0
    third, eighth = words_at(ring, 3), words_at(ring, 8)
    assert [third[name] for name in ("continuation_pc", "continuation_data", "priority")] == [4096, 5, 1]
    assert [eighth[name] for name in ("continuation_pc", "continuation_data", "priority")] == [0, 5, 4]
    assert (eighth["requeue_count"], eighth["age_ticks"]) == (4, 4)


def test_names_are_words_here_too(cli: Cli, ring: Path) -> None:
    assert cli("transition", "ring.bin", "fault", "1", "--code", "bad_handle").code == 0
    assert words_at(ring, 1)["continuation_data"] == 0xFFFF_FF02
    assert cli("transition", "ring.bin", "pause", "2", "--epoch", "never").code == 0
    assert words_at(ring, 2)["resume_epoch"] == 0xFFFF_FFFF
    assert cli("transition", "ring.bin", "requeue", "2", "--priority", "low").code == 0
    assert words_at(ring, 2)["priority"] == 3


def test_one_that_may_not_stops_all(cli: Cli, ring: Path) -> None:
    result = cli("transition", "ring.bin", "complete", "--all", "--json")
    assert (result.code, result.out) == (4, "")
    error = result.error()
    assert (error["error"], error["slot"], error["state_name"]) == ("illegal_transition", 0, "Empty")
    assert error["where"] == "ring.bin, slot 0"
    assert ring.read_bytes() == ORIGINAL
    late = cli("transition", "ring.bin", "complete", "--where", "slot > 4")
    assert (late.code, "ring.bin, slot 9" in late.err, "Faulted" in late.err) == (4, True, True)
    assert ring.read_bytes() == ORIGINAL


def test_a_full_counter_stops_all(cli: Cli, tmp_path: Path) -> None:
    full = write_ring(tmp_path / "full.bin", slot(state=1), slot(state=1, yield_count=0xFFFF_FFFF))
    before = full.read_bytes()
    result = cli("transition", "full.bin", "yield", "--all", "--json")
    assert result.code == 4
    assert (result.error()["counter"], result.error()["slot"]) == ("yield_count", 1)
    assert full.read_bytes() == before


def test_a_dry_run_lists_and_writes_nothing(cli: Cli, ring: Path, tmp_path: Path) -> None:
    Path(f"{ring}.lock").unlink()
    result = cli("transition", "ring.bin", "resume", "--where", "state == paused", "--dry-run", "--json")
    record = result.json()
    assert (record["selected"], record["slots_changed"], record["dry_run"]) == (2, 2, True)
    assert record["words_changed"] == {"state": 2, "flags": 2}
    assert record["changes"] == [
        {"slot": 5, "field": "state", "old": 4, "new": 1},
        {"slot": 5, "field": "flags", "old": 1, "new": 8},
        {"slot": 6, "field": "state", "old": 4, "new": 1},
        {"slot": 6, "field": "flags", "old": 9, "new": 8},
    ]
    assert ring.read_bytes() == ORIGINAL
    assert [path.name for path in tmp_path.iterdir()] == ["ring.bin"]
    limited = cli("transition", "ring.bin", "resume", "5-6", "--dry-run", "--limit", "1")
    assert "1 of 4 changed words listed" in limited.err


def test_a_dry_run_finds_the_same_errors(cli: Cli, ring: Path) -> None:
    assert cli("transition", "ring.bin", "resume", "1", "--dry-run").code == 4


def test_backup_keeps_the_old_ring(cli: Cli, ring: Path, tmp_path: Path) -> None:
    record = cli("transition", "ring.bin", "resume", "5", "--backup", "--json").json()
    assert record["backup"] == "ring.bin.bak"
    assert (tmp_path / "ring.bin.bak").read_bytes() == ORIGINAL
    assert ring.read_bytes() != ORIGINAL


def test_nothing_matching_changes_nothing(cli: Cli, ring: Path) -> None:
    result = cli("transition", "ring.bin", "complete", "--where", "age > 1000")
    assert (result.code, "0 of 12 slots" in result.err) == (0, True)
    assert ": 0 slots changed" in result.out
    assert ring.read_bytes() == ORIGINAL


def test_a_held_ring_is_left_alone(cli: Cli, ring: Path) -> None:
    with hold(ring, role="launch"):
        result = cli("transition", "ring.bin", "resume", "5", "--json")
    assert (result.code, result.error()["error"]) == (1, "ring_held")
    assert "(launch)" in result.error()["message"]
    assert ring.read_bytes() == ORIGINAL


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("pause", "1"), 2, "--epoch"),
        (("fault", "1"), 2, "--code"),
        (("resume", "5", "--pc", "1"), 2, "takes no --pc"),
        (("complete", "1", "--epoch", "1"), 2, "takes no --epoch"),
        (("yield", "1", "--priority", "low"), 2, "takes no --priority"),
        (("paus", "1"), 2, "pause"),
        (("yield",), 2, "no slots were chosen"),
        (("yield", "1", "--all"), 2, "--all"),
        (("yield", "12"), 2, "12"),
        (("yield", "--where", "state =="), 2, "--where"),
        (("yield", "1", "--pc", "4294967296"), 2, "continuation_pc"),
        (("requeue", "1", "--priority", "urgent"), 2, "urgent"),
        (("fault", "1", "--code", "bad_handl"), 2, "bad_handle"),
        (("fault", "1", "--code", "-1"), 2, "-1"),
    ],
)
def test_bad_usage_writes_nothing(cli: Cli, ring: Path, args: tuple[str, ...], code: int, words: str) -> None:
    result = cli("transition", "ring.bin", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert ring.read_bytes() == ORIGINAL


def test_rings_that_are_none(cli: Cli, tmp_path: Path) -> None:
    assert cli("transition", "nothing.bin", "resume", "0").code == 1
    assert cli("transition", "-", "resume", "0").code == 2
    (tmp_path / "short.bin").write_bytes(bytes(65))
    assert cli("transition", "short.bin", "resume", "0").code == 3
    assert (tmp_path / "short.bin").read_bytes() == bytes(65)


def _options(arguments: dict[str, int]) -> list[str]:
    return [text for name, value in arguments.items() for text in (OPTIONS[name], str(value))]


@pytest.mark.parametrize("vector", list(load("transitions"))[::31], ids=lambda vector: str(vector["i"]))
def test_transitions_equal_the_runtime(cli: Cli, tmp_path: Path, vector: dict[str, Any]) -> None:
    before, guard = bytes.fromhex(vector["slot"]), slot(state=7, task_id=5)
    path = write_ring(tmp_path / "ring.bin", guard, before, guard)
    result = cli("transition", "ring.bin", vector["action"], "1", *_options(vector["args"]), "--json")
    if "ok" in vector:
        assert result.code == 0, result.err
        assert path.read_bytes() == guard + bytes.fromhex(vector["ok"]) + guard
        return
    assert result.code == 4
    assert path.read_bytes() == guard + before + guard
    expected, error = vector["err"], result.error()
    assert error["error"] == expected["kind"]
    assert error.get("state_name") == expected.get("state")
    assert error.get("counter") == expected.get("counter")

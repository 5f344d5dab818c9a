"""`vyrectl check`: findings as a table and as records, exit codes, the documentation of findings."""

from __future__ import annotations

import csv
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import ODD
from tests.support.rings import slot, write_ring
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.sidecar.hold import hold

BROKEN = (slot(state=1, task_id=1), slot(state=4, task_id=2, resume_epoch=9), slot(state=1, priority=7))


def test_the_table(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *BROKEN)
    result = cli("check", "ring.bin")
    assert result.code == 3
    assert result.err == ""
    assert result.out == (
        "ring.bin: 3 slots, 1 error, 1 note\n"
        "error  paused-without-flag  1 slot: Paused without the flag PAUSED\n"
        "                            at slot 1\n"
        "                            fix: Pausing again until the same epoch sets it\n"
        "  vyrectl transition ring.bin pause --epoch 9 1 --backup\n"
        "note   unknown-priority     1 slot: a priority outside spec 1.4\n"
        "                            at slot 2\n"
        "                            fix:\n"
        "  vyrectl set ring.bin priority=normal 2 --backup\n"
    )


def test_faulted_tasks_are_noted_with_the_repair(cli: Cli, tmp_path: Path) -> None:
    write_ring(
        tmp_path / "ring.bin", slot(state=7, task_id=1, continuation_data=77), slot(state=1, task_id=2)
    )
    result = cli("check", "ring.bin", "--json")
    finding = result.json()["findings"][0]
    assert (result.code, finding["name"], finding["severity"], finding["slots"]) == (
        0,
        "faulted",
        "note",
        [0],
    )
    assert finding["remedy"] == "vyrectl repair ring.bin 0 --backup"
    assert cli(*finding["remedy"].split()[1:]).code == 0
    assert cli("check", "ring.bin", "--json").json()["findings"] == []


@pytest.mark.parametrize(
    ("slots", "plain", "strict"),
    [
        ((slot(state=1, task_id=1),), 0, 0),
        ((slot(state=1, task_id=1, priority=7),), 0, 0),
        ((slot(state=1, task_id=1, age_ticks=2**32 - 5),), 0, 3),
        (BROKEN, 3, 3),
    ],
    ids=["sound", "note", "warning", "error"],
)
def test_strict_fails_on_warnings_too(
    cli: Cli, tmp_path: Path, slots: tuple[bytes, ...], plain: int, strict: int
) -> None:
    write_ring(tmp_path / "ring.bin", *slots)
    assert cli("check", "ring.bin").code == plain
    assert cli("check", "ring.bin", "--strict").code == strict


def test_a_sound_ring(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", slot(state=1))
    assert (result := cli("check", "ring.bin")).code == 0
    assert result.out == "ring.bin: 1 slot, nothing found\n"


def test_json(cli: Cli, odd: Path) -> None:
    result = cli("check", str(odd), "--json")
    record = result.json()
    assert result.code == 3
    findings = record.pop("findings")
    assert record == {
        "schema": "vyrectl.check/1",
        "ring": str(odd),
        "size_bytes": 192,
        "slots": 3,
        "left_over_bytes": 0,
        "sound": False,
        "errors": 1,
        "warnings": 1,
        "notes": 0,
        "ignored": [],
        "abi": {"asked": "auto", "operations": []},
    }
    assert findings[0] == {
        "name": "unknown-state",
        "severity": "error",
        "count": 1,
        "slots": [1],
        "message": "1 slot: the state word is outside spec 1.3 (99)",
        "meaning": KINDS["unknown-state"].meaning,
        "remedy": f"Look at them: vyrectl inspect {odd} --where 'state > 7'",
        "command": f"vyrectl inspect {odd} --where 'state > 7'",
    }
    assert [one["name"] for one in findings] == ["unknown-state", "uncounted-turn"]


def test_lines_and_csv(cli: Cli, odd: Path) -> None:
    lines = cli("check", str(odd), "--format", "jsonl").lines()
    rows = list(csv.DictReader(cli("check", str(odd), "--format", "csv").out.splitlines()))
    assert [line["name"] for line in lines] == [row["name"] for row in rows]


def test_standard_input_and_a_window(cli: Cli) -> None:
    data = b"header--" + b"".join(ODD) + b"rest"
    record = cli("check", "-", "--offset", "8", "--count", "0x1", "--json", stdin=data).json()
    assert (record["ring"], record["slots"], record["findings"]) == ("-", 1, [])
    assert cli("check", "-", stdin=data).code == 3
    assert cli("check", "-", "--offset", "9999", stdin=data).code == 3


def test_ignored_findings(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *BROKEN)
    result = cli("check", "ring.bin", "--ignore", "paused-without-flag", "--ignore", "unknown-priority")
    assert result.code == 0
    assert result.out == "ring.bin: 3 slots, nothing found (ignored: paused-without-flag, unknown-priority)\n"


def test_a_held_ring(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", slot(state=2))
    assert "running-without-runner" in cli("check", "ring.bin").out
    with hold("ring.bin", role="launch"):
        result = cli("check", "ring.bin")
    assert result.code == 0
    assert "(launch)" in result.out


@pytest.mark.parametrize("name", KINDS)
def test_every_finding_is_explained(cli: Cli, name: str) -> None:
    shown = cli("check", "--explain", name)
    assert shown.code == 0
    for text in (name, KINDS[name].title, KINDS[name].meaning, KINDS[name].severity):
        assert text in shown.out


def test_all_explanations(cli: Cli) -> None:
    record = cli("check", "--explain", "all", "--json").json()
    assert record["schema"] == "vyrectl.check-explain/1"
    assert [kind["name"] for kind in record["kinds"]] == list(KINDS)


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        ((), 2, "no ring was named"),
        (("--explain", "stale"), 2, "unknown finding 'stale'"),
        (("ring.bin", "--ignore", "unknown-stat"), 2, "Did you mean 'unknown-state'?"),
        (("missing.bin",), 1, "no such file"),
        ((".",), 1, "directory"),
        (("ring.bin", "--count", "x"), 2, "no number"),
    ],
)
def test_errors(cli: Cli, tmp_path: Path, args: tuple[str, ...], code: int, text: str) -> None:
    write_ring(tmp_path / "ring.bin", slot(state=1))
    result = cli("check", *args)
    assert result.code == code
    assert text in result.err
    assert result.out == ""


def test_a_hostile_name_stays_text(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "\x1b[31m[red].bin", slot(state=4))
    out = cli("check", "\x1b[31m[red].bin").out
    assert "\x1b" not in out
    assert "[red].bin" in out


def test_a_narrow_terminal(terminal: Cli, odd: Path) -> None:
    out = terminal("check", odd.name, "--color", "never").out
    assert "unknown-state" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("  vyrectl ")) <= 80


def test_a_control_buffer_and_operations_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    mine = 'VYRE_OP(0x20000, mine, "does nothing") { return vyre_done(); }\n'
    (tmp_path / "mine.cl").write_text(mine, encoding="utf-8")
    words = [0] * 160
    words[3], words[128], words[129:135] = 1, 4, [0, 1, 1, 2, 2, 2]
    (tmp_path / "control.bin").write_bytes(struct.pack("<160I", *words))
    user = slot(state=1, op_handle=0x20000, tenant_id=1)
    write_ring(tmp_path / "ring.bin", user, slot(state=4, priority=2, flags=1, resume_epoch=4))
    found = cli("check", "ring.bin", "--json").json()["findings"]
    assert [one["name"] for one in found] == ["undefined-op"]
    assert "--ops FILE.cl" in found[0]["remedy"]
    found = cli("check", "ring.bin", "--ops", "mine.cl", "--control", "control.bin", "--json").json()[
        "findings"
    ]
    assert [one["name"] for one in found] == ["due-epoch", "shut-out-tenant"]
    args = ("check", "ring.bin", "--ops", "mine.cl", "--control", "control.bin", "--epoch", "3", "--json")
    assert [one["name"] for one in cli(*args).json()["findings"]] == ["shut-out-tenant"]


def test_the_remedy_of_many_slots_selects_them(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *[slot(state=1, op_handle=0x9999, age_ticks=5)] * 9, slot(state=1))
    finding = cli("check", "ring.bin", "--json").json()["findings"][0]
    condition = finding["remedy"].split("--where '")[1].rstrip("'")
    assert cli("inspect", "ring.bin", "--where", condition, "--json").json()["matched"] == 9

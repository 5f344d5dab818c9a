"""`build`: rings from tables, from seeds, and of Empty slots."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn, words_at
from tests.support.rings import slot, write_ring

JSONL = b'{"op": "scale", "priority": "high", "param": 3}\n\n{"op_handle": 0, "state": "paused", "epoch": "never"}\n'
CSV = b"op,priority,state,flags\nscale,high,,paused|yielded\nnop,0x63,99,\n"


def test_json_lines_become_tasks(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_bytes(JSONL)
    record = cli("build", "ring.bin", "tasks.jsonl", "--json").json()
    assert record == {
        "schema": "vyrectl.build/1",
        "ring": "ring.bin",
        "slots": 2,
        "tasks": 2,
        "bytes": 128,
        "source": "table",
        "table": "tasks.jsonl",
        "seed": None,
        "states": {"Ready": 1, "Paused": 1},
        "dry_run": False,
        "backup": None,
    }
    first = slot(state=1, op_handle=0x1000, priority=1, param=3, task_id=1)
    assert (tmp_path / "ring.bin").read_bytes() == first + slot(
        state=4, priority=2, resume_epoch=0xFFFF_FFFF, task_id=2
    )


@pytest.mark.parametrize("args", [("tasks.csv",), ("--from", "tasks.csv"), ("-",), ("tasks.txt",)])
def test_csv_becomes_tasks_wherever_it_comes_from(cli: Cli, tmp_path: Path, args: tuple[str, ...]) -> None:
    for name in ("tasks.csv", "tasks.txt"):
        (tmp_path / name).write_bytes(CSV)
    result = cli("build", "ring.bin", *args, stdin=CSV)
    assert result.code == 0, result.err
    assert (words_at(tmp_path / "ring.bin", 0)["flags"], words_at(tmp_path / "ring.bin", 1)["state"]) == (
        3,
        99,
    )
    assert "unknown 1" in result.out


def test_the_format_can_be_said(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_bytes(JSONL)
    assert cli("build", "ring.bin", "tasks.csv").code == 3
    assert cli("build", "ring.bin", "tasks.csv", "--input-format", "jsonl").code == 0


def test_slots_pad_with_empty_ones(cli: Cli, tmp_path: Path) -> None:
    record = cli("build", "ring.bin", "-", "--slots", "5", "--json", stdin=JSONL).json()
    assert (record["slots"], record["tasks"], record["states"]["Empty"]) == (5, 2, 3)
    assert (tmp_path / "ring.bin").read_bytes()[128:] == bytes(192)
    few = cli("build", "few.bin", "-", "--slots", "1", stdin=JSONL)
    assert (few.code, "2 tasks" in few.err) == (3, True)
    assert not (tmp_path / "few.bin").exists()


def test_empty_rings(cli: Cli, tmp_path: Path) -> None:
    assert cli("build", "ring.bin", "--slots", "3", "--json").json()["states"] == {"Empty": 3}
    assert (tmp_path / "ring.bin").read_bytes() == bytes(192)
    assert cli("build", "none.bin", "--slots", "0").code == 0
    assert (tmp_path / "none.bin").read_bytes() == b""


def test_a_seed_makes_the_same_ring(cli: Cli, tmp_path: Path) -> None:
    assert cli("build", "a.bin", "--synthetic", "1000", "--seed", "7").code == 0
    record = cli("build", "b.bin", "--synthetic", "1000", "--seed", "7", "--json").json()
    assert (record["source"], record["seed"], record["slots"]) == ("synthetic", 7, 1000)
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()
    result = cli("build", "c.bin", "--synthetic", "1000")
    assert "seed 0" in result.out
    assert (tmp_path / "c.bin").read_bytes() != (tmp_path / "a.bin").read_bytes()
    counted = cli("snapshot", "a.bin", "--json").json()
    assert counted["ready_count"] == record["states"]["Ready"]


def test_a_mix_decides(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mix.json").write_text(json.dumps({"state": {"ready": 1}, "op": {"scale": 1}, "tenants": 1}))
    assert cli("build", "a.bin", "--synthetic", "50", "--mix", "mix.json").code == 0
    assert (
        cli("inspect", "a.bin", "--where", "state != ready or op != scale or tenant != 0", "--json").json()[
            "matched"
        ]
        == 0
    )
    (tmp_path / "mix.toml").write_text("[opp]\nnop = 1\n")
    wrong = cli("build", "b.bin", "--synthetic", "50", "--mix", "mix.toml")
    assert (wrong.code, "'op'" in wrong.err) == (3, True)
    assert cli("build", "b.bin", "--synthetic", "50", "--mix", "missing.toml").code == 1


def test_an_existing_file_stays(cli: Cli, tmp_path: Path) -> None:
    path = write_ring(tmp_path / "ring.bin", slot(state=3))
    for args in (("--slots", "2"), ("--synthetic", "9"), ("-",)):
        result = cli("build", "ring.bin", *args, stdin=JSONL)
        assert (result.code, "--force" in result.err) == (1, True)
        assert path.read_bytes() == slot(state=3)
    assert cli("build", "ring.bin", "--slots", "2", "--force").code == 0
    assert path.read_bytes() == bytes(128)
    again = cli("build", "ring.bin", "-", "--force", stdin=JSONL)
    assert again.code == 0
    assert "written, from standard input" in again.out
    assert len(path.read_bytes()) == 128


@pytest.mark.parametrize("args", [("--slots", "2"), ("--synthetic", "9"), ("-",)])
def test_the_old_ring_is_kept_when_asked_for(cli: Cli, tmp_path: Path, args: tuple[str, ...]) -> None:
    path = write_ring(tmp_path / "ring.bin", slot(state=3))
    checked = cli("build", "ring.bin", *args, "--force", "--backup", "--dry-run", "--json", stdin=JSONL)
    assert checked.json()["backup"] is None
    result = cli("build", "ring.bin", *args, "--force", "--backup", "--json", stdin=JSONL)
    assert result.json()["backup"] == "ring.bin.bak"
    assert (tmp_path / "ring.bin.bak").read_bytes() == slot(state=3)
    assert path.read_bytes() != slot(state=3)
    assert (
        "the old ring is ring.bin.bak"
        in cli("build", "ring.bin", *args, "--force", "--backup", stdin=JSONL).out
    )
    fresh = cli("build", "fresh.bin", *args, "--force", "--backup", "--json", stdin=JSONL)
    assert (fresh.json()["backup"], (tmp_path / "fresh.bin.bak").exists()) == (None, False)


def test_a_symlinks_old_ring_lies_beside_its_target(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write_ring(tmp_path / "real" / "ring.bin", slot(state=3))
    (tmp_path / "link.bin").symlink_to("real/ring.bin")
    kept = cli("build", "link.bin", "--slots", "2", "--force", "--backup", "--json").json()["backup"]
    assert kept == str(tmp_path.resolve() / "real" / "ring.bin.bak")
    assert Path(kept).read_bytes() == slot(state=3)


def test_a_bad_line_keeps_the_old_ring(cli: Cli, tmp_path: Path) -> None:
    path = write_ring(tmp_path / "ring.bin", slot(state=3))
    result = cli("build", "ring.bin", "-", "--force", stdin=b'{"op": "nop"}\n{"op": "nopp"}\n')
    assert (result.code, "line 2" in result.err, "'nop'" in result.err) == (3, True, True)
    assert path.read_bytes() == slot(state=3)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["ring.bin", "ring.bin.lock"]


def test_a_dry_run_checks_and_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    result = cli("build", "ring.bin", "-", "--dry-run", stdin=JSONL)
    assert (result.code, "would be written" in result.out) == (0, True)
    assert cli("build", "ring.bin", "-", "--dry-run", stdin=b"{}\n{").code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_ring_may_go_to_stdout() -> None:
    result = spawn("build", "-", "--from", "-", "--slots", "3", stdin=JSONL)
    assert result.returncode == 0
    assert len(result.stdout) == 192
    assert b"3 slots written" in result.stderr


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("ring.bin",), 2, "nothing to build from"),
        (("ring.bin", "--slots", "3", "--backup"), 2, "--backup is for --force"),
        (("ring.bin", "t.csv", "--synthetic", "3"), 2, "exclude"),
        (("ring.bin", "t.csv", "--from", "u.csv"), 2, "twice"),
        (("ring.bin", "--slots", "3", "--seed", "3"), 2, "--seed"),
        (("ring.bin", "--slots", "3", "--mix", "m"), 2, "--mix"),
        (("ring.bin", "--slots", "3", "--input-format", "csv"), 2, "--input-format"),
        (("ring.bin", "t.csv", "--input-format", "xml"), 2, "xml"),
        (("ring.bin", "--slots", "268435456"), 2, "--slots"),
        (("ring.bin", "--synthetic", "-1"), 2, "--synthetic"),
        (("-", "--slots", "3", "--json"), 2, "stdout"),
        (("ring.bin", "missing.csv"), 1, "missing.csv"),
        (("missing/ring.bin", "--slots", "3"), 1, "missing"),
        ((), 2, "RING"),
    ],
)
def test_errors_have_their_exit_code(
    cli: Cli, tmp_path: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    result = cli("build", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "spelt"),
    [
        (
            ("build", "cut ring.bin", "--from", "dump.bin", "--offset", "64", "--seed", "5", "--count=2"),
            "build 'cut ring.bin' --from dump.bin --offset 64 --count=2",
        ),
        (("build", "cut.bin", "--synthetic", "4", "--count", "2"), "build cut.bin --synthetic 4"),
        (("build", "cut.bin", "--slots", "4", "--offset", "64"), "build cut.bin --slots 4"),
    ],
)
def test_what_a_cut_does_not_go_with_is_answered_by_a_line_that_works(
    cli: Cli, tmp_path: Path, command: tuple[str, ...], spelt: str
) -> None:
    (tmp_path / "dump.bin").write_bytes(bytes(64) + slot(state=1, priority=2, task_id=1) * 3)
    result = cli(*command)
    assert (result.code, result.err.rstrip().endswith(f"rite: vyrectl {spelt}")) == (2, True)
    assert cli(*shlex.split(spelt)).code == 0

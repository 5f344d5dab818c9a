"""`set`: any word of any slots, with the care of `transition`."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, words_at
from tests.needs import needs_tool
from vyrectl.abi.slot import FIELD_NAMES

ORIGINAL = b"".join(MIXED)


def test_only_the_named_words_of_the_chosen_slots_change(cli: Cli, ring: Path) -> None:
    before = [words_at(ring, number) for number in range(12)]
    result = cli("set", "ring.bin", "priority=high", "flags=paused+0x10", "op=saxpy", "1,3-4", "--json")
    record = result.json()
    assert (record["schema"], record["selected"], record["total"]) == ("vyrectl.set/1", 3, 12)
    assert record["words_changed"] == {"op_handle": 2, "priority": 2, "flags": 3}
    for number in range(12):
        expected = dict(before[number])
        if number in (1, 3, 4):
            expected.update(priority=1, flags=0x11, op_handle=0x1003)
        assert words_at(ring, number) == expected


def test_every_word_can_be_set(cli: Cli, ring: Path) -> None:
    for value, name in enumerate(FIELD_NAMES, start=1):
        assert cli("set", "ring.bin", f"{name}={value}", "0").code == 0
    assert list(words_at(ring, 0).values()) == list(range(1, 17))


def test_the_order_of_words_and_slots_is_free(cli: Cli, ring: Path) -> None:
    assert cli("set", "ring.bin", "1-2", "age=7", "10").code == 0
    assert [words_at(ring, number)["age_ticks"] for number in (1, 2, 10, 3)] == [7, 7, 7, 0]


def test_a_condition_chooses(cli: Cli, ring: Path) -> None:
    result = cli("set", "ring.bin", "age_ticks=0", "--where", "age_ticks > 5")
    assert (result.code, "set: 2 of 12 slots" in result.err) == (0, True)
    assert max(words_at(ring, number)["age_ticks"] for number in range(12)) == 3


def test_the_lifecycle_is_not_asked(cli: Cli, ring: Path) -> None:
    assert cli("set", "ring.bin", "state=ready", "--all").code == 0
    assert cli("set", "ring.bin", "state=99", "0").code == 0
    assert words_at(ring, 0)["state"] == 99


def test_a_dry_run_shows_old_and_new(cli: Cli, ring: Path) -> None:
    result = cli("set", "ring.bin", "priority=low", "1,5", "--dry-run")
    assert "1 slot would change (priority)" in result.out
    assert result.out.splitlines()[-1].split() == ["1", "priority", "Normal", "->", "Low"]
    assert ring.read_bytes() == ORIGINAL


def test_permissions_links_and_backup_are_kept(cli: Cli, ring: Path, tmp_path: Path) -> None:
    ring.chmod(0o640)
    (tmp_path / "link.bin").symlink_to("ring.bin")
    assert cli("set", "link.bin", "age=1", "--all", "--backup").code == 0
    assert (tmp_path / "link.bin").is_symlink()
    assert stat.S_IMODE(ring.stat().st_mode) == 0o640
    assert (tmp_path / "ring.bin.bak").read_bytes() == ORIGINAL


@needs_tool("setpriv")
def test_a_read_only_folder_keeps_the_ring(ring: Path, tmp_path: Path) -> None:
    """The superuser is held to the permissions by losing the right to pass them over."""
    capability = "-dac_override,-dac_read_search"
    held = ["setpriv", f"--bounding-set={capability}", f"--inh-caps={capability}"]
    command = [sys.executable, "-m", "vyrectl", "set", "ring.bin", "age=1", "--all"]
    Path(f"{ring}.lock").unlink()
    tmp_path.chmod(0o500)
    try:
        done = subprocess.run(
            [*(held if os.geteuid() == 0 else []), *command], capture_output=True, text=True
        )
    finally:
        tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert ring.read_bytes() == ORIGINAL


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("priorty=high", "1"), "priority"),
        (("priority=urgent", "1"), "urgent"),
        (("state=reddy", "1"), "ready"),
        (("age=1", "age_ticks=2", "1"), "twice"),
        (("age=4294967296", "1"), "4294967295"),
        (("age=", "1"), "age_ticks"),
        (("=3", "1"), "field"),
        (("1",), "FIELD=VALUE"),
        (("age=1",), "no slots were chosen"),
        (("age=1", "99"), "99"),
        (("age=1", "3-1"), "backwards"),
        (("age=1", "1", "--all"), "--all"),
    ],
)
def test_bad_usage_writes_nothing(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("set", "ring.bin", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert ring.read_bytes() == ORIGINAL


@pytest.mark.parametrize(
    "command", [("set", "ring.bin", "param=1"), ("launch", "ring.bin", "--device", "reference")]
)
def test_a_condition_by_order_says_what_it_goes_by(cli: Cli, ring: Path, command: tuple[str, ...]) -> None:
    said = "note: priority > high goes by the numbers: critical 0, high 1, normal 2, low 3, idle 4"
    assert said in cli(*command, "--where", "priority > high and 2 > 1", "--dry-run").err
    assert "high > priority goes by" in cli(*command, "--where", "high > priority", "--dry-run").err
    assert "note:" not in cli(*command, "--where", "priority == high and age > 2", "--dry-run").err
    assert "note:" not in cli(*command, "--where", "priority > 1", "--dry-run").err

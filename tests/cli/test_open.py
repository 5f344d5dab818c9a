"""`vyrectl open`: every kind of file, a folder, standard input, and all-in-one files cut into their buffers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.support.rings import slot
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.protocol.control import encode_control
from vyrectl.protocol.lengths import empty_debug_log

UNPACKED = {"control": "control.bin", "ring": "ring.bin", "debug": "debug.bin", "io": "io.bin"}


@pytest.mark.parametrize("name", dumps.names())
def test_each_file_is_named_with_a_command(cli: Cli, name: str) -> None:
    record = cli("open", str(dumps.path(name)), "--json").json()
    (file,) = record["files"]
    assert file["reasons"]
    assert record["findings"] == []
    assert file["command"] is not None or file["kind"] == "text" or "was cut" in file["noun"]


@pytest.mark.parametrize("name", dumps.names("kernel-"))
def test_an_all_in_one_file_is_unpacked(cli: Cli, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "parts"
    result = cli("open", str(dumps.path(name)), "--unpack", str(folder))
    assert result.code == 0
    found = {kind: (folder / file).read_bytes() for kind, file in UNPACKED.items()}
    assert found == dumps.parts(name)


def test_the_command_for_its_ring_works(cli: Cli) -> None:
    file = cli("open", str(dumps.path("kernel-mixed.all.bin")), "--json").json()["files"][0]
    ring = next(part for part in file["parts"] if part["kind"] == "ring")
    assert ring["size_bytes"] == 64 * SLOT_BYTES
    result = cli(*ring["command"].split()[1:], "--json")
    assert result.code == 0


def test_nothing_is_replaced_without_force(cli: Cli, tmp_path: Path) -> None:
    kept = tmp_path / "io.bin"
    kept.write_text("mine")
    arguments = ("open", str(dumps.path("kernel-mixed.all.bin")), "--unpack", str(tmp_path))
    result = cli(*arguments)
    assert result.code == 1
    assert "io.bin" in result.err
    assert kept.read_text() == "mine"
    assert not (tmp_path / "ring.bin").exists()
    assert cli(*arguments, "--force").code == 0
    assert kept.stat().st_size == 2048
    assert (tmp_path / "io.bin.bak").read_text() == "mine"


def test_what_was_edited_since_it_was_unpacked_is_kept(cli: Cli, tmp_path: Path) -> None:
    arguments = ("open", str(dumps.path("kernel-mixed.all.bin")), "--unpack", str(tmp_path), "--force")
    ring = tmp_path / "ring.bin"
    assert [cli(*arguments).code for _ in range(2)] == [0, 0]
    assert not list(tmp_path.glob("*.bak*"))
    edited = ring.read_bytes()[::-1]
    ring.write_bytes(edited)
    result = cli(*arguments)
    assert (result.code, f"the old one is {ring}.bak" in result.err) == (0, True)
    assert (tmp_path / "ring.bin.bak").read_bytes() == edited
    assert [one.name for one in tmp_path.glob("*.bak*")] == ["ring.bin.bak"]


def test_a_file_is_not_unpacked_over_itself(cli: Cli, tmp_path: Path) -> None:
    whole = dumps.path("kernel-mixed.all.bin").read_bytes()
    (tmp_path / "ring.bin").write_bytes(whole)
    result = cli("open", "ring.bin", "--unpack", ".", "--force")
    assert result.code == 2, result.err
    assert [one.name for one in tmp_path.iterdir()] == ["ring.bin"]
    assert (tmp_path / "ring.bin").read_bytes() == whole


def test_one_buffer_is_not_unpacked(cli: Cli, tmp_path: Path) -> None:
    result = cli("open", str(dumps.path("io-0.bin")), "--unpack", str(tmp_path / "parts"))
    assert result.code == 3
    assert not (tmp_path / "parts").exists()


def test_slots_settle_what_the_bytes_do_not(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "all.bin"
    tasks = slot(state=1, op_handle=0x1000, priority=2) + bytes(63 * 64)
    path.write_bytes(encode_control(tenants=2, observables=0) + tasks + empty_debug_log(64) + bytes(2048))
    result = cli("open", str(path), "--slots", "96", "--json")
    sizes = {part["kind"]: part["size_bytes"] for part in result.json()["files"][0]["parts"]}
    assert sizes == {"control": 640, "ring": 96 * 64, "debug_log": 1028}
    assert cli("open", str(path), "--slots", "97").code == 3


def test_a_folder_with_vyrectls_own_files(cli: Cli, tmp_path: Path) -> None:
    task = slot(state=1, op_handle=0x1000, priority=2, task_id=1)
    (tmp_path / "ring.bin").write_bytes(task * 4)
    (tmp_path / "ring.bin.bak").write_bytes(task * 4)
    (tmp_path / "ring.bin.bak.1").write_bytes(task * 4)
    (tmp_path / "ring.bin.lock").write_text("pid 12 (launch)\n")
    (tmp_path / "yarn.lock").write_text("# yarn lockfile v1\n")
    (tmp_path / "out.npy.partial").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'shape': (3, 4), }")
    (tmp_path / "snap.json").write_text('{"schema": "vyrectl.snapshot/1"}')
    (tmp_path / "tasks.csv").write_text("task_id,op\n1,scale\n")
    (tmp_path / "x.bin.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    files = {Path(one["file"]).name: one for one in cli("open", str(tmp_path), "--json").json()["files"]}
    assert {name: one["kind"] for name, one in files.items()} == {
        "empty": "empty",
        "out.npy.partial": "array",
        "ring.bin": "ring",
        "ring.bin.bak": "ring",
        "ring.bin.bak.1": "ring",
        "ring.bin.lock": "text",
        "snap.json": "snapshot",
        "tasks.csv": "tasks",
        "x.bin.gz": "gzip",
        "yarn.lock": "text",
    }
    assert files["ring.bin.bak.1"]["role"] == "a backup"
    assert files["ring.bin.lock"]["role"] == "the lock beside a ring"
    assert files["yarn.lock"]["role"] is None
    assert files["out.npy.partial"]["summary"] == "<f4 of shape (3, 4)"


def test_the_buffers_of_a_folder_are_held_against_each_other(cli: Cli, tmp_path: Path) -> None:
    parts = dumps.parts("kernel-mixed.all.bin")
    for kind, name in UNPACKED.items():
        (tmp_path / name).write_bytes(parts[kind])
    assert cli("open", str(tmp_path), "--json").json()["findings"] == []
    control = bytearray(parts["control"])
    control[4:8] = (3).to_bytes(4, "little")
    (tmp_path / "control.bin").write_bytes(control)
    findings = cli("open", str(tmp_path), "--json").json()["findings"]
    assert [one["name"] for one in findings] == ["drained-uncounted"]


def test_standard_input(cli: Cli) -> None:
    shown = spawn("open", "-", stdin=dumps.data("io-0.bin")).stdout.decode()
    assert "next, once it is saved as ring.bin: vyrectl io ring.bin\n" in shown
    done = spawn("open", "-", "--json", stdin=dumps.data("io-0.bin"))
    assert done.returncode == 0
    assert b'"kind": "io_queue"' in done.stdout


def test_names_and_texts_reach_no_terminal_raw(terminal: Cli, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m.txt").write_text("x\x1b[31my")
    (tmp_path / "b.json").write_text('{"schema": "vyrectl.\x1b[31m/1"}')
    result = terminal("open", str(tmp_path), "--color", "never")
    assert "\x1b[31m" not in result.out + result.err
    for file in sorted(tmp_path.iterdir()):
        assert "\x1b[31m" not in terminal("open", str(file), "--color", "never").out


def test_a_missing_file(cli: Cli, tmp_path: Path) -> None:
    assert cli("open", str(tmp_path / "none")).code == 1
    assert cli("open", str(tmp_path), "--unpack", "x").code == 2
    assert cli("open", str(dumps.path("io-0.bin")), "--force").code == 2

"""The likeliest first commands on a dump of somebody else's: every byte of it is still to be had afterwards.

Also of a ring all of whose operations are the wire's own (`ring-packed-0`, `ring-builtins`): a launch runs what was
asked, as the runtime would, and the first one keeps the old file.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from tests.support.rings import slot

DUMPS = Path(__file__).parents[1] / "dumps" / "files"
MINE = 'VYRE_OP(0x20000, mine, "does nothing") { return vyre_done(); }\n'
USER = b"".join(
    (
        *(
            slot(state=1, op_handle=0x20000 + n, priority=2, task_id=n, continuation_data=77)
            for n in range(1, 60)
        ),
        slot(state=2, op_handle=0x20000, priority=1, task_id=60, continuation_pc=9, continuation_data=88),
        slot(state=7, op_handle=0x20001, priority=2, task_id=61, continuation_data=0xFFFF_FF03),
        slot(state=4, op_handle=0x20001, priority=2, task_id=62, resume_epoch=9, continuation_data=5),
    )
)
"""Tasks of operations that nothing here defines, in every state that a command may be tempted by."""
HEADER = b"DUMP" + bytes(range(1, 253)) * 17 + b"head" * 13

RINGS = (
    "ring-args-0.bin",
    "ring-lifecycle-1.bin",
    "ring-status-0.bin",
    "ring-tenant-0.bin",
    "ring-unknown-states.bin",
    "ring-windows-0.bin",
)
OTHERS = ("kernel-mixed.all.bin", "control-s0-t1-o0.bin", "io-0.bin", "log-2-cap16-n5.vrrl")
DUMPED = {
    **{name: (DUMPS / name).read_bytes() for name in (*RINGS, *OTHERS)},
    "user operations": USER,
    "a header before the ring": HEADER + USER,
    "a header of whole slots": HEADER[:4288] + USER,
    "a trailer after the ring": USER + b"trailer",
}

EDITS = {
    "set": ("set", "dump.bin", "priority=high", "--all"),
    "set one": ("set", "dump.bin", "param=7", "0"),
    "recover": ("recover", "dump.bin"),
    "repair": ("repair", "dump.bin", "--all"),
    "transition": ("transition", "dump.bin", "requeue", "--where", "state in (ready, running)"),
    "publish": ("publish", "dump.bin", "nop"),
    "encode": ("encode", "dump.bin", "--slot", "1", "op=nop"),
}
LAUNCHES = {
    "launch": ("launch", "dump.bin"),
    "launch with buffers": ("launch", "dump.bin", "--buffer", "1=zeros:uint32:16"),
    "launch with other operations": ("launch", "dump.bin", "--ops", "mine.cl"),
    "launch into another file": ("launch", "dump.bin", "--output", "new.bin"),
    "launch with a backup": ("launch", "dump.bin", "--backup"),
}
WIRE = ("ring-packed-0.bin", "ring-builtins.bin", "ring-automata-0.bin", "publish-after.bin")
ON_A_COPY = ("--device", "reference", "--max-steps", "50", "--quiet")


@pytest.fixture
def dump(tmp_path: Path, request: pytest.FixtureRequest) -> bytes:
    """Puts the dump of the test's parameter into the folder and gives its bytes."""
    content = DUMPED[request.param]
    (tmp_path / "dump.bin").write_bytes(content)
    (tmp_path / "mine.cl").write_text(MINE, encoding="utf-8")
    return content


def is_kept(folder: Path, content: bytes) -> bool:
    """Whether some file still holds every byte of the dump, in its place."""
    return any(one.read_bytes() == content for one in folder.iterdir())


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
@pytest.mark.parametrize("name", EDITS)
def test_two_edits_with_a_backup_each(cli: Cli, tmp_path: Path, dump: bytes, name: str) -> None:
    for _ in range(2):
        cli(*EDITS[name], "--backup")
        assert is_kept(tmp_path, dump)


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
@pytest.mark.parametrize("name", EDITS)
def test_a_first_edit_keeps_the_dump(cli: Cli, tmp_path: Path, dump: bytes, name: str) -> None:
    result = cli(*EDITS[name])
    assert is_kept(tmp_path, dump)
    if (tmp_path / "dump.bin").read_bytes() != dump:
        assert "the old ring is dump.bin.bak" in result.out


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_keeps_what_it_cannot_run(cli: Cli, tmp_path: Path, dump: bytes, name: str) -> None:
    cli(*LAUNCHES[name], *ON_A_COPY)
    assert is_kept(tmp_path, dump)


@pytest.mark.parametrize("name", WIRE)
@pytest.mark.parametrize(
    "extra",
    [("--fault-unknown",), ("--fault-unknown", "--no-in-place"), ("--ops", "mine.cl", "--fault-unknown")],
)
def test_the_first_launch_in_place_keeps_the_dump(
    cli: Cli, tmp_path: Path, name: str, extra: tuple[str, ...]
) -> None:
    content = dumps.data(name)
    (tmp_path / "dump.bin").write_bytes(content)
    (tmp_path / "mine.cl").write_text(MINE, encoding="utf-8")
    cli("launch", "dump.bin", "--control", "none.bin", "--device", "reference")
    cli("set", "dump.bin", "param=1", "99999")
    assert not (tmp_path / "dump.bin.bak").exists()
    device = () if "mine.cl" in extra else ("--device", "reference")
    for _ in range(2):
        launched = cli("launch", "dump.bin", *extra, *device, "--max-steps", "500")
        assert launched.code in (0, 6, 124), launched.err
        assert is_kept(tmp_path, content)
    assert not (tmp_path / "dump.bin.bak.1").exists()


CHANGES = {
    "set": ("set", "dump.bin", "param=1", "3"),
    "transition": ("transition", "dump.bin", "pause", "--epoch", "9", "--where", "state == ready"),
    "recover": ("recover", "dump.bin"),
    "repair": ("repair", "dump.bin", "--all"),
    "publish": ("publish", "dump.bin", "nop"),
    "launch": ("launch", "dump.bin", "--fault-unknown", "--device", "reference", "--max-steps", "9"),
}


HOLDER = """
import os, signal, sys
from vyrectl.sidecar.hold import hold
with hold(sys.argv[1], role="launch") as held:
    held.touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("made", ["written", "moved", "written after a kill"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_second_dump_in_the_same_place_is_kept_too(cli: Cli, tmp_path: Path, name: str, made: str) -> None:
    tasks = [slot(state=state, task_id=7, op_handle=0x90, age_ticks=1) for state in (0, 1, 2, 7)]
    first, second = b"".join(tasks), b"".join(tasks * 2)
    path = tmp_path / "dump.bin"
    path.write_bytes(first)
    cli("set", "dump.bin", "param=1", "2")
    if made == "written after a kill":
        subprocess.run([sys.executable, "-c", HOLDER, path], check=False)
    if made == "moved":
        (tmp_path / "new.bin").write_bytes(second)
        (tmp_path / "new.bin").replace(path)
    else:
        path.write_bytes(second)
    changed = cli(*CHANGES[name])
    assert path.read_bytes() != second, changed
    assert is_kept(tmp_path, second)
    assert is_kept(tmp_path, first)


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_dump_again_is_kept_once(cli: Cli, tmp_path: Path, name: str) -> None:
    """As of a script that copies one ring to work on it again and again."""
    dump = b"".join(slot(state=state, task_id=7, op_handle=0x90, age_ticks=1) for state in (0, 1, 2, 7))
    path = tmp_path / "dump.bin"
    for _ in range(3):
        path.write_bytes(dump)
        cli(*CHANGES[name])
        assert path.read_bytes() != dump
    kept = [one for one in tmp_path.iterdir() if ".bak" in one.name]
    assert [(one.name, one.read_bytes()) for one in kept] == [("dump.bin.bak", dump)]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_another_name_of_the_ring_is_no_backup(
    cli: Cli, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    dump = b"".join(slot(state=state, op_handle=0x90, task_id=7) for state in (1, 7))
    path, other = tmp_path / "dump.bin", tmp_path / "dump.bin.bak"
    path.write_bytes(dump)
    link(path, other)
    cli("set", "dump.bin", "param=1", "1")
    assert path.read_bytes() != dump
    assert (tmp_path / "dump.bin.bak.1").read_bytes() == dump


def test_a_ring_that_was_made_here_is_not_kept(cli: Cli, tmp_path: Path) -> None:
    assert cli("build", "ring.bin", "--synthetic", "20", "--slots", "40").code == 0
    assert cli("launch", "ring.bin", "--device", "reference").code == 0
    assert cli("launch", "ring.bin", "--device", "reference", "--output", "new.bin").code == 0
    assert cli("launch", "new.bin", "--device", "reference").code == 0
    assert not [one for one in tmp_path.iterdir() if ".bak" in one.name]


@pytest.mark.parametrize("device", [("--device", "reference"), ()])
def test_ids_that_are_said_not_to_be_ours_run_nothing_of_ours(
    cli: Cli, tmp_path: Path, device: tuple[str, ...]
) -> None:
    tasks = b"".join(slot(state=1, op_handle=op, task_id=op, priority=2) for op in (0x1005, 0x1005, 0))
    (tmp_path / "dump.bin").write_bytes(tasks)
    refused = cli("launch", "dump.bin", "--no-builtin-names", *device)
    assert refused.code == 3, refused.err
    assert "2 of operation 0x1005, which nothing defines" in refused.err
    assert (tmp_path / "dump.bin").read_bytes() == tasks
    forced = ("launch", "dump.bin", "--no-builtin-names", "--fault-unknown", "--json", *device)
    result = cli(*forced).json()
    assert (result["faulted"], result["done"]) == (2, 1)
    assert is_kept(tmp_path, tasks)


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
def test_the_advice_of_check(cli: Cli, tmp_path: Path, dump: bytes) -> None:
    findings = cli("check", "dump.bin", "--json").json()["findings"]
    commands = [one["command"] for one in findings if one["command"]]
    for command in commands:
        cli(*shlex.split(command)[1:])
        assert is_kept(tmp_path, dump), command

"""The likeliest first commands on a dump of somebody else's: every byte of it is still to be had afterwards.

A ring all of whose operations are the wire's own (`ring-packed-0`, `ring-builtins`) is not among those that are
launched in place: such a launch runs what was asked, as the runtime would.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import slot

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


@pytest.mark.parametrize(
    "dump", ["user operations", "a header before the ring", "ring-windows-0.bin"], indirect=True
)
@pytest.mark.parametrize("name", EDITS)
def test_a_first_edit_of_unknown_operations_keeps_the_dump(
    cli: Cli, tmp_path: Path, dump: bytes, name: str
) -> None:
    result = cli(*EDITS[name])
    assert is_kept(tmp_path, dump)
    if (tmp_path / "dump.bin").read_bytes() != dump:
        assert "the old ring is dump.bin.bak" in result.out


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
@pytest.mark.parametrize("name", LAUNCHES)
def test_a_launch_keeps_what_it_cannot_run(cli: Cli, tmp_path: Path, dump: bytes, name: str) -> None:
    cli(*LAUNCHES[name], *ON_A_COPY)
    assert is_kept(tmp_path, dump)


@pytest.mark.parametrize("dump", DUMPED, indirect=True)
def test_the_advice_of_check(cli: Cli, tmp_path: Path, dump: bytes) -> None:
    findings = cli("check", "dump.bin", "--json").json()["findings"]
    commands = [one["command"] for one in findings if one["command"]]
    for command in commands:
        cli(*shlex.split(command)[1:])
        assert is_kept(tmp_path, dump), command

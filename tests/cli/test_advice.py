"""Every advice of `check` is one line that works as it is printed, with the options that were given."""

from __future__ import annotations

import shlex
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import NEVER
from tests.support.rings import slot, write_ring
from vyrectl.cli.again import keeping, keeping_in, note_typed
from vyrectl.protocol.control import encode_control, write_control_words
from vyrectl.ring.findings.advice import EXAMPLES, fill_advice, split_advice
from vyrectl.ring.findings.kinds import KINDS

MENDS = {"transition", "set", "recover", "repair", "control", "build"}
"""Commands after which the finding is gone; the others show what was found."""

COUNTED = {"age_ticks": 1, "requeue_count": 1, "yield_count": 1}
CASES: dict[str, dict[str, int]] = {
    "unknown-state": {"state": 99},
    "running-unseen": {"state": 2},
    "waits-for-ever": {"state": 4, "flags": 1, "resume_epoch": NEVER},
    "due-epoch": {"state": 4, "flags": 1},
    "faulted": {"state": 7, "continuation_data": 77},
    "paused-without-flag": {"state": 4, "resume_epoch": 9},
    "paused-and-resume-ready": {"state": 4, "resume_epoch": 9, "flags": 9},
    "ready-with-stale-flag": {"state": 1, "flags": 1},
    "yielded-without-flag": {"state": 5, **COUNTED},
    "requeued-without-flag": {"state": 6, **COUNTED},
    "counter-at-end": {"state": 1, "yield_count": NEVER},
    "counter-near-end": {"state": 1, "requeue_count": NEVER - 1, "age_ticks": NEVER - 1},
    "uncounted-turn": {"state": 5, "flags": 2},
    "starving": {"state": 1, "age_ticks": 32},
    "stale-telemetry": {"state": 3, "requeue_count": 1, "age_ticks": 1},
    "own-parent": {"state": 1, "parent_task_id": 5},
    "orphaned-parent": {"state": 1, "parent_task_id": 99},
    "unknown-priority": {"state": 1, "priority": 7},
    "unrunnable-op": {"state": 1, "op_handle": 6},
    "undefined-op": {"state": 1, "op_handle": 0x30000},
    "foreign-window": {"state": 1, "op_handle": 0x4030_0005, "tenant_id": 4},
    "shut-out-tenant": {"state": 1, "tenant_id": 3},
    "tenant-without-mask": {"state": 1, "tenant_id": 40},
}
BESIDE = ("--ops", "mine.cl", "--control", "control.bin")
"""Given in every check; they have to come back in advice that needs them."""


@pytest.fixture
def beside(tmp_path: Path) -> None:
    """A control buffer that shuts tenant 3 out, and a source."""
    words = [0] * 168
    words[2:32] = [3, *[1] * 29]
    words[3 + 3] = 0
    (tmp_path / "control.bin").write_bytes(struct.pack("<168I", *words))
    text = 'VYRE_OP(0x20000, mine, "does nothing") { return vyre_done(); }\n'
    (tmp_path / "mine.cl").write_text(text, encoding="utf-8")


def found_by(cli: Cli, *args: str) -> dict[str, str | None]:
    """Names of findings and their commands."""
    findings = cli("check", *args, "--json").json()["findings"]
    return {one["name"]: one["command"] for one in findings}


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("many", [1, 12])
@pytest.mark.parametrize("name", CASES)
def test_the_advice_works_as_printed(cli: Cli, tmp_path: Path, name: str, many: int) -> None:
    """In a dump with a header and a blank in its name: by slot numbers, and by a condition where there are many."""
    tasks = [slot(**{"task_id": 5, **CASES[name]}) for _ in range(many)]
    plain = [slot(state=1, task_id=100 + number) for number in range(many)]
    content = b"header--" + b"".join([slot(state=1, op_handle=0x20000, task_id=7), *plain, *tasks]) + b"rest"
    (tmp_path / "my dump.bin").write_bytes(content)
    given = ("my dump.bin", "--offset", "8", "--count", str(1 + 2 * many), *BESIDE)
    command = found_by(cli, *given)[name]
    assert command is not None
    assert "\n" not in command
    words = shlex.split(command)
    assert words[0] == "vyrectl"
    if words[1] != "control":
        assert "--ops mine.cl" in command
        assert "--offset 8" in command
    result = cli(*words[1:])
    assert result.code == 0, (command, result.err)
    if words[1] in MENDS:
        assert name not in found_by(cli, *given), command


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("left-over-bytes", slot(state=1, task_id=1) * 3 + b"abc"),
        ("empty-ring", b""),
        ("not-a-ring", b"name,value\n1,2\n"),
        ("not-a-ring", b"\xa5" * 4096 + slot(state=1, task_id=1) * 30),
    ],
)
def test_advice_about_files(cli: Cli, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "a b.bin").write_bytes(content)
    command = found_by(cli, "a b.bin")[name]
    assert command is not None
    assert cli(*shlex.split(command)[1:]).code == 0, command
    if name == "left-over-bytes":
        assert found_by(cli, "a b.bin.ring") == {
            "duplicate-task-id": "vyrectl inspect 'a b.bin.ring' --sort task_id"
        }


BUFFERS = ("--control", "my control", "--debug-log", "my log", "--io-queue", "my queue")
LEFT = {
    "starvation-guard",
    "printf-elsewhere",
    "io-record-wrong",
    "io-request-failed",
}


def test_advice_about_the_buffers_beside_a_ring(cli: Cli) -> None:
    """Each is about a file of its own, whose name needs quotes."""
    Path("ring.bin").write_bytes(slot(state=1, task_id=3, priority=0) + slot(state=0) * 19)
    control = bytearray(encode_control(tenants=2, observables=8, slots=20))
    write_control_words(control, {135: 16})
    Path("my control").write_bytes(control)
    Path("my log").write_bytes(struct.pack("<I4I", 4, 1, 0, 0, 16 * 99) + bytes(63 * 16))
    Path("my queue").write_bytes(
        struct.pack("<16I", 1, 2, 3, 0, 0, 64, 0x11, 7, 77, 2, 3, 0, 0, 64, 1, 7) + bytes(62 * 32)
    )
    found = found_by(cli, "ring.bin", *BUFFERS)
    assert found.keys() == LEFT
    for command in found.values():
        assert command is not None
        assert cli(*shlex.split(command)[1:]).code == 0, command
    assert found_by(cli, "ring.bin", *BUFFERS).keys() == LEFT - {"starvation-guard"}


def test_advice_for_more_slots_than_can_be_numbered(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.ring.check.MAX_SLOTS", 4)
    Path("a b.bin").write_bytes(b"".join(slot(state=1, task_id=number) for number in range(6)))
    command = found_by(cli, "a b.bin")["too-many-slots"]
    assert command == "vyrectl check 'a b.bin' --count 4"
    assert cli(*shlex.split(command)[1:]).code == 0


@pytest.mark.parametrize("forced", [(), ("--force",)])
def test_what_lowers_a_counter_keeps_where_the_ring_lies(
    cli: Cli, tmp_path: Path, forced: tuple[str, ...]
) -> None:
    tasks = [slot(state=1, task_id=number, yield_count=NEVER * (number in (3, 5))) for number in range(8)]
    (tmp_path / "my dump.bin").write_bytes(b"head" * 2 + b"".join(tasks) + b"rest")
    window = ("--offset", "8", "--count=8", "--op-names=names.json", *forced)
    Path("names.json").write_text('{"0x30000": "theirs"}')
    for number in (3, 5):
        refused = cli("transition", "my dump.bin", "yield", "0-7", *window)
        assert refused.code == 4
        run = refused.err.splitlines()[-1]
        assert run.startswith("  run: vyrectl set 'my dump.bin' yield_count=0 ")
        words = shlex.split(run.partition("run: ")[2])
        assert {str(number), "--offset", "--count", "--op-names", "--backup", *forced} <= {*words}
        assert cli(*words[1:]).code == 0
    assert cli("transition", "my dump.bin", "yield", "0-7", *window).code == 0


def test_a_ring_from_a_pipe_is_saved_first(cli: Cli) -> None:
    data = slot(state=1, priority=7)
    finding = cli("check", "-", "--json", stdin=data).json()["findings"][0]
    assert (
        finding["remedy"]
        == "Save the bytes as ring.bin, then: vyrectl set ring.bin priority=normal 0 --backup"
    )


def test_a_command_is_a_line_of_its_own_on_a_narrow_terminal(terminal: Cli, tmp_path: Path) -> None:
    name = f"{'long-' * 20}name.bin"
    write_ring(tmp_path / name, *[slot(state=4, resume_epoch=9, task_id=number) for number in range(1, 30)])
    lines = terminal("check", name, "--color", "never").out.splitlines()
    commands = [line for line in lines if "vyrectl" in line]
    assert len(commands) == 1
    assert shlex.split(commands[0])[:4] == ["vyrectl", "transition", name, "pause"]
    assert commands[0].endswith("' --backup")


@pytest.mark.parametrize("name", KINDS)
def test_an_advice_ends_with_its_command(name: str) -> None:
    words, command = split_advice(fill_advice(KINDS[name].remedy, EXAMPLES))
    assert "vyrectl" not in words
    assert command is None or (shlex.split(command)[0] == "vyrectl" and "{" not in command)


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("vyrectl control c.bin", ""),
        ("vyrectl control c.bin epoch=3", " --backup"),
        ("vyrectl control r.bin.live shutdown=1", ""),
        ("vyrectl set r.bin param=1 0", " --backup"),
    ],
)
def test_a_copy_is_advised_where_a_file_is_replaced(command: str, kept: str) -> None:
    assert keeping(command) == command + kept


@pytest.mark.parametrize(
    ("advice", "wanted"),
    [
        (
            "Put its tasks back with: vyrectl recover r.bin",
            "Put its tasks back with: vyrectl recover r.bin --ops 'm y.cl' --backup",
        ),
        (
            "Look: vyrectl inspect 'a;b.bin'; or wait",
            "Look: vyrectl inspect 'a;b.bin' --ops 'm y.cl'; or wait",
        ),
        ("Make one: vyrectl control --new c && vyrectl launch r.bin", None),
        ("Ask: vyrectl open it's", None),
        ("The form is: vyrectl launch [OPTIONS] RING", None),
        ("Write for example 0-15,20", None),
    ],
)
def test_what_an_error_advises_has_the_options_that_were_given(advice: str, wanted: str | None) -> None:
    note_typed(["launch", "r.bin", "--ops", "m y.cl", "--timeout", "3"])
    assert keeping_in(advice) == (wanted or advice)


def test_what_is_left_over_stays_where_check_advises_recover(cli: Cli, tmp_path: Path) -> None:
    rest = b"tail"
    (tmp_path / "r.bin").write_bytes(slot(state=2, task_id=1) + slot(state=1, task_id=2) + rest)
    findings = cli("check", "r.bin", "--json").json()["findings"]
    [command] = [one["command"] for one in findings if one["command"] and " recover " in one["command"]]
    assert cli(*shlex.split(command)[1:]).code == 0
    assert (tmp_path / "r.bin").read_bytes().endswith(rest)
    assert cli("inspect", "r.bin", "--count", "2", "--columns", "state", "--format", "csv").out.split() == [
        "state",
        "6",
        "1",
    ]

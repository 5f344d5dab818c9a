"""What tables look like, word for word: through a pipe, on terminals of 80 and 200 columns, without UTF-8.

`UPDATE_GOLDEN=1 pytest tests/cli/test_golden.py` writes the expected texts anew.
"""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.sidecar.watched import died_over
from tests.support.rings import slot
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.protocol.control import encode_control, write_control_words
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue
from vyrectl.protocol.replay import Evidence, FailureClass, ReplayRecord
from vyrectl.ring.replay_log import ReplayLog

FOLDER = Path(__file__).parent.parent / "golden"

PACKED = slot(state=1, op_handle=0x8000_0001, input_handle=0x0001_0802, output_handle=0x0800).hex()

NO_COLOUR_STYLE = re.compile(r"\x1b\[(?:0|[127](?:;[127])*)m")
"""Bold, dim and reverse, which NO_COLOR does not forbid."""

CASES: dict[str, tuple[str, ...]] = {
    "help": ("help",),
    "worker": ("worker", "tls://head:8786", "--device", "0:0", "--dask-security", "ca.pem,c.pem,k.pem"),
    "encode": ("encode", "--op", "scale", "--param", "3", "--task-id", "7"),
    "decode": ("decode", "ring.bin", "--offset", "320", "--count", "1"),
    "decode-several": ("decode", "odd.bin", "--count", "2"),
    "inspect": ("inspect", "ring.bin"),
    "inspect-where": ("inspect", "ring.bin", "--where", "state in (paused, faulted)", "--sort", "-task_id"),
    "inspect-columns": (
        "inspect",
        "ring.bin",
        "--columns",
        "slot,state,op,flags,flag_names",
        "--slots",
        "5-9",
    ),
    "inspect-slot": ("inspect", "ring.bin", "--slot", "6"),
    "inspect-tree": ("inspect", "ring.bin", "--tree", "--where", "state == ready"),
    "inspect-group": ("inspect", "ring.bin", "--group", "state,tenant"),
    "inspect-parent": ("inspect", "ring.bin", "--slot", "1"),
    "inspect-unknown": ("inspect", "odd.bin"),
    "snapshot": ("snapshot", "ring.bin"),
    "snapshot-by": ("snapshot", "ring.bin", "--by", "state,priority,tenant,op"),
    "snapshot-several": ("snapshot", "ring.bin", "odd.bin", "--lenient"),
    "snapshot-unknown": ("snapshot", "odd.bin"),
    "map": ("map", "ring.bin", "--width", "8"),
    "map-runs": ("map", "ring.bin", "--by", "age", "--width", "4", "--height", "1"),
    "diff": ("diff", "ring.bin", "odd.bin"),
    "diff-equal": ("diff", "odd.bin", "odd.bin"),
    "transition": ("transition", "ring.bin", "pause", "1-2", "--epoch", "9"),
    "transition-dry-run": ("transition", "ring.bin", "resume", "--where", "state == paused", "--dry-run"),
    "transition-illegal": ("transition", "ring.bin", "complete", "8-9"),
    "set": ("set", "ring.bin", "priority=high", "flags=paused", "1,3-4"),
    "set-dry-run": ("set", "ring.bin", "priority=high", "flags=paused", "1,3-4", "--dry-run"),
    "set-unknown": ("set", "ring.bin", "priorty=high", "1"),
    "publish-dry-run": (
        "publish",
        "ring.bin",
        "store_u32:5,180,0",
        "nop",
        "--packed",
        "--slot",
        "0",
        "--dry-run",
    ),
    "publish-busy": ("publish", "ring.bin", "nop", "--slot", "1"),
    "control": ("control", "full.bin"),
    "control-edit": ("control", "full.bin", "epoch=3", "mask.1=shut", "metrics.memcpy=9", "--dry-run"),
    "debug": ("debug", "debug.bin", "--formats", "formats.json"),
    "io": ("io", "io.bin"),
    "open": ("open", "all.bin"),
    "open-control": ("open", "full.bin"),
    "inspect-control": ("inspect", "full.bin"),
    "replay": ("replay", "run.vrrl"),
    "replay-diff": ("replay", "run.vrrl", "--ring", "ring.bin", "--diff"),
    "decode-packed": ("decode", PACKED),
    "why": ("why", "ring.bin", "--control", "control.bin"),
    "why-since": ("why", "ring.bin", "--since", "odd.bin"),
    "why-explain": ("why", "--explain", "starved"),
    "check": ("check", "ring.bin"),
    "check-unknown": ("check", "odd.bin", "--ignore", "uncounted-turn"),
    "check-explain": ("check", "--explain", "stale-telemetry"),
    "recover": ("recover", "ring.bin"),
    "recover-dry-run": ("recover", "ring.bin", "--as", "faulted", "--dry-run"),
    "check-control": ("check", "ring.bin", "--control", "control.bin", "--age-threshold", "3"),
    "repair": ("repair", "ring.bin", "--code", "out_of_range", "--pc", "4"),
    "repair-dry-run": ("repair", "ring.bin", "--all", "--dry-run"),
    "build": ("build", "new.bin", "--synthetic", "1000", "--seed", "7"),
    "ops": ("ops",),
    "ops-check": ("ops", "--check", "odd.cl", "--device", "reference"),
    "workers": ("workers", "died.bin"),
    "launch-dry-run": (
        "launch",
        "ring.bin",
        "--dry-run",
        "--epoch",
        "9",
        "--where",
        "task_id > 101",
        "--fault-unknown",
    ),
    "where-error": ("inspect", "ring.bin", "--where", "state == paused and agge > 3"),
}


@pytest.fixture(autouse=True)
def control(tmp_path: Path) -> None:
    """A control buffer at epoch 9 that lets tenants 0 and 1 in and gives each class two slots."""
    words = [0] * 160
    words[3:5], words[128], words[129:135] = [1, 1], 9, [0, 2, 4, 6, 8, 10]
    (tmp_path / "control.bin").write_bytes(struct.pack("<160I", *words))


@pytest.fixture(autouse=True)
def died(tmp_path: Path) -> None:
    """A ring over which a launch with three workers died."""
    path = tmp_path / "died.bin"
    path.write_bytes(slot(state=2, op_handle=0x1005) + slot(state=3) + slot(state=2, op_handle=0x20000))
    died_over(path, [(40, 3, 0x20000, 2), (7, 1, 0x1005, 0), (12, 2, 0, 64)])


@pytest.fixture(autouse=True)
def odd_ops(tmp_path: Path) -> None:
    """A file of operations that has something wrong in every line."""
    (tmp_path / "odd.cl").write_text(
        'VYRE_OP(0x20000, waits, "waits for nobody") { meet(); return vyre_done(); }\n'
        "static void meet(void) { barrier(CLK_LOCAL_MEM_FENCE); }\n"
        'VYRE_OP(0x20000, mute, "") { return vyre_done(); }\n'
        'VYRE_OP(0x1000, taken, "an id that is kept") { return vyre_done(); }\n'
        'VYRE_OP(NUMBER, [red], "no identifier") { return vyre_done(); }\n'
    )


@pytest.fixture(autouse=True)
def wire_files(tmp_path: Path) -> None:
    """A control buffer with counts, a debug log that dropped a record, a replay log."""
    control = bytearray(encode_control(tenants=2, observables=4, slots=12))
    write_control_words(control, {65: 7, 97: 3, 128: 2, 137: 7, 161: 5})
    (tmp_path / "full.bin").write_bytes(control)
    (tmp_path / "debug.bin").write_bytes(struct.pack("<9I", 12, 7, 1, 2, 16, 8, 3, 4, 32))
    requests = [
        IoRecord(1, 3, 90, 1 << 33, 4096, 1, 7),
        IoRecord(2, 90, 3, 0, 64, 0x11, 8),
        IoRecord(9, status=1),
    ]
    (tmp_path / "io.bin").write_bytes(encode_io_queue(requests, capacity=64))
    tasks = (
        slot(state=3, op_handle=0, priority=2) + slot(state=1, op_handle=0x1000, priority=2) + bytes(30 * 64)
    )
    fresh = encode_control(tenants=2, observables=4, slots=32)
    (tmp_path / "all.bin").write_bytes(fresh + tasks + bytes(1028 + 2048))
    (tmp_path / "formats.json").write_text('{"7": "tile %u took %u steps"}')
    with ReplayLog.open_or_create(tmp_path / "run.vrrl", 4) as log:
        evidence = Evidence(7, FailureClass.PROGRAM_BUG, 0xFFFF_FF02, 9)
        log.append(ReplayRecord(1_700_000_000_123_456_789, 1, 0, 0x1000, (1, 0, 7, 0), 0, evidence))
        log.append(ReplayRecord(2**64 - 1, 2, 3, 0x20000, (0, 0, 0, 0), 0))


def compare(name: str, text: str) -> None:
    """Hold a text against the file of its name; one that looks as it does through a pipe has none of its own."""
    path, through_a_pipe = FOLDER / f"{name}.txt", FOLDER / f"{name.rpartition('.')[0]}.pipe.txt"
    plain = through_a_pipe.read_text(encoding="utf-8") if through_a_pipe.exists() else None
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path != through_a_pipe and text == plain:
            path.unlink()
    assert text == (path.read_text(encoding="utf-8") if path.exists() else plain)


def transcript(out: str, err: str, code: int) -> str:
    return f"{out}--- stderr\n{err}--- exit {code}\n"


@pytest.mark.parametrize("name", CASES)
def test_through_a_pipe(cli: Cli, ring: Path, odd: Path, name: str) -> None:
    result = cli(*CASES[name])
    compare(f"{name}.pipe", transcript(result.out, result.err, result.code))
    assert "\x1b" not in result.out + result.err
    assert all(line == line.rstrip() for line in result.out.splitlines())


@pytest.mark.parametrize("name", CASES)
def test_on_a_terminal_of_80_columns(terminal: Cli, ring: Path, odd: Path, name: str) -> None:
    result = terminal(*CASES[name], "--color", "never")
    compare(f"{name}.80", transcript(result.out, result.err, result.code))
    if name not in ("encode", "build", "worker"):  # lines to paste
        assert max(len(line) for line in result.out.splitlines() or [""]) <= 80


@pytest.mark.parametrize("name", CASES)
def test_on_a_terminal_of_200_columns(wide: Cli, ring: Path, odd: Path, name: str) -> None:
    result = wide(*CASES[name], "--color", "never")
    compare(f"{name}.200", transcript(result.out, result.err, result.code))
    assert max(len(line) for line in result.out.splitlines() or [""]) <= 200


@pytest.mark.parametrize("name", CASES)
def test_with_no_color(
    terminal: Cli, ring: Path, odd: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    result = terminal(*CASES[name])
    out, err = (NO_COLOUR_STYLE.sub("", text) for text in (result.out, result.err))
    compare(f"{name}.80", transcript(out, err, result.code))


def test_in_a_locale_without_utf8(cli: Cli, ring: Path, odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    compare("inspect.ascii", cli(*CASES["inspect"]).out)
    for name, args in CASES.items():
        result = cli(*args)
        assert (result.out + result.err).isascii(), name


def test_a_pipe_shows_every_column(cli: Cli, ring: Path) -> None:
    header = cli("inspect", "ring.bin").out.splitlines()[0].split()
    assert len(header) == len(FIELD_NAMES) + 1


def test_no_golden_says_again_what_its_pipe_form_says() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}
    assert [
        name
        for name, text in texts.items()
        if not name.endswith(".pipe.txt") and texts.get(f"{name.split('.')[0]}.pipe.txt") == text
    ] == []

"""`debug`, and the debug log of a launch."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.support.rings import slot, write_ring
from vyrectl.abi.opcodes import PRINTF
from vyrectl.protocol.debug_log import read_debug_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two records, and one that was dropped."""
    path = tmp_path / "debug.bin"
    path.write_bytes(struct.pack("<9I", 12, 7, 1, 2, 16, 8, 3, 4, 32))
    (tmp_path / "formats.json").write_text('{"7": "one is %u \\u001b[31m"}')
    return path


def test_records_and_what_was_dropped(cli: Cli, log: Path) -> None:
    record = cli("debug", "debug.bin", "--formats", "formats.json", "--json").json()
    assert (record["total"], record["capacity"], record["dropped"]) == (2, 2, 1)
    assert [(one["slot"], one["format_id"], one["text"]) for one in record["records"]] == [
        (1, 7, "one is 1 \x1b[31m"),
        (2, 8, None),
    ]
    table = cli("debug", "debug.bin", "--formats", "formats.json").out
    assert "1 dropped" in table
    assert "\x1b" not in table


def test_strict_is_the_runtimes_reading(cli: Cli, log: Path) -> None:
    result = cli("debug", "debug.bin", "--strict", "--json")
    assert (result.code, result.error()["error"], result.error()["word"]) == (3, "missing_word", 13)
    log.write_bytes(struct.pack("<5I", 4, 7, 1, 2, 16))
    assert cli("debug", "debug.bin", "--strict").code == 0


def test_limit_and_lines(cli: Cli, log: Path) -> None:
    assert len(cli("debug", "debug.bin", "--format", "jsonl", "--limit", "1").lines()) == 1
    assert "1 of 2 records shown" in cli("debug", "debug.bin", "--limit", "1").err


def test_odd_logs_are_shown_with_a_warning(cli: Cli, log: Path) -> None:
    log.write_bytes(struct.pack("<6I", 6, 7, 1, 2, 16, 9) + b"x")
    result = cli("debug", "debug.bin")
    assert result.code == 0
    assert "inside a record" in result.err
    assert "5 bytes behind" in result.err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("none.bin",), 1),
        (("empty.bin",), 3),
        (("debug.bin", "--formats", "none.json"), 1),
        (("debug.bin", "--formats", "bad.json"), 3),
        (("debug.bin", "--formats", "debug.bin"), 3),
    ],
)
def test_refusals(cli: Cli, log: Path, args: tuple[str, ...], code: int) -> None:
    (log.parent / "empty.bin").write_bytes(b"")
    (log.parent / "bad.json").write_text('{"7": "%n"}')
    assert cli("debug", *args).code == code


@pytest.mark.parametrize("device", ["reference", "cpu"])
def test_a_launch_tells_records_and_keeps_them(cli: Cli, log: Path, device: str) -> None:
    tasks = [slot(state=1, op_handle=PRINTF, input_handle=7, output_handle=n) for n in range(5)]
    write_ring(log.parent / "ring.bin", *tasks)
    options = ("--debug-log", "new.bin", "--debug-records", "3", "--formats", "formats.json")
    result = cli("launch", "ring.bin", "--device", device, *options, "--json")
    assert result.json()["debug"] == {"records": 3, "dropped": 2}
    talk = [json.loads(line) for line in result.err.splitlines()]
    lines = [one["message"] for one in talk if one.get("message", "").startswith("printf")]
    assert len(lines) == 3
    assert "\x1b" not in result.err
    assert all("one is" in line for line in lines)
    shown = cli("debug", "new.bin", "--json").json()
    assert (shown["total"], shown["dropped"]) == (3, 2)
    assert len({one["arg0"] for one in shown["records"]}) == 3


def test_options_that_need_a_log(cli: Cli, log: Path) -> None:
    write_ring(log.parent / "ring.bin", slot(state=1))
    assert cli("launch", "ring.bin", "--formats", "formats.json").code == 2
    assert cli("launch", "ring.bin", "--debug-records", "4").code == 2
    assert cli("launch", "ring.bin", "--record-capacity", "4").code == 2


def test_a_feed_tells_records_too(log: Path) -> None:
    write_ring(log.parent / "ring.bin", *[slot()] * 4)
    fed = b'{"op": "printf", "task": 1, "input": 7, "output": 1}\n{"op": "printf", "task": 2, "input": 9}\n'
    options = ("--debug-log", "new.bin", "--formats", "formats.json", "--device", "reference")
    result = spawn("launch", "ring.bin", "--feed", "-", *options, stdin=fed)
    assert result.returncode == 0
    assert sum(line.startswith(b"printf, ") for line in result.stderr.splitlines()) == 2
    assert read_debug_log((log.parent / "new.bin").read_bytes()).cursor == 8

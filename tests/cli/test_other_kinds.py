"""A control buffer, a debug log and so on where a ring belongs: every reader names it, and what reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli

READERS = (
    ("inspect",),
    ("snapshot",),
    ("map",),
    ("decode",),
    ("apply",),
    ("plan",),
    ("check",),
    ("diff", "SAME"),
)
STRANGERS = {
    "control-s0-t1-o0.bin": ("a control buffer", "vyrectl control "),
    "control-cut636.bin": ("a control buffer that was cut", "vyrectl control "),
    "debug-altered-cursor18.bin": ("a debug log", "vyrectl debug "),
    "io-0.bin": ("an I/O queue", "vyrectl io "),
    "log-2-cap16-n5.vrrl": ("a replay log", "vyrectl replay "),
    "kernel-mixed.all.bin": ("several buffers in one file", "--offset 704 --count 64"),
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader[0])
@pytest.mark.parametrize("name", STRANGERS)
def test_a_reader_names_what_is_no_ring(cli: Cli, reader: tuple[str, ...], name: str) -> None:
    path = str(dumps.path(name))
    result = cli(reader[0], path, *[path for one in reader[1:] if one == "SAME"])
    noun, command = STRANGERS[name]
    assert result.code == 3
    said = result.out if reader == ("check",) else result.err
    assert noun in said
    assert command in said


def test_an_offset_takes_it_for_a_ring(cli: Cli) -> None:
    path = str(dumps.path("control-s0-t1-o0.bin"))
    result = cli("inspect", path, "--offset", "0", "--json")
    assert result.code == 0


def test_the_span_that_is_named_reads_the_ring(cli: Cli) -> None:
    path = str(dumps.path("kernel-mixed.all.bin"))
    result = cli("snapshot", path, "--offset", "704", "--count", "64", "--json")
    assert result.code == 0
    assert '"ready_count": 7' in result.out


def test_text_and_arrays_are_named(cli: Cli, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a ring at all\n")
    result = cli("inspect", str(text), "--json")
    assert result.code == 3
    assert '"file_kind": "text"' in result.err
    array = tmp_path / "x.bin"
    array.write_bytes(b"\x93NUMPY\x01\x00" + bytes(120))
    result = cli("snapshot", str(array))
    assert result.code == 3
    assert "a numpy array" in result.err


def test_a_ring_is_not_edited_as_a_control_buffer(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(dumps.data("ring-automata-0.bin"))
    result = cli("control", str(path), "epoch=3")
    assert result.code == 3
    assert "a ring" in result.err
    assert path.read_bytes() == dumps.data("ring-automata-0.bin")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("control", "ring-automata-0.bin"),
        ("debug", "control-s0-t1-o0.bin"),
        ("io", "ring-status-0.bin"),
        ("control", "kernel-mixed.all.bin"),
    ],
)
def test_a_buffer_of_another_kind_is_told_aloud(cli: Cli, command: str, name: str) -> None:
    assert "read it with: vyrectl" in cli(command, str(dumps.path(name))).err


BESIDE = (
    ("snapshot", "--control"),
    ("inspect", "--control"),
    ("check", "--control"),
    ("check", "--debug-log"),
    ("check", "--io-queue"),
    ("launch", "--control"),
)
BELONGS = {"--control": "control-", "--debug-log": "debug-", "--io-queue": "io-"}
MISPLACED = [
    (command, option, name)
    for command, option in BESIDE
    for name in ("ring-lifecycle-1.bin", *STRANGERS)
    if not name.startswith(BELONGS[option])
]


@pytest.mark.parametrize(("command", "option", "name"), MISPLACED)
def test_an_option_for_a_buffer_beside_the_ring_names_what_is_none(
    cli: Cli, tmp_path: Path, command: str, option: str, name: str
) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(dumps.path("ring-lifecycle-1.bin").read_bytes())
    result = cli(command, str(ring), option, str(dumps.path(name)))
    assert result.code == 3
    assert STRANGERS.get(name, ("a ring",))[0] in result.err
    assert ring.read_bytes() == dumps.path("ring-lifecycle-1.bin").read_bytes()

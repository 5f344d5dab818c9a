"""A control buffer, a debug log and so on where a ring belongs: every reader names it, and what reads it."""

from __future__ import annotations

import shlex
import shutil
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
    "control-cut636.bin": ("a control buffer that was cut", "vyrectl open "),
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


OTHERS = ("ring-automata-0.bin", *(name for name in STRANGERS if name != "control-cut636.bin"))
WANTED = {"replay": "log-", "plot": None, "io": "io-", "debug": "debug-", "control": "control-"}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("command", WANTED)
def test_a_command_for_another_kind_names_what_it_was_given(cli: Cli, command: str, name: str) -> None:
    belongs = WANTED[command]
    if belongs is not None and name.startswith(belongs):
        assert cli(command, str(dumps.path(name))).code == 0
        return
    result = cli(command, str(dumps.path(name)))
    noun, advice = STRANGERS.get(name, ("a ring", "vyrectl inspect "))
    assert noun in result.err
    assert (advice if advice.startswith("vyrectl") else "vyrectl open") in result.err
    assert result.code == 3 or "warning" in result.err


@pytest.mark.parametrize(
    "option",
    [("report", "--launch"), ("report", "--trace"), ("report", "--history"), ("snapshot", "--since")],
)
def test_an_option_that_takes_a_record_names_what_it_was_given(
    cli: Cli, tmp_path: Path, option: tuple[str, str]
) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(dumps.data("ring-automata-0.bin"))
    for name in ("ring-automata-0.bin", "log-2-cap16-n5.vrrl", "control-s0-t1-o0.bin"):
        result = cli(option[0], str(ring), option[1], str(dumps.path(name)))
        assert (result.code, STRANGERS.get(name, ("a ring",))[0] in result.err) == (3, True)


@pytest.mark.parametrize("name", [*OTHERS, "control-cut636.bin", "control-t3-o0-offsets1003.bin"])
def test_the_command_that_open_names_works(cli: Cli, tmp_path: Path, name: str) -> None:
    """Also for a name that needs quotes, and for one that looks like an option."""
    for called in ("-a b.bin", "it's.bin"):
        (tmp_path / called).write_bytes(dumps.data(name))
        command = cli("open", f"./{called}", "--json").json()["files"][0]["command"]
        if name == "control-cut636.bin":
            assert command is None
        else:
            assert cli(*shlex.split(command)[1:]).code == 0
        shutil.rmtree(f"{called}.parts", ignore_errors=True)
        said = cli("replay" if not name.startswith("log") else "io", f"./{called}").err.splitlines()
        advised = next(line for line in said if "read" in line and "with: " in line)
        assert cli(*shlex.split(advised.partition("with: ")[2])[1:]).code == 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff" * 640, "unknown"),
        (b"\xa5" * 4096, "unknown"),
        ("Grüße, \n".encode() * 90, "text"),
        ("Grüße an alle, \n".encode("latin-1") * 90, "text"),
        (("x" * 4095 + "é").encode(), "text"),
    ],
)
def test_text_is_printable_characters(cli: Cli, content: bytes, kind: str) -> None:
    Path("some.bin").write_bytes(content)
    assert cli("open", "some.bin", "--json").json()["files"][0]["kind"] == kind
    assert cli("set", "some.bin", "priority=high", "0").code == 3
    assert Path("some.bin").read_bytes() == content


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

"""A control buffer, a debug log and so on where a ring belongs: every reader names it, and what reads it."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring

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
def test_a_buffer_of_another_kind_is_refused_and_shown_by_force(cli: Cli, command: str, name: str) -> None:
    refused = cli(command, str(dumps.path(name)))
    assert (refused.code, refused.out) == (3, "")
    assert "--force shows it all the same; read it with: vyrectl" in refused.err
    forced = cli(command, str(dumps.path(name)), "--force")
    assert (forced.code, "warning: " in forced.err) == (0, True)


def test_a_foreign_file_is_edited_as_a_control_buffer_by_force_alone(cli: Cli, tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(dumps.data("ring-automata-0.bin") * 20)
    assert cli("control", str(ring), "epoch=3").code == 3
    assert ring.read_bytes() == dumps.data("ring-automata-0.bin") * 20
    forced = cli("control", str(ring), "epoch=3", "--force")
    assert (forced.code, "warning: " in forced.err) == (0, True)
    assert (tmp_path / "ring.bin.bak").read_bytes() == dumps.data("ring-automata-0.bin") * 20


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
    assert (result.code, result.out) == (3, "")


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


READ_SPANS = (
    ("snapshot", "FILE"),
    ("inspect", "FILE"),
    ("map", "FILE"),
    ("check", "FILE"),
    ("decode", "FILE"),
    ("plan", "FILE"),
    ("apply", "FILE"),
    ("diff", "FILE", "FILE"),
    ("why", "FILE"),
    ("build", "new.bin", "--from", "FILE"),
)
SPANS = (
    ("kernel-mixed.all.bin", ("--offset", "640", "--count", "64"), "lies from 704 to 4799"),
    ("kernel-mixed.all.bin", ("--offset", "705", "--count", "4"), "no slot begins at byte 705"),
    (
        "kernel-mixed.all.bin",
        ("--offset", "704", "--count", "80"),
        "its ring is read with --offset 704 --count 64",
    ),
    ("kernel-priority.before.bin", ("--offset", "0", "--count", "64"), "no slot begins at byte 0"),
    ("ring-lifecycle-1.bin", ("--offset", "32", "--count", "4"), "no slot begins at byte 32"),
    ("control-s0-t1-o0.bin", ("--offset", "64", "--count", "2"), "a control buffer, not a ring"),
    ("debug-empty-64.bin", ("--offset", "4", "--count", "2"), "a debug log"),
    ("io-0.bin", ("--offset", "64", "--count", "1"), "an I/O queue"),
    ("log-2-cap16-n5.vrrl", ("--offset", "320", "--count", "2"), "a replay log"),
)
"""Spans of which no ring is, and what is said of them."""


@pytest.mark.parametrize("reader", READ_SPANS, ids=lambda reader: reader[0])
def test_a_reader_says_that_a_span_is_not_of_the_ring(
    cli: Cli, tmp_path: Path, reader: tuple[str, ...]
) -> None:
    for name, span, said in SPANS:
        path = str(dumps.path(name))
        result = cli(*(path if one == "FILE" else one for one in reader), *span)
        warned = [line for line in result.err.splitlines() if line.startswith("warning: ") and said in line]
        assert len(warned) == 1, (name, span, result.err)
        (tmp_path / "new.bin").unlink(missing_ok=True)
    path = str(dumps.path("kernel-mixed.all.bin"))
    for span in (("--offset", "704", "--count", "64"), ("--offset", "768", "--count", "3")):
        result = cli(*(path if one == "FILE" else one for one in reader), *span)
        assert "not of the ring" not in result.err
        (tmp_path / "new.bin").unlink(missing_ok=True)


@pytest.mark.parametrize(("name", "span", "said"), SPANS)
def test_an_edit_refuses_a_span_that_is_not_of_the_ring(
    cli: Cli, tmp_path: Path, name: str, span: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "some.bin"
    path.write_bytes(dumps.data(name))
    for edit in (("set", "param=1", "0"), ("publish", "nop"), ("encode", "--slot", "0", "op=nop")):
        result = cli(edit[0], "some.bin", *edit[1:], *span)
        assert (result.code, said in result.err) == (3, True)
        assert path.read_bytes() == dumps.data(name)
    assert cli("set", "some.bin", "param=0x01020304", "0", *span, "--force").code == 0
    assert path.read_bytes() != dumps.data(name)


def test_a_warning_about_a_span_is_json_where_json_is_asked_for(cli: Cli) -> None:
    path = str(dumps.path("kernel-mixed.all.bin"))
    result = cli("inspect", path, "--offset", "640", "--count", "1", "--json")
    assert '"kind": "warning"' in result.err
    assert "warning" not in cli("inspect", "no.bin", "--offset", "640", "--count", "1").err
    assert "warning" not in cli("inspect", path, "--offset", "x", "--count", "1").err


@pytest.mark.parametrize("name", [one for one in dumps.names("ring-") if one != "ring-unknown-states.bin"])
def test_no_ring_of_the_runtime_is_taken_for_a_control_buffer(cli: Cli, tmp_path: Path, name: str) -> None:
    ring = str(dumps.path(name))
    write_ring(tmp_path / "mine.bin", slot(state=1))
    for args in (("control", ring), ("snapshot", "mine.bin", "--control", ring)):
        result = cli(*args)
        assert (result.code, "a ring" in result.err) == (3, True), args


def test_a_table_that_is_none_is_named_and_a_ring_is_cut_out_by_the_advice(cli: Cli) -> None:
    ring, both = str(dumps.path("ring-args-0.bin")), str(dumps.path("kernel-mixed.all.bin"))
    control = str(dumps.path("control-s0-t1-o0.bin"))
    for number, args in enumerate((("--from", ring), (ring,), (both,), ("--from", both))):
        refused = cli("build", f"new{number}.bin", *args)
        assert (refused.code, "a table of tasks" in refused.err) == (3, True)
        advised = refused.err.partition("Cut the ring out with: ")[2].strip()
        assert cli(*shlex.split(advised)[1:]).code == 0
    assert Path("new0.bin").read_bytes() == dumps.data("ring-args-0.bin")
    assert "vyrectl control" in cli("build", "x.bin", control).err
    assert not Path("x.bin").exists()


def test_workers_names_what_is_no_ring(cli: Cli) -> None:
    result = cli("workers", str(dumps.path("control-s0-t1-o0.bin")))
    assert (result.code, "read it with: vyrectl control" in result.err) == (3, True)

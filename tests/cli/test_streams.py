"""Standard streams that are closed, full, slow or gone: talk is dropped, data is an error with a code."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.cli.support import MIXED, words_at
from tests.support.rings import slot, write_ring

LONG = slot(state=1, op_handle=0x1007, param=100_000_000, task_id=1)
"""A task that requeues itself for longer than any test lasts."""


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "vyrectl", *args]


def shell(
    folder: Path, redirection: str, *args: str, stdin: int | None = subprocess.DEVNULL
) -> subprocess.CompletedProcess[bytes]:
    """`vyrectl ARGS` with the shell's redirection."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command(*args)],
        cwd=folder,
        stdin=stdin,
        capture_output=True,
        timeout=100,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_ring(tmp_path / "ring.bin", *MIXED)
    write_ring(tmp_path / "nops.bin", *(slot(state=1, task_id=n) for n in range(1, 9)))
    return tmp_path


COMMANDS = (
    (0, ("snapshot", "ring.bin", "--json")),
    (0, ("inspect", "ring.bin")),
    (3, ("check", "ring.bin")),
    (4, ("transition", "ring.bin", "resume", "0")),
    (2, ("nope",)),
    (1, ("snapshot", "missing.bin")),
    (0, ("--help",)),
    (0, ("launch", "nops.bin", "--device", "reference", "--output", "out.bin")),
)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_stream_that_is_closed_is_like_the_null_device(folder: Path, redirection: str) -> None:
    for code, args in COMMANDS:
        done = shell(folder, redirection, *args)
        assert done.returncode == code, (args, done.stderr)
        assert b"Traceback" not in done.stderr + done.stdout, args


def test_standard_input_that_is_closed_is_empty(folder: Path) -> None:
    for args in (("snapshot", "-"), ("decode", "-"), ("apply", "-"), ("build", "new.bin", "-", "--force")):
        wanted = shell(folder, "</dev/null", *args)
        done = shell(folder, "<&-", *args)
        assert (done.returncode, done.stderr) == (wanted.returncode, wanted.stderr), args


def test_what_a_driver_opens_gets_no_number_of_a_stream(folder: Path) -> None:
    code = "import os; from vyrectl.files import streams; streams.open_streams(); print(os.open('ring.bin', 0) > 2)"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec {sys.executable} -c "{code}" <&- 2>&-'],
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    assert done.stdout == b"True\n"


@pytest.mark.parametrize(
    "args", [("snapshot", "ring.bin"), ("--help",), ("--version",), ("completion", "zsh")]
)
def test_a_full_disk_under_the_answer(folder: Path, args: tuple[str, ...]) -> None:
    done = shell(folder, ">/dev/full", *args)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: standard output: cannot write the answer: no space left on device")
    assert b"Traceback" not in done.stderr
    done = shell(folder, ">/dev/full 2>/dev/full", *args)
    assert done.returncode == 1


def test_a_full_disk_under_an_answer_in_json(folder: Path) -> None:
    done = shell(folder, ">/dev/full", "snapshot", "ring.bin", "--json")
    error = json.loads(done.stderr)
    assert (done.returncode, error["errno"], error["exit_code"]) == (1, "ENOSPC", 1)


def test_edits_are_made_though_nothing_can_be_said(folder: Path) -> None:
    assert shell(folder, "2>/dev/full", "set", "ring.bin", "param=99", "1").returncode == 0
    assert words_at(folder / "ring.bin", 1)["param"] == 99
    assert shell(folder, "2>/dev/full", "transition", "ring.bin", "resume", "5").returncode == 0
    assert words_at(folder / "ring.bin", 5)["state"] == 1
    assert shell(folder, "2>&-", "encode", "ring.bin", "--slot", "0", "--op", "nop").returncode == 0
    assert words_at(folder / "ring.bin", 0)["state"] == 1


def start(folder: Path, *args: str, stderr: int, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*args), cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )


@pytest.mark.parametrize("where", ["gone", "full", "terminal"])
def test_a_launch_goes_on_when_nobody_reads_its_progress(tmp_path: Path, where: str) -> None:
    """Three at a time: each waits for its end."""
    started = []
    for number, more in enumerate(((), ("--json",), ("--output", "out.bin"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        ring = write_ring(folder / "ring.bin", LONG)
        if where == "full":
            writer = os.open("/dev/full", os.O_WRONLY)
        else:
            reader, writer = os.pipe() if where == "gone" else pty.openpty()
            os.close(reader)
        args = ("launch", "ring.bin", "--device", "reference", "--timeout", "2")
        process = start(folder, *args, *more, stderr=writer)
        os.close(writer)
        started.append((process, ring, folder / "out.bin" if "--output" in more else ring))
    for process, ring, written in started:
        out, _ = process.communicate(timeout=100)
        assert process.returncode == 124
        assert b"timeout" in out
        assert words_at(written, 0)["state"] in (1, 6), "the task is put back, nothing is left Running"
        assert not ring.with_name("ring.bin.live").exists()


def test_a_reader_that_does_not_read_holds_no_launch_up(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", LONG)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    process = start(tmp_path, "launch", "ring.bin", "--device", "reference", "--timeout", "2", stderr=writer)
    os.close(writer)
    process.communicate(timeout=60)
    os.close(reader)
    assert process.returncode == 124


def test_an_answer_is_whole_though_its_pipe_does_not_block(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", *(slot(state=1, task_id=n) for n in range(4000)))
    wanted = shell(tmp_path, "", "inspect", "ring.bin", "--json").stdout
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = start(tmp_path, "inspect", "ring.bin", "--json", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    time.sleep(0.5)
    with os.fdopen(reader, "rb") as stream:
        got = stream.read()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert got == wanted


def test_input_is_whole_though_its_pipe_does_not_block(folder: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    process = subprocess.Popen(
        command("snapshot", "-", "--json"),
        cwd=folder,
        stdin=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(reader)
    data = (folder / "ring.bin").read_bytes()
    with os.fdopen(writer, "wb", buffering=0) as stream:
        for piece in (data[:100], data[100:]):
            stream.write(piece)
            time.sleep(0.3)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert json.loads(out)["ready_count"] == 3


def test_a_reader_that_leaves_ends_it_quietly(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for args in (("inspect", "ring.bin"), ("--help",), ("completion", "bash")):
        process = start(folder, *args, stdout=writer, stderr=subprocess.PIPE)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (141, b""), args
    os.close(writer)


def test_under_json_all_that_is_said_is_json(tmp_path: Path) -> None:
    """A library that warns, a driver that writes on descriptor 2, our own talk and the error."""
    ring = write_ring(tmp_path / "ring.bin", *MIXED)
    code = (
        "import os, sys, warnings; import vyrectl.cli.main as main\n"
        "plain = main.main\n"
        "def loud():\n"
        "    warnings.warn('careful'); os.write(2, b'driver: [half'); code = plain(); os.write(2, b' line]\\n')\n"
        "    os.system('echo child >&2'); return code\n"
        "main.main = loud\n"
        "from vyrectl.cli.start import start; start()"
    )
    for args, code_wanted in (
        (("transition", str(ring), "resume", "5", "--json"), 0),
        (("transition", str(ring), "resume", "0", "--format=jsonl"), 4),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, timeout=60, cwd=tmp_path
        )
        records = [json.loads(line) for line in done.stderr.splitlines()]
        assert done.returncode == code_wanted
        strays = [one["message"] for one in records if one.get("kind") == "stray"]
        assert any("careful" in one for one in strays)
        assert "driver: [half line]" in strays
        assert "child" in strays
        assert {one["schema"] for one in records} <= {"vyrectl.talk/1", "vyrectl.error/1"}


def test_progress_under_json_is_json(tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", LONG)
    args = ("launch", "ring.bin", "--device", "reference", "--timeout", "2", "--json")
    done = shell(tmp_path, "", *args)
    assert done.returncode == 124
    records = [json.loads(line) for line in done.stderr.splitlines()]
    schemas = {one["schema"] for one in records}
    assert "vyrectl.progress/1" in schemas <= {"vyrectl.progress/1", "vyrectl.talk/1"}


def ignoring(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)


def test_a_launch_keeps_signals_ignored_that_were(tmp_path: Path) -> None:
    """One for each signal, all at once."""
    args = command("launch", "ring.bin", "--device", "reference", "--timeout", "3", "--json", "--quiet")
    started = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        folder = tmp_path / number.name
        folder.mkdir()
        write_ring(folder / "ring.bin", LONG)
        started[number] = subprocess.Popen(
            args, cwd=folder, stdout=subprocess.PIPE, preexec_fn=partial(ignoring, number)
        )
    for number, process in started.items():
        lock = tmp_path / number.name / "ring.bin.lock"
        while process.poll() is None and not (lock.exists() and lock.stat().st_size):
            time.sleep(0.01)
    time.sleep(0.5)
    for number, process in started.items():
        process.send_signal(number)
    for number, process in started.items():
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, json.loads(out)["ended"]) == (124, "timeout"), number


def test_a_watch_ends_by_a_hangup_as_by_a_signal(folder: Path) -> None:
    process = start(folder, "snapshot", "ring.bin", "--watch", "0.2", "--json", stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, json.loads(said)["signal"]) == (129, "SIGHUP")


def test_a_folder_that_was_deleted(folder: Path) -> None:
    tmp_path, ring = folder, folder / "nops.bin"
    gone = tmp_path / "gone"

    def run(*args: str) -> subprocess.CompletedProcess[bytes]:
        gone.mkdir()
        return subprocess.run(
            ["/bin/sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *command(*args)],
            cwd=gone,
            capture_output=True,
            timeout=60,
        )

    whole: list[tuple[str, ...]] = [
        ("snapshot", str(ring)),
        ("inspect", str(ring)),
        ("set", str(ring), "param=3", "1"),
        ("build", str(tmp_path / "new.bin"), "--synthetic", "3"),
        ("launch", str(ring), "--device", "reference", "--output", str(tmp_path / "o.bin"), "--dry-run"),
        ("launch", str(ring), "--device", "reference", "--output", str(tmp_path / "o.bin")),
    ]
    for args in whole:
        assert (done := run(*args)).returncode == 0, (args, done.stderr)
    relative: list[tuple[str, ...]] = [
        ("snapshot", "ring.bin"),
        ("set", "ring.bin", "param=3", "1"),
        ("build", "new.bin", "--synthetic", "3"),
        ("launch", "ring.bin", "--device", "reference"),
        ("launch", str(ring), "--device", "reference", "--output", "o.bin"),
        ("control", "new.ctl", "--new"),
    ]
    for args in relative:
        done = run(*args)
        assert done.returncode in (1, 3), args
        assert b"Traceback" not in done.stderr, args
        assert b"error: " in done.stderr, args

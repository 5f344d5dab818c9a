"""What is said while a pipe is waited for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vyrectl.files import telling, waiting
from vyrectl.files.whole import read_fd, read_head, read_whole


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    lines: list[str] = []
    monkeypatch.setattr(waiting, "SECONDS", 0.05)
    monkeypatch.setattr(telling, "_listener", [lines.append])
    yield lines
    assert threading.active_count() == 1


def later(said: list[str], *steps: object) -> threading.Thread:
    """A thread that takes each step once one more line was said than before."""

    def run() -> None:
        for number, step in enumerate(steps, 1):
            end = time.monotonic() + 20
            while len(said) < number and time.monotonic() < end:
                time.sleep(0.01)
            assert callable(step)
            step()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_nobody_writes(tmp_path: Path, said: list[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (read_whole, lambda path: read_head(path, 100)):
        said.clear()
        writer = later(said, lambda: pipe.write_bytes(b"abc"))
        assert read(pipe) == b"abc"
        writer.join()
        assert said == [f"waiting for {pipe}: nobody writes into it yet (Ctrl-C ends this)"]


def test_a_writer_that_is_silent_and_one_that_does_not_end(said: list[str]) -> None:
    reader, writer = os.pipe()
    thread = later(said, lambda: os.write(writer, b"abc"), lambda: os.close(writer))
    with waiting.reading(reader, "here") as hear:
        hear(len(os.read(reader, 9)))
    assert read_fd(reader, "pipe", doing="read") == b""
    thread.join()
    assert said == [
        "waiting for here: nothing has come yet (Ctrl-C ends this)",
        "waiting for pipe: nothing has come yet (Ctrl-C ends this)",
    ]
    os.close(reader)


def test_how_much_has_come(said: list[str]) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    thread = later(said, lambda: os.close(writer))
    assert read_fd(reader, "pipe", doing="read") == b"abc"
    thread.join()
    os.close(reader)
    assert said == ["waiting for pipe: 3 bytes have come, and no end (Ctrl-C ends this)"]


def test_nothing_is_said_of_a_file_or_without_a_listener(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SECONDS", 0.0)
    (tmp_path / "file").write_bytes(b"abc")
    with (tmp_path / "file").open("rb") as file, waiting.reading(file.fileno(), "file"):
        time.sleep(0.1)
    monkeypatch.setattr(telling, "_listener", [])
    reader, writer = os.pipe()
    with waiting.reading(reader, "pipe"):
        time.sleep(0.1)
    os.close(reader)
    os.close(writer)
    assert said == []


def test_what_is_not_there_is_not_waited_for(tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(FileNotFoundError):
        waiting.open_file(tmp_path / "nothing", os.O_RDONLY)
    assert said == []


def test_what_is_waited_for_is_known_while_it_is(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    assert waiting.waited_for() == ""
    with waiting.reading(reader, "the pipe"):
        assert waiting.waited_for() == "the pipe (nothing has come yet)"
    assert waiting.waited_for() == ""
    os.close(reader)
    os.close(writer)

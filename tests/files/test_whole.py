"""Whole contents: from whatever can be read to its end, and never without one."""

from __future__ import annotations

import errno
import io
import os
import threading
from pathlib import Path

import pytest

from vyrectl.errors import FileError
from vyrectl.files.json_text import parse_json, parse_toml
from vyrectl.files.whole import read_fd, read_head, read_stream, read_whole

LONG = b"0123456789" * 30_000


def fed(data: bytes) -> int:
    """The reading end of a pipe that a thread writes into."""
    reader, writer = os.pipe()

    def feed() -> None:
        with os.fdopen(writer, "wb") as stream:
            stream.write(data)

    threading.Thread(target=feed).start()
    return reader


def test_a_file_and_one_that_reports_no_size(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(LONG)
    assert read_whole(tmp_path / "f") == LONG
    assert read_head(tmp_path / "f", 5) == LONG[:5]
    assert read_whole(tmp_path / "f", most=len(LONG)) == LONG
    assert b"Name:" in read_whole("/proc/self/status")


def test_a_pipe_by_its_path_also_one_that_does_not_block() -> None:
    reader = fed(LONG)
    try:
        assert read_whole(f"/dev/fd/{reader}") == LONG
    finally:
        os.close(reader)
    reader = fed(LONG)
    os.set_blocking(reader, False)
    with os.fdopen(reader, "rb") as stream:
        assert read_stream(stream, "standard input", doing="read") == LONG


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/urandom"])
def test_a_device_without_an_end_is_refused_before_it_is_read(device: str) -> None:
    for read in (read_whole, lambda path: read_head(path, 10)):
        with pytest.raises(FileError, match="a device without an end") as caught:
            read(device)
        assert (caught.value.exit_code, caught.value.where) == (1, device)
    with (
        open(device, "rb") as stream,
        pytest.raises(FileError, match="a device without an end"),
    ):
        read_stream(stream, device, doing="read")


def test_the_null_device_is_an_empty_file() -> None:
    assert read_whole("/dev/null") == b""


def test_what_is_longer_than_the_bound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(LONG)
    with pytest.raises(FileError, match=f"longer than the {len(LONG) - 1} bytes"):
        read_whole(tmp_path / "f", most=len(LONG) - 1)
    with pytest.raises(FileError, match="longer than the 10 bytes"):
        read_stream(io.BytesIO(LONG), "-", doing="read", most=10)


def test_what_the_system_refuses_says_what_was_done(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the log: no such file"):
        read_whole(tmp_path / "no", doing="read the log")
    with pytest.raises(FileError, match="is a directory"):
        read_whole(tmp_path)
    with pytest.raises(FileError, match="is a directory"):
        read_head(tmp_path, 4)


@pytest.mark.parametrize("parse", [parse_json, parse_toml])
def test_a_number_of_thousands_of_digits_is_told_without_python(parse: object) -> None:
    text = "x = " + "1" * 5000 if parse is parse_toml else '{"x": ' + "1" * 5000 + "}"
    with pytest.raises(ValueError, match="more digits than any word"):
        parse(text)  # type: ignore[operator]
    deep = "x = " + "[" * 100_000 if parse is parse_toml else "[" * 100_000
    with pytest.raises(ValueError, match=r"nested too deeply|Invalid"):
        parse(deep)  # type: ignore[operator]


def test_a_file_that_has_nothing_for_now_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/proc/kmsg is one: a regular file of no size that goes on as long as the system does."""
    (tmp_path / "file").touch()
    fd = os.open(tmp_path / "file", os.O_RDONLY)

    def nothing_yet(asked: int, size: int) -> bytes:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "read", nothing_yet)
    try:
        with pytest.raises(BlockingIOError):
            read_fd(fd, "file", doing="look at the file")
    finally:
        os.close(fd)

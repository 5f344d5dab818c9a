"""Appending snapshots to a file: whole lines only, whatever happens to the writer or to the file."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from vyrectl.errors import FileError
from vyrectl.telemetry import history
from vyrectl.telemetry.history import append_line, parse_timestamp, read_tail, records_backwards, timestamp


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_timestamps_sort_as_text_and_come_back() -> None:
    early, late = timestamp(0.25), timestamp(1_700_000_000.5)
    assert (early, late) == ("1970-01-01T00:00:00.250000Z", "2023-11-14T22:13:20.500000Z")
    assert early < late
    assert parse_timestamp(late) == 1_700_000_000.5
    assert parse_timestamp("2023-11-14T22:13:20.500000") == 1_700_000_000.5
    assert (parse_timestamp("soon"), parse_timestamp(7)) == (None, None)


def test_lines_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    append_line(path, {"a": 1})
    append_line(path, {"b": "\u2028\n"})
    assert path.read_bytes().count(b"\n") == 2
    assert lines(path) == [{"a": 1}, {"b": "\u2028\n"}]


def _write_many(path: str, writer: int) -> None:
    for number in range(30):
        append_line(path, {"writer": writer, "number": number, "fill": "x" * 5000})


def test_many_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(path), n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = lines(path)
    assert len(found) == 90
    assert all([one["number"] for one in found if one["writer"] == n] == list(range(30)) for n in range(3))


def test_a_torn_line_is_cut_off_from_the_next(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b'{"a":1}\n{"b"')
    append_line(path, {"c": 3})
    assert path.read_bytes() == b'{"a":1}\n{"b"\n{"c":3}\n'


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "h.jsonl"
    append_line(path, {"a": 1})
    write = os.write
    monkeypatch.setattr("vyrectl.telemetry.history.os.write", lambda fd, data: write(fd, data[:3]))
    with pytest.raises(FileError, match="no space") as caught:
        append_line(path, {"b": 2})
    assert caught.value.where == str(path)
    assert lines(path) == [{"a": 1}]


def test_a_file_that_is_rotated_meanwhile_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h.jsonl"
    append_line(path, {"a": 1})
    lock, rotated = fcntl.flock, tmp_path / "h.jsonl.1"

    def rotate(fd: int, how: int) -> None:
        if not rotated.exists():
            path.rename(rotated)
        lock(fd, how)

    monkeypatch.setattr("vyrectl.telemetry.history.fcntl.flock", rotate)
    append_line(path, {"b": 2})
    assert (lines(rotated), lines(path)) == ([{"a": 1}], [{"b": 2}])


def test_errors_name_the_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "h.jsonl"):
        with pytest.raises(FileError, match="append to the file"):
            append_line(path, {})
    with pytest.raises(FileError, match="read the snapshot"):
        read_tail(tmp_path / "nothing")


def test_the_last_whole_line_comes_first() -> None:
    assert list(records_backwards(b'{\n  "a": 1\n}\n')) == [{"a": 1}]
    assert list(records_backwards(b'{"a":1}\n{"a":2}\n{"a"')) == [{"a": 2}, {"a": 1}]
    for text in (b"", b"7\n", b"\xff\xfe{}", b"[1]\n", b"[" * 100_000):
        assert list(records_backwards(text)) == []


def test_the_tail_of_a_long_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b'{"a":1}\n' * 100 + b'{"a":2}\n')
    monkeypatch.setattr(history, "MOST_LINE_BYTES", 20)
    assert len(read_tail(path)) == 20
    assert next(records_backwards(read_tail(path))) == {"a": 2}


def test_a_file_system_without_locks_and_syncs_takes_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(code: int) -> Any:
        def call(*_: object) -> None:
            raise OSError(code, os.strerror(code))

        return call

    path = tmp_path / "h.jsonl"
    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    append_line(path, {"n": 1})
    append_line(path, {"n": 2})
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(FileError, match="append to the file"):
        append_line(path, {"n": 3})
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'

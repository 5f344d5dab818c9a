"""Replay logs as files: what the system refuses, and what a reader makes of a log that is cut."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from vyrectl.errors import FileError, ReplayLogError, RingHeldError
from vyrectl.protocol.replay import HEADER_BYTES, RECORD_BYTES, LogKind, ReplayRecord
from vyrectl.ring.replay_log import ReplayLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.vrrl"
    with ReplayLog.open_or_create(path, 4) as log:
        for number in range(3):
            log.append(record(number))
    return path


def record(number: int) -> ReplayRecord:
    return ReplayRecord(number, number, 0, 0, (0, 0, 0, 0), 0)


def failing(*args: Any) -> Any:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def slots(path: Path) -> list[int]:
    with ReplayLog.open(path) as log:
        return [one.slot for one in log.records()]


def test_records_come_oldest_first_and_the_log_wraps(path: Path) -> None:
    assert slots(path) == [0, 1, 2]
    with ReplayLog.open_or_create(path, 4) as log:
        log.append_packed(b"".join(record(number).pack() for number in range(3, 9)))
        log.sync()
    assert slots(path) == [5, 6, 7, 8]


def test_one_writer_at_a_time(path: Path) -> None:
    with ReplayLog.open_or_create(path, 4) as log, pytest.raises(RingHeldError):
        ReplayLog.open_or_create(path, 4)
    log.close()


@pytest.mark.parametrize("capacity", [0, (1 << 20) + 1])
def test_a_capacity_out_of_bounds(path: Path, capacity: int) -> None:
    before = path.read_bytes()
    with pytest.raises(ReplayLogError, match="capacity"):
        ReplayLog.open_or_create(path, capacity)
    assert path.read_bytes() == before


def test_a_missing_log(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="open the replay log"):
        ReplayLog.open(tmp_path / "none")


@pytest.mark.parametrize("length", range(0, HEADER_BYTES + 3 * RECORD_BYTES, 7))
def test_a_log_that_is_cut(path: Path, length: int) -> None:
    os.truncate(path, length)
    with pytest.raises(ReplayLogError):
        slots(path)


def test_a_log_that_cannot_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ReplayLog.open(path)
    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(FileError, match="read the replay log"):
        list(log.records())
    with pytest.raises(FileError, match="read the replay log"):
        ReplayLog.open(path)
    log.close()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_log_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    with ReplayLog.open_or_create(path, 4) as log:
        monkeypatch.setattr(os, call, failing)
        with pytest.raises(FileError, match="append to the replay log"):
            append_and_sync(log)


def append_and_sync(log: ReplayLog) -> None:
    log.append(record(9))
    log.sync()


def test_an_early_look_at_a_log(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes() if path.exists() else None
    ReplayLog.check(path, LogKind.PUBLICATIONS)
    with pytest.raises(
        ReplayLogError, match="this log holds publications, and the launch would append endings"
    ):
        ReplayLog.check(path, LogKind.ENDINGS)
    assert (path.read_bytes() if path.exists() else None) == before
    ReplayLog.check(tmp_path / "new.vrrl", LogKind.ENDINGS)
    assert not (tmp_path / "new.vrrl").exists()
    with pytest.raises(FileError, match="no such file"):
        ReplayLog.check(tmp_path / "none" / "new.vrrl", LogKind.ENDINGS)
    monkeypatch.setattr("os.access", lambda *arguments: False)
    with pytest.raises(FileError, match="permission denied"):
        ReplayLog.check(tmp_path / "new.vrrl", LogKind.ENDINGS)

"""A large ring is counted by another process, and by this one where that one cannot."""

from __future__ import annotations

import os
import signal

import pytest

from vyrectl.hosting import counting
from vyrectl.hosting.counting import Counting
from vyrectl.ring.synthetic import synthesize
from vyrectl.telemetry.census import census

SLOTS = synthesize(3000, 5)


@pytest.fixture(autouse=True)
def short_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "LEAST_SLOTS", 1000)


def test_another_process_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(os.listdir("/proc/self/fd"))
    made: list[int] = []
    forked = os.fork

    def fork() -> int:
        made.append(forked())
        return made[-1]

    monkeypatch.setattr(os, "fork", fork)
    one = Counting(SLOTS)
    assert one.is_elsewhere
    assert one.result() == census(SLOTS)
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(made[0], os.WNOHANG)


def test_a_short_ring_is_counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("a process was made"))
    one = Counting(SLOTS[:999])
    assert not one.is_elsewhere
    assert one.result() == census(SLOTS[:999])


def test_one_that_is_killed_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(slots: object, out: int) -> None:
        os.write(out, b"half an answer.")
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(counting, "_count", killed)
    one = Counting(SLOTS)
    assert one.is_elsewhere
    assert one.result() == census(SLOTS)


def test_one_that_fails_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def fails(slots: object) -> object:
        if os.getpid() != here:
            raise MemoryError
        return census(SLOTS)

    monkeypatch.setattr(counting, "census", fails)
    assert Counting(SLOTS).result() == census(SLOTS)


def test_without_a_process_it_is_counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", none_left)
    one = Counting(SLOTS)
    assert not one.is_elsewhere
    assert one.result() == census(SLOTS)

"""What asks a process to end waits until what is half done is done, in a process with other threads, too."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from vyrectl.files.uninterrupted import ENDING, uninterrupted


class Asked(Exception):
    """What a handler raises."""


def _ask(received: int, frame: object) -> None:
    raise Asked


@pytest.fixture(params=sorted(ENDING))
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    before = signal.signal(request.param, _ask)
    yield request.param
    signal.signal(request.param, before)


@pytest.fixture
def another_thread() -> Iterator[None]:
    """A thread that takes every signal which the main one blocks, as a driver's threads do."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


@pytest.mark.usefixtures("another_thread")
def test_a_signal_is_delivered_afterwards(number: signal.Signals) -> None:
    done = []

    def do_both_halves() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            time.sleep(0.05)  # a signal that only this thread blocked has reached the other one by now
            done.append("the other half")

    with pytest.raises(Asked):
        do_both_halves()
    assert done == ["the other half"]
    with pytest.raises(Asked):
        os.kill(os.getpid(), number)


def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with uninterrupted():
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN


def test_what_fails_within_is_told_beside_the_signal(number: signal.Signals) -> None:
    def fail() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            raise LookupError("no such half")

    with pytest.raises(Asked) as asked:
        fail()
    assert isinstance(asked.value.__context__, LookupError)
    assert signal.getsignal(number) is _ask


def test_another_thread_changes_no_handler(number: signal.Signals) -> None:
    seen: list[object] = []

    def look() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(number))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [_ask]

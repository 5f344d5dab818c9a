"""What asks a process to end waits until what is half done is done."""

from __future__ import annotations

import os
import signal

import pytest

from vyrectl.files.uninterrupted import ENDING, uninterrupted


class Asked(Exception):
    """What a handler raises."""


@pytest.mark.parametrize("number", sorted(ENDING))
def test_a_signal_is_delivered_afterwards(number: signal.Signals) -> None:
    def ask(received: int, frame: object) -> None:
        raise Asked

    done = []

    def do_both_halves() -> None:
        with uninterrupted():
            os.kill(os.getpid(), number)
            done.append("the other half")

    before = signal.signal(number, ask)
    try:
        with pytest.raises(Asked):
            do_both_halves()
        assert done == ["the other half"]
        with pytest.raises(Asked):
            os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)

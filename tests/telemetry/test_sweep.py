"""Work shared by threads: every part is done once, and a failing part fails the whole."""

from __future__ import annotations

import pytest

from vyrectl.telemetry.sweep import in_parts


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_come_back_in_their_order_and_cover_everything(threads: int) -> None:
    found = in_parts(103, lambda start, stop: list(range(start, stop)), threads)
    assert len(found) == threads
    assert [number for part in found for number in part] == list(range(103))


@pytest.mark.parametrize("bad", [0, 60])
def test_a_part_that_fails_in_any_thread_is_the_callers_error(bad: int) -> None:
    def work(start: int, stop: int) -> int:
        if start <= bad < stop:
            raise KeyError(bad)
        return stop

    with pytest.raises(KeyError, match=str(bad)):
        in_parts(100, work, 2)

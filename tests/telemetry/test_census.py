"""Work shared by threads: every part is done once, and a failing part fails the whole."""

from __future__ import annotations

from threading import Thread

import pytest

from tests.support.rings import ready_tasks
from vyrectl.task.parts import in_parts
from vyrectl.telemetry.census import CHUNK_SLOTS, MOST_NAMED, census, count_slots


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


def test_where_no_thread_is_to_be_had_the_parts_are_done_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    assert in_parts(9, lambda start, stop: (start, stop), 3) == [(0, 3), (3, 6), (6, 9)]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_census_names_the_operations_of_all_parts(threads: int) -> None:
    slots = ready_tasks(2 * CHUNK_SLOTS + 5, op_handle=7)
    slots["op_handle"][[0, CHUNK_SLOTS, -1]] = [9, 2**32 - 1, 0]
    found = census(slots, threads)
    assert found.op_handles == frozenset({7, 9, 2**32 - 1, 0})
    assert found.tally == count_slots(slots)
    assert census(slots[:0]).op_handles == frozenset()


def test_a_census_gives_up_on_more_operations_than_it_tells_apart() -> None:
    slots = ready_tasks(MOST_NAMED + 1)
    slots["op_handle"][:MOST_NAMED] = range(MOST_NAMED)
    slots["op_handle"][MOST_NAMED] = 0
    assert census(slots).op_handles == frozenset(range(MOST_NAMED))
    slots["op_handle"] = range(MOST_NAMED + 1)
    assert census(slots).op_handles is None


def test_a_census_stops_looking_once_every_slot_has_a_known_name() -> None:
    slots = ready_tasks(2 * CHUNK_SLOTS, op_handle=7)
    slots["op_handle"][::2] = 9
    assert census(slots, 1).op_handles == frozenset({7, 9})

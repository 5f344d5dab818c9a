"""What a ring's words say about its families, and what becomes of parents that waited when a launch was killed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ops import FORK_SUM as SPAWNS
from tests.support.rings import ready_tasks
from vyrectl import SLOT_DTYPE
from vyrectl.abi.faults import LOST_CHILDREN
from vyrectl.abi.limits import NEVER_EPOCH, U32_MAX
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.engine.family import (
    Nursery,
    as_counted,
    count_families,
    first_child_id,
    spawning_in_use,
    with_empty_slots,
)
from vyrectl.task.arrays import SlotArray

EMPTY, READY, RUNNING, DONE, PAUSED, FAULTED = 0, 1, 2, 3, 4, 7


def family(children: int = 2) -> SlotArray:
    """Slot 0 waits at its join for the tasks behind it."""
    slots = ready_tasks(children + 1, parent_task_id=1)
    slots["parent_task_id"][0] = 0
    slots["op_handle"][0], slots["state"][0], slots["resume_epoch"][0] = SPAWNS, PAUSED, NEVER_EPOCH
    return slots


def test_a_parent_waits_for_its_unfinished_children() -> None:
    slots = family(4)
    slots["state"][1:] = READY, DONE, FAULTED, PAUSED
    before = slots.copy()
    links = count_families(slots, [SPAWNS])
    assert (slots == before).all()
    assert links.parents.tolist() == [-1, 0, -1, -1, 0]
    assert (links.waits.tolist(), links.freed, links.lost) == ([1, 0, 0, 0, 0], 0, 0)


def test_a_parent_that_is_not_at_its_join_counts_as_one_to_wait_for() -> None:
    slots = family(3)
    slots["state"][0] = READY
    assert count_families(slots, [SPAWNS]).waits.tolist() == [3, 0, 0, 0]


def test_a_parent_whose_children_have_ended_goes_on() -> None:
    slots = family()
    slots["state"][1:], slots["flags"][0] = DONE, 1
    links = count_families(slots, [SPAWNS])
    assert (slots["state"][0], slots["flags"][0], slots["resume_epoch"][0]) == (READY, 8, NEVER_EPOCH)
    assert (links.freed, links.waits[0]) == (1, 0)


def test_a_parent_that_cannot_tell_its_children_is_faulted() -> None:
    for clash in ("repeats", "nobody"):
        slots = np.concatenate([family(), family()])
        slots["task_id"][4:] = 10, 11
        if clash == "nobody":
            slots["task_id"][[0, 3]] = 0
        links = count_families(slots, [SPAWNS])
        assert slots["state"].tolist() == [FAULTED, READY, READY, FAULTED, READY, READY]
        assert slots["continuation_data"][[0, 3]].tolist() == [LOST_CHILDREN] * 2
        assert links.lost == 2
        assert (links.parents == -1).all()
        assert not links.waits.any()


def test_an_id_that_repeats_does_no_harm_once_all_children_have_ended() -> None:
    slots = np.concatenate([family(), family()])
    slots["state"][[1, 2, 4, 5]] = DONE
    assert count_families(slots, [SPAWNS]).freed == 2


def test_others_are_left_alone() -> None:
    slots = family()
    slots["state"][1:] = DONE
    before = slots.copy()
    assert count_families(slots, [0x20000]).freed == 0
    assert count_families(slots, [SPAWNS], np.array([False, True, True])).freed == 0
    assert (slots == before).all()


def test_empty_slots_that_bear_a_tasks_words_are_cleared() -> None:
    slots = np.concatenate([family(), ready_tasks(2)])
    slots["state"][3:] = EMPTY
    slots["task_id"][3:], slots["op_handle"][3:] = (1, 0), (SPAWNS, 0)
    before = slots.copy()
    assert count_families(slots, [SPAWNS]).lost == 0
    assert slots[3].tolist() == (0,) * 16
    assert (np.delete(slots, 3) == np.delete(before, 3)).all()
    assert (as_counted(before, slots, frozenset([SPAWNS])) == slots).all()


def test_nobody_is_their_own_parent() -> None:
    slots = family(0)
    slots["parent_task_id"] = 1
    links = count_families(slots, [SPAWNS])
    assert links.parents.tolist() == [-1]
    assert links.freed == 1


@given(st.lists(st.sampled_from([0, 1, 2, 7, U32_MAX - 9, U32_MAX - 1, U32_MAX]), min_size=1, max_size=8))
def test_children_get_ids_that_nobody_has(ids: list[int]) -> None:
    slots = ready_tasks(len(ids), task_id=ids)
    first = first_child_id(slots)
    fresh = {(first + slot) & U32_MAX for slot in range(len(ids))}
    assert not fresh & {0, *ids}


def test_behind_the_largest_id_a_gap_is_looked_for() -> None:
    assert first_child_id(ready_tasks(2, task_id=[U32_MAX, 2])) == 3
    assert first_child_id(ready_tasks(2, task_id=[U32_MAX, 3])) == 1
    assert first_child_id(ready_tasks(2, task_id=[U32_MAX - 2, 1], parent_task_id=[0, 40])) == U32_MAX - 1


@given(st.integers(0, 2**32 - 1))
def test_hostile_links_stay_inside_the_ring(seed: int) -> None:
    random = np.random.default_rng(seed)
    slots = random.integers(0, 6, (20, 16)).astype("<u4").view(SLOT_DTYPE).reshape(20)
    slots["state"] = random.integers(0, 9, 20)
    slots["op_handle"] = random.choice([0, SPAWNS], 20)
    slots["resume_epoch"] = random.choice([0, NEVER_EPOCH], 20)
    links = count_families(slots, [SPAWNS])
    assert ((links.parents >= -1) & (links.parents < 20)).all()
    assert (links.waits <= 20).all()


def test_a_selection_takes_the_empty_slots_in() -> None:
    slots = family()
    slots["state"][2] = EMPTY
    chosen = np.array([True, False, False])
    wider = with_empty_slots(chosen, slots, spawning_in_use(slots))
    assert wider is not None
    assert wider.tolist() == [True, False, True]
    assert with_empty_slots(chosen, slots, frozenset()) is chosen
    assert spawning_in_use(slots[1:]) == frozenset()


def test_slots_are_handed_out_in_order_until_none_is_left() -> None:
    slots = family(0)
    ring = np.concatenate([slots, np.zeros(2, SLOT_DTYPE)])
    ring["state"][0], ring["tenant_id"][0] = RUNNING, 5
    nursery = Nursery(ring, count_families(ring, [SPAWNS]))
    nursery.refill()
    parent = {"task_id": 1, "tenant_id": 5}
    words = {"op_handle": 9, "priority": 3, "input_handle": 4, "output_handle": 5, "param": 6}
    assert [nursery.spawn(0, parent, words) for _ in range(3)] == [1, 2, None]
    assert ring[1].tolist() == (READY, 9, 5, 3, 4, 5, 6, 0, 0, 0, 3, 1, 0, 0, 0, 0)
    assert nursery.after(0, OutcomeKind.PAUSE, joins=False) == [1, 2]


def test_the_ring_before_is_compared_as_if_children_had_been_there() -> None:
    before = np.concatenate([family(1), np.zeros(1, SLOT_DTYPE)])
    after = before.copy()
    after["state"] = READY
    after["yield_count"][2] = 4
    settled = as_counted(before, after, frozenset([SPAWNS]))
    assert settled["state"].tolist() == [READY, READY, READY]
    assert settled["yield_count"][2] == 0
    assert as_counted(before, after, frozenset()) is before

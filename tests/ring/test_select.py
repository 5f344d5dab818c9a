"""Slot lists and selections."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ring.rings import OPS, numbered
from vyrectl.errors import UsageError, WhereError
from vyrectl.ring.select import CHUNK_SLOTS, parse_slots, select

TOTAL = 50
ends = st.integers(0, TOTAL - 1)
number_texts = st.sampled_from([str, hex, lambda n: f" {n} ", lambda n: f"00{n}", lambda n: f"0X{n:X}"])


@given(st.lists(st.tuples(ends, ends, number_texts, st.booleans()), min_size=1, max_size=6))
def test_any_list_of_ranges_gives_its_numbers_once_and_sorted(
    parts: list[tuple[int, int, object, bool]],
) -> None:
    texts, wanted = [], set()
    for one, other, show, is_range in parts:
        low, high = sorted((one, other)) if is_range else (one, one)
        assert callable(show)
        texts.append(f"{show(low)}-{show(high)}" if is_range else show(low))
        wanted |= set(range(low, high + 1))
    numbers = parse_slots(",".join(texts), TOTAL)
    assert numbers.dtype == np.int64
    assert numbers.tolist() == sorted(wanted)


def test_the_example_of_the_help() -> None:
    assert parse_slots("0-15,20", 100).tolist() == [*range(16), 20]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "missing"),
        ("1,,2", "missing"),
        ("1,", "missing"),
        ("x", "no slot number"),
        ("-1", "no slot number"),
        ("1-", "no slot number"),
        ("1-2-3", "no slot number"),
        ("1.5", "no slot number"),
        ("1 2", "no slot number"),
        ("1_0", "no slot number"),
        ("٣", "no slot number"),
        ("9" * 5000, "no slot number"),
        ("3-1", "backwards"),
        ("50", "slot 50 is past the end"),
        ("0-50", "slot 50 is past the end"),
        ("0xffffffffffffffff", "past the end"),
    ],
)
def test_a_bad_list_is_refused(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_slots(spec, TOTAL)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 6000


def test_an_empty_ring_has_no_slots_to_name() -> None:
    with pytest.raises(UsageError, match="It is empty"):
        parse_slots("0", 0)


def test_many_repeats_of_a_large_range_take_no_memory() -> None:
    start = time.process_time()
    assert len(parse_slots(",".join(["0-999999"] * 2000), 1_000_000)) == 1_000_000
    assert time.process_time() - start < 5


def test_everything_a_list_a_condition_or_both() -> None:
    slots = numbered(100)
    slots["age_ticks"] = np.arange(100) % 10
    assert select(slots, everything=True, op_codes=OPS).tolist() == list(range(100))
    assert select(slots, spec="3,1", op_codes=OPS).tolist() == [1, 3]
    assert select(slots, where="age_ticks == 4", op_codes=OPS).tolist() == list(range(4, 100, 10))
    assert select(slots, spec="0-30", where="age_ticks == 4", op_codes=OPS).tolist() == [4, 14, 24]
    assert select(slots, where="state == done", op_codes=OPS).tolist() == []


def test_a_condition_sees_slot_numbers_across_chunks() -> None:
    slots = numbered(CHUNK_SLOTS * 2 + 10)
    wanted = [5, CHUNK_SLOTS - 1, CHUNK_SLOTS, 2 * CHUNK_SLOTS + 9]
    text = " or ".join(f"slot == {one}" for one in wanted)
    assert select(slots, where=text, op_codes=OPS).tolist() == wanted
    assert select(slots, where="task_id == slot", op_codes=OPS).size == len(slots)
    picked = f"{CHUNK_SLOTS - 1}-{CHUNK_SLOTS + 1}"
    assert select(slots, spec=picked, where="slot % 2 == 0", op_codes=OPS).tolist() == [CHUNK_SLOTS]


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(UsageError, match="no slots were chosen"):
        select(numbered(2), op_codes=OPS)
    with pytest.raises(UsageError, match="all slots and some"):
        select(numbered(2), everything=True, where="state", op_codes=OPS)
    with pytest.raises(UsageError, match="all slots and some"):
        select(numbered(2), everything=True, spec="0", op_codes=OPS)


def test_a_bad_condition_is_refused_even_for_an_empty_ring() -> None:
    with pytest.raises(WhereError):
        select(numbered(0), where="nonsense", op_codes=OPS)

"""A ring as marks: every slot of one kind, runs that show what most tasks are, held to a plain twin."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import edge_words, numbered, slots_of
from vyrectl.abi.faults import FAULT, NO_FAULT
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.ring.marks import BY, CHUNK_SLOTS, LEVELS, RANGED, Marks, mark_ring

rows = st.lists(st.lists(edge_words, min_size=16, max_size=16), max_size=40)


def expected_mark(marks: Marks, words: list[int]) -> str:
    """The mark of one slot, by its words."""
    if words[0] == 0:
        return "."
    value = why_faulted(words) if marks.by == FAULT else words[FIELD_INDEX[BY[marks.by]]]
    found = [
        kind.mark
        for kind in marks.kinds
        if kind.least is not None and kind.most is not None and kind.least <= value <= kind.most
    ]
    if found:
        assert len(found) == 1
        return found[0]
    return "?" if marks.by in ("state", "priority", *RANGED) else "+"


def why_faulted(words: list[int]) -> int:
    """The fault code of a Faulted slot."""
    return words[FIELD_INDEX["continuation_data"]] if words[0] == 7 else NO_FAULT


def run_mark(marks: Marks, letters: list[str]) -> list[str]:
    """What a run may show: several where they tie."""
    if not letters:
        return [" "]
    kinds = set(letters)
    if marks.by in RANGED:
        return [max(kinds - {"."} or {"."})]
    tasks = Counter(letter for letter in letters if letter != ".") or Counter(".")
    most = max(tasks.values())
    return [letter.lower() if len(kinds) > 1 else letter for letter, n in tasks.items() if n == most]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(rows, st.sampled_from(sorted(BY)), st.integers(1, 50), st.data())
def test_marks_are_those_of_a_plain_twin(
    words: list[list[int]], by: str, most: int, data: st.DataObject
) -> None:
    slots = slots_of(words)
    chosen = None
    if data.draw(st.booleans()):
        chosen = np.array([i for i in range(len(words)) if data.draw(st.booleans())], np.int64)
    marks = mark_ring(slots, by, most, chosen)
    text = marks.text()
    wanted = set(range(len(words)) if chosen is None else chosen.tolist())
    assert len(text) == -(-len(words) // marks.slots_per_mark) <= most
    for index, mark in enumerate(text):
        run = range(index * marks.slots_per_mark, min((index + 1) * marks.slots_per_mark, len(words)))
        assert mark in run_mark(marks, [expected_mark(marks, words[i]) for i in run if i in wanted])
    counts = Counter(expected_mark(marks, words[i]) for i in wanted)
    assert {kind.mark: kind.slots for kind in marks.kinds if kind.slots} == counts
    for kind in marks.kinds:
        of_kind = [i for i in sorted(wanted) if expected_mark(marks, words[i]) == kind.mark]
        assert kind.first == (of_kind[0] if of_kind else None)


def test_a_run_is_the_shortest_power_of_two_that_fits() -> None:
    slots = numbered(1000, state=1)
    assert [mark_ring(slots, "state", most).slots_per_mark for most in (1000, 999, 500, 499, 1)] == [
        1,
        2,
        2,
        4,
        1024,
    ]


def test_runs_longer_than_a_chunk_and_across_chunks() -> None:
    slots = numbered(3 * CHUNK_SLOTS + 1, state=3)
    slots["state"][2 * CHUNK_SLOTS] = 7
    assert mark_ring(slots, "state", 2).text() == "Dd"
    assert mark_ring(slots, "state", 4).text() == "DDdD"
    found = mark_ring(slots, "state", 4, np.array([2 * CHUNK_SLOTS]))
    assert found.text() == "  F "
    assert next(kind for kind in found.kinds if kind.mark == "F").first == 2 * CHUNK_SLOTS


def test_empty_slots_hide_no_task() -> None:
    slots = numbered(8, state=0)
    slots["state"][5] = 1
    assert mark_ring(slots, "state", 1).text() == "r"
    assert mark_ring(slots, "state", 2).text() == ".r"
    assert mark_ring(slots, "tenant", 1).text() == "a"
    assert mark_ring(slots, "age", 1).text() == "0"


def test_only_the_most_frequent_tenants_have_letters() -> None:
    slots = numbered(200, state=1)
    slots["tenant_id"] = np.minimum(np.arange(200) // 4 * 10, 400)
    marks = mark_ring(slots, "tenant", 200)
    letters = [kind for kind in marks.kinds if kind.mark.isalpha()]
    assert len(letters) == 26
    assert letters[-1].least == 400
    assert [kind.least for kind in letters] == sorted(kind.least or 0 for kind in letters)
    assert next(kind.slots for kind in marks.kinds if kind.mark == "+") == 200 - 25 * 4 - 40


@pytest.mark.parametrize(
    ("highest", "bounds"),
    [
        (0, [(0, 0)]),
        (1, [(0, 0), (1, 1)]),
        (5, [(0, 0), (1, 1), (2, 3), (4, 7)]),
        (2**32 - 1, [(0, 0), (1, 15), (16, 255), (256, 2047), (2048, 32767), (32768, 2**18 - 1)]),
    ],
)
def test_ranges_end_below_powers_of_two(highest: int, bounds: list[tuple[int, int]]) -> None:
    slots = numbered(3, state=1)
    slots["age_ticks"][1] = highest
    kinds = [(kind.least, kind.most) for kind in mark_ring(slots, "age", 9).kinds if kind.least is not None]
    assert kinds[: len(bounds)] == bounds
    assert kinds[-1][1] >= highest  # type: ignore[operator]
    assert len(kinds) <= LEVELS + 1

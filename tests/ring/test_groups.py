"""Slots counted by words: the groups add up, and are what a dictionary would count."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import edge_words, numbered, slots_of
from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES
from vyrectl.ring.groups import FEW_VALUES, group_slots

rows = st.lists(st.lists(edge_words, min_size=16, max_size=16), max_size=12)
fields = st.lists(st.sampled_from(FIELD_NAMES), min_size=1, max_size=4, unique=True)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(rows, fields, st.data())
def test_groups_are_what_a_dictionary_counts(
    words: list[list[int]], names: list[str], data: st.DataObject
) -> None:
    chosen = [index for index in range(len(words)) if data.draw(st.booleans())]
    groups = group_slots(slots_of(words), np.array(chosen, np.int64), names)
    keys = [tuple(words[index][FIELD_INDEX[name]] for name in names) for index in chosen]
    ages: dict[tuple[int, ...], int] = {}
    for key, index in zip(keys, chosen, strict=True):
        ages[key] = max(ages.get(key, 0), words[index][FIELD_INDEX["age_ticks"]])
    found = {
        tuple(key): count for key, count in zip(groups.values.tolist(), groups.counts.tolist(), strict=True)
    }
    assert found == Counter(keys)
    assert dict(zip(found, groups.oldest.tolist(), strict=True)) == ages
    assert list(found) == sorted(found)


@pytest.mark.parametrize("step", [1, FEW_VALUES // 16])
def test_few_and_many_values_are_counted_alike(step: int) -> None:
    slots = numbered(100, state=1)
    slots["tenant_id"] = (np.arange(100) % 40) * step
    groups = group_slots(slots, np.arange(100), ["tenant_id"])
    assert groups.values[:, 0].tolist() == [step * tenant for tenant in range(40)]
    assert groups.counts.tolist() == [3] * 20 + [2] * 20

"""The engine's own layout: words do not overlap, records have no gaps, every number is asked of the device."""

from __future__ import annotations

from itertools import pairwise

import pytest

from vyrectl.abi import checks, engine, loop
from vyrectl.abi.dtype import dtype_of
from vyrectl.abi.engine import CLASSES
from vyrectl.abi.layout import RecordLayout, Words
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.abi.questions import QUESTIONS
from vyrectl.devtools.engineheader import engine_header
from vyrectl.task.lifecycle import TRANSITIONS

LAYOUTS = (*engine.LAYOUTS, checks.HANDOFF, loop.LOOP)
RECORDS = (*engine.RECORDS, loop.OPERAND_ROW)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_words_stand_apart_and_inside(layout: Words) -> None:
    spread = [one.at(number) for one in layout.words for number in range(CLASSES if one.stride else 1)]
    assert len(set(spread)) == len(spread)
    if layout.size and layout.name != "LINE":
        assert max(spread) < layout.size


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.name)
def test_records_are_packed_and_aligned(record: RecordLayout) -> None:
    made = dtype_of(record)
    assert made.fields is not None
    offsets = [made.fields[one.name][1] for one in record.members]
    assert offsets == [record.offset_bytes(one.name) for one in record.members]
    assert all(place % int(one.width[1]) == 0 for place, one in zip(offsets, record.members, strict=True))
    assert made.itemsize == record.size_bytes
    assert record.size_bytes % max(int(one.width[1]) for one in record.members) == 0


def test_what_is_asked_stands_in_the_header() -> None:
    whats = [one.what for one in QUESTIONS]
    assert len(set(whats)) == len(whats)
    asked = engine_header().split("#define VYRE_QUESTIONS")[1].splitlines()[1 : len(QUESTIONS) + 1]
    written = [f"VYRE_ASK_{one.asks}({', '.join(one.arguments)})" for one in QUESTIONS]
    assert [line.strip(" \\") for line in asked] == written


def test_outcomes_are_lifecycle_actions() -> None:
    codes = list(OutcomeKind)
    assert all(two - one == 1 for one, two in pairwise(codes))
    for kind in codes:
        assert TRANSITIONS[kind.action].target is kind.state

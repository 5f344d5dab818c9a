"""Errors, reports and records go through pickle whole, and compare and hash."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl import (
    SLOT_DTYPE,
    LaunchReport,
    Ring,
    TaskQueueSnapshot,
    TaskWorkItem,
    converge,
    errors,
    launch,
    open_session,
)
from vyrectl.launching.converge import reach_job
from vyrectl.launching.options import LaunchOptions
from vyrectl.policy.policy import LaunchPolicy
from vyrectl.policy.request import LaunchRequest
from vyrectl.ring.diff import diff_rings

KINDS = sorted(
    {one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.VyrectlError)},
    key=lambda one: one.__name__,
)
TEXTS = st.text(max_size=8)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXTS,
    "str | None": st.none() | TEXTS,
    "object": TEXTS,
    "int": st.integers(0, 2**32 - 1),
    "bool": st.booleans(),
    "float": st.floats(0, 1e6),
    "Sequence[int] | None": st.none() | st.lists(st.integers(0, 9)),
    "int | None": st.none() | st.integers(0, 7),
    "tuple[int, int]": st.tuples(st.integers(0, 9), st.integers(0, 9)),
    "tuple[str, str]": st.tuples(TEXTS, TEXTS),
    "tuple[str, ...]": st.lists(TEXTS).map(tuple),
    "Sequence[tuple[int, int]]": st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))),
    "Sequence[Unrunnable]": st.lists(
        st.builds(
            errors.Unrunnable,
            st.integers(0, 2**32 - 1),
            st.none() | TEXTS,
            st.none() | st.integers(0, 7),
            st.none() | st.integers(0, 7),
            st.integers(1, 9),
            st.integers(0, 9),
        ),
        max_size=2,
    ),
    "Sequence[Mapping[str, Relayed]]": st.lists(st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2),
}
"""A value for each annotation in the tree; a new one is a KeyError here."""

SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "record": st.builds(
        lambda error, more: {**error.to_record(), **more},
        st.builds(errors.WhereError, TEXTS, TEXTS, st.integers(0, 7)),
        st.dictionaries(st.sampled_from(("log", "slot")), TEXTS),
    ),
    "bits": st.sampled_from((32, 64)),
    "failures": st.lists(
        st.fixed_dictionaries({"where": TEXTS, "message": TEXTS, "fix": TEXTS}), min_size=1, max_size=2
    ),
}
"""Arguments that do not take every value of their type."""


@st.composite
def raised(draw: st.DrawFn) -> errors.VyrectlError:
    kind = draw(st.sampled_from(KINDS))
    parameters = list(inspect.signature(kind).parameters.values())
    given = {
        one.name: draw(SPECIAL[one.name] if one.name in SPECIAL else VALUES[str(one.annotation)])
        for one in parameters
    }
    positional = [given.pop(one.name) for one in parameters if one.kind is not one.KEYWORD_ONLY]
    return kind(*positional, **given)


@given(raised())
def test_every_error_is_pickled_and_copied_with_every_attribute(error: errors.VyrectlError) -> None:
    error.add_note("seen in a test")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert again.args == error.args
        assert (str(again), again.to_record()) == (str(error), error.to_record())
        assert again.exit_code == error.exit_code


def test_the_tree_is_all_there() -> None:
    assert len(KINDS) > 35
    assert errors.ArgumentTypeError in KINDS


def ring(count: int = 4) -> Ring:
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"] = 1
    return Ring.from_slots(slots)


def report(count: int = 4, **options: Any) -> LaunchReport:
    return launch(ring(count), device="reference", plan="auto", quotas={9: 1}, **options)


def test_reports_compare_hash_and_pickle() -> None:
    one = report()
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert hash(again) == hash(one)
    assert again.to_record() == one.to_record()
    assert {one: "kept"}[again] == "kept"
    control = one.control.copy()
    control[0] ^= 1
    assert replace(one, driven=replace(one.driven, control=control)) != one
    assert replace(one, driven=replace(one.driven, control=control[:-1])) != one
    assert one != "a report"
    assert report(5) != one


def test_options_are_equal_in_every_field() -> None:
    assert LaunchOptions(timeout=1.0, workers=2) == LaunchOptions(timeout=1.0, workers=2)
    assert LaunchOptions(timeout=1.0) != LaunchOptions(timeout=2.0)
    assert LaunchOptions(workers=1) != LaunchOptions(workers=2)


REACH = reach_job(np.array([True, False]), np.array([[0, 1]]))


@pytest.mark.parametrize(
    "record",
    [
        TaskWorkItem(state=1),
        TaskQueueSnapshot(ready_count=3),
        LaunchRequest.direct(10, 2, 64),
        LaunchPolicy(),
        LaunchPolicy().recommend(LaunchRequest.direct(10, 2, 64)),
        diff_rings(ring().slots, ring(5).slots),
        converge(*REACH[:1], step="reachability", operands=REACH[1], device="reference"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_compare_hash_and_pickle(record: object) -> None:
    again = pickle.loads(pickle.dumps(record))
    assert again == record
    assert hash(again) == hash(record)


def test_what_is_open_says_why_it_is_not_pickled() -> None:
    with pytest.raises(TypeError, match=r"a Ring is .*hand on its path"):
        pickle.dumps(Ring.from_slots(np.zeros(2, SLOT_DTYPE)))
    with open_session(2, device="reference") as session, pytest.raises(TypeError, match="a Session is"):
        pickle.dumps(session)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (launch(Ring.from_slots(np.zeros(2, SLOT_DTYPE)), device="reference"), "ended"),
        (TaskQueueSnapshot(*range(8)), "schedulable_count"),
        (TaskWorkItem(*range(16)), "task_state"),
        (LaunchPolicy().recommend(LaunchRequest.direct(8, 1, 64)), "topology_evidence"),
    ],
)
def test_what_a_record_works_out_itself_is_said_to_be(record: Any, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} of a {type(record).__name__} is worked out") as error:
        replace(record, **{name: 1})
    assert inspect.signature(type(record)).parameters.keys() == {one.name for one in fields(record)}
    assert all(one.name in str(error.value) for one in fields(record))
    with pytest.raises(TypeError, match="unexpected keyword"):
        replace(record, nonsense=1)

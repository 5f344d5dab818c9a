"""Records of sweeps and traces have every attribute by name."""

from __future__ import annotations

from dataclasses import fields

import pytest

from vyrectl import LaunchPolicy, LaunchRequest
from vyrectl.errors import LaunchRequestError
from vyrectl.policy.document import parse_document
from vyrectl.policy.explain import explain
from vyrectl.policy.judging import Comparison, Judge
from vyrectl.policy.sweep import sweep

REQUEST = LaunchRequest.direct(5000, 64, 64)


def test_a_sweep() -> None:
    record = sweep(REQUEST, "queue_len", 0, 9000).to_record()
    assert (record["field"], record["start"], record["stop"]) == ("queue_len", 0, 9000)


def test_what_flips_between_regions() -> None:
    found = sweep(REQUEST, "queue_len", 0, 9000)
    cause = found.regions[1].causes[0]
    assert cause.to_record().keys() == {one.name for one in fields(cause)}


def test_steps_and_their_numbers() -> None:
    step = explain(REQUEST, LaunchPolicy(), None)[0]
    record = step.to_record()
    assert record["decided"] is step.decided
    shown = {one.name: getattr(step, one.name) for one in fields(step) if one.name in record}
    assert shown.keys() <= record.keys()
    numbers = Comparison("queue_len", 3, "<", "limit", 4, True)
    assert numbers.to_record().keys() == {one.name for one in fields(numbers)}


def test_an_error_that_no_rule_explains_is_not_kept_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(
        self: LaunchPolicy, request: LaunchRequest, previous: object = None, judge: Judge | None = None
    ) -> None:
        raise LaunchRequestError("of another origin")

    monkeypatch.setattr(LaunchPolicy, "recommend", refuse)
    with pytest.raises(LaunchRequestError, match="of another origin"):
        sweep(REQUEST, "queue_len", 0, 3)


def test_the_form_may_be_given() -> None:
    assert parse_document("queue_len = 3", "r", toml=True) == {"queue_len": 3}
    assert parse_document(' {"queue_len": 3}', "r", toml=False) == {"queue_len": 3}

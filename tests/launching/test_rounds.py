"""The rounds of a launch, with a session that keeps a script: slices, budgets, and every way to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from vyrectl.engine.backend import DeviceSession, RoundIndex, Tally
from vyrectl.errors import DeviceError
from vyrectl.launching import rounds
from vyrectl.launching.rounds import SLICE_GROWTH, STUCK_SECONDS, Course, Drain, Limits

FIRST_SLICE = 4096

pytestmark = pytest.mark.timeout(20)
"""Nothing is run: what takes longer goes round for ever."""


@pytest.fixture(autouse=True)
def _short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FIRST_SLICE", FIRST_SLICE)


@dataclass
class Script:
    """A session whose index passes are given and whose runs do as they are told.

    Attributes:
        indices: What each index pass finds; (classes, resumed).
        reach: From (claims left in the round, most) to the claims that a run makes; as many as it may by default.
        lost: Claims are made and none is counted, as if every slot were somebody else's.
        runs: The `most` of each run.
        strict: Whether each run had to keep to it.
    """

    indices: list[tuple[tuple[int, ...], int]]
    reach: Callable[[int, int], int] = min
    rounds_at_once: ClassVar[bool] = False
    lost: bool = False
    device_seconds: float = 0.0
    words: dict[int, int] = field(default_factory=dict)
    runs: list[int] = field(default_factory=list)
    strict: list[bool] = field(default_factory=list)
    left: int = 0
    counted: Tally = field(default_factory=Tally)

    def index(self) -> RoundIndex:
        classes, resumed = self.indices.pop(0)
        self.left = sum(classes)
        return RoundIndex(classes, resumed, 0)

    def run(self, most: int, interrupt: Any, *, strict: bool = False) -> bool:
        self.runs.append(most)
        self.strict.append(strict)
        claims = self.reach(self.left, most)
        self.left -= claims
        if not self.lost:
            self.counted.claims += claims
        return self.left > 0

    def tally(self) -> Tally:
        return self.counted

    def control(self) -> Any:
        words = np.zeros(160, np.uint32)
        for word, value in self.words.items():
            words[word] = value
        return words

    def write_control(self, word: int, value: int) -> None:
        self.words[word] = value


NOTHING = ((0, 0, 0, 0, 0), 0)


def drain(script: Script, **limits: Any) -> Course:
    session: DeviceSession = script  # type: ignore[assignment]
    return Drain(session, Limits(**limits)).run()


def test_rounds_go_on_until_nothing_is_claimable() -> None:
    script = Script([((2, 0, 3, 0, 0), 1), ((0, 1, 0, 0, 0), 2), NOTHING])
    course = drain(script)
    assert (course.ended, course.rounds, course.indexed, course.resumed) == ("drained", 2, 5, 3)
    assert script.runs == [FIRST_SLICE, FIRST_SLICE * SLICE_GROWTH]
    assert script.strict == [False, False]


def test_nothing_to_do_is_no_round() -> None:
    course = drain(Script([NOTHING]))
    assert (course.ended, course.rounds, course.indexed) == ("drained", 0, 0)


def test_slices_grow_while_the_device_is_quick() -> None:
    script = Script([((0, 0, 10**6, 0, 0), 0), NOTHING])
    course = drain(script)
    assert script.runs[:2] == [FIRST_SLICE, FIRST_SLICE * SLICE_GROWTH]
    assert (course.rounds, script.counted.claims) == (1, 10**6)


def test_a_slice_is_never_larger_than_the_budget() -> None:
    script = Script([((0, 0, 100, 0, 0), 0), ((0, 0, 100, 0, 0), 0), NOTHING])
    course = drain(script, max_steps=130)
    assert script.runs == [130, 30]
    assert script.strict == [True, True]
    assert (course.ended, course.rounds, script.counted.claims) == ("max_steps", 2, 130)


def test_a_budget_that_ends_with_the_work_is_drained() -> None:
    assert drain(Script([((0, 0, 100, 0, 0), 0), NOTHING]), max_steps=100).ended == "drained"


def test_a_round_without_progress_is_stalled() -> None:
    script = Script([((0, 0, 5, 0, 0), 0)] * 3, lost=True)
    course = drain(script)
    assert (course.ended, course.rounds) == ("stalled", 1)


def test_shutdown_before_and_within_a_round() -> None:
    before = drain(Script([((1, 0, 0, 0, 0), 0)], words={0: 1}))
    assert (before.ended, before.rounds) == ("shutdown", 0)
    words: dict[int, int] = {}

    def shut_down(left: int, most: int) -> int:
        words[0] = 1
        return 4

    within = drain(Script([((0, 0, 9, 0, 0), 0)], reach=shut_down, words=words))
    assert (within.ended, within.rounds) == ("shutdown", 1)


def test_shutdown_with_nothing_left_is_drained() -> None:
    assert drain(Script([NOTHING], words={0: 1})).ended == "drained"


@pytest.mark.parametrize("reason", ["interrupted", "timeout"])
def test_a_reason_to_stop_ends_it(reason: str) -> None:
    script = Script([((0, 0, 10**5, 0, 0), 0)])
    course = drain(script, stop=lambda: reason if script.runs else None)
    assert (course.ended, len(script.runs)) == (reason, 1)


def test_a_reason_that_comes_within_a_slice() -> None:
    script = Script([((0, 0, 9, 0, 0), 0)], reach=lambda left, most: 4)
    assert drain(script, stop=lambda: "interrupted" if script.runs else None).ended == "interrupted"


def test_a_stop_before_the_first_claim_is_no_stall() -> None:
    """Workers that leave at once have made no progress, and still it is the stop that ended the launch."""
    script = Script([((0, 0, 9, 0, 0), 0)], reach=lambda left, most: 0)
    assert drain(script, stop=lambda: "timeout" if script.runs else None).ended == "timeout"


def test_a_clock_that_has_run_out() -> None:
    course = drain(Script([((1, 0, 0, 0, 0), 0)]), deadline=0.0)
    assert (course.ended, course.rounds) == ("timeout", 0)


def test_progress_is_told_after_each_slice() -> None:
    seen: list[Any] = []
    script = Script([((0, 0, 5000, 0, 0), 0), ((3, 0, 0, 0, 0), 0), NOTHING])
    drain(script, watch=seen.append)
    assert [(one.round_number, one.claimed, one.claimable, one.claims) for one in seen] == [
        (1, 4096, 5000, 4096),
        (1, 5000, 5000, 5000),
        (2, 3, 3, 5003),
    ]


def test_a_slice_that_runs_on_long_after_its_timeout_is_given_up() -> None:
    """Whoever polls a kernel asks again and again; a launch that has come to its end is not asked any more."""
    due = Limits(deadline=time.monotonic())
    assert (due.interrupt(), due.reached(0)) == ("timeout", "timeout")
    late = Limits(deadline=time.monotonic() - STUCK_SECONDS)
    assert late.reached(0) == "timeout"
    with pytest.raises(DeviceError, match="does not leave"):
        late.interrupt()

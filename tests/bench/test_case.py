"""Cases in turn: warm-up, rotation, the best of several ways, shares round by round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from vyrectl.bench.case import Case, Measure, Turn, measure


class Scripted:
    """Turns that take what the script says, and a log of who was asked."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def case(self, name: str, seconds: Iterable[float], **more: object) -> Case:
        script: Iterator[float] = iter(seconds)

        def turn() -> Turn:
            self.log.append(name)
            took = next(script)
            return Turn(took * 2, took, {"part": took})

        facts = {"section": "tasks", "size": 10, "unit": "tasks", "amount": 100, **more}
        return Case(name=name, turn=turn, **facts)  # type: ignore[arg-type]


@pytest.fixture
def scripted() -> Scripted:
    return Scripted([])


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    return {one.case.name: one for one in measures}


def test_the_first_round_warms_up_and_does_not_count(scripted: Scripted) -> None:
    (one,) = measure([scripted.case("a", [99.0, 1.0, 3.0, 2.0])], repeats=3)
    assert one.device is not None
    assert (one.device.least, one.device.median, one.device.most) == (1.0, 2.0, 3.0)
    assert one.wall.median == 4.0
    assert one.parts == {"part": 2.0}


def test_every_round_starts_one_later(scripted: Scripted) -> None:
    ones = [1.0] * 4
    seen: list[int] = []
    measure([scripted.case(name, ones) for name in "abc"], 3, seen.append)
    assert "".join(scripted.log) == "abcbcacababc"
    assert seen == list(range(1, 13))


def test_of_several_ways_the_quickest_counts(scripted: Scripted) -> None:
    slow = scripted.case("sweep", [0, 5.0, 5.0, 5.0], variant="slow")
    quick = scripted.case("sweep", [0, 2.0, 9.0, 2.0], variant="quick")
    drain = scripted.case("drain", [0, 4.0, 4.0, 4.0], beside=("sweep", 10))
    found = by_name(measure([slow, quick, drain], 3))
    assert len(found) == 2
    assert found["sweep"].case.variant == "quick"
    share = found["drain"].share
    assert share is not None
    assert (share.median, share.most) == (0.5, 2.25)
    assert found["drain"].wall_share == share


def test_a_case_beside_something_that_was_not_measured_has_no_share(scripted: Scripted) -> None:
    (one,) = measure([scripted.case("drain", [1.0, 1.0], beside=("sweep", 10))], 1)
    assert one.share is None
    assert one.to_record()["share"] is None


def test_no_share_on_the_device_beside_a_ceiling_without_a_device_time(scripted: Scripted) -> None:
    ceiling = Case("sum", "memory", 10, "bytes", 50, lambda: Turn(1.0))
    found = by_name(measure([ceiling, scripted.case("drain", [1.0, 1.0], beside=("sum", 10))], 1))
    assert found["sum"].device is None
    assert found["drain"].share is None
    assert found["drain"].wall_share is not None
    assert found["drain"].wall_share.median == 1.0


def test_what_has_nothing_to_warm_up_is_taken_in_the_first_rounds(scripted: Scripted) -> None:
    cold = scripted.case("cold", [7.0, 8.0], most_rounds=2)
    found = by_name(measure([cold, scripted.case("warm", [1.0] * 5)], 4))
    assert found["cold"].wall.median == 15.0
    assert scripted.log.count("cold") == 2
    assert scripted.log.count("warm") == 5


def test_record_is_flat_and_in_seconds(scripted: Scripted) -> None:
    (one,) = measure([scripted.case("a", [0, 2.0, 4.0, 3.0])], 3)
    record = one.to_record()
    assert record["device_seconds"] == 3.0
    assert record["device_seconds_most"] == 4.0
    assert record["device_rate"] == pytest.approx(100 / 3)
    assert record["wall_rate"] == pytest.approx(100 / 6)
    assert all(not isinstance(value, dict | list) for value in record.values())

"""Who gets which shard with how many claims."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vyrectl.spread.cut import cut
from vyrectl.spread.roster import MOST_KILLS, Roster


@given(st.data(), st.integers(1, 6), st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_a_budget_is_spent_to_the_last_claim(data: st.DataObject, takers: int, tasks: list[int]) -> None:
    """However devices come and die, claims are what there is, or the budget, whichever is less."""
    budget = data.draw(st.integers(0, sum(tasks) + 5))
    roster = Roster(cut(64 * len(tasks), 1, 64), budget)
    left, out, claims = dict(enumerate(tasks)), dict[int, int | None](), 0
    while not roster.is_over:
        order = roster.next(takers) if len(out) < takers else None
        if order is not None:
            out[order.shard.number] = order.steps
            continue
        assert out
        number = data.draw(st.sampled_from(sorted(out)))
        steps = out.pop(number)
        assert steps is not None
        if data.draw(st.integers(0, 9)) == 0 and roster.give_back(number):
            left[number] = 0
            continue
        if number in roster._out:
            made = min(steps, left[number])
            left[number] -= made
            claims += made
            roster.take(number, made, has_more=left[number] > 0)
    assert claims <= budget
    assert claims == budget or not any(left.values())
    assert roster.unvisited == 0


def test_a_shard_is_set_aside_after_three_deaths() -> None:
    roster = Roster(cut(64, 1, 64))
    for death in range(1, MOST_KILLS + 1):
        order = roster.next(1)
        assert order is not None
        assert roster.give_back(order.shard.number) is (death == MOST_KILLS)
    assert roster.is_over
    assert [one.number for one in roster.set_aside] == [0]

"""Which shard is to be run next, with how many claims, and what became of each.

The invariants: a shard is in one place at a time (waiting, out, in, or set aside), and with a budget of claims the
grants that are out and the claims that were made never pass it. Standard library and records only.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from vyrectl.dataclass import dataclass
from vyrectl.spread.cut import Shard

MOST_KILLS = 3
"""Processes that a shard may take with it before it is set aside."""


@dataclass(frozen=True, slots=True)
class Order:
    """A shard to run.

    Attributes:
        shard: The shard that is to be run.
        steps: Most claims; None for no limit.
    """

    shard: Shard
    steps: int | None


class Roster:
    """The shards of a launch.

    Args:
        shards: All of them.
        max_steps: Claims that they may make together; None for no limit.

    Attributes:
        set_aside: Those that took too many processes with them.
        visited: Numbers of those that were run.
    """

    def __init__(self, shards: Iterable[Shard], max_steps: int | None = None) -> None:
        self._waiting = deque(shards)
        self._out: dict[int, Order] = {}
        self._left = max_steps
        self._kills: Counter[int] = Counter()
        self.set_aside: list[Shard] = []
        self.visited: set[int] = set()

    @property
    def is_over(self) -> bool:
        """Nothing waits and nothing is out."""
        return not self._out and not self._has_work()

    @property
    def unvisited(self) -> int:
        """Shards that wait for their first visit."""
        return sum(shard.number not in self.visited for shard in self._waiting)

    def next(self, takers: int) -> Order | None:
        """The next shard for one of so many devices; None while there is none."""
        if not self._has_work():
            return None
        if self._left is None:
            return self._send(self._waiting.popleft(), None)
        steps = -(-self._left // max(1, takers))
        shard = next(one for one in self._waiting if self._left or one.number not in self.visited)
        self._waiting.remove(shard)
        self._left -= steps
        return self._send(shard, steps)

    def give_back(self, number: int) -> bool:
        """A shard whose process died: it waits again, or is set aside; True then."""
        order = self._out.pop(number)
        self._return(order.steps)
        self._kills[number] += 1
        if self._kills[number] >= MOST_KILLS:
            self.set_aside.append(order.shard)
            return True
        self._waiting.append(order.shard)
        return False

    def take(self, number: int, claims: int, *, has_more: bool) -> None:
        """A shard that came back.

        Args:
            number: Number of the shard that came back.
            claims: That it made in this visit.
            has_more: Its claims were used up and it has work left.
        """
        order = self._out.pop(number)
        self.visited.add(number)
        if order.steps is not None:
            self._return(order.steps - claims)
            if has_more:
                self._waiting.append(order.shard)

    def pass_over(self, numbers: Iterable[int]) -> None:
        """Leave out shards that were finished before; none is out yet."""
        known = set(numbers)
        self._waiting = deque(one for one in self._waiting if one.number not in known)

    def put_aside(self, number: int) -> None:
        """A shard that is out and has taken too many processes with it, as somebody else counted."""
        self.set_aside.append(self._out.pop(number).shard)

    def _send(self, shard: Shard, steps: int | None) -> Order:
        order = self._out[shard.number] = Order(shard, steps)
        return order

    def _return(self, steps: int | None) -> None:
        if steps is not None and self._left is not None:
            self._left += steps

    def _has_work(self) -> bool:
        return bool(self._waiting) and (self._left != 0 or self.unvisited > 0)

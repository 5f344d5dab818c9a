"""The two lists of `top`, open tasks and faulted ones: which has the keys, its order, and how far it is scrolled.

The list with the keys stands first and has most of the screen; the other one shows its beginning below. The invariant:
while there are rows, a scrolled list fills its page. Standard library only.
"""

from __future__ import annotations

from dataclasses import field

from vyrectl.dataclass import dataclass
from vyrectl.ring.listing import FAULTED, OPEN, ORDERS, Listing, Wanted


@dataclass(slots=True)
class Lists:
    """Where the lists are.

    Attributes:
        focus: `OPEN` or `FAULTED`: the list that the keys scroll.
        orders: The order of each list.
        first: First row of the list with the keys that is shown.
        page: Rows of it that the screen has room for, as of the last look.
        length: Rows that it has, as of the last look.
        landing: Row of the page that the cursor goes to with the next look, counted from the end when negative.
    """

    focus: str = OPEN
    orders: dict[str, str] = field(default_factory=lambda: {OPEN: "age", FAULTED: "slot"})
    first: int = 0
    page: int = 0
    length: int = 0
    landing: int | None = None

    def wanted(self) -> Wanted:
        """What to list at the next look."""
        firsts = {self.focus: self.first}
        return Wanted(*(Listing(self.orders[name], firsts.get(name, 0)) for name in (OPEN, FAULTED)))

    def fit(self, page: int, length: int) -> bool:
        """Take over the sizes of a look; whether it has to be listed again, since it no longer fills its page."""
        self.page, self.length = page, length
        before, self.first = self.first, min(self.first, self._last())
        return self.first != before

    def shown(self) -> int:
        """Rows of the list with the keys that are on the screen."""
        return min(self.page, self.length - self.first)

    def scroll(self, by: int) -> bool:
        """Scroll by rows, the cursor at the row that came; whether anything moved."""
        return self._go(self.first + by, -1 if by > 0 else 0)

    def turn(self, pages: int) -> bool:
        """Turn pages; whether anything moved."""
        return self._go(self.first + pages * max(self.page, 1), -1 if pages > 0 else 0)

    def go_to_end(self, *, last: bool) -> bool:
        """Go to the first or the last row; whether anything moved."""
        return self._go(self._last() if last else 0, -1 if last else 0)

    def switch(self) -> None:
        """Give the keys to the other list."""
        self.focus = FAULTED if self.focus == OPEN else OPEN
        self.first, self.landing = 0, 0

    def reorder(self, by: int = 1) -> str:
        """Take the next order; its name."""
        names = tuple(ORDERS)
        order = names[(names.index(self.orders[self.focus]) + by) % len(names)]
        self.orders[self.focus], self.first = order, 0
        return order

    def restart(self) -> None:
        """Begin at the top, for another selection of slots."""
        self.first, self.landing = 0, None

    def _go(self, first: int, landing: int) -> bool:
        before, self.first = self.first, max(min(first, self._last()), 0)
        self.landing = landing
        return self.first != before

    def _last(self) -> int:
        return max(self.length - self.page, 0)

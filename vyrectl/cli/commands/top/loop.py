"""The loop of `top`: look, draw, wait for a key, do what it says. Needs numpy and rich, inside functions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vyrectl.abi.states import TaskState
from vyrectl.cli.commands.top.sample import Sampler
from vyrectl.cli.commands.top.screen import LiveScreen
from vyrectl.cli.commands.top.state import REPAIR, Act, ListAgain, LookAgain, Quit, TopState
from vyrectl.cli.output import Output
from vyrectl.cli.readings import ring_readings
from vyrectl.cli.views.cells import count_of
from vyrectl.errors import LiveEditError, VyrectlError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.text import Text

    from vyrectl.cli.slot_records import FullSlot
    from vyrectl.edit.edit import Edit
    from vyrectl.task.arrays import SlotArray


class TopLoop:
    """Looks, draws, and does what the keys say.

    Args:
        output: Tells how to draw.
        sampler: Looks at the ring.
        state: What is shown and asked.
        backup: Keep the ring as it was before the first edit.
    """

    def __init__(self, output: Output, sampler: Sampler, state: TopState, *, backup: bool = False) -> None:
        self._backup = backup
        self._console = output.console()
        self._sampler = sampler
        self._state = state
        self._detail: FullSlot | None = None
        state.count_matching = self._count

    def begin(self, where: str) -> None:
        """Set the first filter.

        Raises:
            WhereError: It is not in the language.
        """
        from vyrectl.engine.ops import op_codes

        self._state.op_codes = dict(op_codes())
        self._state.filter_by(where)

    def run(self, screen: LiveScreen) -> None:
        """Go on until a key says to leave."""
        due = 0.0
        while True:
            if time.monotonic() >= due and not self._state.frozen:
                due = self._look(screen)
            self._draw(screen)
            wait = 3600.0 if self._state.frozen else due - time.monotonic()
            key = screen.key(wait)
            if key is None:
                continue
            total = self._sampler.sample.overview.total if self._sampler.sample.overview else 0
            intent = self._state.press(key, self._listed(screen), total)
            if isinstance(intent, Quit):
                return
            if isinstance(intent, Act):
                self._act(intent)
            if isinstance(intent, ListAgain):
                self._list_again(screen)
            elif isinstance(intent, Act | LookAgain):
                due = self._look(screen)
            elif self._state.opened is not None:
                self._open()

    def _look(self, screen: LiveScreen) -> float:
        """Look, and say when the next look is due: no sooner than this one took."""
        height = screen.size()[1]
        sample = self._sampler.look(
            self._state.where, self._state.condition, height, self._state.lists.wanted()
        )
        if self._fit_lists(screen):
            self._list_again(screen)
        else:
            self._land(screen)
        return time.monotonic() + max(self._state.interval_s, sample.work_s)

    def _list_again(self, screen: LiveScreen) -> None:
        """Another part of the lists, without another look."""
        lists = self._state.lists
        self._sampler.list_again(self._state.condition, screen.size()[1], lists.wanted())
        self._fit_lists(screen)
        self._land(screen)

    def _fit_lists(self, screen: LiveScreen) -> bool:
        from vyrectl.cli.commands.top.view import page_and_length

        found = self._sampler.sample.overview
        if found is None:
            return False
        return self._state.lists.fit(*page_and_length(found, screen.size()[1], self._state.lists.focus))

    def _land(self, screen: LiveScreen) -> None:
        """Put the cursor where the last key wanted it, and take it from a slot that left the screen."""
        listed, lists = self._listed(screen), self._state.lists
        rows = listed[: lists.shown()]
        if lists.landing is not None and rows:
            self._state.selected = rows[lists.landing]
        lists.landing = None
        if self._state.selected not in listed and self._state.opened is None:
            self._state.selected = None
        self._open()

    def _open(self) -> None:
        """The record of the opened slot, as of the last look."""
        from vyrectl.cli.slot_detail import full_record

        ring, number = self._sampler.ring, self._state.opened
        if ring is None or number is None or number >= len(ring):
            self._detail = None
        else:
            self._detail = full_record(ring, number, ring_readings(ring, self._sampler.abi))

    def _listed(self, screen: LiveScreen) -> list[int]:
        from vyrectl.cli.commands.top.view import listed_slots

        return listed_slots(self._sampler.sample, screen.size()[1], self._state.lists.focus)

    def _draw(self, screen: LiveScreen) -> None:
        from vyrectl.cli.commands.top.view import screen_lines

        width, height = screen.size()
        self._console.width = width
        lines = screen_lines(self._state, self._sampler.sample, self._detail, self._console, height)
        screen.draw([self._styled(line) for line in lines])

    def _styled(self, line: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(line, end="", soft_wrap=True)
        return captured.get()

    def _act(self, act: Act) -> None:
        """Edit the ring as any other command does; what stands against it is shown, not raised."""
        from vyrectl.edit.write import edit_ring

        try:
            edit = edit_ring(
                self._sampler.path, lambda slots: self._plan(slots, act), backup=self._backup, role="top"
            )
        except VyrectlError as error:
            changed = error.changed if isinstance(error, LiveEditError) else 0
            self._sampler.edited = changed > 0
            self._backup = self._backup and not changed
            story = f"{count_of(changed, 'slot')} changed, others not" if changed else "nothing was changed"
            self._state.say(f"{act.action}: {story}: {error}", failed=True)
        else:
            changed = len(edit.changes())
            self._sampler.edited = changed > 0
            self._backup = self._backup and not changed
            self._state.say(f"{act.action}: {count_of(changed, 'slot')} changed")

    def _plan(self, slots: SlotArray, act: Act) -> Edit:
        import numpy as np

        from vyrectl.cli.edits import plan_action
        from vyrectl.edit.repair import plan_repair

        numbers = self._matching(slots, act.action) if act.slot is None else np.array([act.slot])
        if act.action == REPAIR:
            return plan_repair(slots, numbers)
        return plan_action(slots, numbers, act.action, act.arguments)

    def _count(self, action: str) -> int:
        """How many slots an action on all that match would be for, as of the last look."""
        ring = self._sampler.ring
        return 0 if ring is None else len(self._matching(ring.slots, action))

    def _matching(self, slots: SlotArray, action: str) -> NDArray[np.int64]:
        """Slots that the filter matches and the action may start from; Paused ones are for resume alone."""
        from vyrectl.ring.select import select
        from vyrectl.task.arrays import allowed

        where = self._state.where or None
        chosen = select(slots, where=where, everything=where is None, op_codes=self._state.op_codes)
        may = slots["state"] == TaskState.FAULTED if action == REPAIR else allowed(slots, action)
        if action != "resume":
            may = may & (slots["state"] != TaskState.PAUSED)
        kept: NDArray[np.int64] = chosen[may[chosen]]
        return kept

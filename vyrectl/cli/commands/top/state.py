"""What the live screen of `top` is about, and what each key does to it: no terminal, no ring, no clock.

`TopState.press` takes a key and returns what the command has to do, if anything. Nothing is edited without a
question that was answered with y. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.abi.states import TaskPriority
from vyrectl.cli.commands.top.lists import Lists
from vyrectl.cli.commands.top.screen import ENDED
from vyrectl.cli.fields import parse_value
from vyrectl.cli.views.cells import count_of
from vyrectl.dataclass import dataclass
from vyrectl.errors import VyrectlError, WhereError
from vyrectl.ring.listing import ORDERS
from vyrectl.ring.where import Where, compile_where

REPAIR = "repair"

ACTION_KEYS = {"p": "pause", "r": "resume", "u": "requeue", "f": REPAIR}
"""Key -> action on the slot at hand; the capital letter means every slot that the filter matches."""

FILTER_LABEL = "show only slots where (tenant == 3 and age > 10; nothing: all)"

SLOT_PAGE = 10
"""Lines that a page key moves a slot in full by."""

MOST_LINES = 1 << 16

INTERVALS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between looks that + and - step through."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Look at the ring now."""


@dataclass(frozen=True, slots=True)
class ListAgain:
    """List another part of what the last look found."""


@dataclass(frozen=True, slots=True)
class Act:
    """Apply a lifecycle action, or repair.

    Attributes:
        action: `pause`, `resume`, `requeue` or `repair`.
        slot: The slot, or None for every slot that the filter matches and the action may start from.
        arguments: Those that were given, by their names in the lifecycle table; the others stay.
    """

    action: str
    slot: int | None
    arguments: dict[str, int]


Intent = Quit | LookAgain | ListAgain | Act


@dataclass(slots=True)
class Prompt:
    """A question at the bottom of the screen.

    Attributes:
        kind: `filter`, `slot`, `argument` or `confirm`.
        label: The question, as it stands before what is typed.
        text: What was typed so far.
        act: What is being prepared, for the last two kinds.
    """

    kind: str
    label: str
    text: str = ""
    act: Act | None = None


@dataclass(slots=True)
class TopState:
    """What is shown and what is being asked.

    Attributes:
        interval_s: Seconds between looks.
        where: The filter as it was typed; empty for all slots.
        condition: The filter, or None.
        op_codes: Names of operations for filters.
        selected: Slot under the cursor, or None.
        opened: Slot that is shown in full, or None.
        scroll: First line of the slot in full.
        lists: Where the lists are.
        frozen: Looks are suspended.
        helping: The list of keys is shown.
        prompt: What is being asked, or None.
        message: What happened last.
        failed: The message is an error.
        count_matching: How many slots an action on all that match would be for.
    """

    interval_s: float = 1.0
    where: str = ""
    condition: Where | None = None
    op_codes: dict[str, int] = field(default_factory=dict)
    selected: int | None = None
    opened: int | None = None
    scroll: int = 0
    lists: Lists = field(default_factory=Lists)
    frozen: bool = False
    helping: bool = False
    prompt: Prompt | None = None
    message: str = ""
    failed: bool = False
    count_matching: Callable[[str], int] = lambda action: 0

    def say(self, message: str, *, failed: bool = False) -> None:
        """Show a message until the next key."""
        self.message, self.failed = message, failed

    def filter_by(self, text: str) -> None:
        """Set the filter.

        Raises:
            WhereError: It is not in the language; the filter stays as it was.
        """
        self.condition = compile_where(text, self.op_codes) if text.strip() else None
        self.where = text.strip()

    def press(self, key: str, listed: Sequence[int], total: int) -> Intent | None:
        """Take a key.

        Args:
            key: Its name, see `vyrectl.cli.commands.top.screen.KEYS`.
            listed: Slots on the screen, from the top.
            total: Slots of the ring.

        Returns:
            What the command has to do, or None.
        """
        if key == ENDED:
            return Quit()
        if self.prompt is not None:
            return self._answer(self.prompt, key, total)
        self.say("")
        if key == "q":
            return Quit()
        if key.lower() in ACTION_KEYS:
            self._prepare(ACTION_KEYS[key.lower()], everything=key.isupper())
            return None
        if key in self._commands():
            return self._commands()[key](listed)
        return None

    # --- keys without a question ---

    def _commands(self) -> dict[str, Callable[[Sequence[int]], Intent | None]]:
        return {
            "up": lambda listed: self._move(listed, -1),
            "k": lambda listed: self._move(listed, -1),
            "down": lambda listed: self._move(listed, 1),
            "j": lambda listed: self._move(listed, 1),
            "page up": lambda listed: self._turn(listed, -1),
            "page down": lambda listed: self._turn(listed, 1),
            "home": lambda listed: self._end(listed, last=False),
            "end": lambda listed: self._end(listed, last=True),
            "tab": self._switch,
            "s": lambda listed: self._reorder(1),
            "S": lambda listed: self._reorder(-1),
            "enter": self._open,
            "escape": self._close,
            "?": self._help,
            " ": self._freeze,
            "+": lambda listed: self._pace(1),
            "-": lambda listed: self._pace(-1),
            "/": lambda listed: self._ask(Prompt("filter", FILTER_LABEL, self.where)),
            "g": lambda listed: self._ask_for_slot(),
            "redraw": lambda listed: LookAgain(),
        }

    def _move(self, listed: Sequence[int], by: int) -> Intent | None:
        if self.opened is not None:
            self.scroll = max(self.scroll + by, 0)
        elif listed:
            at = listed.index(self.selected) if self.selected in listed else None
            edge = self.lists.shown() - 1 if by > 0 else 0
            if at == edge and self.lists.scroll(by):
                return ListAgain()
            self.lists.landing = None
            to = 0 if at is None else at + by
            self.selected = listed[min(max(to, 0), len(listed) - 1)]
        return None

    def _turn(self, listed: Sequence[int], pages: int) -> Intent | None:
        if self.opened is not None:
            self.scroll = max(self.scroll + pages * SLOT_PAGE, 0)
            return None
        self.lists.turn(pages)
        return ListAgain()

    def _end(self, listed: Sequence[int], *, last: bool) -> Intent | None:
        if self.opened is not None:
            self.scroll = MOST_LINES if last else 0
            return None
        self.lists.go_to_end(last=last)
        return ListAgain()

    def _switch(self, listed: Sequence[int]) -> Intent | None:
        if self.opened is not None:
            return None
        self.lists.switch()
        return ListAgain()

    def _reorder(self, by: int) -> Intent | None:
        if self.opened is not None:
            return None
        self.say(f"the {self.lists.focus} tasks, {ORDERS[self.lists.reorder(by)]}")
        return ListAgain()

    def _open(self, listed: Sequence[int]) -> None:
        if self.selected in listed:
            self.opened, self.scroll = self.selected, 0

    def _close(self, listed: Sequence[int]) -> None:
        self.opened, self.helping, self.scroll = None, False, 0

    def _help(self, listed: Sequence[int]) -> None:
        self.helping = not self.helping

    def _freeze(self, listed: Sequence[int]) -> Intent | None:
        self.frozen = not self.frozen
        return None if self.frozen else LookAgain()

    def _pace(self, by: int) -> None:
        nearest = min(range(len(INTERVALS)), key=lambda i: abs(INTERVALS[i] - self.interval_s))
        self.interval_s = INTERVALS[min(max(nearest + by, 0), len(INTERVALS) - 1)]
        self.say(f"a look every {self.interval_s:g} s")

    # --- questions ---

    def _ask(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def _ask_for_slot(self) -> None:
        self._ask(Prompt("slot", "open slot (its number, from 0 on)"))

    def _prepare(self, action: str, *, everything: bool) -> None:
        slot = None if everything else self.opened if self.opened is not None else self.selected
        if slot is None and not everything:
            self.say(
                f"choose a slot with the arrows first, or press {_key_of(action).upper()} for all that match"
            )
            return
        act = Act(action, slot, {})
        if action == "pause":
            self._ask(Prompt("argument", "pause until epoch (a number; Enter: never)", act=act))
        elif action == "requeue":
            names = ", ".join(priority.label.lower() for priority in TaskPriority)
            self._ask(
                Prompt("argument", f"requeue to priority ({names} or a number; Enter: as it is)", act=act)
            )
        else:
            self._confirm(act)

    def _confirm(self, act: Act) -> None:
        self._ask(Prompt("confirm", f"{self.describe(act)}? y/n", act=act))

    def describe(self, act: Act) -> str:
        """An action in words."""
        what = f"slot {act.slot}"
        if act.slot is None:
            slots = count_of(self.count_matching(act.action), "slot")
            what = f"{slots} where {self.where}" if self.where else f"all {slots} that may be"
        words = {"epoch": "until epoch", "priority": "to priority"}
        given = [f"{words[name]} {_shown(name, value)}" for name, value in act.arguments.items()]
        return " ".join([act.action, what, *given])

    def _answer(self, prompt: Prompt, key: str, total: int) -> Intent | None:
        if key == "escape" or (prompt.kind == "confirm" and key != "y"):
            self.prompt = None
            self.say("nothing was changed" if prompt.act else "")
            return None
        if prompt.kind == "confirm":
            self.prompt = None
            return prompt.act
        if key == "enter":
            return self._take(prompt, total)
        if key == "backspace":
            prompt.text = prompt.text[:-1]
        elif key == "clear":
            prompt.text = ""
        elif len(key) == 1:
            prompt.text += key
        return None

    def _take(self, prompt: Prompt, total: int) -> Intent | None:
        try:
            return self._accept(prompt, total)
        except WhereError as error:
            self.say(f"column {error.column + 1}: {error.what}", failed=True)
        except VyrectlError as error:
            self.say(error.what, failed=True)
        return None

    def _accept(self, prompt: Prompt, total: int) -> Intent | None:
        text = prompt.text.strip()
        if prompt.kind == "filter":
            self.filter_by(text)
            self.selected = None
            self.lists.restart()
        elif prompt.kind == "slot":
            self._open_number(text, total)
        elif prompt.act is not None:
            self._confirm(_with_argument(prompt.act, text))
            self.say("")
            return None
        self.prompt = None
        self.say("")
        return LookAgain()

    def _open_number(self, text: str, total: int) -> None:
        from vyrectl.cli.declared import read_number

        self.opened = self.selected = read_number(text, "the slot", most=max(total - 1, 0))
        self.scroll = 0


def _with_argument(act: Act, text: str) -> Act:
    """The action with what was typed; nothing typed means never for an epoch, and the same priority."""
    if act.action == "pause":
        epoch = parse_value("resume_epoch", text) if text else NEVER_EPOCH
        return Act(act.action, act.slot, {"epoch": epoch})
    return Act(act.action, act.slot, {"priority": parse_value("priority", text)} if text else {})


def _shown(name: str, value: int) -> str:
    from vyrectl.cli.describe import show_word

    return show_word({"epoch": "resume_epoch"}.get(name, name), value)


def _key_of(action: str) -> str:
    return next(key for key, name in ACTION_KEYS.items() if name == action)

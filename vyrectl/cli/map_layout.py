"""How the marks of a map are laid out in rows, and the record of it. Needs numpy, inside functions."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from vyrectl.abi.faults import NO_FAULT
from vyrectl.cli.describe import show_word
from vyrectl.cli.rows import Quote, Rows
from vyrectl.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vyrectl.cli.map_record import MapKind, MapRecord
    from vyrectl.ring.marks import Kind, Marks

ROW_KEYS = ("first_slot", "marks")
PIPE_WIDTH, PIPE_HEIGHT = 64, 32
"""Marks of a row and rows of a map that goes through a pipe."""

GRAIN = 16
"""Rows are a multiple of this many marks wide, so that their first slots are round numbers."""

KEY_LINES = 14
"""Lines that a terminal has left for the key of the marks."""

LEAST_HEIGHT = 4

_NAMES = {".": "Empty", "+": "others", "-": "arguments"}
"""Mark of a kind without a value -> what it stands for; any other is unknown."""


@dataclass(frozen=True, slots=True)
class Size:
    """A map's size: marks in a row, and rows."""

    width: int
    height: int


def fitting_size(total: int, width: int | None, height: int | None) -> Size:
    """The size that was asked for, or else the one that fits the terminal or a pipe.

    Args:
        total: Slots of the ring.
        width: Marks of a row, if it was given.
        height: Most rows, if it was given.
    """
    terminal = shutil.get_terminal_size()
    if sys.stdout.isatty():
        room = terminal.columns - len(str(total)) - 2
        usual = Size(
            max(room // GRAIN * GRAIN, min(room, GRAIN), 1), max(terminal.lines - KEY_LINES, LEAST_HEIGHT)
        )
    else:
        usual = Size(PIPE_WIDTH, PIPE_HEIGHT)
    return Size(usual.width if width is None else width, usual.height if height is None else height)


def map_record(name: str, marks: Marks, width: int) -> MapRecord:
    """Everything but the marks themselves."""
    return {
        "ring": name,
        "by": marks.by,
        "total": marks.total,
        "matched": marks.matched,
        "slots_per_mark": marks.slots_per_mark,
        "marks_per_row": width,
        "kinds": [_kind_row(marks, kind) for kind in marks.kinds if kind.slots],
    }


def map_rows(marks: Marks, width: int) -> Rows:
    """One row for each row of the map."""

    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        text = marks.text()
        for start in range(0, len(text), width):
            yield [(start * marks.slots_per_mark, quote(text[start : start + width]))]

    return Rows(ROW_KEYS, blocks)


def kind_name(by: str, kind: Kind) -> str:
    """What a mark stands for, in words."""
    from vyrectl.ring.marks import BY, RANGED

    if kind.least is None:
        return _NAMES.get(kind.mark, "unknown")
    if by in RANGED:
        return str(kind.least) if kind.least == kind.most else f"{kind.least}-{kind.most}"
    return show_word(BY[by], kind.least)


def _kind_row(marks: Marks, kind: Kind) -> MapKind:
    return {
        "mark": kind.mark,
        "name": kind_name(marks.by, kind),
        "least": None if kind.least == NO_FAULT else kind.least,
        "most": None if kind.most == NO_FAULT else kind.most,
        "slots": kind.slots,
        "share": round(kind.slots / marks.matched, 6),
        "first_slot": kind.first or 0,
    }

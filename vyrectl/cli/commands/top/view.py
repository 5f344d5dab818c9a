"""The live screen of `top` as lines of text: bars, rates, lists, one slot in full, questions and keys.

Everything fits the width and the height it is given; colours add nothing that the text does not say.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console as Folder
from rich.text import Text

from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.cli.commands.top.sample import Rates, Sample
from vyrectl.cli.commands.top.state import TopState
from vyrectl.cli.describe import show_word
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, cell_length, cell_text, count_of, state_style
from vyrectl.cli.views.inspect import slot_view
from vyrectl.cli.worker_rows import turn_text
from vyrectl.ring.listing import FAULTED, OPEN, ORDERS

if TYPE_CHECKING:
    from rich.console import Console

    from vyrectl.cli.slot_records import FullSlot
    from vyrectl.ring.overview import Overview, Row
    from vyrectl.ring.reading import Readings

HELP = (
    ("arrows, j k", "choose a slot; scroll a slot in full"),
    ("PgUp PgDn Home End", "scroll a page, to the first, to the last"),
    ("Tab", "the other list: open tasks, faulted tasks"),
    ("s  S", "another order: age, requeues, yields, priority, slot"),
    ("Enter, Esc", "open the chosen slot, go back"),
    ("g", "open a slot by its number"),
    ("/", "show only slots that fulfil a condition"),
    ("p  r  u  f", "pause, resume, requeue, repair (a Faulted task) the slot"),
    ("P  R  U  F", "the same for every slot that matches and may be"),
    ("blank", "hold the screen still, go on"),
    ("+  -", "look less or more often"),
    ("?  q", "these keys, leave"),
)
KEYS_LINE = "/ filter  Tab list  s sort  Enter open  p pause  r resume  u requeue  f repair  ? keys  q quit"
SHORT_KEYS_LINE = "/ filter  Enter open  p pause  r resume  u requeue  f repair  ? keys  q quit"
HALF_WIDTH = 44
"""Columns of the states' half of the screen; the priorities need as much beside it."""

MOST_RIGHT = 60
"""Columns of the priorities' half at most."""

NARROW = 48
"""Screens less wide than this have no clock."""

_FOLDER = Folder(file=io.StringIO(), width=80)
"""Only for `Text.wrap`, which asks it nothing but its rules for folding."""

EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS = " ▁▂▃▄▅▆▇█"
ASCII_HEIGHTS = " .:-=+*#@"

LIST_COLUMNS: tuple[tuple[str, str], ...] = (
    ("slot", "slot"),
    ("state", "state"),
    ("op", "op_handle"),
    ("tenant", "tenant_id"),
    ("priority", "priority"),
    ("age", "age_ticks"),
    ("requeues", "requeue_count"),
    ("yields", "yield_count"),
    ("task", "task_id"),
)
FAULT_COLUMNS = tuple(("fault", "continuation_data") if one[0] == "state" else one for one in LIST_COLUMNS)
_COUNTERS = ("age_ticks", "requeue_count", "yield_count", "task_id")
"""Columns that say nothing of a slot that holds arguments."""

COLUMNS = {OPEN: LIST_COLUMNS, FAULTED: FAULT_COLUMNS}
FIXED_LINES = 19
"""Lines of the screen that are no rows of a list."""

LOW_LINES = 8
"""The same on a low screen, which has one line of counts in place of the bars."""

LOW = FIXED_LINES + 3
"""Screens less high than this are low."""


def list_lengths(found: Overview, height: int, focus: str = OPEN) -> tuple[int, int]:
    """How many tasks of the list with the keys, and of the other one, a screen of that height shows."""
    if height < LOW:
        return max(height - LOW_LINES, 0), 0
    room = height - FIXED_LINES
    other = min(room // 3, len(_other_rows(found, focus)))
    return room - other, other


def page_and_length(found: Overview, height: int, focus: str) -> tuple[int, int]:
    """Rows that the list with the keys has room for, and rows that it has."""
    length = found.open_tasks if focus == OPEN else found.counts[TaskState.FAULTED]
    return list_lengths(found, height, focus)[0], length


def listed_slots(sample: Sample, height: int, focus: str = OPEN) -> list[int]:
    """Slots on the screen, from the top."""
    found = sample.overview
    if found is None:
        return []
    main, other = list_lengths(found, height, focus)
    rows = (*_main_rows(found, focus)[:main], *_other_rows(found, focus)[:other])
    return [number for number, _ in rows]


def _main_rows(found: Overview, focus: str) -> Sequence[Row]:
    return found.oldest if focus == OPEN else found.faulted


def _other_rows(found: Overview, focus: str) -> Sequence[Row]:
    return found.faulted if focus == OPEN else found.oldest


def screen_lines(
    state: TopState, sample: Sample, detail: FullSlot | None, console: Console, height: int
) -> list[Text]:
    """The whole screen, from the top.

    Args:
        state: What is shown and asked.
        sample: The last look.
        detail: Record of the opened slot, or None.
        console: Tells the width and what can be drawn.
        height: Lines of the terminal.
    """
    width = console.width
    lines = [_header(state, sample, width), *_folded(_status(sample), width, height - 3)]
    if state.helping:
        lines += _help_lines()
    elif state.opened is not None:
        lines += _detail_lines(state, detail, console, height)
    elif sample.overview is not None:
        lines += _overview_lines(state, sample, sample.overview, console, height)
    keys = KEYS_LINE if width >= len(KEYS_LINE) else SHORT_KEYS_LINE
    bottom = [*_folded(_bottom(state), width, height - 1), Text(keys, style="dim")]
    lines = lines[: height - len(bottom)]
    lines += [Text("")] * (height - len(bottom) - len(lines))
    for line in (*lines, *bottom):
        line.truncate(width)
    return [*lines, *bottom]


def _folded(text: Text, width: int, most: int) -> list[Text]:
    """A text on as many lines as it needs, and has: what stands against something is never cut at the right."""
    lines = text.wrap(_FOLDER, max(width, 1)) if text.cell_len > width else [text]
    return list(lines)[: max(most, 1)]


def _header(state: TopState, sample: Sample, width: int) -> Text:
    left = Text(plain(sample.name), style="bold")
    if sample.overview is not None:
        found = sample.overview
        some = f"{found.matched} of " if state.where else ""
        left.append(f"  {some}{count_of(found.total, 'slot')}")
    if state.where:
        left.append(f"  where {plain(state.where)}", style="yellow")
    right = "HELD STILL" if state.frozen else f"every {state.interval_s:g} s"
    right = f"  {right}  {sample.clock}" if width >= NARROW else ""
    left.truncate(max(width - len(right), 0), pad=True)
    return left.append(right)


def _status(sample: Sample) -> Text:
    if sample.problem is not None:
        return Text(plain(sample.problem).replace("\n", " "), style="bold red")
    parts = [f"held by {plain(sample.holder)}"] if sample.holder else []
    parts += [f"longest turn: {plain(turn_text(sample.turn))}"] if sample.turn else []
    parts += [f"the file is {plain(sample.event)}"] if sample.event else []
    return Text("; ".join(parts), style="cyan")


def _bottom(state: TopState) -> Text:
    if state.prompt is not None:
        text = Text(f"{state.prompt.label}: " if state.prompt.kind != "confirm" else state.prompt.label)
        text.stylize("bold")
        text.append(plain(state.prompt.text))
        text.append(" ", style="reverse")
        if state.message:
            text.append(f"  {plain(state.message)}", style="bold red")
        return text
    return Text(plain(state.message).replace("\n", " "), style="bold red" if state.failed else "green")


def _help_lines() -> list[Text]:
    wide = max(len(keys) for keys, _ in HELP)
    return [Text(f"  {keys:<{wide}}  {does}") for keys, does in HELP]


# --- counts -------------------------------------------------------------------------------------------------


def _overview_lines(
    state: TopState, sample: Sample, found: Overview, console: Console, height: int
) -> list[Text]:
    width, fine = console.width, console.encoding.startswith("utf")
    main, other = list_lengths(found, height, state.lists.focus)
    if height < LOW:
        lines = [_counts_line(found)]
    else:
        left = _state_lines(found, sample.rates, min(width, HALF_WIDTH), fine)
        right = _priority_lines(found, sample, min(width - HALF_WIDTH - 2, MOST_RIGHT), fine)
        lines = _beside(left, right) if width >= 2 * HALF_WIDTH - 12 else left
        lines.append(Text(""))
    if not main:
        return lines
    focus, rest = (OPEN, FAULTED) if state.lists.focus == OPEN else (FAULTED, OPEN)
    rows = _main_rows(found, focus)[:main]
    lines += _list(_title(found, state, focus, len(rows)), rows, COLUMNS[focus], state, width, found.readings)
    lines += [Text("")] * (main - len(rows))
    rows = _other_rows(found, focus)[:other]
    return lines + _list(
        _title(found, state, rest, len(rows)), rows, COLUMNS[rest], state, width, found.readings
    )


def _title(found: Overview, state: TopState, which: str, shown: int) -> str:
    """What a list holds, in which order, and which part of it is shown when that is not its beginning."""
    lists, order = state.lists, state.lists.orders[which]
    if which == OPEN:
        count = count_of(found.open_tasks, "open task")
        text = f"oldest of {count}" if order == "age" else f"{count}, {ORDERS[order]}"
    else:
        text = count_of(found.counts[TaskState.FAULTED], "faulted task")
        text = text if order == "slot" else f"{text}, {ORDERS[order]}"
    if which == lists.focus and lists.first and shown:
        text = f"{text}, {lists.first + 1} to {lists.first + shown}"
    return text


def _counts_line(found: Overview) -> Text:
    names = [state.label for state in TaskState] + ["unknown"]
    known = [f"{name} {count}" for name, count in zip(names, found.counts, strict=True) if count]
    return Text("  ".join(known) or "no slot matches")


def _state_lines(found: Overview, rates: Rates | None, width: int, fine: bool) -> list[Text]:
    names = [state.label for state in TaskState] + ["unknown"]
    most = max(found.counts)
    digits = max(len(str(most)), 5)
    room = width - 11 - digits - 10
    lines = [Text(f"{'state':<10} {'slots':>{digits}}".ljust(width - 8) + "   per s", style="dim")]
    for word, (name, count) in enumerate(zip(names, found.counts, strict=True)):
        if name == "unknown" and not count:
            continue
        line = Text(f"{name:<10} {count:>{digits}} ")
        line.append(_bar(count, most, room, fine), style=state_style(word))
        change = rates.states[word] if rates is not None else 0.0
        line.append(f"{_rate(change):>8}" if change else " " * 8)
        lines.append(line)
    return lines


def _priority_lines(found: Overview, sample: Sample, width: int, fine: bool) -> list[Text]:
    if width < 16:
        return []
    names = [priority.label for priority in TaskPriority] + ["unknown"]
    most = max(found.priorities)
    digits = max(len(str(most)), 4)
    lines = [Text(f"{'priority':<9} {'open':>{digits}}", style="dim")]
    for name, count in zip(names, found.priorities, strict=True):
        if name != "unknown" or count:
            line = Text(f"{name:<9} {count:>{digits}} ")
            lines.append(line.append(_bar(count, most, width - digits - 11, fine), style="cyan"))
    rates = sample.rates
    if rates is not None:
        lines.append(Text(f"done/s {_rate(rates.states[TaskState.DONE], sign=False)}"))
        turns = (
            f"requeues/s {_rate(rates.requeues, sign=False)}",
            f"yields/s {_rate(rates.yields, sign=False)}",
        )
        lines.append(Text("  ".join(turns)))
        lines.append(Text(_graph(sample.done_rates[-width:], fine), style="green"))
    return lines


def _beside(left: Sequence[Text], right: Sequence[Text]) -> list[Text]:
    lines = []
    for one, other in zip_longest(left, right, fillvalue=Text("")):
        line = one.copy()
        line.truncate(HALF_WIDTH, pad=True)
        lines.append(line.append("  ").append_text(other))
    return lines


def _bar(count: int, most: int, width: int, fine: bool) -> str:
    """A bar of `width` columns, in eighths of a column where they can be drawn; nothing but 0 is invisible."""
    if width <= 0 or not count:
        return " " * max(width, 0)
    if not fine:
        return ("#" * max(round(count * width / most), 1)).ljust(width)
    eighths = max(round(count * width * 8 / most), 1)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()).ljust(width)


def _graph(values: Sequence[float], fine: bool) -> str:
    """One character a value, as high as its share of the largest."""
    shapes = HEIGHTS if fine else ASCII_HEIGHTS
    most = max(values, default=0)
    return "".join(shapes[0 if not value else max(round(value / most * 8), 1)] for value in values)


def _rate(value: float, *, sign: bool = True) -> str:
    """A rate in at most seven columns."""
    size = abs(value)
    for limit, divisor, unit in ((1e4, 1, ""), (1e7, 1e3, "k"), (1e10, 1e6, "M"), (float("inf"), 1e9, "G")):
        if size < limit:
            digits = 0 if size / divisor >= 99.95 else 1
            return f"{value / divisor:{'+' if sign else ''}.{digits}f}{unit}"
    raise AssertionError


# --- lists and slots ----------------------------------------------------------------------------------------


def _list(
    title: str,
    rows: Sequence[Row],
    columns: Sequence[tuple[str, str]],
    state: TopState,
    width: int,
    readings: Readings,
) -> list[Text]:
    cells = [[_cell(key, number, words, readings) for _, key in columns] for number, words in rows]
    widths = [
        max([len(heading), *(cell_length(cell_text(row[index])) for row in cells)])
        for index, (heading, _) in enumerate(columns)
    ]
    while sum(widths) + 2 * len(widths) > width and len(widths) > 1:
        widths.pop()
    lines = [Text(title, style="bold")]
    if rows:
        headings: list[Cell] = [heading for heading, _ in columns]
        lines.append(_row("  ", headings, widths, columns))
        lines[-1].stylize("dim")
    for (number, _), row in zip(rows, cells, strict=True):
        chosen = number == state.selected
        line = _row("> " if chosen else "  ", row, widths, columns)
        if chosen:
            line.truncate(width, pad=True)
            line.stylize("reverse")
        lines.append(line)
    return lines


def _row(head: str, cells: Iterable[Cell], widths: Sequence[int], columns: Sequence[tuple[str, str]]) -> Text:
    line = Text(head)
    for cell, width, (_, key) in zip(cells, widths, columns, strict=False):
        text = cell_text(cell)
        blank = " " * (width - cell_length(text))
        left = key in ("state", "op_handle", "priority") or (key == "continuation_data")
        line.append("" if left else blank)
        line.append(text, style=cell[1] if isinstance(cell, tuple) else "")
        line.append((blank if left else "") + "  ")
    return line


def _cell(key: str, number: int, words: tuple[int, ...], readings: Readings) -> Cell:
    if key == "slot":
        return str(number)
    if key in _COUNTERS and readings.is_protocol(words[FIELD_INDEX["op_handle"]]):
        return "-"
    word = words[FIELD_INDEX[key]]
    if key == "state":
        return show_word(key, word), state_style(word)
    if key == "continuation_data":
        from vyrectl.abi.faults import fault_name

        return fault_name(word), "red"
    return show_word(key, word)


def _detail_lines(state: TopState, detail: FullSlot | None, console: Console, height: int) -> list[Text]:
    if detail is None:
        return [Text(f"slot {state.opened} is not in the ring now", style="bold red")]
    lines = [
        line
        for piece in slot_view(detail).pieces(console)  # type: ignore[union-attr]
        for line in (piece if isinstance(piece, Text) else Text(str(piece))).split("\n", allow_blank=True)
    ]
    state.scroll = min(state.scroll, max(len(lines) - (height - 4), 0))
    return lines[state.scroll :]

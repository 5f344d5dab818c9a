"""A chart of letters: a column of the terminal for each span of time, as high as its value. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

from vyrectl.dataclass import dataclass

Value = float | int | None

EIGHTHS = " ▁▂▃▄▅▆▇█"
ASCII_HALVES = " .#"
"""Heights inside one line where blocks cannot be drawn: nothing, up to a half, more."""

HANGING, ASCII_HANGING = " ▀█", " '#"
"""The same for bars that hang from zero."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines of a chart.

    Attributes:
        lines: From the top, each with its part of the scale before it.
        margin: Columns that the scale takes.
    """

    lines: list[str]
    margin: int


def columns_of(times: Sequence[float], values: Sequence[Value], width: int) -> list[Value]:
    """One value for each of `width` equal spans of time.

    A span shows the value in it that is farthest from zero; one without a sample the last value before it.
    Ahead of the first value, and where a value is not known, there is None.

    Args:
        times: Seconds, ascending.
        values: One for each time.
        width: At least 1.
    """
    start, length = times[0], (times[-1] - times[0]) or 1.0
    found: list[list[Value]] = [[] for _ in range(width)]
    for time, value in zip(times, values, strict=True):
        found[min(int((time - start) / length * width), width - 1)].append(value)
    columns: list[Value] = []
    last: Value = None
    for inside in found:
        known = [value for value in inside if value is not None]
        last = max(known, key=abs) if known else None if inside else last
        columns.append(last)
    return columns


def draw(columns: Sequence[Value], height: int, *, fine: bool) -> Chart:
    """Bars that stand on zero; negative values hang from it, in lines of their own.

    Args:
        columns: A value for each column, None where there is none.
        height: Lines; one more where both signs need one.
        fine: Blocks can be drawn; else there are two heights to a line.
    """
    known = [value for value in columns if value is not None]
    top, bottom = max([*known, 0]), min([*known, 0])
    below = 0 if not bottom else min(max(round(height * bottom / (bottom - top)), 1), height)
    above = 0 if not top and bottom else max(height - below, 1)
    standing = _bars(columns, above, top, EIGHTHS if fine else ASCII_HALVES)
    hanging = _bars(
        [None if v is None else -v for v in columns], below, -bottom, HANGING if fine else ASCII_HANGING
    )
    labels = [""] * (above + below)
    labels[0], labels[-1] = short(top), short(bottom)
    if above and below:
        labels[above - 1] = labels[above - 1] or "0"
    if len(labels) == 1:
        labels[0] = short(top or bottom)
    margin = max(map(len, labels))
    bar = "│" if fine else "|"
    rows = [*reversed(standing), *hanging]
    lines = [f"{label:>{margin}} {bar}{row}".rstrip() for label, row in zip(labels, rows, strict=True)]
    return Chart(lines, margin + 2)


def _bars(values: Sequence[Value], height: int, most: float, shapes: str) -> list[str]:
    """Lines of bars, the one at zero first; whatever is more than zero is seen."""
    steps = len(shapes) - 1
    tall = [
        max(round(value / most * height * steps), 1) if value is not None and value > 0 else 0
        for value in values
    ]
    return ["".join(shapes[min(max(one - row * steps, 0), steps)] for one in tall) for row in range(height)]


def short(value: float) -> str:
    """A number in a few columns; whole numbers below a million stay as they are."""
    size = abs(value)
    if size < 1e6 and float(value).is_integer():
        return str(int(value))
    for limit, divisor, unit in ((1e3, 1, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M"), (1e12, 1e9, "G")):
        if size < limit:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.2g}"

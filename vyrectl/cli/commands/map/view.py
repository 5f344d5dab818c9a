"""`map` in the terminal: rows of letters on colours, then what they mean. Legible without the colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Column, FittedTable, count_of
from vyrectl.cli.views.map_colours import colour_of, style_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from vyrectl.cli.map_record import MapAnswer, MapRow, PictureAnswer

KEY_COLUMNS = (
    Column("mark"),
    Column("means"),
    Column("slots", right=True),
    Column("share", right=True),
    Column("first slot", right=True, rank=1),
)


def view(record: MapAnswer | PictureAnswer) -> RenderableType:
    """The map and its key; of a picture file, one line and the key."""
    return _Map(record)  # type: ignore[return-value]


class _Map:
    def __init__(self, record: MapAnswer | PictureAnswer) -> None:
        self._record = record
        self._styles = {kind["mark"]: style_of(colour_of(record["by"], kind)) for kind in record["kinds"]}

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """The title, the rows, the key."""
        from rich.text import Text

        yield Text(_title(self._record), style="bold")
        if "rows" in self._record:
            margin = len(str(self._record["total"]))
            for row in self._record["rows"]:
                yield self._line(row, margin)
            yield ""
        yield from self._key().pieces(console)
        if self._record["slots_per_mark"] > 1:
            yield Text(_note(self._record["by"]), style="dim")

    def _line(self, row: MapRow, margin: int) -> Text:
        from rich.text import Text

        line = Text(no_wrap=True).append(f"{row['first_slot']:>{margin}}  ", style="dim")
        for run in _runs(row["marks"]):
            line.append(run, style=self._styles.get(run[0].upper(), ""))
        line.rstrip()
        return line

    def _key(self) -> FittedTable:
        rows = [
            (
                (f" {kind['mark']} ", self._styles[kind["mark"]]),
                kind["name"],
                str(kind["slots"]),
                f"{100 * kind['share']:.1f} %",
                str(kind["first_slot"]),
            )
            for kind in self._record["kinds"]
        ]
        return FittedTable(KEY_COLUMNS, rows)


def _title(record: MapAnswer | PictureAnswer) -> str:
    if "output" in record:
        width, height = record["pixels"]
        return f"{plain(record['output'])}: {count_of(record['matched'], 'slot')}, {width} x {height} pixels"
    some = f"{record['matched']} of " if record["matched"] != record["total"] else ""
    each = record["slots_per_mark"]
    scale = f", {each} slots a mark" if each > 1 else ""
    return f"{plain(record['ring'])}: {some}{count_of(record['total'], 'slot')} by {record['by']}{scale}"


def _note(by: str) -> str:
    if by in ("age", "requeues"):
        return "a mark shows the highest of its slots"
    return "a mark shows what most of its tasks are; a small letter: others too"


def _runs(marks: str) -> Iterator[str]:
    """Neighbouring marks that are the same, small letters aside."""
    start = 0
    for end in range(1, len(marks) + 1):
        if end == len(marks) or marks[end].upper() != marks[start].upper():
            yield marks[start:end]
            start = end

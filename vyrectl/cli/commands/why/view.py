"""What `why` shows: the verdict, then each class with its evidence and a command to paste, one screen in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from vyrectl.abi.states import priority_name
from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of
from vyrectl.cli.views.parts import Lines, Part, Parts, Screenful
from vyrectl.files.json_text import Json
from vyrectl.ring.findings.advice import split_advice

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

SCREEN_LINES = 24
MOST_EVIDENCE = 3
"""Lines of evidence that a class shows, and one more where that is all; the record has all."""

MOST_NAMED = 3
"""Operations, tenants and priorities that a line names."""

MOST_LEFT = 2
"""Results that killed launches have left."""

LEAST_WIDTH = 24
Record = Mapping[str, Json]


def view(record: Record) -> RenderableType:
    """The answer about one ring, or about several one after the other."""
    rings = record.get("rings")
    if rings is not None:
        return Parts([part for one in rings for part in _whole(one)])
    first, *others = record["classes"]
    more = [(one["name"], [_Class(one)]) for one in others]
    return Screenful([*_head(record), _Class(first)], more, SCREEN_LINES)


def _whole(record: Record) -> Iterator[Part]:
    yield from _head(record)
    for one in record["classes"]:
        yield _Class(one)


def _head(record: Record) -> Iterator[Part]:
    style = "bold red" if record["needs_person"] else "bold green"
    lines = [(record["sentence"], style)]
    if len(record["looks"]) > 1 or record["changes"] is not None:
        lines.append((_changes(record), "dim"))
    lines += [(plain(line), "dim") for line in record["left"][:MOST_LEFT]]
    yield Lines(lines)


def _changes(record: Record) -> str:
    """What changed between the looks, and what did not."""
    looks, changes = record["looks"], record["changes"]
    since = "" if changes["seconds"] is None else f" over {changes['seconds']:.4g} s"
    moved = [f"{name.removesuffix('_count')} {change:+d}" for name, change in _shown_changes(changes)]
    shown = f"{count_of(len(looks), 'look')}{since}" if len(looks) > 1 else f"since the snapshot{since}"
    return f"{shown}: {', '.join(moved) or 'no count changed'}"


def _shown_changes(changes: Record) -> list[tuple[str, int]]:
    left_out = ("schedulable_count", "continuation_pressure")
    return [(name, change) for name, change in changes["changes"].items() if change and name not in left_out]


class _Class:
    """One class: a heading, indented lines that wrap at the terminal's width, and a command that does not."""

    def __init__(self, found: Record) -> None:
        self._found = found

    def pieces(self, console: Console) -> Iterator[Text]:
        """Its lines."""
        from rich.text import Text

        width = None if console.soft_wrap else max(LEAST_WIDTH, console.width)
        for text, style in _lines(self._found):
            yield from _folded(text, style, width)
        for advice in (self._found["remedy"], self._found["afterwards"]):
            words, command = split_advice(advice)
            if words:
                yield from _folded(f"  {words}:", "", width)
            if command is not None:
                yield Text(f"  {plain(command)}", no_wrap=True, overflow="ignore")


def _folded(text: str, style: str, width: int | None) -> Iterator[Text]:
    from rich.text import Text

    shown = plain(text)
    for line in [shown] if width is None else wrap(shown, width, subsequent_indent="    "):
        yield Text(line, style=style)


def _lines(found: Record) -> Iterator[tuple[str, str]]:
    style = "bold red" if found["needs_person"] else "cyan"
    yield f"{found['name']}: {_share(found)}", style
    if found["count"]:
        yield f"  {_whose(found)}", "dim"
    evidence = found["evidence"]
    shown = MOST_EVIDENCE if len(evidence) > MOST_EVIDENCE + 1 else len(evidence)
    for line in evidence[:shown]:
        yield f"  {line}", ""
    if shown < len(evidence):
        yield f"  and {len(evidence) - shown} more in --json", "dim"


def _share(found: Record) -> str:
    """How many tasks, how much of the queue, and where."""
    if not found["count"]:
        return str(found["title"])
    return f"{count_of(found['count'], 'task')}, {found['share']:.0%} of the queue: {found['slot_text']}"


def _whose(found: Record) -> str:
    ops = [(row["op_name"], row["count"]) for row in found["ops"]]
    tenants = [(f"tenant {row['tenant_id']}", row["count"]) for row in found["tenants"]]
    classes = [(priority_name(row["priority"]), row["count"]) for row in found["priorities"]]
    return "; ".join(_listed(rows) for rows in (ops, tenants, classes))


def _listed(rows: Sequence[tuple[str, int]]) -> str:
    if len(rows) == 1:
        return rows[0][0]
    more = ", ..." if len(rows) > MOST_NAMED else ""
    return ", ".join(f"{name} {count}" for name, count in rows[:MOST_NAMED]) + more


def view_causes(record: Record) -> RenderableType:
    """What classes mean, one block each."""
    return Parts([_cause(one) for one in record["classes"]])


def _cause(one: Record) -> FittedTable:
    rows: list[Sequence[Cell]] = [
        ("tasks", one["title"]),
        ("rule", one["rule"]),
        ("person", "needed" if one["needs_person"] else "only where the rule says so"),
        *(("mend", mend) for mend in one["mends"]),
    ]
    return FittedTable([Column("name"), Column("value", wrap=True)], rows, title=one["name"], headed=False)

"""Markdown made from the wire's data and from a document's own headings, and the marked places that hold it.

A place reads `<!-- generated: NAME -->` ... `<!-- end -->`; what stands between is replaced and never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from vyrectl.abi.control import REGIONS
from vyrectl.abi.faults import ENGINE_FAULTS
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.opcodes import CONTROL_OPCODES
from vyrectl.abi.slot import FIELD_INDEX, FIELDS
from vyrectl.abi.states import STATE_MEANINGS, TaskFlag, TaskPriority, TaskState
from vyrectl.devtools.manual_text import EXIT_CODES
from vyrectl.errors import UsageError
from vyrectl.task.lifecycle import TRANSITIONS, Transition

_PLACE = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_HEADING = re.compile(r"^(##|###) (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_START = re.compile(r"<!-- generated:.*")

CONTENTS = "contents"
"""Marker of the place that links to the document's sections."""


def fill_places(text: str, where: str) -> str:
    """The document with every marked place filled anew.

    Args:
        text: The document.
        where: Its name, for errors.

    Raises:
        UsageError: A marker names no table or has no end.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if _START.match(line) and not any(
            f"<!-- generated: {name} -->" == line for name in (*TABLES, CONTENTS)
        ):
            known = f"Known: {', '.join((*TABLES, CONTENTS))}"
            raise UsageError(f"no table for {line!r}", where=f"{where}, line {number}", fix=known)
    if len(_START.findall(text)) != len(_PLACE.findall(text)):
        raise UsageError("a generated place has no end", where=where, fix="Close it with <!-- end -->")

    def fill(place: re.Match[str]) -> str:
        made = contents(text) if place[2] == CONTENTS else TABLES[place[2]]()
        return f"{place[1]}\n{made}\n{place[4]}"

    return _PLACE.sub(fill, text)


def contents(text: str) -> str:
    """Links to a document's sections, with those below them on the same line."""
    sections: list[list[str]] = []
    for level, title in _HEADING.findall(_FENCED.sub("", text)):
        link = f"[{title}](#{anchor(title)})"
        if level == "##":
            sections.append([link])
        elif sections:
            sections[-1].append(link)
    return "".join(f"- {': '.join(filter(None, (first, ', '.join(rest))))}\n" for first, *rest in sections)


def anchor(title: str) -> str:
    """The name that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _slot() -> str:
    return _table(("word", "field", "meaning"), ((f.index, f"`{f.name}`", f.meaning) for f in FIELDS))


def _states() -> str:
    return _table(("word", "state", "meaning"), ((int(s), s.label, STATE_MEANINGS[s]) for s in TaskState))


def _priorities() -> str:
    return _table(("word", "priority"), ((int(p), p.label) for p in TaskPriority))


def _flags() -> str:
    return _table(("bit", "flag"), ((int(f).bit_length() - 1, f"`{f.name}`") for f in TaskFlag))


def _transitions() -> str:
    head = ("action", "from", "ends in", "writes", "counts", "flags", "meaning")
    return _table(head, (_transition(row) for row in TRANSITIONS.values()))


def _transition(row: Transition) -> tuple[str, ...]:
    arguments = ", ".join(row.arguments)
    return (
        f"`{row.action}({arguments})`",
        ", ".join(state.label for state in sorted(row.sources)),
        row.target.label,
        ", ".join(f"`{field}`" for field in sorted(row.arguments.values(), key=FIELD_INDEX.__getitem__)),
        ", ".join(f"`{field}`" for field in row.counters),
        _flag_changes(row),
        row.meaning,
    )


def _flag_changes(row: Transition) -> str:
    if row.clear_flags == U32_MAX:
        return "all cleared"
    changes = [f"+ {flag.name}" for flag in TaskFlag if row.set_flags & flag]
    changes += [f"- {flag.name}" for flag in TaskFlag if row.clear_flags & flag]
    return ", ".join(changes)


def _faults() -> str:
    rows = ((f"0x{f.code:08X}", f"`{f.name}`", f.meaning) for f in ENGINE_FAULTS)
    return _table(("code", "fault", "meaning"), rows)


def _opcodes() -> str:
    rows = ((f"0x{op.code:08X}", f"`{op.name}`", op.effect) for op in CONTROL_OPCODES)
    return _table(("opcode", "name", "effect"), rows)


def _control() -> str:
    rows = ((r.first if r.words == 1 else f"{r.first}-{r.end - 1}", r.name, r.meaning) for r in REGIONS)
    return _table(("words", "name", "meaning"), rows)


def _commands() -> str:
    from vyrectl.cli.catalog import CATALOG

    return _table(("command", "does"), ((f"`{e.name}`", e.summary) for e in CATALOG))


def _exit_codes() -> str:
    return _table(("exit code", "meaning"), EXIT_CODES.items())


TABLES: Mapping[str, Callable[[], str]] = {
    "slot-table": _slot,
    "states": _states,
    "priorities": _priorities,
    "flags": _flags,
    "transitions": _transitions,
    "fault-codes": _faults,
    "opcodes": _opcodes,
    "control": _control,
    "commands": _commands,
    "exit-codes": _exit_codes,
}
"""Name in the marker -> what makes the table."""

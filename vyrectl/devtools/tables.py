"""Markdown made from the wire's data, and the marked places of a document that hold it.

A place reads `<!-- generated: NAME -->` ... `<!-- end -->`; what stands between is replaced and never read.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vyrectl.abi.control import REGIONS
from vyrectl.abi.faults import ENGINE_FAULTS
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.opcodes import CONTROL_OPCODES
from vyrectl.abi.slot import FIELD_INDEX, FIELDS
from vyrectl.abi.states import STATE_MEANINGS, TaskFlag, TaskPriority, TaskState
from vyrectl.devtools.manual_text import ENVIRONMENT, EXIT_CODES
from vyrectl.errors import UsageError
from vyrectl.task.lifecycle import TRANSITIONS, Transition

_PLACE = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_START = re.compile(r"<!-- generated:.*")

COLUMNS = 108
"""Longest line of a list or a picture: pages have none over 110."""


def fill_places(text: str, where: str) -> str:
    """The document with every marked place filled anew.

    Args:
        text: A page, with marks where tables belong.
        where: Its name, for errors.

    Raises:
        UsageError: A marker names no table or has no end.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if _START.match(line) and not any(f"<!-- generated: {name} -->" == line for name in TABLES):
            known = f"Known: {', '.join(TABLES)}"
            raise UsageError(f"no table for {line!r}", where=f"{where}, line {number}", fix=known)
    if len(_START.findall(text)) != len(_PLACE.findall(text)):
        raise UsageError("a generated place has no end", where=where, fix="Close it with <!-- end -->")

    def fill(place: re.Match[str]) -> str:
        return f"{place[1]}\n{TABLES[place[2]]()}\n{place[4]}"

    return _PLACE.sub(fill, text)


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    """A term and what it means, an item each, for texts that are too long for a table of `COLUMNS`."""
    items = (f"- {term}: {text}" for term, text in pairs)
    return "".join(
        f"{line}\n"
        for item in items
        for line in textwrap.wrap(
            item, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )


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
    return _listed(_transition(row) for row in TRANSITIONS.values())


def _transition(row: Transition) -> tuple[str, str]:
    """The action with its arguments, and what it does, in the order in which spec 1.6 names it."""
    written = sorted(row.arguments.values(), key=FIELD_INDEX.__getitem__)
    parts = {
        "from": ", ".join(state.label for state in sorted(row.sources)),
        "to": row.target.label,
        "writes": ", ".join(f"`{field}`" for field in written),
        "counts": ", ".join(f"`{field}`" for field in row.counters),
        "sets": _flags_of(row.set_flags),
        "clears": "every flag" if row.clear_flags == U32_MAX else _flags_of(row.clear_flags),
    }
    told = "; ".join(f"{name} {text}" for name, text in parts.items() if text)
    return f"**`{row.action}({', '.join(row.arguments)})`**", f"{row.meaning}. {told[0].upper()}{told[1:]}."


def _flags_of(mask: int) -> str:
    return ", ".join(f"`{flag.name}`" for flag in TaskFlag if mask & flag)


def _faults() -> str:
    rows = ((f"0x{f.code:08X}", f"`{f.name}`", f.meaning) for f in ENGINE_FAULTS)
    return _table(("code", "fault", "meaning"), rows)


def _opcodes() -> str:
    return _listed((f"0x{op.code:08X} `{op.name}`", op.effect) for op in CONTROL_OPCODES)


def _control() -> str:
    rows = ((r.first if r.words == 1 else f"{r.first}-{r.end - 1}", r.name, r.meaning) for r in REGIONS)
    return _table(("words", "name", "meaning"), rows)


def _commands() -> str:
    from vyrectl.cli.catalog import CATALOG

    rows = ((f"`{e.name}`", e.summary, f"[{e.topic}](vyrectl/docs/{e.topic}.md)") for e in CATALOG)
    return _table(("command", "does", "topic"), rows)


def _topics() -> str:
    from vyrectl.docs import topics

    links = ", ".join(f"[{topic.name}](vyrectl/docs/{topic.name}.md)" for topic in topics())
    return f"{textwrap.fill(links, COLUMNS, break_long_words=False, break_on_hyphens=False)}\n"


def _exit_codes() -> str:
    return _listed((f"**{code}**", text) for code, text in EXIT_CODES.items())


def _environment() -> str:
    return _listed((f"`{name}`", text) for name, text in ENVIRONMENT.items())


def _layers() -> str:
    """The layers from the top down as a picture in text, each with what its package says it is."""
    from vyrectl.devtools.layers import LAYERS

    shown = [name for name in reversed(LAYERS) if name not in ("_version", "devtools")]
    width = max(map(len, shown))
    lines = (
        line
        for name in shown
        for line in textwrap.wrap(
            f"{name:<{width}}  {_first_sentence(name)}", COLUMNS, subsequent_indent=" " * (width + 2)
        )
    )
    return "\n".join(("```text", *lines, "```", ""))


def _first_sentence(layer: str) -> str:
    """What a layer's module or package says of itself, on one line."""
    package = Path(__file__).resolve().parents[1]
    source = package / layer / "__init__.py"
    text = (source if source.exists() else package / f"{layer}.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text)) or ""
    return " ".join(said.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")


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
    "topics": _topics,
    "exit-codes": _exit_codes,
    "layers": _layers,
    "environment": _environment,
}
"""Name in the marker -> what makes the table."""

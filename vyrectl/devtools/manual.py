"""Makes the manual pages from the commands themselves, the pages of the documentation, and the wire's data.

`vyrectl.1` is the overview, `vyrectl-COMMAND.1` a command, `vyrectl-TOPIC.7` a page of the documentation.

Nothing about a command is written here: synopsis, options, defaults and examples come from the same model that
the completion scripts are made of.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby

from vyrectl import docs
from vyrectl._version import __version__
from vyrectl.abi import ABI_VERSION
from vyrectl.abi.faults import ENGINE_FAULTS
from vyrectl.abi.slot import FIELD_ALIASES, FIELDS
from vyrectl.abi.states import STATE_MEANINGS, TaskFlag, TaskPriority, TaskState
from vyrectl.cli.catalog import CATALOG
from vyrectl.cli.completion.model import Command, Option, Place, Program, read_program
from vyrectl.cli.option_groups import grouped
from vyrectl.devtools import manual_text as words
from vyrectl.devtools.page_roff import topic_page
from vyrectl.devtools.roff import (
    bold,
    described,
    example,
    italic,
    paragraph,
    paragraphs,
    prose,
    section,
    subsection,
)
from vyrectl.devtools.tables import fill_places

COMMON = ("--format", "--json", "--color", "--quiet", "--help")
"""Options that are described once for all commands."""

_VERBATIM = "\b\n"


def manual_pages() -> dict[str, str]:
    """Every page in the man macros, by its path below the folder of manual pages."""
    program = _program()
    return {
        "man1/vyrectl.1": _overview(),
        **{f"man1/vyrectl-{one.name}.1": _command_page(one) for one in program.commands},
        **{f"man7/vyrectl-{name}.7": _topic_page(name) for name in docs.NAMES},
    }


def _topic_page(name: str) -> str:
    """A page of the documentation as its generated parts should be, which need not be written yet."""
    path = docs.page_path(name)
    text = fill_places(path.read_text(encoding="utf-8"), path.name)
    return topic_page(name, docs.as_shown(text), words.DATE)


def _overview() -> str:
    lines = [*_head(), *_options_section(), *_commands(), *_topics(), *_ring(), *_tail()]
    return "\n".join(lines) + "\n"


def _command_page(command: Command) -> str:
    """A command: synopsis, what it does, its options, examples."""
    entry = next(entry for entry in CATALOG if entry.name == command.name)
    summary, *blocks = command.help.split("\n\n")
    synopsis = " ".join(
        [bold(f"vyrectl {command.name}"), f"[{italic('option')} ...]", *map(_place, command.places)]
    )
    about = [line for block in blocks if not _is_example(block) for line in _block(block)]
    places = described((_place(place), f"{place.help}.") for place in command.places if place.help)
    lines = [
        *_title(f"VYRECTL\\-{command.name.upper()}"),
        *section("NAME", [rf"vyrectl\-{command.name} \- {prose(_uncapped(summary))}"]),
        *section("SYNOPSIS", [synopsis]),
        *section("DESCRIPTION", [*(about or paragraph(summary))]),
        *(section("ARGUMENTS", places) if places else []),
        *section("OPTIONS", []),
        *_option_groups(command),
        *section("EXAMPLES", [line for one in blocks if _is_example(one) for line in _example(one)]),
        *section("SEE ALSO", [_see_also(entry.topic)]),
    ]
    return "\n".join(lines) + "\n"


def _option_groups(command: Command) -> Iterator[str]:
    """The options below the headings of the command's help."""
    for group, options in grouped((option.group, option) for option in command.options):
        yield from subsection(group, _options(options))


def _uncapped(summary: str) -> str:
    return summary[:1].lower() + summary[1:].rstrip(".")


def _see_also(topic: str) -> str:
    return rf"{bold('vyrectl')}(1), {bold(f'vyrectl-{topic}')}(7)"


def _title(name: str) -> list[str]:
    return [
        r".\" Made by `python -m vyrectl.devtools generate`",
        f'.TH "{name}" 1 "{words.DATE}" "vyrectl {__version__}" "Task rings"',
        ".nh",
        ".ad l",
    ]


def _head() -> list[str]:
    first = rf"{bold('vyrectl')} {italic('command')} [{italic('option')} ...] [{italic('argument')} ...]"
    rest = [bold("--help"), bold("--version"), rf"{bold('--install-completion')} {italic('SHELL')}"]
    made = f"This is version {__version__}, for the rings of {ABI_VERSION}. First steps:"
    return [
        *_title("VYRECTL"),
        *section("NAME", [rf"vyrectl \- {words.SUMMARY}"]),
        *section("SYNOPSIS", [first, ".br", f"{bold('vyrectl')} {' | '.join(rest)}"]),
        *section("DESCRIPTION", [*paragraphs(*words.DESCRIPTION), *paragraph(made), *example(words.START)]),
    ]


def _options_section() -> list[str]:
    program = _program()
    shared = _shared_options(program)
    own = (option for option in program.root.options if option not in shared)
    return [
        *section("OPTIONS", []),
        *subsection("Before a command", _options(own)),
        *subsection("Common to most commands", _options(shared)),
    ]


def _commands() -> Iterator[str]:
    """Each command with its page, in the groups of `vyrectl --help`."""
    yield from section("COMMANDS", [])
    for title in dict.fromkeys(entry.section for entry in CATALOG):
        rows = [(bold(one.name), one.summary) for one in CATALOG if one.section == title]
        yield from subsection(title, described(rows, width=14))
    yield from paragraph("Each has a page of its own, such as `vyrectl-launch`(1).")


def _topics() -> Iterator[str]:
    rows = ((bold(f"vyrectl-{topic.name}"), f"{topic.summary}.") for topic in docs.topics())
    about = paragraph("`vyrectl help TOPIC` shows the same pages.")
    yield from section("TOPICS", [*described(rows, width=22), *about])


@cache
def _program() -> Program:
    return read_program()


def _shared_options(program: Program) -> tuple[Option, ...]:
    """Each common option as the first command has it that takes it."""
    every = [option for command in program.commands for option in command.options]
    return tuple(next(option for option in every if name in option.names) for name in COMMON)


def _example(block: str) -> list[str]:
    return example(_dedented(block.split("\n")[2:]))


def _block(block: str) -> Iterator[str]:
    """A paragraph of a command's help; in one that keeps its lines, those that are indented are tables."""
    if not block.startswith(_VERBATIM):
        yield from paragraph(block)
        return
    for indented, run in groupby(block.split("\n")[1:], key=lambda line: line.startswith(" ")):
        lines = list(run)
        yield from example(_dedented(lines)) if indented else paragraph("\n".join(lines))


def _dedented(lines: Iterable[str]) -> list[str]:
    return textwrap.dedent("\n".join(lines)).split("\n")


def _is_example(block: str) -> bool:
    return block.startswith(f"{_VERBATIM}Example")


def _place(place: Place) -> str:
    """An argument as the synopsis shows it; what need not be given stands in brackets."""
    bare = re.sub(r"[A-Z]+(?:=[A-Z]+)?", lambda word: italic(word[0]), place.name)
    bare = re.sub(r"(?<![\w\\])-(?!\w)", r"\\-", bare)
    return bare if place.required or "[" in place.name or place.name.islower() else f"[{bare}]"


def _options(options: Iterable[Option]) -> list[str]:
    return described((_term(option), _meaning(option)) for option in options)


def _term(option: Option) -> str:
    names = ", ".join(bold(name) for name in sorted(option.names, key=len))
    return f"{names} {_value(option.metavar)}" if option.metavar else names


def _value(metavar: str) -> str:
    """A value: words to be typed in bold, placeholders in italics."""
    parts = metavar.split("|")
    return " | ".join(bold(part) if part.islower() and "," not in part else italic(part) for part in parts)


def _meaning(option: Option) -> str:
    default = f" Default: `{option.default}`." if option.default else ""
    several = " May be repeated." if option.repeats and "repeated" not in option.help else ""
    return f"{option.help}.{several}{default}"


def _ring() -> list[str]:
    short = {name: alias for alias, name in FIELD_ALIASES.items()}
    fields = (
        (rf"{field.index}\ {bold(field.name)}", f"{_short(short.get(field.name))}{field.meaning}")
        for field in FIELDS
    )
    states = ((rf"{int(state)}\ {bold(state.label)}", STATE_MEANINGS[state]) for state in TaskState)
    faults = ((bold(f"0x{fault.code:08X}"), f"`{fault.name}`: {fault.meaning}") for fault in ENGINE_FAULTS)
    priorities = ", ".join(f"{int(one)} {one.label}" for one in TaskPriority)
    flags = ", ".join(f"bit {int(one).bit_length() - 1} {one.name}" for one in TaskFlag)
    text = [
        *paragraph("A slot is 16 little-endian 32-bit words (short names in parentheses):"),
        *described(fields, width=22),
        *paragraph("States. Ready, Yielded and Requeued tasks may be claimed:"),
        *described(states, width=22),
        *paragraph(f"Priorities: {priorities}. Flags: {flags}."),
        *paragraph(
            "A faulted task keeps its code in `continuation_data`; codes from 0xFFFFFF01 up are the engine's own:"
        ),
        *described(faults, width=14),
    ]
    return [
        *section("TASK RINGS", text),
        *section("SELECTING SLOTS", [*paragraphs(*words.SLOTS), *example(words.WHERE_EXAMPLES)]),
    ]


def _short(alias: str | None) -> str:
    return f"({alias}) " if alias else ""


def _tail() -> list[str]:
    codes = ((bold(str(code)), text) for code, text in words.EXIT_CODES.items())
    files = (
        (bold(name) if name.startswith(".") else _file(name), text) for name, text in words.FILES.items()
    )
    variables = ((bold(name), text) for name, text in words.ENVIRONMENT.items())
    pages = (re.sub(r"(\w+)(\(\d\))", r"\\fB\1\\fR\2", page) for page in words.SEE_ALSO)
    return [
        *section("OUTPUT FORMATS", paragraphs(*words.FORMATS)),
        *section("EXIT STATUS", described(codes, width=6)),
        *section("FILES", described(files)),
        *section("ENVIRONMENT", described(variables)),
        *section("SEE ALSO", [", ".join(pages), *paragraph(words.README)]),
    ]


def _file(name: str) -> str:
    stem, dot, suffix = name.partition(".")
    return f"{italic(stem)}{bold(dot + suffix) if dot else ''}"

"""What the program accepts, as records: read off the commands themselves, so that nothing is written twice.

Building the model imports every command's module; that happens when scripts are generated, never in their use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from vyrectl.cli.catalog import CATALOG, Entry
from vyrectl.cli.click_parts import Click
from vyrectl.cli.completion.kinds import (
    COMMA,
    FIELD_METAVAR,
    FILE,
    FILE_SUFFIX,
    KIND_OF_METAVAR,
    KIND_OF_OPTION,
    NONE,
    Kind,
    Word,
    field_values,
    word_kinds,
)
from vyrectl.cli.option_groups import OUTPUT, group_of
from vyrectl.dataclass import dataclass
from vyrectl.declared import OWN
from vyrectl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command.

    Attributes:
        names: Every spelling, for example ``("--format", "-f")``.
        help: One line.
        kind: Name of the kind of its value; None for a switch.
        repeats: It may be given more than once.
        metavar: What stands for its value in the help; empty for a switch.
        default: Its value when it is not given, where there is one worth a word.
        group: Heading under which the help lists it.
    """

    names: tuple[str, ...]
    help: str
    kind: str | None
    repeats: bool
    metavar: str = ""
    default: str = ""
    group: str = OWN


@dataclass(frozen=True, slots=True)
class Place:
    """One positional argument.

    Attributes:
        name: As the help shows it.
        kind: Name of the kind of its value.
        repeats: It takes every further argument.
        help: One line.
        required: The command does not go without it.
    """

    name: str
    kind: str
    repeats: bool
    help: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command; the program itself is one too, with an empty name.

    Attributes:
        name: What the user types.
        summary: First line of its help.
        options: In the order of its help.
        places: Its arguments.
        help: Its whole help text.
    """

    name: str
    summary: str
    options: tuple[Option, ...]
    places: tuple[Place, ...]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """Everything a script needs.

    Attributes:
        root: Options that stand before the command.
        commands: In the order of the catalog.
        kinds: Every kind that is a list of words, by name.
        field_values: Kind of words -> names of the fields that take them.
    """

    root: Command
    commands: tuple[Command, ...]
    kinds: dict[str, Kind]
    field_values: dict[str, tuple[str, ...]]

    @property
    def all_commands(self) -> tuple[Command, ...]:
        """The program itself, then its commands."""
        return (self.root, *self.commands)


Parts = Mapping[str, Iterable[str]]
"""Name of a place in a template -> the lines that go there."""


def places(command: Command) -> list[str]:
    """The kinds of a command's arguments; one that takes every further argument ends in ``+``."""
    return [f"{place.kind}{'+' if place.repeats else ''}" for place in command.places]


def read_program(catalog: Iterable[Entry] = CATALOG) -> Program:
    """The model of the command line as it is now.

    Raises:
        UsageError: A metavar that `KIND_OF_METAVAR` does not know.
    """
    from vyrectl.cli.main import build_cli, load_command

    reader = _Reader()
    options = reader.command("", "", build_cli()).options
    root = Command("", "", options, (Place("COMMAND", "command", False),))
    commands = tuple(reader.command(entry.name, entry.summary, load_command(entry.name)) for entry in catalog)
    return Program(root, commands, dict(sorted(reader.kinds.items())), field_values())


class _Reader:
    """Turns the parser's objects into records and collects the word lists that they need."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = dict(word_kinds())
        self.kind_of_field = {name: kind for kind, names in field_values().items() for name in names}

    def command(self, name: str, summary: str, parsed: Click) -> Command:
        shown = [param for param in parsed.params if not getattr(param, "hidden", False)]
        options = [self._option(name, param) for param in shown if param.param_type_name == "option"]
        places = [self._place(name, param) for param in shown if param.param_type_name == "argument"]
        return Command(name, summary, (*options, _HELP), tuple(places), parsed.help or "")

    def _option(self, command: str, param: Click) -> Option:
        switch = param.is_flag or param.count
        kind = None if switch else self._kind(command, param)
        names = (*param.opts, *param.secondary_opts)
        metavar = "" if switch else param.metavar or param.name.upper()
        return Option(
            names,
            _one_line(param.help),
            kind,
            bool(param.multiple),
            metavar,
            _default(param),
            group_of(command, param),
        )

    def _place(self, command: str, param: Click) -> Place:
        name, help_line = param.metavar or param.name.upper(), _one_line(param.help)
        return Place(name, self._kind(command, param), param.nargs != 1, help_line, bool(param.required))

    def _kind(self, command: str, param: Click) -> str:
        metavar = re.sub(r"[\[\]]|\.\.\.", "", param.metavar or "").strip()
        if param.opts[0] in KIND_OF_OPTION and not _is_word(metavar.partition("|")[0]):
            return KIND_OF_OPTION[param.opts[0]]
        if metavar in KIND_OF_METAVAR:
            return KIND_OF_METAVAR[metavar]
        if metavar.startswith("FILE."):
            return f"{FILE_SUFFIX}{metavar.removeprefix('FILE.')}"
        if metavar == FIELD_METAVAR and param.name in self.kind_of_field:
            return self.kind_of_field[param.name]
        parts = re.split(r"[|,]", metavar)
        choices = getattr(param.type, "choices", None) or [part for part in parts if _is_word(part)]
        if choices:
            return self._listed(param.name, [str(choice) for choice in choices], comma="," in metavar)
        known = [KIND_OF_METAVAR[part] for part in parts if part in KIND_OF_METAVAR]
        return next((kind for kind in known if kind != NONE), None) or _kind_of_type(command, param, metavar)

    def _listed(self, name: str, choices: list[str], *, comma: bool) -> str:
        words = tuple(Word(choice) for choice in choices)
        known = self.kinds.setdefault(name, Kind(name, words))
        if known.words != words:
            name = f"{name}_{'_'.join(choices)}"
            self.kinds[name] = Kind(name, words)
        return f"{name}{COMMA}" if comma else name


_HELP = Option(("--help", "-h"), "Show this message and exit", None, False, group=OUTPUT)


def _is_word(part: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_-]*", part) is not None


def _kind_of_type(command: str, param: Click, metavar: str) -> str:
    kind = {"int": NONE, "integer": NONE, "float": NONE, "path": FILE, "file": FILE}.get(
        param.type.name.split(" ")[0]
    )
    if kind is None:
        raise UsageError(
            f"nothing says what {metavar or param.name} is",
            where=f"`{command}`, {param.opts[0]}",
            fix="Add its metavar to KIND_OF_METAVAR in vyrectl/cli/completion/kinds.py",
        )
    return kind


def _default(param: Click) -> str:
    if param.secondary_opts:
        return str((param.opts if param.default else param.secondary_opts)[0])
    return "" if param.default is False or param.default in (None, "", ()) else str(param.default)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).rstrip(".")

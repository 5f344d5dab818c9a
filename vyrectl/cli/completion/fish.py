"""Writes the program's model as fish: a `complete` line per option and argument, a function per word list."""

from __future__ import annotations

from collections.abc import Iterable

from vyrectl.cli.completion.kinds import COMMA, FILE_SUFFIX, NONE, Word
from vyrectl.cli.completion.model import Command, Option, Parts, Place, Program


def fish(program: Program) -> Parts:
    """What goes into the template of fish."""
    return {
        "valued": [line for command in program.all_commands for line in _valued(command)],
        "kinds": [line for name, kind in program.kinds.items() for line in _kind(name, kind.words)],
        "field_values": [
            line for kind, names in program.field_values.items() for line in _field(kind, names)
        ],
        "commands": [line for command in program.all_commands for line in _command(command)],
    }


def _valued(command: Command) -> list[str]:
    names = " ".join(name for option in command.options if option.kind for name in option.names)
    return [f"        case {_quoted(command.name)}", f"            string split ' ' -- {_quoted(names)}"]


def _kind(name: str, words: Iterable[Word]) -> list[str]:
    lines = [f"        {_quoted(word.text)} {_quoted(word.meaning)}" for word in words]
    body = [" \\\n".join(["    printf '%s\\t%s\\n'", *lines])]
    return [f"function __vyrectl_kind_{name}", *body, "end", ""]


def _field(kind: str, names: Iterable[str]) -> list[str]:
    return [f"        case {' '.join(names)}", f"            __vyrectl_go_on '[^=]*$' {kind}"]


def _command(command: Command) -> list[str]:
    here = f"__vyrectl_in {_name(command)}"
    lines = [f"complete -c vyrectl -n {_quoted(here)} {_option(option)}" for option in command.options]
    return ["", *lines, *(_place(command, number, place) for number, place in enumerate(command.places))]


def _name(command: Command) -> str:
    return command.name or "''"


def _option(option: Option) -> str:
    names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
    value = "" if option.kind is None else f" {_value(option.kind)}"
    return f"{names}{value} -d {_quoted(option.help)}"


def _place(command: Command, number: int, place: Place) -> str:
    last = 9999 if place.repeats else number
    here = f"__vyrectl_at {_name(command)} {number} {last}"
    return f"complete -c vyrectl -n {_quoted(here)} {_value(place.kind)}"


def _value(kind: str) -> str:
    special = {
        NONE: "-x",
        "file": "-r -F",
        "buffer": "-r -F",
    }
    if kind in special:
        return special[kind]
    if kind.startswith(FILE_SUFFIX):
        return f"-x -k -a '(__fish_complete_suffix .{kind.removeprefix(FILE_SUFFIX)})'"
    listed = kind.removesuffix(COMMA)
    if listed != kind:
        return f"-x -a '(__vyrectl_go_on \"[^,]*\\$\" {listed})'"
    return f"-x -k -a '(__vyrectl_kind_{kind})'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

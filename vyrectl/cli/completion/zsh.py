"""Writes the program's model as zsh: one `_arguments` call per command, one function per list of words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vyrectl.cli.completion.kinds import COMMA, FILE_SUFFIX, NONE, Word
from vyrectl.cli.completion.model import Command, Option, Parts, Place, Program


def zsh(program: Program) -> Parts:
    """What goes into the template of zsh."""
    return {
        "kinds": [line for name, kind in program.kinds.items() for line in _kind(name, kind.words)],
        "field_values": [
            f"    (|*=)({'|'.join(names)})=) _vyrectl_kind_{kind} ;;"
            for kind, names in program.field_values.items()
        ],
        "commands": [line for command in program.commands for line in _command(command)],
        "root": [f"    {spec} \\" for option in program.root.options for spec in _option(option)],
    }


def _kind(name: str, words: Iterable[Word]) -> list[str]:
    return [
        f"_vyrectl_kind_{name}() {{",
        "  local -a words",
        "  words=(",
        *(f"    {_quoted(_word(word))}" for word in words),
        "  )",
        f'  _describe -t {name} {_quoted(name.replace("_", " "))} words "$@"',
        "}",
        "",
    ]


def _word(word: Word) -> str:
    text = word.text.replace(":", "\\:")
    return f"{text}:{word.meaning}" if word.meaning else text


def _command(command: Command) -> list[str]:
    specs = [spec for option in command.options for spec in _option(option)]
    specs += [_place(place) for place in command.places]
    body = [f"    {spec} \\" for spec in specs]
    body[-1] = body[-1].removesuffix(" \\")
    return [f"_vyrectl_command_{command.name}() {{", "  _arguments -s -S \\", *body, "}", ""]


def _option(option: Option) -> list[str]:
    once = "*" if option.repeats else f"({' '.join(option.names)})"
    return [
        _quoted(f"{once}{_name(name, option)}[{_text(option.help)}]{_value(option)}") for name in option.names
    ]


def _name(name: str, option: Option) -> str:
    if option.kind is None:
        return name
    return f"{name}=" if name.startswith("--") else f"{name}+"


def _value(option: Option) -> str:
    return "" if option.kind is None else f":{option.names[0].lstrip('-')}:{_action(option.kind)}"


def _place(place: Place) -> str:
    return _quoted(f"{'*' if place.repeats else ''}:{_text(place.name)}:{_action(place.kind)}")


def _action(kind: str) -> str:
    if kind == NONE:
        return " "
    if kind.startswith(FILE_SUFFIX):
        return f" _vyrectl_suffix {kind.removeprefix(FILE_SUFFIX)}"
    listed = kind.removesuffix(COMMA)
    return f" _vyrectl_kind_{kind}" if listed == kind else f" _vyrectl_list {listed}"


def _text(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"

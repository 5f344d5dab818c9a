"""Writes the program's model as bash: one case per command, one per list of words."""

from __future__ import annotations

from vyrectl.cli.completion.model import Command, Parts, Program, places


def bash(program: Program) -> Parts:
    """What goes into the template of bash."""
    return {
        "commands": [line for command in program.all_commands for line in _command(command)],
        "kinds": [
            f"        {name}) list='{' '.join(word.text for word in kind.words)}' ;;"
            for name, kind in program.kinds.items()
        ],
        "field_values": [
            f"        {'|'.join(names)}) __vyrectl_words {kind} ;;"
            for kind, names in program.field_values.items()
        ],
    }


def _command(command: Command) -> list[str]:
    names = " ".join(name for option in command.options for name in option.names)
    valued = " ".join(
        f"{name}:{option.kind}" for option in command.options if option.kind for name in option.names
    )
    return [
        f"        {command.name or repr('')})",
        f"            options='{names}'",
        f"            valued='{valued}'",
        f"            places='{' '.join(places(command))}'",
        "            ;;",
    ]

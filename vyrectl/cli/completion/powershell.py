"""Writes the program's model as PowerShell: two tables."""

from __future__ import annotations

from collections.abc import Iterable

from vyrectl.cli.completion.kinds import Word
from vyrectl.cli.completion.model import Command, Parts, Program, places


def powershell(program: Program) -> Parts:
    """What goes into the template of PowerShell."""
    return {
        "kinds": [line for name, kind in program.kinds.items() for line in _kind(name, kind.words)],
        "commands": [line for command in program.all_commands for line in _command(command)],
        "field_values": [
            f"        '{name}' = '{kind}'" for kind, names in program.field_values.items() for name in names
        ],
    }


def _kind(name: str, words: Iterable[Word]) -> list[str]:
    rows = [_row(word.text, word.meaning) for word in words]
    return [f"        '{name}' = @(", *_joined(rows, "            "), "        )"]


def _command(command: Command) -> list[str]:
    rows = [_row(name, option.kind or "", option.help) for option in command.options for name in option.names]
    kinds = ", ".join(f"'{place}'" for place in places(command))
    return [
        f"        '{command.name}' = @{{",
        "            Options = @(",
        *_joined(rows, "                "),
        "            )",
        f"            Places = @({kinds})",
        "        }",
    ]


def _row(*cells: str) -> str:
    return "@(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in cells) + ")"


def _joined(rows: list[str], indent: str) -> list[str]:
    """The rows of an array of arrays; the comma before a lone one keeps it from being unrolled."""
    if len(rows) == 1:
        return [f"{indent},{rows[0]}"]
    return [f"{indent}{row}{',' if number < len(rows) else ''}" for number, row in enumerate(rows, start=1)]

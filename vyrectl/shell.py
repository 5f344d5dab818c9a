"""Command lines as advice prints them: one line that a shell takes as it stands, whatever a file is called.

Standard library only. The invariant: every advice that names a file names it by `file_argument` or `command_line`.
"""

from __future__ import annotations

from shlex import quote

PROGRAM = "vyrectl"
STDIN = "-"


def file_argument(name: object) -> str:
    """A file as an argument: quoted where it has to be, and never taken for an option."""
    text = str(name)
    return quote(f"./{text}" if text.startswith("-") and text != STDIN else text)


def command_line(command: str, *words: str, file: object | None = None) -> str:
    """A command of this program.

    Args:
        command: A command of vyrectl; more words follow in `words`.
        words: What follows the file.
        file: The file that it is about, its first argument.
    """
    named = [] if file is None else [file_argument(file)]
    return " ".join([PROGRAM, command, *named, *map(quote, words)])

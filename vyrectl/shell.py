"""Command lines as advice prints them: one line that a shell takes as it stands, whatever a file is called.

Packages go into the environment that this process runs in, whichever `pip` a shell would find. Standard library only.
The invariant: every advice that names a file names it by `file_argument` or `command_line`, and every one that installs
a Python package is `pip_install`.
"""

from __future__ import annotations

import sys
from functools import cache
from shlex import join, quote

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


def pip_install(*words: str) -> str:
    """The command that installs packages for the interpreter in use.

    Args:
        words: Packages, and options of `pip install`.
    """
    return f"{_pip()} {join(words)}"


@cache
def _pip() -> str:
    """`pip install` of this interpreter, or uv's where the environment has no pip of its own."""
    from importlib.util import find_spec
    from shutil import which

    python = sys.executable or "python3"
    if find_spec("pip") is None and which("uv") is not None:
        return join(["uv", "pip", "install", "--python", python])
    return join([python, "-m", "pip", "install"])

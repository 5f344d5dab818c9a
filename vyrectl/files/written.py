"""Which files this process has begun to write, for what is said of them when it is stopped.

Standard library only. The invariant: a file is noted before its first byte can change; temporary and lock files that
nobody named are not.
"""

from __future__ import annotations

import os

from vyrectl.files.place import StrPath

_replaced: dict[str, None] = {}
_appended: dict[str, None] = {}

NO_FILE = "no file was being written"


def note_writing(path: StrPath) -> None:
    """A file is about to be replaced, or changed where it lies."""
    _replaced[os.fspath(path)] = None


def note_appending(path: StrPath) -> None:
    """Whole lines are about to be appended to a file."""
    _appended[os.fspath(path)] = None


def standing() -> str:
    """What is true of the files of a command that is stopped now."""
    if _replaced:
        return "a file that it was writing is the old one or the new"
    if _appended:
        return f"every line of {next(iter(_appended))} is whole"
    return NO_FILE


def forget() -> None:
    """Begin anew, as each command line does."""
    _replaced.clear()
    _appended.clear()

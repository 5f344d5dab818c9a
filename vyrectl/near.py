"""Files with a name near one that is not there: what a mistyped path was probably meant as.

Standard library only. Nothing is opened; a folder that cannot be listed has nothing near, and of a large one only the
first `MOST_LOOKED_AT` entries are compared, so that a message never waits for it.
"""

from __future__ import annotations

import os
from itertools import islice

from vyrectl.shell import file_argument

MOST_LOOKED_AT = 5_000
"""Entries of a folder that are compared."""

_NEAR = 0.75
"""How alike two names are at least, as `difflib` counts it."""

_LENGTHS_APART = 2
_KEEPERS = (".lock", ".live", ".live.new", ".partial")
"""What files that keep a ring or an output end with; nobody means these."""


def meant_path(path: str) -> str:
    """The question after a path that is there, for a message: ``Did you mean r.bin?``; empty where none is near.

    Args:
        path: One that leads nowhere; where one of its folders is missing, that one is looked for.
    """
    near = _near(path)
    return f"Did you mean {file_argument(near)}?" if near and near.isprintable() else ""


def _near(path: str) -> str | None:
    rest = ""
    while path and not os.path.lexists(path):
        folder, name = os.path.split(path)
        if not name:
            path = folder if folder != path else ""
            continue
        if not folder or os.path.isdir(folder):
            close = _closest(name, folder, needs_folder=bool(rest))
            whole = os.path.join(folder, close, *filter(None, [rest])) if close else ""
            return whole if os.path.exists(whole) else None
        path, rest = folder, os.path.join(name, rest) if rest else name
    return None


def _closest(wanted: str, folder: str, *, needs_folder: bool) -> str | None:
    from difflib import get_close_matches

    names = _names(wanted, folder, needs_folder=needs_folder)
    lowered = wanted.lower()
    for name in names:
        if lowered in (name.lower(), os.path.splitext(name)[0].lower()):
            return name
    alike = [name for name in names if abs(len(name) - len(wanted)) <= _LENGTHS_APART]
    return next(iter(get_close_matches(wanted, alike, n=1, cutoff=_NEAR)), None)


def _names(wanted: str, folder: str, *, needs_folder: bool) -> list[str]:
    """The names in a folder that could be meant, in order."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            found = [
                entry.name for entry in islice(entries, MOST_LOOKED_AT) if not needs_folder or entry.is_dir()
            ]
    except OSError:
        return []
    return sorted(name for name in found if name != wanted and not name.endswith(_KEEPERS))

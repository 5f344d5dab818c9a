"""What lies beside rings and a shell's pattern hands over with them (``ring.bin*``) is left out, aloud.

The invariant: only what a command could not take anyway, or one of several rings, is ever left out; a file that is
named alone is taken as it is, and a command that writes refuses. Standard library only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from vyrectl.files.beside import SIDE_FILE
from vyrectl.files.streams import say

LOOKING = ("apply", "check", "inspect", "map", "open", "plan")
"""Commands that take one file and change none."""

SEVERAL = "RING..."
"""Metavar of an argument that takes any number of rings."""


def is_side_file(name: str) -> bool:
    """Whether vyrectl makes files of such a name beside rings and outputs."""
    return SIDE_FILE.search(name) is not None


def one_file(command: str, args: Sequence[str], extra: Sequence[str], taken: Collection[object]) -> list[str]:
    """The arguments of a command that takes one file, without what lies beside that.

    Args:
        command: The command's name.
        args: What was typed after it.
        extra: Those of them that it has no place for.
        taken: The values of its arguments and options.
    """
    if command not in LOOKING or not extra:
        return list(args)
    rings = [str(value) for value in taken if isinstance(value, str)]
    if not all(any(SIDE_FILE.sub("", name) == ring for ring in rings) for name in extra):
        return list(args)
    kept = list(args)
    for name in reversed(extra):
        last = len(kept) - 1 - kept[::-1].index(name)
        del kept[last]
    return kept


def several_files(names: Sequence[object]) -> list[object]:
    """The rings among several files; one file alone, or nothing but side files, is taken as it is."""
    kept = [name for name in names if not is_side_file(str(name))]
    return kept if len(names) > 1 and kept else list(names)


def say_left_out(names: Sequence[object], kept: Sequence[object]) -> None:
    """Name the files that were left out."""
    left = [str(name) for name in names if name not in kept]
    if left:
        from vyrectl.cli.output import plain

        say(f"left out, no rings but files beside them: {plain(', '.join(left))}\n")

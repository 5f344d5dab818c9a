"""The same command again, with the options that make it work: one line to paste, for the hint of an error.

Standard library only. The invariant: every word that was typed stays, shell-quoted, save an earlier value of an option
that is given anew.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

PROGRAM = "vyrectl"
_OFFSET = "--offset"


def again(args: Sequence[str], options: Mapping[str, str], where: str | None) -> str | None:
    """The command line that works, or None where there is none.

    Args:
        args: What was typed after the program's name.
        options: Options to add, and their values.
        where: The file that the error is about.
    """
    if not options or not args:
        return None
    if set(options) <= _options_of(args[0]):
        return with_options(args, options)
    if _OFFSET in options and where is not None:
        span = [word for pair in options.items() for word in pair]
        return shlex.join((PROGRAM, "build", f"{where}.ring", "--from", where, *span))
    return None


def with_options(args: Sequence[str], options: Mapping[str, str]) -> str:
    """A command line with some options given anew, before a ``--`` if there is one."""
    cut = list(args).index("--") if "--" in args else len(args)
    kept = [*_without(args[:cut], options)]
    added = [word for option, value in options.items() for word in (option, value)]
    return shlex.join((PROGRAM, *kept, *added, *args[cut:]))


def _without(args: Sequence[str], options: Mapping[str, str]) -> Iterator[str]:
    words = iter(args)
    for word in words:
        if word in options:
            next(words, None)
        elif word.partition("=")[0] not in options:
            yield word


def _options_of(command: str) -> set[str]:
    from vyrectl.cli.main import load_command

    found = load_command(command)
    return set() if found is None else {name for param in found.params for name in param.opts}

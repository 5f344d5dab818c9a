"""What a command for one kind of file says of a file of another kind. Standard library only.

The invariant: a file that can be shown is shown, with a warning; one that cannot is refused by what it is, where that
can be told, and else by what was wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vyrectl.cli.output import Output
from vyrectl.errors import InvalidInputError, OtherKindError, VyrectlError
from vyrectl.ring.kinds import (
    FileKind,
    Verdict,
    another_kind_error,
    identify,
    identify_file,
    is_another,
    noun_of,
    why_not,
)

_TEXTS = (FileKind.TEXT, FileKind.RECORD, FileKind.SNAPSHOT)
"""Kinds that go by what their text says: each says best itself what is wrong with it."""


def warn_other_kind(output: Output, name: str, data: bytes, wanted: FileKind) -> None:
    """Say what a file seems to be; it is shown all the same."""
    verdict = identify(memoryview(data))
    if is_another(verdict, wanted):
        command = verdict.command(name)
        output.warn(
            f"{name}: {why_not(verdict, noun_of(wanted))}" + (f"; read it with: {command}" if command else "")
        )


@contextmanager
def telling_kind(path: Path, wanted: FileKind, data: bytes | None = None) -> Iterator[None]:
    """Say of a file that cannot be read as the kind that was wanted which other kind it is, where that can be told.

    Args:
        path: The file, or the name of what was read.
        wanted: The kind that belongs there.
        data: What was read; None to look at the file.

    Raises:
        OtherKindError: It is at least likely of another kind.
        InvalidInputError: What was wrong with it.
    """
    try:
        yield
    except OtherKindError:
        raise
    except InvalidInputError as error:
        verdict = _verdict(path, data)
        if verdict is None or verdict.kind in _TEXTS or not is_another(verdict, wanted):
            raise error.at(str(path)) from None
        raise another_kind_error(verdict, wanted, str(path), so=f"Give {noun_of(wanted)}") from error


def _verdict(path: Path, data: bytes | None) -> Verdict | None:
    if data is not None:
        return identify(memoryview(data))
    try:
        return identify_file(path)
    except VyrectlError:
        return None

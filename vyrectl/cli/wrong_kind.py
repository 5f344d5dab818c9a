"""What a command for one kind of file says of a file of another kind. Standard library only.

The invariant: what is at least likely of another kind is refused by what it is, and shown under the names of the wanted
kind only where `--force` says so, with a warning; a file that cannot be read is refused by what was wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vyrectl.cli.output import Output
from vyrectl.errors import InvalidInputError, OtherKindError, VyrectlError
from vyrectl.ring.kinds import FileKind, Verdict, identify, identify_file, noun_of
from vyrectl.ring.refusals import another_kind_error, is_another, refuse_beside

_TEXTS = (FileKind.TEXT, FileKind.RECORD, FileKind.SNAPSHOT)
"""Kinds that go by what their text says: each says best itself what is wrong with it."""


def refuse_other_kind(
    output: Output,
    name: str,
    data: bytes,
    wanted: FileKind,
    *,
    force: bool,
    so: str = "--force shows it all the same",
) -> None:
    """Show no file of another kind under names that mean nothing there.

    Args:
        output: Where the warning goes when `force` goes on.
        name: The file, or the name of what was read.
        data: What was read.
        wanted: The kind that belongs there.
        force: Go on all the same.
        so: What follows for the user.

    Raises:
        OtherKindError: It is at least likely of another kind; with the command that reads it.
    """
    try:
        refuse_beside(data, name, wanted, so=so)
    except OtherKindError as error:
        if not force:
            raise
        output.warn(f"{name}: {error.what}")


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

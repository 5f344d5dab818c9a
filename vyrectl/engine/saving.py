"""Outputs of one run, saved each on its own: one that fails loses no other, and is put elsewhere if it can be.

Standard library only. The invariants: whatever `keep` is given is tried, every failure is told, by `raise_failures` or
as `failure_records`, and nothing that was there is replaced by what is put elsewhere.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

from vyrectl.errors import FileError, NotSaved, OutputsError, VyrectlError

Answer = TypeVar("Answer")
StrPath = str | os.PathLike[str]

RESCUED_SUFFIX = ".rescued"
"""What is appended to a name for a result that could not be saved under it."""


def rescue(error: FileError, places: Iterable[Path], write: Callable[[Path], object]) -> None:
    """Put a result that its place refused elsewhere; the error says where.

    Args:
        error: What its place answered.
        places: Where it may go, best first; never over a file.
        write: Writes it, and better not where a file has appeared meanwhile.
    """
    for place in places:
        name = _put(place, write)
        if name is not None:
            error.fix = f"What belongs in {error.where} is in {name}"
            return


def _put(place: Path, write: Callable[[Path], object]) -> Path | None:
    """Write under the first name that is free, and is still when it is written; None where nothing can be."""
    for name in _names(place):
        if os.path.lexists(name):
            continue
        try:
            write(name)
        except (VyrectlError, OSError) as refused:
            if getattr(refused, "errno", None) != errno.EEXIST:
                return None
        else:
            return name
    raise AssertionError("there is always another name")


def _names(place: Path) -> Iterator[Path]:
    yield place
    yield from (Path(f"{place}.{number}") for number in count(1))


def places_beside(path: StrPath, others: Iterable[StrPath]) -> Iterator[Path]:
    """Where a result may go that its place refused: beside it, beside other files, among the temporary files.

    Args:
        path: What it was to be called.
        others: Other files of the same launch.
    """
    name = f"{os.path.basename(path)}{RESCUED_SUFFIX}"
    folders = [os.path.dirname(one) for one in (path, *others)]
    yield from dict.fromkeys(Path(folder, name) for folder in (*folders, tempfile.gettempdir()))


class Saving:
    """Tries every output and remembers what failed.

    Args:
        first: Saves what everything else goes with, the ring; called by `begin`, once.
        beside: The file that was launched: what its own place refuses goes beside it; nowhere when None.

    Attributes:
        saved: What was written, in order.
        failures: Errors of what was not.
    """

    def __init__(self, first: Callable[[], object] = lambda: None, *, beside: StrPath | None = None) -> None:
        self._first: Callable[[], object] | None = first
        self._beside = beside
        self.saved: list[str] = []
        self.failures: list[VyrectlError] = []
        self.ring_saved = True

    def begin(self) -> None:
        """Save the ring, before any other output; `ring_saved` is False when that failed."""
        first, self._first = self._first, None
        if first is not None:
            known = len(self.failures)
            self._try(lambda path: first())
            self.ring_saved = len(self.failures) == known

    def keep(self, path: StrPath, write: Callable[[Path], Answer], *, moves: bool = True) -> Answer | None:
        """Save one output; None when that failed.

        Args:
            path: What it is called.
            write: Writes it to a path.
            moves: It can be written elsewhere too.
        """
        known = len(self.failures)
        answer = self._try(write, Path(path))
        if moves and self._beside is not None:
            for error in self.failures[known:]:
                if isinstance(error, FileError):
                    rescue(error, places_beside(path, [self._beside]), write)
        return answer

    def _try(self, write: Callable[[Path], Answer], path: Path | None = None) -> Answer | None:
        try:
            answer = write(path or Path())
        except VyrectlError as error:
            self.failures.append(error)
            return None
        except OSError as error:
            self.failures.append(FileError.from_os_error(error, path or "", doing="write the file"))
            return None
        if path is not None:
            self.saved.append(str(path))
        return answer

    def raise_failures(self) -> None:
        """Say what was not saved.

        Raises:
            OutputsError: Something was not; the first error with what became of the rest.
        """
        if self.failures:
            raise OutputsError(self.failure_records())

    def failure_records(self) -> list[NotSaved]:
        """What was not saved and why, as a report has it."""
        return [{"where": one.where, "message": one.what, "fix": one.fix} for one in self.failures]

"""Outputs of one run, saved each on its own: one that fails loses no other.

Standard library only. The invariant: whatever `keep` is given is tried, and every failure is told, by
`raise_failures` or as `failure_records`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vyrectl.errors import FileError, OutputsError, VyrectlError

Answer = TypeVar("Answer")


class Saving:
    """Tries every output and remembers what failed.

    Args:
        first: Saves what everything else goes with, the ring; called by `begin`, once.

    Attributes:
        saved: What was written, in order.
        failures: Errors of what was not.
    """

    def __init__(self, first: Callable[[], object] = lambda: None) -> None:
        self._first: Callable[[], object] | None = first
        self.saved: list[str] = []
        self.failures: list[VyrectlError] = []
        self.is_settled = True

    def begin(self) -> None:
        """Save the ring, before any other output; `is_settled` is False when that failed."""
        first, self._first = self._first, None
        if first is not None:
            known = len(self.failures)
            self._try(first)
            self.is_settled = len(self.failures) == known

    def keep(self, path: object, write: Callable[[], Answer]) -> Answer | None:
        """Save one output; None when that failed.

        Args:
            path: What it is called.
            write: Writes it.
        """
        return self._try(write, str(path))

    def _try(self, write: Callable[[], Answer], path: str | None = None) -> Answer | None:
        try:
            answer = write()
        except VyrectlError as error:
            self.failures.append(error)
            return None
        except OSError as error:
            self.failures.append(FileError.from_os_error(error, path or "", doing="write the file"))
            return None
        if path is not None:
            self.saved.append(path)
        return answer

    def raise_failures(self) -> None:
        """Say what was not saved.

        Raises:
            OutputsError: Something was not; the first error with what became of the rest.
        """
        if self.failures:
            raise OutputsError(self.failure_records())

    def failure_records(self) -> list[dict[str, object]]:
        """What was not saved and why, as a report has it."""
        return [{"where": one.where, "message": one.what, "fix": one.fix} for one in self.failures]

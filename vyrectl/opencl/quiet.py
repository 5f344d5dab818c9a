"""Keeps back the lines that compilers write to the process's standard error beside their log.

clang ends with "2 errors generated." on descriptor 2, whoever the log is for, which would stand before an error in
JSON. Only such lines are dropped: whatever else is written meanwhile comes out afterwards. One build at a time is
watched, because the descriptor is the process's. Standard library only.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from vyrectl.files.streams import flush, nameless_file, pass_on

_COUNTS = re.compile(rb"^(?:\d+ (?:errors?|warnings?)(?: and )?)+ generated\.\r?\n?", re.MULTILINE)
_ONE_AT_A_TIME = Lock()


@contextmanager
def without_counts() -> Iterator[None]:
    """Drop the compiler's counts of errors and warnings from standard error for the length of a `with` block."""
    with _ONE_AT_A_TIME, _nameless() as said:
        flush()
        try:
            screen = os.dup(2)
        except OSError:  # there is no standard error to keep clean
            yield
            return
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            flush()
            os.dup2(screen, 2)
            os.close(screen)
            said.seek(0)
            pass_on(_COUNTS.sub(b"", said.read()))


def _nameless() -> io.FileIO:
    fd = nameless_file()
    return io.FileIO(os.open(os.devnull, os.O_RDWR) if fd is None else fd, "r+b")

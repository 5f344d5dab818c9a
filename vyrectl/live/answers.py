"""The answers of a feed, on their way to whoever reads them: kept as text, written many at a time.

Invariant: they go out in the order in which they were put, and once nobody can read them none is written any more.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

from vyrectl.files.streams import write_all


class Answers:
    """Lines of JSON for a descriptor; any thread may put, one writes.

    Args:
        descriptor: Where they go.

    Attributes:
        unwritten: Characters that were put and not written.
        is_deaf: Nobody reads any more.
    """

    def __init__(self, descriptor: int) -> None:
        self.unwritten = 0
        self.is_deaf = False
        self._descriptor = descriptor
        self._texts: list[str] = []
        self._news = threading.Event()

    def say(self, answer: Mapping[str, object]) -> None:
        """Put one answer."""
        self.put(json.dumps(answer) + "\n")

    def put(self, text: str) -> None:
        """Put whole lines."""
        if text:
            self._texts.append(text)
            self.unwritten += len(text)
            self._news.set()

    def wait(self, seconds: float) -> None:
        """Sleep until something was put since, or `wake`, at most so long."""
        self._news.wait(seconds)
        self._news.clear()

    def wake(self) -> None:
        """End a `wait`."""
        self._news.set()

    def write(self) -> None:
        """Everything put so far, in one write as far as the system takes it."""
        count = len(self._texts)
        if not count or self.is_deaf:
            return
        texts, self._texts[:count] = self._texts[:count], []
        try:
            write_all(self._descriptor, "".join(texts).encode())
        except OSError:  # the command meets the same when it writes its own last line
            self.is_deaf = True
        self.unwritten -= sum(map(len, texts))

"""What `io` says of a queue."""

from __future__ import annotations

from vyrectl.cli.commands.io import IoRow, QueueRecord


class IoAnswer(QueueRecord):
    """The answer of `io`."""

    records: list[IoRow]

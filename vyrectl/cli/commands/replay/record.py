"""What `replay` says of a log, or of a replay of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from vyrectl.cli.commands.replay.rows import ReplayRow
from vyrectl.launching.replay_diff import DivergenceRecord
from vyrectl.protocol.replay import LogKind
from vyrectl.shapes import Count


class ReplayAnswer(TypedDict):
    """The records of a log."""

    log: str
    kind: LogKind
    capacity: Count
    total: Count
    matched: Count
    records: Iterable[ReplayRow]


class ReplayDiffAnswer(TypedDict):
    """Where a replay parts from the log."""

    log: str
    kind: LogKind
    ring: str
    records: Count
    compared: Count
    without_evidence: Count
    published: Count
    divergence: DivergenceRecord | None

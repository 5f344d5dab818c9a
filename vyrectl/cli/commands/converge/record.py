"""What `converge` says."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.shapes import Count, Seconds, Word


class RunRecord(TypedDict):
    """How the loop went, with the vector at its end."""

    device: str
    words: Count
    work_group_size: Count
    iterations: Count
    converged: bool
    ended: str
    device_seconds: Seconds
    result: list[Word]


class LoopRecord(RunRecord):
    """The same, with what was asked."""

    source: str
    step: str
    max_iterations: Count


class Node(TypedDict):
    """A node of the chain, by its name where it has one."""

    node: Count
    name: str | None


class ShareNode(Node):
    """What a node holds at the start and in the limit, and the share of all that this is."""

    start: float
    start_share: float
    limit: float
    limit_share: float


class MemberNode(Node):
    """Whether a node is in the set at the start, and at the end."""

    start: bool
    reached: bool


class WordRow(TypedDict):
    """A word of the vector, before and after."""

    word: Count
    start: Word
    end: Word


class NodesAnswer(LoopRecord):
    """The answer of `converge`, node by node."""

    nodes: list[ShareNode | MemberNode]


class WordsAnswer(LoopRecord):
    """The answer of `converge`, word by word."""

    changes: list[WordRow]

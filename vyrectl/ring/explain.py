"""Which lifecycle actions turn what a slot held into what it holds now; standard library only.

A slot's two looks are boiled down to a `Shape`: the states, the flags, how far the counters rose, which words
differ. `explain` finds the shortest way from one look to the other through the table of spec 1.6, the claims of
spec 1.3, the put-backs of a launch, and the publishing and cancelling of spec 3.3 and 3.8. Slots of one shape
have one explanation, so that a million slots take a handful of searches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from vyrectl.abi.slot import FIELD_INDEX, FIELD_NAMES, PAYLOAD_FIRST
from vyrectl.abi.states import KNOWN_FLAGS, SCHEDULABLE, TaskState, known_state
from vyrectl.dataclass import dataclass
from vyrectl.task.lifecycle import TRANSITIONS

CLAIM, PUT_BACK, PUBLISH, CANCEL = "claim", "put-back", "publish", "cancel"
"""Steps beside the actions of the lifecycle table; all but `PUBLISH` write the state word alone."""

CANCELLABLE = SCHEDULABLE | {TaskState.PAUSED}
PUBLISHABLE = frozenset({TaskState.EMPTY, TaskState.DONE})

IDENTITY: tuple[str, ...] = (
    "op_handle",
    "tenant_id",
    "input_handle",
    "output_handle",
    "param",
    "task_id",
    "parent_task_id",
)
"""Words that no action writes: they change with the task."""

SAME, ONCE, OFTEN, FELL = range(4)
"""How a counter moved: not, by one, by more, down."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What two looks at a slot tell about the way between them.

    Attributes:
        before: State word then.
        after: State word now.
        flags_before: The four known flag bits then.
        flags_after: Those bits now.
        other_flags_stay: The bits without a name are the same.
        flags_clear: No flag at all is set now.
        yields: How yield_count moved: `SAME`, `ONCE`, `OFTEN` or `FELL`.
        requeues: Likewise, requeue_count.
        ages_match: age_ticks moved as far as requeue_count.
        changed: Bit i says that word i differs.
        arguments: Words 4-15 are arguments: nothing is read from them but whether they differ.
    """

    before: int
    after: int
    flags_before: int
    flags_after: int
    other_flags_stay: bool
    flags_clear: bool
    yields: int
    requeues: int
    ages_match: bool
    changed: int
    arguments: bool = False

    def differs(self, *fields: str) -> bool:
        """True when one of the words differs."""
        return any(self.changed >> FIELD_INDEX[field] & 1 for field in fields)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a change came about, or why no legal step makes it.

    Attributes:
        actions: The shortest sequence of steps; a yield or requeue in it stands for as many in a row as the
            counters say. Empty when there is none.
        reason: Why there is none, or None.
    """

    actions: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def legal(self) -> bool:
        """True when the lifecycle allows it."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class _Node:
    """Where a search has come to: state and flags, and which actions have been taken on the way."""

    state: TaskState
    flags: int
    yields: int = 0
    requeues: int = 0
    paused: bool = False

    @property
    def continued(self) -> bool:
        """A step on the way may have written continuation_pc and continuation_data."""
        return self.paused or self.yields + self.requeues > 0


_CLAUSES: tuple[tuple[str, str], ...] = (
    ("flags", "flags are not what these states leave"),
    ("yield_count", "yield_count does not fit the states"),
    ("requeue_count", "requeue_count does not fit the states"),
    ("priority", "priority changed without a requeue"),
    ("resume_epoch", "resume_epoch changed without a pause"),
    ("continuation_pc", "continuation_pc changed without a pause, yield or requeue"),
    ("continuation_data", "continuation_data changed without a pause, yield or requeue"),
)
"""What a way has to account for, and what is said when it is the one thing that no way does."""


def explain(shape: Shape) -> Explanation:
    """The shortest legal way between two looks, or what stands against any."""
    before, after = known_state(shape.before), known_state(shape.after)
    if before is None or after is None:
        return Explanation(reason="an unknown state is no state of the lifecycle")
    if before in PUBLISHABLE and (before != after or shape.differs(*IDENTITY)):
        published = _published(shape, after)
        if published is not None:
            return published
    refused = _refused(shape, before)
    return Explanation(reason=refused) if refused else _searched(shape, before, after)


def _published(shape: Shape, after: TaskState) -> Explanation | None:
    """A new task in a free slot, with whatever words, and the last thing that it did."""
    if after == TaskState.READY:
        return Explanation((PUBLISH,))
    if after == TaskState.RUNNING:
        return Explanation((PUBLISH, CLAIM))
    last = next((row for row in TRANSITIONS.values() if row.target == after), None)
    if last is None or (last.clear_flags & ~KNOWN_FLAGS and not shape.flags_clear):
        return None
    flags = (shape.flags_after | last.set_flags) & ~last.clear_flags
    return Explanation((PUBLISH, last.action)) if flags == shape.flags_after or shape.arguments else None


def _refused(shape: Shape, before: TaskState) -> str | None:
    """What no way can account for."""
    if shape.arguments and _writes_arguments(shape):
        return "arguments changed, and nothing but a publication writes them"
    foreign = [name for name in IDENTITY if shape.differs(name)]
    if foreign:
        return f"{', '.join(foreign)} changed, and no action writes {'it' if len(foreign) == 1 else 'them'}"
    for name, moved in (("yield_count", shape.yields), ("requeue_count", shape.requeues)):
        if moved == FELL:
            return f"{name} fell, and counters only rise"
    if not shape.ages_match:
        return "age_ticks did not rise with requeue_count"
    if before not in _STARTS:
        return f"no action starts from {before.label}"
    if not (shape.other_flags_stay or (shape.after == TaskState.DONE and shape.flags_clear)):
        return "flag bits without a name changed, and only complete clears them"
    return None


def _writes_arguments(shape: Shape) -> bool:
    """Whether arguments differ, but for the word that takes a fault's code."""
    allowed = 1 << FIELD_INDEX["continuation_data"] if shape.after == TaskState.FAULTED else 0
    return bool((shape.changed & ~allowed) >> PAYLOAD_FIRST)


def _searched(shape: Shape, before: TaskState, after: TaskState) -> Explanation:
    ways = {node: way for node, way in _ways(before, shape.flags_before).items() if node.state == after}
    for node, way in ways.items():
        if not any(_open_clauses(shape, node)):
            return Explanation(way)
    return Explanation(reason=_obstacle(shape, tuple(ways)))


def _obstacle(shape: Shape, nodes: tuple[_Node, ...]) -> str:
    """The one thing that keeps the nearest ways from fitting; some way leads from every start to every state."""
    best = min((list(_open_clauses(shape, node)) for node in nodes), key=len)
    return dict(_CLAUSES)[best[0]]


def _open_clauses(shape: Shape, node: _Node) -> Iterator[str]:
    """What a way that ends in `node` leaves unexplained; of a slot that holds arguments the state says enough."""
    if shape.arguments:
        return
    if node.flags != shape.flags_after or (node.state == TaskState.DONE and not shape.flags_clear):
        yield "flags"
    if not _counts(node.yields, shape.yields):
        yield "yield_count"
    if not _counts(node.requeues, shape.requeues):
        yield "requeue_count"
    if shape.differs("priority") and not node.requeues:
        yield "priority"
    if shape.differs("resume_epoch") and not node.paused:
        yield "resume_epoch"
    if shape.differs("continuation_pc") and not node.continued:
        yield "continuation_pc"
    if shape.differs("continuation_data") and not (node.continued or node.state == TaskState.FAULTED):
        yield "continuation_data"


def _counts(taken: int, moved: int) -> bool:
    """Whether that many actions make a counter move so; further ones in a row change nothing else."""
    return 0 < taken <= moved if moved else taken == 0


@cache
def _ways(state: TaskState, flags: int) -> dict[_Node, tuple[str, ...]]:
    """Every node that can be reached, nearest first, with the shortest way to it."""
    start = _Node(state, flags)
    ways: dict[_Node, tuple[str, ...]] = {start: ()}
    if state == TaskState.RUNNING:
        ways.update({replace(start, state=replaced): (PUT_BACK,) for replaced in sorted(SCHEDULABLE)})
    pending = deque(ways)
    while pending:
        node = pending.popleft()
        for action, there in _steps(node):
            if there not in ways:
                ways[there] = (*ways[node], action)
                pending.append(there)
    return ways


def _steps(node: _Node) -> Iterator[tuple[str, _Node]]:
    if node.state in SCHEDULABLE:
        yield CLAIM, replace(node, state=TaskState.RUNNING)
    for row in TRANSITIONS.values():
        if node.state in row.sources:
            there = _Node(
                row.target,
                (node.flags | row.set_flags) & ~row.clear_flags,
                node.yields + ("yield_count" in row.counters),
                node.requeues + ("requeue_count" in row.counters),
                node.paused or "resume_epoch" in row.arguments.values(),
            )
            if max(there.yields, there.requeues) <= OFTEN:
                yield row.action, there
    if node.state in CANCELLABLE:
        yield CANCEL, replace(node, state=TaskState.EMPTY)


_STARTS = frozenset().union(*(row.sources for row in TRANSITIONS.values()))

assert set(IDENTITY) < set(FIELD_NAMES)

"""What a ring, its control buffer, its debug log and its I/O queue say about each other.

May import numpy. The invariant: nothing is found where one explanation is the ordinary one. A ring may hold Done slots
from before its control buffer was made, and a slot may be published anew after a PRINTF; so counts are compared only
where the control buffer counted at all, and only the direction that no such history explains is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.io_queue import ERROR, IoOp
from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.abi.opcodes import BATCH_FENCE, LOAD_MISS, METRIC_OPCODES
from vyrectl.abi.states import TaskState
from vyrectl.dataclass import dataclass
from vyrectl.protocol.control import ControlView
from vyrectl.protocol.debug_log import DebugLog
from vyrectl.protocol.io_queue import IoRecord
from vyrectl.ring.findings.advice import EXAMPLES, fill_advice
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.ring.findings.report import SHOWN_SLOTS, Finding
from vyrectl.shell import file_argument
from vyrectl.task.arrays import SlotArray

WAITING = (TaskState.READY, TaskState.RUNNING, TaskState.PAUSED)
"""States of a load miss that has not been answered."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a ring; None for what is not there.

    Attributes:
        control: The decoded control buffer.
        debug: The debug log.
        queue: The records of the I/O queue.
        names: How advice calls the files, by ``debug_log`` and ``io_queue``.
    """

    control: ControlView | None = None
    debug: DebugLog | None = None
    queue: Sequence[IoRecord] | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def look_across(slots: SlotArray, beside: Beside) -> tuple[Finding, ...]:
    """What does not fit together.

    Args:
        slots: The ring, `SLOT_DTYPE`, shape (n,).
        beside: What lies beside it.
    """
    found: list[Finding] = []
    if beside.control is not None:
        found += _counts(slots, beside.control)
    if beside.debug is not None:
        found += _prints(len(slots), beside.debug)
    if beside.queue is not None:
        found += _requests(slots, beside.queue)
    told = [replace(one, remedy=_named(one.remedy, beside.names)) for one in found]
    return tuple(sorted(told, key=lambda one: list(KINDS).index(one.kind.name)))


def _named(remedy: str, names: Mapping[str, str]) -> str:
    places = {name: file_argument(path) for name, path in names.items()}
    return fill_advice(remedy, {**EXAMPLES, **places})


def _counts(slots: SlotArray, control: ControlView) -> Iterator[Finding]:
    done = slots["state"] == int(TaskState.DONE)
    ops = slots["op_handle"][done]
    if 0 < control.done_count < len(ops):
        text = f"{len(ops)} slots are Done and DONE_COUNT is {control.done_count}"
        yield _finding("drained-uncounted", text)
    executed = dict(control.metrics)
    if executed:
        drained = np.bincount(ops[ops < METRIC_OPCODES], minlength=METRIC_OPCODES)
        for op in np.flatnonzero(drained):
            if drained[op] > executed.get(int(op), 0):
                which = np.flatnonzero(done & (slots["op_handle"] == op))
                text = f"{drained[op]} Done slots hold opcode {op} and METRICS[{op}] is {executed.get(int(op), 0)}"
                yield _finding("metrics-behind", text, which)
        fences = int(drained[BATCH_FENCE])
        if fences > control.epoch:
            which = np.flatnonzero(done & (slots["op_handle"] == BATCH_FENCE))
            text = f"{fences} batch fences are Done and EPOCH is {control.epoch}"
            yield _finding("epoch-behind", text, which)


def _prints(slots: int, log: DebugLog) -> Iterator[Finding]:
    outside = [
        number
        for number, record in enumerate(log.records)
        if record.arguments[2] % SLOT_WORDS or record.slot >= slots
    ]
    if outside:
        first = log.records[outside[0]].arguments[2]
        text = f"{len(outside)} of {len(log.records)} debug records name no slot of this ring, the first word {first}"
        yield _finding("printf-elsewhere", text)
    if log.dropped:
        yield _finding(
            "debug-dropped", f"{log.dropped} records found the debug log full, {len(log.records)} are there"
        )


def _requests(slots: SlotArray, queue: Sequence[IoRecord]) -> Iterator[Finding]:
    wrong = [number for number, one in enumerate(queue) if one.wrong is not None]
    if wrong:
        listed = ", ".join(map(str, wrong[:SHOWN_SLOTS])) + (", ..." if len(wrong) > SHOWN_SLOTS else "")
        yield _finding("io-record-wrong", f"I/O record {listed}: {queue[wrong[0]].wrong}")
    failed = [number for number, one in enumerate(queue) if one.status == ERROR]
    if failed:
        listed = ", ".join(map(str, failed[:SHOWN_SLOTS])) + (", ..." if len(failed) > SHOWN_SLOTS else "")
        yield _finding("io-request-failed", f"I/O record {listed} ended with ERROR")
    misses = np.flatnonzero(
        (slots["op_handle"] == LOAD_MISS) & np.isin(slots["state"], [int(one) for one in WAITING])
    )
    asked = [one.source for one in queue if one.op == IoOp.READ and not one.is_free]
    unasked = misses[~np.isin(slots["input_handle"][misses], np.array(asked, np.uint32))]
    if len(unasked):
        text = f"{len(unasked)} load misses wait, and no READ in the I/O queue is for their resource"
        yield _finding("load-miss-unasked", text, unasked)


def _finding(name: str, message: str, slots: NDArray[np.int64] | None = None) -> Finding:
    shown = () if slots is None else tuple(int(slot) for slot in slots[:SHOWN_SLOTS])
    return Finding(KINDS[name], 0 if slots is None else len(slots), shown, message, KINDS[name].remedy)

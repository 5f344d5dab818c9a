"""What the Python twin of an operation works with: a task's words, the launch's environment, and how a turn ends.

The invariant: a body reads and writes through `Env` alone, which refuses what the device's accessors refuse, with the
same fault; a failed access raises `OpFault`, which ends the task as Faulted. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import faults
from vyrectl.abi.limits import DEBUG_RECORD_WORDS, NEVER_EPOCH, SLOT_WORDS, U32_MAX
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.dataclass import dataclass
from vyrectl.engine.buffers import ARGUMENT_WORDS, Buffer
from vyrectl.engine.family import Nursery


class OpFault(Exception):
    """An access or argument that ends the task; `code` is one of `vyrectl.abi.faults`."""

    def __init__(self, code: int) -> None:
        super().__init__(faults.fault_name(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended, and its lifecycle action's arguments.

    `joins`: it waits for children, which where none can be had is no wait.
    """

    kind: OutcomeKind
    arguments: Mapping[str, int] = field(default_factory=dict)
    joins: bool = False

    @classmethod
    def engine_fault(cls, code: int) -> Outcome:
        """Faulted with one of the engine's own codes."""
        return cls(OutcomeKind.FAULT, {"code": code})


def done() -> Outcome:
    """Finished."""
    return Outcome(OutcomeKind.DONE)


def yield_(pc: int, data: int) -> Outcome:
    """Give up the worker and continue at `pc`."""
    return Outcome(OutcomeKind.YIELD, {"pc": pc, "data": data})


def pause(pc: int, data: int, epoch: int) -> Outcome:
    """Wait for an epoch."""
    return Outcome(OutcomeKind.PAUSE, {"pc": pc, "data": data, "epoch": epoch})


def join(pc: int, data: int) -> Outcome:
    """Wait until every child is Done or Faulted, and continue at `pc`; for operations that may spawn."""
    return Outcome(OutcomeKind.PAUSE, {"pc": pc, "data": data, "epoch": NEVER_EPOCH}, joins=True)


def requeue(pc: int, data: int, priority: int) -> Outcome:
    """Go back to a priority class."""
    return Outcome(OutcomeKind.REQUEUE, {"pc": pc, "data": data, "priority": priority})


def fault(code: int) -> Outcome:
    """Stop with a user's code; one in the engine's range becomes `bad_outcome`."""
    return Outcome.engine_fault(code if code < faults.FIRST_ENGINE_FAULT else faults.BAD_OUTCOME)


@dataclass(frozen=True, slots=True)
class Task:
    """The words of a claimed slot, by field name, and its index."""

    slot: int
    words: Mapping[str, int]

    def __getattr__(self, name: str) -> int:
        try:
            return self.words[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def pc(self) -> int:
        """continuation_pc."""
        return self.words["continuation_pc"]

    @property
    def data(self) -> int:
        """continuation_data."""
        return self.words["continuation_data"]


class Env:
    """What a launch lends to every task: checked views of its buffers, the control buffer, the debug log.

    Attributes:
        control: Control words.
        inner: Bodies of the operations that may stand in a packed slot, by opcode.
        nursery: Where children come from; None where no operation of the ring may spawn.
        first_slot: What the first slot is called.
    """

    def __init__(
        self,
        rows: Sequence[Buffer | None],
        argument_handle: int,
        control: NDArray[np.uint32],
        debug_log: NDArray[np.uint32] | None = None,
        inner: Mapping[int, Body] | None = None,
        nursery: Nursery | None = None,
        first_slot: int = 0,
    ) -> None:
        self.first_slot = first_slot
        self._rows = rows
        self._argument_handle = argument_handle
        self.control = control
        self._debug_log = np.zeros(1, np.uint32) if debug_log is None else debug_log
        self.inner = inner or {}
        self.nursery = nursery

    def spawn(
        self, task: Task, op: int, priority: int, *, source: int = 0, target: int = 0, param: int = 0
    ) -> int | None:
        """Make a child of a task; its slot, or None when no Empty slot is left."""
        if self.nursery is None:
            return None
        words = {"op_handle": op, "priority": priority, "input_handle": source, "output_handle": target}
        return self.nursery.spawn(task.slot, task.words, {**words, "param": param})

    def debug(self, slot: int, form: int, first: int, second: int) -> None:
        """Append a record to the debug log; a full one drops it, and its cursor moves all the same."""
        log = self._debug_log
        at = int(log[0]) + 1
        log[0] = (at - 1 + DEBUG_RECORD_WORDS) & U32_MAX
        if at + DEBUG_RECORD_WORDS <= len(log):
            log[at : at + DEBUG_RECORD_WORDS] = (form, first, second, slot * SLOT_WORDS & U32_MAX)

    def buffer(self, handle: int) -> Buffer:
        """The buffer behind a handle, or the fault `bad_handle`."""
        buffer = self._rows[handle] if handle < len(self._rows) else None
        if buffer is None:
            raise OpFault(faults.BAD_HANDLE)
        return buffer

    def length(self, handle: int) -> int:
        """Whole 4-byte words of a buffer."""
        return self.buffer(handle).array.nbytes // 4

    def words(self, handle: int, first: int, count: int, *, writes: bool) -> NDArray[np.uint32]:
        """A u32 view of words [first, first + count), or a fault."""
        buffer = self.buffer(handle)
        if writes and not buffer.writable:
            raise OpFault(faults.READ_ONLY)
        length = self.length(handle)
        if first > length or count > length - first:
            raise OpFault(faults.OUT_OF_RANGE)
        raw = buffer.array.reshape(-1).view(np.uint8)[: length * 4]
        return raw.view("<u4")[first : first + count]

    def typed(
        self, handle: int, first: int, count: int, types: tuple[int, ...], *, writes: bool
    ) -> NDArray[np.uint32]:
        """`words` of a buffer whose element type is one of `types`, else the fault `bad_type`."""
        if self.buffer(handle).type_code not in types:
            raise OpFault(faults.BAD_TYPE)
        return self.words(handle, first, count, writes=writes)

    def argument_record(self, index: int) -> tuple[int, int, int, int]:
        """(offset, length, stride, scalar bits) of one record; a stride of 0 reads as 1."""
        words = self.words(self._argument_handle, index * ARGUMENT_WORDS, ARGUMENT_WORDS, writes=False)
        offset, length, stride, scalar = words.tolist()
        return offset, length, stride or 1, scalar

    def control_index(self, index: int) -> int:
        """A control word index that lies inside the buffer, or the fault `out_of_range`."""
        if index >= len(self.control):
            raise OpFault(faults.OUT_OF_RANGE)
        return index

    def observable(self, index: int) -> int:
        """Control word index of an observable."""
        return self.control_index(control_abi.OBSERVABLE_FIRST + index)


Body = Callable[[Task, Env], Outcome]
"""One turn of an operation."""

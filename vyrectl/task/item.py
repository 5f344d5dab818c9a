"""One task: the compact `WorkItem` and the full 64-byte `TaskWorkItem` (spec 1.2, 1.6); stdlib only."""

from __future__ import annotations

from operator import attrgetter

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELD_NAMES, SLOT_STRUCT
from vyrectl.abi.states import SCHEDULABLE, TaskPriority, TaskState, known_priority, known_state
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError
from vyrectl.numbers import integer
from vyrectl.records import says_derived
from vyrectl.task.lifecycle import apply_words

_WORDS = attrgetter(*FIELD_NAMES)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """The legacy work item: words 1, 4, 5 and 6 of a slot, each a u32."""

    op_handle: int
    input_handle: int = 0
    output_handle: int = 0
    param: int = 0


@says_derived
@dataclass(frozen=True, slots=True)
class TaskWorkItem:
    """The 16 words of a slot, each an int in 0..4294967295, with the lifecycle of spec 1.6.

    Transitions return a new item and leave this one as it is.
    """

    state: int = 0
    op_handle: int = 0
    tenant_id: int = 0
    priority: int = 0
    input_handle: int = 0
    output_handle: int = 0
    param: int = 0
    continuation_pc: int = 0
    continuation_data: int = 0
    resume_epoch: int = 0
    task_id: int = 0
    parent_task_id: int = 0
    age_ticks: int = 0
    requeue_count: int = 0
    yield_count: int = 0
    flags: int = 0

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> TaskWorkItem:
        """Decode 64 little-endian bytes; no word is validated.

        Raises:
            InvalidInputError: `data` is not 64 bytes long.
        """
        if len(data) != SLOT_BYTES:
            raise InvalidInputError(
                f"a slot is {SLOT_BYTES} bytes long, not {len(data)}", fix="Give one whole slot at a time"
            )
        return cls(*SLOT_STRUCT.unpack(data))

    @classmethod
    def from_work_item(
        cls, task_id: int, tenant_id: int, priority: TaskPriority | int, item: WorkItem
    ) -> TaskWorkItem:
        """A Ready task made of a work item; every word that is not named is 0 (spec 1.2)."""
        return cls(
            state=int(TaskState.READY),
            op_handle=item.op_handle,
            tenant_id=integer("tenant_id", tenant_id),
            priority=integer("priority", priority),
            input_handle=item.input_handle,
            output_handle=item.output_handle,
            param=item.param,
            task_id=integer("task_id", task_id),
        )

    def to_bytes(self) -> bytes:
        """The slot's 64 bytes.

        Raises:
            InvalidInputError: A field is no integer in 0..4294967295.
        """
        return SLOT_STRUCT.pack(*self.checked_words())

    def checked_words(self) -> tuple[int, ...]:
        """The 16 words in wire order, each a plain int that fits a u32.

        Raises:
            InvalidInputError: As for `to_bytes`.
        """
        return tuple(
            integer(name, value, error=InvalidInputError)
            for name, value in zip(FIELD_NAMES, self.words(), strict=True)
        )

    def words(self) -> tuple[int, ...]:
        """The 16 words in wire order."""
        words: tuple[int, ...] = _WORDS(self)
        return words

    def work_item(self) -> WorkItem:
        """The legacy work item that this task carries."""
        return WorkItem(self.op_handle, self.input_handle, self.output_handle, self.param)

    @property
    def task_state(self) -> TaskState | None:
        """The state, or None when the word is unknown."""
        return known_state(self.state)

    @property
    def task_priority(self) -> TaskPriority | None:
        """The priority, or None when the word is unknown."""
        return known_priority(self.priority)

    @property
    def is_schedulable(self) -> bool:
        """True when a worker may claim it: Ready, Yielded or Requeued."""
        return self.task_state in SCHEDULABLE

    def pause(self, pc: int, data: int, epoch: int) -> TaskWorkItem:
        """Wait until the epoch reaches `epoch`; see `apply` for the errors."""
        return self.apply("pause", pc=pc, data=data, epoch=epoch)

    def resume(self) -> TaskWorkItem:
        """Make a paused task Ready; resume_epoch is not looked at (spec 1.9)."""
        return self.apply("resume")

    def yield_(self, pc: int, data: int) -> TaskWorkItem:
        """Give up the worker and continue at `pc` with `data`."""
        return self.apply("yield", pc=pc, data=data)

    def requeue(self, pc: int, data: int, priority: TaskPriority | int) -> TaskWorkItem:
        """Go back to `priority`, one tick older."""
        return self.apply("requeue", pc=pc, data=data, priority=priority)

    def complete(self) -> TaskWorkItem:
        """Finish; all flags are cleared."""
        return self.apply("complete")

    def fault(self, code: int) -> TaskWorkItem:
        """Stop with a fault code in continuation_data."""
        return self.apply("fault", code=code)

    def apply(self, action: str, **arguments: int) -> TaskWorkItem:
        """Apply one action of the lifecycle table.

        Raises:
            IllegalTransitionError: The state does not allow it.
            CounterOverflowError: A counter that would rise is at 4294967295.
            InvalidInputError: A word of this task is no u32.
            UsageError: An argument is no u32.
        """
        words = list(self.checked_words())
        apply_words(words, action, **arguments)
        return TaskWorkItem(*words)

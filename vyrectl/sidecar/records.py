"""The records of `RING.live`: what workers had decided and may not have written, and which editors hold slots.

The invariant: a record is read whole or not at all, its first word says which. Standard library only.
"""

from __future__ import annotations

from vyrectl.abi import live as abi
from vyrectl.abi.limits import U32_MAX
from vyrectl.dataclass import dataclass
from vyrectl.files import locks
from vyrectl.sidecar.process import Process
from vyrectl.sidecar.words import LiveWords


@dataclass(frozen=True, slots=True)
class RedoRecord:
    """What a worker had decided about a slot and may not have finished writing.

    Attributes:
        worker: Which record.
        slot: Number of the slot that a worker was at.
        words: Slot word index -> value, as they are to be.
    """

    worker: int
    slot: int
    words: dict[int, int]


class Records:
    """Reads and clears the records of a launch's workers and editors."""

    def __init__(self, live: LiveWords) -> None:
        self._live = live

    def redo(self) -> list[RedoRecord]:
        """The workers' valid records."""
        layout, words = self._live.layout, self._live.words
        first, end, step = layout.redo, layout.editors, abi.REDO_WORDS
        marks = words[first:end].tolist()[::step] if end > first else []
        found = []
        for worker, mark in enumerate(marks):
            if 0 < mark <= layout.slots:
                base = first + worker * step + 1
                values = words[base : base + len(abi.REDO_INDEX)].tolist()
                found.append(RedoRecord(worker, mark - 1, dict(zip(abi.REDO_INDEX, values, strict=True))))
        return found

    def forget(self, slots: set[int]) -> None:
        """Drop the workers' records of slots that the caller has claimed: what they say is published already.

        Needed after a claim and before the first write to the slot: a worker that has published a slot and not yet
        cleared its record would otherwise have `recover` write its old words over newer ones.
        """
        for record in self.redo():
            if record.slot in slots:
                self._live.cas(self._live.layout.redo + record.worker * abi.REDO_WORDS, record.slot + 1, 0)

    def editor_base(self, row: int) -> int:
        """First word of an editor's seat."""
        return self._live.layout.editors + row * abi.EDITOR_WORDS

    def editor_process(self, row: int) -> Process:
        """Who owns an editor's seat; pid 0 for nobody."""
        base = self.editor_base(row)
        low, high = (
            self._live.words[base + abi.EDITOR_START_LOW],
            self._live.words[base + abi.EDITOR_START_HIGH],
        )
        return Process(self._live.words[base + abi.EDITOR_PID], high << 32 | low)

    def editor_lives(self, row: int) -> bool:
        """True while the owner of an editor's seat lives: by its pid, or elsewhere by the byte that it has locked."""
        space = self._live.words[self.editor_base(row) + abi.EDITOR_NAMESPACE]
        if space in (0, locks.pid_namespace() & U32_MAX):
            return self.editor_process(row).is_alive()
        fd = self._live.lock_fd()
        return fd >= 0 and locks.is_byte_taken(fd, row)

    def lock_editor(self, row: int) -> None:
        """An editor's, once the seat is its own: keep its byte locked until this sidecar is closed."""
        fd = self._live.lock_fd()
        if fd >= 0:
            locks.take_byte(fd, row)

    def busy_editors(self) -> list[int]:
        """Editors' seats that are not at rest."""
        rows = range(abi.EDITORS)
        return [row for row in rows if self._live.words[self.editor_base(row) + abi.EDITOR_PHASE]]

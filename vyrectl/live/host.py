"""The launch's side of the live sidecar: made when the device is ready, shut before the last look, removed.

Implements `vyrectl.engine.backend.Live`. Imports numpy. The invariant: once `shut` has returned, no other process
changes the ring until `reopen`; what dead editors had begun is finished by then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import live as abi
from vyrectl.engine.backend import LiveMemory
from vyrectl.engine.ops import OpInfo, OpSource, shipped_ops
from vyrectl.files.replace import FileIdentity, StrPath
from vyrectl.sidecar.crash import finish_editors
from vyrectl.sidecar.sidecar import Sidecar


class LiveHost:
    """Owns the sidecar of one launch.

    Args:
        ring: The ring file, whose lock is held by this launch; None for a ring in memory, which no other process sees.
        slots: Length of the ring.
        once: Op handles that may not run twice.
        edits: Whether other processes may change the ring; a launch that verifies it allows none.
        gated: The launch heeds the masks and quotas of its control buffer.
        quotas: Tenant -> most claims of it, for readers.
        wanted: Asked when the device is ready; False for no live memory at all.

    Attributes:
        ring: The ring file, or None.
        sidecar: The sidecar, once it is made and until it is removed.
    """

    def __init__(
        self,
        ring: StrPath | None,
        slots: int,
        *,
        once: Iterable[int] = (),
        edits: bool = True,
        gated: bool = False,
        quotas: Mapping[int, int] | None = None,
        ops: Iterable[int] = (),
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.ring = ring
        self._slots = slots
        self._once = tuple(sorted(once))
        self._edits = edits
        self._gated = gated
        self._quotas = quotas
        self._ops = tuple(sorted(ops))
        self._wanted = wanted
        self._seen = 0
        self.sidecar: Sidecar | None = None

    def open(
        self, workers: int, control: NDArray[np.uint32], watch: int = 0, stride: int = 0
    ) -> LiveMemory | None:
        """Make the sidecar; None when none is wanted.

        Args:
            workers: Redo records.
            control: Control buffer to start from; copied.
            watch: Workers' seats, 0 for none.
            stride: Words of each.

        Raises:
            FileError: It cannot be made.
        """
        if not self._wanted():
            return None
        workers = min(workers, abi.MOST_WORKERS)
        sidecar = self._make(workers, len(control), watch, stride)
        self.sidecar = sidecar
        words = sidecar.control_words()
        words[:] = control
        layout = sidecar.layout
        return LiveMemory(sidecar.kernel_words(), words, layout.capacity, workers, layout.watch_first)

    def _make(self, workers: int, control_words: int, watch: int, stride: int) -> Sidecar:
        if self.ring is None:
            return Sidecar.private(
                self._slots, workers=workers, control_words=control_words, watch=watch, stride=stride
            )
        return Sidecar.create(
            self.ring,
            FileIdentity.of(os.stat(self.ring)),
            self._slots,
            workers=workers,
            control_words=control_words,
            once=self._once,
            gated=self._gated,
            watch=watch,
            stride=stride,
            quotas=self._quotas,
            ops=self._ops,
        )

    def tell_quotas(self, left: Mapping[int, int]) -> None:
        """Let readers know what bounded tenants have left."""
        if self.sidecar is not None:
            self.sidecar.tell_quotas(left)

    def mark(self) -> None:
        """Remember how often the bell rang, before an index; let editors in before the first."""
        if self.sidecar is None:
            return
        if self.sidecar.state == abi.STATE_OPENING:
            if self._edits:
                self.sidecar.open_doors()
            else:
                self.sidecar.shut_doors(0.0)
        self._seen = self._bell()

    def quiet(self) -> bool:
        """Shut; but reopen, and say False, when somebody has changed something since the mark."""
        if self.sidecar is None:
            return True
        self.shut()
        if self._bell() == self._seen:
            return True
        self.reopen()
        return False

    def shut(self) -> None:
        """Let nobody begin a change of the ring, wait for those that have begun one, finish what dead ones left."""
        sidecar = self.sidecar
        if sidecar is None or not sidecar.shut_doors() or self.ring is None:
            return
        if finish_editors(self.ring, sidecar):
            sidecar.ring_bell()

    def reopen(self) -> None:
        """Take `shut` back."""
        if self.sidecar is not None and self._edits:
            self.sidecar.open_doors()

    def finish(self) -> None:
        """The ring is whole: remove the sidecar, unless an editor still holds a slot."""
        if self.sidecar is None:
            return
        if self.sidecar.records.busy_editors():
            self.sidecar.shut_doors(0.0)
        else:
            self.sidecar.remove()
        self.sidecar.close()
        self.sidecar = None

    def _bell(self) -> int:
        assert self.sidecar is not None
        return int(self.sidecar.words[abi.WORD["BELL"]])


def once_handles(sources: Iterable[OpSource] = ()) -> set[int]:
    """Ids of the shipped operations, and of those in `sources`, of which no step may run twice."""
    ops: list[OpInfo] = [*shipped_ops(), *(op for source in sources for op in source.ops)]
    return {op.id for op in ops if op.once}


def given_handles(sources: Iterable[OpSource]) -> set[int]:
    """Ids of the operations in `sources`."""
    return {op.id for source in sources for op in source.ops}

"""The one order in which a ring is worked on for others: where to work, then save, then shut the host.

`Workplace` is the half that differs between a session (`vyrectl.live.launch`) and the child that launches a file
(`vyrectl.hosting.child`). The invariant: the ring is saved while nobody else may change it, the sidecar is removed once
the ring is whole, and outputs get their names after that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.saving import Saving
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import Drive, Wiring
from vyrectl.launching.report import LaunchReport
from vyrectl.launching.rounds import Limits
from vyrectl.launching.run import run
from vyrectl.live.host import LiveHost
from vyrectl.ring.file import Ring
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.census import Census


class Workplace(Protocol):
    """Where one ring is worked on."""

    @property
    def host(self) -> LiveHost:
        """Where other processes meet the launch."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may meet it at all."""

    @property
    def is_left(self) -> bool:
        """Whether a launch that fails now leaves its sidecar to whoever takes the ring's lock next."""

    @property
    def board(self) -> NDArray[np.uint32] | None:
        """Memory in which somebody sees the workers (`vyrectl.engine.backend.Sharing.board`), or None."""

    def place(self, shares: bool) -> tuple[SlotArray, bool]:
        """See `vyrectl.engine.backend.Place`."""

    def save(self) -> None:
        """Bring the slots to where they belong.

        Raises:
            FileError: They cannot be saved.
        """


def work(
    ring: Ring,
    options: LaunchOptions,
    workplace: Workplace,
    drive: Drive | None = None,
    counted: Census | None = None,
) -> tuple[LaunchReport, Saving]:
    """Launch a ring at its workplace.

    Args:
        ring: The ring as it is read.
        options: What was asked of the launch.
        workplace: Where to work, and where the result belongs.
        drive: What works the session instead of a drain.
        counted: The ring as it is counted; None where nobody has.

    Returns:
        The report, and what saves further outputs and knows what failed.
    """
    host, saving, buffers = (
        workplace.host,
        Saving(first=workplace.save, beside=ring.path),
        BufferTable.of(options.buffers),
    )
    limits = options.limits or Limits()
    limits.finishing = _then(limits.finishing, host.shut)
    wiring = Wiring(
        workplace.place, host if workplace.is_shared else None, drive, saving, workplace.board, counted
    )
    try:
        report = run(ring, replace(options, buffers=buffers, limits=limits), wiring)
    except BaseException:
        if not workplace.is_left:
            host.finish()
        raise
    host.finish()
    buffers.finish_outputs()
    return report, saving


def _then(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        second()

    return both

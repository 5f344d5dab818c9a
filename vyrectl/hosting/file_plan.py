"""What a launch of a ring file is asked to do, and what a launch that follows brings with it. Standard library only.

Invariant: a plan can be sent to another process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS
from vyrectl.hosting.supervisor import GRACE_SECONDS
from vyrectl.protocol.replay import LogKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.engine.backend import LiveMemory, Session
    from vyrectl.launching.rounds import Course, Limits


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """A launch of a file, as the command line asks for it.

    Attributes:
        ring: The ring file.
        output: Where the result goes instead, or None.
        backup: Keep the old ring as RING.bak.
        in_place: Run in place where the device allows it.
        timeout: Seconds, from the moment that the launch was asked for.
        grace: Seconds between the wish to stop and the kill.
        control: Control buffer to start from, or None.
        save_control: Where to write it at the end, or None.
        debug_log: Where to write the debug log at the end, or None; its records are told to the watcher as they come.
        debug_records: Records that it has room for.
        record: Replay log to append to at the end, or None.
        record_kind: What its records stand for.
        record_capacity: Records that a new one has room for, or None.
        buffers: `--buffer` options, unparsed.
        options: What `vyrectl.launching.run.launch` takes beside these.
        reads: Other files that are read for it, each with its option; no output may be one.
        follow: How the launch stays when it is drained, or None for one that ends then.
    """

    ring: Path
    output: Path | None = None
    backup: bool = False
    in_place: bool = True
    timeout: float | None = None
    grace: float = GRACE_SECONDS
    control: Path | None = None
    save_control: Path | None = None
    debug_log: Path | None = None
    debug_records: int = DEFAULT_DEBUG_RECORDS
    record: Path | None = None
    record_kind: LogKind = LogKind.ENDINGS
    record_capacity: int | None = None
    buffers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[tuple[str, Path], ...] = ()
    follow: Follows | None = None


class Doors(Protocol):
    """Where other processes meet a launch in place; `vyrectl.live.host.LiveHost`."""

    def open(self, workers: int, control: NDArray[np.uint32]) -> LiveMemory | None:
        """See `vyrectl.engine.backend.Live`."""

    def mark(self) -> None:
        """Likewise."""

    def quiet(self) -> bool:
        """Shut; or say False and stay open when somebody has changed something since the last index."""

    def shut(self) -> None:
        """Let nobody begin a change of the ring any more."""

    def finish(self) -> None:
        """The ring is whole."""


class Driver(Protocol):
    """What works one open session instead of a drain."""

    def drive(self, session: Session, limits: Limits) -> Course:
        """See `vyrectl.launching.run.Drive`."""


class Follows(Protocol):
    """A plan to stay when drained; made by a layer above."""

    def prepare(self, ops: Sequence[Any], host: Any) -> Driver:
        """The driver, in the process that drives the device.

        Args:
            ops: The user's operations.
            host: Where other processes meet the launch (`Doors`).
        """

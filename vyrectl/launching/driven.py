"""What a device has done of a launch, as it left it: the part of a report that the device knows. Imports numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Tally
from vyrectl.launching.rounds import Course
from vyrectl.records import Comparable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.engine.trace import Trace
    from vyrectl.telemetry.snapshot import StateTally


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took.

    Attributes:
        device_seconds: Time the device was busy, index included.
        wall_seconds: Time from the first index to the last read-back, without compiling.
        build_seconds: Time to open the device and build the program, with what drivers compile at the first dispatch.
    """

    device_seconds: float = 0.0
    wall_seconds: float = 0.0
    build_seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Driven(Comparable):
    """What the device has done.

    Attributes:
        course: How the rounds went.
        tally: What they counted.
        control: Control buffer at the end, u32.
        debug_log: Debug log at the end, u32.
        facts: How the job was spread: workers (work-groups), work_group_size, ticket and rung of the fence ladder;
            empty on the reference backend.
        spent: What it took.
        turns: When each turn was made, None without a trace.
        counted: What a snapshot counts of the ring as it is now, None where nobody has counted.
    """

    course: Course
    tally: Tally
    control: NDArray[np.uint32]
    debug_log: NDArray[np.uint32]
    facts: Mapping[str, int]
    spent: Spent = Spent()
    turns: Trace | None = None
    counted: StateTally | None = None

"""Options of a launch that an engine receives as they were given. No numpy: the command line makes its help of them.

An option that only an engine heeds is a field here and its use there; `Job` and `vyrectl.launching.options` inherit it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from vyrectl.dataclass import dataclass
from vyrectl.declared import TUNING, switch, whole
from vyrectl.records import Comparable

OptionValue = Any
"""What an option holds. Any: its type is known to its field alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EngineOptions(Comparable):
    """How a job is to be run; None leaves it to the device."""

    workers: int | None = whole(None, "--workers", says="Work-groups.", least=1, group=TUNING)
    work_group_size: int | None = whole(
        None, "--work-group-size", says="Work-items of a work-group.", least=1, group=TUNING
    )
    ticket: int | None = whole(
        None,
        "--ticket",
        says="Tasks taken at once.",
        least=1,
        group=TUNING,
        about="Positions of the claim order that a work-item takes at once.",
    )
    fast_index: bool | None = switch(
        None,
        "--fast-index/--no-fast-index",
        says="32 bytes a slot beside the ring on the device, or 8; by default what fits easily.",
        group=TUNING,
        about="Spend up to 32 bytes a slot beside the ring on the device, so that more tasks go from worker to worker "
        "within a round; 8 when False. When None, where that is at most a quarter of the device's memory.",
    )
    shard_slots: int | None = whole(
        None,
        "--shard-slots",
        says="Work on N slots at a time; all that fit by default, four parts each for several devices.",
        least=1,
        group=TUNING,
    )
    verify: bool = switch(
        False,
        "--verify",
        says="Prove that each task was claimed once and nothing else changed.",
        about="Prove afterwards that every claim was made once and everything else kept; costs memory and time. A "
        "session then keeps a witness of every claim and end (`DeviceSession.witness`).",
    )

    watch: bool = switch(
        True,
        "--watch/--no-watch",
        says="Keep what each worker has in hand, for `workers`, `top` and `--stall-after`.",
        group=TUNING,
        about="Keep for each worker the slot in hand, its operation, a count of its turns and how often it looked in "
        "vain, which costs a few stores a turn. Without it a launch that stands still cannot say in which turn.",
    )

    def for_engine(self) -> dict[str, OptionValue]:
        """What `Job` inherits, by name."""
        return {one.name: getattr(self, one.name) for one in fields(EngineOptions)}

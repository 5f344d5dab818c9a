"""Sizes of a launch: widths, padded slot counts and grids (spec 2.3 step 6, 2.4a).

All arguments are u32. Everything here treats 0 as 1, adds saturating at u32 and divides flooring, as the
runtime does. Standard library, errors and abi only.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from vyrectl.abi.limits import U32_MAX
from vyrectl.dataclass import dataclass
from vyrectl.errors import LaunchRequestError
from vyrectl.shapes import Long, Word

DEFAULT_WORKER_COUNT = 64
OCCUPANCY_WORKER_DIVISOR = 256
MAX_DISPATCH_WORKGROUPS = 1024
POWERFUL_INVOCATION_THRESHOLD = 4096
POWERFUL_MIN_WORKER_GROUPS = 64


class GeometryRecord(TypedDict):
    """What a launch would dispatch; the grid is work-groups per dimension."""

    workgroup_size_x: Word
    slot_count: Word
    dispatch_grid: Annotated[list[Word], Long(3)]


@dataclass(frozen=True, slots=True)
class Geometry:
    """What a launch would dispatch.

    Attributes:
        workgroup_size_x: Work-items of a work-group.
        slot_count: Slots of the ring, padded to a multiple of the width.
        dispatch_grid: Work-groups per dimension.
    """

    workgroup_size_x: Word
    slot_count: Word
    dispatch_grid: tuple[Word, Word, Word]

    @classmethod
    def from_slots(cls, items: int, worker_groups: int, max_workgroup_size_x: int) -> Geometry:
        """The geometry for so many items, groups, and the widest work-group that the device takes."""
        width = worker_workgroup_size(worker_groups, max_workgroup_size_x)
        slots = padded_slot_count(items, width)
        return cls(width, slots, dispatch_grid_for(worker_groups, slots, width))

    @classmethod
    def from_item_count(cls, items: int, worker_groups: int, max_workgroup_size_x: int) -> Geometry:
        """As `from_slots`, for callers who need a slot for every item.

        Raises:
            LaunchRequestError: The padded slot count passes u32.
        """
        width = worker_workgroup_size(worker_groups, max_workgroup_size_x)
        padded = -(-(items or 1) // width) * width
        if padded > U32_MAX:
            raise LaunchRequestError(
                f"{items} items padded to work-groups of {width} are {padded} slots, past {U32_MAX}",
                fix="Split the queue",
            )
        return cls.from_slots(items, worker_groups, max_workgroup_size_x)

    def to_record(self) -> GeometryRecord:
        """The three fields by name; the grid as a list."""
        return {
            "workgroup_size_x": self.workgroup_size_x,
            "slot_count": self.slot_count,
            "dispatch_grid": list(self.dispatch_grid),
        }


def worker_workgroup_size(worker_groups: int, max_workgroup_size_x: int) -> int:
    """Work-items of a work-group: no more than there are worker groups (the runtime's rule)."""
    return min(worker_groups, max_workgroup_size_x) or 1


def covering_worker_groups(items: int, width: int) -> int:
    """Work-groups of `width` that cover `items`."""
    width = width or 1
    return min(U32_MAX, (items or 1) + width - 1) // width or 1


def padded_slot_count(items: int, width: int) -> int:
    """Items rounded up to whole work-groups; near u32's end rounded down, as the addition saturates."""
    return covering_worker_groups(items, width) * (width or 1)


def dispatch_grid_for(worker_groups: int, slots: int, width: int) -> tuple[int, int, int]:
    """Work-groups to dispatch, per dimension."""
    return (min(covering_worker_groups(slots, width), worker_groups or 1, MAX_DISPATCH_WORKGROUPS), 1, 1)


def default_worker_groups_from_limits(
    max_compute_workgroups_per_dimension: int, max_compute_invocations_per_workgroup: int
) -> int:
    """Worker groups that a device's limits suggest; a plan also bounds them by work-groups per dimension."""
    share = max_compute_workgroups_per_dimension // OCCUPANCY_WORKER_DIVISOR
    powerful = max_compute_invocations_per_workgroup >= POWERFUL_INVOCATION_THRESHOLD
    return max(min(max(share, 1), MAX_DISPATCH_WORKGROUPS), POWERFUL_MIN_WORKER_GROUPS if powerful else 1)

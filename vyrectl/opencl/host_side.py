"""Where a job lies in the host's memory, and what of that its device works on directly.

Imports numpy. Invariant: `direct` is never said of a device that does not see the host's writes, and then nobody but
the caller's own arrays hold the result.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import live as live_abi
from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Job, LiveMemory
from vyrectl.engine.family import Links, count_families, eligible_slots
from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.program import Program
from vyrectl.opencl.watching import seat_count, seat_words
from vyrectl.task.arrays import SlotArray, copy_of


@dataclass(frozen=True, slots=True)
class HostSide:
    """A job in the host's memory.

    Attributes:
        slots: The ring, shape (slots,).
        direct: The device works on `slots` itself.
        control: The control buffer that the device works on itself, u32; None where it has one of its own.
        links: Families of the ring, as they stand; None where its tasks may have no children.
        live: The memory in which workers meet other processes; None in a program without.
        is_met: Other processes may come there; else `live` is private and unused.
    """

    slots: SlotArray
    direct: bool
    control: NDArray[np.uint32] | None
    links: Links | None = None
    live: LiveMemory | None = None
    is_met: bool = False


def host_side(job: Job, program: Program, geometry: Geometry) -> HostSide:
    """Ask for the memory to work in, count_families the families, open what other processes meet the workers in.

    Raises:
        FileError: The memory cannot be made.
    """
    slots, direct = job.slots, False
    if job.shared.place is not None:
        slots, direct = job.shared.place(program.coherent)
    host = HostSide(
        slots,
        direct and program.coherent and len(job.slots) > 0,
        job.control.copy() if program.coherent else None,
    )
    if program.variant.family:
        host = _with_families(host, job, program)
    if program.variant.live:
        host = _open_live(host, job, geometry)
    _bring_outputs(host, job)
    return host


def _with_families(host: HostSide, job: Job, program: Program) -> HostSide:
    """With the families as the device counts them; parents that wait in vain go on in the ring itself."""
    slots = host.slots if host.direct else copy_of(host.slots)
    spawning = [op.id for op in program.ops if op.spawns]
    links = count_families(slots, spawning, eligible_slots(job, slots), job.part.first_child_id)
    return replace(host, slots=slots, links=links)


def _open_live(host: HostSide, job: Job, geometry: Geometry) -> HostSide:
    memory = None
    if host.direct and job.shared.live is not None:
        watched = (seat_count(geometry), seat_words(geometry)) if job.watch else ()
        memory = job.shared.live.open(geometry.workers * geometry.work_group_size, job.control, *watched)
    if memory is not None:
        return replace(host, live=memory, control=memory.control, is_met=True)
    layout = live_abi.LiveLayout.of(len(job.slots) if job.shared.follow else 0, 0, len(job.control))
    words = np.zeros(live_abi.HEADER_WORDS + layout.capacity, np.uint32)
    return replace(host, live=LiveMemory(words, job.control.copy(), layout.capacity, 0))


def _bring_outputs(host: HostSide, job: Job) -> None:
    """Outputs that an earlier launch left, or that files are to hold, go into the job's arrays."""
    if host.direct and any(row is not None and row.output is not None for row in job.buffers.rows):
        from vyrectl.engine.arena import map_outputs

        map_outputs(job.buffers, job.slots, job.debug_log.nbytes)
    elif not host.direct and job.part.first_slot == 0:
        from vyrectl.engine.arena import continue_outputs

        continue_outputs(job.buffers, job.slots)

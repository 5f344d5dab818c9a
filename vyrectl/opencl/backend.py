"""The OpenCL backend: from a job to a session on one device, whole or in shards.

Invariant: a program is built once for each set of operations and each variant, as long as it is kept
(`vyrectl.opencl.kept`). Imports numpy through what it opens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.engine.backend import WITNESS_DTYPE, Job
from vyrectl.engine.ops import OpSource
from vyrectl.errors import DeviceError, UsageError
from vyrectl.opencl.devices import Device, find_device
from vyrectl.opencl.geometry import FAST_INDEX_BYTES, choose_geometry, choose_variant, wanted_ops
from vyrectl.opencl.kept import station
from vyrectl.opencl.program import Program, kept_program
from vyrectl.opencl.session import OpenCLSession
from vyrectl.opencl.source import Variant

if TYPE_CHECKING:
    from vyrectl.opencl.clock import Clock
    from vyrectl.opencl.shards import ShardedSession


class OpenCLBackend:
    """Runs rings on one OpenCL device.

    Args:
        device: The device, or a selector for `find_device`.
    """

    def __init__(self, device: Device | str | None = None) -> None:
        self.device = device if isinstance(device, Device) else find_device(device)
        self.name = self.device.name

    @property
    def compiles_slowly(self) -> bool:
        """Whether its compiler takes seconds longer for all operations than for those that a ring names."""
        return not self.device.is_cpu

    def open_device(self) -> None:
        """Open the device for the jobs to come.

        Raises:
            DeviceError: It cannot be opened.
        """
        station(self.device)

    def program(self, ops: tuple[OpSource, ...] = (), variant: Variant = Variant()) -> Program:
        """A program for these operations, built once in this process as long as it is kept.

        Raises:
            DeviceError: It does not build.
        """
        return kept_program(station(self.device), ops, variant)

    def open(self, job: Job) -> OpenCLSession | ShardedSession:
        """Build the program, ask for the memory to work in, move the ring.

        A ring that the device cannot take whole is worked on in shards.

        Raises:
            DeviceError: It does not build, or the buffers do not fit into the device's memory.
            UsageError: A ring in shards was to be traced or followed.
        """
        self._check_size(job)
        most = job.shard_slots or self._most_slots(job)
        if len(job.slots) <= most:
            return self._open_whole(job)
        for what, asked in (("traced", job.trace), ("followed", job.shared.follow)):
            if asked:
                raise UsageError(
                    f"{len(job.slots)} slots are worked on in shards of {most}, and such a launch cannot be {what}",
                    fix="Choose a device with more memory, or leave that option out",
                )
        from vyrectl.opencl.shards import SHARD_STEP, ShardedSession

        shard_slots = max(SHARD_STEP, most - most % SHARD_STEP)
        return ShardedSession(job, shard_slots, self._open_whole, coherent=self.program(job.ops).coherent)

    def _most_slots(self, job: Job) -> int:
        """Slots that fit into one allocation and, with what the engine adds, into half of what buffers leave."""
        spare_bytes = max(0, self.device.memory_bytes - job.layout()[1]) // 2
        in_memory = spare_bytes // (SLOT_BYTES + FAST_INDEX_BYTES + WITNESS_DTYPE.itemsize * job.verify)
        return max(1, min(self.device.max_allocation_bytes // SLOT_BYTES, in_memory))

    def _open_whole(self, job: Job) -> OpenCLSession:
        ops, only = wanted_ops(self.device, job)
        geometry = choose_geometry(self.device, job, ops)
        variant = choose_variant(self.device, job, geometry, only)
        clock = self._clock() if job.trace else None
        program = self.program(job.ops, replace(variant, clock=None if clock is None else clock.rung))
        if job.verify:
            from vyrectl.opencl.selftest import check_primitives

            check_primitives(program, geometry.workers)
        return OpenCLSession(job, program, geometry, clock)

    def _clock(self) -> Clock:
        from vyrectl.opencl.clock import choose_clock

        return choose_clock(self.device, *station(self.device).host)

    def _check_size(self, job: Job) -> None:
        arena_bytes = job.layout()[1]
        if arena_bytes > self.device.max_allocation_bytes:
            raise DeviceError(
                f"the buffers take {arena_bytes} bytes and the device gives at most "
                f"{self.device.max_allocation_bytes} in one piece",
                where=self.device.name,
                fix="Choose another device, or smaller buffers",
            )

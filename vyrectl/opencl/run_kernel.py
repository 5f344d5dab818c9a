"""The kernel that works a round off, ready to be enqueued: its shape and its arguments.

Invariant: what changes from one enqueue to the next is asked for then, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vyrectl.opencl.geometry import Geometry
from vyrectl.opencl.queue import DeviceQueue

_MOST_CLAIMS_EACH = (1 << 31) - 1


class RunKernel:
    """`vyre_run` of a session; see the driver's file in `kernels/engine`.

    Args:
        device: The session's queue.
        geometry: How the workers are spread.
        arguments: What it takes that stays the same.
        changing: Gives what else it takes, at each enqueue.
    """

    def __init__(
        self,
        device: DeviceQueue,
        geometry: Geometry,
        arguments: Mapping[str, object],
        changing: Callable[[], Mapping[str, object]],
    ) -> None:
        self._device, self._geometry = device, geometry
        self._arguments, self._changing = dict(arguments), changing
        self._kernel = device.kernel("vyre_run")
        self._shape = geometry.workers * geometry.work_group_size, geometry.work_group_size

    @property
    def is_warm(self) -> bool:
        """Whether an earlier session had it compiled in this shape."""
        return self._device.is_warm(self._kernel, *self._shape)

    def enqueue(self, most: int, *, strict: bool) -> None:
        """Have about so many tasks claimed; no more than that when `strict`."""
        ticket = self._geometry.ticket
        each = -(-most // self._geometry.workers)
        self._device.enqueue(
            self._kernel,
            *self._shape,
            ticket=ticket,
            claims_each=min(max(each, ticket), _MOST_CLAIMS_EACH),
            counts_budget=strict,
            **self._arguments,
            **self._changing(),
        )

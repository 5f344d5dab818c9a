"""What a process keeps of a device between launches: its context, built programs, and desks to work at.

A context costs a tenth of a second and a program's kernels some milliseconds, many times what a short ring takes. So
the second launch on a device finds those of the first. A desk is a queue with the kernels and the buffers that were
made for it; one session at a time works at it, since a kernel's arguments and a queue's order are one caller's. The
invariants: nothing is kept that another environment would have built otherwise, what a driver failed with is kept no
longer, all of it is bounded, and a forked child, where no driver works, neither uses nor releases any.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vyrectl.errors import DeviceError
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.guard import check_hears_of_children, check_survives
from vyrectl.opencl.handlers import own_handlers
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.surroundings import debugging_variable, driver_variables

if TYPE_CHECKING:
    from vyrectl.opencl.kernel import BuiltKernel
    from vyrectl.opencl.program import Program
    from vyrectl.opencl.staging import Staging

MOST_STATIONS, MOST_PROGRAMS, MOST_IDLE_DESKS, MOST_KERNELS = 8, 32, 2, 64
"""Of a process, of a station, of a station, of a desk."""

MOST_BUFFER_BYTES, MOST_DESK_BYTES = 16 << 20, 64 << 20
"""The largest buffer that a desk keeps, and all of them together."""


class OpenDevice(NamedTuple):
    """A pyopencl context and command queue, shared by the programs of one backend."""

    context: Handle
    queue: Handle


def open_device(device: Device) -> OpenDevice:
    """Context and profiling queue of a device.

    Raises:
        DeviceError: It cannot be opened, or is known to end the process that opens it.
    """
    cl = pyopencl()
    check_hears_of_children(device)
    check_survives(device)
    try:
        with own_handlers():
            context = cl.Context([device.handle])
        return OpenDevice(context, profiling_queue(cl, context))
    except cl.Error as error:
        raise DeviceError(f"the device cannot be opened ({error})", where=device.name) from error


def profiling_queue(cl: Handle, context: Handle) -> Handle:
    """A command queue whose events tell the device's own times."""
    return cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)


class Piece(NamedTuple):
    """A buffer, where it lies in the host's memory if it does (u8), and buffers that are parts of it."""

    buffer: Handle
    memory: NDArray[np.uint8] | None
    parts: dict[tuple[int, int], Handle]

    def part(self, first: int, size_bytes: int) -> Handle:
        """Some of its bytes, as a buffer; the same each time."""
        if (first, size_bytes) not in self.parts:
            self.parts[first, size_bytes] = self.buffer.get_sub_region(first, size_bytes)
        return self.parts[first, size_bytes]

    def release(self) -> None:
        """Give it and its parts back."""
        for part in self.parts.values():
            part.release()
        self.parts.clear()
        self.buffer.release()


class Desk:
    """A queue with kernels and buffers of its own.

    Args:
        queue: pyopencl command queue.

    Attributes:
        warm: What was run here before: kernel, work-items and their groups.
    """

    def __init__(self, queue: Handle) -> None:
        self.queue = queue
        self.warm: set[Hashable] = set()
        self._kernels: dict[tuple[int, str], BuiltKernel] = {}
        self._pieces: dict[int, list[Piece]] = {}
        self._bytes = 0

    def kernel(self, program: Program, name: str) -> BuiltKernel:
        """A kernel of a program, whose arguments nobody else sets."""
        key = program.handle.int_ptr, name
        if key not in self._kernels:
            if len(self._kernels) >= MOST_KERNELS:
                self._kernels.clear()
                self.warm.clear()
            self._kernels[key] = program.kernel(name)
        return self._kernels[key]

    def take(self, size_bytes: int) -> Piece | None:
        """A buffer of exactly this size that was put back; None when there is none."""
        found = self._pieces.get(size_bytes)
        if not found:
            return None
        self._bytes -= size_bytes
        return found.pop()

    def put(self, piece: Piece) -> None:
        """Keep a buffer for `take`, or release it."""
        size = piece.buffer.size
        if size > MOST_BUFFER_BYTES:
            piece.release()
            return
        if self._bytes + size > MOST_DESK_BYTES:
            self._release_pieces()
        self._bytes += size
        self._pieces.setdefault(size, []).append(piece)

    def _release_pieces(self) -> None:
        for pieces in self._pieces.values():
            for piece in pieces:
                piece.release()
        self._pieces.clear()
        self._bytes = 0


class Station:
    """All that is kept of one device.

    Args:
        device: The device of all that is kept here.
        host: Context and queue.
    """

    def __init__(self, device: Device, host: OpenDevice) -> None:
        self.device = device
        self.host = host
        self._programs: OrderedDict[Hashable, Program] = OrderedDict()
        self._desks: list[Desk] = []
        self._staging: Staging | None = None
        self._is_kept = True
        self._lock = threading.Lock()

    def program(self, key: Hashable, build: Callable[[], Program]) -> Program:
        """The program of that key, built once."""
        with self._lock:
            found = self._programs.get(key)
            if found is None:
                found = build()
                self._programs[key] = found
                if len(self._programs) > MOST_PROGRAMS:
                    self._programs.popitem(last=False)
            self._programs.move_to_end(key)
            return found

    def staging(self) -> Staging:
        """Pinned memory for large copies to and from the device."""
        from vyrectl.opencl.staging import Staging

        with self._lock:
            if self._staging is None:
                self._staging = Staging(pyopencl(), self.host.context)
            return self._staging

    def sit(self) -> Desk:
        """A desk for the caller alone, until `leave`."""
        with self._lock:
            if self._desks:
                return self._desks.pop()
        return Desk(profiling_queue(pyopencl(), self.host.context))

    def leave(self, desk: Desk) -> None:
        """Give a desk back whose queue is empty."""
        with self._lock:
            if self._is_kept and len(self._desks) < MOST_IDLE_DESKS:
                self._desks.append(desk)

    def close(self) -> None:
        """Keep nothing from now on; who works with something of it goes on."""
        with self._lock:
            self._is_kept = False
            self._programs.clear()
            self._desks.clear()
            self._staging = None


_stations: OrderedDict[Hashable, Station] = OrderedDict()
_lock = threading.Lock()


def station(device: Device) -> Station:
    """What this process keeps of a device; nothing of earlier launches while a driver is asked to tell what it does.

    Raises:
        DeviceError: It cannot be opened.
    """
    pyopencl()
    if debugging_variable(os.environ) is not None:
        return Station(device, open_device(device))
    key = (device, getattr(device.handle, "int_ptr", id(device.handle)), *driver_variables())
    with _lock:
        found = _stations.get(key)
        if found is None:
            found = _stations[key] = Station(device, open_device(device))
            if len(_stations) > MOST_STATIONS:
                _stations.popitem(last=False)[1].close()
        _stations.move_to_end(key)
        return found


def forget(broken: Station) -> None:
    """Keep a station no longer: its driver failed, and what failed once may be no good."""
    with _lock:
        for key in [key for key, found in _stations.items() if found is broken]:
            del _stations[key]
    broken.close()


def release() -> None:
    """Let go of everything that is kept; sessions that are open go on with what they have."""
    with _lock:
        kept = list(_stations.values())
        _stations.clear()
    for one in kept:
        one.close()


def _leave_to_parent() -> None:
    """In a forked child: never release what is the parent's, since a driver's threads were not forked with it."""
    global _lock
    _lock = threading.Lock()
    if _stations:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(OrderedDict(_stations)))
        _stations.clear()


atexit.register(release)
os.register_at_fork(after_in_child=_leave_to_parent)

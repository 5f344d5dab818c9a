"""What happens at an access to a part of a mapping that its file no longer has. See `vyrectl.files.shrinking`.

Standard library only; Linux on 64 bits. The invariant: only addresses inside a watched mapping are answered; the
signal's former handler, usually the end of the process, gets all others.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vyrectl.files.shrinking import Watched

_SA_SIGINFO, _SA_ONSTACK = 4, 0x08000000
_ADDRESS_OFFSET = 16
"""Of `si_addr` in `siginfo_t`, in bytes."""

_MAP_FIXED = 0x10
_FAILED = ctypes.c_void_p(-1).value


class _Action(ctypes.Structure):
    """`struct sigaction` of the C library."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _Buffer(ctypes.Structure):
    """`Py_buffer`, as far as it is looked at."""

    _fields_ = (("buf", ctypes.c_void_p), ("rest", ctypes.c_ubyte * 128))


_Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class Guard:
    """The signal's handler and the mappings that it knows; there is one in a process."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self.watched: dict[int, Watched] = {}
        self._sigaction = library.sigaction
        self._mmap = library.mmap
        self._mmap.restype = ctypes.c_void_p
        self._mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
        self._before = _Action()
        self._handler = _Handler(self._handle)
        action = _Action(flags=_SA_SIGINFO | _SA_ONSTACK)
        action.handler = ctypes.cast(self._handler, ctypes.c_void_p).value
        self._sigaction(signal.SIGBUS, ctypes.byref(action), ctypes.byref(self._before))

    def leave(self) -> None:
        """Handle the signal no more."""
        self._sigaction(signal.SIGBUS, ctypes.byref(self._before), None)

    def _handle(self, number: int, info: int, context: int) -> None:
        """At an access that the system refused; it is made again when this returns."""
        address = ctypes.c_uint64.from_address(info + _ADDRESS_OFFSET).value
        for one in self.watched.values():
            if one.begin <= address < one.end:
                one.is_cut = True
                if self._put_zeros(address - address % mmap.PAGESIZE, one.end):
                    return
        self.leave()

    def _put_zeros(self, page: int, end: int) -> bool:
        kind = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED
        access = mmap.PROT_READ | mmap.PROT_WRITE
        return bool(self._mmap(page, end - page, access, kind, -1, 0) != _FAILED)


def address_of(mapped: mmap.mmap) -> int:
    """Where a mapping begins; `ctypes` by itself takes those that may be written only."""
    view = _Buffer()
    api = ctypes.pythonapi
    api.PyObject_GetBuffer.argtypes = (ctypes.py_object, ctypes.c_void_p, ctypes.c_int)
    api.PyObject_GetBuffer(mapped, ctypes.byref(view), 0)
    begin = int(view.buf or 0)
    api.PyBuffer_Release(ctypes.byref(view))
    return begin

"""32-bit atomics on mapped memory, shared with other processes and with a kernel: ctypes to libatomic.

Standard library only. Everything is sequentially consistent, so it pairs with any order that the device code uses.
An address must stay mapped for as long as it is used, and be a multiple of four.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from ctypes import POINTER, byref, c_bool, c_int, c_long, c_uint32, c_void_p
from functools import lru_cache

from vyrectl.errors import MissingLibraryError

LIBRARY = "libatomic.so.1"
_SEQ_CST = 5
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1
_FUTEX_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "i686": 240, "ppc64le": 221, "s390x": 238}
_NAP_SECONDS = 0.001


class Atomics:
    """The operations of one library; get it from `atomics`."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._load = library.__getattr__("__atomic_load_4")
        self._load.restype, self._load.argtypes = c_uint32, (c_void_p, c_int)
        self._store = library.__getattr__("__atomic_store_4")
        self._store.restype, self._store.argtypes = None, (c_void_p, c_uint32, c_int)
        self._add = library.__getattr__("__atomic_fetch_add_4")
        self._add.restype, self._add.argtypes = c_uint32, (c_void_p, c_uint32, c_int)
        self._cas = library.__getattr__("__atomic_compare_exchange_4")
        self._cas.restype = c_bool
        self._cas.argtypes = (c_void_p, POINTER(c_uint32), c_uint32, c_int, c_int)

    def load(self, address: int) -> int:
        """The word at `address`."""
        word: int = self._load(address, _SEQ_CST)
        return word

    def store(self, address: int, value: int) -> None:
        """Write the word at `address`."""
        self._store(address, value, _SEQ_CST)

    def add(self, address: int, value: int) -> int:
        """Add modulo 2^32; returns the word that was replaced."""
        word: int = self._add(address, value, _SEQ_CST)
        return word

    def cas(self, address: int, expected: int, desired: int) -> bool:
        """Replace `expected` by `desired`; False when another word was there."""
        done: bool = self._cas(address, byref(c_uint32(expected)), desired, _SEQ_CST, _SEQ_CST)
        return done


@lru_cache(maxsize=1)
def atomics() -> Atomics:
    """The atomics of this machine, loaded once.

    Raises:
        MissingLibraryError: libatomic is not installed.
    """
    try:
        return Atomics(ctypes.CDLL(LIBRARY))
    except OSError:
        raise MissingLibraryError(
            f"changing a ring that is running needs {LIBRARY}, which is not installed",
            fix="Install it (Debian: apt-get install -y libatomic1), or wait for the launch to end",
        ) from None


def futex_wait(address: int, seen: int, seconds: float | None) -> None:
    """Sleep until somebody wakes the word at `address`, at once when it no longer holds `seen`.

    May return early. Where the system has no futex it naps for a millisecond.

    Args:
        address: The word, in memory that other processes may map too.
        seen: What it held when the caller looked.
        seconds: The longest sleep, None for no limit.
    """
    number = _futex_number()
    if number is None:
        import time

        time.sleep(_NAP_SECONDS if seconds is None else min(_NAP_SECONDS, max(0.0, seconds)))
        return
    limit = None
    if seconds is not None:
        whole = max(0.0, seconds)
        limit = byref((c_long * 2)(int(whole), int(whole % 1 * 1e9)))
    if _syscall()(number, c_void_p(address), _FUTEX_WAIT, c_uint32(seen), limit, None, 0) == -1:
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
            raise OSError(code, os.strerror(code))


def futex_wake(address: int) -> None:
    """Wake everybody who sleeps on the word at `address`."""
    number = _futex_number()
    if number is not None:
        _syscall()(number, c_void_p(address), _FUTEX_WAKE, c_int(0x7FFF_FFFF), None, None, 0)


@lru_cache(maxsize=1)
def _futex_number() -> int | None:
    return _FUTEX_NUMBERS.get(platform.machine()) if platform.system() == "Linux" else None


@lru_cache(maxsize=1)
def _syscall() -> ctypes._NamedFuncPointer:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = c_long
    return call

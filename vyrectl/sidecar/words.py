"""The words of `RING.live` in memory, and what changes them in order with every other process.

The layout is `vyrectl.abi.live`. Words are read through `words` (a memoryview of u32) or, where order matters, `load`.
The invariant: they are changed through the atomic methods only. Numpy is imported where an array is asked for.
"""

from __future__ import annotations

import mmap
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.abi import control as control_abi
from vyrectl.abi import live as abi
from vyrectl.abi.limits import U32_MAX, WORD_BYTES
from vyrectl.errors import UsageError
from vyrectl.files import shrinking
from vyrectl.sidecar.atomics import Atomics, atomics, futex_wait, futex_wake

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.files.shrinking import Watched


class LiveWords:
    """A mapped sidecar as words; close it.

    Attributes:
        path: Path of `RING.live`; empty for words in the memory of this process.
        layout: Where its parts lie.
        words: All of it as u32, a view of the mapping.
        watched: What tells whether the file was cut short; None where nobody asked for that.
    """

    def __init__(self, path: str, mapping: mmap.mmap, layout: abi.LiveLayout) -> None:
        self.path = path
        self.layout = layout
        self.mapping = mapping
        self.words: memoryview = memoryview(mapping).cast("I")
        self._atomics: Atomics | None = None
        self._base = 0
        self._fd = -1
        self.watched: Watched | None = None

    def close(self) -> None:
        """Let go of the mapping, unless somebody still has a view of it; the file stays."""
        shrinking.look(self.watched)
        self._atomics = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.words.release()
        with suppress(BufferError):
            self.mapping.close()

    def lock_fd(self) -> int:
        """The file once more, for locks; -1 for one in memory, or one that has gone."""
        if self._fd < 0 and self.path:
            with suppress(OSError):
                self._fd = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        return self._fd

    @property
    def address(self) -> int:
        """Where the mapping begins, for atomics and for a device; only for a writable sidecar."""
        self.need_atomics()
        return self._base

    def load(self, word: int) -> int:
        """A word, in order with every other atomic."""
        return self.need_atomics().load(self._base + word * WORD_BYTES)

    def store(self, word: int, value: int) -> None:
        """Write a word, in order with every other atomic."""
        self.need_atomics().store(self._base + word * WORD_BYTES, value)

    def add(self, word: int, value: int = 1) -> int:
        """Add to a word modulo 2^32; returns what was there."""
        return self.need_atomics().add(self._base + word * WORD_BYTES, value)

    def cas(self, word: int, expected: int, desired: int) -> bool:
        """Replace a word if it is the expected one."""
        return self.need_atomics().cas(self._base + word * WORD_BYTES, expected, desired)

    def array(self) -> NDArray[np.uint32]:
        """All words as a numpy view of the mapping."""
        import numpy as np

        return np.frombuffer(self.mapping, "<u4")

    def kernel_words(self) -> NDArray[np.uint32]:
        """The part that the kernel gets as its `live` buffer, page-aligned, shape (layout.control,)."""
        return self.array()[: self.layout.control]

    def control_words(self) -> NDArray[np.uint32]:
        """The control buffer of spec 3.1, page-aligned, shape (layout.control_words,)."""
        return self.array()[self.layout.control : self.layout.control + self.layout.control_words]

    def need_atomics(self) -> Atomics:
        """The atomics of this machine, for addresses behind `address`.

        Raises:
            MissingLibraryError: It has none that Python could call.
        """
        if self._atomics is None:
            import ctypes

            self._atomics = atomics()
            self._base = ctypes.addressof(ctypes.c_char.from_buffer(self.mapping))
        return self._atomics

    # --- control ----------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """EPOCH of the control buffer."""
        return self.control(control_abi.EPOCH.first)

    def control(self, word: int) -> int:
        """One word of the control buffer.

        Raises:
            UsageError: There is no such word.
        """
        return int(self.words[self.control_index(word)])

    @property
    def is_gated(self) -> bool:
        """Whether the launch heeds the masks and quotas of its control buffer."""
        return bool(self.words[abi.WORD["GATED"]])

    def set_control(self, word: int, value: int) -> None:
        """Write one word of the control buffer and ring the bell."""
        self.store(self.control_index(word), value)
        self.ring_bell()

    def advance_epoch(self, by: int = 1) -> int:
        """Add to EPOCH and ring the bell; returns the new epoch."""
        before = self.add(self.control_index(control_abi.EPOCH.first), by)
        self.ring_bell()
        return (before + by) & U32_MAX

    def control_index(self, word: int) -> int:
        """Place of a control word in the file."""
        if not 0 <= word < self.layout.control_words:
            raise UsageError(f"the control buffer has no word {word}", where=self.path)
        return self.layout.control + word

    # --- bell -------------------------------------------------------------------------------------------

    @property
    def bell(self) -> int:
        """How often the bell rang, modulo 2^32; sample it before looking at the ring, then `wait_bell`."""
        return self.load(abi.WORD["BELL"])

    def ring_bell(self) -> None:
        """Tell the launch that something changed, and wake it when it sleeps."""
        word = abi.WORD["BELL"]
        self.add(word)
        if self.load(abi.WORD["SLEEPERS"]):
            futex_wake(self._base + word * WORD_BYTES)

    def wait_bell(self, seen: int, seconds: float | None = None) -> bool:
        """Sleep until the bell is no longer `seen`; False when the time was over first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        word, sleepers = abi.WORD["BELL"], abi.WORD["SLEEPERS"]
        self.add(sleepers)
        try:
            while self.load(word) == seen:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                futex_wait(self._base + word * WORD_BYTES, seen, left)
            return True
        finally:
            self.add(sleepers, U32_MAX)

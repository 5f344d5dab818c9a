"""A file that will take another's place, as memory: processes work in it, and once it is whole it is put there.

A large result that is made in memory and then written costs a copy of all its bytes at the very end. So its memory is
the file itself, with the old file's bytes in it to begin with, which the system copies (or shares, where the file
system can) while whoever is to work there is still getting ready. The invariants: until `put` the path names the old
file, whatever dies; and nobody works on a part before `wait` said that its bytes are there, after which they are not
copied again. Standard library only.

    maker                                  copier: a thread or a process
    begins the temporary file ----------->  copies a piece, counts it, copies the next
    (and forks who works there)
    wait(first, end): until so much is counted; where the copier is gone, which its line tells, that part is copied here
    put: fsync, rename
"""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import warnings
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from vyrectl.errors import FileError
from vyrectl.files import shrinking
from vyrectl.files.children import end_of_child
from vyrectl.files.replace import (
    FileIdentity,
    Replaced,
    StrPath,
    Temporary,
    begin_file,
    check_identity,
    end_file,
)

PIECE_BYTES = 16 << 20
"""Copied at once."""

LEAST_BYTES = 16 << 20
"""Smaller results are written when they are ready: that costs less than a file that is mapped."""

_POPULATE_WRITE = 23
"""`MADV_POPULATE_WRITE` of Linux 5.14; another system answers that it knows no such advice."""

_COUNT_BYTES = 8
_LOOK_SECONDS = 0.002


class Successor:
    """A file on its way to a path, mapped; `begin` makes one.

    Attributes:
        path: Where it belongs.
        name: The temporary file.
        version: Which version of the source its bytes are of.
        memory: Its bytes, shared with every process that was forked since.
    """

    def __init__(
        self, path: StrPath, new: Temporary, source: int, copied_from: StrPath, version: FileIdentity
    ) -> None:
        size_bytes = version.size_bytes
        self.path, self.name, self.version, self._new = path, new.name, version, new
        self._source, self._copied_from = source, os.fspath(copied_from)
        self.memory = mmap.mmap(new.fd, size_bytes)
        shrinking.watch(self.memory, new.name, os.fstat(new.fd))
        self._count = mmap.mmap(-1, _COUNT_BYTES + 1)
        self._line, self._copiers_line = os.pipe()
        self._joins: list[Callable[[], object]] = []
        self._maps = False
        self._maker, self._is_there, self._is_let_go = os.getpid(), False, False

    @classmethod
    def begin(
        cls, path: StrPath, source: StrPath, expected: FileIdentity, *, forks: bool = False
    ) -> Successor:
        """Begin a file that holds another's bytes, which are copied from now on.

        Args:
            path: Where it belongs.
            source: The file whose bytes it begins with; nobody changes it meanwhile.
            expected: Which version of that.
            forks: Copy in a process of its own instead of a thread: for who is still to fork.

        Raises:
            FileError: No file can be made or mapped there; the source is not to be had, or another by now.
        """
        try:
            opened = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FileError.from_os_error(error, source, doing="read the file") from error
        try:
            check_identity(source, expected)
            new = begin_file(path, expected.size_bytes)
        except BaseException:
            os.close(opened)
            raise
        try:
            begun = cls(path, new, opened, source, expected)
        except OSError as error:  # some file systems map nothing that is written
            new.remove()
            for one in (new.fd, opened):
                os.close(one)
            raise FileError.from_os_error(error, path, doing="map the file") from error
        begun._start(forks=forks)
        return begun

    def wait(self, first: int = 0, end: int | None = None) -> None:
        """Wait until a part that nobody else works on holds the source's bytes; the whole by default.

        Args:
            first: Its first byte.
            end: One past its last.

        Raises:
            FileError: They could not be copied: the disk is full, or the source was cut short.
        """
        wanted = len(self.memory) if end is None else end
        while self._copied < wanted:
            gone, _, _ = select.select([self._line], [], [], _LOOK_SECONDS)
            if gone and self._copied < wanted:
                self._copy_here(max(first, self._copied), wanted)
                return

    def map_ahead(self) -> None:
        """Have its pages mapped for writing by the time that somebody writes to them, in the process that made it.

        A copier that is a thread has done so.
        """
        if self._maps:
            self._maps = False
            thread = Thread(target=self._make_writable, args=(len(self.memory),))
            with suppress(RuntimeError):  # the system gives no thread
                thread.start()
                self._joins.append(thread.join)

    def move_to(self, path: StrPath) -> None:
        """It belongs somewhere else in the same folder."""
        self.path = path

    def put(
        self, *, backup: bool = False, exclusive: bool = False, expected: FileIdentity | None = None
    ) -> Replaced:
        """Put it in its path's place; see `vyrectl.files.replace.replace_file`."""
        done = end_file(
            self.path,
            self._new,
            backup=backup,
            exclusive=exclusive,
            expected=expected,
        )
        self._is_there = True
        with suppress(OSError):
            fcntl.flock(
                self._new.fd, fcntl.LOCK_UN
            )  # it is the file now, and its lock is for whoever holds that
        return done

    def discard(self) -> None:
        """Let go of the file, and remove it if it was not put anywhere; its memory stays while somebody looks at it."""
        if self._is_let_go or os.getpid() != self._maker:
            return
        self._is_let_go = True
        if not self._is_there:
            self._new.remove()
        self._count[_COUNT_BYTES] = 1
        for join in self._joins:
            join()
        for one in (self._new.fd, self._source, self._line):
            os.close(one)

    def _start(self, *, forks: bool) -> None:
        """Begin to copy; where the system gives no thread and no process, each copies what it waits for."""
        try:
            self._joins.append(self._copy_in_a_process() if forks else self._copy_in_a_thread())
        except (OSError, RuntimeError):
            os.close(self._copiers_line)

    def _copy_in_a_thread(self) -> Callable[[], object]:
        thread = Thread(target=self._copy_all)
        thread.start()
        return thread.join

    def _copy_in_a_process(self) -> Callable[[], object]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # whatever threads there are hold nothing
            child = os.fork()
        if child == 0:
            try:
                self._copy_all()
            finally:
                os._exit(0)
        os.close(self._copiers_line)
        self._maps = True
        return lambda: end_of_child(child)

    def _copy_all(self) -> None:
        """The copier's life; whoever waits for what it could not copy meets the reason."""
        at, end = 0, len(self.memory)
        try:
            with suppress(OSError):
                while at < end and not self._is_given_up:
                    copied = _copy_piece(self._source, self._new.fd, at, min(PIECE_BYTES, end - at))
                    if not copied:
                        break
                    at += copied
                    self._count[:_COUNT_BYTES] = at.to_bytes(_COUNT_BYTES, "little")
        finally:
            os.close(self._copiers_line)
        if at == end and os.getpid() == self._maker:
            self._make_writable(end)

    def _make_writable(self, end: int) -> None:
        """Have the system map every page for writing now: each would stop whoever writes to it first."""
        import ctypes

        try:
            madvise, first = (
                ctypes.CDLL(None).madvise,
                ctypes.addressof(ctypes.c_char.from_buffer(self.memory)),
            )
        except (OSError, AttributeError, BufferError):
            return
        for at in range(0, end, PIECE_BYTES):
            size = ctypes.c_size_t(min(PIECE_BYTES, end - at))
            if self._is_given_up or madvise(ctypes.c_void_p(first + at), size, _POPULATE_WRITE):
                return  # nobody wants it, or a system without it

    def _copy_here(self, at: int, end: int) -> None:
        while at < end:
            try:
                copied = _copy_piece(self._source, self._new.fd, at, min(PIECE_BYTES, end - at))
            except OSError as error:
                raise FileError.from_os_error(error, self.path, doing="write the file") from error
            if not copied:
                raise FileError(
                    "the file got shorter while it was copied",
                    where=self._copied_from,
                    fix="Run the command again",
                )
            at += copied

    @property
    def _copied(self) -> int:
        return int.from_bytes(self._count[:_COUNT_BYTES], "little")

    @property
    def _is_given_up(self) -> bool:
        """Whether nobody wants the copy any more; a copier whose maker has died stops too."""
        return self._count[_COUNT_BYTES] != 0 or self._maker not in (os.getpid(), os.getppid())


def _copy_piece(source: int, target: int, at: int, size: int) -> int:
    """Copy some bytes from one file to the same place of another; how many were, 0 where the source has none there.

    Raises:
        OSError: They cannot be read or written.
    """
    copied = 0
    if hasattr(os, "copy_file_range"):
        with suppress(OSError):  # not between these file systems
            copied = os.copy_file_range(source, target, size, at, at)
    return copied or os.pwrite(target, os.pread(source, size, at), at)

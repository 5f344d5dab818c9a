"""The ring's lock: one writer at a time, by two locks of the kernel that a writer takes together.

Standard library only. The first is `flock` on ``RING.lock``, a file of its own beside the *resolved* ring. It is
created when first needed and never renamed or deleted, because a lock on a file that can vanish lets two writers in.
It keeps out whoever comes by the same name. The second is `flock` on the ring itself, which goes with its inode: it
keeps out whoever comes by another name of the file, a hard link or a mount of the file alone, beside another lock.

The second alone would not do: a replacement gives the path a new inode, which a waiting writer has not locked. Nor the
first: another name has another. The invariants: who writes holds ``RING.lock`` of the name it came by, and the lock of
the file that this name led to; after a replacement that is the new file (`Hold.follow`), and the old one, which other
names may still lead to, is for others to write. Readers need neither.

The kernel gives both back when the last process of their holder ends, however it ends, and for all containers alike:
whether a ring is held is never told by a pid. Whoever holds it writes ``pid N (role)`` into ``RING.lock``, for the
message that others get. That text is a courtesy; only the locks count. A last line says, as long as it is so, that
nobody here has changed the ring, which may be somebody else's and the only copy (`RingLock.is_first`); one who did
leaves the ring's length and time there instead, which tell whether somebody else has written it since. A file system
that refuses the second lock (a network's, to somebody who may only read) is left with the first. A ``RING.lock`` that
is neither empty nor says either is somebody else's and keeps every byte. A path that names no ring leaves no lock
behind.

Who is about to change a ring takes the lock with `vyrectl.sidecar.hold`, which first finishes what a dead launch began.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from vyrectl.errors import FileError, RingHeldError
from vyrectl.files import locks
from vyrectl.files.backup import is_backed_up
from vyrectl.files.replace import StrPath

_HOLDER = re.compile(r"pid ([0-9]{1,10}) \(([\w .-]{0,80})\)", re.ASCII)
_SIGNED = re.compile(r"pid [0-9]{1,10} \(", re.ASCII)
_NOT_IN_ROLES = re.compile(r"[^\w .-]", re.ASCII)
_TEXT_BYTES = 256
_UNTOUCHED = b"untouched\n"
"""Ends the text of a lock as long as nobody here has changed the ring."""

_LEFT = re.compile(r"left ([0-9]{1,20}) (-?[0-9]{1,20})\n", re.ASCII)
"""All of the text of a lock whose last holder changed the ring, or made it: its bytes and mtime (ns) then."""

_UNSIGNED_TRIES = 5
_UNSIGNED_WAIT_S = 0.002


LOCK_SUFFIX = ".lock"
"""What is appended to the resolved ring's name for its lock."""

LIVE_SUFFIX = ".live"
"""What a launch in place appends to the resolved ring's name for its sidecar."""


class RingLock:
    """A held ring; give it back with `release`, or use it as a context manager.

    A long run keeps one for as long as it lasts and passes its descriptor to a helper process (`fileno`),
    so that the ring stays held while either of the two lives.

    Attributes:
        target: The ring, symlinks resolved.
        lock_path: The lock file beside it.
        role: What the holder does with it.
        is_first: True when nothing here has changed these bytes, of which there is no backup: there was no lock beside
            the ring, or one of holders that left it as it was, or somebody else has written it since.
    """

    def __init__(self, path: StrPath, *, role: str) -> None:
        """Take the lock without waiting for it. The ring itself is not opened.

        Args:
            path: The ring, or a symlink to it.
            role: What for, in a word or two (``launch``, ``transition``); others read it in their error.

        Raises:
            RingHeldError: Another holder has it, in this process or in another; the error names it.
            FileError: There is no such ring, the lock file is somebody else's, cannot be created or locked.
        """
        self.lock_path, self.target, self.role = lock_path_of(path), os.path.realpath(path), role
        _check_there(path)
        is_new = not os.path.lexists(self.lock_path)
        try:
            self._fd = _lock(path, self.lock_path)
        except OSError as error:
            raise FileError.from_os_error(error, self.lock_path, doing="lock the ring") from error
        try:
            self._file_fd = _lock_file(self.target)
        except BaseException:
            _give_back(self._fd)
            raise
        self._pid = os.getpid()
        is_strange = is_new or _is_untouched(self._fd) or _is_changed_since(self._fd, self.target)
        self.is_first = is_strange and not is_backed_up(self.target)
        _sign(self._fd, role, untouched=is_strange)

    def fileno(self) -> int:
        """Descriptor of the lock file; it is not inherited by other programs unless it is passed on."""
        return self._fd

    def covers(self, path: StrPath) -> bool:
        """True when `path` names the ring that is held here."""
        return self._fd >= 0 and os.path.realpath(path) == self.target

    def follow(self) -> None:
        """After the file was replaced: hold the new one, which nobody can have come to by another name yet."""
        if self._fd >= 0:
            old, self._file_fd = self._file_fd, _lock_file(self.target)
            _give_back(old)

    def sign(self) -> None:
        """Name this process as the holder: a forked copy of it that has outlived it."""
        if self._fd >= 0:
            _sign(self._fd, self.role, untouched=_is_untouched(self._fd))

    def touch(self) -> None:
        """Note that the ring is being changed; whatever of it had to be kept is kept. A forked copy may say so too."""
        if self._fd >= 0 and _is_untouched(self._fd):
            with suppress(OSError):
                os.ftruncate(self._fd, os.pread(self._fd, _TEXT_BYTES, 0).index(_UNTOUCHED))

    def release(self) -> None:
        """Give the ring back; a second call, or one in a forked copy of the holder, leaves the locks alone."""
        fd, self._fd = self._fd, -1
        file_fd, self._file_fd = self._file_fd, -1
        if fd < 0:
            return
        if os.getpid() == self._pid:
            _give_back(file_fd)
            _note_left(fd, self.target)
            _give_back(fd)
        else:
            os.close(fd)
            if file_fd >= 0:
                os.close(file_fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def lock_path_of(path: StrPath) -> str:
    """Where the lock of a ring lies."""
    return os.path.realpath(path) + LOCK_SUFFIX


def mark_made(path: StrPath) -> None:
    """Leave the lock of a ring that was just made beside it: it tells the ring from somebody else's (`is_first`)."""
    with suppress(OSError):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(lock_path_of(path), flags, 0o666)
        try:
            if not _text_of(fd) or _LEFT.fullmatch(_text_of(fd)):
                _note_left(fd, os.path.realpath(path))
        finally:
            os.close(fd)


def _check_there(path: StrPath) -> None:
    """A mistyped name leaves nothing behind."""
    try:
        os.stat(path)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="open the ring") from error


def _give_back(fd: int) -> None:
    """Unlock and close, also where a forked child has the same open file."""
    if fd >= 0:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def _lock_file(target: str) -> int:
    """Lock the ring itself and return its descriptor; -1 where there is no such file, or none that can be locked.

    Raises:
        RingHeldError: Somebody holds it, who came by another name of the file.
    """
    patience = _UNSIGNED_TRIES
    while True:
        fd = _open_ring(target)
        if fd < 0:
            return fd
        try:
            taken = locks.take(fd)
        except OSError:
            os.close(fd)
            return -1
        if taken:
            return fd
        holder = _named_elsewhere(fd)
        os.close(fd)
        patience -= 1
        if not patience:
            raise RingHeldError(target, holder, by_another_name=True)
        time.sleep(_UNSIGNED_WAIT_S)


def _open_ring(target: str) -> int:
    """The ring, open for writing where that is allowed; -1 for what is no regular file."""
    for access in (os.O_RDWR, os.O_RDONLY):
        with suppress(OSError):
            if not stat.S_ISREG(os.stat(target).st_mode):
                return -1
            return os.open(target, access | os.O_NONBLOCK | os.O_CLOEXEC)
    return -1


def _named_elsewhere(fd: int) -> str | None:
    pid = locks.holder_pid(fd)
    return None if pid is None else f"pid {pid}"


def holder_of(path: StrPath) -> str | None:
    """Who holds the ring right now, worded as in `RingHeldError`; None when nobody does. Creates nothing.

    A reader asks so; where the file system has no locks, nobody holds anything.

    Raises:
        FileError: There is a lock file that may not be read.
    """
    lock_path = lock_path_of(path)
    try:
        fd = os.open(lock_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return _holder_of_file(path)
    except OSError as error:
        raise FileError.from_os_error(error, lock_path, doing="look at the ring's lock") from error
    try:
        if locks.is_taken(fd):
            return _read_holder(fd) or "another process"
    finally:
        os.close(fd)
    return _holder_of_file(path)


def _holder_of_file(path: StrPath) -> str | None:
    """Who holds the ring by another name."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return (_named_elsewhere(fd) or "another process") if locks.is_taken(fd) else None
    finally:
        os.close(fd)


def is_held(path: StrPath) -> bool:
    """True when somebody holds the ring, or its lock may not be looked at."""
    try:
        return holder_of(path) is not None
    except FileError:
        return True


def _lock(path: StrPath, lock_path: str) -> int:
    """Lock the file that the path names, trying again when that is another one by the time it is locked.

    A lock without a holder's name in it is tried a few times: its holder may be about to sign, or it is only being
    looked at (`holder_of`).
    """
    patience = _UNSIGNED_TRIES
    while True:
        fd = _open(lock_path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_ours(fd):
                raise _somebody_elses(lock_path)
            if _still_there(fd, lock_path):
                return fd
        except BlockingIOError:
            holder = _read_holder(fd)
            os.close(fd)
            patience -= 1
            if holder is not None or not patience:
                raise RingHeldError(path, holder) from None
            time.sleep(_UNSIGNED_WAIT_S)
            continue
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _open(lock_path: str) -> int:
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        fd = os.open(lock_path, os.O_RDWR | flags, 0o666)
    except PermissionError as denied:
        try:
            fd = os.open(lock_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise denied from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_lock(lock_path) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _not_a_lock(lock_path)
    return fd


def _is_ours(fd: int) -> bool:
    """True for a lock file that is empty, names a holder, or says that nobody changed the ring."""
    text = _text_of(fd)
    return text in ("", _UNTOUCHED.decode()) or any(one.match(text) for one in (_SIGNED, _LEFT))


def _somebody_elses(lock_path: str) -> FileError:
    return FileError(
        "cannot lock the ring: its lock is a file of something else, which keeps its content",
        where=lock_path,
        fix="Move that file or the ring to another name, for example ring.bin",
    )


def _not_a_lock(lock_path: str) -> FileError:
    return FileError(
        "cannot lock the ring: its lock is no regular file", where=lock_path, fix="Move it out of the way"
    )


def _still_there(fd: int, lock_path: str) -> bool:
    try:
        there = os.stat(lock_path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(fd), there)


def _sign(fd: int, role: str, *, untouched: bool) -> None:
    """Write who holds it. A lock file of somebody else may be locked without being writable."""
    label = _NOT_IN_ROLES.sub("_", role)[:80]
    with suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"pid {os.getpid()} ({label})\n".encode() + (_UNTOUCHED if untouched else b""), 0)


def _is_untouched(fd: int) -> bool:
    """True for the lock of a ring that its holders so far have left as it was."""
    try:
        return os.pread(fd, _TEXT_BYTES, 0).endswith(_UNTOUCHED)
    except OSError:
        return False


def _text_of(fd: int) -> str:
    return os.pread(fd, _TEXT_BYTES, 0).decode("ascii", "replace")


def _note_left(fd: int, target: str) -> None:
    """Write how the ring was left: as it was, or with which length and time."""
    with suppress(OSError):
        text = _UNTOUCHED
        if not _is_untouched(fd):
            status = os.stat(target)
            text = f"left {status.st_size} {status.st_mtime_ns}\n".encode()
        os.ftruncate(fd, 0)
        os.pwrite(fd, text, 0)


def _is_changed_since(fd: int, target: str) -> bool:
    """True when the ring is not known to be as its last holder left it: somebody else may have written it.

    A holder that was killed left no word of that.
    """
    with suppress(OSError):
        text, status = _text_of(fd), os.stat(target)
        left = _LEFT.fullmatch(text)
        if left is not None:
            return (int(left[1]), int(left[2])) != (status.st_size, status.st_mtime_ns)
        return _HOLDER.match(text) is not None
    return False


def _read_holder(fd: int) -> str | None:
    with suppress(OSError):
        found = _HOLDER.match(os.pread(fd, _TEXT_BYTES, 0).decode("ascii", "replace"))
        return _as_seen_here(fd, int(found[1]), found[2]) if found else None
    return None


def _as_seen_here(fd: int, pid: int, role: str) -> str:
    """A holder in the words of `RingHeldError`: by its pid here, should it have signed with that of its container."""
    here = locks.holder_pid(fd)
    if here is not None and here != pid and locks.inner_pid(here) == pid:
        return f"pid {here} ({role}, in another pid namespace)"
    return f"pid {pid} ({role})"

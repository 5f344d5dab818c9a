"""Whether a file could be written where a path says, found out before the work that is to be saved there.

Standard library only. Nothing is changed: a folder is asked by a file without a name, where the system has such files.
The invariant: what is refused here would have been refused at the end, or have changed whose file it is; what passes
may still fail then (a disk fills up, a folder goes away), so that whoever writes handles that too.
"""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterable
from contextlib import suppress

from vyrectl.errors import FileError
from vyrectl.shell import file_argument

StrPath = str | os.PathLike[str]

_NO_NAMELESS_FILES = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.ENOSYS}
"""What `open` answers where files without a name do not exist; EISDIR and ENOENT come from old systems."""

NO_ATTRIBUTES = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What file systems answer that keep no owner and no mode."""

_MOUNTS = "/proc/self/mountinfo"
_MOUNT_POINT_FIELD = 4


def check_place(path: StrPath, *, appends: bool = False) -> None:
    """Make sure that a file can be made or replaced at a path, or appended to.

    Args:
        path: Where to; of a symlink, the file that it leads to.
        appends: An existing file is written as it is and not replaced.

    Raises:
        FileError: There is no such folder, a folder or a device is in its place, or it may not be written.
    """
    try:
        target = os.path.realpath(path)
        status = existing_file(target)
        if status is None or not appends:
            _check_folder(target, status)
    except FileError as error:
        error.where = os.fspath(path)
        raise
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="write the file") from error


def check_room(needs: Iterable[tuple[StrPath, int]]) -> None:
    """Make sure that there is room for some files at once, each beside the one that it replaces.

    Args:
        needs: Where each goes, and its bytes.

    Raises:
        FileError: A file system has less, or the process may write no file of that size.
    """
    wanted: dict[int, int] = {}
    most = file_size_limit()
    for path, size_bytes in needs:
        if most is not None and size_bytes > most:
            too_large = OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            raise FileError.from_os_error(too_large, path, doing="write the file")
        folder = os.path.dirname(os.path.realpath(path))
        with suppress(OSError):
            device, free = os.stat(folder).st_dev, _free_bytes(folder)
            wanted[device] = wanted.get(device, 0) + size_bytes
            if free is not None and wanted[device] > free:
                numbers = f"{wanted[device]} bytes are needed, {free} are free"
                raise FileError(
                    f"cannot write the file: no space left on device ({numbers})",
                    where=os.fspath(path),
                    fix="Free some space; nothing was changed",
                    errno=errno.ENOSPC,
                )


def file_size_limit() -> int | None:
    """Most bytes of a file that this process may write (``ulimit -f``); None without a limit."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if most == resource.RLIM_INFINITY else most


def existing_file(target: str) -> os.stat_result | None:
    """The regular file at a resolved path that may be written; None when there is nothing.

    Raises:
        FileError: A pipe, a socket or a device.
        OSError: A folder, or not permitted.
    """
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise FileError(
            "cannot write the file: it is no regular file",
            where=target,
            fix="Name a file, or - for standard output",
        )
    if not os.access(target, os.W_OK):
        read_only = os.statvfs(target).f_flag & os.ST_RDONLY
        code = errno.EROFS if read_only else errno.EACCES
        raise OSError(code, os.strerror(code))
    return status


def refuse_mount_point(target: str) -> None:
    """A file that is mounted as such cannot get a successor: the system refuses to rename over it.

    Raises:
        FileError: It is one.
    """
    if is_mount_point(target):
        raise FileError(
            "cannot replace the file: it is a mount point",
            where=target,
            fix="Mount its folder instead of the file, or work on a copy",
            errno=errno.EBUSY,
        )


def is_mount_point(target: str) -> bool:
    """True when something is mounted at a resolved path, a single file among it."""
    with suppress(OSError), open(_MOUNTS, "rb") as mounts:
        wanted = os.fsencode(target)
        return any(_unescaped(line.split(b" ")[_MOUNT_POINT_FIELD]) == wanted for line in mounts)
    return False


def _unescaped(field: bytes) -> bytes:
    """A path as the system's list of mounts writes it: blanks and backslashes as three octal digits."""
    return (
        field.decode("latin-1").encode().decode("unicode_escape").encode("latin-1")
        if b"\\" in field
        else field
    )


def _check_folder(target: str, status: os.stat_result | None) -> None:
    """Raises OSError or FileError where no file can be made in the target's folder and take its place."""
    folder = os.path.dirname(target)
    try:
        around = os.stat(folder)
    except FileNotFoundError:
        raise missing_folder(target) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        code = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(code, os.strerror(code))
    if status is not None:
        refuse_mount_point(target)
        owners = (0, status.st_uid, around.st_uid)
        if around.st_mode & stat.S_ISVTX and os.geteuid() not in owners:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    _try_folder(folder, target, status)


def keep_owner(fd: int, target: str, old: os.stat_result) -> bool:
    """Give a file that is to take another's place its owner; False where the file system keeps none.

    Raises:
        FileError: This process may not.
    """
    new = os.fstat(fd)
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return True
    try:
        os.fchown(fd, old.st_uid, old.st_gid)
    except OSError as error:
        if error.errno in NO_ATTRIBUTES:
            return False
        raise FileError(
            f"cannot keep the owner of the file (user {old.st_uid}, group {old.st_gid})",
            where=target,
            fix="Run as its owner, work on a copy, or write to another file",
        ) from error
    return True


def missing_folder(target: str) -> FileError:
    """The error for a file whose folder is not there."""
    folder = os.path.dirname(target)
    return FileError(
        "cannot write the file: no such file or directory",
        where=target,
        fix=f"mkdir -p {file_argument(folder)}",
        errno=errno.ENOENT,
    )


def _try_folder(folder: str, target: str, status: os.stat_result | None) -> None:
    """Make a file without a name, which tells what permissions alone do not: a full disk, a quota, a frozen folder.

    Args:
        folder: Where the target lies.
        target: What such a file would replace.
        status: Of the file that is there now, whose owner the new one has to get; None where there is none.
    """
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return
    try:
        fd = os.open(folder, os.O_RDWR | flag | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_NAMELESS_FILES:
            raise
        fd = _named_and_gone(folder, target)
    try:
        if status is not None:
            keep_owner(fd, target, status)
    finally:
        os.close(fd)


def _named_and_gone(folder: str, target: str) -> int:
    """Make a file with a name and take the name away, where a file system knows no others; its descriptor.

    Raises:
        FileError: The file system makes none at all, as /proc.
        OSError: It refuses this one.
    """
    name = os.path.join(folder, f".{os.urandom(6).hex()}.tmp")
    try:
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise FileError(
            "cannot write the file: that file system makes no new files",
            where=target,
            fix="Write to another place",
            errno=errno.ENOENT,
        ) from None
    os.unlink(name)
    return fd


def _free_bytes(folder: str) -> int | None:
    """What may be written there; None where the file system does not say."""
    found = os.statvfs(folder)
    if not found.f_blocks:
        return None
    return (found.f_bfree if os.geteuid() == 0 else found.f_bavail) * found.f_frsize

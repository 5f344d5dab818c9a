"""Backups: a file that is about to be replaced keeps its bytes under a name of their own. Standard library only.

The invariant: a backup takes a name that nothing has, ``.bak``, then ``.bak.1`` and so on, never that of an earlier
backup or of a symlink.
"""

from __future__ import annotations

import errno
import filecmp
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from vyrectl.errors import FileError
from vyrectl.files.place import StrPath
from vyrectl.files.room import NO_ROOM
from vyrectl.shell import file_argument

NO_LINKS = {
    errno.EPERM,
    errno.EACCES,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EMLINK,
    errno.ENOSYS,
    errno.EINVAL,
    errno.EXDEV,
}
"""What `link` answers where hard links do not exist, or do not reach from one mount to another."""


def backup_beside(path: StrPath, backup: str | None) -> str | None:
    """A backup's name as seen from a path that is as relative as the user gave it; beside a symlink's target."""
    if backup is None or os.path.islink(path):
        return backup
    return os.path.join(os.path.dirname(os.fspath(path)), os.path.basename(backup))


def backup_names(path: StrPath) -> Iterator[str]:
    """What a backup may be called, beside a symlink's target: ``.bak``, ``.bak.1``, ``.bak.2`` and so on."""
    base = f"{os.path.realpath(path) if os.path.islink(path) else os.fspath(path)}.bak"
    yield base
    yield from (f"{base}.{number}" for number in count(1))


def is_backed_up(path: StrPath) -> bool:
    """True when one of a file's backups holds these very bytes, in a file of its own."""
    for name in backup_names(path):
        try:
            apart = not os.path.islink(name) and not os.path.samefile(path, name)
            if apart and filecmp.cmp(path, name, shallow=False):
                return True
        except OSError:
            return False
    raise AssertionError("there is always another name")


def not_kept(path: StrPath, name: str, size_bytes: int, error: FileError) -> FileError:
    """The error of a backup that cannot be made: what was to be kept, where, what it takes, and the way round it."""
    fix = error.fix
    if error.errno in NO_ROOM:
        elsewhere = f"work on a copy on another disk: cp -- {file_argument(path)} FOLDER/"
        fix = f"Free {size_bytes} bytes there, or {elsewhere}"
    reason = error.what.removeprefix("cannot write the file: ")
    return FileError(
        f"cannot keep the old file as {os.path.basename(name)} ({size_bytes} bytes) before it is changed: {reason}",
        where=os.fspath(path),
        fix=fix,
        errno=error.errno,
    )


def keep_old(target: str, size_bytes: int) -> str:
    """`back_up` of a resolved path.

    Raises:
        FileError: It cannot be kept.
    """
    try:
        return back_up(target)
    except OSError as error:
        met = FileError.from_os_error(error, target, doing="write the file")
        raise not_kept(target, next(backup_names(target)), size_bytes, met) from error


def back_up(path: StrPath) -> str:
    """Give a file that is about to be replaced a second name, which it keeps; by a copy where there are no hard links.

    Returns:
        That name, the first of `backup_names` that was free.

    Raises:
        OSError: There is no such file, or it cannot be copied.
    """
    target = os.path.realpath(path)
    for name in backup_names(target):
        with suppress(FileExistsError):
            _link_or_copy(target, name)
            return name
    raise AssertionError("there is always another name")


def _link_or_copy(target: str, name: str) -> None:
    """A file that has other names already may be written through them: its copy is one of its own."""
    if os.stat(target).st_nlink > 1:
        _copy(target, name)
        return
    try:
        os.link(target, name)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        _copy(target, name)


def _copy(target: str, name: str) -> None:
    """A copy under a name that nothing has, its mode and times included."""
    from shutil import copyfileobj, copystat

    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(target, "rb") as old, open(fd, "wb") as new:
            copyfileobj(old, new, 1 << 20)
        with suppress(OSError):
            copystat(target, name)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise

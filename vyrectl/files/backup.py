"""Backups: a file that is about to be replaced keeps its bytes under a name of their own. Standard library only.

The invariant: a backup takes a name that nothing has, ``.bak``, then ``.bak.1`` and so on, never that of an earlier
backup or of a symlink.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

from vyrectl.files.place import StrPath

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

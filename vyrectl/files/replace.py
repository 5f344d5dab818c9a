"""Atomic replacement of a file: whoever opens the path finds all of the old bytes or all of the new ones.

Standard library only. The invariant: on any failure, a full disk or an interrupt included, the path still
names the old file with its old bytes, and no temporary file stays behind. A writer killed by SIGKILL can
leave its temporary file; the next write of the same path removes it (a live writer holds a lock on its own,
which tells them apart).

What is kept: the file that a symlink points to is replaced, not the link; mode, owner, group and extended
attributes (access control lists among them) are those of the old file. Hard links are not followed: the
path gets a new inode, and every other name of the old one goes on naming the old bytes, which is told.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from vyrectl.errors import FileError
from vyrectl.files.backup import NO_LINKS, backup_beside, backup_names, keep_old, not_kept
from vyrectl.files.place import NO_ATTRIBUTES, existing_file, keep_owner, missing_folder, refuse_mount_point
from vyrectl.files.place import StrPath as StrPath
from vyrectl.files.room import lacking
from vyrectl.files.shrinking import refuse_cut
from vyrectl.files.sync import CANNOT_SYNC, sync_file
from vyrectl.files.telling import is_heard, tell
from vyrectl.files.temporary import make_temporary

Part = bytes | bytearray | memoryview

_CANNOT_SYNC = CANNOT_SYNC | {errno.EACCES, errno.EBADF}
"""What a folder that cannot be synced answers; its rename is as safe as that file system makes it."""

MOST_NAMES = 10_000
"""So many names of a folder are looked at for other names of a file."""

MOST_SHOWN = 3
"""Commands in one sentence."""


class FileIdentity(NamedTuple):
    """Which file a path named, and in which version: compared before a write to find out that it changed."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        """The identity that a `stat` answer holds."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Temporary(NamedTuple):
    """A temporary file beside the one that it will replace: its path, and the descriptor that has it locked."""

    name: str
    fd: int

    def remove(self) -> None:
        """Take its name away, if it has one; the descriptor stays."""
        with suppress(OSError):
            os.unlink(self.name)


class Replaced(NamedTuple):
    """What `replace_file` did: the new file's identity, and what the old file is called now, None for no backup."""

    identity: FileIdentity
    backup: str | None


def replace_file(
    path: StrPath,
    parts: Iterable[Part],
    *,
    backup: bool = False,
    exclusive: bool = False,
    expected: FileIdentity | None = None,
) -> Replaced:
    """Write `parts`, one after the other, to a new file and put it in the path's place.

    Takes no lock: whoever replaces a ring holds it (`vyrectl.files.ring_lock`).

    Args:
        path: What to replace or create; a symlink's target is what changes.
        parts: The new content. It may be a generator that reads the old file.
        backup: Keep the old file under the first name of `backup_names` that is free.
        exclusive: Only create; an existing file is an error, also when it appears in the meantime.
        expected: The version that the new content was made from; another one on the disk is an error.

    Returns:
        The identity of the new file, and the backup's name.

    Raises:
        FileError: The folder or file cannot be written, the disk is full, the path names no regular file,
            or the file is not the expected one. The old bytes stay.
    """
    target = os.path.realpath(path)
    try:
        done = _replace(target, parts, backup=backup, exclusive=exclusive, expected=expected)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="write the file") from error
    return Replaced(done.identity, backup_beside(path, done.backup))


def begin_file(path: StrPath, size_bytes: int) -> Temporary:
    """A temporary file of that length, all of it a hole, that `end_file` puts in a path's place.

    Raises:
        FileError: The folder or file cannot be written, or the path names no regular file.
    """
    target = os.path.realpath(path)
    try:
        new = Temporary(*make_temporary(target, _first_mode(_old_status(target, exclusive=False))))
        try:
            os.ftruncate(new.fd, size_bytes)
        except BaseException:
            new.remove()
            os.close(new.fd)
            raise
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="write the file") from error
    return new


def end_file(
    path: StrPath,
    new: Temporary,
    *,
    backup: bool = False,
    exclusive: bool = False,
    expected: FileIdentity | None = None,
) -> Replaced:
    """Put a temporary file that was begun before in the path's place; see `replace_file`.

    Raises:
        FileError: As of `replace_file`; the temporary file is still there then, and may be tried again.
    """
    target = os.path.realpath(path)
    try:
        old = _old_status(target, exclusive=exclusive)
        done = _put_there(new, target, old, backup=backup, exclusive=exclusive, expected=expected)
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="write the file") from error
    return Replaced(done.identity, backup_beside(path, done.backup))


def back_up_copy(path: StrPath, parts: Iterable[Part]) -> str:
    """Keep a copy of a file that goes on being written in place.

    Args:
        path: The file that goes on being written.
        parts: The bytes of the file, one after the other.

    Returns:
        The backup's name, the first of `backup_names` that was free.

    Raises:
        FileError: It cannot be written; nothing of it stays.
    """
    kept = list(parts)
    for name in backup_names(path):
        if os.path.lexists(name):
            continue
        try:
            replace_file(name, kept, exclusive=True)
        except FileError as error:
            if error.errno != errno.EEXIST:
                raise not_kept(path, name, sum(memoryview(part).nbytes for part in kept), error) from error
        else:
            return name
    raise AssertionError("there is always another name")


def check_identity(target: StrPath, expected: FileIdentity) -> None:
    """Hold the file that the path names now to the version that was read.

    Raises:
        FileError: It is gone, replaced or changed.
    """
    try:
        now = FileIdentity.of(os.stat(target))
    except FileNotFoundError:
        now = None
    if now != expected:
        raise FileError(
            "the file was deleted, replaced or changed while it was being worked on; nothing was written",
            where=str(target),
            fix="Run the command again",
        )


def _replace(
    target: str, parts: Iterable[Part], *, backup: bool, exclusive: bool, expected: FileIdentity | None
) -> Replaced:
    old = _old_status(target, exclusive=exclusive)
    if expected is not None:
        check_identity(target, expected)
    new = Temporary(*make_temporary(target, _first_mode(old)))
    try:
        _write_parts(new.fd, iter(parts))
        return _put_there(new, target, old, backup=backup, exclusive=exclusive, expected=expected)
    except BaseException:
        new.remove()
        raise
    finally:
        os.close(new.fd)


def _put_there(
    new: Temporary,
    target: str,
    old: os.stat_result | None,
    *,
    backup: bool,
    exclusive: bool,
    expected: FileIdentity | None,
) -> Replaced:
    """Put a temporary file that is whole in its target's place; where that fails it stays what it was."""
    kept = None
    try:
        identity = _complete(new.fd, target, old)
        refuse_cut()
        if expected is not None:
            check_identity(target, expected)
        if backup and old is not None:
            kept = keep_old(target, old.st_size)
        _publish(new.name, target, exclusive=exclusive)
    except BaseException:
        if kept is not None:
            with suppress(OSError):
                os.unlink(kept)
        raise
    _sync_folder(os.path.dirname(target))
    if old is not None and old.st_nlink > 1 and is_heard():
        tell(_separated(target, old))
    return Replaced(identity, kept)


def _separated(target: str, old: os.stat_result) -> str:
    """The sentence that says which other names of the old file were left behind, and how they follow."""
    folder = os.path.dirname(target)
    found: list[str] = []
    with suppress(OSError), os.scandir(folder) as listed:
        names = (one.path for one in islice(listed, MOST_NAMES) if one.inode() == old.st_ino)
        found = [name for name in names if os.lstat(name).st_dev == old.st_dev]
    others = old.st_nlink - 1
    shown = os.path.basename(target)
    many = others > 1
    left = f"{shown} is a new file; {others} other name{'s' * many} of the old one (hard link{'s' * many})"
    keep = "keep the old bytes" if many else "keeps the old bytes"
    if len(found) == others <= MOST_SHOWN:
        listing = ", ".join(sorted(map(os.path.basename, found)))
        follow = " && ".join(shlex.join(("ln", "-f", "--", target, one)) for one in sorted(found))
        return f"{left}, {listing}, {keep}; to have the new ones there too: {follow}"
    find = shlex.join(("find", folder, "-xdev", "-inum", str(old.st_ino)))
    return f"{left} {keep}; to find {'them' if many else 'it'}: {find}"


def _old_status(target: str, *, exclusive: bool) -> os.stat_result | None:
    if exclusive and os.path.exists(target):
        raise _exists(target)
    status = existing_file(target)
    if status is not None:
        refuse_mount_point(target)
    elif not os.path.isdir(os.path.dirname(target)):
        raise missing_folder(target)
    return status


def _exists(target: str) -> FileError:
    return FileError(
        "the file exists already",
        where=target,
        fix="Name another path",
        errno=errno.EEXIST,
    )


def _complete(fd: int, target: str, old: os.stat_result | None) -> FileIdentity:
    """Give a file that is whole the old one's attributes, and wait until it is on the disk."""
    if old is not None:
        _keep_attributes(fd, target, old)
    sync_file(fd)
    return FileIdentity.of(os.fstat(fd))


def _write_parts(fd: int, parts: Iterator[Part]) -> None:
    before = 0
    for part in parts:
        size = memoryview(part).nbytes
        try:
            write_all(fd, part)
        except OSError as error:
            whole = before + size + sum(memoryview(rest).nbytes for rest in parts)
            raise lacking(error, whole - os.lseek(fd, 0, os.SEEK_CUR), whole) from None
        before += size


def _first_mode(old: os.stat_result | None) -> int:
    """The mode that a successor is made with: the old one where it will have the same owner, else nobody's but ours."""
    if old is None:
        return 0o666
    ours = (old.st_uid, old.st_gid) == (os.geteuid(), os.getegid())
    return stat.S_IMODE(old.st_mode) & 0o777 | stat.S_IWUSR if ours else 0o600


def write_all(fd: int, part: Part) -> None:
    """Write every byte of a part, however many calls that takes."""
    view = memoryview(part).cast("B") if len(part) else memoryview(b"")
    while view:
        view = view[os.write(fd, view) :]


def _keep_attributes(fd: int, target: str, old: os.stat_result) -> None:
    if not keep_owner(fd, target, old):
        return
    if hasattr(os, "listxattr"):
        _copy_extended_attributes(fd, target)
    if stat.S_IMODE(os.fstat(fd).st_mode) != stat.S_IMODE(old.st_mode):
        try:
            os.fchmod(fd, stat.S_IMODE(old.st_mode))
        except OSError as error:
            if error.errno not in {errno.EPERM, *NO_ATTRIBUTES}:
                raise


def _copy_extended_attributes(fd: int, target: str) -> None:
    """Copy what may be copied: some name spaces (security labels) belong to the system."""
    with suppress(OSError):
        for name in os.listxattr(target):
            with suppress(OSError):
                os.setxattr(fd, name, os.getxattr(target, name))


def _publish(temporary: str, target: str, *, exclusive: bool) -> None:
    if exclusive:
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise _exists(target) from None
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if os.path.lexists(target):
                raise _exists(target) from None
        else:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            return
    os.replace(temporary, target)


def _sync_folder(folder: str) -> None:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(fd)

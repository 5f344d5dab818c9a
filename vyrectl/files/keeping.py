"""Files that a command writes whole: one that vyrectl did not write last is never replaced without a copy of it.

Standard library only. What is written here bears a mark, an extended attribute that holds inode, size and time of the
last change: whatever somebody else wrote, changed or copied there since has others. The invariant: what is replaced
bears that mark, or is what takes its place byte for byte, or has a backup of its bytes; where the file system holds no
such attributes, any backup beside the file counts, so that a file that is written again and again leaves one copy.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress

from vyrectl.files.backup import backup_names, is_backed_up
from vyrectl.files.replace import FileIdentity, Part, StrPath, replace_file
from vyrectl.files.same import has_content
from vyrectl.files.telling import tell

MARK = "user.vyrectl.written"
"""The extended attribute of what was written here."""

_NO_MARKS = {errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems answer that hold no extended attributes; some systems have no call for them."""


def replace_kept(
    path: StrPath, parts: Iterable[Part], *, backup: bool = False, exclusive: bool = False
) -> str | None:
    """Write a whole file, and keep what was there unless it was written here.

    Args:
        path: What to replace or create.
        parts: The new content, one part after the other.
        backup: Keep the old file also where it was written here.
        exclusive: Only create; an existing file is an error.

    Returns:
        The backup's name, None where there is none.

    Raises:
        FileError: As `replace_file`; the old bytes stay.
    """
    if not (backup or exclusive) and _may_be_lost(path):
        parts = list(parts)
        backup = not has_content(path, parts)
    written = replace_file(path, parts, backup=backup, exclusive=exclusive)
    with suppress(OSError, AttributeError):
        os.setxattr(path, MARK, _mark(written.identity))
    return written.backup


def write_kept(path: StrPath, parts: Iterable[Part], *, exclusive: bool = False) -> None:
    """`replace_kept` that tells what the old file is called now.

    Raises:
        FileError: As there.
    """
    kept = replace_kept(path, parts, exclusive=exclusive)
    if kept is not None:
        tell(f"{os.fspath(path)}: the old one is {kept}")


def _may_be_lost(path: StrPath) -> bool:
    """True for a file with bytes that were not written here, and that no backup holds."""
    try:
        identity = FileIdentity.of(os.stat(path))
    except OSError:
        return False
    if not identity.size_bytes:
        return False
    try:
        if os.getxattr(path, MARK) == _mark(identity):
            return False
    except (OSError, AttributeError) as error:
        if getattr(error, "errno", errno.ENOSYS) in _NO_MARKS:
            return not os.path.lexists(next(backup_names(path)))
    return not is_backed_up(path)


def _mark(identity: FileIdentity) -> bytes:
    return f"{identity.inode} {identity.size_bytes} {identity.mtime_ns}".encode()

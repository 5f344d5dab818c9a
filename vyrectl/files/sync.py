"""Waits until a file is on its disk, where the file system can say so: one that cannot is no failed disk.

Standard library only.
"""

from __future__ import annotations

import errno
import os

CANNOT_SYNC = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a file system answers that knows no syncing."""


def sync_file(fd: int) -> None:
    """Wait until a file is on the disk.

    Raises:
        OSError: The disk failed.
    """
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:
            raise

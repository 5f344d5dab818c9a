"""The file that will take a large ring's place, begun while the device gets ready, which takes longer than the copy.

The invariant: what cannot be begun is not missed; the result is then written when it is there, or refused in the usual
words. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from vyrectl.errors import FileError
from vyrectl.files import successor
from vyrectl.files.place import StrPath, check_place, check_room

if TYPE_CHECKING:
    from vyrectl.files.successor import Successor
    from vyrectl.hosting.request import FileLaunch
    from vyrectl.ring.file import Ring


def begin_ahead(
    request: FileLaunch, ring: Ring, outputs: Iterable[tuple[StrPath, int]] = (), *, forks: bool = False
) -> Successor | None:
    """Begin the ring's successor with its bytes in it; None where it is small, no whole file, or cannot be begun.

    Args:
        request: The launch.
        ring: Its ring, as it was opened.
        outputs: Other files that are to be written, and their bytes.
        forks: See `Successor.begin`.
    """
    if ring.identity is None or ring.identity.size_bytes < successor.LEAST_BYTES:
        return None
    target = request.output or os.path.realpath(request.ring)
    with suppress(FileError):
        check_place(target)
        check_room([(target, ring.identity.size_bytes), *outputs])
        return successor.Successor.begin(target, request.ring, ring.identity, forks=forks)
    return None

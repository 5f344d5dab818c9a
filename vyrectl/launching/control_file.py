"""Control buffers (spec 3.1) as files: read as they are, written atomically. Imports numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.errors import InvalidInputError
from vyrectl.files.keeping import write_kept
from vyrectl.files.whole import read_whole
from vyrectl.ring.kinds import FileKind
from vyrectl.ring.refusals import refuse_beside


def load_control(path: Path) -> NDArray[np.uint32]:
    """Read a control buffer.

    Returns:
        Its words, u32, at least 160 of them.

    Raises:
        FileError: It cannot be read.
        OtherKindError: It is a file of another kind.
        InvalidInputError: Not a whole number of words, or too short for the wire.
    """
    data = read_whole(path, doing="read the control buffer")
    refuse_beside(data, str(path), FileKind.CONTROL)
    if len(data) % WORD_BYTES:
        raise InvalidInputError(
            f"{len(data)} bytes are no whole number of words: {len(data) % WORD_BYTES} are left over",
            where=str(path),
            fix="Give a dump of the whole control buffer",
        )
    words = np.frombuffer(data, "<u4").astype(np.uint32)
    if len(words) < OBSERVABLE_FIRST:
        raise InvalidInputError(
            f"{len(words)} words are too few: the wire has {OBSERVABLE_FIRST} before the observables",
            where=str(path),
            fix="Give a dump of the whole control buffer",
        )
    return words


def save_control(path: Path, words: NDArray[np.uint32]) -> None:
    """Write a control buffer atomically; one that vyrectl did not write is kept as ``PATH.bak``.

    Raises:
        FileError: It cannot be written.
    """
    write_kept(path, [words.astype("<u4").tobytes()])

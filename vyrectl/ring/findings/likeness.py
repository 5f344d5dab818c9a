"""What bytes look like that are no ring: another kind of file, the other byte order, a ring further inside.

May import numpy inside functions. Guesses only: they word a finding and suggest an option, they never decide
what is read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES, SLOT_WORDS
from vyrectl.abi.states import TaskState
from vyrectl.ring.findings.start import LEAST_UNKNOWN, find_start

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC: Mapping[bytes, str] = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x7fELF": "an ELF program or library",
    b"\x93NUMPY": "a numpy array file",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "gzip-compressed data",
    b"(\xb5/\xfd": "zstd-compressed data",
    b"\xfd7zXZ\x00": "xz-compressed data",
    b"%PDF": "a PDF document",
    b"SQLite format 3\x00": "an SQLite database",
    b"VRRL0001": "a replay log",
    b"\x00asm": "a WebAssembly module",
}
"""First bytes of a file -> what it is. Each makes the first slot's state word an unknown one."""

SAMPLED_SLOTS = 1 << 18
"""So many state words are counted quickly without numpy."""

HEAD_BYTES = 4096
"""How much of the beginning `foreign_kind` wants."""

_TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\v\f\r\x1b") | frozenset(range(0x80, 0x100))
LEAST_ASCII = 3
"""Text in an 8-bit code page has at most one other character among so many."""


def foreign_kind(head: bytes) -> str | None:
    """What kind of file begins with these bytes, or None when nothing speaks against a ring."""
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            return kind
    return "text" if is_text(head) else None


def is_text(head: bytes) -> bool:
    """True when these first bytes hold printable characters and line ends alone: UTF-8, or mostly ASCII."""
    if not head or not _TEXT.issuperset(head):
        return False
    foreign = sum(map((0x7F).__lt__, head))
    return LEAST_ASCII * foreign <= len(head) or _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    """True for UTF-8 that may be cut inside its last character."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(head) and error.reason == "unexpected end of data"
    return True


def why_no_ring(head: bytes, data: memoryview) -> str | None:
    """Why bytes look like no ring, or None when nothing speaks against one.

    Nothing heavy is loaded for a ring; where numpy is not loaded already, `SAMPLED_SLOTS` slots of a longer one are
    looked at, evenly spread.

    Args:
        head: What they begin with, up to `HEAD_BYTES`.
        data: The whole slots among them.
    """
    kind = foreign_kind(head)
    if kind is not None:
        return f"this looks like {kind} and not like a ring"
    count, total = _count_unknown(data)
    if count < LEAST_UNKNOWN or 2 * count <= total:
        return _header(data) if count else None
    import numpy as np

    states = np.frombuffer(data, dtype="<u4")[::SLOT_WORDS]
    text = f"{count} of {total} state words are no states"
    is_reversed = is_other_byte_order(states[states >= len(TaskState)])
    return f"{text}: the words are in the other byte order" if is_reversed else text


def _count_unknown(data: memoryview) -> tuple[int, int]:
    """How many state words are no states, and of how many."""
    if "numpy" in sys.modules:
        import numpy as np

        states = np.frombuffer(data, dtype="<u4")[::SLOT_WORDS]
        return int(np.count_nonzero(states >= len(TaskState))), len(states)
    slots = len(data) // SLOT_BYTES
    words = data.cast("I")[:: SLOT_WORDS * (1 + slots // SAMPLED_SLOTS)]
    return sum(map(len(TaskState).__le__, words)), len(words)


def _header(data: memoryview) -> str | None:
    """Why a good ring behind bytes that are no slots is not one from its beginning on; None where it is."""
    start = find_start(data, len(data))
    if start is None or start.offset % SLOT_BYTES or not start.is_sure:
        return None
    return start.why


def is_other_byte_order(states: NDArray[np.uint32]) -> bool:
    """True when these unknown state words, shape (n,), are states once their bytes are reversed."""
    return len(states) > 0 and bool(
        ((states & 0xFFFFFF) == 0).all() and ((states >> 24) < len(TaskState)).all()
    )

"""The look before a write: what `check` calls no ring is refused by whatever would change or launch it.

Loads numpy only for what is refused, or where it is loaded already: a launch looks before it forks. Every edit opens
its ring here (`vyrectl.edit.write`), a launch looks before it locks or claims anything. The invariant: nothing is made
or written, and the answers are those of `check` (`vyrectl.ring.findings.likeness`) and `open` (`vyrectl.ring.kinds`).
"""

from __future__ import annotations

import os

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.errors import NotARingError, OtherKindError
from vyrectl.files.replace import StrPath
from vyrectl.ring.dumps import Parts, find_parts
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.likeness import HEAD_BYTES, why_no_ring
from vyrectl.ring.findings.start import start_in_file
from vyrectl.ring.kinds import Certainty, FileKind, Verdict, file_bytes, identify
from vyrectl.ring.refusals import other_kind_error, place_error, why_not

_RINGLESS = frozenset(
    {FileKind.CONTROL, FileKind.DEBUG_LOG, FileKind.IO_QUEUE, FileKind.REPLAY_LOG, FileKind.SIDECAR}
)
"""What has no ring anywhere; a file of any other kind may have one behind what it begins with."""


def look_before_write(path: StrPath, *, force: bool = False) -> None:
    """Refuse a file that is no ring, before anything of it is locked, claimed or written.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is not a whole number of slots.
        OtherKindError: It is a file of another kind, and `force` is False.
        NotARingError: It does not look like a ring, and `force` is False.
    """
    open_to_write(path, force=force).close()


def open_to_write(path: StrPath, *, offset: int = 0, count: int | None = None, force: bool = False) -> Ring:
    """Open a ring to read it, with a mind to change it.

    Args:
        path: A file that is meant to be a ring.
        offset: Bytes before the first slot.
        count: Slots to take; by default everything up to the end.
        force: Also take what does not look like a ring.

    Raises:
        FileError: It cannot be read.
        RingFormatError: It is not a whole number of slots; says where a ring seems to start.
        OtherKindError: It is a file of another kind, or the span is not of its ring alone, and `force` is False; says
            the same.
        NotARingError: It does not look like a ring, and `force` is False; says the same.
    """
    if not force:
        _refuse_other_place(path, offset, count)
    ring = Ring.open(path, offset=offset, count=count)
    if not force:
        try:
            _refuse_stranger(ring, path, offset)
        except BaseException:
            ring.close()
            raise
    return ring


def _refuse_other_place(path: StrPath, offset: int, count: int | None) -> None:
    """Refuse a file of another kind, and a span that leaves the ring among several buffers or begins inside a slot."""
    name = os.fspath(path)
    with file_bytes(path) as data:
        verdict = identify(data)
        why = _why_out_of_place(data, verdict, offset, count)
    if why is not None:
        error: OtherKindError | None = place_error(verdict, name, why)
    elif offset or (verdict.ring_options and count is not None):
        error = None
    else:
        error = other_kind_error(verdict, name, override="--force")
    if error is not None:
        error.again = verdict.ring_options
        raise error


def out_of_place(path: StrPath, offset: int, count: int | None) -> str | None:
    """What is wrong with the span of a file that somebody asks for, and where its ring lies; None where nothing is.

    A file of several buffers has its ring in one place, in a ring a slot begins every 64 bytes, and a control buffer, a
    log or a queue has none.

    Raises:
        FileError: The file cannot be read.
    """
    with file_bytes(path) as data:
        verdict = identify(data)
        why = _why_out_of_place(data, verdict, offset, count)
    return why and "; ".join(
        filter(None, (why, verdict.ring_span and f"its ring is read with {verdict.ring_span}"))
    )


def _why_out_of_place(data: memoryview, verdict: Verdict, offset: int, count: int | None) -> str | None:
    if not offset and count is None:
        return None
    if verdict.parts is not None:
        size_bytes = len(data) - offset if count is None else count * SLOT_BYTES
        return _why_outside(_cut_as_asked(data, verdict.parts, count), offset, size_bytes)
    if verdict.certainty is Certainty.UNSURE:
        return None
    if verdict.kind is FileKind.RING and verdict.start is None and offset % SLOT_BYTES:
        return f"this is a ring from its first byte on, and no slot begins at byte {offset}"
    return why_not(verdict) if verdict.kind in _RINGLESS else None


def _cut_as_asked(data: memoryview, parts: Parts, count: int | None) -> Parts:
    """The cut that gives the ring as many slots as were asked for, where the bytes leave that open."""
    if count is None or count not in parts.others:
        return parts
    return find_parts(data, has_control=parts.part(FileKind.CONTROL) is not None, slots=count) or parts


def _why_outside(parts: Parts, offset: int, size_bytes: int) -> str | None:
    """What is wrong with a span of a file of several buffers; None when it lies slot by slot in the ring."""
    ring = parts.part(FileKind.RING)
    if ring is None:
        return "this holds several buffers, and no ring is among them"
    if (offset - ring.offset) % SLOT_BYTES:
        return f"this holds several buffers, and no slot begins at byte {offset}"
    if offset < ring.offset or offset + size_bytes > ring.end:
        last = offset + size_bytes - 1
        return (
            f"this holds several buffers, and bytes {offset} to {last} are not of the ring alone, "
            f"which lies from {ring.offset} to {ring.end - 1}"
        )
    return None


def _refuse_stranger(ring: Ring, path: StrPath, offset: int) -> None:
    why = why_no_ring(bytes(ring.data[:HEAD_BYTES]), ring.data)
    if why is not None:
        start = start_in_file(path, offset)
        if start is None:
            raise NotARingError(why, where=os.fspath(path))
        raise NotARingError(why, where=os.fspath(path), offset=offset + start.offset, count=start.count)

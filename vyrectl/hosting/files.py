"""The files of a launch: held against each other before it, its ring locked, a result without a place kept beside.

Standard library only. The invariant: a launch that begins has a place for everything that it is to save.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.engine.buffer_files import buffer_files, note_buffers
from vyrectl.engine.ops import OpSource
from vyrectl.engine.saving import RESCUED_SUFFIX, places_beside
from vyrectl.engine.saving import rescue as save_rescued
from vyrectl.errors import FileError, RingHeldError, UsageError
from vyrectl.files.replace import replace_file
from vyrectl.files.ring_lock import holder_of
from vyrectl.files.window import window
from vyrectl.hosting.request import FileLaunch
from vyrectl.ring.contents import CONTROL, DEBUG_LOG, REPLAY_LOG, RING, TRACE
from vyrectl.ring.outputs import STDOUT_NAMES, Outputs
from vyrectl.ring.store import fill_holes
from vyrectl.sidecar.hold import Hold, hold
from vyrectl.sidecar.note import noted

if TYPE_CHECKING:
    from vyrectl.hosting.supervisor import Message
    from vyrectl.ring.file import Ring


def files_of(request: FileLaunch) -> Outputs:
    """Everything that a launch reads and writes."""
    files = Outputs()
    files.reads_ring(request.ring)
    for source in request.options.ops:
        files.reads("--ops", source.path if isinstance(source, OpSource) else source)
    files.reads("--control", request.control)
    for option, path in request.reads:
        files.reads(option, path)
    files.writes("--output", request.output, RING, is_ring=True)
    note_buffers(files, map(buffer_files, request.buffers))
    files.writes("--save-control", request.save_control, CONTROL)
    files.writes("--debug-log", request.debug_log, DEBUG_LOG)
    trace = request.options.trace
    files.writes("--trace", None if callable(trace) else trace, TRACE)
    _refuse_stdout_log(request.record)
    files.writes("--record", request.record, REPLAY_LOG, appends=True)
    return files


def _refuse_stdout_log(path: Path | None) -> None:
    """Raises UsageError for `-`: a replay log is a ring of records, which a pipe cannot be."""
    if str(path) in STDOUT_NAMES:
        raise UsageError("a replay log is appended to, and standard output is no file", fix="Name a file")


def check_files(request: FileLaunch) -> None:
    """Find out before a launch whether all that it is to save can be.

    Raises:
        UsageError: Two of its files are one.
        FileError: A folder is missing, or may not be written.
        OtherKindError: One would replace a file of another kind.
        RingHeldError: Another process holds the ring that the result is to replace.
    """
    files_of(request).check()
    if request.output is not None:
        holder = holder_of(request.output)
        if holder is not None:
            raise RingHeldError(request.output, holder)


@contextmanager
def held_for(request: FileLaunch, watch: Callable[[Message], None]) -> Iterator[Hold | None]:
    """The lock of the ring that a launch changes, which has room for all of it; None where the result goes elsewhere.

    Such a launch leaves a note in memory instead (`vyrectl.sidecar.note`), by which others find it.
    `watch` is told what was finished of the work of a launch that was killed.

    Raises:
        RingHeldError: Another process holds it.
        RingFormatError: Its length is none of a ring; its holes stay.
        FileError: The disk has no room for its holes.
    """
    if request.output is not None:
        with noted(request.ring, None if request.to_stdout else request.output):
            yield None
        return
    with hold(request.ring, role="launch") as held:
        if len(held.settled):
            watch({"settled": held.settled.to_record()})
        window(os.stat(request.ring).st_size, 0, None, where=str(request.ring))
        fill_holes(request.ring)
        yield held


def rescue(error: FileError, request: FileLaunch, ring: Ring) -> None:
    """Save a result that its place refused beside it, or beside the launched ring; the error says where."""
    wanted = request.output or request.ring
    beside = [Path(f"{one}{RESCUED_SUFFIX}") for one in dict.fromkeys((wanted, request.ring))]
    places = dict.fromkeys([*beside, *places_beside(wanted, [])])
    save_rescued(error, places, lambda place: replace_file(place, [ring.data], exclusive=True))

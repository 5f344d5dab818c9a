"""The sidecar as a file: made whole under another name, and held to what its header claims. Standard library only."""

from __future__ import annotations

import mmap
import os
import stat
import struct
from contextlib import suppress

from vyrectl.abi import control as control_abi
from vyrectl.abi import live as abi
from vyrectl.abi import watch as watch_abi
from vyrectl.errors import SidecarError
from vyrectl.files.replace import StrPath
from vyrectl.files.room import take_room
from vyrectl.shell import file_argument

_MAGIC = struct.pack("<2I", *abi.MAGIC)


def building_path(path: str) -> str:
    """What a sidecar is called until it is whole."""
    return f"{path}.new"


def create_mapping(path: str, size_bytes: int, ring: StrPath) -> mmap.mmap:
    """A zeroed file of its full length, under the name it has while it is built; whoever calls holds the ring.

    Raises:
        OSError: It cannot be made.
    """
    temporary = building_path(path)
    _clear_away(temporary)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o600)
    try:
        with suppress(OSError):
            os.fchmod(fd, stat.S_IMODE(os.stat(ring).st_mode) & 0o666)
        take_room(fd, size_bytes)
        return mmap.mmap(fd, size_bytes)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        os.close(fd)


def _clear_away(temporary: str) -> None:
    """Remove what a killed launch left while it built its sidecar: nothing yet, zeros, or a sidecar.

    Raises:
        SidecarError: It is something else.
    """
    try:
        fd = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    except OSError as error:
        raise somebody_elses(temporary, (error.strerror or str(error)).lower()) from error
    try:
        is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        head = os.pread(fd, len(_MAGIC), 0) if is_file else b"?"
    finally:
        os.close(fd)
    if head not in (b"", bytes(len(_MAGIC)), _MAGIC):
        raise somebody_elses(temporary, "it does not begin as a sidecar does")
    os.unlink(temporary)


def layout_of(words: memoryview, path: str) -> abi.LiveLayout:
    """The layout that a file claims, held to what `LiveLayout` makes of the same numbers.

    Raises:
        SidecarError: Another kind of file, another version, or a header that lies.
    """
    word = abi.WORD
    if (words[0], words[1]) != abi.MAGIC:
        raise somebody_elses(path, "it does not begin as a sidecar does")
    version = words[word["VERSION"]]
    if version not in abi.VERSIONS:
        known = " and ".join(map(str, abi.VERSIONS))
        raise malformed(path, f"its version is {version} and this vyrectl knows {known}")
    sizes = [words[word[name]] for name in ("SLOTS", "WORKERS", "CONTROL_WORDS", "ONCE_WORDS")]
    watched = (
        [words[word[name]] for name in ("WATCH_SEATS", "WATCH_STRIDE", "QUOTA_ROWS")] if version > 1 else []
    )
    given = [words[word["OPS_WORDS"]]] if version > 2 else []
    layout = abi.LiveLayout.of(*sizes, *watched, *given)
    fits = (
        layout.watch <= watch_abi.MOST_SEATS
        and (not layout.watch or layout.stride in watch_abi.STRIDES)
        and layout.quotas <= abi.MOST_QUOTAS
        and (version == 1 or words[word["WATCH_FIRST"]] == layout.watch_first)
        and (version == 1 or words[word["QUOTA_FIRST"]] == layout.quota_first)
        and layout.ops <= abi.MOST_OPS
        and (version < 3 or words[word["OPS_FIRST"]] == layout.ops_first)
        and layout.workers <= abi.MOST_WORKERS
        and layout.once <= abi.MOST_ONCE
        and layout.control_words >= control_abi.OBSERVABLE_FIRST
        and words[word["INBOX_CAPACITY"]] == layout.capacity
        and words[word["CONTROL_FIRST"]] == layout.control
        and words[word["EDITORS"]] == abi.EDITORS
        and words[word["ONCE_FIRST"]] == layout.once_first
        and len(words) == layout.words
    )
    if not fits:
        raise malformed(path, f"its {len(words)} words do not match its own header")
    return layout


def somebody_elses(path: str, why: str) -> SidecarError:
    """The error for a file that bears a sidecar's name and is none: it is the user's, and nothing happens to it."""
    return SidecarError(
        f"no live sidecar, but a file of something else, which keeps its content: {why}",
        where=path,
        fix="Move that file or the ring to another name",
    )


def malformed(path: str, why: str) -> SidecarError:
    """The error for a file that cannot be used as a sidecar; it may be all that tells what must not run twice."""
    return SidecarError(
        f"the live sidecar cannot be used: {why}",
        where=path,
        fix="Let the launch end, and recover with the vyrectl that ran it; where none runs and that is not to be had, "
        f"keep the file under another name: mv -n {file_argument(path)} {file_argument(f'{path}.kept')}",
    )

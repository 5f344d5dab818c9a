"""What one command reads and writes, held against each other before its work.

Standard library only. A command lists its files once, under the names of its options, and calls `check`. The
invariant: whatever passes, no output is an input, another output, or a file that keeps a ring (its lock, its live
sidecar, its backup), whichever names lead to it: files are compared by device and inode, and what is not there yet
by its folder and name. And none takes the place of a file of another kind than the one that it holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import UsageError
from vyrectl.files.place import StrPath, check_place
from vyrectl.files.ring_lock import LIVE_SUFFIX, LOCK_SUFFIX

if TYPE_CHECKING:
    from vyrectl.ring.contents import Content

STDOUT = "-"
"""The path that means standard output, or standard input for what is read."""

STDOUT_NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""Every path that means standard output where a file is written; what runs a launch has another one of its own."""

PARTIAL_SUFFIX = ".partial"
"""What an output that a launch maps is called until it is whole."""

_KEEPERS = {
    LOCK_SUFFIX: "lock",
    LIVE_SUFFIX: "live sidecar",
    f"{LIVE_SUFFIX}.new": "live sidecar",
    ".bak": "backup",
}
"""Files beside a ring that are the ring's own."""

_Key = tuple[int, int, str] | str


@dataclass(frozen=True, slots=True)
class _File:
    """A file and how a message calls it: `option` as the user named it, `role` as another option met it."""

    option: str
    path: str
    role: str
    key: _Key
    appends: bool = False
    holds: Content | None = None
    is_ring: bool = False


class Outputs:
    """The files of one command.

    Every method takes the option's name as the user knows it, and does nothing without a path, so that options that
    were not given need no care.

    Args:
        force: What the command's `--force` says of files of another kind; None for a command without it.
    """

    def __init__(self, *, force: bool | None = None) -> None:
        self._force = force
        self._inputs: list[_File] = []
        self._written: list[_File] = []
        self._beside: list[_File] = []

    def reads(self, option: str, path: StrPath | None) -> None:
        """Note a file that is read."""
        if path is not None and os.fspath(path) not in ("", STDOUT):
            self._inputs.append(_file(option, path, f"what {option} reads"))

    def reads_ring(self, path: StrPath | None) -> None:
        """Note a ring, and with it the files beside it that are its own."""
        if path is None or os.fspath(path) == STDOUT:
            return
        self._inputs.append(_file("RING", path, "the ring itself"))
        self._inputs += _kept_beside("RING", path, "the ring's")

    def writes(
        self,
        option: str,
        path: StrPath | None,
        holds: Content | None,
        *,
        appends: bool = False,
        is_ring: bool = False,
        is_mapped: bool = False,
    ) -> None:
        """Note a file that is written.

        Args:
            option: How the command line calls what is written, for messages.
            path: Where to, `-` for standard output.
            holds: What it will be; None where the command itself says which file may be replaced.
            appends: It is added to and not replaced.
            is_ring: A ring: its lock and its sidecar are written with it.
            is_mapped: It lies under another name (`PARTIAL_SUFFIX`) until it is whole.
        """
        if path is None:
            return
        role = f"what {option} writes"
        self._written.append(_file(option, path, role, appends=appends, holds=holds, is_ring=is_ring))
        if os.fspath(path) == STDOUT:
            return
        if is_ring:
            self._beside += _kept_beside(option, path, f"for {option} the ring's")
        if is_mapped:
            self._beside.append(_file(option, os.path.realpath(path) + PARTIAL_SUFFIX, role))

    def check(self) -> None:
        """Hold all of them against each other, then each output against its place; nothing is written.

        Raises:
            UsageError: An output is an input, another output, or a file that keeps a ring.
            FileError: There is no such folder, or it may not be written.
            OtherKindError: It would replace a file of another kind.
        """
        self.check_clashes()
        for one in self._written:
            if one.path != STDOUT:
                check_place(one.path, appends=one.appends)
                self._check_content(one)

    def _check_content(self, one: _File) -> None:
        if one.holds is not None and not self._force:
            from vyrectl.ring.contents import check_replaceable

            check_replaceable(one.option, one.path, one.holds, is_forcible=self._force is not None)

    def check_clashes(self) -> None:
        """The first half of `check`: names alone, and no look at permissions.

        Raises:
            UsageError: As there.
        """
        for number, one in enumerate(self._written):
            for other in (*self._inputs, *self._written[:number], *self._others_beside(one)):
                if one.key == other.key:
                    raise _clash(one, other)
        for one in self._beside:
            for other in self._inputs:
                if one.key == other.key:
                    raise _clash(one, other)
        for one in self._written:
            _refuse_keeper(one)

    def _others_beside(self, one: _File) -> Iterator[_File]:
        return (other for other in self._beside if other.option != one.option)


def same_file(one: StrPath, other: StrPath) -> bool:
    """True when two paths lead to one file, be it there or not."""
    return _key(one) == _key(other)


def _refuse_keeper(one: _File) -> None:
    """Refuse a name that a ring beside it keeps for itself, also where the command has nothing to do with that ring.

    Raises:
        UsageError: It is the name of a lock or of a live sidecar.
    """
    target = os.path.realpath(one.path)
    for suffix in (LOCK_SUFFIX, LIVE_SUFFIX):
        ring = target.removesuffix(suffix)
        if ring != target and one.path != STDOUT and _could_be_ring(ring):
            raise UsageError(
                f"{one.option} names the {_KEEPERS[suffix]} of {os.path.basename(ring)}, which lies beside it",
                where=one.path,
                fix="Give it another name",
            )


def _could_be_ring(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0 and status.st_size % SLOT_BYTES == 0


def _file(
    option: str,
    path: StrPath,
    role: str,
    *,
    appends: bool = False,
    holds: Content | None = None,
    is_ring: bool = False,
) -> _File:
    text = os.fspath(path)
    return _File(option, text, role, text if text == STDOUT else _key(text), appends, holds, is_ring)


def _kept_beside(option: str, path: StrPath, whose: str) -> list[_File]:
    target = os.path.realpath(path)
    beside = [_file(option, target + suffix, f"{whose} {name}") for suffix, name in _KEEPERS.items()]
    own = _key(target)
    return [one for one in beside if one.key != own]


def _key(path: StrPath) -> _Key:
    target = os.path.realpath(path)
    for place, name in ((target, ""), (os.path.dirname(target), os.path.basename(target))):
        try:
            status = os.stat(place)
        except OSError:
            continue
        return status.st_dev, status.st_ino, name
    return target


def _clash(one: _File, other: _File) -> UsageError:
    if one.path == STDOUT:
        return UsageError(
            f"{other.option} and {one.option} both go to standard output", fix="Name a file for one of them"
        )
    fix = "Give each output a file of its own"
    if one.is_ring and one.option == "--output" and other.role == "the ring itself":
        fix = "Leave --output out: the ring itself then holds the result"
    what = f"{one.option} names {other.role}"
    if (
        one.option.startswith("--buffer")
        and other.role.startswith("what --buffer")
        and " writes" in other.role
    ):
        what = f"two buffers are saved as {one.path}"
    return UsageError(what, where=one.path, fix=fix)

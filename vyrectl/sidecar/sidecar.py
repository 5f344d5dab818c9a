"""The live sidecar `RING.live`: the file in which a launch in place meets editors, feeders and readers.

Standard library only; the layout is `vyrectl.abi.live`. A launch creates the file under the ring's lock, under another
name first, so that nobody opens half of one; it removes it at its end, and a dead launch leaves it to `recover`. The
invariants: an existing sidecar is never truncated or reused (others may have it mapped), and between the launch's
CLOSING and its last write no editor holds a slot.

Its words are `vyrectl.sidecar.words`, what is offered to workers `vyrectl.sidecar.inbox`, what the dead leave
`vyrectl.sidecar.records`.
"""

from __future__ import annotations

import mmap
import os
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from vyrectl.abi import live as abi
from vyrectl.abi.limits import U32_MAX, WORD_BYTES
from vyrectl.errors import FileError, SidecarError
from vyrectl.files import shrinking
from vyrectl.files.replace import FileIdentity, StrPath
from vyrectl.files.ring_lock import LIVE_SUFFIX, is_held
from vyrectl.files.written import note_writing
from vyrectl.sidecar.inbox import Inbox
from vyrectl.sidecar.mapping import building_path, create_mapping, layout_of, somebody_elses
from vyrectl.sidecar.process import Process
from vyrectl.sidecar.records import Records
from vyrectl.sidecar.words import LiveWords

CLOSE_SECONDS = 5.0
"""How long a closing launch waits for editors that hold a slot; one that is dead is not waited for."""

_PATIENCE = {
    abi.STATE_OPENING: (10.0, "the launch is still getting ready"),
    abi.STATE_CLOSING: (0.3, "the launch lets nobody change its ring: it verifies, or is about to end"),
}
"""How long an editor waits before a launch that lives and lets nobody in, and what it says then."""

_NAP = 0.01
_NEVER_WAITED = 0.0005


def sidecar_path(ring: StrPath) -> str:
    """Where the sidecar of a ring lies: beside the file that the path leads to."""
    return os.path.realpath(ring) + LIVE_SUFFIX


class Sidecar(LiveWords):
    """A mapped sidecar. Made by `create` (the launch) or `open` (everybody else); close it, or use it with `with`."""

    @property
    def inbox(self) -> Inbox:
        """What is offered to the workers."""
        return Inbox(self)

    @property
    def records(self) -> Records:
        """What workers and editors keep for whoever comes after their death."""
        return Records(self)

    # --- opening and ending -----------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        ring: StrPath,
        identity: FileIdentity,
        slots: int,
        *,
        workers: int,
        control_words: int,
        once: Sequence[int] = (),
        gated: bool = False,
        watch: int = 0,
        stride: int = 0,
        quotas: Mapping[int, int] | None = None,
        ops: Sequence[int] = (),
    ) -> Sidecar:
        """Make the sidecar of a launch, which holds the ring's lock; its state is OPENING until `open_doors`.

        A sidecar that an earlier launch left is replaced: settle it first (`vyrectl.sidecar.crash`).

        Args:
            ring: The ring's path.
            identity: Which file the launch works on.
            slots: Length of the ring.
            workers: Redo records, 1 to `MOST_WORKERS`.
            control_words: Length of the control buffer, at least 160.
            once: Op handles that may not run twice; `recover` faults their orphans.
            gated: The launch heeds the masks and quotas of its control buffer.
            watch: Workers' seats (`vyrectl.abi.watch`), 0 for none.
            stride: Words of each.
            quotas: Tenant -> most claims of it.
            ops: Handles of operations that the launch was given beside the shipped ones.

        Raises:
            FileError: It cannot be written, or the disk is full.
        """
        bounds = sorted((quotas or {}).items())[: abi.MOST_QUOTAS]
        given = list(ops)[: abi.MOST_OPS]
        layout = abi.LiveLayout.of(
            slots, workers, control_words, len(once), watch, stride, len(bounds), len(given)
        )
        path = sidecar_path(ring)
        try:
            mapping = create_mapping(path, layout.bytes, ring)
        except OSError as error:
            raise FileError.from_os_error(error, path, doing="make the live sidecar") from error
        sidecar = cls(path, mapping, layout)
        sidecar._introduce(identity)
        for place, op_handle in enumerate(once):
            sidecar.words[layout.once_first + place] = op_handle
        for place, op_handle in enumerate(given):
            sidecar.words[layout.ops_first + place] = op_handle
        sidecar.words[abi.WORD["GATED"]] = int(gated)
        for place, (tenant, most) in enumerate(bounds):
            at = layout.quota_first + place * abi.QUOTA_WORDS
            sidecar.words[at], sidecar.words[at + 1], sidecar.words[at + 2] = tenant, most, most
        os.rename(building_path(path), path)
        return sidecar

    @classmethod
    def private(
        cls, slots: int, *, workers: int, control_words: int, watch: int = 0, stride: int = 0
    ) -> Sidecar:
        """The same words without a file, for a ring in the memory of this process; its path is empty."""
        layout = abi.LiveLayout.of(slots, workers, control_words, 0, watch, stride)
        sidecar = cls("", mmap.mmap(-1, layout.bytes), layout)
        sidecar._introduce(FileIdentity(0, 0, 0, 0))
        return sidecar

    @classmethod
    def open(cls, ring: StrPath, *, writable: bool = True) -> Sidecar:
        """Map the sidecar that lies beside a ring, whether its launch still lives or not.

        Raises:
            SidecarError: There is none, or it is of another version or malformed.
            FileError: It may not be opened.
        """
        path = sidecar_path(ring)
        if writable:
            note_writing(path)
        flags = (os.O_RDWR if writable else os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(path, flags)
        except FileNotFoundError:
            raise SidecarError("no launch in place is running this ring", where=path) from None
        except OSError as error:
            raise FileError.from_os_error(error, path, doing="open the live sidecar") from error
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size < abi.HEADER_WORDS * WORD_BYTES:
                raise somebody_elses(path, "it is too short")
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            mapping = mmap.mmap(fd, status.st_size, access=access)
            watched = shrinking.watch(mapping, path, status)
        finally:
            os.close(fd)
        words = memoryview(mapping).cast("I")
        opened = cls(path, mapping, layout_of(words, path))
        opened.watched = watched
        return opened

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def open_doors(self) -> None:
        """The launch's: everything is ready, editors may come."""
        self.words[abi.WORD["STATE"]] = abi.STATE_OPEN

    def shut_doors(self, seconds: float = CLOSE_SECONDS) -> list[int]:
        """The launch's: let no editor begin another slot, and wait for those that hold one.

        Returns:
            Editors' seats that did not come to rest: their processes are dead or stopped.
        """
        self._set_state(abi.STATE_CLOSING)
        deadline = time.monotonic() + seconds
        while busy := self.records.busy_editors():
            alive = [row for row in busy if self.records.editor_lives(row)]
            if not alive or time.monotonic() >= deadline:
                return busy
            time.sleep(_NEVER_WAITED)
        return []

    def remove(self) -> None:
        """The launch's, or `recover`'s: CLOSED, and the file goes away."""
        self._set_state(abi.STATE_CLOSED)
        with suppress(FileNotFoundError):
            if self.path:
                os.unlink(self.path)

    def _set_state(self, state: int) -> None:
        """Change the state; where libatomic is missing no editor can have come."""
        self.words[abi.WORD["STATE"]] = state
        with suppress(Exception):
            self.store(abi.WORD["STATE"], state)

    def _introduce(self, identity: FileIdentity) -> None:
        me = Process.current()
        values = {
            "MAGIC": abi.MAGIC[0],
            "MAGIC_END": abi.MAGIC[1],
            "VERSION": abi.VERSION,
            "SLOTS": self.layout.slots,
            "PID": me.pid,
            "PID_START_LOW": me.start & U32_MAX,
            "PID_START_HIGH": me.start >> 32 & U32_MAX,
            "RING_DEVICE_LOW": identity.device & U32_MAX,
            "RING_DEVICE_HIGH": identity.device >> 32 & U32_MAX,
            "RING_INODE_LOW": identity.inode & U32_MAX,
            "RING_INODE_HIGH": identity.inode >> 32 & U32_MAX,
            "WORKERS": self.layout.workers,
            "INBOX_CAPACITY": self.layout.capacity,
            "EDITORS": abi.EDITORS,
            "CONTROL_FIRST": self.layout.control,
            "CONTROL_WORDS": self.layout.control_words,
            "ONCE_FIRST": self.layout.once_first,
            "ONCE_WORDS": self.layout.once,
            "WATCH_FIRST": self.layout.watch_first,
            "WATCH_SEATS": self.layout.watch,
            "WATCH_STRIDE": self.layout.stride,
            "QUOTA_FIRST": self.layout.quota_first,
            "QUOTA_ROWS": self.layout.quotas,
            "OPS_FIRST": self.layout.ops_first,
            "OPS_WORDS": self.layout.ops,
        }
        for name, value in values.items():
            self.words[abi.WORD[name]] = value

    # --- whose it is ------------------------------------------------------------------------------------

    @property
    def state(self) -> int:
        """OPENING, OPEN, CLOSING or CLOSED."""
        return int(self.words[abi.WORD["STATE"]])

    @property
    def process(self) -> Process:
        """The process that drives the device."""
        low, high = self.words[abi.WORD["PID_START_LOW"]], self.words[abi.WORD["PID_START_HIGH"]]
        return Process(self.words[abi.WORD["PID"]], high << 32 | low)

    def is_live(self) -> bool:
        """True while its launch lives and lets editors in."""
        return self.state == abi.STATE_OPEN and self.launch_lives()

    def await_open(self) -> None:
        """Wait until a launch that gets ready, or has shut its doors for a look, lets editors in.

        Raises:
            SidecarError: It lets nobody in, or none lives.
        """
        since: dict[int, float] = {}
        while not self.is_live():
            state, now = self.state, time.monotonic()
            if state not in _PATIENCE or not self.launch_lives():
                raise SidecarError("no launch in place is running this ring", where=self.path)
            seconds, why = _PATIENCE[state]
            if now - since.setdefault(state, now) >= seconds:
                raise SidecarError(why, where=self.path, fix="Run the command again, or wait for its end")
            time.sleep(_NAP)

    def launch_lives(self) -> bool:
        """True while the launch lives: its process is one of ours, or somebody holds the ring.

        The pid of a launch in another container says nothing here; its lock does. Whoever takes the lock after its
        death shuts the doors before anything else.
        """
        return self.process.is_alive() or (bool(self.path) and is_held(self.path.removesuffix(LIVE_SUFFIX)))

    def belongs_to(self, status: os.stat_result) -> bool:
        """True when this is the sidecar of that very file."""
        words, word = self.words, abi.WORD
        device = words[word["RING_DEVICE_HIGH"]] << 32 | words[word["RING_DEVICE_LOW"]]
        inode = words[word["RING_INODE_HIGH"]] << 32 | words[word["RING_INODE_LOW"]]
        return (device, inode) == (status.st_dev, status.st_ino)

    def once_ops(self) -> frozenset[int]:
        """Op handles of this launch that may not run twice."""
        first = self.layout.once_first
        return frozenset(self.words[first : first + self.layout.once].tolist())

    def given_ops(self) -> frozenset[int]:
        """Handles of operations that this launch was given beside the shipped ones."""
        first = self.layout.ops_first
        return frozenset(self.words[first : first + self.layout.ops].tolist())

    def quotas(self) -> dict[int, tuple[int, int]]:
        """Tenant -> most claims of it in this launch, and how many were left at the last round."""
        first, layout = self.layout.quota_first, self.layout
        words = self.words[first : first + layout.quotas * abi.QUOTA_WORDS].tolist()
        return dict(zip(words[::3], zip(words[1::3], words[2::3], strict=True), strict=True))

    def tell_quotas(self, left: Mapping[int, int]) -> None:
        """The launch's: what bounded tenants have left."""
        for place in range(self.layout.quotas):
            at = self.layout.quota_first + place * abi.QUOTA_WORDS
            self.words[at + 2] = left.get(self.words[at], self.words[at + 2])

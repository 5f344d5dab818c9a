"""The finished shards of a launch on other hosts, kept beside the ring until it is replaced: `RING.shards`.

A folder with a line for each shard (what went in, what came out, both as SHA-256) and a file for what came out. The
invariants: a line is written after its file is on the disk, so that every line can be believed; what does not fit the
ring as it is now is not looked at; one launch at a time keeps shards there. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from vyrectl.errors import FileError
from vyrectl.files import locks
from vyrectl.files.replace import replace_file
from vyrectl.hosting.supervisor import Message
from vyrectl.spread.sent import digest_of

SUFFIX = ".shards"
"""What is appended to the ring's name."""

LINES = "journal.jsonl"


class Journal:
    """What is known of one ring's shards.

    Args:
        target: The ring that is to be replaced.
        slots: Length of the ring.

    Attributes:
        folder: Where it is kept.
        shard_slots: How an earlier launch cut the ring; None for none.
    """

    def __init__(self, target: Path, slots: int) -> None:
        self.folder = Path(os.path.realpath(target) + SUFFIX)
        self._target, self._slots = target, slots
        self._known: dict[int, Message] = {}
        self._held: int | None = None
        self.shard_slots = self._read()

    def begin(self, shard_slots: int) -> None:
        """Keep what fits this cut, and nothing else; the folder is there from now on.

        Raises:
            FileError: It cannot be made, or a launch that lives keeps its own there.
        """
        try:
            self._hold()
            if self.shard_slots != shard_slots:
                self._clear()
            if not (self.folder / LINES).exists():
                self._append({"slots": self._slots, "shard_slots": shard_slots})
        except OSError as error:
            raise FileError.from_os_error(error, self.folder, doing="keep finished shards") from error
        self.shard_slots = shard_slots

    def find(self, number: int, into: str) -> bytes | None:
        """What came out of a shard, when these same bytes went in before; None when that is not known.

        Args:
            number: Number of the shard, from 0.
            into: Digest of all that goes in.
        """
        line = self._known.get(number)
        if line is None or line["in"] != into:
            return None
        try:
            data = self._file(line["out"]).read_bytes()
        except OSError:
            return None
        return data if digest_of(data) == line["out"] else None

    def keep(self, number: int, into: str, data: bytes) -> None:
        """Keep what came out of a shard.

        Raises:
            FileError: It cannot be written.
        """
        out = digest_of(data)
        replace_file(self._file(out), [data])
        try:
            self._append({"shard": number, "in": into, "out": out})
        except OSError as error:
            raise FileError.from_os_error(error, self.folder, doing="keep a finished shard") from error

    def remove(self) -> None:
        """The ring is whole: nothing is kept any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._known.clear()
        self.close()

    def close(self) -> None:
        """Let another launch keep its shards there."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _hold(self) -> None:
        """Make the folder, if need be, and take its lock, which goes with this process."""
        while self._held is None:
            self.folder.mkdir(exist_ok=True)
            fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if not _take(fd):
                os.close(fd)
                raise FileError(
                    "another launch keeps its finished shards here until its result is whole",
                    where=str(self.folder),
                    fix="Wait for it to end, or give this one a result of its own: --output NEW",
                )
            self._held = fd
            if not _is_at(fd, self.folder):
                self.close()  # whoever had it took it away meanwhile

    def _clear(self) -> None:
        for entry in os.scandir(self.folder):
            os.unlink(entry.path)
        self._known.clear()

    def _file(self, digest: str) -> Path:
        return self.folder / f"{digest}.npz"

    def _append(self, line: Message) -> None:
        with (self.folder / LINES).open("a", encoding="utf-8") as file:
            file.write(f"\n{json.dumps(line)}\n")  # one that a kill cut off spoils no other
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> int | None:
        """Every whole line that is there; a last one that was cut off is none."""
        try:
            text = (self.folder / LINES).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        shard_slots = None
        for line in text.splitlines():
            try:
                found = json.loads(line)
                if "shard_slots" in found:
                    shard_slots = int(found["shard_slots"]) if found["slots"] == self._slots else None
                else:
                    self._known[int(found["shard"])] = {"in": str(found["in"]), "out": str(found["out"])}
            except (ValueError, KeyError, TypeError):
                continue
        return shard_slots


def _take(fd: int) -> bool:
    """Take a folder's lock; a file system without locks lets everybody in."""
    try:
        return locks.take(fd)
    except OSError:
        return True


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except OSError:
        return False

"""Keeps what a device's compiler made, so that the next process need not wait for it.

One file an entry, named after the hash of everything that the binary depends on: platform, device, driver, compiler
options, the versions of vyrectl and pyopencl, and the whole text of the program with its includes pasted in, so that a
changed include is another program. The invariant: an entry is whole or it is not there. It is written beside its place
and renamed, carries a checksum, and whatever is damaged, refused or not this user's is built anew. Several processes
may read, write and drop entries at the same time; the least recently used go first when there are too many. What was
found out about a driver lies beside the programs under a suffix of its own: neither kind drives the other out. Standard
library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.opencl.surroundings import debugging_variable

VARIABLE = "VYRECTL_CACHE"
"""Environment variable: a folder to keep binaries in, or `off`."""

OFF = "off"
FOLDER = "vyrectl"

PROGRAMS, ANSWERS = ".kernel", ".answer"
"""The kinds of entries: built programs, and what `vyrectl.opencl.remembered` found out."""

MOST_BYTES: Mapping[str, int] = {PROGRAMS: 64 << 20, ANSWERS: 64 << 10}
"""What all entries of a kind may take together."""

STALE_SECONDS = 3600.0
"""Age at which an unfinished file is taken for the leavings of a process that died."""

_MAGIC = b"vyrectl kernel 1\n"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Entry:
    """A built program, or an answer.

    Attributes:
        binary: As the driver gave it; empty for an answer.
        facts: What else was found out.
    """

    binary: bytes
    facts: Mapping[str, bool] = field(default_factory=dict)


def cache_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """Where entries are kept; None when the cache is off, or this user has no folder for one.

    Args:
        environment: Variables; the process's own by default.
    """
    variables = os.environ if environment is None else environment
    named = variables.get(VARIABLE, "")
    if named:
        return None if named.lower() == OFF else _without_tilde(named, variables)
    shared = variables.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # the rule of that variable: others are ignored
        return Path(shared, FOLDER)
    usual = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
    home = home_folder(variables)
    return None if home is None else home.joinpath(*usual, FOLDER)


def home_folder(variables: Mapping[str, str] | None = None) -> Path | None:
    """The user's own folder; None for one who has none, as in many containers, or names it by a relative path."""
    named = (os.environ if variables is None else variables).get("HOME", "")
    if named:
        return Path(named) if os.path.isabs(named) else None
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        return None


def why_off(variables: Mapping[str, str]) -> str | None:
    """What keeps binaries from being kept, in a few words; None when nothing does."""
    if variables.get(VARIABLE, "").lower() == OFF:
        return VARIABLE
    if (debugging := debugging_variable(variables)) is not None:
        return debugging
    return "this user has no home folder" if cache_folder(variables) is None else None


def _without_tilde(named: str, variables: Mapping[str, str]) -> Path | None:
    """A folder as a shell would read its name; None for one below a home that is not there."""
    path = Path(named)
    if path.parts[0] != "~":
        return path
    home = home_folder(variables)
    return None if home is None else home.joinpath(*path.parts[1:])


def key_of(parts: Iterable[str]) -> str:
    """The name of what these texts lead to; another text or another border between two is another name."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode(errors="surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


class KernelCache:
    """The entries of one kind in one folder.

    Args:
        folder: Where they are; None for a cache that keeps nothing.
        most_bytes: What they may take together; by MOST_BYTES when None.
        kind: Their suffix, one of MOST_BYTES.
    """

    def __init__(self, folder: Path | None, most_bytes: int | None = None, kind: str = PROGRAMS) -> None:
        self._folder = folder
        self._most_bytes = MOST_BYTES[kind] if most_bytes is None else most_bytes
        self._kind = kind

    @classmethod
    def of_user(cls, kind: str = PROGRAMS) -> KernelCache:
        """The cache that this process's environment names."""
        return cls(None if why_off(os.environ) else cache_folder(), kind=kind)

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def get(self, key: str) -> Entry | None:
        """The entry of that name, marked as used now; None when there is none, or none that is whole."""
        path = self._path(key)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_uid != os.geteuid():
                    return None
                entry = _unpack(file.read())
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path) if entry else path.unlink()
        return entry

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry. A folder that cannot be written, or a full disk, keeps none and is no error."""
        path, data = self._path(key), _pack(entry)
        if path is None or len(data) > self._most_bytes:
            return
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, data)
            self._drop_oldest(keep=path)

    def drop(self, key: str) -> None:
        """Forget an entry."""
        path = self._path(key)
        if path is not None:
            with suppress(OSError):
                path.unlink()

    def _path(self, key: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{key}{self._kind}"

    def _drop_oldest(self, keep: Path) -> None:
        """Remove the least recently used entries until the rest fits, and what dead processes left behind."""
        entries = []
        with os.scandir(keep.parent) as found:
            for file in found:
                with suppress(OSError):
                    state = file.stat(follow_symlinks=False)
                    if file.name.endswith(self._kind):
                        entries.append((state.st_mtime_ns, state.st_size, file.path))
                    elif file.name.startswith(_UNFINISHED) and state.st_mtime < time.time() - STALE_SECONDS:
                        os.unlink(file.path)
        excess = sum(size for _, size, _ in entries) - self._most_bytes
        for _, size, path in sorted(entries):
            if excess <= 0:
                break
            if path != str(keep):
                with suppress(OSError):
                    os.unlink(path)
                excess -= size


def _write(path: Path, data: bytes) -> None:
    """The whole file or none; no sync, because a torn file is found out by its checksum."""
    unfinished = path.with_name(f"{_UNFINISHED}{os.getpid()}-{time.monotonic_ns()}")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _pack(entry: Entry) -> bytes:
    head = json.dumps({"facts": dict(entry.facts), "bytes": len(entry.binary)}).encode() + b"\n"
    return _MAGIC + hashlib.sha256(head + entry.binary).digest() + head + entry.binary


def _unpack(data: bytes) -> Entry | None:
    begin = len(_MAGIC)
    body = begin + hashlib.sha256().digest_size
    if not data.startswith(_MAGIC) or hashlib.sha256(data[body:]).digest() != data[begin:body]:
        return None
    head, _, binary = data[body:].partition(b"\n")
    return Entry(binary, json.loads(head)["facts"])

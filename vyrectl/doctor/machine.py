"""What of this machine matters to vyrectl beside its devices: versions, libatomic, locks, caches.

Standard library only; nothing slow or fragile is imported to find a version.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vyrectl._version import __version__
from vyrectl.abi import ABI_VERSION
from vyrectl.doctor.comforts import CACHES, FILES
from vyrectl.opencl import hints
from vyrectl.opencl.cache import cache_folder
from vyrectl.opencl.diagnosis import Check, Fact, Status
from vyrectl.shell import pip_install

SOFTWARE = "software"

PACKAGES = ("numpy", "pyopencl", "typer", "rich")
LEAST_PYTHON = (3, 11)
MOST_FILES = 100_000
"""Files of a cache that are counted before giving up."""

_LIBATOMIC = "libatomic.so.1"


def check_versions() -> Iterator[Check]:
    """Python, vyrectl itself and the packages that it needs."""
    python = platform.python_version()
    known = sys.version_info >= LEAST_PYTHON
    status = Status.OK if known else Status.ERROR
    yield Check(SOFTWARE, "python", status, f"{python}, {sys.executable}", facts={"version": python})
    yield Check(
        SOFTWARE, "vyrectl", Status.OK, f"{__version__}, ABI {ABI_VERSION}", facts={"version": __version__}
    )
    for package in PACKAGES:
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Check(SOFTWARE, package, Status.ERROR, "is not installed", pip_install(package))
        else:
            yield Check(SOFTWARE, package, Status.OK, found, facts={"version": found})


def check_libatomic(family: str, library: str = _LIBATOMIC) -> Check:
    """Whether the host's compare-and-swap for live rings can be loaded."""
    if platform.system() == "Darwin":
        return Check(SOFTWARE, "libatomic", Status.NOTE, "not needed: there are no live rings on macOS")
    try:
        ctypes.CDLL(library)
    except OSError:
        fix = hints.pick(hints.LIBATOMIC, family)
        return Check(SOFTWARE, "libatomic", Status.WARNING, "is missing: live rings cannot be edited", fix)
    return Check(SOFTWARE, "libatomic", Status.OK, library)


def check_locks(folder: Path) -> Check:
    """Whether a file in this folder can be locked, and whether a second lock is refused."""
    name = f"locks in {folder}"
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".vyrectl-doctor-") as file:
            return _try_locks(name, file.fileno(), file.name)
    except OSError as error:
        return Check(
            FILES, name, Status.NOTE, f"not tried: {error.strerror}", "Run doctor where your rings are"
        )


def _try_locks(name: str, first: int, path: str) -> Check:
    second = os.open(path, os.O_RDWR)
    fix = "Keep rings on a local file system"
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Check(FILES, name, Status.OK, "one writer at a time")
    except OSError as error:
        text = errno.errorcode.get(error.errno or 0, str(error))
        return Check(FILES, name, Status.WARNING, f"files cannot be locked ({text})", fix)
    finally:
        os.close(second)
    return Check(FILES, name, Status.WARNING, "a lock does not keep a second writer out", fix)


def cache_folders(environment: Mapping[str, str], home: Path | None) -> dict[str, Path]:
    """Where built kernels are kept, by who keeps them; of a user without a home, what the variables name."""
    home = home or Path("/nonexistent")
    shared = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    own = cache_folder(environment)
    return {
        **({} if own is None else {"vyrectl": own}),
        "pyopencl": shared / "pyopencl",
        "pocl": Path(environment.get("POCL_CACHE_DIR") or shared / "pocl" / "kcache"),
        "nvidia": Path(environment.get("CUDA_CACHE_PATH") or home / ".nv" / "ComputeCache"),
        "intel": Path(environment.get("NEO_CACHE_DIR") or shared / "neo_compiler_cache"),
    }


def check_caches(folders: Mapping[str, Path]) -> Iterator[Check]:
    """Size of each cache that exists, and whether it can be written; one that does not exist is left out."""
    for name, folder in folders.items():
        if not os.path.isdir(folder):
            continue
        files, size_bytes = _measure(folder)
        facts: dict[str, Fact] = {"path": str(folder), "files": files, "size_bytes": size_bytes}
        size = f"{folder}, {size_bytes / (1 << 20):.1f} MiB in {files} files"
        if os.access(folder, os.W_OK | os.X_OK):
            yield Check(CACHES, name, Status.OK, size, facts=facts)
        else:
            fix = f"chown -R $USER {folder}"
            yield Check(
                CACHES, name, Status.WARNING, f"{size}; not writable: builds are repeated", fix, facts
            )


def _measure(folder: Path) -> tuple[int, int]:
    files = size_bytes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size_bytes += os.lstat(os.path.join(place, name)).st_size
                files += 1
        if files >= MOST_FILES:
            break
    return files, size_bytes

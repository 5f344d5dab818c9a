"""Drivers that packages for Python brought into this environment, and folders that drivers need: lent, not installed.

`pip install 'vyrectl[cpu]'` puts Intel's runtime where no loader looks, with an `.icd` file that holds the path of
another machine. Before the loader is first asked it is shown a folder of vyrectl's own: the system's `.icd` files and
one for each driver that was brought. Where PoCL's folder cannot be used it is given another. The invariants: nothing
outside this user's caches is written, a variable that the user has set is left as it is, and the one that says where
drivers are stands in the environment only while the loader is asked. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import site
import sys
import sysconfig
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from vyrectl.opencl import drivers
from vyrectl.opencl.cache import cache_folder
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.opencl.places import own_folder, spare_folder, trouble_of

KNOWN_LIBRARIES = ("libintelocl.so",)
"""Drivers below an environment's `lib` that are taken with or without an `.icd` file."""

VENDORS = "OCL_ICD_VENDORS"
LOADER_VARIABLES = (VENDORS, "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES")
"""Each says where drivers are; who sets one means it."""

POCL_LAST = Path("/tmp/pocl/kcache")
"""Where PoCL keeps what it compiled when no variable names a place."""

NONE_LENT = "and no temporary folder can be used instead"

POCL_VARIABLE = "POCL_CACHE_DIR"
POCL_FOLDER = "pocl"


def environments() -> list[Path]:
    """Roots below which packages for Python put files: this environment, the system's, the user's own."""
    roots = [sys.prefix, sysconfig.get_path("data")]
    if site.ENABLE_USER_SITE:
        roots.append(site.getuserbase())
    return [Path(root) for root in dict.fromkeys(roots)]


def brought_drivers(roots: Iterable[Path] | None = None) -> list[Path]:
    """Libraries of the drivers that packages for Python brought, each once.

    Args:
        roots: Of environments; those of this interpreter by default.
    """
    found: dict[str, Path] = {}
    for root in environments() if roots is None else roots:
        named = [Path(name) for icd in drivers.icds_in(_vendors(root)) if (name := drivers.library_of(icd))]
        for library in (*named, *(root / "lib" / name for name in KNOWN_LIBRARIES)):
            real = (
                library if library.is_absolute() and os.path.isfile(library) else root / "lib" / library.name
            )
            if os.path.isfile(real):
                found.setdefault(real.name, real)
    return list(found.values())


def _vendors(root: Path) -> Path:
    """Where an environment keeps `.icd` files; the system's own folder is not one of an environment."""
    return root / "etc" / "OpenCL" / "vendors"


def unregistered_drivers(icds: Iterable[Path], roots: Iterable[Path] | None = None) -> list[Path]:
    """Of the drivers that were brought, those that no `.icd` file of the loader names.

    Args:
        icds: What the loader reads.
        roots: As for `brought_drivers`.
    """
    names = [drivers.library_of(icd) for icd in icds]
    known = {Path(name).name for name in names if name}
    return [library for library in brought_drivers(roots) if library.name not in known]


def chosen_variable(environment: Mapping[str, str]) -> str | None:
    """The variable by which the user says where drivers are, if there is one."""
    return next((name for name in LOADER_VARIABLES if environment.get(name)), None)


def drivers_folder(environment: Mapping[str, str], without: Collection[Path] = ()) -> Path | None:
    """A folder that names the system's drivers and those that were brought; None when the loader finds all by itself.

    Args:
        environment: Environment variables.
        without: `.icd` files of drivers to leave out.
    """
    if sys.platform == "darwin":
        return None
    registered = drivers.icd_files(environment)
    brought = [] if chosen_variable(environment) else unregistered_drivers(registered)
    icds = [icd for icd in registered if icd not in without]
    if not brought and len(icds) == len(registered):
        return None
    entries = {f"{at:02}-{icd.name}": _absolute(icd) for at, icd in enumerate(icds)}
    entries |= {f"{at:02}-{one.stem}.icd": str(one) for at, one in enumerate(brought, len(icds))}
    return _kept({name: library for name, library in entries.items() if library}, environment)


def _absolute(icd: Path) -> str | None:
    """What an `.icd` file names, in a way that holds for a copy of the file elsewhere."""
    name = drivers.library_of(icd)
    beside = icd.parent / name if name else icd
    return str(beside) if name and not os.path.isabs(name) and os.path.isfile(beside) else name


def _kept(entries: Mapping[str, str], environment: Mapping[str, str]) -> Path | None:
    """The folder with these `.icd` files, by their content: who finds it need not write it."""
    text = "\n".join(f"{name}\t{library}" for name, library in sorted(entries.items()))
    name = f"drivers-{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:16]}"
    for folder in _places(name, environment):
        if folder is None:
            continue
        with suppress(OSError):
            for file, library in entries.items():
                _write(folder / file, library)
            return folder
    return None


def _places(name: str, environment: Mapping[str, str]) -> Iterator[Path | None]:
    with suppress(OSError, RuntimeError):  # there may be no home to look in
        cache = cache_folder(environment)
        yield None if cache is None else own_folder(cache / name)
    yield spare_folder(name, environment)


def _write(path: Path, library: str) -> None:
    text = os.fsencode(library) + b"\n"
    with suppress(OSError):
        if path.read_bytes() == text:
            return
    unfinished = path.with_name(f".{os.getpid()}-{time.monotonic_ns()}")
    unfinished.write_bytes(text)
    unfinished.replace(path)


@contextmanager
def lent_drivers(without: Collection[Path] = ()) -> Iterator[None]:
    """Show the loader what was brought for the length of a `with` block; it looks once in a process.

    Args:
        without: `.icd` files of drivers to leave out.
    """
    folder = drivers_folder(os.environ, without)
    if folder is None:
        yield
        return
    before = os.environ.get(VENDORS)
    os.environ[VENDORS] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(VENDORS)
        if before is not None:
            os.environ[VENDORS] = before


def pocl_folder(environment: Mapping[str, str]) -> Path | None:
    """Where PoCL keeps what it compiled; None where it looks for a place itself (no home is named)."""
    if named := environment.get(POCL_VARIABLE):
        return Path(named)
    if shared := environment.get("XDG_CACHE_HOME"):
        return Path(shared, "pocl", "kcache")
    home = environment.get("HOME")
    return Path(home, ".cache", "pocl", "kcache") if home else None


def pocl_place(environment: Mapping[str, str]) -> Path:
    """As `pocl_folder`, and where PoCL looks for a place itself."""
    return pocl_folder(environment) or POCL_LAST


def lend_folders(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that give drivers a folder they can use where their own cannot be."""
    usual = pocl_place(environment)
    if not _has_pocl(environment):
        return {}
    if not usual.is_absolute() and not environment.get(POCL_VARIABLE):
        return _lend_absolute(environment)
    if trouble_of(usual) is None:
        return {}
    spare = spare_folder(POCL_FOLDER, environment)
    return {} if spare is None else {POCL_VARIABLE: str(spare)}


def _lend_absolute(environment: Mapping[str, str]) -> dict[str, str]:
    """Instead of a folder in whatever folder is the current one: the XDG rule is to ignore relative names."""
    relative = [name for name in ("XDG_CACHE_HOME", "HOME") if not os.path.isabs(environment.get(name, "/"))]
    kept = {name: value for name, value in environment.items() if name not in relative}
    usual = pocl_folder(kept) or spare_folder(POCL_FOLDER, environment)
    return lend_folders(kept) or ({} if usual is None else {POCL_VARIABLE: str(usual)})


def check_folders(environment: Mapping[str, str]) -> Iterator[Check]:
    """A note where PoCL's folder cannot be used, and what is used instead."""
    trouble = trouble_of(pocl_place(environment)) if _has_pocl(environment) else None
    if trouble is None:
        return
    fix = f"export {POCL_VARIABLE}=FOLDER, one that can be written"
    lent = lend_folders(environment).get(POCL_VARIABLE)
    if lent is None:
        message = f"{trouble}, {NONE_LENT}: PoCL shows no device or dies"
        yield Check("caches", "pocl", Status.WARNING, message, fix)
    else:
        yield Check("caches", "pocl", Status.NOTE, f"{trouble}: PoCL is lent {lent}", fix)


def _has_pocl(environment: Mapping[str, str]) -> bool:
    names = (drivers.library_of(icd) or "" for icd in drivers.icd_files(environment))
    return any("pocl" in name for name in names)

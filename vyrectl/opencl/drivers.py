"""Which OpenCL drivers and GPUs this machine has, found without loading any driver into this process.

Standard library only. Drivers are named by `.icd` files of one line; the loader reads the folders below. A
driver's library is tried in a process of its own, because loading a broken one can end the process.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from vyrectl.files.python import code_command
from vyrectl.opencl import hints
from vyrectl.opencl.child import run_child
from vyrectl.opencl.diagnosis import Check, Status

AREA = "drivers"
SYSTEM_FOLDER = "/etc/OpenCL/vendors"
LOAD_SECONDS = 30.0

PCI_VENDORS: Mapping[str, str] = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel"}
_PCI_CLASSES = ("0x03", "0x12")
"""Display controllers and processing accelerators."""

VENDOR_WORDS: Mapping[str, tuple[str, ...]] = {
    "nvidia": ("nvidia",),
    "amd": ("amd", "advanced micro"),
    "intel": ("intel",),
}
"""What a GPU's name or platform contains, per vendor."""

NO_DRIVER = 3
_LOAD = f"""import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
sys.exit(0 if hasattr(library, "clGetExtensionFunctionAddress") or len(sys.argv) > 2 else {NO_DRIVER})"""
"""Loads a library and looks for the one function that a loader asks every driver for."""

MOST_ICD_BYTES = 4096


def icd_files(environment: Mapping[str, str] | None = None, system: str = SYSTEM_FOLDER) -> list[Path]:
    """Every `.icd` file that the loader will read, in the order of the folders.

    Args:
        environment: Environment variables; this process's by default.
        system: The system's folder, read unless a variable names another.
    """
    variables = os.environ if environment is None else environment
    named = variables.get("OCL_ICD_VENDORS") or variables.get("OPENCL_VENDOR_PATH")
    folders = [Path(named)] if named else [Path(system)]
    if not named and variables.get("CONDA_PREFIX"):
        folders.append(Path(variables["CONDA_PREFIX"], "etc", "OpenCL", "vendors"))
    spec = find_spec("pyopencl")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / ".libs")
    return [path for folder in folders for path in icds_in(folder)]


def icds_in(place: Path) -> list[Path]:
    """The `.icd` files of a folder, in the order of their names; a loader's variable may also name one file."""
    try:
        return (
            sorted(place.glob("*.icd")) if os.path.isdir(place) else [place] if place.suffix == ".icd" else []
        )
    except OSError:
        return []


def library_of(path: Path) -> str | None:
    """The library that an `.icd` file means, without what a loader would stumble over; None when it names none."""
    try:
        text = path.read_bytes()[:MOST_ICD_BYTES]
    except OSError:
        return None
    return os.fsdecode(text).strip().split("\n")[0].strip() or None


def check_icds(files: Iterable[Path], family: str, *, seconds: float = LOAD_SECONDS) -> Iterator[Check]:
    """Read each `.icd` file and try the library that it names; without any file, say what to install."""
    found = False
    for path in files:
        found = True
        yield check_icd(path, seconds=seconds)
    if not found:
        yield Check(AREA, "icd", Status.WARNING, "no driver is registered", hints.install_hint(family))


def check_brought(
    libraries: Iterable[Path], variable: str | None, *, seconds: float = LOAD_SECONDS
) -> Iterator[Check]:
    """Drivers that packages for Python brought into this environment and that vyrectl registers itself.

    Args:
        libraries: As from `vyrectl.opencl.brought.unregistered_drivers`.
        variable: The variable by which the user says where drivers are, and which hides these.
        seconds: How long one may take to load.
    """
    for library in libraries:
        name = str(library)
        if variable is not None:
            message = f"is in this environment and hidden by {variable}"
            yield Check(AREA, name, Status.NOTE, message, f"unset {variable}")
            continue
        check = _try_library(name, library.name, name, seconds)
        if check.status is Status.OK:
            check = Check(AREA, name, Status.OK, "came with this environment; vyrectl registers it itself")
        yield check


def check_icd(path: Path, *, seconds: float = LOAD_SECONDS) -> Check:
    """Read one `.icd` file and try its library in another process."""
    name = str(path)
    try:
        text = path.read_bytes()[:MOST_ICD_BYTES]
    except OSError as error:
        return Check(AREA, name, Status.WARNING, f"cannot be read ({error.strerror})", f"chmod a+r {path}")
    library = library_of(path)
    if library is None:
        return Check(AREA, name, Status.WARNING, "is empty", "Write the path of the driver's library into it")
    if flaw := _flaw(os.fsdecode(text), library):
        fix = f"printf '%s\\n' {shlex.quote(library)} > {shlex.quote(name)}"
        return Check(AREA, name, Status.WARNING, f"names {library}, {flaw}", fix)
    target = _library_path(path, library)
    if os.path.isabs(target) and not os.path.exists(target):
        return Check(
            AREA, name, Status.WARNING, f"names {library}, which does not exist", _path_fix(path, library)
        )
    return _try_library(name, library, target, seconds)


def _flaw(text: str, library: str) -> str | None:
    """What keeps a loader from finding the library: it takes all of the first line for the name."""
    line = text.split("\n")[0]
    if line == library:
        return None
    if "\r" in line:
        return "and a carriage return (Windows line ends), which the loader takes for part of the name"
    return "and blanks, which the loader takes for part of the name"


def _library_path(icd: Path, library: str) -> str:
    """A library that lies beside its `.icd` file, as pyopencl's own loader finds it, else the name as it is."""
    beside = icd.parent / library
    return str(beside) if not os.path.isabs(library) and os.path.isfile(beside) else library


def _path_fix(icd: Path, library: str) -> str:
    """Where the library may be instead: packages for Python put both below one prefix."""
    prefix = icd.resolve().parents[3] if len(icd.resolve().parents) > 3 else icd.parent
    moved = prefix / "lib" / Path(library).name
    real = str(moved) if os.path.isfile(moved) else "PATH/OF/" + Path(library).name
    return f"Write the real path into it: echo {real} > {icd}"


def _try_library(name: str, library: str, target: str, seconds: float) -> Check:
    ended = run_child(code_command(_LOAD, target), seconds)
    if ended.status is None:
        return Check(
            AREA, name, Status.WARNING, f"{library} does not load within {seconds:g} s", move_fix(name)
        )
    if ended.status < 0:
        died = f"loading {library} ends the process (signal {-ended.status})"
        return Check(AREA, name, Status.WARNING, died, move_fix(name))
    if ended.status == NO_DRIVER:
        return Check(AREA, name, Status.WARNING, f"{library} is no OpenCL driver", move_fix(name))
    if ended.status:
        why = ended.last_line().rpartition("OSError: ")[2] or f"exit code {ended.status}"
        fix = _load_fix(name, library)
        return Check(AREA, name, Status.WARNING, f"{library} does not load: {why}", fix)
    return Check(AREA, name, Status.OK, library)


def move_fix(name: str) -> str:
    """What to do about a driver that does not work."""
    return f"Reinstall that driver, or move {name} away"


def _load_fix(name: str, library: str) -> str:
    if Path(library).name.startswith("libintelocl"):
        return hints.INTEL_LIBRARIES
    return f"Install the package that brings the library, or move {name} away"


def pci_gpus(root: Path = Path("/sys/bus/pci/devices")) -> set[str]:
    """Vendors of the GPUs on the PCI bus, of those in `PCI_VENDORS`."""
    found = set()
    for device in root.glob("*"):
        try:
            vendor = (device / "vendor").read_text().strip()
            kind = (device / "class").read_text().strip()
        except OSError:
            continue
        if kind.startswith(_PCI_CLASSES) and vendor in PCI_VENDORS:
            found.add(PCI_VENDORS[vendor])
    return found


def gpu_vendors(root: Path = Path("/")) -> set[str]:
    """Vendors of the GPUs that this machine has, a container's included."""
    found = pci_gpus(root / "sys" / "bus" / "pci" / "devices")
    if any(os.path.exists(root / place) for place in ("proc/driver/nvidia", "dev/nvidiactl")):
        found.add("nvidia")
    if os.path.exists(root / "dev" / "kfd"):
        found.add("amd")
    return found


def check_gpus(
    vendors: Iterable[str], devices: Iterable[Mapping[str, object]], family: str
) -> Iterator[Check]:
    """Say for each GPU vendor whether OpenCL reaches a device of it.

    Args:
        vendors: As from `gpu_vendors`.
        devices: Facts of the OpenCL devices that were found.
        family: Kind of system.
    """
    names = [f"{one['name']} {one['platform']}".lower() for one in devices if one["kind"] != "cpu"]
    for vendor in sorted(vendors):
        name = f"{vendor} GPU"
        if any(word in text for text in names for word in VENDOR_WORDS[vendor]):
            yield Check(AREA, name, Status.OK, "reached through OpenCL")
            continue
        fix = _nvidia_fix(family) if vendor == "nvidia" else hints.gpu_hint(vendor, family)
        yield Check(AREA, name, Status.WARNING, "this machine has one and OpenCL does not reach it", fix)


def _nvidia_fix(family: str) -> str:
    """A container has the driver's library and lacks the file that names it."""
    registered = f"{hints.NVIDIA_ICD}, {hints.NVIDIA_ICD_ELSEWHERE}"
    if run_child(code_command(_LOAD, hints.NVIDIA_LIBRARY, "any"), LOAD_SECONDS).status == 0:
        return f"The driver is here and not registered: {registered}"
    return f"{hints.gpu_hint('nvidia', family)}; if no .icd file comes with it, {registered}"


def check_nodes(root: Path = Path("/dev")) -> Iterator[Check]:
    """Device files of GPUs that exist and may not be opened."""
    nodes = [*sorted(root.glob("dri/renderD*")), root / "kfd", root / "nvidiactl", root / "nvidia0"]
    for node in nodes:
        if os.path.exists(node) and not os.access(node, os.R_OK | os.W_OK):
            yield Check(AREA, str(node), Status.WARNING, "may not be opened", hints.permission_hint())

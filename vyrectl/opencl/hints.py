"""What to type on this system when no OpenCL device can be used. Standard library only.

The tables below are the only place that knows names of packages. A system that has no line of its own gets the
one under `ANY`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from vyrectl.shell import pip_install

ANY = "any"
"""Key of the line for a system without one of its own."""

INSTALL: dict[str, str] = {
    "debian": "apt-get install -y pocl-opencl-icd",
    "fedora": "dnf install -y pocl",
    "arch": "pacman -S pocl",
    "suse": "zypper install pocl",
    "alpine": "apk add pocl",
    "conda": "conda install -c conda-forge pocl",
    "macos": "brew install pocl",
}
"""One command per kind of system that brings an OpenCL driver for the CPU."""

FAMILIES: tuple[str, ...] = tuple(INSTALL)

LOADER: dict[str, str] = {
    "debian": "apt-get install -y ocl-icd-libopencl1",
    "fedora": "dnf install -y OpenCL-ICD-Loader",
    "arch": "pacman -S ocl-icd",
    "suse": "zypper install libOpenCL1",
    "alpine": "apk add opencl-icd-loader",
    "conda": "conda install -c conda-forge ocl-icd",
    ANY: f"{pip_install('--force-reinstall', '--only-binary', 'pyopencl', 'pyopencl')} (its wheels bring a loader)",
}
"""Brings libOpenCL, which finds the drivers; pyopencl's own wheels bring one too."""

LIBATOMIC: dict[str, str] = {
    "debian": "apt-get install -y libatomic1",
    "fedora": "dnf install -y libatomic",
    "arch": "pacman -S gcc-libs",
    "suse": "zypper install libatomic1",
    "alpine": "apk add libatomic",
    "conda": "conda install -c conda-forge libatomic",
    ANY: "Install GCC's runtime libraries",
}
"""Brings libatomic, whose compare-and-swap the host uses on a live ring."""

LINKER: dict[str, str] = {
    "debian": "apt-get install -y binutils",
    "fedora": "dnf install -y binutils",
    "arch": "pacman -S binutils",
    "suse": "zypper install binutils",
    "alpine": "apk add binutils",
    "conda": "conda install -c conda-forge binutils",
    ANY: "Install binutils",
}
"""Brings ld, with which PoCL links kernels."""

DRIVERS: dict[str, dict[str, str]] = {
    "nvidia": {
        "debian": "apt-get install -y nvidia-opencl-icd (Debian non-free), libnvidia-compute-NNN on Ubuntu",
        "fedora": "dnf install -y xorg-x11-drv-nvidia-cuda (from RPM Fusion)",
        "arch": "pacman -S opencl-nvidia",
        "suse": "zypper install nvidia-compute-G06 (from NVIDIA's repository)",
        "conda": "conda install -c conda-forge ocl-icd-system, beside NVIDIA's driver for the system",
        ANY: "Install NVIDIA's driver; it brings libnvidia-opencl.so.1",
    },
    "amd": {
        "debian": "apt-get install -y rocm-opencl-icd (Debian 13, Ubuntu 25.10), rocm-opencl-runtime from AMD",
        "fedora": "dnf install -y rocm-opencl",
        "arch": "pacman -S rocm-opencl-runtime",
        "suse": "zypper install rocm-opencl (from AMD's repository)",
        "conda": "conda install -c conda-forge ocl-icd-system, beside ROCm for the system",
        ANY: "Install ROCm's OpenCL runtime: https://rocm.docs.amd.com",
    },
    "intel": {
        "debian": "apt-get install -y intel-opencl-icd",
        "fedora": "dnf install -y intel-compute-runtime",
        "arch": "pacman -S intel-compute-runtime",
        "suse": "zypper install intel-opencl",
        "alpine": "apk add intel-compute-runtime",
        "conda": "conda install -c conda-forge intel-compute-runtime",
        ANY: "Install Intel's compute runtime: https://github.com/intel/compute-runtime",
    },
}
"""Vendor of a GPU -> kind of system -> what brings its OpenCL driver."""

NVIDIA_LIBRARY = "libnvidia-opencl.so.1"
NVIDIA_ICD = f"mkdir -p /etc/OpenCL/vendors && echo {NVIDIA_LIBRARY} > /etc/OpenCL/vendors/nvidia.icd"
"""For containers, which get NVIDIA's library and not the file that names it."""

NVIDIA_ICD_ELSEWHERE = (
    f"or, where that is not writable, echo {NVIDIA_LIBRARY} > FOLDER/nvidia.icd"
    " and set OCL_ICD_VENDORS=FOLDER"
)

INTEL_LIBRARIES = pip_install("intel-opencl-rt", "intel-cmplr-lib-rt")
"""Brings what the driver needs: what its package asks for (tbb), and what it needs and does not ask for."""

PIP_CPU = f"{INTEL_LIBRARIES} (the extra of vyrectl[cpu])"
"""Brings Intel's runtime for x86-64 CPUs into the environment, where `vyrectl.opencl.brought` finds it."""

_GROUPS = "usermod -aG render,video $USER, then log in again"

_FAMILY_OF_ID = {
    "debian": "debian",
    "ubuntu": "debian",
    "fedora": "fedora",
    "rhel": "fedora",
    "centos": "fedora",
    "arch": "arch",
    "suse": "suse",
    "opensuse": "suse",
    "alpine": "alpine",
}


def system_family(os_release: str | None = None) -> str:
    """Which entry of `INSTALL` suits this system; `debian` when nothing tells.

    Args:
        os_release: Text of an os-release file; the system's own by default.
    """
    if os.environ.get("CONDA_PREFIX"):
        return "conda"
    if platform.system() == "Darwin":
        return "macos"
    if os_release is None:
        os_release = _read_os_release()
    values = os_release_values(os_release)
    words = f"{values.get('ID', '')} {values.get('ID_LIKE', '')}".lower().split()
    return next((_FAMILY_OF_ID[word] for word in words if word in _FAMILY_OF_ID), "debian")


def system_name() -> str:
    """The system as people call it: ``Debian GNU/Linux 12 (bookworm), x86_64``."""
    if platform.system() == "Darwin":
        name = f"macOS {platform.mac_ver()[0]}"
    else:
        name = os_release_values(_read_os_release()).get("PRETTY_NAME", platform.system())
    return f"{name}, {platform.machine()}"


def os_release_values(text: str) -> dict[str, str]:
    """The assignments of an os-release file, without quotes."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def pick(table: Mapping[str, str], family: str | None = None) -> str:
    """A table's line for a kind of system, this one by default."""
    wanted = family or system_family()
    return table.get(wanted) or table.get(ANY) or next(iter(table.values()))


def install_hint(family: str | None = None) -> str:
    """How to get a device."""
    hint = f"Install a driver: {pick(INSTALL, family)}"
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        hint += f"; without root {PIP_CPU}"
    if Path("/proc/driver/nvidia").exists():
        hint += f"; an NVIDIA GPU needs {NVIDIA_ICD}"
    return hint


def linker_hint(family: str | None = None) -> str:
    """What brings the linker that is in no folder of the PATH."""
    return f"PoCL links kernels with ld, which no folder of the PATH has: {pick(LINKER, family)}"


def gpu_hint(vendor: str, family: str | None = None) -> str:
    """What brings the OpenCL driver of a vendor's GPU."""
    return pick(DRIVERS[vendor], family)


def import_hint(message: str, family: str | None = None) -> str:
    """What to do when pyopencl cannot be imported, going by what the interpreter said."""
    if "No module named" in message:
        return pip_install("pyopencl")
    if "halted" in message:
        return pip_install("pyopencl")
    if "OpenCL" in message:
        return f"The OpenCL loader is missing: {pick(LOADER, family)}"
    return pip_install("--force-reinstall", "pyopencl")


def permission_hint() -> str:
    """How to be let at a GPU's device files."""
    return _GROUPS


def _read_os_release() -> str:
    path = Path("/etc/os-release")
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

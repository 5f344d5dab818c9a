"""What to type on this system when no OpenCL device can be used. Standard library only."""

from __future__ import annotations

import os
import platform
from pathlib import Path

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

_FAMILIES = {
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
        path = Path("/etc/os-release")
        os_release = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    values = dict(line.partition("=")[::2] for line in os_release.splitlines() if "=" in line)
    words = f"{values.get('ID', '')} {values.get('ID_LIKE', '')}".replace('"', "").lower().split()
    return next((_FAMILIES[word] for word in words if word in _FAMILIES), "debian")


def install_hint() -> str:
    """One sentence that says how to get a device, and how to do without one."""
    hint = f"Install a driver: {INSTALL[system_family()]}"
    if Path("/proc/driver/nvidia").exists():
        hint += "; an NVIDIA GPU needs a .icd file naming libnvidia-opencl.so.1, and OCL_ICD_VENDORS naming its folder"
    return f"{hint}. Or run without OpenCL: --device reference"

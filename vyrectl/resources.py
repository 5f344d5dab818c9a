"""Finds the files that travel with the package and are no Python: OpenCL C kernels and completion scripts.

A checkout keeps them at its top level; a wheel carries them inside the package. May import `errors` and the
standard library; nothing here reads or writes a file.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from vyrectl.errors import FileError

_PACKAGE = Path(__file__).resolve().parent


def kernels_dir() -> Path:
    """The folder that holds `include/`, `engine/` and `ops/`.

    Raises:
        FileError: The installation lacks it.
    """
    return _find("kernels")


def completions_dir() -> Path:
    """The folder that holds one completion script per shell.

    Raises:
        FileError: The installation lacks it.
    """
    return _find("completions")


@lru_cache(maxsize=2)
def _find(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    for folder in (packaged, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileError("this installation lacks its data files", where=str(packaged), fix="Reinstall vyrectl")

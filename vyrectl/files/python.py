"""How a process of ours starts another Python.

The invariant: it imports nothing from the folder that the user happens to be in (`-P`), whatever `random.py` or
`numpy.py` lies there, and it runs the package that this process runs, which it looks for last. Standard
library only, and at first nothing of it that Python has not loaded anyway: this runs before that folder is left out.
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
"""The folder that the package lies in."""

_RUN_MODULE = (
    "import sys; root, module = sys.argv[1:3]; del sys.argv[1:3]; sys.path.append(root); import runpy; "
    "runpy.run_module(module, run_name='__main__', alter_sys=True)"
)


_own: list[int] = []


def be_own() -> None:
    """Say that this process runs nothing but the package: what else is loaded or at work came with the interpreter."""
    _own[:] = [os.getpid()]


def is_own() -> bool:
    """Whether this process runs nothing but the package, as far as anybody has said."""
    return _own == [os.getpid()]


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules as `python -m` would."""
    return code_command(_RUN_MODULE, ROOT, module, *arguments)


def code_command(code: str, *arguments: str) -> list[str]:
    """The command that runs a few lines of the standard library's."""
    return [sys.executable, "-P", "-c", code, *arguments]


def leave_out_user_folder() -> None:
    """After `python -m`, which looks into the user's folder first: no longer, or last if the package lies there."""
    if sys.flags.safe_path or not sys.path or sys.path[0] not in ("", _here()):
        return
    folder = sys.path.pop(0)
    if folder == ROOT:
        sys.path.append(folder)


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""

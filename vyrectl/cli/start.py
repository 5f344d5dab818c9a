"""Where a process starts that is the command line: `vyrectl.cli.main`, begun and ended quickly.

What Python has loaded for the command line lives until the process ends; the garbage collector need not look for
rubbish in it, neither while it is loaded nor when everything is torn down, which would take longer than many
a command. Objects that a command makes are collected as ever. Standard library only.

Libraries that a command may load later are told what it does not need of them: vyrectl keeps built kernels itself, and
nothing here multiplies matrices.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

UNNEEDED = {"PYOPENCL_NO_CACHE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment variables of libraries, set unless the user has set them."""


def start() -> NoReturn:
    """Run the command line in a process of its own and end the process."""
    gc.disable()
    for name, value in UNNEEDED.items():
        os.environ.setdefault(name, value)
    from vyrectl.cli.main import main

    gc.freeze()
    gc.enable()
    code = main()
    gc.freeze()
    sys.exit(code)

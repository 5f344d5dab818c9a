"""Where a process starts that is the command line: `vyrectl.cli.main`, begun and ended quickly.

What Python has loaded for the command line lives until the process ends; the garbage collector need not look for
rubbish in it, neither while it is loaded nor when everything is torn down, which would take longer than many
a command. Objects that a command makes are collected as ever. Standard library only.
"""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def start() -> NoReturn:
    """Run the command line in a process of its own and end the process."""
    gc.disable()
    from vyrectl.cli.main import main

    gc.freeze()
    gc.enable()
    code = main()
    gc.freeze()
    sys.exit(code)

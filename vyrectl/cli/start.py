"""Where a process starts that is the command line: `vyrectl.cli.main`, begun and ended quickly.

What Python has loaded for the command line lives until the process ends; the garbage collector need not look for
rubbish in it, neither while it is loaded nor when everything is torn down, which would take longer than many
a command. Objects that a command makes are collected as ever. Standard library only.

Libraries that a command may load later are told what it does not need of them: vyrectl keeps built kernels itself, and
nothing here multiplies matrices.

A signal that comes before a command can answer for itself is told here. After a signal the process leaves at once:
drivers and threads that are still at work would not survive the teardown.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from vyrectl.cli.stops import SIGNAL_EXIT, Stop, ignore, listen

UNNEEDED = {"PYOPENCL_NO_CACHE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment variables of libraries, set unless the user has set them."""


def start() -> NoReturn:
    """Run the command line in a process of its own and end the process."""
    try:
        listen()
        code = _run()
        ignore()
    except (KeyboardInterrupt, Stop) as stop:
        number = stop.number if isinstance(stop, Stop) else signal.SIGINT
        sys.stderr.write(f"error: stopped by {signal.Signals(number).name}\n")
        code = SIGNAL_EXIT + number
    if code > SIGNAL_EXIT:
        _leave(code)
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    gc.disable()
    for name, value in UNNEEDED.items():
        os.environ.setdefault(name, value)
    from vyrectl.cli.main import main

    gc.freeze()
    gc.enable()
    return main()


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)

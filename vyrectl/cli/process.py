"""A process that is the command line: `vyrectl.cli.main`, begun and ended quickly.

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
from typing import NoReturn

from vyrectl.cli.stops import Stop, ignore, listen
from vyrectl.errors import SIGNAL_EXIT, StoppedError
from vyrectl.files.children import hear_of_children
from vyrectl.files.python import be_own
from vyrectl.files.streams import flush, keep_apart, open_streams, tell_strays

UNNEEDED = {"PYOPENCL_NO_CACHE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Environment variables of libraries, set unless the user has set them."""


def run_command_line() -> NoReturn:
    """Run the command line in a process of its own and end the process."""
    open_streams()
    be_own()
    try:
        listen()
        hear_of_children()
        code = _run()
        ignore()
    except (KeyboardInterrupt, Stop) as stop:
        number = stop.number if isinstance(stop, Stop) else signal.SIGINT
        _say_stopped(signal.Signals(number))
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
    from vyrectl.cli.output import stray_line, wants_json

    if wants_json(sys.argv[1:]):
        keep_apart(stray_line)
    gc.freeze()
    gc.enable()
    return main()


def _leave(code: int) -> NoReturn:
    flush()
    tell_strays(whole=True)
    os._exit(code)


def _say_stopped(number: signal.Signals) -> None:
    """What main would say of a stop that came before it, or after."""
    from vyrectl.cli.output import report_error
    from vyrectl.files.written import standing

    report_error(StoppedError(number.name, number, standing()), sys.argv[1:])

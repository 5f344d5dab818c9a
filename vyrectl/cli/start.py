"""The first lines of the command line: until a command can answer for itself, a signal ends the process at once.

The invariant: nothing is imported before those signals have a handler, and nothing that Python has not loaded anyway:
its `signal` alone would load a dozen modules, and a Ctrl-C meanwhile show where they lie.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def leave_at_once(number: int, frame: object) -> None:
    """Handler of a signal that comes while the program is loaded: there is nothing to put in order yet."""
    import os

    os._exit(128 + number)


def be_ready() -> None:
    """Let a signal end the process at once, unless whoever started it has that signal ignored or handled."""
    if TYPE_CHECKING:
        import signal
    else:
        import _signal as signal  # what `signal` dresses up
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) == usual:
            signal.signal(number, leave_at_once)


def start() -> "NoReturn":
    """Run the command line in a process of its own and end the process."""
    be_ready()
    from vyrectl.cli.process import run_command_line

    run_command_line()

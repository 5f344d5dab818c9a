"""The device files that mean standard output are `-` wherever an option names a file to write.

Opened as files they would lead elsewhere: a launch is worked by a process with a standard output of its own, and a file
is replaced by renaming. Standard library only. The invariant: no command sees such a name for what it writes.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

from vyrectl.cli.click_parts import Click
from vyrectl.ring.outputs import STDOUT, STDOUT_NAMES

_WRITING = {"--output", "--append", "--keep"}
_WRITING_TOO = {"launch": {"--trace", "--save-control", "--debug-log"}}


def dash_for_stdout(command: str, params: Sequence[Click], values: MutableMapping[str, Click]) -> None:
    """Write `-` for standard output's other names.

    Args:
        command: The command's name.
        params: Its parameters, as its parser declares them.
        values: Parameter's name -> what was parsed; changed in place.
    """
    options = _WRITING | _WRITING_TOO.get(command, set())
    for param in params:
        value = values.get(param.name)
        is_written = _is_argument(command, param.name, values) or options.intersection(param.opts)
        if is_written and value is not None and str(value) in STDOUT_NAMES:
            values[param.name] = type(value)(STDOUT)


def _is_argument(command: str, name: str, values: MutableMapping[str, Click]) -> bool:
    """Whether it is an argument that names what the command makes."""
    return (command, name) == ("build", "ring") or bool(name == "file" and values.get("new"))

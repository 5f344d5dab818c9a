"""A command's `--timeout` holds from its first moment, also while it reads what it was given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

from vyrectl.cli.click_parts import Parsed

_NAMES = ("timeout", "timeout_s")


def with_limit(command: Callable[..., None]) -> Callable[..., None]:
    """A command that begins with its clock running; one without such an option is returned as it is."""
    name = next((one for one in _NAMES if one in inspect.signature(command).parameters), None)
    if name is None:
        return command

    @functools.wraps(command)
    def timed(**given: Parsed) -> None:
        from vyrectl.hosting.limit import limited

        with limited(given.get(name)):
            command(**given)

    return timed

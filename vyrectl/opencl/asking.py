"""Questions to drivers, asked in processes of their own (`vyrectl.opencl.probes`).

The invariant: a driver that crashes or hangs is an answer too. Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from vyrectl.dataclass import dataclass
from vyrectl.files.python import module_command
from vyrectl.opencl.cache import OFF, VARIABLE
from vyrectl.opencl.child import Ended, run_child

PROBES = "vyrectl.opencl.probes"
"""The module that the child runs."""

LIST_SECONDS = 30.0

NOTHING: Mapping[str, str | None] = MappingProxyType({})
ALONE: Mapping[str, str | None] = MappingProxyType({"PYOPENCL_NO_CACHE": "1", VARIABLE: OFF})
"""What the child builds it builds anew."""

UNLIMITED = ("sh", "-c", 'ulimit -v unlimited 2>/dev/null || ulimit -v "$(ulimit -Hv)"; exec "$@"', "sh")

Report = dict[str, Any]
"""What a probing process says, as JSON. Any: each probe has keys of its own, and the process may have died of one."""

LISTED: Mapping[str, bool] = MappingProxyType({"listed": True})
"""What a process says that has listed the devices and goes on to use them."""

OPENS, OPENED = "opens", "opened"
"""What it says before and after it uses one of a driver's, with what is known of that one."""

OVER: Mapping[str, bool] = MappingProxyType({"over": True})
"""The last record of a process that was not ended by a driver."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probing process wrote, and how it ended.

    Attributes:
        records: Every whole object that it wrote.
        trouble: How it ended if not well, None otherwise.
        died: Its driver ended it.
    """

    records: tuple[Report, ...]
    trouble: str | None
    died: bool = False


def ask(
    *arguments: str, seconds: float, variables: Mapping[str, str | None] = NOTHING, memory: bool = False
) -> Answer:
    """Run the probes in a process of its own and collect what it finds, whatever becomes of it.

    Args:
        *arguments: As `vyrectl.opencl.probes` takes them.
        seconds: After this time the process is killed.
        variables: Environment variables to set, or to take away where None.
        memory: Lift this process's limit of memory as far as it may be lifted.
    """
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream:
        try:
            command = module_command(PROBES, *arguments, str(writer))
            before = UNLIMITED if memory else ()
            ended = run_child(
                [*before, *command], seconds, environment={**ALONE, **variables}, pass_fds=[writer]
            )
        finally:
            os.close(writer)
        records = tuple(_records(stream))
    whole = tuple(record for record in records if record != OVER)
    is_whole = len(whole) < len(records)
    died = ended.status is not None and (ended.status < 0 or (ended.status == 0 and not is_whole))
    return Answer(whole, _trouble(ended, seconds, is_whole=is_whole), died)


def _trouble(ended: Ended, seconds: float, *, is_whole: bool) -> str | None:
    if ended.status is None:
        return f"no answer within {seconds:g} s; its process was killed"
    if ended.status < 0:
        died = f"the driver ended its process ({signal.Signals(-ended.status).name})"
        return f"{died}: {words}" if (words := ended.last_line()) else died
    if ended.status:
        return f"its process failed: {ended.last_line() or f'exit code {ended.status}'}"
    return None if is_whole else "the driver ended its process with exit code 0"


def _records(stream: Iterable[bytes]) -> Iterator[Report]:
    """Every whole line; the last may be cut where the process died."""
    for line in stream:
        with suppress(ValueError):
            yield json.loads(line)

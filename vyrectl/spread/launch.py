"""One launch of a ring file on several devices of this host: cut, worked off, merged, saved once.

The parent holds the ring's lock and the only copy that counts; children run shards on copies (`vyrectl.spread.crew`).
The invariant: the file is replaced once, when all is in that will come, or it is as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from vyrectl.errors import UsageError
from vyrectl.hosting.elsewhere import launch_elsewhere, may_fork
from vyrectl.hosting.files import check_files, held_for
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import Watch, launch_file
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.ring.file import Ring
from vyrectl.spread.devices import Chosen, choose_devices, wanted_devices

if TYPE_CHECKING:
    from vyrectl.hosting.stall import Insight
    from vyrectl.telemetry.census import Census


def spread_file(
    request: FileLaunch,
    watch: Watch,
    look: Callable[[Insight], None] = lambda insight: None,
) -> tuple[LaunchRecord, int]:
    """Launch a ring file on every device that its options name, and wait for it.

    Args:
        request: What to do.
        watch: As of `launch_file`; also told of a device that died, `{"device_died": {...}}`.
        look: As of `launch_file`.

    Returns:
        The report as a record, and the signal that ended it early (0 for none).

    Raises:
        LaunchStoppedError: A device had to be killed after a signal or the timeout.
        NoDeviceLeftError: Every device was lost.
        OutputConflictError: Two shards wrote one element differently.
        UsageError: The ring or an option cannot be cut.
        VyrectlError: Whatever a shard's run raises, relayed.
    """
    since = time.monotonic()
    text = wanted_devices(request.options.device)
    assert text is not None
    refuse_options(request)
    check_files(request)
    if not may_fork():
        return _elsewhere(request, text, watch, look)
    with ExitStack() as leaving:
        held = leaving.enter_context(held_for(request, watch))
        ring = None if held is None else Ring.open(request.ring)
        chosen, counted = _meanwhile_counted(text, ring)
        if len(chosen) > 1:
            from vyrectl.spread.prepared import Begun
            from vyrectl.spread.run import SpreadRun

            begun = Begun(leaving, ring, counted)
            return SpreadRun(request, held, chosen, since, watch, look, begun).record()
    return _on_one(request, chosen, watch, look)


def _elsewhere(
    request: FileLaunch,
    text: str,
    watch: Watch,
    look: Callable[[Insight], None],
) -> tuple[LaunchRecord, int]:
    chosen = choose_devices(text)
    if len(chosen) == 1:
        return _on_one(request, chosen, watch, look)
    return launch_elsewhere(request, watch, spread_file)


def _on_one(
    request: FileLaunch,
    chosen: list[Chosen],
    watch: Watch,
    look: Callable[[Insight], None],
) -> tuple[LaunchRecord, int]:
    alone = replace(request.options, device=chosen[0].selector)
    return launch_file(replace(request, options=alone), watch, look)


def _meanwhile_counted(text: str, ring: Ring | None) -> tuple[list[Chosen], Census | None]:
    """`choose_devices`, and while another process asks the drivers, what the launch needs is loaded and counted.

    Args:
        text: What names the devices.
        ring: A ring that stays as it is; None where others may change it.
    """
    counted: list[Census] = []
    loads = Thread(target=_load, args=(ring, counted))
    with suppress(RuntimeError):  # no thread: what it would load and count is loaded and counted later
        loads.start()
    try:
        chosen = choose_devices(text)
    finally:
        if loads.ident is not None:
            loads.join()  # before anything forks
    return chosen, counted[0] if counted else None


def _load(ring: Ring | None, counted: list[Census]) -> None:
    with suppress(Exception):  # what is refused here is met again where it matters
        import_module("vyrectl.spread.run")
        if ring is not None:
            from vyrectl.telemetry.census import census

            counted.append(census(ring.slots))


def refuse_options(request: FileLaunch) -> None:
    """Refuse what one device alone can heed.

    Raises:
        UsageError: Such an option is given.
    """
    options = request.options
    for given, name, why in (
        (request.follow is not None, "--follow and --feed", "publish into a ring that one device works on"),
        (bool(options.quotas), "--tenant-quota", "is counted by the device that makes the claims"),
    ):
        if given:
            from vyrectl.spread.cut import ONE_DEVICE

            raise UsageError(f"{name} {why}, and several are named", where=str(request.ring), fix=ONE_DEVICE)

"""The runtime's view of a ring and its control buffer (spec 3.8), as a part of `snapshot`. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vyrectl.errors import InvalidInputError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.control import decode_control
from vyrectl.protocol.runtime import Occupancy, RuntimeView, watchdog


def runtime_record(control: Path, counts: Sequence[int], unknown: int) -> dict[str, Any]:
    """The view, under the runtime's names.

    Args:
        control: The control buffer.
        counts: Slots per state word 0 to 7.
        unknown: Slots in an unknown state.

    Raises:
        FileError: It cannot be read.
        WireBufferError: It is no control buffer.
    """
    data = read_whole(control, doing="read the control buffer")
    try:
        view = RuntimeView(decode_control(data), Occupancy.of_counts(counts, unknown))
    except InvalidInputError as error:
        raise error.at(str(control)) from None
    return {
        "control": str(control),
        "shutdown": view.control.shutdown,
        "epoch": view.control.epoch,
        "occupancy": asdict(view.occupancy),
        **view.counters(),
    }


def put_watchdog(runtime: dict[str, Any], drained_before: int) -> None:
    """Add `watchdog`: whether the queue moved since DONE_COUNT was `drained_before`.

    Raises:
        InvalidInputError: DONE_COUNT went backwards; the error names the control buffer.
    """
    try:
        runtime["watchdog"] = asdict(watchdog(drained_before, runtime))
    except InvalidInputError as error:
        raise error.at(runtime["control"]) from None

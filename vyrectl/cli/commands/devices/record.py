"""What `devices` says of a device."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.opencl.devices import DeviceRecord
from vyrectl.shapes import Count


class Tried(TypedDict, total=False):
    """What `--check` adds: whether the engine builds there, the rung of its fences, or what stands against it."""

    usable: bool
    rung: Count | None
    problem: str | None


class DeviceRow(DeviceRecord, Tried):
    """A device, or the reference backend."""


class DevicesAnswer(TypedDict):
    """The answer of `devices`."""

    devices: list[DeviceRow]

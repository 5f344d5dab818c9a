"""What `bench` and its subjects say, key by key. Times are seconds, rates units a second, shares parts of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from vyrectl.opencl.devices import DeviceRecord
from vyrectl.shapes import Among, Count, Seconds


class MeasureRecord(TypedDict):
    """What the turns of one case say: medians, each with the least and the most."""

    name: str
    section: str
    size: Count
    unit: str
    amount: Count
    variant: str
    device_seconds: Seconds | None
    device_seconds_least: Seconds | None
    device_seconds_most: Seconds | None
    wall_seconds: Seconds | None
    wall_seconds_least: Seconds | None
    wall_seconds_most: Seconds | None
    device_rate: float | None
    wall_rate: float | None
    beside: str | None
    share: Seconds | None
    share_least: Seconds | None
    share_most: Seconds | None
    wall_share: Seconds | None
    wall_share_least: Seconds | None
    wall_share_most: Seconds | None


class Judged(TypedDict):
    """What a measure is held to; all None where it has no target."""

    quantity: Annotated[str, Among(("share", "times", "seconds"))] | None
    value: float | None
    target: float | None
    met: bool | None


class HostMeasure(MeasureRecord, Judged):
    """A measure of `bench host`."""


class WallTimes(TypedDict):
    """How often the floor and the device's own time go into what a user waits for."""

    times_floor: float | None
    times_device: float | None
    target: float | None
    met: bool | None


class WallMeasure(MeasureRecord, WallTimes):
    """A measure of `bench wall`."""


class Named(TypedDict):
    """A drain: its case and the slots of its ring."""

    name: str
    size: Count


class MemoryRecord(TypedDict):
    """Device memory that the engine takes beside a ring, in bytes; None where it cannot tell."""

    size: Count
    bytes: float | None
    bytes_a_slot: float | None
    compact_bytes_a_slot: float | None
    fast_bytes_a_slot: float | None


class BenchRecord(TypedDict):
    """`bench` without its measures.

    Geometry and `where_time_goes` are `Named` with facts of the engine, seconds of a drain's parts, beside.
    """

    device: DeviceRecord
    quick: bool
    repeats: Count
    sizes: list[Count]
    geometry: list[Mapping[str, object]]
    where_time_goes: list[Mapping[str, object]]
    bytes_beside_ring: list[MemoryRecord]
    overtaken: list[dict[str, float]]
    skipped: list[str]
    seconds: Seconds


class BenchAnswer(BenchRecord):
    """The answer of `bench`."""

    measures: list[MeasureRecord]


class HostRecord(TypedDict):
    """`bench host` without its measures."""

    slots: Count
    repeats: Count
    processors: Count
    device: DeviceRecord | None
    skipped: list[str]
    seconds: Seconds


class HostAnswer(HostRecord):
    """The answer of `bench host`."""

    measures: list[HostMeasure]


class WallRecord(TypedDict):
    """`bench wall` without its measures."""

    device: DeviceRecord
    sizes: list[Count]
    repeats: Count
    seconds: Seconds


class WallAnswer(WallRecord):
    """The answer of `bench wall`."""

    measures: list[WallMeasure]


class LiveFigure(TypedDict):
    """One figure of a running launch; see `vyrectl.bench.live.Figure`."""

    name: str
    unit: Annotated[str, Among(("seconds", "tasks/s", "count"))]
    value: float
    p99: float | None
    count: Count
    target: float | None
    met: bool | None


class LiveRecord(TypedDict):
    """`bench live` without its figures."""

    device: str
    skipped: list[str]
    seconds: Seconds


class LiveAnswer(LiveRecord):
    """The answer of `bench live`."""

    figures: list[LiveFigure]


class DevicesFigure(TypedDict):
    """One figure of several devices; see `vyrectl.bench.devices.Figure`."""

    name: str
    unit: Annotated[str, Among(("seconds", "times"))]
    value: float
    target: float | None
    met: bool | None


class DevicesRecord(TypedDict):
    """`bench devices` without its figures."""

    devices: list[str]
    slots: Count
    repeats: Count


class DevicesAnswer(DevicesRecord):
    """The answer of `bench devices`."""

    figures: list[DevicesFigure]

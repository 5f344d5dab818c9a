"""What a bench is asked, and the record of what it found. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from vyrectl.bench.case import SECTIONS, Measure
from vyrectl.bench.records import BenchRecord, MeasureRecord, MemoryRecord
from vyrectl.dataclass import dataclass

if TYPE_CHECKING:
    from vyrectl.bench.engine import Workload
    from vyrectl.opencl.devices import Device

SIZES = (1 << 10, 1 << 16, 1 << 20, 1 << 24)
QUICK_SIZES = SIZES[:3]
REPEATS, QUICK_REPEATS = 9, 5

ALL_SECTIONS = (*SECTIONS, "order")
NO_OP_DRAIN = "no-op drain"


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """What to measure.

    Attributes:
        sizes: Slots of the rings.
        repeats: Rounds that count.
        quick: Whether smaller buffers and fewer builds will do.
        sections: Which of `ALL_SECTIONS`.
    """

    sizes: tuple[int, ...] = SIZES
    repeats: int = REPEATS
    quick: bool = False
    sections: tuple[str, ...] = ALL_SECTIONS

    @classmethod
    def usual(
        cls,
        quick: bool,
        *,
        sizes: tuple[int, ...] | None = None,
        repeats: int | None = None,
        sections: tuple[str, ...] | None = None,
    ) -> BenchRequest:
        """The usual sizes and rounds, but for what is wanted otherwise; None wants nothing."""
        return cls(
            sizes or (QUICK_SIZES if quick else SIZES),
            repeats or (QUICK_REPEATS if quick else REPEATS),
            quick,
            sections or ALL_SECTIONS,
        )


@dataclass(slots=True)
class Report:
    """What a bench found.

    Attributes:
        device: What ran it, as `Device` describes it.
        plan: What was asked for.
        measures: One row a case.
        drains: What the engine drained, by the key of its case.
        overtaken: How far drains stray from the order of priorities, by size.
        skipped: What did not fit, and why.
        seconds: Time the whole bench took.
        memory: What the engine takes beside the rings; see `measure_memory`.
    """

    device: Device
    plan: BenchRequest
    measures: list[Measure] = field(default_factory=list)
    drains: dict[tuple[str, int], Workload] = field(default_factory=dict)
    overtaken: list[dict[str, float]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory: list[MemoryRecord] = field(default_factory=list)

    def to_record(self) -> BenchRecord:
        """Everything but the measures, which are rows (`rows`)."""
        return {
            "device": self.device.to_record(),
            "quick": self.plan.quick,
            "repeats": self.plan.repeats,
            "sizes": list(self.plan.sizes),
            "geometry": self._geometry(),
            "where_time_goes": [row for one in self.measures if (row := self._parts(one))],
            "bytes_beside_ring": self.memory,
            "overtaken": self.overtaken,
            "skipped": self.skipped,
            "seconds": self.seconds,
        }

    def rows(self) -> list[MeasureRecord]:
        """One flat record a measure."""
        return [one.to_record() for one in self.measures]

    def _geometry(self) -> list[Mapping[str, object]]:
        return [{"name": name, "size": size, **load.facts} for (name, size), load in self.drains.items()]

    def _parts(self, one: Measure) -> dict[str, object] | None:
        if one.case.key not in self.drains:
            return None
        return {
            "name": one.case.name,
            "size": one.case.size,
            "wall_seconds": one.wall.median,
            "device_seconds": None if one.device is None else one.device.median,
            **one.parts,
        }

    def measure_memory(self) -> list[MemoryRecord]:
        """What the engine takes beside each ring, as it was drained and in both ways; a row a size."""
        return [
            {
                "size": size,
                "bytes": load.bytes_beside,
                "bytes_a_slot": _each(load.bytes_beside, size),
                "compact_bytes_a_slot": _each(load.memory(fast_index=False), size),
                "fast_bytes_a_slot": _each(load.memory(fast_index=True), size),
            }
            for (name, size), load in self.drains.items()
            if name == NO_OP_DRAIN
        ]


def _each(total_bytes: int | None, slots: int) -> float | None:
    return None if total_bytes is None else total_bytes / slots

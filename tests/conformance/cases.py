"""A ring to run with all that a launch needs, and what came out; the same on every backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vyrectl import LaunchReport, Ring, launch
from vyrectl.abi import control as abi
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import state_name
from vyrectl.engine.backend import Backend
from vyrectl.engine.buffers import Buffer, BufferTable
from vyrectl.task.arrays import SlotArray

COMPARED = (
    "ended",
    "slots",
    "indexed",
    "resumed",
    "claims",
    "done",
    "yielded",
    "paused",
    "requeued",
    "faulted",
    "remaining",
    "epoch",
    "left_alone",
    "by_priority",
    "by_op",
)
"""Parts of a report that do not depend on the device."""

IN_ORDER: tuple[dict[str, int], ...] = ({}, {"workers": 1, "work_group_size": 1, "ticket": 1})
"""Geometries that claim in the exact order of spec 3.5; only these agree in the row of claims above Normal."""


Buffers = Mapping[Any, Buffer]
"""Handle or "args" -> buffer."""


@dataclass(frozen=True)
class Case:
    """A launch to be made.

    Attributes:
        slots: The ring, shape (n,).
        buffers: Handle or "args" -> buffer.
        control: Control buffer, or None for the launch's own.
        options: More arguments of `vyrectl.launch`.
    """

    slots: SlotArray
    buffers: Buffers = field(default_factory=dict)
    control: NDArray[np.uint32] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a launch left behind.

    Attributes:
        slots: The ring.
        buffers: Handle or "args" -> array.
        control: Control buffer.
        report: `LaunchReport.to_record`.
        lost: Claims that met a slot somebody else had changed.
    """

    slots: SlotArray
    buffers: Mapping[int | str, NDArray[Any]]
    control: NDArray[np.uint32]
    report: Mapping[str, Any]
    lost: int


class Runner(Protocol):
    """A way to run a case.

    Attributes:
        name: What a test calls it.
        most_slots: Ring size up to which it is quick enough.
    """

    name: str
    most_slots: int

    def run(self, case: Case) -> Answer:
        """Run a copy of the case; raises what the launch raises."""


class InProcess:
    """Runs cases on a backend of this process."""

    def __init__(self, name: str, backend: Backend, most_slots: int) -> None:
        self.name = name
        self.backend = backend
        self.most_slots = most_slots

    def run(self, case: Case) -> Answer:
        ring = Ring.from_slots(case.slots.copy())
        buffers = {h: Buffer(one.array.copy(), one.writable) for h, one in case.buffers.items()}
        control = None if case.control is None else case.control.copy()
        options = {"fault_unknown": True, **case.options}
        report: LaunchReport = launch(
            ring, device=self.backend, buffers=BufferTable(buffers), control=control, **options
        )
        arrays = {handle: one.array for handle, one in buffers.items()}
        return Answer(ring.slots.copy(), arrays, report.control, report.to_record(), report.tally.lost)


def given(array: NDArray[Any]) -> Buffer:
    """An input."""
    return Buffer(array, writable=False)


def lent(array: NDArray[Any]) -> Buffer:
    """A buffer that operations may write."""
    return Buffer(array, writable=True)


def zeros(count: int, dtype: str = "<u4") -> Buffer:
    """A writable buffer of zeros."""
    return lent(np.zeros(count, dtype))


def assert_same(one: Answer, other: Answer) -> None:
    """Both launches left the same ring, buffers and control words, and count alike."""
    assert_same_slots(one.slots, other.slots)
    differing = np.flatnonzero(one.control != other.control)
    if not (_in_order(one) and _in_order(other)):
        differing = differing[differing != abi.PRIORITY_STARVATION.first]
    assert not len(differing), [
        (int(word), int(one.control[word]), int(other.control[word])) for word in differing[:8]
    ]
    assert one.buffers.keys() == other.buffers.keys()
    for handle, array in one.buffers.items():
        assert_same_words(array, other.buffers[handle], handle)
    assert {name: one.report[name] for name in COMPARED} == {name: other.report[name] for name in COMPARED}


def _in_order(answer: Answer) -> bool:
    return {name: n for name, n in answer.report["geometry"].items() if name != "rung"} in IN_ORDER


def assert_same_slots(one: SlotArray, other: SlotArray) -> None:
    """Equal rings; else the first slot that differs, word by word."""
    at = np.flatnonzero(one != other)
    if len(at):
        slot = int(at[0])
        words = {
            name: (int(one[name][slot]), int(other[name][slot]))
            for name in FIELD_NAMES
            if one[name][slot] != other[name][slot]
        }
        raise AssertionError(
            f"{len(at)} slots differ, the first is {slot} ({state_name(int(one['state'][slot]))}): {words}"
        )


def assert_same_words(one: NDArray[Any], other: NDArray[Any], handle: int | str = "") -> None:
    """Equal bit for bit, but that a float may be any NaN where the other is one."""
    assert one.dtype == other.dtype
    same = one.reshape(-1).view(np.uint8) == other.reshape(-1).view(np.uint8)
    if one.dtype.kind == "f" and one.size:
        both_nan = np.isnan(one.reshape(-1)) & np.isnan(other.reshape(-1))
        same = same.reshape(one.size, -1).all(axis=1) | both_nan
    assert same.all(), f"buffer {handle} differs from element {int(np.flatnonzero(~same)[0])} on"

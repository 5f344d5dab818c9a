"""Rings of a launch that only seems to run: lock and sidecar are there, and no kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vyrectl.abi import live as abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.ring.file import Ring
from vyrectl.sidecar.hold import hold
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.task.arrays import SlotArray

GONE = 0x3FFF_FFFF
"""A pid that no process has."""


def tasks(states: Sequence[int]) -> SlotArray:
    """Slots in these states, every word another."""
    words = np.arange(len(states) * 16, dtype=np.uint32).reshape(-1, 16) + 1000
    slots: SlotArray = words.view(SLOT_DTYPE).reshape(-1)
    slots["state"] = states
    slots["op_handle"], slots["priority"], slots["flags"] = 0, 2, 0
    return slots


def write_ring(path: Path, states: Sequence[int]) -> Path:
    Ring.from_slots(tasks(states)).save(path)
    return path


@contextmanager
def running(path: Path, *, workers: int = 2, once: Sequence[int] = ()) -> Iterator[Sidecar]:
    """The ring as editors see it while a launch in place runs it."""
    with hold(path, role="launch"):
        yield from _sidecar(path, workers, once)


@contextmanager
def crashed(path: Path, *, workers: int = 2, once: Sequence[int] = ()) -> Iterator[Sidecar]:
    """The ring as a killed launch leaves it; fill the records in inside the block."""
    with hold(path, role="launch"):
        for sidecar in _sidecar(path, workers, once, leaves=True):
            yield sidecar
            sidecar.words[abi.WORD["PID"]] = GONE


def _sidecar(path: Path, workers: int, once: Sequence[int], *, leaves: bool = False) -> Iterator[Sidecar]:
    with Ring.open(path) as ring:
        identity, count = ring.identity, len(ring)
    assert identity is not None
    with Sidecar.create(path, identity, count, workers=workers, control_words=192, once=once) as sidecar:
        sidecar.open_doors()
        yield sidecar
        if not leaves:
            assert sidecar.shut_doors() == []
            sidecar.remove()


def read(path: Path) -> SlotArray:
    return np.frombuffer(path.read_bytes(), SLOT_DTYPE)


def note_redo(sidecar: Sidecar, worker: int, slot: int, words: Mapping[int, int]) -> None:
    base = sidecar.layout.redo + worker * abi.REDO_WORDS
    for place, index in enumerate(abi.REDO_INDEX):
        sidecar.words[base + 1 + place] = words[index]
    sidecar.words[base] = slot + 1


def note_editor(
    sidecar: Sidecar,
    phase: int,
    slot: int,
    before: int,
    after: Sequence[int],
    *,
    pid: int = GONE,
    row: int = 1,
) -> None:
    base = sidecar.records.editor_base(row)
    sidecar.words[base + abi.EDITOR_PID] = pid
    sidecar.words[base + abi.EDITOR_COUNT] = 1
    sidecar.words[base + abi.EDITOR_SLOTS] = slot + 1
    sidecar.words[base + abi.EDITOR_BEFORE] = before
    for index, word in enumerate(after):
        sidecar.words[base + abi.EDITOR_AFTER + index] = word
    sidecar.words[base + abi.EDITOR_PHASE] = phase

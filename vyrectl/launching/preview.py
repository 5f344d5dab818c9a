"""What a launch would claim, found without a device: the reference backend's index over a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.backend import Job, RoundIndex
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import OpSource, load_source, op_codes
from vyrectl.engine.quotas import Quotas, checked_quotas
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.launching.report import LeftAlone
from vyrectl.launching.run import remainder, selected_slots, start_control
from vyrectl.launching.unrunnable import Defined, Survey, survey
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.snapshot import tally_slots


def preview(
    slots: SlotArray,
    *,
    epoch: int | None,
    where: str | None,
    age_threshold: int,
    ops: Sequence[str | PathLike[str]] = (),
    quotas: Quotas | None = None,
    control: NDArray[np.uint32] | None = None,
) -> tuple[RoundIndex, LeftAlone]:
    """The first round's index, and the slots that a launch would leave alone.

    Args:
        slots: The ring, shape (n,); not changed.
        epoch: As for `launch`.
        where: As for `launch`.
        age_threshold: As for `launch`.
        ops: OpenCL C files whose operations `where` may name.
        quotas: As for `launch`; only those of 0 shut somebody out before anything is claimed.
        control: As for `launch`: its epoch and its tenants' gate hold; not changed.
    """
    job = _job(slots, epoch, where, _sources(ops), quotas, control, age_threshold=age_threshold)
    session = ReferenceBackend().open(replace(job, ops=()))
    index = session.index()
    indexed = session.slots()
    return index, remainder(indexed, job, job.control, job.quotas, tally_slots(indexed))[1]


def what_cannot_run(
    slots: SlotArray,
    *,
    epoch: int | None = None,
    where: str | None = None,
    ops: Sequence[str | PathLike[str]] = (),
    quotas: Quotas | None = None,
    buffers: BufferTable | None = None,
    control: NDArray[np.uint32] | None = None,
) -> Survey:
    """The claimable tasks that a launch would only fault; arguments as for `preview`.

    Args:
        buffers: What the launch would be given.
    """
    sources = _sources(ops)
    job = _job(slots, epoch, where, sources, quotas, control, buffers=buffers or BufferTable())
    return survey(job, Defined(sources))[0]


def _sources(ops: Sequence[str | PathLike[str]]) -> tuple[OpSource, ...]:
    return tuple(load_source(Path(op)) for op in ops)


def _job(
    slots: SlotArray,
    epoch: int | None,
    where: str | None,
    sources: tuple[OpSource, ...],
    quotas: Quotas | None,
    control: NDArray[np.uint32] | None,
    *,
    buffers: BufferTable | None = None,
    age_threshold: int = 0,
) -> Job:
    return Job(
        slots,
        start_control(control, epoch),
        buffers or BufferTable(),
        ops=sources,
        selected=selected_slots(slots, where, op_codes(sources)),
        age_threshold=age_threshold,
        quotas=checked_quotas(quotas or {}),
        gate=control is not None,
    )

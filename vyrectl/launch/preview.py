"""What a launch would claim, found without a device: the reference backend's index over a copy."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from vyrectl.engine.backend import Job, RoundIndex
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.ops import load_source, op_codes
from vyrectl.engine.quotas import Quotas, checked_quotas
from vyrectl.engine.reference import ReferenceBackend
from vyrectl.launch.report import LeftAlone
from vyrectl.launch.run import remainder, selected_slots, start_control
from vyrectl.task.arrays import SlotArray


def preview(
    slots: SlotArray,
    *,
    epoch: int | None,
    where: str | None,
    age_threshold: int,
    ops: Sequence[str | PathLike[str]] = (),
    quotas: Quotas | None = None,
) -> tuple[RoundIndex, LeftAlone]:
    """The first round's index, and the slots that a launch would leave alone.

    Args:
        slots: The ring, shape (n,); not changed.
        epoch: As for `launch`.
        where: As for `launch`.
        age_threshold: As for `launch`.
        ops: OpenCL C files whose operations `where` may name.
        quotas: As for `launch`; only those of 0 shut somebody out before anything is claimed.
    """
    codes = op_codes([load_source(Path(op)) for op in ops])
    control = start_control(None, epoch)
    selected = selected_slots(slots, where, codes)
    bounds = checked_quotas(quotas or {})
    job = Job(slots, control, BufferTable(), selected=selected, age_threshold=age_threshold, quotas=bounds)
    session = ReferenceBackend().open(job)
    index = session.index()
    return index, remainder(session.slots(), job, control, bounds)[1]

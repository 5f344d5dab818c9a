"""Which tasks the kernels of a session let in: the selection, the tenant masks, what bounded tenants have left.

Imports numpy. Invariant: what the device is told between rounds is what the host knew at the end of the last one.
"""

from __future__ import annotations

import numpy as np

from vyrectl.engine.backend import Job
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.quota_table import QuotaTable
from vyrectl.task.arrays import SlotArray


class Admission:
    """The filter of a job on its device."""

    def __init__(self, device: DeviceQueue, job: Job, slots: SlotArray) -> None:
        self._device, self._job = device, job
        self.quotas = QuotaTable(job.quotas, slots, job.selected)
        self._selects = job.selected is not None or bool(job.quotas)
        self._selected = device.buffer(len(slots) if self._selects else 0)
        if job.selected is not None and len(slots):
            device.write(self._selected, job.selected.astype(np.uint8))

    def renew(self) -> None:
        """Tell the device whom spent quotas shut out by now; changes from here on are news."""
        if self._job.shared.live is not None:
            self._job.shared.live.mark()
        if (selected := self.quotas.news()) is not None:
            self._device.write(self._selected, selected)

    def arguments(self) -> dict[str, object]:
        """What kernels take that choose among tasks."""
        return {"gate": self._job.gate, "selected": self._selected, "has_selected": self._selects}

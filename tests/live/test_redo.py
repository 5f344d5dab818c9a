"""What a worker notes before it writes the end of a turn is what it then writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import devices, on_device
from vyrectl.abi import live as abi
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.ops import scan_source
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.prepare import Wiring
from vyrectl.launching.run import run as launch
from vyrectl.live.host import LiveHost
from vyrectl.ring.file import Ring

CPUS = [name for name, device in devices().items() if device.is_cpu]
SOURCE = """
#include "vyre_op.h"
VYRE_OP(0x20020, ends, "ends as param says") {
    switch (task->param) {
        case 0u: return vyre_yield(11u, 12u);
        case 1u: return vyre_pause(13u, 14u, 15u);
        case 2u: return vyre_requeue(16u, 17u, 4u);
        default: return vyre_fault(18u);
    }
}
"""


@pytest.mark.parametrize("device", CPUS)
@pytest.mark.parametrize(
    "shape", [{"workers": 1, "ticket": 1}, {"workers": 1, "ticket": 2}, {"work_group_size": 4}]
)
@pytest.mark.parametrize(("param", "state"), [(0, 5), (1, 4), (2, 6), (3, 7)])
def test_a_record_holds_what_is_written(device: str, shape: dict[str, int], param: int, state: int) -> None:
    slots = np.arange(100, 116, dtype="<u4").view(SLOT_DTYPE).copy()
    slots["state"], slots["op_handle"], slots["param"], slots["flags"] = 1, 0x20020, param, 0x1F
    slots["priority"] = 1
    ring = Ring.from_slots(slots)
    host = LiveHost(None, 1)
    asked = LaunchOptions(
        device=on_device(device).backend,
        ops=[scan_source(SOURCE, Path("ends.cl"))],
        max_steps=1,
        mode="jit",
        **shape,  # type: ignore[arg-type]
    )
    launch(ring, asked, Wiring(place=lambda shares: (ring.slots, shares), live=host))
    assert host.sidecar is not None
    records = host.sidecar.array()[host.sidecar.layout.redo : host.sidecar.layout.editors].reshape(
        -1, abi.REDO_WORDS
    )
    assert not records[:, 0].any(), "every record is cleared"
    (used,) = records[records[:, 1] != 0]
    words = ring.slots.view(np.uint32)
    assert used[1 : 1 + len(abi.REDO_INDEX)].tolist() == words[list(abi.REDO_INDEX)].tolist()
    assert words[0] == state

"""`verify` sees an engine that is broken: each kernel below breaks one promise on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import NO_CPU, devices
from tests.needs import require
from tests.support.ops import REQUEUE_N
from tests.support.rings import ready_tasks
from vyrectl import Ring, launch
from vyrectl.errors import VerifyError
from vyrectl.opencl import program
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.source import assemble
from vyrectl.task.arrays import SlotArray

CLAIM = "    const uint met = vyre_cas_value_acq_rel(state, VYRE_STATE_READY, VYRE_STATE_RUNNING);\n"
WAIT_A_LITTLE = "    for (volatile uint wait = 0u; wait < 400u; ++wait) {}\n"
CLAIM_BY_STORE = (
    "    const uint met = vyre_load_relaxed(state);\n"
    "    if (!vyre_is_schedulable(met)) return false;\n"
    f"{WAIT_A_LITTLE}    vyre_store_relaxed(state, VYRE_STATE_RUNNING);\n    if (met < 99u) return true;\n"
)
SETTLE = "    const uint state = vyre_write_payload(words, outcome, false);\n"
STATE_FIRST = "    vyre_store_release(words + VYRE_WORD_STATE, vyre_outcome_state(outcome.kind));\n"
LOOK = "        const uint class = vyre_first_look("
SPILL = "    spill->pool[open->block[class] * VYRE_BLOCK + open->size[class]] = slot;\n    if (++open->size"
ENDED = "    vyre_store_release(VYRE_WORD(w->ring, slot, VYRE_WORD_STATE), ending.state);\n"

BROKEN = {
    "claimed by load and store": (CLAIM, CLAIM_BY_STORE),
    "state before payload": (SETTLE, STATE_FIRST + WAIT_A_LITTLE + SETTLE),
    "a slot that is never lined up": (
        LOOK,
        LOOK.replace("vyre", "first + i == 75u ? VYRE_NOT_CLAIMABLE : vyre"),
    ),
    "a slot lined up twice": (
        SPILL,
        "    if (slot == 75u && open->size[class] + 1u < VYRE_BLOCK)\n"
        "        spill->pool[open->block[class] * VYRE_BLOCK + open->size[class]++] = slot;\n" + SPILL,
    ),
    "an end that is never published": (ENDED, "    if (slot != 75u)\n    " + ENDED),
}


@pytest.fixture(scope="module")
def cpu() -> OpenCLBackend:
    """A CPU, whose workers are lanes."""
    found = [one for one in devices().values() if one.is_cpu]
    require(bool(found), NO_CPU)
    return OpenCLBackend(found[0])


def slots() -> SlotArray:
    return ready_tasks(4000, op_handle=REQUEUE_N, param=3, priority=np.arange(4000) % 5)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_engine_is_seen(name: str, cpu: OpenCLBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = BROKEN[name]

    def broken(*arguments: Any, **options: Any) -> str:
        text = assemble(*arguments, **options)
        assert text.count(old) == 1
        return text.replace(old, new)

    monkeypatch.setattr(program, "assemble", broken)
    ring = Ring.from_slots(slots())
    with pytest.raises(VerifyError):
        launch(ring, device=OpenCLBackend(cpu.device), verify=True, workers=4, mode="jit")
    assert (ring.slots == slots()).all()


@pytest.mark.parametrize(
    "shape", [{}, {"workers": 1, "ticket": 1}, {"work_group_size": 8, "workers": 3, "mode": "jit"}]
)
def test_a_sound_engine_is_believed(cpu: OpenCLBackend, shape: dict[str, Any]) -> None:
    ring = Ring.from_slots(slots())
    report = launch(ring, device=cpu, verify=True, **shape)
    assert (report.ended, report.tally.claims) == ("drained", 16_000)
    assert (ring.slots["state"] == 3).all()

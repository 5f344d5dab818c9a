"""A claim is won by one worker alone, wherever a rival steps in: no run of luck is needed to see one that is not.

The shipped `core.h` is built with a rival in front of each atomic of `vyre_sync.h`: before the access that a test names
it claims the same slot by a true compare-and-swap. One work-item plays both, so that every order of the two is tried.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.opencl.builds import built_for
from tests.support.rings import ready_tasks
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.source import assemble

CORE = "static bool vyre_is_schedulable(uint state) {"
"""Where the claims begin: what stands before it is left as it is."""

RIVAL = """
/* Words 1 to 3 of the slot: accesses so far, the access before which the rival acts, its wins. */
static void rival_steps_in(vyre_word_ptr state) {
    if (state[1]++ != state[2]) return;
    const uint met = *state;
    if (met < VYRE_STATE_COUNT && ((VYRE_SCHEDULABLE_STATES >> met) & 1u))
        state[3] += vyre_cas_acquire(state, met, VYRE_STATE_RUNNING);
}

"""

ATOMICS = {
    "vyre_cas_acquire": 3,
    "vyre_cas_value_acq_rel": 3,
    "vyre_cas_value_relaxed": 3,
    "vyre_load_relaxed": 1,
    "vyre_load_acquire": 1,
    "vyre_store_relaxed": 2,
    "vyre_store_release": 2,
}
"""Each with the number of its arguments; the first is the word."""

KERNEL = """
__kernel void claims(__global uint *ring, const uint slots, __global const uint *likely, __global uint *won) {
    for (uint slot = 0u; slot < slots; ++slot)
        won[slot] = likely[slot] < VYRE_STATE_COUNT ? vyre_claim_relaxed(ring, slot, likely[slot])
                                                    : vyre_claim(ring, slot);
}
"""

UNKNOWN = 8
STATES = range(UNKNOWN + 1)
ACCESSES = range(5)
"""More than any claim makes: at the last the rival never acts."""

CASES = np.array(list(product(STATES, ACCESSES, (*sorted(SCHEDULABLE), UNKNOWN))), np.uint32)
"""State of the slot, the rival's turn, and the state that a batch expects; UNKNOWN for a claim of one."""


def source() -> str:
    """The program, with a rival in each atomic that its claims make."""
    names = {1: "(p)", 2: "(p, a)", 3: "(p, a, b)"}
    watched = (
        f"#define {name}{names[count]} (rival_steps_in(p), {name}{names[count]})"
        for name, count in ATOMICS.items()
    )
    text = assemble()
    assert text.count(CORE) == 1
    return text.replace(CORE, RIVAL + "\n".join(watched) + f"\n{CORE}") + KERNEL


@pytest.fixture(scope="module")
def claims(backend: OpenCLBackend) -> Any:
    return pyopencl().Kernel(built_for(backend, source()), "claims")


def test_one_of_two_wins(backend: OpenCLBackend, claims: Any) -> None:
    cl, program = pyopencl(), backend.program()
    before, turn, likely = np.ascontiguousarray(CASES.T)
    slots, won = ready_tasks(len(CASES), state=before, op_handle=0, tenant_id=turn, priority=0), 0 * before
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    ring, *words = (cl.Buffer(program.context, flags, hostbuf=one) for one in (slots, likely, won))
    claims(program.queue, (1,), (1,), ring, np.uint32(len(CASES)), *words)
    cl.enqueue_copy(program.queue, slots, ring)
    cl.enqueue_copy(program.queue, won, words[1])
    claimable = np.isin(before, sorted(SCHEDULABLE))
    assert (won + slots["priority"] == claimable).all(), "won by both, or by nobody"
    assert (slots["state"] == np.where(claimable, int(TaskState.RUNNING), before)).all()
    assert set(slots["priority"][claimable & (turn == 0)]) == {1}
    assert set(won[claimable & (turn == ACCESSES[-1])]) == {1}

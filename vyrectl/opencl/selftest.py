"""Asks a device whether claiming and publishing really work between its work-groups, before `--verify` trusts them."""

from __future__ import annotations

import numpy as np

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.states import TaskState
from vyrectl.errors import VerifyError
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.program import Program

CLAIM_SLOTS = 1 << 15
CLAIM_PASSES = 8
RELAY_ATTEMPTS = 1 << 17


def check_primitives(program: Program, workers: int) -> None:
    """Let several work-groups fight for the same slots, then hand one slot from group to group.

    Args:
        program: Built with `verify`.
        workers: Work-groups to use; two at least.

    Raises:
        VerifyError: A slot was won twice, or a claimer did not see what the last holder had written.
    """
    groups = max(2, workers)
    for _ in range(CLAIM_PASSES):
        _check_claims(program, groups)
    if program.rung.number < 3:
        _check_relay(program, groups)


def _check_claims(program: Program, groups: int) -> None:
    slots = np.zeros(CLAIM_SLOTS, SLOT_DTYPE)
    slots["state"] = int(TaskState.READY)
    wins = np.zeros(CLAIM_SLOTS, np.uint32)
    _, wins = _run(program, "vyre_selftest_claim", groups, slots, "wins", wins, slots=CLAIM_SLOTS)
    wrong = np.flatnonzero(wins != 1)
    if wrong.size:
        raise VerifyError(
            f"{wrong.size} of {CLAIM_SLOTS} slots were not won exactly once by {groups} work-groups",
            where=program.device.name,
            fix="This device's compare-and-swap cannot be trusted; choose another device",
        )


def _check_relay(program: Program, groups: int) -> None:
    slot = np.zeros(1, SLOT_DTYPE)
    slot["state"] = int(TaskState.YIELDED)
    answers = np.zeros(2, np.uint32)
    name, limit = "vyre_selftest_relay", RELAY_ATTEMPTS
    slot, answers = _run(program, name, groups, slot, "answers", answers, attempts=limit)
    claims, torn = answers.tolist()
    if torn or int(slot["yield_count"][0]) != claims:
        raise VerifyError(
            f"{torn} of {claims} claims did not see all that the last holder had written "
            f"({int(slot['yield_count'][0])} of them left their mark)",
            where=program.device.name,
            fix="This device publishes a state before its payload; choose another device",
        )


def _run(
    program: Program, name: str, groups: int, slots: Handle, into: str, words: Handle, /, **given: int
) -> tuple[Handle, Handle]:
    """The slots, and the words of the parameter `into`, after a kernel has worked on them."""
    cl = pyopencl()
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    ring = cl.Buffer(program.context, flags, hostbuf=slots.view(np.uint8))
    results = cl.Buffer(program.context, flags, hostbuf=words)
    program.kernel(name)(program.queue, groups, 1, ring=ring, **{into: results}, **given)
    after = np.empty_like(slots)
    cl.enqueue_copy(program.queue, after.view(np.uint8), ring)
    counted = np.empty_like(words)
    cl.enqueue_copy(program.queue, counted, results)
    return after, counted

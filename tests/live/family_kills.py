"""Launches killed while tasks make tasks: trees that count their nodes, sums by halves, a stencil through epochs.

Each node of a tree counts itself twice, before it spawns its two halves and once both have ended; a join that comes too
early faults. A turn that runs again spawns again, so a node may run more than once, but no more often than it and those
above it were running at a kill. Empty slots carry the words of tasks that never were: none of them may run.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.live.kills import DONE, MOST_LAUNCHES, RUNNING, is_over, start_and_kill
from tests.live.kills import recover as recover_ring
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.reference_family import FORK_LEAF, FORK_SUM, STENCIL
from vyrectl.ring.file import Ring
from vyrectl.sidecar.sidecar import sidecar_path
from vyrectl.task.arrays import SlotArray

TREE = 0x20020
LEVELS = 6
NODES = (1 << LEVELS) - 1
INNER = NODES // 2
"""Nodes below this one have halves."""

SUMS, PARTS = 8, 4
"""Sums, and blocks of 4096 elements of each."""

CIRCLE, STEPS = 3000, 4
"""Words and steps of the stencil."""

SPARE = 4
"""Empty slots for each task that must be, since turns that run again spawn again."""

SOURCE = """
#include "vyre_op.h"
#define NODES NODES_u
#define INNER (NODES / 2u)
VYRE_SPAWNING_OP(0x20020, tree, "counts node param of tree input_handle, then its halves, then itself once more") {
    const ulong first = (ulong)task->input_handle * NODES * 2u;
    __global uint *counts = vyre_write_u32(task, task->output_handle, first, NODES * 2u);
    VYRE_CHECK(task);
    const uint node = task->param;
    if (node >= NODES || task->pc > 1u) return vyre_fault(5u);
    for (volatile uint work = 0u; work < 40000u; ++work) {}
    counts[2u * node + task->pc] += 1u;
    if (node >= INNER) return vyre_done();
    const uint halves[2] = {2u * node + 1u, 2u * node + 2u};
    if (task->pc) {
        for (uint side = 0u; side < 2u; ++side) {
            if (!counts[2u * halves[side]]) return vyre_fault(9u);
            if (halves[side] < INNER && !counts[2u * halves[side] + 1u]) return vyre_fault(9u);
        }
        return vyre_done();
    }
    for (uint side = 0u; side < 2u; ++side)
        if (vyre_spawn(task, 0x20020u, task->priority, task->input_handle, 0u, halves[side]) == VYRE_FULL)
            return vyre_fault(10u);
    return vyre_join(1u, 0u);
}
""".replace("NODES_u", f"{NODES}u")

PLACES = (
    "vyre_store_relaxed(words + VYRE_WORD_OP_HANDLE, VYRE_OP_NOP);",
    "words[VYRE_WORD_PRIORITY] = priority;",
    "vyre_store_release(words + VYRE_WORD_OP_HANDLE, op_handle);",
    "vyre_store_release(words, VYRE_STATE_READY);\n    return child;",
    "*vyre_link(nursery, parent, VYRE_LINK_WAITS) = 0u;",
)
"""Around every step of a spawn, and where a parent goes on."""


@dataclass
class Story:
    """What happened over all launches of one ring.

    Attributes:
        kills: Launches that were killed while they ran.
        running: Tasks that were Running at a kill, all kills together.
        repeats: Nodes counted more often than once.
        allowed: How often each node of each tree was Running at a kill, shape (trees, NODES).
        counts: How often each node counted itself before and after its halves, shape (trees, NODES, 2).
        slots: The ring at the end.
    """

    kills: int = 0
    running: int = 0
    allowed: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, NODES), np.int64))
    counts: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, NODES, 2), np.uint32))
    slots: SlotArray = field(default_factory=lambda: np.zeros(0, SLOT_DTYPE))

    @property
    def repeats(self) -> int:
        """Nodes that ran again."""
        return int((self.counts[:, :, 0] > 1).sum())

    def check(self, folder: Path) -> None:
        """Hold it to the promise.

        Raises:
            AssertionError: A task was lost or hangs, a join came early, a node ran too often, a result is wrong.
        """
        tasks = self.slots[self.slots["state"] != 0]
        left = tasks[tasks["state"] != DONE]
        assert not len(left), left[:4]
        assert self.counts[:, :, 0].min() >= 1, "a node never ran"
        assert self.counts[:, :INNER, 1].min() >= 1, "a node never joined"
        least = self.allowed.copy()
        for node in range(1, NODES):
            least[:, node] += least[:, (node - 1) // 2]
        assert (self.counts[:, :, 0] <= 1 + least).all(), (
            "a node ran more often than it or those above it were running"
        )
        summed = np.load(folder / "in.npy").sum(dtype=np.uint64) & 0xFFFF_FFFF
        for number in range(SUMS):
            assert int(np.load(folder / f"sum{number}.npy")[0]) == summed
        assert (np.load(folder / "circle.npy")[:CIRCLE] == stepped()).all()


def stepped() -> NDArray[np.uint32]:
    """The circle after its steps; an even number of them, so that it lies in the first half again."""
    now = np.arange(CIRCLE, dtype=np.uint32)
    for _ in range(STEPS):
        now = np.roll(now, 1) + now + np.roll(now, -1)
    return now


def build(folder: Path, trees: int) -> Path:
    """A ring of roots, and Empty slots whose words would run a tree's node if anybody took them for a task."""
    np.save(folder / "in.npy", np.arange(FORK_LEAF * PARTS, dtype=np.uint32) * 77)
    np.save(folder / "circle0.npy", np.concatenate([np.arange(CIRCLE), np.zeros(CIRCLE)]).astype(np.uint32))
    roots = trees + SUMS + 1
    needed = trees * NODES + SUMS * 2 * PARTS + STEPS * (CIRCLE // 1024 + 3)
    slots = np.zeros(roots + SPARE * needed, SLOT_DTYPE)
    slots["task_id"] = 1 + np.arange(len(slots)) % roots
    slots["op_handle"], slots["param"] = TREE, NODES + 1
    slots["state"][:roots] = 1
    slots["priority"][:roots] = np.arange(roots) % 5
    slots["input_handle"][:trees], slots["param"][:trees] = np.arange(trees), 0
    sums = slice(trees, trees + SUMS)
    slots["op_handle"][sums], slots["input_handle"][sums], slots["param"][sums] = FORK_SUM, 1, 0
    slots["output_handle"][sums] = 3 + np.arange(SUMS)
    slots["op_handle"][roots - 1], slots["output_handle"][roots - 1] = STENCIL, 2
    slots["param"][roots - 1] = STEPS
    ring = folder / "ring.bin"
    Ring.from_slots(np.ascontiguousarray(slots[np.random.default_rng(1).permutation(len(slots))])).save(ring)
    (folder / "tree.cl").write_text(SOURCE)
    return ring


def run(
    folder: Path,
    ring: Path,
    trees: int,
    seed: int,
    kills: int,
    *,
    places: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Story:
    """Launch, kill and recover until so many launches were killed; then let one end.

    Args:
        folder: Where the files are.
        ring: What `build` made.
        trees: Its trees.
        seed: Of the moments of death.
        kills: How many.
        places: Statements of the kernels to dawdle at.
        options: Of `launch`, beside the others.
    """
    generator, story, epoch = random.Random(seed), Story(allowed=np.zeros((trees, NODES), np.int64)), 0
    for _ in range(MOST_LAUNCHES):
        wait = generator.expovariate(1 / 0.03) if story.kills < kills else None
        command = [*command_of(folder, ring, trees, epoch), *options]
        if start_and_kill(command, ring, wait, places if wait is not None else ()):
            break
        if is_over(ring, folder / "counts.npy"):
            break
        if Path(sidecar_path(ring)).exists():
            story.kills += 1
        note(story, np.frombuffer(ring.read_bytes(), SLOT_DTYPE))
        epoch = max(epoch, recover_ring(ring)["epoch"] or 0)
    story.counts = np.load(folder / "counts.npy").reshape(trees, NODES, 2)
    story.slots = np.frombuffer(ring.read_bytes(), SLOT_DTYPE)
    return story


def note(story: Story, slots: SlotArray) -> None:
    """Which nodes were running."""
    running = slots[slots["state"] == RUNNING]
    story.running += len(running)
    nodes = running[(running["op_handle"] == TREE) & (running["param"] < NODES)]
    np.add.at(story.allowed, (nodes["input_handle"], nodes["param"]), 1)


def command_of(folder: Path, ring: Path, trees: int, epoch: int) -> list[str]:
    """A launch that goes on from an epoch."""
    table = {
        0: f"zeros:uint32:{trees * NODES * 2}:{folder / 'counts.npy'}",
        1: str(folder / "in.npy"),
        2: f"{folder / 'circle0.npy'}:{folder / 'circle.npy'}",
        **{3 + n: f"zeros:uint32:{2 * PARTS - 1}:{folder / f'sum{n}.npy'}" for n in range(SUMS)},
    }
    buffers = [part for handle, spec in table.items() for part in ("--buffer", f"{handle}={spec}")]
    command = ["launch", str(ring), "--ops", "tree.cl", "--json", "--epoch", str(epoch)]
    return [*command, *buffers]

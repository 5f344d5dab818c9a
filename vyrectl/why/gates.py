"""Rules about tasks that nobody may claim or does: tenants, the starvation guard, operations, launches.

Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import is_kept_id
from vyrectl.ring.findings.about import TENANTS
from vyrectl.ring.findings.masks import Mask
from vyrectl.why.found import MOST_SHOWN, Found, counts_of, find, named_counts, tasks, waiting
from vyrectl.why.scene import Scene


def guard_live_lock(scene: Scene) -> Iterator[Found]:
    """The runtime's starvation guard lets nothing through."""
    if not scene.guard_locks:
        return
    mask = scene.chunk.claimable & scene.let_in & (scene.chunk.classes <= int(TaskPriority.HIGH))
    by = "partition (words 129-134)" if scene.about.bounds else "word 3"
    yield find(
        scene,
        "guard-live-lock",
        mask,
        f"the starvation guard waits for a task below High, and there is none ({waiting(_count(mask))})",
        f"word 135 is {scene.about.starvation}; the runtime's kernel claims nothing from 16 on",
        f"nothing claimable below High, by {by}",
        mend="control",
    )


def shut_out(scene: Scene) -> Iterator[Found]:
    """Of tenants that may not claim, and never claimed."""
    waiting = scene.chunk.claimable | scene.state(TaskState.PAUSED)
    masked = waiting & scene.masked & ~scene.had_turns
    beyond = masked & scene.chunk.lies("tenant_id", len(TENANTS))
    shut = masked & ~beyond
    if shut.any():
        listed = _tenants(scene, shut)
        yield find(
            scene,
            "shut-out",
            shut,
            f"{tasks(_count(shut))} of a tenant whose mask is 0 ({listed})",
            f"mask of {listed} is 0",
            mend="mask",
            places={"masks": _words(scene, shut, "mask.{}=open")},
        )
    spent = waiting & ~scene.masked & ~scene.let_in
    bounded = spent & np.isin(scene.chunk["tenant_id"], np.array(sorted(scene.quotas), np.uint32))
    if bounded.any():
        yield _bounded(scene, bounded)
    if (spent & ~bounded).any():
        yield _spent(scene, spent & ~bounded)
    if beyond.any():
        listed = _tenants(scene, beyond)
        yield find(
            scene,
            "shut-out",
            beyond,
            f"{tasks(_count(beyond))} of a tenant without a mask ({listed})",
            f"{listed}: only tenants 0 to {len(TENANTS) - 1} have a mask",
            mend="no-mask",
        )


def _bounded(scene: Scene, spent: Mask) -> Found:
    tenants = sorted(word for word, _ in counts_of(scene, np.flatnonzero(spent), "tenant_id"))
    most = {tenant: scene.quotas[tenant][0] for tenant in tenants}
    return find(
        scene,
        "shut-out",
        spent,
        f"{tasks(_count(spent))} of a tenant that has spent its --tenant-quota ({_tenants(scene, spent)})",
        *[f"tenant {tenant}: all {number} claims of this launch are made" for tenant, number in most.items()][
            :MOST_SHOWN
        ],
        mend="bounded",
        places={"bounds": " ".join(f"--tenant-quota {one}={10 * most[one] or 1000}" for one in tenants)},
    )


def _spent(scene: Scene, spent: Mask) -> Found:
    tenants = [tenant for tenant, _ in counts_of(scene, np.flatnonzero(spent), "tenant_id")]
    control = scene.control or ()
    claims = {tenant: (control[64 + tenant], control[32 + tenant]) for tenant in tenants}
    facts = [f"tenant {tenant}: {done} claims, quota {most}" for tenant, (done, most) in claims.items()]
    wanted = " ".join(f"quota.{tenant}={done + 1_000_000}" for tenant, (done, _) in claims.items())
    return find(
        scene,
        "shut-out",
        spent,
        f"{tasks(_count(spent))} of a tenant whose quota is spent ({_tenants(scene, spent)})",
        *facts[:MOST_SHOWN],
        mend="quota",
        places={"quotas": wanted},
    )


def mask_closed(scene: Scene) -> Iterator[Found]:
    """Claimed before, and now its tenant's mask is 0."""
    mask = (
        scene.chunk.open & scene.masked & scene.had_turns & scene.chunk.lies("tenant_id", 0, len(TENANTS) - 1)
    )
    if not mask.any():
        return
    listed = _tenants(scene, mask)
    states = ", ".join(
        f"{_count(mask & scene.state(one))} {one.label}"
        for one in TaskState
        if (mask & scene.state(one)).any()
    )
    yield find(
        scene,
        "mask-closed",
        mask,
        f"{tasks(_count(mask))} begun before the mask of {listed} was closed",
        f"mask of {listed} is 0, and they had turns: {states}",
        mend="mask",
        places={"masks": _words(scene, mask, "mask.{}=open")},
    )


def unknown_op(scene: Scene) -> Iterator[Found]:
    """Open tasks of operations that nothing defines."""
    mask = scene.undefined
    if not mask.any():
        return
    kept = np.isin(
        scene.chunk["op_handle"],
        [op for op in np.unique(scene.slots["op_handle"][mask]).tolist() if is_kept_id(op)],
    )
    if (mask & ~kept).any():
        yield _bodiless(scene, mask & ~kept, "of an operation that nothing defines")
    if (mask & kept).any():
        yield _bodiless(scene, mask & kept, "of an operation whose id is kept and has no body", mend="kept")


def _bodiless(scene: Scene, mask: Mask, what: str, mend: str = "") -> Found:
    ops = counts_of(scene, np.flatnonzero(mask), "op_handle")
    listed = ", ".join(f"{_named(scene, op)} {count}" for op, count in ops[:MOST_SHOWN])
    more = ", ..." if len(ops) > MOST_SHOWN else ""
    known = int(np.count_nonzero(scene.queue & ~scene.undefined))
    return find(
        scene,
        "unknown-op",
        mask,
        f"{tasks(_count(mask))} {what} ({_named(scene, ops[0][0])}{f' and {len(ops) - 1} more' * (len(ops) > 1)})",
        f"operations without a body: {listed}{more}",
        f"{tasks(known)} of known operations beside them",
        mend=mend,
    )


def _named(scene: Scene, op: int) -> str:
    name = scene.op_name(op)
    return f"0x{op:x}" if name.startswith("0x") else f"{name} (0x{op:x})"


def unknown_handle(scene: Scene) -> Iterator[Found]:
    """Claimable, and a launch would have to be given a buffer."""
    if scene.operations.lacking is None or scene.holder.lives or not scene.taken.any():
        return
    mask, reasons = scene.operations.lacking(scene.slots, scene.taken)
    missing = [one for one in reasons if one.handle is not None]
    if not missing:
        return
    handles = list(dict.fromkeys(str(one.handle) for one in missing))
    shown = ", ".join(handles[:MOST_SHOWN]) + (", ..." if len(handles) > MOST_SHOWN else "")
    yield find(
        scene,
        "unknown-handle",
        mask,
        f"{tasks(_count(mask))} can be claimed once a launch is given {'buffers' if len(handles) > 1 else 'a buffer'} "
        f"(handle{'s' * (len(handles) > 1)} {shown})",
        *(str(one) for one in missing),
        places={"buffers": " ".join(dict.fromkeys(one.remedy for one in missing))},
    )


def unattended(scene: Scene) -> Iterator[Found]:
    """Claimable, and nobody claims."""
    mask = scene.claimable
    if scene.holder.lives or not mask.any() or scene.guard_locks:
        return
    if scene.shut_down:
        yield find(
            scene,
            "unattended",
            mask,
            f"workers were told to leave (SHUTDOWN), and {tasks(_count(mask))} could be claimed",
            "SHUTDOWN (word 0 of the control buffer) is set: workers leave at their next iteration",
            mend="shutdown",
        )
        return
    still = scene.motion is not None and scene.motion.is_still
    if not still and scene.stalled != "stalled":
        return
    yield find(
        scene,
        "unattended",
        mask,
        f"nobody runs it: {tasks(_count(mask))} could be claimed, and none was",
        f"{scene.holder.keeper.value}, and nothing changed between the looks",
    )


def _tenants(scene: Scene, mask: Mask) -> str:
    listed = [name for name, _ in named_counts(scene, np.flatnonzero(mask), "tenant_id")]
    shown = ", ".join(listed[:MOST_SHOWN]) + (", ..." if len(listed) > MOST_SHOWN else "")
    return f"tenant{'s' * (len(listed) > 1)} {shown}"


def _words(scene: Scene, mask: Mask, pattern: str) -> str:
    tenants = sorted(word for word, _ in counts_of(scene, np.flatnonzero(mask), "tenant_id"))
    return " ".join(pattern.format(tenant) for tenant in tenants)


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))

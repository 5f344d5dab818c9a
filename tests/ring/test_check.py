"""`check`: what each finding is and is not, whatever the bytes are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rings import slot
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.faults import ENGINE_FAULTS, FIRST_ENGINE_FAULT
from vyrectl.abi.limits import NEVER_EPOCH, SLOT_WORDS, U32_MAX
from vyrectl.abi.opcodes import CONTROL_OPCODES, LOAD_MISS, PACKED_SLOT
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.abi.states import SCHEDULABLE, TaskState
from vyrectl.errors import FileError, RingFormatError, UnknownNameError, WhereError
from vyrectl.ring import check
from vyrectl.ring.check import check_bytes, check_file
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.kind import Severity
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.ring.findings.likeness import MAGIC
from vyrectl.ring.findings.masks import MASKS, Chunk
from vyrectl.ring.findings.report import CheckReport
from vyrectl.ring.findings.slot_kinds import NEAR_END
from vyrectl.ring.reading import Abi
from vyrectl.ring.synthetic import synthesize
from vyrectl.ring.where import compile_where
from vyrectl.sidecar.hold import hold
from vyrectl.task.arrays import SlotArray
from vyrectl.task.item import TaskWorkItem
from vyrectl.task.lifecycle import TRANSITIONS

PAUSED, YIELDED, REQUEUE, RESUME = 1, 2, 4, 8
COUNTED = {"age_ticks": 1, "requeue_count": 1, "yield_count": 1}
PAUSED_BADLY = {"state": 4, "resume_epoch": 9}
OP_CODES = {opcode.name: opcode.code for opcode in CONTROL_OPCODES}


def ready(task_id: int) -> bytes:
    return slot(state=1, priority=2, task_id=task_id)


def names(report: CheckReport, *severities: Severity) -> list[str]:
    wanted = severities or tuple(Severity)
    return [one.kind.name for one in report.findings if one.kind.severity in wanted]


def found(*slots: bytes) -> dict[str, tuple[int, ...]]:
    """Names of findings and their slots; the ring is read from nowhere, so Running slots are `unseen`.

    That a task is Faulted is noted whatever else is found, and left out here.
    """
    report = check_bytes(b"".join(slots))
    return {one.kind.name: one.slots for one in report.findings if one.kind.name != "faulted"}


def errors(*slots: bytes) -> list[str]:
    return names(check_bytes(b"".join(slots)), Severity.ERROR)


# --- the lifecycle decides what contradicts ---


def reachable() -> set[tuple[int, int]]:
    """Every (state, flags) that spec 1.6, claims and stores into word 0 lead to from a Ready slot with any flags.

    Any flags: the runtime's hot publisher makes a slot Ready and leaves word 15 as it was. Into word 0 alone its
    kernel stores Done, and its host Running, Done, Faulted and Empty.
    """
    seen: set[tuple[int, int]] = set()
    pending = [(int(TaskState.READY), flags) for flags in range(16)]
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending += successors(*one)
    return seen


def successors(state: int, flags: int) -> Iterable[tuple[int, int]]:
    if state in SCHEDULABLE or state == TaskState.PAUSED:
        yield int(TaskState.RUNNING), flags
        yield int(TaskState.FAULTED), flags
    if state == TaskState.RUNNING:
        yield int(TaskState.DONE), flags
    for row in TRANSITIONS.values():
        if state in row.sources:
            yield int(row.target), (flags | row.set_flags) & ~row.clear_flags & 0xF


def test_flags_are_an_error_exactly_where_neither_history_nor_runtime_leads() -> None:
    task = slot(state=1, task_id=2, age_ticks=1)
    for state, flags in product(range(1, 8), range(16)):
        flagged = [
            name
            for name in errors(slot(state=state, flags=flags, task_id=1, **COUNTED), task)
            if "flag" in name or "resume-ready" in name
        ]
        assert bool(flagged) == ((state, flags) not in reachable()), (TaskState(state), flags, flagged)


words = st.one_of(st.integers(0, 12), st.sampled_from([U32_MAX - 1, U32_MAX]), st.integers(0, U32_MAX))
made = st.fixed_dictionaries({"op_handle": words, "priority": st.integers(0, 4), "param": words})


@st.composite
def runtime_slots(draw: st.DrawFn) -> TaskWorkItem:
    """A slot as one of the runtime's makers leaves it: a task, an automata task, arguments, stale words."""
    fresh = draw(made)
    maker = draw(st.sampled_from(["task", "automata", "published", "hot"]))
    if maker == "task":
        return TaskWorkItem(state=1, task_id=draw(words), **fresh)
    if maker == "automata":
        fresh["continuation_data"] = fresh["param"]
        return TaskWorkItem(state=1, task_id=draw(words), continuation_pc=draw(words), flags=REQUEUE, **fresh)
    stale = draw(st.lists(words, min_size=9, max_size=9))
    return TaskWorkItem(1, fresh["op_handle"], draw(words), 2, *draw(st.tuples(words, words, words)), *stale)


steps = st.lists(st.sampled_from(["claim", "store done", "store fault", "cancel", *TRANSITIONS]), max_size=8)


@given(st.lists(st.tuples(runtime_slots(), steps), min_size=1, max_size=6), st.sampled_from(Abi))
def test_no_ring_of_the_runtime_s_making_has_an_error(
    histories: list[tuple[TaskWorkItem, list[str]]], abi: Abi
) -> None:
    ring = b"".join(_after(task, history).to_bytes() for task, history in histories)
    report = check_bytes(ring, abi=abi)
    assert names(report, Severity.ERROR) == []


STORES = {
    "claim": (2, SCHEDULABLE),
    "store done": (3, {2}),
    "store fault": (7, {1, 2, 4, 5, 6}),
    "cancel": (0, {1, 4, 5, 6}),
}
"""What the runtime stores into word 0 alone -> the state, and from which."""


def _after(task: TaskWorkItem, history: list[str]) -> TaskWorkItem:
    """The task after those of the steps that are legal when their turn comes."""
    for step in history:
        if step in STORES:
            state, sources = STORES[step]
            task = TaskWorkItem(state, *task.words()[1:]) if task.state in sources else task
            continue
        row = TRANSITIONS[step]
        if task.task_state in row.sources and all(getattr(task, name) < U32_MAX for name in row.counters):
            task = task.apply(step, **dict.fromkeys(row.arguments, 3))
    return task


actions = st.sampled_from(["claim", *TRANSITIONS])


@given(st.lists(actions, max_size=12), st.integers(0, 4))
def test_no_legal_history_leads_to_an_error(history: list[str], priority: int) -> None:
    task = TaskWorkItem(state=1, priority=priority, task_id=1)
    for action in history:
        if action == "claim":
            task = task if not task.is_schedulable else TaskWorkItem(2, *task.words()[1:])
        elif task.task_state in TRANSITIONS[action].sources:
            task = task.apply(action, **dict.fromkeys(TRANSITIONS[action].arguments, 3))
    report = check_bytes(task.to_bytes())
    assert names(report, Severity.ERROR) == []
    assert set(names(report, Severity.WARNING)) <= {"running-unseen", "stale-telemetry", "starving"}


interesting = st.one_of(
    st.sampled_from([0, 1, 2, 6, 7, 8, 9, 0xF, 0x10, 0xFFEF, 0xFFF0, 0xFFFC, LOAD_MISS, 0xFFFE, 0xFFFF]),
    st.sampled_from(
        [
            0x40100000,
            0x40500003,
            158,
            160,
            166,
            0x8000_0000,
            PACKED_SLOT,
            0x8000_0002,
            0xFFFF_FF00,
            0xFFFF_FF01,
            0xFFFF_FF0A,
            0xFFFF_FF0B,
        ]
    ),
    st.sampled_from([NEVER_EPOCH - 1, U32_MAX, U32_MAX - NEAR_END, U32_MAX - NEAR_END - 1]),
    st.integers(0, 12),
)


surroundings = st.builds(
    About,
    epoch=interesting,
    age_threshold=st.integers(1, 12),
    ops=st.frozensets(interesting, min_size=1, max_size=4),
    admitted=st.frozensets(st.integers(0, 12), max_size=4),
    control_words=st.sampled_from([160, 161, 168]),
    offsets=st.lists(st.integers(0, 30), min_size=6, max_size=6).map(lambda words: tuple(sorted(words))),
)


@given(
    st.lists(st.lists(interesting, min_size=SLOT_WORDS, max_size=SLOT_WORDS), min_size=1, max_size=30),
    surroundings,
)
def test_masks_and_conditions_select_the_same_slots(rows: list[list[int]], about: About) -> None:
    slots = np.array([tuple(row) for row in rows], SLOT_DTYPE)
    chunk = Chunk(slots, 0, about)
    for name, mask in MASKS.items():
        where = KINDS[name].where
        assert where is not None
        assert mask(chunk).tolist() == chosen_by(about.condition(where), slots), name


def chosen_by(condition: str, slots: SlotArray) -> list[bool]:
    """Which slots a condition chooses; one that no slot can fulfil is refused, and no advice ever shows it."""
    try:
        return [bool(one) for one in compile_where(condition, OP_CODES).mask(slots, 0)]
    except WhereError as error:
        if "holds for no slot" not in error.what:
            raise
        return [False] * len(slots)


def test_the_engines_fault_codes_are_known_to_mask_and_condition() -> None:
    codes = range(FIRST_ENGINE_FAULT - 2, FIRST_ENGINE_FAULT + len(ENGINE_FAULTS) + 4)
    slots = np.zeros(len(codes), SLOT_DTYPE)
    slots["state"], slots["continuation_data"] = 7, codes
    known = {fault.code for fault in ENGINE_FAULTS}
    wanted = [code >= FIRST_ENGINE_FAULT and code not in known for code in codes]
    condition = KINDS["unknown-fault-code"].where
    assert condition is not None
    assert MASKS["unknown-fault-code"](Chunk(slots)).tolist() == wanted
    assert compile_where(condition, OP_CODES).mask(slots, 0).tolist() == wanted


def test_every_kind_can_occur_and_is_documented() -> None:
    by_search = set(MASKS) | {"stale-telemetry", "duplicate-task-id", "not-a-ring", "left-over-bytes"}
    by_search |= {"orphaned-parent", "parent-done-first", "broken-partitions"}
    by_search |= {"empty-ring", "abandoned-file", "too-many-slots"}
    by_search |= {"arguments-in-task-words", "starvation-guard"}
    by_search |= {"running-without-runner", "running-unseen", "running-held"}
    by_search |= {"drained-uncounted", "metrics-behind", "epoch-behind", "printf-elsewhere", "debug-dropped"}
    by_search |= {"io-record-wrong", "io-request-failed", "load-miss-unasked"}
    assert set(KINDS) == by_search
    for kind in KINDS.values():
        assert kind.title
        assert kind.meaning.endswith(".")
        assert not kind.remedy.endswith(".")
    severities = [kind.severity for kind in KINDS.values()]
    assert severities == sorted(severities, key=list(Severity).index)


# --- single slots ---


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"state": 99}, "unknown-state"),
        ({"state": 4, "resume_epoch": 9}, "paused-without-flag"),
        ({"state": 4, "resume_epoch": 9, "flags": PAUSED | RESUME}, "paused-and-resume-ready"),
        ({"state": 1, "flags": PAUSED}, "ready-with-stale-flag"),
        ({"state": 1, "flags": YIELDED | RESUME, **COUNTED}, "ready-with-stale-flag"),
        ({"state": 5, **COUNTED}, "yielded-without-flag"),
        ({"state": 6, **COUNTED}, "requeued-without-flag"),
        ({"state": 3, "flags": 0x100}, "done-with-flags"),
        ({"state": 5, "flags": YIELDED | PAUSED, **COUNTED}, "paused-flag-survives"),
        ({"state": 7, "flags": 0x10}, "unnamed-flag-bits"),
        ({"state": 1, "yield_count": U32_MAX}, "counter-at-end"),
        ({"state": 1, "yield_count": U32_MAX - 1}, "counter-near-end"),
        ({"state": 1, "age_ticks": 32}, "starving"),
        ({"state": 4, "flags": PAUSED}, "due-epoch"),
        ({"state": 1, "parent_task_id": 9}, "orphaned-parent"),
        ({"state": 5, "flags": YIELDED}, "uncounted-turn"),
        ({"state": 1, "task_id": 5, "parent_task_id": 5}, "own-parent"),
        ({"state": 1, "priority": 5}, "unknown-priority"),
        ({"state": 1, "op_handle": 6}, "unrunnable-op"),
        ({"state": 7, "continuation_data": 0xFFFF_FFFF}, "unknown-fault-code"),
        ({"state": 4, "flags": PAUSED, "resume_epoch": NEVER_EPOCH}, "waits-for-ever"),
        ({"state": 2}, "running-unseen"),
        ({"state": 3, "requeue_count": 1, "age_ticks": 1}, "stale-telemetry"),
    ],
)
def test_one_slot_has_one_finding(words: dict[str, int], name: str) -> None:
    assert found(ready(7), slot(**words), ready(8)) == {name: (1,)}


def test_words_of_packed_slots_and_io_requests_are_no_flags_or_counters() -> None:
    noise = dict.fromkeys(FIELD_NAMES[7:], U32_MAX)
    packed = slot(state=1, op_handle=PACKED_SLOT, **noise)
    waiting = slot(state=4, op_handle=LOAD_MISS)
    assert found(packed, packed, waiting) == {"unrunnable-op": (2,)}


def test_the_message_names_words_and_counters() -> None:
    report = check_bytes(slot(state=99) + slot(state=7000) + slot(state=1, requeue_count=U32_MAX))
    messages = {one.kind.name: one.message for one in report.findings}
    assert messages["unknown-state"] == "2 slots: the state word is outside spec 1.3 (99, 7000)"
    assert messages["counter-at-end"] == "1 slot: a counter is at 4294967295 (requeue_count)"


def test_only_the_first_slots_are_named_and_the_remedy_chooses_all() -> None:
    report = check_bytes(b"".join([ready(1)] + [slot(state=4)] * 20))
    finding = report.findings[0]
    assert (finding.count, finding.slots) == (20, (1, 2, 3, 4, 5, 6, 7, 8))
    assert f"--where '{KINDS['paused-without-flag'].shown_where} and resume_epoch == 0'" in finding.remedy
    assert "pause --epoch 0 1,2" in check_bytes(ready(1) + slot(state=4) * 2).findings[0].remedy


# --- the ring as a whole ---


def test_duplicate_ids_leave_out_zero_and_empty_slots() -> None:
    slots = [ready(5), ready(0), ready(0), slot(task_id=5), ready(6), slot(state=3, task_id=5), ready(6)]
    report = check_bytes(b"".join(slots))
    assert [(one.kind.name, one.slots) for one in report.findings] == [("duplicate-task-id", (0, 4, 5, 6))]
    assert report.findings[0].message == "4 slots share 2 task_ids: 5, 6"


def test_a_requeue_flag_on_a_ready_task_is_what_the_automata_worklist_makes() -> None:
    made = {"state": 1, "op_handle": 0x1000, "param": 9, "continuation_pc": 5, "continuation_data": 9}
    assert found(slot(**made, flags=REQUEUE, task_id=1), ready(2)) == {}


def test_arguments_are_taken_for_no_counters_and_no_flags() -> None:
    noise = {name: 40 + at for at, name in enumerate(FIELD_NAMES[7:])}
    published = slot(state=1, op_handle=0x20000, **noise)
    task = slot(state=1, op_handle=0x20001, task_id=3, age_ticks=40)
    assert found(published, published, task) == {"arguments-in-task-words": (0, 1), "starving": (2,)}
    message = check_bytes(published * 2 + task).findings[-1].message
    assert message == (
        "2 slots of 1 operation hold arguments in words 7-15. 0x20000: words 7-15 of 2 of 2 slots are no task's "
        "(slot 0 first), and 0 look like a task's"
    )

    def by(abi: Abi) -> set[str]:
        return {one.kind.name for one in check_bytes(published * 2 + task, abi=abi).findings}

    assert by(Abi.PROTOCOL) == set()
    assert by(Abi.TASK) >= {"starving", "duplicate-task-id", "orphaned-parent", "unnamed-flag-bits"}


def test_parents_that_are_missing() -> None:
    child = {"state": 1, "parent_task_id": 9}
    other = slot(state=1, task_id=9, parent_task_id=9)
    assert found(slot(task_id=2, **child), other) == {"own-parent": (1,)}
    empty = found(slot(task_id=2, **child), slot(task_id=9))
    assert empty == {"orphaned-parent": (0,)}
    assert found(slot(state=3, task_id=2, parent_task_id=9)) == {}
    assert found(slot(state=7, task_id=2, parent_task_id=9)) == {"orphaned-parent": (0,)}
    assert found(slot(state=1, parent_task_id=2**32 - 1), ready(7)) == {"orphaned-parent": (0,)}


@pytest.mark.parametrize("state", TaskState)
def test_parents_that_are_done_before_their_children(state: TaskState) -> None:
    done = slot(state=3, task_id=9)
    child = slot(state=state, task_id=2, parent_task_id=9, **COUNTED)
    open_states = {
        TaskState.READY,
        TaskState.RUNNING,
        TaskState.PAUSED,
        TaskState.YIELDED,
        TaskState.REQUEUED,
    }
    assert (found(child, done).get("parent-done-first") == (0,)) is (state in open_states)
    assert "parent-done-first" not in found(child, slot(state=1, task_id=9))


@pytest.mark.parametrize("spread", [1, 1000])
def test_many_parents(spread: int) -> None:
    count = 2000
    slots = np.zeros(count, SLOT_DTYPE)
    slots["state"] = 1
    slots["task_id"] = np.arange(1, count + 1) * spread
    slots["parent_task_id"][1:] = slots["task_id"][:-1]
    assert names(check_bytes(slots.tobytes())) == []
    slots["parent_task_id"][5::100] += np.uint32(count * spread)
    slots["state"][0] = 3
    report = check_bytes(slots.tobytes())
    assert [(one.kind.name, one.count, one.slots[0]) for one in report.findings] == [
        ("orphaned-parent", 20, 5),
        ("parent-done-first", 1, 1),
    ]


def test_parents_that_wait_are_a_question_for_why() -> None:
    waiting = {"state": 4, "resume_epoch": NEVER_EPOCH, "flags": 1}
    child = slot(state=1, task_id=5, parent_task_id=2)

    def remedy(*slots: bytes, about: About | None = None) -> str:
        report = check_bytes(b"".join(slots), about=about)
        [one] = [one for one in report.findings if one.kind.name == "waits-for-ever"]
        return str(one.remedy)

    resume = "vyrectl transition ring.bin resume 0"
    assert remedy(slot(task_id=2, **waiting), slot(state=1, task_id=5)).endswith(resume)
    assert remedy(slot(task_id=2, **waiting), child).endswith("vyrectl why ring.bin")
    assert remedy(slot(task_id=3, **waiting), slot(state=1, task_id=2), child).endswith(resume), "no parent"
    spawns = About(spawning=frozenset({0x1030}))
    alone = slot(task_id=2, op_handle=0x1030, **waiting)
    assert remedy(alone, about=spawns).endswith("vyrectl why ring.bin"), "a launch takes it up"
    assert remedy(slot(task_id=2, op_handle=7, **waiting), about=spawns).endswith(resume)


def test_what_is_known_beside_the_ring() -> None:
    slots = [
        slot(state=1, op_handle=0x1000, tenant_id=3),
        slot(state=1, op_handle=0x20000, priority=1),
        slot(state=4, flags=PAUSED, resume_epoch=8, tenant_id=40),
        slot(state=4, flags=PAUSED, resume_epoch=9, priority=1, age_ticks=9),
        slot(state=1, age_ticks=5),
    ]

    def known(**facts: object) -> dict[str, tuple[int, ...]]:
        report = check_bytes(b"".join(slots), about=About(**facts))  # type: ignore[arg-type]
        return {one.kind.name: one.slots for one in report.findings}

    assert known() == {}
    assert known(epoch=8) == {"due-epoch": (2,)}
    assert known(age_threshold=5) == {"starving": (4,)}
    assert known(age_threshold=0) == {}
    assert known(ops=frozenset({0x1000})) == {"undefined-op": (1,)}
    assert known(admitted=frozenset({0})) == {"shut-out-tenant": (0,), "tenant-without-mask": (2,)}
    assert known(offsets=(0, 1, 4, 4, 4, 5)) == {"wrong-partition": (2, 4)}
    assert known(offsets=(0, 1, 4, 4, 4, 6)) == {"wrong-partition": (2, 4), "broken-partitions": ()}
    assert known(offsets=(0, 4, 1, 4, 4, 5)) == {"broken-partitions": ()}


def test_an_operation_of_another_tenant_s_window() -> None:
    own = slot(state=1, op_handle=0x4030_0005, tenant_id=3)
    other = slot(state=1, op_handle=0x4030_0005, tenant_id=4)
    done = slot(state=3, op_handle=0x4030_0005, tenant_id=4)
    outside = [slot(state=1, op_handle=code) for code in (0x4000_0000, 0x400F_FFFF, 0x3FFF_FFFF)]
    assert found(own, other, done, *outside) == {"foreign-window": (1,)}


def with_control(control: list[int], *slots: bytes) -> dict[str, tuple[int, ...]]:
    about = About.beside(control)
    return {one.kind.name: one.slots for one in check_bytes(b"".join(slots), about=about).findings}


def control_words(observables: int = 0, **words: int) -> list[int]:
    control = [0] * (160 + observables)
    control[2:32] = [3, *[1] * 29]
    for name, word in words.items():
        control[int(name.removeprefix("at"))] = word
    return control


def test_the_starvation_guard_of_the_runtime_s_own_kernel() -> None:
    high = slot(state=1, priority=1)
    assert with_control(control_words(at135=16), high) == {"starvation-guard": (0,)}
    assert with_control(control_words(at135=15), high) == {}
    assert with_control(control_words(at135=99), high, slot(state=5, priority=2, **COUNTED, flags=2)) == {}
    assert with_control(control_words(at135=16), high, slot(state=3, priority=2)) == {
        "starvation-guard": (0,)
    }
    shut = slot(state=1, priority=4, tenant_id=5)
    found = with_control(control_words(at135=16, at8=0), high, shut)
    assert found == {"starvation-guard": (0,), "shut-out-tenant": (1,)}


def test_the_guard_goes_by_partitions_where_there_are_some() -> None:
    offsets = {"at130": 2, "at131": 2, "at132": 2, "at133": 2, "at134": 2}
    published = [slot(state=1, priority=2)] * 2
    found = with_control(control_words(at135=16, **offsets), *published)
    assert found == {"starvation-guard": (0, 1), "wrong-partition": (0, 1)}
    assert with_control(control_words(at135=16), *published) == {}


def test_tenants_from_29_on_run_there_by_the_quota_table() -> None:
    control = control_words(at32=1_000_000)
    assert About.beside(control).beyond == {29}
    slots = [slot(state=1, tenant_id=tenant) for tenant in (28, 29, 30)]
    assert with_control(control, *slots) == {"tenant-without-mask": (1, 2)}
    about = About(admitted=About.beside(control).admitted, beyond=frozenset({29}))
    (finding,) = check_bytes(b"".join(slots), about=about).findings
    assert finding.message == (
        "2 slots: a tenant from 29 on, for whom the runtime reads the quota table and vyrectl does not "
        "(it would run 1 of them)"
    )


@pytest.mark.parametrize(
    ("words", "inside"),
    [
        ({"op_handle": 1, "output_handle": 160}, {"output_handle": 159}),
        ({"op_handle": 2, "output_handle": 168}, {"output_handle": 12}),
        ({"op_handle": 3, "output_handle": 8}, {"output_handle": 7}),
        ({"op_handle": 4, "input_handle": 8}, {"input_handle": 7}),
        ({"op_handle": 5, "input_handle": 100, "param": 69}, {"param": 68}),
        ({"op_handle": 5, "output_handle": U32_MAX, "param": 1}, {"output_handle": 0}),
    ],
)
def test_arguments_past_the_control_buffer(words: dict[str, int], inside: dict[str, int]) -> None:
    words = {**words, "output_handle": words.get("output_handle", 0) + 8 * (words["op_handle"] == 1)}
    control = control_words(observables=8)
    assert with_control(control, slot(state=1, **words)) == {"control-index": (0,)}
    assert with_control(control, slot(state=1, **{**words, **inside})) == {}


def test_a_fence_without_observable_words() -> None:
    fence = slot(state=1, op_handle=7)
    assert with_control(control_words(), fence) == {"fence-without-observables": (0,)}
    assert with_control(control_words(observables=1), fence) == {}


def test_what_a_control_buffer_says() -> None:
    words = [0] * 160
    assert About.beside(words) == About(admitted=frozenset(), control_words=160)
    words[3], words[31], words[32], words[128] = 1, 5, 1, 7
    words[129:135] = range(6)
    said = About(
        7,
        admitted=frozenset({0, 28}),
        offsets=(0, 1, 2, 3, 4, 5),
        control_words=160,
        beyond=frozenset({29, 125, *range(127, 132)}),
    )
    assert About.beside(words) == said
    assert About.beside(words, epoch=9, ops=frozenset({1})) == replace(said, epoch=9, ops=frozenset({1}))
    assert About.beside(None, age_threshold=3) == About(age_threshold=3)


@pytest.mark.parametrize(
    ("queued", "is_stale"),
    [({"requeue_count": 5, "age_ticks": 5}, False), ({"requeue_count": 4, "age_ticks": 9}, True), ({}, True)],
)
def test_dead_slots_matter_only_when_they_outweigh_the_queue(queued: dict[str, int], is_stale: bool) -> None:
    dead = slot(state=7, requeue_count=5, age_ticks=5)
    assert ("stale-telemetry" in found(dead, slot(state=1, task_id=1, **queued))) is is_stale


def test_findings_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = synthesize(5000, 3)
    slots["flags"][::7] ^= np.uint32(1)
    slots["state"][::501] = 9
    slots["task_id"][4000] = slots["task_id"][17]
    whole = check_bytes(slots.tobytes())
    monkeypatch.setattr(check, "CHUNK_SLOTS", 64)
    assert check_bytes(slots.tobytes()) == whole
    assert {"duplicate-task-id", "unknown-state", "paused-without-flag"} <= set(names(whole))


def test_a_synthetic_ring_is_sound() -> None:
    report = check_bytes(synthesize(40_000, 11).tobytes())
    assert report.is_sound
    assert report.slots == 40_000


# --- any bytes at all ---


def test_no_bytes_are_an_empty_ring() -> None:
    report = check_bytes(b"")
    assert names(report) == ["empty-ring"]
    assert report.is_sound


@pytest.mark.parametrize("magic", MAGIC)
def test_known_files_are_named(magic: bytes) -> None:
    report = check_bytes(magic + bytes(500))
    finding = report.findings[0]
    assert finding.kind.name == "not-a-ring"
    assert MAGIC[magic] in finding.message
    assert not report.is_sound


@pytest.mark.parametrize("text", [b"x", b"name,value\n1,2\n", "gr\u00fc\u00dfe\n".encode() * 40])
def test_text_is_named(text: bytes) -> None:
    assert "looks like text" in check_bytes(text).findings[0].message


def test_random_bytes_are_no_ring() -> None:
    noise = np.random.default_rng(1).bytes(64 * 1000)
    assert names(check_bytes(noise)) == ["not-a-ring", "unknown-state"]


def test_the_other_byte_order_is_recognised() -> None:
    swapped = np.frombuffer(synthesize(200, 1).tobytes(), ">u4").astype("<u4").tobytes()
    assert "other byte order" in check_bytes(swapped).findings[0].message


def test_a_few_unknown_states_are_still_a_ring() -> None:
    assert names(check_bytes(slot(state=8) * 3)) == ["unknown-state"]


@pytest.mark.parametrize("header", [4, 64, 100, 128, 1000, 4096])
def test_a_ring_behind_a_header_is_found(header: int) -> None:
    dump = b"\xa5" * header + synthesize(300, 5).tobytes()
    report = check_bytes(dump)
    assert not report.is_sound
    assert any(f"--offset {header}" in one.remedy for one in report.findings)
    assert check_bytes(dump, offset=header).is_sound
    inner = check_bytes(b"12345678" + dump, offset=8)
    assert any(f"--offset {8 + header}" in one.remedy for one in inner.findings)


def test_a_cut_ring_is_checked_as_far_as_it_goes() -> None:
    report = check_bytes(ready(1) + slot(**PAUSED_BADLY) + b"abc")
    assert names(report) == ["left-over-bytes", "paused-without-flag"]
    assert (report.slots, report.left_over_bytes) == (2, 3)
    assert "--offset" in report.findings[0].remedy


def test_a_window() -> None:
    dump = b"\xff" * 10 + ready(1) + ready(2) + b"\xff" * 7
    assert check_bytes(dump, offset=10, count=2).findings == ()
    with pytest.raises(RingFormatError):
        check_bytes(dump, offset=10, count=3)
    with pytest.raises(RingFormatError):
        check_bytes(dump, offset=1000)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_checked(data: bytes) -> None:
    report = check_bytes(data)
    assert report.size_bytes == len(data)
    assert report.is_sound == (report.count(Severity.ERROR) == 0)


def test_more_slots_than_word_indices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "MAX_SLOTS", 3)
    report = check_bytes(b"".join(map(ready, range(1, 6))))
    assert names(report) == ["too-many-slots"]
    assert report.slots == 3


# --- files ---


def test_a_file_gives_the_same_findings_and_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(slot(**PAUSED_BADLY) + ready(1))
    assert names(check_file(path)) == ["paused-without-flag"]
    assert os.listdir(tmp_path) == ["ring.bin"]


def test_running_slots_of_a_free_ring_are_orphans(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(slot(state=2, task_id=1))
    assert names(check_file(path)) == ["running-without-runner"]
    with hold(path, role="launch"):
        pass
    assert names(check_file(path)) == ["running-without-runner"]
    assert names(check_file(path, count=1)) == ["running-unseen"]


def test_running_slots_of_a_held_ring_name_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(slot(state=2, task_id=1))
    with hold(path, role="launch"):
        code = (
            "import sys; from vyrectl.ring.check import check_file; f, = check_file(sys.argv[1]).findings; "
        )
        code += "print(f.kind.name, f.message)"
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60)
    assert (
        done.stdout == f"running-held 1 slot: Running, and the ring is held by pid {os.getpid()} (launch)\n"
    )


def test_running_slots_of_a_ring_held_here(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(slot(state=2, task_id=1))
    with hold(path, role="launch"):
        (finding,) = check_file(path).findings
    assert finding.kind.name == "running-held"


def test_records() -> None:
    report = check_bytes(slot(state=99), ignore=["empty-ring"])
    assert report.to_record() == {
        "ring": "-",
        "size_bytes": 64,
        "slots": 1,
        "left_over_bytes": 0,
        "sound": False,
        "errors": 1,
        "warnings": 0,
        "notes": 0,
        "ignored": [],
        "abi": {"asked": "auto", "operations": []},
    }
    record = report.findings[0].to_record()
    assert (record["name"], record["severity"], record["slots"]) == ("unknown-state", "error", [0])


def test_conditions_as_they_are_shown() -> None:
    assert KINDS["empty-ring"].shown_where is None
    assert "resume_epoch <= EPOCH" in str(KINDS["due-epoch"].shown_where)
    assert all("{" not in str(kind.shown_where) for kind in KINDS.values())


def test_a_killed_writers_file_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    path.write_bytes(ready(1))
    code = (
        "import os, sys; from vyrectl.files.replace import replace_file\n"
        "def parts():\n    yield bytes(64)\n    os._exit(0)\n"
        "replace_file(sys.argv[1], parts())"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)
    report = check_file(path)
    assert names(report) == ["abandoned-file"]
    assert ".vyrectl-" in report.findings[0].message


def test_ignored_findings_do_not_count(tmp_path: Path) -> None:
    report = check_bytes(slot(**PAUSED_BADLY) + slot(state=99), ignore=["paused-without-flag", "own-parent"])
    assert names(report) == ["unknown-state"]
    assert report.ignored == ("paused-without-flag",)
    with pytest.raises(UnknownNameError):
        check_bytes(b"", ignore=["paused-without-flags"])


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        with pytest.raises(FileError):
            check_file(path)

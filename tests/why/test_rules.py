"""Each class of `why`: a ring that shows it and one that nearly does, and what the verdict makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.ops import FORK_SUM as SPAWNS
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.engine.buffers import BufferTable
from vyrectl.engine.family import count_families
from vyrectl.errors import UnknownNameError, Unrunnable
from vyrectl.launching.unrunnable import Defined, Survey
from vyrectl.protocol.control import encode_control
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.masks import Mask
from vyrectl.sidecar.workers import Worker
from vyrectl.task.arrays import SlotArray
from vyrectl.why.answer import Answer, explain
from vyrectl.why.classes import CAUSES, explanations, find_cause
from vyrectl.why.families import NOT_TAKEN_UP
from vyrectl.why.found import runs, seconds_text, slot_list, slot_text
from vyrectl.why.hands import Hands
from vyrectl.why.rules import RULES
from vyrectl.why.scene import Crew, Earlier, Holder, Keeper, Operations, Scene
from vyrectl.why.turns import Turns

READY, RUNNING, DONE, PAUSED, YIELDED, REQUEUED, FAULTED = range(1, 8)
KNOWN = frozenset({0, 7, 0x1000, 0x1005, SPAWNS})
LIVE = Holder(Keeper.SOMEBODY, "pid 9 (launch)", in_place=True)
NOBODY = Holder(Keeper.NOBODY)

Task = dict[str, int]


def ring(*tasks: Task) -> SlotArray:
    """Slots with these words; others are 0, but ids count from 1 and a state is Ready."""
    slots = np.zeros(len(tasks), SLOT_DTYPE)
    for number, words in enumerate(tasks):
        given = {"state": READY, "priority": 2, "task_id": number + 1, **words}
        if words.get("state") == 0:
            given = words
        for name, word in given.items():
            slots[name][number] = word
    return slots


def control_words(**words: int) -> tuple[int, ...]:
    """A control buffer that lets everybody in; `word_N` sets one word."""
    found = np.frombuffer(encode_control(tenants=29, observables=8, slots=None), "<u4").tolist()
    for name, word in words.items():
        found[int(name.removeprefix("word_"))] = word
    return tuple(found)


def scene(slots: SlotArray, control: tuple[int, ...] | None = None, **more: Any) -> Scene:
    """A scene with a control buffer's view, and `more` of its attributes."""
    about = About(ops=KNOWN, epoch=more.pop("epoch", 0))
    if control is not None:
        about = About.beside(control, ops=KNOWN)
    places = {"ring": "ring.bin", "file": "ring.bin", "asked": "ring.bin", "to": ""}
    places |= {"parts": "p", "with_control": "", "offset": "0"}
    if control is not None:
        places["control"] = "c.bin"
    return Scene(
        "ring.bin",
        slots,
        more.pop("about", about),
        Operations(
            hex,
            more.pop("spawning", frozenset({SPAWNS})),
            more.pop("ending", frozenset()),
            more.pop("lacking", None),
        ),
        control=control,
        **{"holder": NOBODY, "places": places, **more},
    )


def earlier(slots: SlotArray, seconds: float | None = 2.0) -> Earlier:
    return Earlier(slots, seconds)


def trace(*rows: tuple[int, int, str]) -> Turns:
    """Turns of slots, a microsecond each, with their priority and outcome."""
    began = np.arange(len(rows), dtype=np.float64)
    return Turns(
        np.array([row[0] for row in rows], np.int64),
        began,
        began + 0.5,
        np.array([row[1] for row in rows], np.int64),
        {row[0]: float(at) for at, row in enumerate(rows) if row[2] == "faulted"},
    )


def classes(answer: Answer) -> list[str]:
    return [one.cause.name for one in answer.found]


def changed(slots: SlotArray, at: int, **words: int) -> SlotArray:
    """A copy with other words in one slot."""
    copy = slots.copy()
    for name, word in words.items():
        copy[name][at] = word
    return copy


def without_buffers(slots: SlotArray, which: Mask) -> tuple[Mask, Sequence[Unrunnable]]:
    """What a launch without buffers would refuse."""
    found = Survey(Defined(), BufferTable())
    return found.add(slots, which), found.rows


HIGH = ring({"priority": 0}, {"priority": 1})
BELOW = ring({"priority": 0}, {"priority": 2})
GUARD = control_words(word_135=16)
SHUT = control_words(word_6=0)
SPENT = control_words(word_35=5, word_67=5)
TURNED = {"state": YIELDED, "yield_count": 3, "flags": 2}
JOIN = {"state": PAUSED, "flags": 1, "op_handle": SPAWNS, "resume_epoch": NEVER_EPOCH}
LOOPED = ring(TURNED)
DUE = ring({"state": PAUSED, "flags": 1}, {})
WAITED = ring({"priority": 1}, *[{"priority": 3, "state": DONE}] * 20)
LOW_WAITED = ring({"priority": 3}, *[{"priority": 1, "state": DONE}] * 20)
PASSED = [(slot + 1, 3, "done") for slot in range(20)]

SHOWS: dict[str, list[Scene]] = {
    "guard-live-lock": [
        scene(HIGH, GUARD),
        scene(BELOW, control_words(word_135=99, **{f"word_{129 + at}": 2 for at in range(2, 6)})),
    ],
    "shut-out": [
        scene(ring({"tenant_id": 3}, {}), SHUT),
        scene(ring({"tenant_id": 3, "state": PAUSED, "resume_epoch": 5}), SHUT),
        scene(ring({"tenant_id": 3}, {}), SPENT),
        scene(ring({"tenant_id": 40}, {}), control_words()),
        scene(ring({"tenant_id": 3}, {}), control_words(), quotas={3: (5, 0)}, holder=LIVE),
        scene(ring({"tenant_id": 3}, {"tenant_id": 900}), quotas={3: (5, 0), 900: (0, 0)}, holder=LIVE),
    ],
    "mask-closed": [
        scene(ring({"tenant_id": 3, **TURNED}), SHUT),
        scene(ring({"tenant_id": 3, "state": RUNNING}), SHUT, holder=LIVE),
        scene(ring({"tenant_id": 3, "state": PAUSED, "resume_epoch": 9, "yield_count": 1}), SHUT),
    ],
    "orphaned": [scene(ring({"state": RUNNING}, {})), scene(ring({"state": RUNNING}), holder=Holder())],
    "held": [
        scene(ring({"state": RUNNING}), holder=LIVE),
        scene(ring({"state": RUNNING}), holder=LIVE, earlier=earlier(ring({"state": RUNNING}))),
    ],
    "unattended": [
        scene(ring({}), control_words(word_0=1)),
        scene(ring({}), earlier=earlier(ring({}))),
        scene(ring({}), stalled="stalled"),
    ],
    "unknown-op": [
        scene(ring({"op_handle": 0x20000}, {})),
        scene(ring({"op_handle": 6})),
        scene(ring({"op_handle": 6}, {"op_handle": 0x20000})),
        scene(ring(*({"op_handle": 0x20000 + one} for one in range(10)))),
    ],
    "unknown-handle": [
        scene(ring({"op_handle": 0x1000}, {}), lacking=without_buffers),
        scene(
            ring({"op_handle": 0x1000}), lacking=without_buffers, earlier=earlier(ring({"op_handle": 0x1005}))
        ),
    ],
    "waits-for-children": [
        scene(ring(JOIN, {"parent_task_id": 1})),
        scene(ring(JOIN, *[{"parent_task_id": 1}] * 6)),
        scene(ring({**JOIN, "parent_task_id": 2}, {**JOIN, "parent_task_id": 1})),
        scene(ring({**JOIN, "parent_task_id": 1})),
        scene(ring(JOIN, {})),
        scene(ring(JOIN, {"parent_task_id": 1, "state": DONE}, {"parent_task_id": 1, "state": FAULTED})),
        scene(ring(JOIN, {"parent_task_id": 1, "state": DONE})),
        scene(ring({**JOIN, "task_id": 0})),
        scene(ring({**JOIN, "op_handle": 0}, {"parent_task_id": 1})),
        scene(ring({**JOIN, "op_handle": 0}, {"task_id": 1}, {"parent_task_id": 1})),
    ],
    "due-forgotten": [
        scene(DUE, earlier=earlier(DUE)),
        scene(DUE, control_words(word_0=1)),
        scene(DUE, stalled="stalled"),
        scene(DUE, places={"ring": "all.bin --offset 64", "file": "all.bin", "span": "--offset 64"}),
        scene(ring({"state": PAUSED}), holder=LIVE, earlier=earlier(ring({"state": PAUSED}))),
    ],
    "not-due": [
        scene(ring({"state": PAUSED, "resume_epoch": 5})),
        scene(
            ring({"state": PAUSED, "resume_epoch": 5}, {"state": PAUSED, "resume_epoch": 7}), control_words()
        ),
        scene(ring({"state": PAUSED, "resume_epoch": NEVER_EPOCH})),
    ],
    "starved": [
        scene(WAITED, turns=trace(*PASSED)),
        scene(WAITED, earlier=earlier(ring({"priority": 1}, *[{"priority": 3}] * 20))),
        scene(LOW_WAITED, turns=trace(*((slot + 1, 1, "done") for slot in range(20)))),
        scene(ring({"age_ticks": 40, "requeue_count": 8})),
        scene(
            WAITED, control_words(word_139=60), earlier=Earlier(WAITED, 2.0, None, control_words(word_139=20))
        ),
        scene(WAITED, control_words(word_139=17)),
        scene(LOW_WAITED, control_words(word_136=9, word_137=9)),
    ],
    "circling": [
        scene(LOOPED, earlier=earlier(ring({**TURNED, "yield_count": 1}))),
        scene(ring({"state": REQUEUED, "requeue_count": 9, "age_ticks": 9, "flags": 4}), stalled="circling"),
    ],
    "faulted": [
        scene(ring({"state": FAULTED, "continuation_data": 77}, {})),
        scene(ring(*({"state": FAULTED, "continuation_data": one} for one in range(6)))),
        scene(ring({"state": FAULTED}), first_faults={0: (1, "two")}),
        scene(ring({"state": FAULTED}), turns=trace((0, 2, "faulted"))),
        scene(ring({"state": FAULTED}), turns=trace((0, 2, "done"))),
        scene(ring({"state": FAULTED}), earlier=earlier(ring({}))),
        scene(ring({"state": FAULTED}), earlier=earlier(ring({"state": FAULTED}))),
    ],
    "full": [
        scene(ring({"op_handle": SPAWNS, **TURNED}, {})),
        scene(ring({"op_handle": SPAWNS, "state": REQUEUED, "requeue_count": 1, "age_ticks": 1, "flags": 4})),
        scene(ring({}), holder=replace(LIVE, feeds=True), earlier=earlier(ring({}))),
    ],
    "spinning": [
        scene(
            ring({**TURNED, "continuation_pc": 9}),
            earlier=earlier(LOOPED := ring({**TURNED, "yield_count": 1})),
        ),
        scene(ring({**TURNED, "continuation_pc": 9}), earlier=earlier(LOOPED, None)),
        scene(
            ring({**TURNED, "continuation_pc": 9}, {"state": DONE}),
            earlier=earlier(ring({**TURNED, "yield_count": 1}, {})),
        ),
    ],
    "draining": [
        scene(ring({}, {"state": DONE}), earlier=earlier(ring({}, {}))),
        scene(ring({}), holder=LIVE),
    ],
    "healthy": [scene(ring({})), scene(ring({"state": DONE})), scene(ring())],
}

NEARLY: dict[str, list[Scene]] = {
    "guard-live-lock": [
        scene(HIGH, control_words(word_135=15)),
        scene(BELOW, GUARD),
        scene(ring({"priority": 1, "state": DONE}), GUARD),
    ],
    "shut-out": [
        scene(ring({"tenant_id": 3})),
        scene(ring({"tenant_id": 3, "state": DONE}), SHUT),
        scene(ring({"tenant_id": 3}), control_words(word_35=5, word_67=4)),
        scene(ring({"tenant_id": 3}), control_words(word_35=0, word_67=4)),
        scene(ring({"tenant_id": 3}), control_words(), quotas={3: (5, 1), 4: (1, 0)}, holder=LIVE),
    ],
    "mask-closed": [scene(ring({"tenant_id": 3}), SHUT), scene(ring({"tenant_id": 2, **TURNED}), SHUT)],
    "orphaned": [scene(ring({"state": RUNNING}), holder=LIVE), scene(ring({}))],
    "held": [scene(ring({"state": RUNNING})), scene(ring({}), holder=LIVE)],
    "unattended": [
        scene(ring({})),
        scene(ring({}), holder=LIVE, earlier=earlier(ring({}))),
        scene(ring({}, {"state": DONE}), earlier=earlier(ring({}, {}))),
        scene(HIGH, control_words(word_0=1, word_135=16)),
    ],
    "unknown-op": [scene(ring({"op_handle": 0x20000, "state": DONE})), scene(ring({"op_handle": 0x1000}))],
    "unknown-handle": [
        scene(ring({"op_handle": 0x1000}), lacking=without_buffers, holder=LIVE),
        scene(ring({"op_handle": 0x1005}), lacking=without_buffers),
        scene(ring({"op_handle": 0x1000, "state": DONE}), lacking=without_buffers),
        scene(ring({"op_handle": 0x1000, "tenant_id": 3}), SHUT, lacking=without_buffers),
    ],
    "waits-for-children": [
        scene(ring({**JOIN, "op_handle": 0})),
        scene(ring({**JOIN, "resume_epoch": 5}, {"parent_task_id": 1})),
    ],
    "due-forgotten": [
        scene(ring({"state": PAUSED, "resume_epoch": 1})),
        scene(DUE),
        scene(ring({"state": PAUSED, "flags": 1, "resume_epoch": 4}), control_words(word_128=4)),
        scene(DUE, earlier=earlier(ring({}, {}))),
        scene(ring({"state": PAUSED}), holder=LIVE),
        scene(ring({"state": PAUSED}), holder=LIVE, earlier=earlier(ring({}))),
    ],
    "not-due": [
        scene(ring({"state": PAUSED, "resume_epoch": 5}), epoch=5),
        scene(ring(JOIN, {"parent_task_id": 1})),
    ],
    "starved": [
        scene(WAITED, turns=trace(*PASSED[:16])),
        scene(WAITED, turns=trace(*PASSED, (0, 1, "yielded"))),
        scene(
            WAITED, turns=trace(*(((0 if at % 18 else 9), 1 if at % 18 else 3, "done") for at in range(330)))
        ),
        scene(WAITED, earlier=earlier(WAITED)),
        scene(
            WAITED, control_words(word_139=60), earlier=Earlier(WAITED, 2.0, None, control_words(word_139=44))
        ),
        scene(
            WAITED, control_words(word_139=60), earlier=Earlier(WAITED, 2.0, None, control_words(word_139=60))
        ),
        scene(
            WAITED, control_words(word_139=3), earlier=Earlier(WAITED, 2.0, None, control_words(word_139=60))
        ),
        scene(WAITED, control_words(word_139=16)),
        scene(WAITED, control_words(word_139=17), holder=LIVE),
        scene(WAITED, control_words(word_137=1, word_139=17)),
        scene(LOW_WAITED, control_words(word_136=9, word_139=9)),
        scene(ring({"age_ticks": 40, "requeue_count": 9})),
        scene(ring({"age_ticks": 40}), about=About(ops=KNOWN, age_threshold=0)),
        scene(ring({"state": DONE})),
    ],
    "circling": [
        scene(ring({**TURNED, "continuation_data": 1}), earlier=earlier(ring({**TURNED, "yield_count": 1}))),
        scene(ring(TURNED), earlier=earlier(ring(TURNED))),
        scene(ring(TURNED), earlier=earlier(ring({**TURNED, "yield_count": 1, "task_id": 8}))),
        scene(ring(TURNED), earlier=earlier(ring({**TURNED, "yield_count": 9}))),
    ],
    "faulted": [scene(ring({"state": DONE, "continuation_data": 77}))],
    "full": [
        scene(ring({"op_handle": SPAWNS, **TURNED}, {"state": 0})),
        scene(ring({"op_handle": SPAWNS}, {})),
        scene(ring({"op_handle": SPAWNS, "state": RUNNING}), holder=LIVE),
        scene(ring({}), holder=replace(LIVE, feeds=True)),
        scene(ring({"op_handle": SPAWNS, "state": DONE})),
        scene(ring({}, {"state": DONE}), holder=replace(LIVE, feeds=True)),
        scene(ring()),
    ],
    "spinning": [scene(ring(TURNED), earlier=earlier(ring({**TURNED, "yield_count": 1})))],
    "draining": [scene(ring({"state": DONE}), holder=LIVE), scene(ring({}))],
    "healthy": [scene(ring({"state": FAULTED})), scene(ring({}), holder=LIVE)],
}


def pairs(table: dict[str, list[Scene]]) -> list[Any]:
    return [
        pytest.param(name, one, id=f"{name}-{number}")
        for name, scenes in table.items()
        for number, one in enumerate(scenes)
    ]


def test_every_class_has_a_rule_and_rings() -> None:
    assert set(RULES) | {"draining", "healthy"} == set(CAUSES) == set(SHOWS) == set(NEARLY)


@pytest.mark.parametrize(("name", "shown"), pairs(SHOWS))
def test_a_ring_that_shows_it(name: str, shown: Scene) -> None:
    answer = explain(shown)
    assert name in classes(answer), answer.sentence
    record = answer.to_record()
    found = next(one for one in record["classes"] if one["name"] == name)
    assert found["summary"]
    assert found["remedy"] == "" or (found["command"] or "").startswith("vyrectl ")
    assert "{" not in found["remedy"]
    assert 0 <= found["share"] <= 1
    assert record["needs_person"] == any(one["needs_person"] for one in record["classes"])


@pytest.mark.parametrize(("name", "near"), pairs(NEARLY))
def test_a_ring_that_nearly_does(name: str, near: Scene) -> None:
    assert name not in classes(explain(near))


def test_a_verdict_names_what_stops_most() -> None:
    slots = ring({"state": FAULTED}, *[{"tenant_id": 3}] * 3)
    answer = explain(scene(slots, SHUT))
    assert answer.verdict == "shut-out"
    assert answer.sentence == "ring.bin does not move: 3 tasks of a tenant whose mask is 0 (tenant 3)"
    assert answer.fails(())
    assert answer.fails({"faulted"})
    assert not answer.fails({"held"})


def test_a_queue_that_can_go_on_is_said_to() -> None:
    answer = explain(scene(ring({"state": FAULTED}, {}, {})))
    assert answer.runnable == 2
    assert answer.sentence.startswith("ring.bin can go on, but not all of it (1 of 3): 1 task Faulted")
    went_on = {**TURNED, "yield_count": 4}
    before = ring({"state": FAULTED}, {}, TURNED)
    after = ring({"state": FAULTED}, {"state": DONE}, went_on, {"state": RUNNING})
    moving = explain(scene(after, holder=LIVE, earlier=earlier(before)))
    assert moving.sentence.startswith("ring.bin moves, but not all of it (2 of 3)")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            explain(scene(ring({}, {}))),
            "ring.bin: nothing is wrong; 2 tasks can be claimed, and a launch takes them",
        ),
        (explain(scene(ring({"state": DONE}))), "ring.bin: nothing is wrong; no task is left to do"),
        (
            explain(scene(ring({"state": PAUSED, "resume_epoch": 1}, {"op_handle": 7}))),
            "ring.bin: nothing is wrong; 1 task can be claimed, and a launch takes them",
        ),
        (
            explain(scene(ring({"state": PAUSED, "flags": 1}, {}, {"state": PAUSED, "op_handle": 0x1005}))),
            "ring.bin: nothing is wrong; 3 tasks can be claimed, 2 of them once resumed as due, "
            "and a launch takes them",
        ),
        (
            explain(scene(ring({"state": RUNNING}), holder=LIVE)),
            "ring.bin: it is being worked on, 1 task to go",
        ),
    ],
)
def test_a_sound_queue(answer: Answer, words: str) -> None:
    assert answer.sentence == words
    assert not answer.needs_person


def test_due_tasks_that_a_launch_would_refuse_are_not_taken() -> None:
    """One of an unknown operation needs a person; one that names a buffer needs that buffer."""
    unknown = explain(scene(ring({"state": PAUSED, "op_handle": 0x20000}, {})))
    assert (unknown.verdict, unknown.runnable) == ("unknown-op", 1)
    wants = explain(scene(ring({"state": PAUSED, "op_handle": 0x1000}), lacking=without_buffers))
    assert (wants.verdict, wants.needs_person) == ("unknown-handle", False)


def test_fences_that_are_claimable_bring_an_epoch() -> None:
    few = explain(scene(ring({"state": PAUSED, "resume_epoch": 2}, {"op_handle": 7})))
    assert few.needs_person
    assert "1 claimable batch fence brings it to 1" in few.found[0].evidence


def test_a_turn_that_does_not_end_needs_a_person() -> None:
    held = ring({"state": RUNNING}, {"state": RUNNING})
    stuck = explain(scene(held, holder=LIVE, earlier=earlier(held), printed={0: "id 7, 1, 2"}))
    assert stuck.verdict == "held"
    assert stuck.needs_person
    assert stuck.sentence == "ring.bin does not move: slot 0 (0x0) is in one turn that does not end"
    assert "in the same turn for at least 2.0 s, and no turn ended anywhere" in stuck.found[0].evidence
    assert "slot 0 last printed id 7, 1, 2" in stuck.found[0].evidence


def test_a_long_turn_beside_others_that_end() -> None:
    before = ring({"state": RUNNING}, {})
    after = changed(before, 1, state=DONE)
    assert not explain(scene(after, holder=LIVE, earlier=earlier(before, 2.0))).needs_person
    assert not explain(scene(after, holder=LIVE, earlier=earlier(before, None))).needs_person
    long = explain(scene(after, holder=LIVE, earlier=earlier(before, 10.0)))
    assert long.verdict == "held"
    assert long.needs_person


def test_a_launch_on_a_copy_is_said_to_be_one() -> None:
    away = explain(scene(ring({"state": RUNNING}), holder=Holder(Keeper.SOMEBODY, "pid 9 (launch)")))
    assert any("works on a copy" in line for line in away.found[1].evidence)


COPY = Holder(Keeper.SOMEBODY, "pid 9 (launch)")


def on_copy(seconds: float, *hands: Worker, before: Sequence[Worker] | None = None, **more: Any) -> Answer:
    """What is said of a file that shows nothing, while workers have these slots of a copy in hand."""
    tasks = ring({"op_handle": 0x2000}, {}, {"state": DONE})
    between = Hands.between(hands if before is None else before, hands)
    then = None if seconds == 0 else earlier(tasks, seconds)
    held = {one.slot: one for one in hands if one.slot is not None}
    return explain(scene(tasks, holder=COPY, earlier=then, workers=held, crew=Crew(hands=between), **more))


def test_a_turn_in_a_copy_that_does_not_end_needs_a_person_as_one_in_place_does() -> None:
    one, idle = Worker(0, 0, 0x2000, 4, 0, 3.0, "0:1"), Worker(1, None, None, 9, 5, None, "0:0")
    stuck = on_copy(1.0, one, idle)
    assert (stuck.verdict, stuck.needs_person, stuck.moves) == ("held", True, False)
    assert stuck.sentence == "ring.bin does not move: slot 0 (0x2000) is in one turn that does not end"
    assert stuck.found[0].evidence == (
        "held by pid 9 (launch), which works on a copy: the file shows what stood there before",
        "worker 0 of 0:1 has slot 0 in hand for at least 3.0 s, its turn 4",
        "in the same turn in both looks, and no turn ended anywhere",
    )
    assert "unknown-op" not in classes(stuck)


@pytest.mark.parametrize(
    "before",
    [
        (Worker(0, 0, 0x2000, 3, 0), Worker(1, None, None, 9, 5)),
        (Worker(0, 0, 0x2000, 4, 0), Worker(1, 1, 0, 8, 5)),
        (Worker(0, 0, 0x2000, 4, 0),),
    ],
)
def test_turns_begun_in_a_copy_are_motion(before: tuple[Worker, ...]) -> None:
    moves = on_copy(1.0, Worker(0, 0, 0x2000, 4, 0), Worker(1, None, None, 9, 5), before=before)
    assert (moves.needs_person, moves.moves) == (False, True)
    assert "held" in classes(moves)
    assert "works on a copy" in moves.found[0].evidence[0]


def test_a_copy_that_is_seen_once_or_without_workers() -> None:
    assert on_copy(0, Worker(0, 0, 0x2000, 4, 0, 12.0)).needs_person
    assert not on_copy(0, Worker(0, 0, 0x2000, 4, 0, 3.0)).needs_person
    assert Hands.between((), (Worker(0, 0, 0x2000, 4, 0),)) is None
    unseen = explain(scene(ring({"state": RUNNING}), holder=COPY, earlier=earlier(ring({"state": RUNNING}))))
    assert "its workers were not seen in both looks" in unseen.found[-1].evidence
    grown = on_copy(0, Worker(0, 7, 0x2000, 4, 0, 12.0))
    assert grown.verdict == "unknown-op"


def test_a_ring_that_grew_or_shrank_is_compared_as_far_as_it_goes() -> None:
    one, two = ring({"state": RUNNING}), ring({"state": RUNNING}, {})
    for before, after in ((one, two), (two, one)):
        answer = explain(scene(after, holder=LIVE, earlier=earlier(before)))
        assert "held" in classes(answer)


def test_arguments_are_no_turns_and_no_epochs() -> None:
    packed = ring({"op_handle": 0x8000_0001, "yield_count": 9, "resume_epoch": 7, "state": PAUSED})
    assert "not-due" not in classes(explain(scene(packed)))
    running = ring({"op_handle": 0x8000_0001, "state": RUNNING})
    assert explain(scene(running)).found[0].evidence == ("nobody holds the ring",)


def test_a_control_buffer_inside_a_dump_is_cut_out_first() -> None:
    inside = scene(HIGH, GUARD)
    places = {name: text for name, text in inside.places.items() if name != "control"}
    found = explain(replace(inside, places=places)).found[0]
    assert found.command == "vyrectl open ring.bin --unpack p"
    assert "once the buffers are files of their own" in found.remedy


def test_a_long_ring_of_waits_is_named_in_part() -> None:
    many = 12
    slots = ring(*({**JOIN, "parent_task_id": (at + 1) % many + 1} for at in range(many)))
    found = explain(scene(slots)).found[0]
    assert f"{many} tasks wait for each other" in found.summary
    assert found.evidence[0].count("->") == 9
    assert found.command == "vyrectl transition ring.bin resume 0"


def test_a_link_is_cut_where_the_parent_keeps_a_child() -> None:
    """Resumed, it would run before that child ends; of two rings both are mended, each in its own way."""
    family = [{**JOIN, "parent_task_id": 2}, {**JOIN, "parent_task_id": 1}, {"parent_task_id": 1}]
    alone = [{**JOIN, "parent_task_id": 5}, {**JOIN, "op_handle": 0, "parent_task_id": 4}]
    found = [one for one in explain(scene(ring(*family, *alone))).found if "in a ring" in one.summary]
    assert {one.command: one.slots.tolist() for one in found} == {
        "vyrectl set ring.bin parent_task_id=0 1": [0, 1],
        "vyrectl transition ring.bin resume 4": [3, 4],
    }


def test_a_parent_that_no_launch_takes_up_is_said_to_be_one() -> None:
    plain = {**JOIN, "op_handle": 0}
    ended = explain(scene(ring(plain, {"parent_task_id": 1, "state": DONE}), holder=LIVE)).found[0]
    assert (ended.needs_person, ended.command) == (True, "vyrectl transition ring.bin resume 0")
    assert NOT_TAKEN_UP in ended.evidence
    twins = ring(plain, {"task_id": 1}, {"parent_task_id": 1, "task_id": 3})
    [found] = [one for one in explain(scene(twins)).found if one.needs_person]
    assert found.evidence == ("task_id 1 does not name one task (slots 0-1)", NOT_TAKEN_UP)
    assert found.command == "vyrectl set ring.bin task_id=2 1"
    nameless = explain(scene(ring({**JOIN, "task_id": 0}))).found[0]
    assert nameless.command == "vyrectl set ring.bin task_id=1 0"


@pytest.mark.parametrize(
    "tasks",
    [
        [JOIN],
        [{**JOIN, "parent_task_id": 7}],
        [JOIN, {"parent_task_id": 1, "state": DONE}],
        [JOIN, {"task_id": 1}],
        [JOIN, {"task_id": 1, "state": DONE}, {"parent_task_id": 1, "state": FAULTED}],
        [{"state": DONE}, {**JOIN, "task_id": 1}, {"parent_task_id": 1, "state": DONE}],
    ],
)
def test_a_parent_without_an_open_child_is_taken_up_by_a_launch(tasks: list[Task]) -> None:
    """As the engine does it: what `why` advises a launch for, one sets free."""
    slots = ring(*tasks)
    at = [number for number, task in enumerate(tasks) if task.get("state") == PAUSED]
    [found] = [one for one in explain(scene(slots)).found if one.cause.name == "waits-for-children"]
    assert (found.slots.tolist(), found.command) == (at, "vyrectl launch ring.bin")
    links = count_families(slots, {SPAWNS})
    assert (links.freed, links.lost) == (1, 0)
    running = explain(scene(ring(*tasks), holder=LIVE)).found
    assert not any(one.needs_person for one in running if one.cause.name == "waits-for-children")


@pytest.mark.parametrize(
    "tasks",
    [[{**JOIN, "task_id": 0}], [JOIN, {"task_id": 1}, {"parent_task_id": 1}]],
)
def test_a_parent_that_a_launch_ends_as_lost_is_said_to_be_one(tasks: list[Task]) -> None:
    slots = ring(*tasks)
    [found] = [one for one in explain(scene(slots)).found if one.cause.name == "waits-for-children"]
    assert "a launch ends such a parent as lost_children" in found.evidence
    assert count_families(slots, {SPAWNS}).lost == 1


def test_a_copy_is_thrown_away_and_a_file_is_put_back() -> None:
    one = Worker(0, 0, 0x2000, 4, 0)
    assert "the file stays as it was before" in on_copy(1.0, one).found[0].remedy
    found = explain(scene(ring({"state": RUNNING}), holder=COPY)).found
    held = next(one for one in found if one.cause.name == "held")
    assert "recover --as faulted SLOT" in held.remedy


@pytest.mark.parametrize(
    ("slots", "condition"),
    [
        ([1], "slot != 1"),
        ([1, 2, 4], "(slot < 1 or slot > 2) and slot != 4"),
        ([0, 1, 4], "slot > 1 and slot != 4"),
        ([0, 2, 4, 6, 8], None),
    ],
)
def test_what_hung_in_a_copy_is_left_out_afterwards(slots: list[int], condition: str | None) -> None:
    """Where they are few; tasks that the launch would be refused for are left out beside them."""
    hands = {slot: Worker(slot, slot, 0, 4, 0, 12.0) for slot in slots}
    tasks = ring(*({} for _ in range(9)), {"op_handle": 0x20000})
    shown = scene(tasks, holder=COPY, workers=hands, lacking=refused(0x20000))
    [held] = [one for one in explain(shown).found if one.cause.name == "held"]
    wanted = f"vyrectl launch ring.bin --where 'op != 0x20000 and {condition}'" if condition else None
    assert held.afterwards_command == wanted


@pytest.mark.parametrize("holder", [LIVE, COPY])
def test_what_a_launch_that_lives_would_refuse_is_advised_for_later(holder: Holder) -> None:
    """Edits of a ring that runs in place work; of one that a launch on a copy holds nothing does."""
    free = "nobody holds the ring any more: vyrectl "
    tasks = ring(
        {"state": 7}, {"state": PAUSED, "resume_epoch": NEVER_EPOCH}, {"state": PAUSED, "resume_epoch": 9}, {}
    )
    found = {one.cause.name: one for one in explain(scene(tasks, holder=holder)).found}
    remedies = {one.command: one.remedy for one in explain(scene(tasks, holder=holder)).found if one.command}
    assert remedies["vyrectl launch ring.bin --epoch 9"].startswith(f"Launch at that epoch, once {free}")
    faulted, resumed = found["faulted"].remedy, remedies["vyrectl transition ring.bin resume 1"]
    if holder is COPY:
        assert faulted.startswith(f"Once the cause is gone, and {free}repair")
        assert resumed.startswith(f"Resume them by hand, once {free}")
    else:
        assert (faulted + resumed).count(free) == 0
    quota = scene(ring({"tenant_id": 3}), holder=holder, quotas={3: (5, 0)})
    assert (
        explain(quota)
        .found[0]
        .remedy.startswith("Once this launch has ended, give them more: vyrectl launch")
    )


def test_of_a_ring_that_is_worked_on_as_a_copy_nothing_is_forgotten_or_passed_over() -> None:
    for name, task, looks in (("due-forgotten", {"state": PAUSED}, 2), ("starved", {"age_ticks": 90}, 1)):
        before: dict[str, Any] = {"earlier": earlier(ring(task))} if looks > 1 else {}
        for holder in (LIVE, COPY):
            answer = explain(scene(ring(task), holder=holder, **before))
            assert (name in classes(answer)) is (holder is LIVE)


def test_what_hung_is_ended_afterwards() -> None:
    """Once a launch in place is gone; while nothing says that it hangs nobody is told to end anything."""
    words = control_words()
    running = ring({"state": RUNNING}, {"state": RUNNING})
    [turning] = [one for one in explain(scene(running, words, holder=LIVE)).found if one.cause.name == "held"]
    assert (turning.needs_person, turning.afterwards, turning.afterwards_command) == (False, "", None)
    for one in (Worker(0, 1, 0, 4, 0, 3.0, hung=True), Worker(0, 1, 0, 4, 0, 12.0)):
        [stuck] = [
            found
            for found in explain(scene(running, words, holder=LIVE, workers={1: one})).found
            if found.cause.name == "held"
        ]
        assert stuck.needs_person
        assert stuck.command == "vyrectl control c.bin shutdown=1"
        assert stuck.afterwards_command == "vyrectl recover ring.bin --as faulted 1"
    for one in (
        Worker(0, 1, 0, 4, 0, 1.0),
        Worker(0, 1, 0, 4, 0, 0.1, hung=True),
        Worker(0, 1, 0, 4, 0, 10.0),
    ):
        [orphan] = explain(scene(running, workers={1: one, 7: replace(one, slot=7)})).found
        assert orphan.command == "vyrectl recover ring.bin --as faulted 1"
        assert orphan.afterwards_command == "vyrectl recover ring.bin"
    for short in (Worker(0, 1, 0, 4, 0, 0.9), Worker(0, 1, 0, 4, 0)):
        [orphan] = explain(scene(running, workers={1: short})).found
        assert (orphan.command, orphan.afterwards) == ("vyrectl recover ring.bin", "")


def test_a_task_that_only_ends_is_not_what_hangs() -> None:
    """A device that runs neighbours in step holds them up: the one whose operation does more is named, and ended."""
    running = ring({"state": RUNNING}, {"state": RUNNING}, {"state": RUNNING, "op_handle": 0x1005})
    hands = {slot: Worker(slot, slot, 0x1005 * (slot == 2), 4, 0, 12.0) for slot in range(3)}
    for ending, first, line in (({0}, 2, "2 tasks of operations that end at once are in hand"), ((), 0, "")):
        more: dict[str, Any] = {"workers": hands, "ending": frozenset(ending)}
        [held] = [
            one
            for one in explain(scene(running, control_words(), holder=LIVE, **more)).found
            if one.cause.name == "held"
        ]
        assert held.summary.startswith(f"slot {first} (")
        assert len(held.slots) == 3
        assert any(said.startswith(f"worker {first} has slot {first} in hand") for said in held.evidence)
        assert line in " ".join(held.evidence)
        assert ("beside it" in " ".join(held.evidence)) is bool(line)
        [orphan] = explain(scene(running, **more)).found
        ended = "2" if ending else "0-2"
        assert orphan.command == f"vyrectl recover ring.bin --as faulted {ended}"
        assert held.afterwards_command == orphan.command
    alone = ring({"state": RUNNING})
    [only] = explain(scene(alone, workers={0: hands[0]}, ending=frozenset({0}))).found
    assert only.command == "vyrectl recover ring.bin --as faulted 0"


def test_one_turn_has_one_bound() -> None:
    """What the looks saw and what the launch noted are the same turn: the larger is said, once."""
    words, running = control_words(), ring({"state": RUNNING})
    for noted, seen, said in ((9.9, 1.2, "9.9"), (1.2, 9.9, "9.9"), (None, 2.0, "2.0")):
        hands = {0: Worker(0, 0, 0, 4, 0, noted)}
        stuck = explain(scene(running, words, holder=LIVE, workers=hands, earlier=earlier(running, seen)))
        times = re.findall(r"at least ([0-9.]+) s", " ".join(stuck.found[0].evidence))
        assert times == [said], stuck.found[0].evidence


def refused(*bodiless: int) -> Callable[[SlotArray, Any], Any]:
    """As a launch does that knows no body for some operations, and no buffer for 0x1000."""

    def lacking(slots: SlotArray, which: Any) -> Any:
        found = which & np.isin(slots["op_handle"], [*bodiless, 0x1000])
        ops = np.unique(slots["op_handle"][found]).tolist()
        handles = {op: 3 if op == 0x1000 else None for op in ops}
        return found, [Unrunnable(op, None, handles[op], None, 1, 0) for op in ops]

    return lacking


LATER = {"state": PAUSED, "resume_epoch": 6}


@pytest.mark.parametrize(
    ("tasks", "options"),
    [
        (({}, LATER), ""),
        (({}, {"op_handle": 0x20000}, LATER), "--where 'op != 0x20000'"),
        (({}, {"op_handle": 0x20000}, {"op_handle": 0x20001}, LATER), "--where 'op == 0x0'"),
        (
            ({}, {"op_handle": 0x1005}, *({"op_handle": 0x20000 + one} for one in range(3)), LATER),
            "--where '(op == 0x0 or op == 0x1005)'",
        ),
        (
            ({"op_handle": 0x1000}, {"op_handle": 0x20000}, LATER),
            "--where 'op != 0x20000' --buffer 3=FILE.npy",
        ),
        (({}, {**LATER, "op_handle": 0x20000}), "--ops FILE.cl"),
        (({}, {**LATER, "op_handle": 0x5}), "--where 'op != 0x5'"),
        (({}, {"op_handle": 0x20000, "state": DONE}, LATER), ""),
    ],
)
def test_a_launch_is_advised_as_it_would_not_be_refused(tasks: Sequence[Task], options: str) -> None:
    """Tasks without a body are left out, or named a source where they are what it is about."""
    shown = scene(ring(*tasks), lacking=refused(0x20000, 0x20001, 0x20002, 0x5))
    [found] = [one for one in explain(shown).found if one.cause.name == "not-due"]
    assert found.command == f"vyrectl launch ring.bin --epoch 6 {options}".strip()


def test_a_launch_with_a_condition_of_its_own_gets_the_other_beside_it() -> None:
    shown = scene(ring({"tenant_id": 40}, {"op_handle": 0x20000}), control_words(), lacking=refused(0x20000))
    [found] = [one for one in explain(shown).found if "without a mask" in one.summary]
    assert found.command == "vyrectl launch ring.bin --where 'op != 0x20000 and tenant_id >= 29'"


def test_a_launch_of_a_ring_inside_a_file_is_a_cut_first() -> None:
    shown = scene(ring({}), lacking=refused(0))
    shown = replace(shown, places={**shown.places, "span": "--offset 8", "made": "d.ring"})
    assert explain(shown).found[0].command == "vyrectl build d.ring --from ring.bin --offset 8"


def test_slots_in_words() -> None:
    assert slot_list(np.array([0, 1, 2, 7]), 9) == "0-2,7"
    assert slot_text(np.array([4])) == "slot 4"
    assert slot_text(np.arange(0, 40, 2)).endswith("14, ...")
    assert runs(np.zeros(0, np.int64)) == []


@pytest.mark.parametrize(("seconds", "text"), [(1.25, "1.2 s"), (600, "10 min"), (7200, "2.0 h")])
def test_times_in_words(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_worker_that_takes_turns_is_not_stuck() -> None:
    before, after = ring({"state": RUNNING}), ring({"state": RUNNING, "yield_count": 1, "continuation_pc": 3})
    answer = explain(scene(after, holder=LIVE, earlier=earlier(before)))
    held = next(one for one in answer.found if one.cause.name == "held")
    assert "between the looks its tasks took turns" in held.evidence
    assert not answer.needs_person


def test_names_of_classes() -> None:
    assert find_cause("Waits for children").name == "waits-for-children"
    with pytest.raises(UnknownNameError, match="starvd"):
        find_cause("starvd")
    assert [one["name"] for one in explanations({})] == list(CAUSES)

"""`why` as its user meets it: rings that were made by running things, advice that works as printed, exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.support import NEVER
from tests.sidecar.watched import died_over, write_seats
from tests.support.rings import slot, write_ring
from vyrectl.abi import watch
from vyrectl.cli.again import _options_of
from vyrectl.cli.main import load_command
from vyrectl.files.ring_lock import RingLock
from vyrectl.protocol.control import encode_control, write_control_words
from vyrectl.sidecar.workers import Seats
from vyrectl.spread.boards import Boards
from vyrectl.why.classes import CAUSES

REFERENCE = ("--device", "reference")
FORK = '{"op": "fork_sum", "input": 0, "output": 1, "task": 1}\n'
BUFFERS = ("--buffer", "0=few.npy", "--buffer", "1=zeros:uint32:31:sums.npy")


def verdict(cli: Cli, *args: str) -> str:
    name: str = cli("why", *args, "--json").json()["verdict"]
    return name


def control(path: Path, **words: int) -> None:
    data = bytearray(encode_control(tenants=29, observables=8, slots=None))
    write_control_words(data, {int(name.removeprefix("word_")): value for name, value in words.items()})
    path.write_bytes(data)


CASES: dict[str, tuple[tuple[dict[str, int], ...], dict[str, int] | None]] = {
    "shut-out": (({"state": 1, "tenant_id": 3}, {"state": 1}), {"word_6": 0}),
    "mask-closed": (({"state": 5, "tenant_id": 3, "yield_count": 1},), {"word_6": 0}),
    "guard-live-lock": (({"state": 1, "priority": 1},), {"word_135": 16}),
    "orphaned": (({"state": 2},), None),
    "unattended": (({"state": 1},), {"word_0": 1}),
    "due-forgotten": (({"state": 4, "flags": 1},), {"word_0": 1}),
    "not-due": (
        ({"state": 4, "flags": 1, "resume_epoch": 3}, {"state": 4, "resume_epoch": 5}),
        {"word_128": 2},
    ),
    "starved": (({"state": 1, "age_ticks": 90},), None),
    "faulted": (({"state": 7, "continuation_data": 5},), None),
}
"""Class -> tasks, and words of a control buffer, that show it; its advice mends it."""


@pytest.mark.parametrize("name", CASES)
def test_the_advice_works_as_printed(cli: Cli, tmp_path: Path, name: str) -> None:
    tasks, words = CASES[name]
    slots = [slot(task_id=at + 1, **{"priority": 2, **task}) for at, task in enumerate(tasks)]
    write_ring(tmp_path / "my ring.bin", *slots)
    given = ["my ring.bin"]
    if words is not None:
        control(tmp_path / "my control.bin", **words)
        given += ["--control", "my control.bin"]
    result = cli("why", *given)
    assert result.code == 1
    assert result.out.splitlines()[2].startswith(f"{name}: ")
    line = next(line for line in result.out.splitlines() if line.startswith("  vyrectl "))
    mended = cli(*shlex.split(line)[1:], *(REFERENCE if "launch" in line else ()))
    assert mended.code == 0, (line, mended.err)
    assert name not in [one["name"] for one in cli("why", *given, "--json").json()["classes"]]


def test_due_tasks_of_a_new_ring_wait_for_a_launch_alone(cli: Cli, tmp_path: Path) -> None:
    """One look is no reason to call a person; a second one in which they stayed is, and a launch takes them all."""
    cli("build", "d.bin", "--synthetic", "30", "--seed", "1", "--quiet")
    once = cli("why", "d.bin", "--json")
    record = once.json()
    assert (once.code, record["verdict"], record["runnable"]) == (0, "healthy", record["queue"])
    assert record["classes"][0]["command"] == "vyrectl launch d.bin --backup"
    shutil.copy(tmp_path / "d.bin", tmp_path / "e.bin")
    twice = cli("why", "d.bin", "--since", "e.bin", "--json").json()
    assert "due-forgotten" in [one["name"] for one in twice["classes"]]
    assert cli("launch", "d.bin", *REFERENCE).code == 0
    assert cli("snapshot", "d.bin", "--json").json()["paused_count"] == 0


def test_an_epoch_that_was_given_is_given_to_the_launch(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "r.bin", slot(state=4, flags=1, task_id=1, resume_epoch=3))
    result = cli("why", "r.bin", "--epoch", "3", "--json")
    assert result.code == 0
    command = result.json()["classes"][0]["command"]
    assert cli(*shlex.split(command)[1:], *REFERENCE).code == 0
    assert cli("snapshot", "r.bin", "--json").json()["paused_count"] == 0


def test_fail_on_chooses_the_classes(cli: Cli, ring: Path) -> None:
    assert cli("why", "ring.bin").code == 1
    assert cli("why", "ring.bin", "--fail-on", "held", "--fail-on", "starved").code == 0
    assert cli("why", "ring.bin", "--fail-on", "faulted").code == 1
    wrong = cli("why", "ring.bin", "--fail-on", "faultd")
    assert wrong.code == 2
    assert "'faulted'" in wrong.err


def test_tenants_without_a_mask_are_run_alone(cli: Cli, tmp_path: Path) -> None:
    """The command leaves out those whose mask is 0, although it names no control buffer."""
    tenants = (3, 0, 29, 40)
    write_ring(
        tmp_path / "r.bin", *(slot(state=1, priority=2, task_id=one, tenant_id=one) for one in tenants)
    )
    control(tmp_path / "c.bin", word_6=0)
    found = cli("why", "r.bin", "--control", "c.bin", "--json").json()["classes"]
    command = next(one["command"] for one in found if "without a mask" in one["summary"])
    assert cli(*shlex.split(command)[1:], *REFERENCE).code == 0, command
    rows = cli("decode", "r.bin", "--json").json()["slots"]
    assert [one["state"] for one in rows] == [1, 1, 3, 3]


def test_two_tasks_of_one_id_are_told_apart(cli: Cli, tmp_path: Path) -> None:
    wait = {"state": 4, "flags": 1, "op_handle": 0x1010, "resume_epoch": NEVER}
    write_ring(
        tmp_path / "r.bin",
        slot(state=3, task_id=5),
        slot(task_id=5, **wait),
        slot(state=1, task_id=6, parent_task_id=5),
        slot(state=1, task_id=1),
    )
    record = cli("why", "r.bin", "--json").json()["classes"][0]
    assert record["name"] == "waits-for-children"
    assert record["evidence"] == [
        "task_id 5 does not name one task (slots 0-1)",
        "a launch ends such a parent as lost_children",
    ]
    assert record["command"] == "vyrectl set r.bin task_id=2 0 --backup"
    assert cli(*shlex.split(record["command"])[1:]).code == 0
    after = cli("why", "r.bin", "--json").json()
    assert (after["needs_person"], after["verdict"]) == (False, "healthy")


def test_a_task_that_hung_is_not_put_back_to_hang_again(cli: Cli, tmp_path: Path) -> None:
    """Which it was a launch in place that died has noted; of the others the words say both ways."""
    running = [slot(state=2, op_handle=0x1005, priority=2, task_id=one) for one in (1, 2)]
    path = write_ring(tmp_path / "r.bin", *running)
    died_over(path, [(4, 2, 0x1005, 0)], held_ms=20_000)
    record = cli("why", "r.bin", "--json").json()["classes"][0]
    assert record["name"] == "orphaned"
    assert record["command"] == "vyrectl recover r.bin --as faulted 1 --backup"
    assert "recover without --as faulted runs them once more" in record["remedy"]
    assert cli(*shlex.split(record["command"])[1:]).code == 0
    assert record["afterwards_command"] == "vyrectl recover r.bin --backup"
    rest = cli("why", "r.bin", "--json").json()["classes"]
    [put_back] = [one for one in rest if one["name"] == "orphaned"]
    assert put_back["command"] == "vyrectl recover r.bin --backup"
    assert "recover --as faulted SLOT" in put_back["remedy"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "no ring was named"),
        (("ring.bin", "--again-after", "-1"), "out of bounds"),
        (("ring.bin", "ring.bin", "--control", "ring.bin"), "one ring"),
        (("ring.bin", "."), "folders and files"),
        ((".", "--offset", "0"), "are for a file"),
        (("-", "--again-after", "0.1"), "read once"),
        (("ring.bin", "--since", "ring.bin", "--again-after", "0.1"), "earlier ones"),
    ],
)
def test_what_does_not_go_together(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("why", *args, stdin=ring.read_bytes())
    assert result.code == 2
    assert words in result.err


@pytest.mark.parametrize("text", ["{", "[]"])
def test_what_is_no_trace(cli: Cli, ring: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    assert cli("why", "ring.bin", "--trace", "t.json").code == 3


def test_a_ring_that_nobody_runs_is_looked_at_twice_where_that_is_asked_for(cli: Cli, ring: Path) -> None:
    assert len(cli("why", "ring.bin", "--json").json()["looks"]) == 1
    record = cli("why", "ring.bin", "--again-after", "0.05", "--json").json()
    assert len(record["looks"]) == 2
    assert record["changes"] is not None


def test_several_files_are_several_queues(cli: Cli, ring: Path, tmp_path: Path) -> None:
    write_ring(tmp_path / "b.bin", slot(state=1, task_id=1))
    record = cli("why", "ring.bin", "b.bin", "--json").json()
    assert [one["ring"] for one in record["rings"]] == ["ring.bin", "b.bin"]
    assert cli("why", "ring.bin", "b.bin").out.count("ring.bin can go on") == 1
    assert cli("why", "b.bin").code == 0
    assert len(cli("why", "ring.bin", "b.bin", "--format", "jsonl").lines()) == 2


def test_a_ring_from_a_pipe(cli: Cli) -> None:
    result = cli("why", "-", stdin=slot(state=2, task_id=1))
    assert result.code == 1
    assert "nobody can be seen to hold the ring" in result.out
    assert "Save the bytes as ring.bin, then put them back, but end one that hung first" in " ".join(
        result.out.split()
    )
    assert "\n  vyrectl recover ring.bin --backup\n" in result.out


def test_one_screen(terminal: Cli, ring: Path, tmp_path: Path) -> None:
    control(tmp_path / "c.bin", word_3=0, word_6=0)
    lines = terminal("why", "ring.bin", "--control", "c.bin", "--color", "never").out.splitlines()
    assert len(lines) <= 24
    assert lines[-1].startswith("not shown: ")
    assert max(len(line) for line in lines if not line.startswith("  vyrectl")) <= 80


def test_folders_over_time(cli: Cli, tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / f"dump-{number}"
        folder.mkdir()
        states = [3] * number + [1] * (3 - number)
        tasks = [slot(state=state, task_id=at + 1) for at, state in enumerate(states)]
        stuck = slot(state=6, task_id=9, requeue_count=number + 1, age_ticks=number + 1, flags=4)
        write_ring(folder / "ring.bin", *tasks, stuck)
        os.utime(folder / "ring.bin", (1000.0 + number, 1000.0 + number))
    names = [f"dump-{number}" for number in range(3)]
    result = cli("why", *names)
    assert result.code == 1
    assert "dump-2/ring.bin moves, but not all of it (1 of 2): 1 task took 2 turns and stand" in result.out
    assert "3 looks over 2 s: ready -2, total_requeues +2, max_priority_age +2, done +2" in result.out
    assert cli("why", ".").out == cli("why", *(str(tmp_path / name) for name in names)).out.replace(
        f"{tmp_path}/", ""
    )


def test_snapshots_as_the_earlier_look(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "ring.bin", slot(state=1, task_id=1))
    (tmp_path / "before.json").write_text(cli("snapshot", "ring.bin", "--append", "h.jsonl", "--json").out)
    assert verdict(cli, "ring.bin", "--since", "before.json") == "unattended"
    record = cli("why", "ring.bin", "--since", "h.jsonl", "--json").json()
    assert (record["verdict"], record["changes"]["verdict"]) == ("unattended", "stalled")


# --- made by running things ------------------------------------------------------------------------------


def test_a_parent_whose_children_are_gone_is_taken_up_by_the_launch_that_is_advised(
    cli: Cli, tmp_path: Path
) -> None:
    np.save(tmp_path / "few.npy", np.arange(15000, dtype="u4"))
    parent = slot(state=4, flags=1, op_handle=0x1010, resume_epoch=NEVER, task_id=1, output_handle=1)
    write_ring(tmp_path / "p.bin", parent, slot(state=3, task_id=2))
    result = cli("why", "p.bin")
    assert "1 task waits for children, and none is left to wait for" in result.out
    assert "vyrectl why p.bin" in cli("check", "p.bin").out
    line = next(line for line in result.out.splitlines() if line.startswith("  vyrectl launch "))
    words = [word for word in shlex.split(line)[1:] if "=" not in word and word != "--buffer"]
    assert line.count("--buffer") == 2
    launched = cli(*words, *REFERENCE, *BUFFERS, "--json").json()
    assert launched["resumed"]
    assert cli("decode", "p.bin", "--json").json()["slots"][0]["state"] != 4


@pytest.fixture
def forked(cli: Cli, tmp_path: Path) -> Path:
    """A family in the middle of its work: a parent and its children wait for grandchildren."""
    import numpy as np

    np.save(tmp_path / "few.npy", np.arange(30000, dtype="u4"))
    (tmp_path / "fork.jsonl").write_text(FORK)
    assert cli("build", "fork.bin", "fork.jsonl", "--slots", "16").code == 0
    cli("launch", "fork.bin", *BUFFERS, *REFERENCE, "--max-steps", "3")
    return tmp_path / "fork.bin"


def test_a_family_that_was_stopped(cli: Cli, forked: Path) -> None:
    result = cli("why", "fork.bin")
    assert result.code == 0
    assert "slot 0 (fork_sum) waits for slot 1 Paused, slot 2 Paused" in result.out


def test_a_cyclic_join_is_named_and_mended(cli: Cli, forked: Path) -> None:
    cli("set", "fork.bin", "parent_task_id=3", "0")
    result = cli("why", "fork.bin")
    assert result.code == 1
    assert "slot waits for slot: 0 -> 1 -> 0" in result.out
    line = next(line for line in result.out.splitlines() if line.startswith("  vyrectl set"))
    assert cli(*shlex.split(line)[1:]).code == 0
    assert cli("launch", "fork.bin", *BUFFERS, *REFERENCE, "--verify").code == 0
    assert cli("snapshot", "fork.bin", "--json").json()["paused_count"] == 0


def _waits(op: int, **words: int) -> bytes:
    return slot(state=4, flags=1, priority=2, op_handle=op, resume_epoch=NEVER, **words)


SPAWNS = 0x1010
CYCLES: dict[str, list[bytes]] = {
    "of an operation that does not spawn": [
        _waits(0, task_id=1, parent_task_id=2),
        _waits(0, task_id=2, parent_task_id=1),
    ],
    "of both kinds": [
        _waits(SPAWNS, task_id=1, parent_task_id=2, output_handle=1),
        _waits(0, task_id=2, parent_task_id=1),
    ],
    "without other children": [
        _waits(SPAWNS, task_id=1, parent_task_id=2, output_handle=1, param=1, continuation_pc=1),
        _waits(SPAWNS, task_id=2, parent_task_id=1, output_handle=1, continuation_pc=1),
    ],
    "with another child": [
        _waits(SPAWNS, task_id=1, parent_task_id=2, output_handle=1, param=1, continuation_pc=1),
        _waits(SPAWNS, task_id=2, parent_task_id=1, output_handle=1, continuation_pc=1),
        slot(state=1, priority=2, task_id=3, parent_task_id=2),
    ],
    "a task that is its own parent": [_waits(0, task_id=1, parent_task_id=1)],
    "two rings": [
        _waits(0, task_id=one, parent_task_id=other) for one, other in ((1, 2), (2, 1), (3, 4), (4, 3))
    ],
}


@pytest.mark.parametrize("slots", CYCLES.values(), ids=CYCLES)
def test_one_paste_lets_a_ring_of_waits_drain(cli: Cli, tmp_path: Path, slots: list[bytes]) -> None:
    """And `check` sends to the command that says it."""
    np.save(tmp_path / "few.npy", np.arange(30000, dtype="u4"))
    write_ring(tmp_path / "r.bin", *slots)
    findings = {one["name"]: one for one in cli("check", "r.bin", "--json").json()["findings"]}
    assert "vyrectl why r.bin" in findings["waits-for-ever"]["remedy"]
    record = cli("why", "r.bin", "--json").json()["classes"][0]
    assert "wait" in record["summary"]
    assert "in a ring" in record["summary"]
    assert cli(*shlex.split(record["command"])[1:]).code == 0, record["command"]
    assert cli("why", "r.bin").code == 0, "nobody is asked for a second step"
    assert cli("launch", "r.bin", *BUFFERS, *REFERENCE).code == 0
    assert cli("snapshot", "r.bin", "--json").json()["paused_count"] == 0


def test_a_ring_without_room_for_children(cli: Cli, tmp_path: Path) -> None:
    """A task that may spawn waits for room once it had a turn and gave it up; before that it may go on without."""
    (tmp_path / "fork.jsonl").write_text(FORK)
    cli("build", "fork.bin", "fork.jsonl")
    assert "full: " not in cli("why", "fork.bin").out
    cli("set", "fork.bin", "state=yielded", "yields=1", "flags=yielded", "0")
    result = cli("why", "fork.bin")
    assert result.out.splitlines()[2].startswith("full: ")
    line = next(line for line in result.out.splitlines() if line.startswith("  vyrectl build"))
    assert cli(*shlex.split(line)[1:]).code == 0
    assert cli("why", "fork-larger.bin").code == 0


def test_a_launch_that_needs_buffers_is_told_with_its_handles(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"op": "scale", "input": 3, "output": 5}\n{"op": "nop"}\n')
    cli("build", "t.bin", "t.jsonl")
    result = cli("why", "t.bin")
    assert result.code == 0
    assert result.out.startswith(
        "t.bin: 1 task can be claimed once a launch is given buffers (handles 3, 5)\n"
    )
    assert "  vyrectl launch t.bin --buffer 3=FILE.npy --buffer 5=FILE.npy --backup\n" in result.out
    refused = cli("launch", "t.bin", *REFERENCE)
    facts = next(one for one in cli("why", "t.bin", "--json").json()["classes"])["evidence"]
    assert all(fact in refused.err for fact in facts)
    (tmp_path / "none.bin").write_bytes(b"")
    assert cli("why", "none.bin").code == 3


def test_every_launch_that_is_advised_has_its_buffers(cli: Cli, tmp_path: Path) -> None:
    """Those of the tasks that it would claim at its epoch, whatever the advice is about."""
    rows = (
        '{"op": "scale", "input": 3, "output": 5}',
        '{"op": "scale", "input": 7, "output": 9}',
        '{"op": "nop"}',
    )
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    cli("build", "t.bin", "t.jsonl")
    cli("set", "t.bin", "state=paused", "resume_epoch=6", "0")
    cli("set", "t.bin", "state=paused", "resume_epoch=never", "1")
    lines = re.findall(r"vyrectl (launch .*)", cli("why", "t.bin").out)
    assert lines == ["launch t.bin --epoch 6 --buffer 3=FILE.npy --buffer 5=FILE.npy --backup"]
    refused = cli("launch", "t.bin", "--epoch", "6", *REFERENCE)
    assert refused.code != 0
    assert all(handle in refused.err for handle in ("--buffer 3=", "--buffer 5="))


def test_ids_that_nobody_may_define_are_left_out_and_not_asked_for(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"op": 6}\n{"op": "0x20000"}\n{"op": "nop"}\n')
    cli("build", "t.bin", "t.jsonl")
    kept, unknown = cli("why", "t.bin", "--json").json()["classes"]
    if kept["slots"] != [0]:
        kept, unknown = unknown, kept
    assert "--ops" not in kept["remedy"]
    assert kept["command"] == "vyrectl launch t.bin --where 'op == 0x0' --backup"
    assert "--ops FILE.cl" in unknown["remedy"]
    assert cli(*shlex.split(kept["command"])[1:], *REFERENCE).code == 0


@pytest.mark.parametrize("more", [0, 3])
def test_a_launch_that_is_advised_leaves_out_what_it_would_be_refused_for(
    cli: Cli, tmp_path: Path, more: int
) -> None:
    """Those of operations without a body, due by then or not, and as they are; also beside a condition of its own."""
    never = {"state": 1, "priority": 2}
    unknown = [slot(op_handle=0x20000 + one, task_id=10 + one, **never) for one in range(1 + more)]
    write_ring(
        tmp_path / "r.bin",
        slot(state=4, resume_epoch=6, priority=2, task_id=1),
        slot(state=4, resume_epoch=5, op_handle=0x20000, priority=2, task_id=2),
        slot(tenant_id=40, task_id=3, **never),
        *unknown,
    )
    before = (tmp_path / "r.bin").read_bytes()
    for given, place in (((), "not-due"), (("--control", "c.bin"), "shut-out")):
        control(tmp_path / "c.bin")
        (tmp_path / "r.bin").write_bytes(before)
        found = cli("why", "r.bin", *given, "--json").json()["classes"]
        command = next(one["command"] for one in found if one["name"] == place)
        launched = cli(*shlex.split(command)[1:], *REFERENCE)
        assert launched.code == 0, (command, launched.err)
        rows = cli("decode", "r.bin", "--json").json()["slots"]
        assert [one["state"] for one in rows if one["op_handle"] >= 0x20000] == [4, *[1] * (1 + more)]
        assert rows[0 if place == "not-due" else 2]["state"] == 3


def test_a_launch_for_tasks_of_an_unknown_operation_names_its_source(cli: Cli, tmp_path: Path) -> None:
    """Left out, nothing would come of it; a source makes the line work."""
    (tmp_path / "mine.cl").write_text(HUNG)
    write_ring(tmp_path / "r.bin", slot(state=4, resume_epoch=6, op_handle=0x2001, priority=2, task_id=1))
    found = cli("why", "r.bin", "--json").json()["classes"]
    [command] = [one["command"] for one in found if one["name"] == "not-due"]
    assert command == "vyrectl launch r.bin --epoch 6 --ops FILE.cl --backup"
    (tmp_path / "FILE.cl").write_text(HUNG.replace("vyre_yield(task->pc, task->data)", "vyre_done()"))
    assert cli(*shlex.split(command)[1:]).code == 0


def test_a_task_that_a_trace_saw_passed_over(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"op":"nop","priority":"low"}\n' * 30 + '{"op":"nop","priority":"high"}\n'
    )
    cli("build", "t.bin", "t.jsonl")
    shutil.copy("t.bin", "before.bin")
    cli("launch", "t.bin", *REFERENCE, "--where", "priority == low", "--trace", "t.json")
    for option in (("--trace", "t.json"), ("--since", "before.bin")):
        result = cli("why", "t.bin", *option)
        assert result.code == 1
        assert "30 turns of lower classes went before slot 30 (nop)" in result.out


def test_a_task_that_gets_on(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"op":"requeue_n","param":"40"}\n')
    cli("build", "s.bin", "s.jsonl")
    cli("launch", "s.bin", *REFERENCE, "--max-steps", "2")
    shutil.copy("s.bin", "before.bin")
    cli("launch", "s.bin", *REFERENCE, "--max-steps", "3")
    result = cli("why", "s.bin", "--since", "before.bin")
    assert result.code == 0
    assert result.out.splitlines()[0].startswith("s.bin: 1 task get on: 3 turns")


HUNG = """#include "vyre_op.h"
VYRE_OP(0x2000, hang, "turns for ever inside one turn")
{
    volatile uint one = 1;
    while (one) { }
    return vyre_done();
}
VYRE_OP(0x2001, circle, "yields for ever where it stands") { return vyre_yield(task->pc, task->data); }
"""


def test_an_operation_that_circles(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text(HUNG)
    (tmp_path / "c.jsonl").write_text('{"op":"circle"}\n')
    cli("build", "c.bin", "c.jsonl", "--ops", "mine.cl")
    shutil.copy("c.bin", "before.bin")
    words = ("launch", "c.bin", "--device", "cpu", "--ops", "mine.cl", "--max-steps", "9")
    launched = cli(*words)
    assert launched.code == 124, launched.err
    result = cli("why", "c.bin", "--since", "before.bin", "--ops", "mine.cl")
    assert result.code == 1
    assert result.out.splitlines()[3].startswith("circling: 1 task")
    assert "circle" in result.out
    line = next(line for line in result.out.splitlines() if line.startswith("  vyrectl"))
    assert cli(*shlex.split(line)[1:]).code == 0
    assert verdict(cli, "c.bin", "--ops", "mine.cl") == "faulted"


@pytest.mark.timeout(120)
def test_a_hung_operation_is_held_and_then_orphaned(cli: Cli, tmp_path: Path) -> None:
    """It is named with slot and operation while it runs; once its launch was killed it is an orphan."""
    (tmp_path / "mine.cl").write_text(HUNG)
    (tmp_path / "h.jsonl").write_text('{"op":"hang","task":7}\n{"op":"nop","task":8}\n')
    cli("build", "h.bin", "h.jsonl", "--ops", "mine.cl")
    launch = [
        sys.executable,
        "-m",
        "vyrectl",
        "launch",
        "h.bin",
        "--device",
        "cpu",
        "--ops",
        "mine.cl",
        "--in-place",
        "--stall-after",
        "1",
        "--quiet",
    ]
    with (tmp_path / "said.txt").open("wb") as said:
        child = subprocess.Popen(launch, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while cli("snapshot", "h.bin", "--json").json()["running_count"] != 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)
        record = cli("why", "h.bin", "--ops", "mine.cl", "--again-after", "0.5", "--json").json()
        assert record["verdict"] == "held", record["sentence"]
        assert record["needs_person"]
        assert "slot 0 (hang) is in one turn that does not end" in record["sentence"]
        assert str(child.pid) in record["held_by"]
        assert record["classes"][0]["command"].startswith("vyrectl control h.bin.live shutdown=1")
        after = record["classes"][0]["afterwards_command"]
        assert after == "vyrectl recover h.bin --as faulted 0 --ops mine.cl --backup"
        hand = re.compile(r"worker \d+ has slot 0 in hand for at least [0-9.]+ s, its turn \d+")
        assert any(hand.fullmatch(line) for line in record["classes"][0]["evidence"])
        without = cli("why", "h.bin", "--again-after", "0.1", "--json").json()
        assert [one["name"] for one in without["classes"]].count("unknown-op") == 0, "the launch has it"
        assert without["verdict"] == "held"
        found = cli("workers", "h.bin", "--ops", "mine.cl", "--json").json()
        assert (found["lives"], found["in_place"], found["busy"]) == (True, True, 1)
        turn = found["oldest_turn"]
        assert (turn["slot"], turn["op_name"]) == (0, "hang")
        assert turn["seconds"] >= 0.5
        while b"does not end" not in (tmp_path / "said.txt").read_bytes() and time.monotonic() < deadline:
            time.sleep(0.1)
        said_text = (tmp_path / "said.txt").read_text()
        assert "h.bin does not move: slot 0 (hang) is in one turn" in said_text
        assert re.search(r"^  worker \d+ has slot 0 \(hang\) in hand for at least ", said_text, re.MULTILINE)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    deadline = time.monotonic() + 30
    while verdict(cli, "h.bin", "--ops", "mine.cl") == "held" and time.monotonic() < deadline:
        time.sleep(0.1)
    record = cli("why", "h.bin", "--ops", "mine.cl", "--json").json()
    assert record["verdict"] == "orphaned"
    assert any("had slot 0 in hand for at least" in line for line in record["classes"][0]["evidence"])
    assert record["classes"][0]["command"] == after, "the launch had said that it stands still in this turn"
    dead = cli("workers", "h.bin", "--ops", "mine.cl").out
    assert "of a launch that died; 1 had a task in hand then" in dead
    assert "hang" in dead
    assert cli("recover", "h.bin").code == 0
    assert cli("workers", "h.bin").code == 1


@pytest.mark.parametrize("ordered", [False, True])
def test_a_hung_launch_on_copies_is_held_as_its_boards_say(
    cli: Cli, tmp_path: Path, *, ordered: bool
) -> None:
    """One board a device; the file still shows Ready, and without --ops what the launch was given is not unknown."""
    path = write_ring(
        tmp_path / "h.bin",
        *(slot(state=1, op_handle=0x2000, task_id=1 + one) for one in range(4)),
        slot(state=1, op_handle=0x2001, task_id=5),
    )
    boards = Boards(path, ["0:0", "0:1"], lambda place: True)
    boards.given([0x2001])
    if ordered:
        boards.gathered(np.array([3, 2, 1, 0]))
    for device, hands in (("0:0", [(5, 0, 0x2000, 8)]), ("0:1", [(2, 3, 0x2000, 0)])):
        words = memoryview(boards.memory(device)).cast("B").cast("I")
        words[watch.BOARD_STRIDE], words[watch.BOARD_SEATS] = watch.LANE_STRIDE, 1
        write_seats(Seats.on_board(words), hands)
        words.release()
    held = 1 if ordered else 2
    with RingLock(path, role="launch"):
        result = cli("why", "h.bin", "--again-after", "0.1", "--json")
        assert result.code == 1
        record = result.json()
        assert (record["verdict"], record["needs_person"]) == ("held", True)
        assert f"slot {held} (0x2000) is in one turn that does not end" in record["sentence"]
        assert [one["name"] for one in record["classes"]] == ["held"]
        evidence = record["classes"][0]["evidence"]
        assert "works on a copy" in evidence[0]
        assert evidence[1].startswith(f"worker 0 of 0:1 has slot {held} in hand")
        (tmp_path / "mine.cl").write_text(HUNG.replace("while (one) { }", ""))
        after = cli("why", "h.bin", "--ops", "mine.cl", "--json").json()["classes"][0]["afterwards_command"]
        assert shlex.split(after)[:3] == ["vyrectl", "launch", "h.bin"]
        assert len(cli("why", "h.bin", "--json").json()["looks"]) == 2, "it is looked at twice unasked"
    assert cli("why", "h.bin", "--json").json()["verdict"] == "unknown-op"
    assert cli(*shlex.split(after)[1:], "--max-steps", "99").code == 124, "one circles"
    rows = cli("decode", "h.bin", "--json").json()["slots"]
    assert [at for at, row in enumerate(rows) if row["state"] == 1] == [held], "left as it is"


def test_of_many_rings_no_command_is_built_twice(
    cli: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def load(name: str) -> Any:
        built.append(name)
        return load_command(name)

    for number in range(20):
        shutil.copy(ring, f"r{number}.bin")
    _options_of.cache_clear()
    monkeypatch.setattr("vyrectl.cli.main.load_command", load)
    assert len(cli("why", *(f"r{number}.bin" for number in range(20)), "--json").json()["rings"]) == 20
    assert len(built) - built.count("why") == len(set(built) - {"why"})


def test_what_the_classes_mean(cli: Cli) -> None:
    text = cli("why", "--explain", "all").out
    assert all(f"\n{name}\n" in f"\n{text}" for name in CAUSES)
    assert json.loads(cli("why", "--explain", "not due", "--json").out)["classes"][0]["name"] == "not-due"

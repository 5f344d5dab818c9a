"""`converge` at the command line: what it reads, what it answers, and how it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.needs import only_where
from vyrectl.engine.shares import ONE

REFERENCE = ("--device", "reference")

CHAIN = {
    "Ready": {"Running": 1},
    "Yielded": {"Running": 1},
    "Requeued": {"Running": 1},
    "Running": {"Done": 3, "Faulted": 1},
}

GOLDEN = """\
ring.bin: where it is heading, at rest after 4 iterations on reference
state     now   share  heading for   share
────────  ───  ──────  ───────────  ──────  ───────────
Empty       1   8.3 %            1   8.3 %  ██
Ready       3  25.0 %            0   0.0 %
Running     1   8.3 %            0   0.0 %
Done        1   8.3 %          5.5  45.8 %  ███████████
Paused      2  16.7 %            2  16.7 %  ████
Yielded     1   8.3 %            0   0.0 %
Requeued    1   8.3 %            0   0.0 %
Faulted     2  16.7 %          3.5  29.2 %  ███████
"""

OWN = """\
#include "vyre_step.h"
VYRE_STEP(own, "adds the operand's word until the vector's is 100 or more") {
    const uint now = vyre_current(step, index);
    return now < 100u ? now + vyre_operand(step, 0u, index) : now;
}
"""


def save(name: str, value: Any) -> str:
    Path(name).write_text(json.dumps(value))
    return name


def test_where_a_ring_is_heading(cli: Cli, ring: Path) -> None:
    found = cli("converge", "ring.bin", "--matrix", save("m.json", CHAIN), *REFERENCE)
    assert (found.code, found.err) == (0, "")
    assert found.out == GOLDEN


def test_the_record(cli: Cli, ring: Path) -> None:
    record = cli("converge", "ring.bin", "--matrix", save("m.json", CHAIN), *REFERENCE, "--json").json()
    assert record["schema"] == "vyrectl.converge/1"
    assert (record["iterations"], record["converged"], record["ended"]) == (4, True, "converged")
    assert (record["step"], record["device"], record["words"]) == ("distribution", "reference", 8)
    assert sum(record["result"]) == ONE
    done = record["nodes"][3]
    assert (done["node"], done["name"], done["start"]) == (3, "Done", 1)
    assert done["limit"] == pytest.approx(5.5, abs=1e-6)
    assert done["limit_share"] == record["result"][3] / ONE


def test_the_same_chain_in_every_form(cli: Cli, ring: Path) -> None:
    names = ["Empty", "Ready", "Running", "Done", "Paused", "Yielded", "Requeued", "Faulted"]
    rows = [[CHAIN.get(a, {}).get(b, 0) for b in names] for a in names]
    np.save("m.npy", np.array(rows, np.float32))
    counts = [{"from": a, "to": b, "count": n} for a, row in CHAIN.items() for b, n in row.items()]
    options = [
        ("--matrix", save("m.json", CHAIN)),
        ("--matrix", save("rows.json", rows)),
        ("--matrix", "m.npy"),
        ("--transitions", save("t.json", {"schema": "vyrectl.launch/1", "transitions": counts})),
        ("--transitions", save("bare.json", counts)),
    ]
    results = [cli("converge", "ring.bin", *one, *REFERENCE, "--json").json()["result"] for one in options]
    assert results == [results[0]] * len(options)


def test_a_launch_report_brings_states_and_transitions(cli: Cli) -> None:
    report = {
        "schema": "vyrectl.launch/1",
        "states": {"before": {"Ready": 9}, "after": {"Ready": 2, "Done": 2}},
        "transitions": [
            {"from": "Ready", "to": "Done", "count": 3},
            {"from": "Ready", "to": "Ready", "count": 1},
        ],
    }
    save("report.json", report)
    found = cli("converge", "report.json", *REFERENCE, "--json").json()
    assert [node["start"] for node in found["nodes"]] == [0, 2, 0, 2, 0, 0, 0, 0]
    assert found["nodes"][3]["limit"] == pytest.approx(4, abs=1e-6)
    piped = cli("converge", "-", *REFERENCE, "--json", stdin=json.dumps(report).encode()).json()
    assert piped["result"] == found["result"]


def test_snapshots_and_answers_are_starts_too(cli: Cli, ring: Path) -> None:
    Path("s.json").write_text(cli("snapshot", "ring.bin", "--json").out)
    chain = ("--matrix", save("m.json", CHAIN))
    first = cli("converge", "s.json", *chain, *REFERENCE, "--json", "--max-iterations", "1")
    assert [node["start"] for node in first.json()["nodes"]] == [1, 3, 1, 1, 2, 1, 1, 2]
    said = "not converged after 1 iteration; raise --max-iterations, or stop it swinging with --lazy"
    assert json.loads(first.err) == {"schema": "vyrectl.talk/1", "kind": "warning", "message": said}
    Path("half.json").write_text(first.out)
    whole = cli("converge", "s.json", *chain, *REFERENCE, "--json").json()
    rest = cli("converge", "half.json", *chain, *REFERENCE, "--json").json()
    assert rest["iterations"] == whole["iterations"] - 1
    assert rest["result"] == pytest.approx(whole["result"], abs=4)


def test_reachability_of_states_and_of_a_graph(cli: Cli, ring: Path) -> None:
    save("start.json", {"Yielded": 1})
    found = cli(
        "converge",
        "start.json",
        "--step",
        "reachability",
        "--matrix",
        save("m.json", CHAIN),
        *REFERENCE,
        "--json",
    )
    reached = [node["name"] for node in found.json()["nodes"] if node["reached"]]
    assert reached == ["Running", "Done", "Yielded", "Faulted"]
    save("nodes.json", [0, 0, 1] + [0] * 60)
    np.save("edges.npy", np.array([[2, 40], [40, 62], [1, 0]]))
    for edges in ("edges.npy", save("edges.json", [[2, 40], [40, 62], [1, 0]])):
        graph = cli(
            "converge", "nodes.json", "--step", "reachability", "--edges", edges, *REFERENCE, "--json"
        ).json()
        assert [node["node"] for node in graph["nodes"] if node["reached"]] == [2, 40, 62]
        assert graph["result"] == [1 << 2, 1 << 8 | 1 << 30]
    table = cli("converge", "nodes.json", "--step", "reachability", "--edges", "edges.npy", *REFERENCE).out
    assert "3 nodes of 63 reached from 1, at rest after 3 iterations" in table


def test_csv_and_jsonl_have_a_line_a_node(cli: Cli) -> None:
    save("start.json", [1, 3])
    args = ("converge", "start.json", "--matrix", save("m.json", [[0, 1], [0, 1]]), *REFERENCE)
    assert (
        cli(*args, "--format", "csv").out.splitlines()[0] == "node,name,start,start_share,limit,limit_share"
    )
    assert [line["limit"] for line in cli(*args, "--format", "jsonl").lines()] == [0, 4]


def test_many_nodes_fit_a_table(cli: Cli) -> None:
    save("start.json", [1] * 100)
    found = cli("converge", "start.json", "--matrix", save("m.json", np.eye(100).tolist()), *REFERENCE)
    assert "68 others" in found.out
    assert len(found.out.splitlines()) == 3 + 32 + 1


def test_the_result_is_saved(cli: Cli) -> None:
    args = ("converge", save("start.json", [1, 3]), "--matrix", save("m.json", [[0, 1], [0, 1]]), *REFERENCE)
    assert cli(*args, "--output", "out.npy").code == 0
    assert np.load("out.npy").tolist() == [0, ONE]


def test_unknown_states_are_refused_or_left_out(cli: Cli, odd: Path) -> None:
    chain = ("--matrix", save("m.json", CHAIN), *REFERENCE, "--json")
    refused = cli("converge", "odd.bin", *chain)
    assert (refused.code, refused.error()["state"]) == (3, 99)
    lenient = cli("converge", "odd.bin", *chain, "--lenient")
    assert lenient.code == 0
    assert json.loads(lenient.err)["message"] == "odd.bin: slots in an unknown state, left out: 1"


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("ring.bin",), 2, "nothing says which state follows which"),
        (("ring.bin", "--step", "reach"), 2, "Known: distribution, reachability"),
        (
            ("ring.bin", "--matrix", "m.json", "--transitions", "m.json"),
            2,
            "--matrix and --transitions are given",
        ),
        (("ring.bin", "--step", "reachability", "--lazy"), 2, "does not take --lazy"),
        (("ring.bin", "--edges", "m.json"), 2, "does not take --edges"),
        (("ring.bin", "--operand", "x.npy"), 2, "does not take --operand"),
        (("ring.bin", "--matrix", "m.json", "--max-iterations", "-1"), 2, "--max-iterations"),
        (("-", "--matrix", "-"), 2, "standard input is named twice"),
        (("absent", "--matrix", "m.json"), 1, "absent: cannot read"),
        (("ring.bin", "--matrix", "absent"), 1, "absent: cannot read"),
        (("ring.bin", "--matrix", "two.json"), 3, "the matrix has 2 nodes and the vector 8"),
        (("ring.bin", "--matrix", "list.json"), 3, "a transition matrix is square"),
        (("ring.bin", "--matrix", "names.json"), 3, "'Sleeping' is no task state"),
        (("ring.bin", "--matrix", "flat.json"), 3, "each state's row is an object"),
        (("ring.bin", "--transitions", "two.json"), 3, "no transition counts"),
        (("ring.bin", "--matrix", "bad.json"), 3, "bad.json, line 1, column 2: this is no JSON"),
        (("bad.json", "--matrix", "m.json"), 3, "this is no JSON"),
        (("schema.json", "--matrix", "m.json"), 3, "the schema is 'vyrectl.inspect/1'"),
        (("number.json", "--matrix", "m.json"), 3, "neither a list nor an object"),
        (("zeros.json", "--matrix", "two.json"), 3, "zeros.json: every weight is 0"),
        (("negative.json", "--matrix", "two.json"), 3, "negative.json holds -1 at [1]"),
        (("list.json", "--step", "reachability", "--edges", "edges.json"), 3, "edge 0 leads from 0 to 9"),
        (("list.json", "--step", "reachability", "--edges", "list.json"), 3, "edges are pairs"),
        (("square.npy", "--matrix", "two.json"), 3, "the array is 2 x 2, and a vector has 1 axes"),
        (("empty.bin", "--matrix", "m.json"), 3, "empty.bin: every weight is 0"),
    ],
)
def test_bad_calls_have_their_exit_code(
    cli: Cli, ring: Path, args: tuple[str, ...], code: int, says: str
) -> None:
    save("m.json", CHAIN)
    save("two.json", [[1, 0], [0, 1]])
    save("list.json", [1, 2])
    save("names.json", {"Ready": {"Sleeping": 1}})
    save("flat.json", {"Ready": 3})
    save("schema.json", {"schema": "vyrectl.inspect/1"})
    save("number.json", 7)
    save("zeros.json", [0, 0])
    save("negative.json", [1, -1])
    save("edges.json", [[0, 9]])
    Path("bad.json").write_text("[x")
    Path("empty.bin").touch()
    np.save("square.npy", np.ones((2, 2)))
    found = cli("converge", *args, *REFERENCE)
    assert (found.code, found.out) == (code, "")
    assert says in found.err


def test_a_step_of_ones_own_on_the_device(ring: Path) -> None:
    Path("own.cl").write_text(OWN)
    np.save("start.npy", np.array([5, 90, 200], np.uint32))
    np.save("add.npy", np.array([30, 60, 1], np.uint32))
    args = ("converge", "start.npy", "--steps", "own.cl", "--operand", "add.npy", "--json")
    record = json.loads(spawn(*args).stdout)
    assert (record["result"], record["iterations"], record["converged"]) == ([125, 150, 200], 5, True)
    assert record["changes"][1] == {"word": 1, "start": 90, "end": 150}
    table = spawn(*args[:-1]).stdout.decode()
    assert "step own, 2 of 3 words changed, at rest after 5 iterations" in table
    short = spawn("converge", "ring.bin", "--steps", "own.cl", "--operand", "add.npy", "--json")
    assert short.returncode == 3
    assert json.loads(short.stderr)["error"] == "step_fault"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('VYRE_STEP(a, "x") { return nothing; }', 3, "a.cl:1"),
        ('VYRE_STEP(a, "x") { return *(__global const uint *)(ulong)(8ul + index); }', 5, "died of SIG"),
        ("uint f(void);", 3, "no transfer step is declared here"),
        ('VYRE_STEP(a, "x") {} VYRE_STEP(b, "x") {}', 2, "several steps are declared here: a, b"),
    ],
)
def test_bad_steps(text: str, code: int, says: str) -> None:
    Path("a.cl").write_text(text)
    found = spawn("converge", save("start.json", [1, 2]), "--steps", "a.cl")
    assert (found.returncode, found.stdout) == (code, b"")
    assert says in found.stderr.decode()


COUNT = 'VYRE_STEP(count, "counts up for ever") { return vyre_current(step, index) + 1u; }'


def test_a_timeout_saves_what_there_is(ring: Path) -> None:
    Path("count.cl").write_text(COUNT)
    save("start.json", [0, 0])
    args = ("converge", "start.json", "--steps", "count.cl", "--max-iterations", "0xFFFFFFFF")
    found = spawn(*args, "--timeout", "2", "--json")
    record = json.loads(found.stdout)
    assert (found.returncode, record["ended"], record["converged"]) == (124, "timeout", False)
    assert record["result"] == [record["iterations"]] * 2
    assert json.loads(found.stderr)["message"].startswith("not converged after ")


def test_a_process_that_may_not_fork_runs_it_itself(cli: Cli) -> None:
    Path("count.cl").write_text(COUNT)
    args = ("converge", save("start.json", [0, 7]), "--steps", "count.cl", "--max-iterations")
    other = threading.Event()
    thread = threading.Thread(target=other.wait)
    thread.start()
    try:
        bounded = cli(*args, "3", "--json").json()
        timed = cli(*args, "0xFFFFFFFF", "--timeout", "0.3", "--json")
    finally:
        other.set()
        thread.join()
    assert (bounded["result"], bounded["ended"]) == ([3, 10], "max_iterations")
    assert (timed.code, timed.json()["ended"]) == (124, "timeout")


@only_where(Path("/proc/self/task").exists(), "children of a process are looked up in /proc")
def test_an_interrupt_ends_it_quietly(ring: Path) -> None:
    Path("count.cl").write_text(COUNT)
    save("start.json", [0, 0])
    args = ("converge", "start.json", "--steps", "count.cl", "--max-iterations", "0xFFFFFFFF", "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "vyrectl", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text():
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["ended"] == "interrupted"

"""A mistyped word names its nearest neighbour, wherever a word is one of a list."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue

MISTYPED = [
    ("inspct ring.bin", "inspect"),
    ("--versoin", "--version"),
    ("inspect ring.bin --wher x", "--where"),
    ("launch ring.bin --tickt 3", "--ticket"),
    ("apply ring.bin --queue-lenn 3", "--queue-len"),
    ("inspect ring.bin --sort agee", "age"),
    ("inspect ring.bin --columns stat,age", "state"),
    ("inspect ring.bin --group tenent", "tenant"),
    ("snapshot ring.bin --by priorty", "priority"),
    ("map ring.bin --by stat", "state"),
    ("set ring.bin priorty=high 1", "priority"),
    ("set ring.bin priority=hih 1", "high"),
    ("set ring.bin flags=pausd 1", "paused"),
    ("set ring.bin op=scal 1", "scale"),
    ("encode stat=ready", "state"),
    ("encode --state redy", "ready"),
    ("encode --op scal", "scale"),
    ("encode --packed stor_u32:1,2", "store_u32"),
    ("publish ring.bin scal", "scale"),
    ("replay run.vrrl --op scal", "scale"),
    ("inspect ring.bin --where 'stat == paused'", "state"),
    ("inspect ring.bin --where 'state == pausd'", "paused"),
    ("inspect ring.bin --where 'op == scal'", "scale"),
    ("inspect ring.bin --where 'state == paused nd age > 1'", "and"),
    ("inspect ring.bin --where 'state == paused adn age > 1'", "and"),
    ("inspect ring.bin --where 'state == paused orr age > 1'", "or"),
    ("inspect ring.bin --where 'nto state == paused'", "not"),
    ("transition ring.bin paus --all", "pause"),
    ("transition ring.bin fault --code bad_handl 1", "bad_handle"),
    ("repair ring.bin --code bad_handl", "bad_handle"),
    ("recover ring.bin --as redy", "ready"),
    ("help lauch", "launch"),
    ("help dumpz", "dumps"),
    ("check --explain stale-telemetr", "stale-telemetry"),
    ("check ring.bin --ignore stale-telemetr", "stale-telemetry"),
    ("check ring.bin --abi tsk", "task"),
    ("schema snapshto", "snapshot"),
    ("completion bsh", "bash"),
    ("plan ring.bin --sweep queue_le=0..5", "queue_len"),
    ("plan ring.bin --previous Sparse", "SparseFrontier"),
    ("plan request.json", "queue_len"),
    ("converge ring.bin --step reachabilty", "reachability"),
    ("control control.bin epoc=3", "epoch"),
    ("control control.bin metrics.memcp=3", "memcpy"),
    ("io io.bin --op reed", "read"),
    ("io io.bin --status publishd", "published"),
    ("plot ring.jsonl --show schedulabl", "schedulable"),
    ("launch ring.bin --mode jti --device reference", "jit"),
    ("launch ring.bin --device referense", "reference"),
    ("snapshot ring.bin --format jsn", "json"),
    ("snapshot ring.bin --color alwys", "always"),
    ("doctor --system debain", "debian"),
    ("bench hst", "host"),
    ("bench --only task", "tasks"),
    ("build new.bin tasks.csv", "priority"),
    ("build new.bin tasks.jsonl", "scale"),
    ("build new.bin --synthetic 10 --mix mix.json", "state"),
]


@pytest.mark.parametrize(("line", "neighbour"), MISTYPED, ids=[line for line, _ in MISTYPED])
def test_a_mistyped_word_names_its_neighbour(cli: Cli, ring: Path, line: str, neighbour: str) -> None:
    Path("request.json").write_text(json.dumps({"queue_lem": 3}))
    Path("mix.json").write_text(json.dumps({"stat": {"ready": 1}}))
    Path("tasks.csv").write_text("op,priorty\nnop,1\n")
    Path("tasks.jsonl").write_text('{"op": "scal"}\n')
    Path("io.bin").write_bytes(encode_io_queue((IoRecord(),)))
    cli("control", "control.bin", "--new")
    before = ring.read_bytes()
    result = cli(*shlex.split(line))
    assert result.code in {2, 3}, result.out
    assert f"Did you mean '{neighbour}'?" in result.err
    assert result.out == ""
    assert ring.read_bytes() == before

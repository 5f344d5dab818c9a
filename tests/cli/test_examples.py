"""The examples in every command's help: at least two each, and they run as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.completion.model import read_program
from vyrectl.cli.main import load_command, main
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue

LEAST = 2
"""Examples of each command."""

NOT_RUN = {
    r"--watch 1( --append ring.jsonl| --alert .*)?$": "looks until Ctrl-C",
    r"^vyrectl top": "needs a terminal; test_top.py has one",
    r"^vyrectl bench": "measures for longer than a test may take; test_bench.py runs short ones",
    r"^vyrectl doctor": "asks every driver; test_doctor.py runs it",
    r"ring\.bin\.live": "needs a running launch; test_live_control.py has one",
    r"^vyrectl worker .*gpu:\*": "needs a GPU; tests/spread names devices that are there",
    r"^vyrectl workers": "needs a launch; test_workers.py has one",
    r"--steps ": "needs a device with a compiler; test_converge.py runs such steps on it",
    r"\| source$": "fish's own syntax; tests/completion runs it there",
}
"""What an example matches that is only parsed -> why."""

EXIT_CODES = {r"^vyrectl diff": 1, r"^vyrectl why ring": 1}
"""What an example matches -> its exit code, where that is not 0."""

OPS = """\
#include "vyre_op.h"
VYRE_OP(0x1100, ready_made, "does nothing") { return vyre_done(); }
"""


def _examples() -> Iterator[tuple[str, str]]:
    for command in read_program().commands:
        for line in command.help.partition("\b\nExamples:\n")[2].splitlines():
            yield command.name, line.strip()


EXAMPLES = list(_examples())


@cache
def _arguments(line: str) -> list[list[str]]:
    """The arguments of every `vyrectl` in a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>();")
    lexer.whitespace_split = True
    found: list[list[str]] = []
    inside = False
    for word in lexer:
        inside = (inside or word == "vyrectl") and not set(word) <= set("|<>();")
        if word == "vyrectl":
            found.append([])
        elif inside:
            found[-1].append(word)
    return found


def _of(table: dict[str, str] | dict[str, int], line: str) -> str | int | None:
    return next((value for pattern, value in table.items() if re.search(pattern, line)), None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that an example names."""
    folder = tmp_path_factory.mktemp("examples")
    before = os.environ.copy(), Path.cwd()
    os.chdir(folder)
    os.environ["VYRECTL_DEVICE"] = "reference"
    try:
        _fill(folder)
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        os.chdir(before[1])
    return folder


def _fill(folder: Path) -> None:
    mix = {"state": {"ready": 6, "paused": 1, "faulted": 1, "empty": 2}, "op": {"nop": 1}, "tenants": 5}
    Path("mix.json").write_text(json.dumps(mix))
    _run("build ring.bin --synthetic 64 --seed 1 --mix mix.json")
    _run("set ring.bin state=empty 4")
    for name in ("a.bin", "b.bin", "before.bin"):
        shutil.copy("ring.bin", name)
    Path("dump.bin").write_bytes(bytes(4096) + Path("ring.bin").read_bytes() * 16)
    _run("launch before.bin --output after.bin --record run.vrrl --debug-log debug.bin")
    _report("launch a.bin --output done.bin --json", "report.json")
    _report("snapshot before.bin --json", "before.json")
    for name in ("queue.jsonl", "ring.jsonl"):
        _run(f"snapshot ring.bin --watch 0.01 --ticks 3 --append {name}")
    _run("control control.bin --new --tenants 5")
    for name in ("queue.bin", "io.bin"):
        Path(name).write_bytes(encode_io_queue((IoRecord(1, 3, 5, 0, 64, 1, 7), IoRecord())))
    parts = ("control.bin", "ring.bin", "debug.bin", "io.bin")
    Path("all.bin").write_bytes(b"".join(Path(name).read_bytes() for name in parts))
    Path("run").mkdir()
    shutil.copy("ring.bin", "run/ring.bin")
    Path("tasks.csv").write_text("op,tenant,priority\nnop,1,high\nnop,2,low\n")
    Path("tasks.jsonl").write_text('{"op": "nop"}\n{"op": "nop"}\n')
    Path("items.csv").write_text("op,input,output,param\nnop,0,0,1\n")
    Path("formats.json").write_text('{"1": "value {0}"}')
    for name in ("mine.cl", "my_ops.cl"):
        Path(name).write_text(OPS)
    np.save("x.npy", np.ones(64, np.float32))
    Path("edges.json").write_text("[[0, 1], [1, 2]]")
    Path("start.json").write_text("[1, 0, 0]")
    for number, name in enumerate(("ours.toml", "theirs.toml"), start=1):
        Path(name).write_text(f"priority_age_threshold = {number}\n")


def _run(line: str) -> None:
    assert main(shlex.split(line)) == 0, line


def _report(line: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vyrectl", *shlex.split(line)], capture_output=True, check=True
    )
    Path(name).write_bytes(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples(name: str) -> None:
    assert sum(1 for command, _ in EXAMPLES if command == name) >= LEAST


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_is_understood(name: str, line: str) -> None:
    parts = _arguments(line)
    assert name in {part[0] for part in parts} | {"plot", "replay", "debug"}
    for first, *rest in parts:
        with load_command(first).make_context(first, rest):
            pass


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "line", [pytest.param(line, id=line) for _, line in EXAMPLES if _of(NOT_RUN, line) is None]
)
def test_an_example_runs(
    line: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    folder = tmp_path / "work"
    shutil.copytree(files, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VYRECTL_DEVICE", "reference")
    if re.match(r"vyrectl build (?!.*--force)|vyrectl control .*--new", line):
        (folder / line.split()[2]).unlink()
    if line.startswith("vyrectl transition"):
        _run("set ring.bin state=ready --all")
    if "vyrectl plan" in line:  # asks a device for its limits, and the reference has none
        monkeypatch.delenv("VYRECTL_DEVICE")
    wanted = _of(EXIT_CODES, line) or 0
    if re.search(r"[|<>]", line):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
            timeout=100,
        )
        assert done.returncode == wanted, done.stdout + done.stderr
    else:
        result = cli(*shlex.split(line)[1:])
        assert result.code == wanted, result.out + result.err


def test_what_is_not_run_is_still_there() -> None:
    """A reason that matches no example any more is a mistake."""
    assert [pattern for pattern in NOT_RUN if not any(re.search(pattern, line) for _, line in EXAMPLES)] == []

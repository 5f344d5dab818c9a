"""`ops`: what ships, and what a file of one's own declares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.conformance.backends import needs_cpu
from vyrectl.engine.ops import shipped_ops


def test_what_ships(cli: Cli) -> None:
    record = cli("ops", "--json").json()
    assert record["schema"] == "vyrectl.ops/1"
    assert [op["op_handle"] for op in record["ops"]] == [op.id for op in shipped_ops()]
    saxpy = next(op for op in record["ops"] if op["name"] == "saxpy")
    assert (saxpy["op_handle"], saxpy["source"], saxpy["shipped"]) == (0x1003, "arrays.cl", True)
    assert saxpy["doc"].startswith("output[j] = a * input[j] + output[j]")
    assert saxpy["line"] > 1


def test_the_table_names_each(cli: Cli) -> None:
    table = cli("ops").out
    for op in shipped_ops():
        assert f"0x{op.id:x}" in table
        assert op.name in table
        assert op.doc in table


def test_a_file_of_one_s_own(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text('\nVYRE_OP(0x20000, mine, "says [red]\\x1b[31m") {}\n')
    ops = cli("ops", "mine.cl", "--json").json()["ops"]
    assert [(op["op_handle"], op["name"], op["line"], op["shipped"]) for op in ops] == [
        (0x2_0000, "mine", 2, False)
    ]
    assert "[red]" in cli("ops", "mine.cl").out


def test_files_that_are_refused(cli: Cli, tmp_path: Path) -> None:
    assert cli("ops", "missing.cl").code == 1
    (tmp_path / "kept.cl").write_text('VYRE_OP(0x1000, mine, "x") {}')
    result = cli("ops", "kept.cl", "--json")
    assert (result.code, result.error()["where"]) == (3, "kept.cl, line 1")
    (tmp_path / "empty.cl").write_text("int x;")
    assert cli("ops", "empty.cl").code == 3


def test_it_needs_neither_numpy_nor_opencl() -> None:
    code = (
        "import sys; from vyrectl.cli.main import main; assert main(['ops', '--json']) == 0;"
        "sys.exit(bool({'numpy', 'pyopencl', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, timeout=60).returncode == 0
    assert spawn("ops", "--format", "jsonl").stdout.count(b"\n") == len(shipped_ops())


SOUND = 'VYRE_OP(0x20000, mine, "does nothing") { return vyre_done(); }\n'
UNSOUND = 'VYRE_OP(0x20000, mine, "waits") {\n    barrier(0);\n    return vyre_done();\n}\n'


def test_a_check_that_finds_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text(SOUND)
    result = cli("ops", "--check", "mine.cl", "--device", "reference")
    assert (result.code, result.err) == (0, "")
    assert result.out == "mine.cl: 1 operation, not compiled, nothing found\n"
    record = cli("ops", "--check", "mine.cl", "-d", "reference", "--json").json()
    assert record["schema"] == "vyrectl.ops-check/1"
    assert (record["findings"], record["error_count"], record["device"]) == ([], 0, None)
    assert record["ops"][0]["name"] == "mine"


def test_a_check_that_finds_something(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VYRECTL_DEVICE", "reference")
    (tmp_path / "mine.cl").write_text(UNSOUND)
    result = cli("ops", "--check", "mine.cl", "--json")
    assert result.code == 3
    (finding,) = result.json()["findings"]
    assert (finding["rule"], finding["path"], finding["line"], finding["column"]) == (
        "barrier",
        "mine.cl",
        2,
        5,
    )
    lines = cli("ops", "--check", "mine.cl", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["rule"] for line in lines] == ["barrier"]


def test_a_check_needs_a_file(cli: Cli) -> None:
    result = cli("ops", "--check", "--json")
    assert (result.code, result.error()["fix"]) == (2, "vyrectl ops --check my_ops.cl")


@needs_cpu()
def test_a_mistake_is_one_error_and_no_noise(tmp_path: Path) -> None:
    """The compiler's own words about it would stand before the JSON."""
    (tmp_path / "bad.cl").write_text(SOUND.replace("return", "retrun"))
    (tmp_path / "tasks.jsonl").write_text('{"op_handle": "0x20000"}\n')
    assert spawn("build", "ring.bin", "tasks.jsonl").returncode == 0
    done = spawn("launch", "ring.bin", "--ops", "bad.cl", "--device", "cpu", "--json")
    *before, error = map(json.loads, done.stderr.splitlines())
    assert all(line["schema"] == "vyrectl.progress/1" for line in before)
    assert (done.returncode, error["where"], error["messages"][0]["line"]) == (3, "bad.cl, line 1", 1)
    assert "retrun vyre_done" in error["log"]


@needs_cpu()
def test_an_operation_without_a_return_is_not_launched(tmp_path: Path) -> None:
    (tmp_path / "bad.cl").write_text(
        SOUND.replace("return vyre_done();", "if (task->pc) return vyre_done();")
    )
    (tmp_path / "tasks.jsonl").write_text('{"op_handle": "0x20000"}\n')
    assert spawn("build", "ring.bin", "tasks.jsonl").returncode == 0
    before = (tmp_path / "ring.bin").read_bytes()
    done = spawn("launch", "ring.bin", "--ops", "bad.cl", "--device", "cpu", "--json")
    error = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, error["where"]) == (3, "bad.cl, line 1")
    assert "may reach its end without a return" in error["message"]
    assert (tmp_path / "ring.bin").read_bytes() == before

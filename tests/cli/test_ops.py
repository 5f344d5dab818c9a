"""`ops`: what ships, and what a file of one's own declares."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Cli
from tests.cli.support import spawn
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

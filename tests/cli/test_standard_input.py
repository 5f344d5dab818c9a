"""`-` is standard input wherever a command reads a file, once; what needs a file says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring

READY = [slot(state=1, priority=2, task_id=i + 1) for i in range(5)]
REFERENCE = "--device reference --quiet"

READS = [
    ("l.vrrl", "replay -"),
    ("l.vrrl", "replay - --ring r.bin --diff"),
    ("c.bin", "replay l.vrrl --ring r.bin --diff --control -"),
    ("r.bin", "report - --output -"),
    ("mix.json", "build new.bin --synthetic 5 --mix -"),
    ("ops.cl", "ops -"),
    ("ops.cl", "inspect r.bin --ops -"),
    ("ops.cl", "check r.bin --ops -"),
    ("names.csv", "inspect r.bin --op-names -"),
    ("c.bin", "snapshot r.bin --control -"),
    ("c.bin", "inspect r.bin --control -"),
    ("c.bin", "check r.bin --control -"),
    ("d.bin", "check r.bin --debug-log -"),
    ("d.bin", "debug -"),
    ("c.bin", "control -"),
    ("h.jsonl", "plot -"),
    ("h.jsonl", "snapshot r.bin --since -"),
    ("request.json", "plan r.bin --request -"),
    ("c.bin", f"launch r.bin --control - --output new.bin {REFERENCE}"),
    ("x.npy", f"launch r.bin --buffer 0=- --output new.bin {REFERENCE}"),
]
"""A file, and a command that reads it from standard input."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Path:
    """The current folder, with a file of each kind."""
    import numpy as np

    monkeypatch.chdir(tmp_path)
    write_ring(tmp_path / "r.bin", *READY)
    assert cli("control", "--new", "c.bin").code == 0
    assert cli("snapshot", "r.bin", "--append", "h.jsonl").code == 0
    line = f"launch r.bin --output after.bin --record l.vrrl --debug-log d.bin {REFERENCE}"
    assert cli(*line.split()).code == 0
    (tmp_path / "mix.json").write_text('{"op": {"nop": 1}}')
    (tmp_path / "names.csv").write_text("id,name\n0x20051,mine\n")
    (tmp_path / "request.json").write_text('{"queue_len": 4}')
    (tmp_path / "ops.cl").write_text('VYRE_OP(0x20050, two, "ends") { return vyre_done(); }\n')
    np.save(tmp_path / "x.npy", np.zeros(4, np.uint32))
    return tmp_path


def test_every_file_may_come_from_standard_input(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A command has loaded no driver when it launches, and forks; this process may have, after other tests.
    monkeypatch.delitem(sys.modules, "pyopencl", raising=False)
    monkeypatch.setattr("vyrectl.opencl.used._users", [])
    for name, line in READS:
        (folder / "new.bin").unlink(missing_ok=True)
        result = cli(*line.split(), stdin=(folder / name).read_bytes())
        assert result.code == 0, (line, result.err)
        assert not (folder / "-").exists()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("c.bin", "check - --control -"),
        ("ops.cl", "inspect r.bin --ops - --control -"),
        ("r.bin", "diff - -"),
        ("r.bin", "snapshot - --control -"),
    ],
)
def test_it_is_read_once(cli: Cli, folder: Path, name: str, line: str) -> None:
    result = cli(*line.split(), stdin=(folder / name).read_bytes())
    assert result.code == 2
    assert "standard input is named twice" in result.err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("launch -", "standard input cannot be launched"),
        ("recover -", "standard input cannot be recovered"),
        ("encode - --slot 1 --op nop", "standard input cannot be edited"),
        ("snapshot r.bin --control - --watch 1", "standard input cannot be watched"),
        (f"launch r.bin --record - --output new.bin {REFERENCE}", "standard output is no file"),
    ],
)
def test_what_needs_a_file_says_so(cli: Cli, folder: Path, line: str, why: str) -> None:
    result = cli(*line.split(), stdin=b"")
    assert result.code == 2
    assert why in result.err
    assert not (folder / "new.bin").exists()
    assert not (folder / "-").exists()

"""The launch command in a process that must not fork: one that has an OpenCL driver loaded, or threads."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from vyrectl.abi.control import EPOCH
from vyrectl.cli.main import main
from vyrectl.hosting.elsewhere import may_fork
from vyrectl.ring.file import Ring
from vyrectl.ring.synthetic import synthesize


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.bin"
    Ring.from_slots(synthesize(500, 3)).save(path)
    return path


def test_the_command_works_beside_a_loaded_driver(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vyrectl.opencl.devices import list_devices

    assert list_devices()
    assert not may_fork()
    assert main(["launch", str(ring), "--quiet", "--json"]) == 0
    assert '"ended": "drained"' in capsys.readouterr().out
    with Ring.open(ring) as after:
        assert after.snapshot().schedulable_count == 0


def test_a_process_of_the_packages_own_does_not_fork_beside_a_driver_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vyrectl.opencl.devices import list_devices

    assert list_devices()
    monkeypatch.setattr("vyrectl.files.python._own", [os.getpid()])
    assert not may_fork()
    monkeypatch.setattr("vyrectl.opencl.used._users", [])
    assert may_fork()


def test_errors_and_exit_codes_come_back(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert not may_fork()
        assert main(["launch", str(ring), "--device", "nosuchdevice"]) == 2
        assert (
            main(["launch", str(ring), "--device", "reference", "--max-steps", "3", "--quiet", "--json"])
            == 124
        )
    finally:
        done.set()
        thread.join()
    assert "unknown device 'nosuchdevice'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [True, False])
def test_an_interpreter_that_begins_with_threads(ring: Path, tmp_path: Path, command: bool) -> None:
    """As tracers and profilers bring them: the launch is not passed on for ever, and the command follows."""
    (tmp_path / "sitecustomize.py").write_text(
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "import sys; sys.modules['pyopencl'] = None\n"
    )
    arguments = ["launch", str(ring), "--device", "reference", "--quiet", "--json"]
    code = (
        f"import sys; sys.argv[1:] = {[*arguments, '--feed', '-']}\n"
        "from vyrectl.cli.start import start; start()"
        if command
        else f"import sys; from vyrectl.cli.main import main; sys.exit(main({arguments}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "drained" in done.stdout


@pytest.mark.parametrize("option", ["--control", "--buffer"])
def test_standard_input_is_read_for_it(ring: Path, tmp_path: Path, option: str) -> None:
    """A launch that another interpreter makes reads `-` as this process would."""
    words = np.zeros(160, "<u4")
    words[EPOCH.first] = 77
    array = io.BytesIO()
    np.save(array, np.arange(4, dtype="<u4"))
    arguments = ["launch", str(ring), "--device", "reference", "--quiet", "--json", option]
    arguments += ["0=-" if option == "--buffer" else "-"]
    code = (
        "import sys, threading; from vyrectl.cli.main import main\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        f"sys.exit(main({arguments}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=words.tobytes() if option == "--control" else array.getvalue(),
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    report = json.loads(done.stdout)
    assert (report["ended"], report["epoch"]) == ("drained", 77 if option == "--control" else 0)

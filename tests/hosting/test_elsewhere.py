"""The launch command in a process that must not fork: one that has an OpenCL driver loaded, or threads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

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

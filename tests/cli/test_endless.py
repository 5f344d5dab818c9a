"""Devices and texts without an end are refused by every reader, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.support.rings import write_ring


@pytest.mark.parametrize(
    "args",
    [
        ("decode", "DEVICE"),
        ("decode", "DEVICE", "--raw"),
        ("control", "DEVICE"),
        ("debug", "DEVICE"),
        ("plot", "DEVICE"),
        ("apply", "DEVICE"),
        ("plan", "DEVICE"),
        ("apply", "ring.bin", "--request", "DEVICE"),
        ("snapshot", "DEVICE"),
        ("snapshot", "ring.bin", "--since", "DEVICE"),
        ("snapshot", "ring.bin", "--control", "DEVICE"),
        ("build", "new.bin", "DEVICE"),
        ("publish", "ring.bin", "--from", "DEVICE"),
        ("converge", "DEVICE"),
        ("ops", "DEVICE"),
        ("ops", "--check", "DEVICE"),
        ("build", "new.bin", "--synthetic", "3", "--mix", "DEVICE"),
        ("launch", "ring.bin", "--device", "reference", "--control", "DEVICE"),
        ("launch", "ring.bin", "--device", "reference", "--ops", "DEVICE"),
        ("launch", "ring.bin", "--device", "reference", "--plan", "DEVICE"),
        ("launch", "ring.bin", "--device", "reference", "--debug-log", "d", "--formats", "DEVICE"),
    ],
)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_device_without_an_end(cli: Cli, tmp_path: Path, args: tuple[str, ...], device: str) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    result = cli(*(device if arg == "DEVICE" else arg for arg in args))
    assert (result.code, result.out) == (1, ""), result.err
    assert device in result.err
    assert "device" in result.err
    assert not (tmp_path / "new.bin").exists()

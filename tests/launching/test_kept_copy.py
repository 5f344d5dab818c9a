"""A ring file that vyrectl did not make, launched from Python: its bytes are still to be had afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conformance.backends import needs_cpu
from vyrectl import Ring, launch, open_session
from vyrectl.abi.dtype import SLOT_DTYPE

BYTES = bytes(np.array([(1,)], [("state", "<u4")])) + bytes(60)


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """One Ready task of operation 0, in a file that somebody else wrote."""
    path = tmp_path / "ring.bin"
    path.write_bytes(BYTES)
    return path


def kept(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if ".bak" in one.name)


def test_the_first_launch_of_a_path_keeps_the_old_file(strange: Path) -> None:
    launch(strange, device="reference")
    assert strange.read_bytes() != BYTES
    assert strange.with_name("ring.bin.bak").read_bytes() == BYTES
    launch(strange, device="reference")
    assert kept(strange) == ["ring.bin.bak"]


@pytest.mark.parametrize("device", ["reference", pytest.param(None, marks=needs_cpu())])
def test_the_first_session_keeps_the_old_file(strange: Path, device: str | None) -> None:
    for _ in range(2):
        with open_session(strange, device=device) as session:
            session.drain()
    assert strange.read_bytes() != BYTES
    assert strange.with_name("ring.bin.bak").read_bytes() == BYTES
    assert kept(strange) == ["ring.bin.bak"]


def test_a_ring_that_was_saved_here_is_no_strangers(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    Ring.from_slots(np.zeros(3, SLOT_DTYPE)).save(path)
    launch(path, device="reference")
    assert kept(path) == []


def test_saving_an_opened_ring_tells_that_it_was_changed_here(strange: Path) -> None:
    with Ring.open(strange, writable=True) as ring:
        assert ring.is_untouched
        ring.slots["priority"] = 3
        ring.save(backup=ring.is_untouched)
    with Ring.open(strange, writable=True) as ring:
        assert not ring.is_untouched
    assert strange.with_name("ring.bin.bak").read_bytes() == BYTES


def test_a_strangers_file_that_a_ring_replaces_is_kept(strange: Path, tmp_path: Path) -> None:
    mine = Ring.from_slots(np.zeros(3, SLOT_DTYPE))
    assert mine.save(strange) == f"{strange}.bak"
    assert strange.with_name("ring.bin.bak").read_bytes() == BYTES
    assert mine.save(strange) is None
    assert kept(strange) == ["ring.bin.bak"]

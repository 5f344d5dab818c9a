"""What a launch of a file does to its ring before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.errors import RingFormatError
from vyrectl.hosting.files import held_for
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.options import LaunchOptions


def test_the_holes_of_what_has_no_length_of_a_ring_are_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "ring.bin"
    with path.open("wb") as file:
        file.truncate((1 << 24) + 1)
    with (
        pytest.raises(RingFormatError, match="left over"),
        held_for(FileLaunch(ring=path, options=LaunchOptions()), lambda message: None),
    ):
        pass
    assert path.stat().st_blocks * 512 < 1 << 20

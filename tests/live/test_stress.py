"""Two processes edit and one reads while a launch runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.backends import needs_cpu
from tests.live.stress import stress


@needs_cpu()
@pytest.mark.timeout(180)
def test_a_ring_that_is_edited_and_read_while_it_runs(tmp_path: Path) -> None:
    watched = stress(tmp_path, tasks=3000, work=25_000, seed=1)
    assert watched.reads > 3
    assert watched.edits > 3

"""Tasks that other processes publish into a running launch, while others edit them: each runs once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.backends import needs_cpu
from tests.live.producing import produce

pytestmark = [needs_cpu(), pytest.mark.timeout(180)]


@pytest.mark.parametrize("shape", [(), ("--workers", "8", "--work-group-size", "6")])
def test_producers_and_editors_beside_a_launch(tmp_path: Path, shape: tuple[str, ...]) -> None:
    did = produce(tmp_path, seed=2, each=1500, slots=300, options=shape)
    assert did.tasks == 3000
    assert did.edits
    assert did.reads

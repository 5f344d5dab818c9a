"""What `--dry-run` shows: the first round's index, with nothing changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import reference
from tests.conformance.cases import Case
from tests.conformance.worlds import world
from tests.support.rings import ready_tasks
from vyrectl.errors import WhereError
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.preview import preview


def test_classes_resumed_and_left_alone() -> None:
    slots = ready_tasks(8, priority=[0, 1, 2, 3, 4, 9, 2, 2], resume_epoch=[0, 0, 0, 0, 0, 0, 2, 3])
    slots["state"][6:] = 4
    before = slots.copy()
    index, left = preview(slots, LaunchOptions(epoch=2, age_threshold=32))
    assert (index.classes, index.resumed, index.claimable) == ((1, 1, 2, 1, 2), 1, 7)
    assert left.paused == 1
    assert (slots == before).all()


def test_a_condition_and_the_names_of_one_s_own_operations(tmp_path: Path) -> None:
    (tmp_path / "mine.cl").write_text('VYRE_OP(0x20000, mine, "x") { return vyre_done(); }')
    slots = ready_tasks(3, op_handle=[0, 0x2_0000, 0x2_0000])
    ops = [tmp_path / "mine.cl"]
    index, left = preview(slots, LaunchOptions(age_threshold=32, where="op == mine", ops=ops))
    assert (index.claimable, left.not_selected) == (2, 1)
    with pytest.raises(WhereError, match="unknown name 'mine'"):
        preview(slots, LaunchOptions(age_threshold=32, where="op == mine"))


@pytest.mark.parametrize("seed", range(20))
def test_it_says_what_a_launch_then_finds(seed: int) -> None:
    case = world(30, seed)
    options = {**case.options}
    asked: dict[str, Any] = {name: options.get(name) for name in ("epoch", "where", "age_threshold")}
    index, _ = preview(case.slots, LaunchOptions(**asked))
    report = reference().run(Case(case.slots, case.buffers, options=options | {"max_steps": 0})).report
    assert (index.claimable, index.resumed) == (report["indexed"], report["resumed"])
    assert np.sum(index.classes) == index.claimable

"""`bench live`: a small run of everything on each CPU, the words of its stress, and its table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conformance.backends import devices
from vyrectl import SLOT_DTYPE
from vyrectl.bench.feeding import Answers
from vyrectl.bench.live import LiveBench, run_live
from vyrectl.bench.torn import line_of, mixed, torn_slots
from vyrectl.cli.commands.bench.view_live import view
from vyrectl.cli.output import Output
from vyrectl.engine.ops import op_codes
from vyrectl.errors import VerifyError
from vyrectl.live.lines import Block
from vyrectl.live.reader import FeedReader

CPUS = {
    name: device
    for name, device in devices().items()
    if device.is_cpu and "portable" in device.platform.lower()
}


@pytest.fixture(scope="module", params=list(CPUS))
def bench(request: pytest.FixtureRequest) -> LiveBench:
    device = CPUS[request.param]
    return run_live(device.name, is_cpu=True, name=device.name, seconds=0.5, tasks=3000)


def test_everything_is_measured_and_nothing_is_torn(bench: LiveBench) -> None:
    figures = {figure.name: figure for figure in bench.figures}
    assert len(figures) == 11
    assert not bench.skipped
    assert figures["torn slots accepted"].value == 0
    assert figures["torn slots accepted"].met
    assert figures["slots read beside the workers"].value > 0
    assert 0 < figures["sent again after the feeder's death"].value <= 3000
    assert figures["publish to done, workers polling"].value < 1.0
    json.dumps([bench.to_record(), bench.rows()])


def test_its_table_names_every_figure(bench: LiveBench, capsys: pytest.CaptureFixture[str]) -> None:
    Output(color="never").emit("bench-live", {**bench.to_record(), "figures": bench.rows()}, view)
    text = capsys.readouterr().out
    assert all(figure.name in text for figure in bench.figures)
    assert ">= 40 000 tasks/s" in text


def stress_slots(*ids: int) -> Any:
    lines = [line_of(one).strip() for one in ids]
    (tasks,) = FeedReader(op_codes(), "stress").read(Block(1, lines), whole=True)
    return tasks


def test_a_slot_with_words_of_two_tasks_is_torn() -> None:
    slots = stress_slots(*range(1, 50))
    assert torn_slots(slots) == 0
    for name in ("input_handle", "output_handle", "tenant_id", "parent_task_id", "task_id"):
        spoilt = slots.copy()
        spoilt[name][7] = spoilt[name][8]
        assert torn_slots(spoilt) == 1
        spoilt["state"][7] = 0
        assert torn_slots(spoilt) == 0
    assert slots.dtype == SLOT_DTYPE
    assert len(set(mixed(np.arange(1000, dtype=np.uint32)).tolist())) == 1000


class Pipe:
    def __init__(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self._file = path.open("rb")

    def fileno(self) -> int:
        return self._file.fileno()


@pytest.mark.parametrize(
    ("extra", "fine"),
    [
        (b"", True),
        (b'{"accepted": 2, "slot": 1}\n', False),
        (b'{"done": 2, "state": "Done", "slot": 1}\n', False),
        (b'{"duplicate": 2, "slot": 1, "state": "Done"}\n', True),
    ],
)
def test_answers_are_counted(tmp_path: Path, extra: bytes, fine: bool) -> None:
    text = b"".join(
        b'{"accepted": %d, "slot": 1}\n{"done": %d, "state": "Done", "slot": 1}\n' % (i, i) for i in (1, 2)
    )
    pipe = Pipe(tmp_path / "answers", text + extra)
    answers = Answers(pipe)  # type: ignore[arg-type]
    answers.until_done(2)
    while answers.read():
        pass
    if fine:
        answers.check(2)
    else:
        with pytest.raises(VerifyError):
            answers.check(2)
    pipe._file.close()

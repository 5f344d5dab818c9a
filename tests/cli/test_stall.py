"""`launch --stall-after`: when a launch stands still, what is said then, the command that runs, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.sidecar.watched import watched_sidecar, write_seats
from tests.support.rings import slot, write_ring
from vyrectl.abi import watch
from vyrectl.cli.commands.launch.stall import StallNotice, StallOptions
from vyrectl.cli.output import Output
from vyrectl.errors import StalledError
from vyrectl.hosting.glance import Glance
from vyrectl.hosting.memory import Memory
from vyrectl.hosting.stall import StallWatch, Stillness, has_work, signature_of
from vyrectl.sidecar.workers import Seats, Worker, noted


def glance(running: int = 0, ready: int = 0, oldest: int = 0) -> Glance:
    return Glance((0, ready, running, 0, 0, 0, 0, 0), 0, (0, 0, ready, 0, 0), oldest, True)


def test_a_stall_is_told_once_and_anew_after_a_turn() -> None:
    watch = StallWatch(4.0)
    seen = [watch.note("a", moment, works=True) for moment in (0.0, 1.0, 2.0, 3.0, 4.5, 9.0)]
    assert seen == [
        Stillness(),
        Stillness(1.0),
        Stillness(2.0, half=True),
        Stillness(3.0),
        Stillness(4.5, stalled=True),
        Stillness(9.0),
    ]
    assert watch.note("b", 9.5, works=True) == Stillness()
    assert watch.note("b", 13.5, works=True) == Stillness(4.0, half=True, stalled=True)


def test_a_launch_with_nothing_to_do_never_stalls() -> None:
    watch = StallWatch(1.0)
    assert [watch.note("a", moment, works=False) for moment in (0.0, 5.0)] == [Stillness(), Stillness()]
    assert watch.note("a", 9.0, works=True) == Stillness()


@pytest.mark.parametrize(
    ("seen", "waiting", "left", "works"),
    [
        (glance(running=1), None, 0, True),
        (glance(running=1), 5, 1, False),
        (glance(ready=1), 0, 0, True),
        (glance(), 3, 0, False),
        (None, None, 0, True),
        (None, 2, 0, True),
        (None, 0, 0, False),
    ],
)
def test_what_is_to_be_done(seen: Glance | None, waiting: int | None, left: int, *, works: bool) -> None:
    assert has_work(seen, waiting, left) is works


def test_what_changes_when_a_turn_ends() -> None:
    assert signature_of(glance(1), (1,)) == signature_of(glance(1), (1,))
    assert signature_of(glance(1), (1,)) != signature_of(glance(1), (2,))
    assert signature_of(glance(1), (1,)) != signature_of(glance(1, oldest=3), (1,))
    assert signature_of(None, (1,)) == ((1,), None, 0)


class Fake:
    """A launch as its host sees it."""

    def __init__(self, where: str, data: bytes | None = None, *workers: Worker) -> None:
        self.began = True
        self.where = where
        self._data = data
        self._workers = workers
        self.hung: list[int | None] = []

    def workers(self) -> Sequence[Worker]:
        return self._workers

    def glance(self) -> Glance | None:
        return None if self.where == "device" else glance(running=1)

    def note_hung(self, workers: Sequence[Worker]) -> None:
        self.hung = [one.slot for one in workers]

    def left_running(self) -> int:
        return 0

    def whole(self) -> bytes | None:
        return self._data


HUNG = slot(state=2, op_handle=0x1005, priority=2, task_id=7)
TOLD = "stands still", "vyrectl.stall/1"
"""What a notice begins with, as text and as a record."""

Stall = Callable[..., str]


@pytest.fixture
def stall(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stall:
    """Lets a fake launch stand still, and gives what was said."""

    def run(insight: Fake, format_name: str = "table", **options: Any) -> str:
        write_ring(tmp_path / "ring.bin", slot(state=1, op_handle=0x1005, priority=2, task_id=7))
        notice = StallNotice(Output(format_name, "auto"), Path("ring.bin"), StallOptions(0.2, **options))
        deadline = time.monotonic() + 30
        said = ""
        try:
            while not any(told in said for told in TOLD) and time.monotonic() < deadline:
                if notice.is_due():
                    notice.look(insight)
                said += capsys.readouterr().err
                time.sleep(0.01)
        finally:
            notice.end()
        return said + capsys.readouterr().err

    return run


def test_a_task_that_only_ends_is_named_last(stall: Stall) -> None:
    """No-op tasks that a device holds up beside one that hangs, since it runs neighbours in step."""
    hands = [Worker(number, number, 0, 1, 0, 9.0) for number in range(4)] + [Worker(4, 4, 0x1005, 1, 0, 8.0)]
    said = stall(Fake("device", None, *hands), "json")
    assert [one["slot"] for one in json.loads(said)["workers"]] == [4]
    said = stall(Fake("device", None, *hands[:4]), "json")
    assert [one["slot"] for one in json.loads(said)["workers"]] == [0, 1, 2, 3]


def test_slots_in_memory_are_named(stall: Stall) -> None:
    said = stall(Fake("memory", HUNG)).splitlines()
    assert said[0].startswith("the launch stands still: no turn ended for ")
    assert said[1] == "ring.bin does not move: slot 0 (spin) is in one turn that does not end"
    assert "works on a copy" not in "".join(said)


@pytest.mark.parametrize("place", ["sidecar", "board"])
def test_which_turns_hang_is_left_for_whoever_looks_from_outside(ring: Path, place: str) -> None:
    """Those in which the launch stands still, whatever they last; none once it gets on."""
    hand = (4, 1, 0x1005, 9)
    write_ring(ring, HUNG)
    memory = Memory(ring, 64)
    memory.began, memory.where = True, "file" if place == "sidecar" else "device"
    with watched_sidecar(ring, [hand]) as sidecar:
        records = Seats.in_sidecar(sidecar)
        if place == "board":
            words = memoryview(memory.board).cast("I")
            words[watch.BOARD_STRIDE], words[watch.BOARD_SEATS] = watch.LANE_STRIDE, 1
            records = Seats.on_board(words)
            write_seats(records, [hand])
        memory.workers()
        time.sleep(0.05)
        memory._workers_due = 0.0
        seen = memory.workers()
        assert [one.hung for one in noted(records)] == [False]
        memory.note_hung(seen)
        assert [one.hung for one in noted(records)] == [True]
        memory.note_hung(())
        assert [one.hung for one in noted(records)] == [False]


def test_a_launch_that_gets_on_takes_back_that_turns_hang(
    ring: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launch = Fake("memory", HUNG, AT_WORK)
    notice = StallNotice(Output("table", "auto"), ring, StallOptions(0.2))
    moment = [100.0]
    monkeypatch.setattr("vyrectl.cli.commands.launch.stall.time.monotonic", lambda: moment[0])
    noted_slots = []
    for _ in range(4):
        notice.look(launch)
        noted_slots.append(list(launch.hung))
        moment[0] += 0.15
    assert noted_slots == [[], [], [0], [0]]
    notice.update({"round": 1, "claims": 5, "ended": 4})
    notice.look(launch)
    assert launch.hung == []
    assert capsys.readouterr().err.count("stands still") == 1


def test_slots_on_a_device_are_not_seen_and_that_is_said(stall: Stall) -> None:
    assert stall(Fake("device")).splitlines()[1:] == [
        "  the device keeps the slots to itself; its ring began with spin 1"
    ]


AT_WORK = Worker(3, 0, 0x1005, 9, 1, 0.4)


def test_the_turn_that_lasts_is_named_wherever_the_slots_are(stall: Stall) -> None:
    named = "  worker 3 has slot 0 (spin) in hand for at least 0.4 s"
    assert stall(Fake("device", None, AT_WORK)).splitlines()[1:] == [
        named,
        "  the device keeps the slots to itself; its ring began with spin 1",
    ]
    assert named in stall(Fake("memory", HUNG, AT_WORK)).splitlines()


def test_turns_that_begin_are_progress() -> None:
    before, after = Worker(0, 1, 0, 5, 0), Worker(0, 1, 0, 6, 0)
    assert signature_of(None, (1,), [before]) == signature_of(None, (1,), [before])
    assert signature_of(None, (1,), [before]) != signature_of(None, (1,), [after])


def test_a_compile_in_the_middle_is_progress(ring: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notice = StallNotice(Output(), ring, StallOptions(0.05))
    hear = notice.hearing(lambda message: None)
    for doing, stalls in (("compiling the kernels", False), (None, True)):
        hear({"doing": doing})
        for _ in range(3):
            notice.look(Fake("device", None, AT_WORK))
            time.sleep(0.04)
        assert ("stands still" in capsys.readouterr().err) is stalls


def test_json_is_one_record(stall: Stall) -> None:
    record = json.loads(stall(Fake("memory", HUNG, AT_WORK), "json").splitlines()[0])
    assert [(one["worker"], one["slot"], one["op_name"]) for one in record["workers"]] == [(3, 0, "spin")]
    assert (record["schema"], record["verdict"]) == ("vyrectl.stall/1", "held")
    assert record["stalled_seconds"] >= 0.2


def test_a_command_runs_and_its_failure_is_reported(stall: Stall, tmp_path: Path) -> None:
    script = 'echo "$RING" > hook.txt; echo "$STALL_JSON" > hook.json; exit 3'
    said = stall(Fake("memory", HUNG), command=script)
    assert "warning: --on-stall ended with 3" in said
    assert (tmp_path / "hook.txt").read_text() == "ring.bin\n"
    assert json.loads((tmp_path / "hook.json").read_text())["verdict"] == "held"


def test_a_command_that_stays_is_named(
    ring: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vyrectl.cli.commands.launch.stall.COMMAND_SECONDS", 0.05)
    notice = StallNotice(Output("table", "auto"), Path("ring.bin"), StallOptions(command="sleep 1"))
    notice._start({})
    notice.end()
    assert "--on-stall still runs as pid" in capsys.readouterr().err
    child = notice._child
    assert child is not None
    child.wait()


def test_it_may_end_the_launch(stall: Stall) -> None:
    with pytest.raises(StalledError, match="told to leave first"):
        stall(Fake("memory", HUNG), ends=True)
    assert StalledError.exit_code == 7


def test_a_ring_that_is_gone_is_said_to_be(stall: Stall, tmp_path: Path) -> None:
    class Gone(Fake):
        def whole(self) -> bytes | None:
            (tmp_path / "ring.bin").unlink(missing_ok=True)
            return None

    assert "the ring cannot be looked at" in stall(Gone("file"))


def test_a_launch_that_gets_done_says_nothing(cli: Cli, ring: Path) -> None:
    write_ring(ring, slot(state=1, task_id=1))
    result = cli(
        "launch", "ring.bin", "--device", "reference", "--stall-after", "5", "--stall-ends", "--quiet"
    )
    assert result.code == 0
    assert "stands still" not in result.err
    assert cli("launch", "ring.bin", "--device", "reference", "--stall-after", "0").code == 0

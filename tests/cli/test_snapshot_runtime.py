"""`snapshot --control`: the runtime's view, and its watchdog against an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.cli.commands.snapshot.watch import Clock
from vyrectl.protocol.control import encode_control, write_control_words

CONTROL = ("snapshot", "ring.bin", "--control", "c.bin")


@pytest.fixture
def control(tmp_path: Path, ring: Path) -> Path:
    """Two slots drained, claims of two tenants."""
    return write(tmp_path, {1: 2, 64: 5, 70: 9, 136: 4, 137: 10, 128: 6})


def write(folder: Path, words: dict[int, int]) -> Path:
    data = bytearray(encode_control(tenants=4))
    write_control_words(data, words)
    (folder / "c.bin").write_bytes(data)
    return folder / "c.bin"


def test_the_view(cli: Cli, control: Path) -> None:
    runtime = cli(*CONTROL, "--json").json()["runtime"]
    assert runtime["occupancy"] == {
        "empty": 1,
        "published": 3,
        "claimed": 1,
        "done": 1,
        "wait_io": 2,
        "yield_count": 1,
        "requeue": 1,
        "fault": 2,
        "unknown": 0,
    }
    assert (runtime["queue_depth"], runtime["total_slots"], runtime["gpu_idle_ppm"]) == (10, 12, 83333)
    assert (runtime["drained_slots"], runtime["tenant_fairness_total"], runtime["tenant_fairness_skew"]) == (
        2,
        14,
        4,
    )
    assert (runtime["priority_fairness_total"], runtime["epoch"], runtime["shutdown"]) == (14, 6, False)
    assert "watchdog" not in runtime


def test_unknown_states_are_counted_when_they_may_be(cli: Cli, control: Path, odd: Path) -> None:
    assert cli("snapshot", "odd.bin", "--control", "c.bin").code == 3
    runtime = cli("snapshot", "odd.bin", "--control", "c.bin", "--lenient", "--json").json()["runtime"]
    assert (runtime["occupancy"]["unknown"], runtime["queue_depth"]) == (1, 3)


@pytest.mark.parametrize(("drained", "stalls"), [(2, False), (5, False)])
def test_the_watchdog(cli: Cli, control: Path, drained: int, stalls: bool) -> None:
    """Faulted slots are a reason of their own, so that this ring is never called stalled."""
    (control.parent / "before.json").write_text(cli(*CONTROL, "--json").out)
    write(control.parent, {1: drained})
    watchdog = cli(*CONTROL, "--since", "before.json", "--json").json()["runtime"]["watchdog"]
    assert (watchdog["done_delta"], watchdog["suspected_stall"]) == (drained - 2, stalls)


def test_a_suspected_stall(cli: Cli, control: Path) -> None:
    assert cli("set", "ring.bin", "state=paused", "--where", "state == faulted").code == 0
    (control.parent / "before.json").write_text(cli(*CONTROL, "--json").out)
    result = cli(*CONTROL, "--since", "before.json")
    assert "suspected stall" in result.out


def test_a_count_that_went_back(cli: Cli, control: Path) -> None:
    (control.parent / "before.json").write_text(cli(*CONTROL, "--json").out)
    write(control.parent, {1: 1})
    result = cli(*CONTROL, "--since", "before.json")
    assert result.code == 3
    assert "went back from 2 to 1" in result.err


def test_a_watch_goes_on_over_a_restart(cli: Cli, control: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([2, 1, 4])

    def meanwhile(seconds: float) -> None:
        write(control.parent, {1: next(counts)})

    clock = Clock(sleep=meanwhile)
    monkeypatch.setattr("vyrectl.cli.commands.snapshot.watch.Clock", lambda: clock)
    lines = cli(*CONTROL, "--watch", "1", "--ticks", "4").lines()
    deltas = [line["runtime"].get("watchdog", {}).get("done_delta") for line in lines]
    assert deltas == [None, 0, None, 3]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("snapshot", "ring.bin", "ring.bin", "--control", "c.bin"), 2),
        ((*CONTROL, "--openmetrics"), 2),
        (("snapshot", "ring.bin", "--control", "-", "--watch", "1"), 2),
        (("snapshot", "ring.bin", "--control", "none.bin"), 1),
        (("snapshot", "ring.bin", "--control", "short.bin"), 3),
        ((*CONTROL, "--since", "odd.json"), 3),
    ],
)
def test_refusals(cli: Cli, control: Path, args: tuple[str, ...], code: int) -> None:
    (control.parent / "short.bin").write_bytes(bytes(636))
    text = cli(*CONTROL, "--json").out.replace('"drained_slots": 2', '"drained_slots": "x"')
    (control.parent / "odd.json").write_text(text)
    assert cli(*args).code == code

"""A bench of the host over a small ring: everything is there, targets are judged, the table reads well."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli, neutral
from vyrectl.bench import host
from vyrectl.bench.case import Case, Measure, Turn
from vyrectl.bench.host import FULL_SLOTS, TARGETS, HostReport, run_host
from vyrectl.bench.spread import Spread
from vyrectl.errors import DeviceError, VyrectlError

__all__ = ["cli", "neutral"]


def measured(name: str, size: int, seconds: float, share: float | None = None) -> Measure:
    section = "memory" if "sum" in name or "through" in name or "numpy" in name else "start"
    amount = size * 64 if section == "memory" else 1
    case = Case(
        name, section, size, "bytes", amount, lambda: Turn(seconds), beside=("x", 0) if share else None
    )
    beside = None if share is None else Spread(share, share, share)
    return Measure(case, Spread(seconds, seconds, seconds), None, None, beside, {})


def report() -> HostReport:
    found = HostReport(FULL_SLOTS, 9, 2, seconds=12.0, skipped=["something: no device"])
    found.measures = [
        measured(host.SUM, FULL_SLOTS, 0.03),
        measured(host.BY_NUMPY, FULL_SLOTS, 0.06, 0.5),
        measured(host.BY_DEVICE, FULL_SLOTS, 0.04, 0.75),
        measured(host.BARE, 0, 0.01),
        measured(host.HELP, 0, 0.05, 0.2),
        measured(host.SNAPSHOT_JSON, 1024, 0.08, 0.125),
        measured(host.SNAPSHOT_LARGE, FULL_SLOTS, 0.3, 1 / 30),
    ]
    return found


def test_targets_are_judged() -> None:
    rows = {row["name"]: row for row in report().rows()}
    judged = {name: (row["quantity"], row["target"], row["met"]) for name, row in rows.items()}
    assert judged == {
        host.SUM: (None, None, None),
        host.BY_NUMPY: ("share", 0.45, True),
        host.BY_DEVICE: ("share", 0.9, False),
        host.BARE: (None, None, None),
        host.HELP: ("times", 8.0, True),
        host.SNAPSHOT_JSON: ("times", 7.0, False),
        host.SNAPSHOT_LARGE: ("seconds", 0.5, True),
    }
    assert rows[host.HELP]["value"] == pytest.approx(5.0)
    assert set(TARGETS) >= {name for name, one in judged.items() if one[0]}


def test_targets_hold_for_the_size_they_were_set_for() -> None:
    found = HostReport(64, 1, 1)
    found.measures = [measured(host.BY_NUMPY, 64, 0.06, 0.1), measured(host.SNAPSHOT_LARGE, 64, 9.0, 0.1)]
    assert [row["met"] for row in found.rows()] == [None, None]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.bench.host.run_host", lambda *args: report())


def test_the_table(cli: Cli, fixed: None) -> None:
    lines = cli("bench", "host").out.splitlines()
    assert [line.rstrip() for line in lines] == [
        "host      2 processors",
        "device    -",
        "measured  9 rounds in turn, in 12 s; medians",
        "skipped   something: no device",
        "",
        "snapshot in the library; share of a sum of the same bytes",
        "what                       slots   median       rate  share   target  met",
        "─────────────────────────  ─────  ───────  ─────────  ─────  ───────  ───",
        "sum of the bytes            16 M  30.0 ms  35.8 GB/s",
        "snapshot with numpy alone   16 M  60.0 ms  17.9 GB/s   0.50  >= 0.45  yes",
        "snapshot through OpenCL     16 M  40.0 ms  26.8 GB/s   0.75   >= 0.9  no",
        "",
        "whole commands",
        "command                  slots    median     least  times Python    target  met",
        "───────────────────────  ─────  ────────  ────────  ────────────  ────────  ───",
        "python -c pass                   10.0 ms   10.0 ms",
        "--help                           50.0 ms   50.0 ms          5.0x     <= 8x  yes",
        "snapshot --json            1 k   80.0 ms   80.0 ms          8.0x     <= 7x  no",
        "snapshot, whole command   16 M  300.0 ms  300.0 ms         30.0x  <= 0.5 s  yes",
    ]


@pytest.mark.parametrize(
    ("args", "words"),
    [(("hosts",), "host"), (("host", "--only", "tasks"), "--only"), (("host", "--sizes", "x"), "--sizes")],
)
def test_usage(cli: Cli, fixed: None, args: tuple[str, ...], words: str) -> None:
    result = cli("bench", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_small_bench_measures_everything() -> None:
    found = run_host(2048, 1)
    names = [one.case.name for one in found.measures]
    assert {host.SUM, host.BY_NUMPY, host.BARE, *TARGETS} - {host.BY_DEVICE} <= set(names)
    assert (host.BY_DEVICE in names) is (found.device is not None) is (not found.skipped)
    assert all(one.wall.median > 0 for one in found.measures)


def test_without_a_device_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str, **asked: object) -> None:
        raise DeviceError("there is no device")

    monkeypatch.setattr(host, "find_device", nothing)
    monkeypatch.setattr(host, "_commands", lambda folder, slots: iter(()))
    found = run_host(64, 1)
    assert (found.device, found.skipped) == (None, ["snapshot through OpenCL: there is no device"])
    assert [one.case.name for one in found.measures] == [host.SUM, host.BY_NUMPY]


def test_a_command_that_fails_ends_the_bench(tmp_path: Path) -> None:
    with pytest.raises(VyrectlError, match=r"snapshot nothing\.bin ended with exit code 1"):
        host._process([sys.executable, "-c", host.ENTRY, "snapshot", "nothing.bin"], tmp_path)()

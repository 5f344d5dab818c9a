"""`check` finds no error on a ring that the runtime made and nobody altered, and says what is true of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from vyrectl.ring.check import check_bytes
from vyrectl.ring.findings.kind import Severity
from vyrectl.ring.reading import Abi

RINGS = {name: dumps.data(name) for name in (*dumps.names("ring-"), "publish-before.bin")}
RINGS |= {name: dumps.parts(name)["ring"] for name in dumps.names("kernel-")}
AFTER = dumps.data("publish-after.bin")
RINGS |= {f"publish-after.bin {at}": AFTER[at : at + 512] for at in range(0, len(AFTER), 512)}


def found(name: str, *severities: Severity, abi: Abi = Abi.AUTO) -> set[str]:
    report = check_bytes(RINGS[name], abi=abi)
    return {one.kind.name for one in report.findings if one.kind.severity in (severities or Severity)}


@pytest.mark.parametrize("abi", Abi)
@pytest.mark.parametrize("name", RINGS)
def test_only_what_was_altered_is_an_error(name: str, abi: Abi) -> None:
    altered = dumps.is_altered(name.split()[0])
    assert found(name, Severity.ERROR, abi=abi) == ({"unknown-state"} if altered else set())


ARGUMENTS = {
    "ring-args-0.bin",
    "ring-batch-0.bin",
    "ring-hot-reused-args12.bin",
    "ring-tenant-0.bin",
    "ring-windows-0.bin",
}
"""Rings in which operations hold arguments, or stale ones, where tasks keep their words."""


@pytest.mark.parametrize("name", RINGS)
def test_arguments_are_told_from_tasks(name: str) -> None:
    assert ("arguments-in-task-words" in found(name)) is (name in ARGUMENTS)


def test_arguments_are_no_ages_parents_or_flags() -> None:
    for name in ARGUMENTS:
        fiction = {
            "starving",
            "orphaned-parent",
            "unnamed-flag-bits",
            "ready-with-stale-flag",
            "uncounted-turn",
        }
        assert not found(name) & fiction
        assert name in ("ring-tenant-0.bin", "ring-windows-0.bin") or found(name, abi=Abi.TASK) & fiction


def test_running_slots_of_a_dump_are_a_warning_that_says_so(cli: Cli, tmp_path: Path) -> None:
    ring = tmp_path / "ring.bin"
    ring.write_bytes(RINGS["ring-status-0.bin"])
    result = cli("check", str(ring), "--json")
    (finding,) = (one for one in result.json()["findings"] if one["name"] == "running-without-runner")
    assert (result.code, finding["severity"], finding["slots"]) == (0, "warning", [1])
    assert "so in every dump" in finding["message"]


def test_the_decision_is_in_the_record(cli: Cli) -> None:
    path = str(dumps.path("ring-hot-reused-args12.bin"))
    operations = cli("check", path, "--json").json()["abi"]["operations"]
    assert [(one["op_handle"], one["reading"], one["slots"]) for one in operations] == [
        (0x1000, "protocol", 14),
        (0x1001, "protocol", 13),
        (0x1002, "protocol", 13),
    ]
    assert cli("check", path, "--abi", "task", "--json").json()["abi"] == {"asked": "task", "operations": []}
    assert cli("check", path, "--abi", "tusk").code == 2


def beside(name: str, cli: Cli, tmp_path: Path) -> dict[str, tuple[str, list[int]]]:
    """What `check --control` finds in a set: name -> message and slots."""
    parts = dumps.parts(name)
    for kind in ("control", "ring"):
        (tmp_path / f"{kind}.bin").write_bytes(parts[kind])
    result = cli("check", str(tmp_path / "ring.bin"), "--control", str(tmp_path / "control.bin"), "--json")
    assert result.code == 0
    return {one["name"]: (one["message"], one["slots"]) for one in result.json()["findings"]}


@pytest.mark.parametrize("name", dumps.names("kernel-"))
def test_no_set_has_an_error_beside_its_control_buffer(name: str, cli: Cli, tmp_path: Path) -> None:
    assert "not-a-ring" not in beside(name, cli, tmp_path)


def test_whom_the_runtime_lets_in_beyond_the_masks(cli: Cli, tmp_path: Path) -> None:
    """The runtime ran tenants 29 to 40, whose words lie in the quota table; 41 and up find a 0 there."""
    message, slots = beside("kernel-tenants.before.bin", cli, tmp_path)["tenant-without-mask"]
    assert (message[:10], message.endswith("(it would run 12 of them)")) == ("99 slots: ", True)
    assert slots[0] == 29
    message, _ = beside("kernel-tenants.all.bin", cli, tmp_path)["tenant-without-mask"]
    assert message.endswith("(it would run 0 of them)")


def test_a_set_that_the_priority_kernel_stops_on_for_ever(cli: Cli, tmp_path: Path) -> None:
    parts = dumps.parts("kernel-priority.before.bin")
    control, ring = bytearray(parts["control"]), bytearray(parts["ring"])
    control[135 * 4] = 16
    ring[24 * 64 :] = bytes(len(ring) - 24 * 64)
    (tmp_path / "control.bin").write_bytes(control)
    (tmp_path / "ring.bin").write_bytes(ring)
    result = cli("check", str(tmp_path / "ring.bin"), "--control", str(tmp_path / "control.bin"), "--json")
    (finding,) = (one for one in result.json()["findings"] if one["name"] == "starvation-guard")
    assert finding["message"].startswith("word 135 is 16, nothing below High is claimable, and 12 slots at")

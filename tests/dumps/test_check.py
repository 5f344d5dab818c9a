"""`check` finds no error on a ring that the runtime made and nobody altered, and says what is true of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from vyrectl.ring.check import check_bytes
from vyrectl.ring.findings.kinds import Severity
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

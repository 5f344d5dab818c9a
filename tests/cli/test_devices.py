"""`devices`: every device and the reference backend, the default first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from vyrectl.opencl import asking
from vyrectl.opencl.devices import Device, list_devices

NOWHERE = {"OCL_ICD_VENDORS": "/nonexistent", "OCL_ICD_FILENAMES": ""}
KEYS = {
    "id",
    "name",
    "platform",
    "kind",
    "compute_units",
    "max_work_group_size",
    "memory_bytes",
    "max_allocation_bytes",
    "version",
    "driver",
}


def test_the_record(cli: Cli) -> None:
    record = cli("devices", "--json").json()
    assert record["schema"] == "vyrectl.devices/1"
    assert [device["id"] for device in record["devices"][:-1]] == [device.id for device in ranked()]
    assert record["devices"][-1]["id"] == "reference"
    assert all(set(device) >= KEYS for device in record["devices"])


def ranked() -> list[Device]:
    from vyrectl.opencl.devices import rank

    return sorted(list_devices(), key=rank)


def test_check_builds_and_runs_on_each(cli: Cli) -> None:
    devices = cli("devices", "--check", "--json").json()["devices"]
    assert all(device["usable"] for device in devices), devices
    assert {device["rung"] for device in devices} <= {1, 2, 3, None}


def test_a_device_that_cannot_build_says_why(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asking.ask

    def ask(what: str, *rest: str, **options: Any) -> asking.Answer:
        refused = {"usable": False, "rung": None, "problem": "this build of PoCL does not know the processor"}
        return asking.Answer((refused,), None) if what == "rung" else asked(what, *rest, **options)

    monkeypatch.setattr(asking, "ask", ask)
    result = cli("devices", "--check", "--json")
    first = result.json()["devices"][0]
    assert (result.code, first["usable"], first["rung"]) == (0, False, None)
    assert "does not know the processor" in first["problem"]
    assert "does not know the processor" in cli("devices", "--check").out


def test_the_table_and_the_lines(cli: Cli) -> None:
    table = cli("devices").out
    rows = [line.split()[0] for line in table.splitlines()[2:] if line.strip()]
    assert rows == [device.id for device in ranked()] + ["reference"]
    lines = [json.loads(line) for line in cli("devices", "--format", "jsonl").out.splitlines()]
    assert lines[-1]["name"] == "pure Python reference backend"
    header = cli("devices", "--format", "csv").out.splitlines()[0]
    assert set(header.split(",")) >= KEYS


def test_without_any_device_it_says_what_to_install() -> None:
    run = spawn("devices", "--json", env=NOWHERE)
    assert run.returncode == 0
    assert [device["id"] for device in json.loads(run.stdout)["devices"]] == ["reference"]
    assert json.loads(run.stderr)["message"].startswith("no OpenCL device was found")
    assert b"OCL_ICD_VENDORS=/nonexistent hides the drivers" in run.stderr
    assert b"unset OCL_ICD_VENDORS" in run.stderr

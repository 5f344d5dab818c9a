"""`vyrectl doctor`: the verdict, the table, the record, the ring it runs, the shells it looks at."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conformance.backends import needs_device
from vyrectl.cli.commands import doctor as command
from vyrectl.cli.completion.install import install_script
from vyrectl.doctor import examine as doctor
from vyrectl.doctor.examine import Diagnosis
from vyrectl.opencl.diagnosis import Check, DeviceDiagnosis, Status

FACTS = {"id": "0:0", "name": "Fake [red]device", "platform": "Fakes", "kind": "cpu"}
BUILT = Check("device 0:0", "build", Status.OK, "the engine, in 1.00 s", facts={"build_seconds": 1.0})
FAILED = Check("device 0:0", "claims", Status.ERROR, "3 slots were won twice", "Choose another device")
MACHINE = (
    Check("software", "python", Status.OK, "3.11.2"),
    Check("drivers", "icd", Status.WARNING, "no driver is registered", "apt-get install -y pocl-opencl-icd"),
    Check("caches", "pocl", Status.OK, "/cache, 1.0 MiB in 2 files"),
)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No shells, and nothing installed for any."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def found(monkeypatch: pytest.MonkeyPatch, *device_checks: Check) -> None:
    devices = (DeviceDiagnosis(FACTS, device_checks),) if device_checks else ()
    diagnosis = Diagnosis("Testix 1, x86_64", "debian", devices, MACHINE)
    monkeypatch.setattr(doctor, "examine", lambda **options: diagnosis)


def test_a_ready_machine(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, BUILT)
    result = cli("doctor")
    assert result.code == 0
    assert result.out == (
        "ready: 1 device can run a ring (Testix 1, x86_64)\n"
        "\n"
        "software\n"
        "ok  python  3.11.2\n"
        "\n"
        "drivers\n"
        "warning  icd  no driver is registered\n"
        "              fix: apt-get install -y pocl-opencl-icd\n"
        "\n"
        "device 0:0: Fake [red]device (Fakes)\n"
        "ok  build  the engine, in 1.00 s\n"
        "\n"
        "caches\n"
        "ok  pocl  /cache, 1.0 MiB in 2 files\n"
    )


@pytest.mark.parametrize("checks", [(), (BUILT, FAILED)])
def test_a_machine_that_is_not_ready(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, checks: tuple[Check, ...]
) -> None:
    found(monkeypatch, *checks)
    result = cli("doctor")
    assert result.code == 5
    assert result.out.startswith("not ready: no OpenCL device can run a ring (Testix 1, x86_64)\n")


def test_json(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, BUILT, FAILED)
    record = cli("doctor", "--json").json()
    checks = record.pop("checks")
    assert record == {
        "schema": "vyrectl.doctor/1",
        "system": "Testix 1, x86_64",
        "family": "debian",
        "ready": False,
        "devices": [{**FACTS, "usable": False, "build_seconds": 1.0}],
        "ok_count": 3,
        "note_count": 0,
        "warning_count": 1,
        "error_count": 1,
    }
    assert [check["name"] for check in checks] == ["python", "icd", "build", "claims", "pocl"]
    assert checks[3] == {
        "area": "device 0:0",
        "name": "claims",
        "status": "error",
        "message": "3 slots were won twice",
        "fix": "Choose another device",
        "facts": {},
    }


def test_csv(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, BUILT)
    rows = list(csv.DictReader(cli("doctor", "--format", "csv").out.splitlines()))
    assert [row["status"] for row in rows] == ["ok", "warning", "ok", "ok"]


def test_another_system(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def examine(**options: object) -> Diagnosis:
        asked.update(options)
        return Diagnosis("Testix 1", "fedora", (), ())

    monkeypatch.setattr(doctor, "examine", examine)
    assert cli("doctor", "--system", "fedora", "--timeout", "7").code == 5
    assert (asked["family"], asked["seconds"]) == ("fedora", 7.0)
    assert cli("doctor", "--system", "fedore").code == 2


def test_shells(cli: Cli, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("bash", "pwsh"):
        (home / name).touch(mode=0o755)
    (home / ".zfunc").mkdir()
    (home / ".zfunc" / "_vyrectl").write_text("of last year")
    install_script("fish")
    statuses = {check.name: (check.status, check.fix) for check in command.check_shells()}
    assert statuses == {
        "bash": (Status.NOTE, "vyrectl --install-completion bash"),
        "zsh": (Status.WARNING, "vyrectl --install-completion zsh"),
        "fish": (Status.OK, None),
        "powershell": (Status.NOTE, "vyrectl --install-completion powershell"),
    }


@needs_device()
def test_this_machine(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    result = cli("doctor", "--json", "--timeout", "150")
    record = json.loads(result.out)
    assert result.code == 0
    assert record["ready"]
    assert record["devices"][0]["usable"]
    ring = next(check for check in record["checks"] if check["name"] == "ring")
    assert ring["status"] == "ok"

"""A driver that ends whoever asks it for devices takes no other with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.backends import needs_cpu
from tests.doctor.test_doctor import icd
from tests.needs import needs_tool
from tests.opencl.fakes import device
from vyrectl.errors import DeviceError, NoDeviceError
from vyrectl.opencl import broken, brought, causes, drivers, guard, remembered
from vyrectl.opencl.asking import LISTED, OPENED, OPENS, Answer
from vyrectl.opencl.broken import broken_drivers
from vyrectl.opencl.build import POCL

ENDS = """
#include <stdlib.h>
#include <string.h>
int clGetPlatformInfo(void *platform, unsigned name, size_t size, void *value, size_t *most) { return -30; }
int clIcdGetPlatformIDsKHR(unsigned most, void **platforms, unsigned *count) { HOW; return -1001; }
void *clGetExtensionFunctionAddress(const char *name) {
    if (!strcmp(name, "clIcdGetPlatformIDsKHR")) return clIcdGetPlatformIDsKHR;
    return strcmp(name, "clGetPlatformInfo") ? 0 : clGetPlatformInfo;
}
"""


class Machine:
    """Two drivers, and what becomes of who asks them."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.icds = [icd(folder, name, f"/lib/{name}.so") for name in ("one", "two")]
        self.trouble: str | None = "the driver ended its process (SIGABRT)"
        self.culprits: list[str] = [str(self.icds[0])]
        self.asked: list[Mapping[str, str | None]] = []
        self.whats: list[str] = []
        self.records: tuple[dict[str, Any], ...] = ()
        patch.setattr(drivers, "icd_files", lambda environment=None: self.icds)
        patch.setattr(brought, "brought_drivers", lambda roots=None: [])
        patch.delenv(guard.TRUSTING)
        patch.setattr(guard, "_watched", [])
        patch.setattr(broken, "_found", {})
        patch.setattr(broken, "ask", self.ask)
        patch.setattr(remembered, "_known", {})
        patch.setattr(guard, "_died_of", {})
        patch.setattr(causes, "culprits", lambda icds, seconds=0: self.culprits)
        patch.setenv("VYRECTL_CACHE", str(folder / "cache"))

    def ask(self, what: str, *, seconds: float, variables: Mapping[str, str | None]) -> Answer:
        self.asked.append(variables)
        self.whats.append(what)
        return Answer(self.records, self.trouble, died=self.trouble is not None)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def test_the_one_that_fails_alone_is_left_out(machine: Machine) -> None:
    assert broken_drivers() == broken_drivers() == (machine.icds[0],)
    assert machine.asked == [{guard.TRUSTING: "1"}]


def test_good_news_is_kept_and_bad_news_is_not(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    broken_drivers()
    monkeypatch.setattr(broken, "_found", {})
    machine.trouble = None
    assert broken_drivers() == ()
    monkeypatch.setattr(broken, "_found", {})
    assert broken_drivers() == ()
    assert len(machine.asked) == 2


@pytest.mark.parametrize("drivers_here", [1, 2])
def test_where_none_would_be_left_a_process_that_nobody_watches_asks_none(
    machine: Machine, drivers_here: int
) -> None:
    del machine.icds[drivers_here:]
    machine.culprits = [str(path) for path in machine.icds]
    with pytest.raises(
        NoDeviceError, match="the OpenCL devices cannot be listed: the driver ended its"
    ) as caught:
        broken_drivers()
    assert all(path in (caught.value.fix or "") for path in machine.culprits)
    guard.be_watched()
    assert broken_drivers() == ()


def test_a_watched_process_with_one_driver_and_who_finds_out_ask_nobody(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(guard.TRUSTING, "1")
    assert broken_drivers() == ()
    monkeypatch.delenv(guard.TRUSTING)
    machine.icds.pop()
    guard.be_watched()
    assert broken_drivers() == ()
    assert machine.asked == []


def test_a_machine_that_gives_no_child(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(what: str, **asked: object) -> Answer:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr(broken, "ask", ask)
    assert broken_drivers() == ()


@pytest.mark.parametrize("died", [False, True])
def test_what_listed_the_devices_has_used_them_too(machine: Machine, died: bool) -> None:
    found = device(platform=POCL)
    facts = remembered.DriverNamed.of(found)._asdict()
    used = ({OPENS: facts},) if died else ({OPENS: facts}, {OPENED: facts})
    machine.records = (dict(LISTED), *used)
    if not died:
        machine.trouble = None
    assert broken_drivers() == ()
    remembered._known.clear()
    with pytest.raises(DeviceError, match="ended its process") if died else nullcontext():
        guard.check_survives(found)
    assert machine.whats == ["sound"]


@needs_tool("gcc")
@needs_cpu()
@pytest.mark.parametrize("how", ["abort()", "exit(0)", "raise(11)"])
def test_real_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    source, library = tmp_path / "ends.c", tmp_path / "ends.so"
    source.write_text("#include <signal.h>\n" + ENDS.replace("HOW", how))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=60)
    good = drivers.icd_files()
    folder = tmp_path / "vendors"
    ends = icd(folder, "0", str(library))
    monkeypatch.setenv("OCL_ICD_VENDORS", str(folder))
    monkeypatch.delenv(guard.TRUSTING)
    for number, path in enumerate(good, 1):
        icd(folder, str(number), drivers.library_of(path) or "")
    listed = vyrectl("devices", "--format", "csv")
    assert listed.returncode == 0
    assert len(listed.stdout.splitlines()) > 2
    assert f"warning: the driver of {ends} cannot list its devices and is left out" in listed.stderr
    if how != "abort()":
        return  # what is done about it is the same
    alone_folder = tmp_path / "alone"
    icd(alone_folder, "0", str(library))
    monkeypatch.setenv("OCL_ICD_VENDORS", str(alone_folder))
    alone = vyrectl("bench", "--quick")
    assert alone.returncode == 5
    assert "the OpenCL devices cannot be listed: the driver ended its process" in alone.stderr
    code = (
        "from vyrectl import Ring, TaskWorkItem, WorkItem, errors, launch, open_session\n"
        "item = TaskWorkItem.from_work_item(1, 0, 0, WorkItem(0, 0, 0, 0)); import numpy as np\n"
        "from vyrectl import SLOT_DTYPE; ring = Ring.from_slots(np.frombuffer(item.to_bytes(), SLOT_DTYPE).copy())\n"
        "for call in (lambda: launch(ring), lambda: open_session(4)):\n"
        "    try: call()\n"
        "    except errors.NoDeviceError as error: print(error.what)\n"
        "print('alive', launch(ring, device='reference').claims)"
    )
    program = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert program.returncode == 0
    *said, last = program.stdout.splitlines()
    assert [line.startswith("the OpenCL devices cannot be listed") for line in said] == [True, True]
    assert last == "alive 1"


def vyrectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vyrectl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

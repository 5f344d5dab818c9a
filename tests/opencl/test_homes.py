"""A user without a name or a home, homes that cannot be written: commands work, `doctor` names what is missing."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conformance.backends import needs_cpu, needs_device
from tests.needs import does_not_apply, needs_own_mounts, needs_tool, only_where
from tests.support.rings import slot, write_ring
from vyrectl.opencl.guard import TRUSTING

UNKNOWN = 12345
"""An uid without an entry among the system's users."""

READS_ALL = "dac_read_search"
"""What lets that user read this checkout wherever it lies; it writes no more than it may."""

pytestmark = only_where(os.geteuid() == 0, "only the superuser can be another user and mount")

HOMES = {
    "missing": "export HOME=/nonexistent",
    "somebody else's": "export HOME=/root",
    "read-only": "mount -t tmpfs -o ro none {home} && export HOME={home}",
    "full": "mount -t tmpfs -o size=8k,mode=777 none {home} && export HOME={home}",
    "noexec": "mount -t tmpfs -o noexec,mode=777 none {home} && export HOME={home}",
}

"""Shell commands that make each of them."""

NOTES = "import os; from vyrectl.doctor.comforts import check_cache; print(*check_cache(os.environ))"


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder that everybody reaches and may write; the temporary ones of tests are the superuser's alone."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        Path(folder, "home").mkdir()
        yield Path(folder)


def run(folder: Path, before: str, *command: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of vyrectl as a user without a name, whose only variables are PATH and what `before` exports.

    Args:
        folder: Where it starts.
        before: Shell commands that the superuser runs first, in a mount name space of its own.
        *command: What vyrectl is given.
        code: Python to run instead.
    """
    caps = f"-all,+{READS_ALL}"
    user = f"--reuid={UNKNOWN} --regid={UNKNOWN} --clear-groups --inh-caps={caps} --ambient-caps={caps}"
    called = shlex.join([sys.executable, *(["-c", code] if code else ["-m", "vyrectl", *command])])
    script = f"{before.format(home=folder / 'home')} && exec setpriv {user} {called}"
    return subprocess.run(
        ["env", "-i", f"PATH={os.defpath}", "unshare", "--mount", "sh", "-ec", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
def test_a_user_without_a_home_is_told_where_completions_would_go(place: Path) -> None:
    done = run(place, "true", "--install-completion", "fish")
    assert done.returncode == 1
    assert "no home folder" in done.stderr
    assert "it is printed by: vyrectl completion fish" in done.stderr
    folder = place / "data"
    done = run(place, f"export XDG_DATA_HOME={folder}", "--install-completion", "bash")
    assert done.returncode == 0, done.stderr
    assert (folder / "bash-completion" / "completions" / "vyrectl").is_file()


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
def test_doctor_helps_a_user_without_a_home(place: Path) -> None:
    done = run(place, "export OCL_ICD_VENDORS=/nonexistent", "doctor", "--json")
    assert done.returncode == 5, done.stdout
    assert "Traceback" not in done.stderr
    checks = {
        check["name"]: check for check in json.loads(done.stdout)["checks"] if check["area"] == "caches"
    }
    assert "no home folder" in checks["vyrectl"]["message"]
    assert "every launch" in checks["vyrectl"]["message"]


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
@needs_device()
@pytest.mark.parametrize("home", HOMES)
def test_a_launch_wherever_home_is(place: Path, home: str) -> None:
    write_ring(place / "r.bin", *[slot(state=1)] * 3)
    done = run(place, HOMES[home], "launch", "r.bin", "--output", "o.bin", "--mode", "jit", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 3
    assert "Traceback" not in done.stderr


LIBRARY = """
import numpy as np
from vyrectl import SLOT_DTYPE, Ring, errors, launch
slots = np.zeros(3, SLOT_DTYPE)
slots["state"] = 1
try:
    print(launch(Ring.from_slots(slots), mode="jit").claims)
except errors.VyrectlError as error:
    print(type(error).__name__, error.what, "|", error.fix)
"""

READ_ONLY = " && ".join(f"mount -t tmpfs -o ro none {folder}" for folder in ("/tmp", "/var/tmp", "/dev/shm"))


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
@needs_device()
def test_a_launch_from_python_of_a_user_without_a_home(place: Path) -> None:
    for before in ("true", f"export HOME=relative {TRUSTING}=1"):
        done = run(place, before, code=LIBRARY)
        assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
@needs_cpu()
def test_a_machine_where_nothing_can_be_written(place: Path) -> None:
    done = run(Path("/"), READ_ONLY, code=LIBRARY)
    assert (done.returncode, done.stderr) == (0, "")
    if done.stdout == "3\n":
        does_not_apply("this driver keeps no files")
    assert done.stdout.startswith(
        "NoDeviceError no OpenCL device was found: a driver cannot keep its files: /"
    )
    assert "and no temporary folder can be used instead" in done.stdout
    assert "| export POCL_CACHE_DIR=FOLDER" in done.stdout


@needs_tool("setpriv", "unshare")
@needs_own_mounts()
@pytest.mark.parametrize("home", [home for home in HOMES if home != "noexec"])
def test_a_cache_that_cannot_be_kept_is_named(place: Path, home: str) -> None:
    """Built kernels are only data to vyrectl: a folder from which nothing is executed will do."""
    done = run(place, HOMES[home], code=NOTES)
    assert "every launch" in done.stdout, done.stderr

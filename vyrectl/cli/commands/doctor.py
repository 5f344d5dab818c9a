"""`vyrectl doctor`: is this machine ready, and if not, what to type."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vyrectl.cli.completion.install import SHELLS, read_script, script_path
from vyrectl.cli.options import ColorOption, FormatOption, JsonOption, QuietOption, make_output
from vyrectl.cli.views.doctor import view
from vyrectl.errors import DeviceError, UnknownNameError, VyrectlError
from vyrectl.opencl.child import Ended, run_child
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.opencl.hints import FAMILIES

if TYPE_CHECKING:
    from vyrectl.opencl.doctor import Diagnosis

SHELL_AREA = "completion"
PROGRAMS = {"powershell": "pwsh"}
"""Shell -> its program, where that has another name."""

RING_SLOTS = 256
FIX = "Choose another device with --device, or try --device reference"
EXIT_NOT_READY = DeviceError.exit_code


def command(
    *,
    system: Annotated[
        str, typer.Option("--system", metavar="|".join(FAMILIES), help="Advise for another kind of system.")
    ] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="Time limit for each device.", min=1.0)
    ] = 120.0,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Say whether this machine is ready.

    Looks at the versions, the drivers and the GPUs that no driver reaches; on each device builds the engine,
    checks the slot's layout, the fences and the claims, whether host and kernel see each other, how many
    work-groups are resident, and runs a small ring; then locks, caches and completions. What is not well comes
    with what to type. Exit code 5: no OpenCL device can run a ring (--device reference always can).

    \b
    Example:
      vyrectl doctor
      vyrectl doctor --json | jq '.checks[] | select(.status != "ok")'
    """
    from vyrectl.opencl.doctor import examine

    output = make_output(format_name, as_json, color, quiet=quiet)
    if system and system not in FAMILIES:
        raise UnknownNameError("system", system, FAMILIES)
    with output.progress("doctor", "looking at the devices"):
        diagnosis = examine(
            family=system or None, seconds=timeout, run_ring=lambda device: run_ring(device, timeout)
        )
    checks = [*diagnosis.all_checks(), *check_shells()]
    rows = [check.to_record() for check in checks]
    output.emit("doctor", _record(diagnosis, checks), view, rows=rows, rows_key="checks")
    raise typer.Exit(0 if diagnosis.is_ready else EXIT_NOT_READY)


def _record(diagnosis: Diagnosis, checks: list[Check]) -> dict[str, Any]:
    counts = {f"{status}_count": sum(check.status is status for check in checks) for status in Status}
    return {**diagnosis.to_record(), **counts}


def run_ring(device: str, seconds: float) -> Check:
    """Launch a ring of small tasks on a device, in a process of its own, and look at what became of them.

    Args:
        device: Its id.
        seconds: How long that may take.
    """
    area = f"device {device}"
    with tempfile.TemporaryDirectory(prefix="vyrectl-doctor-") as folder:
        ring = Path(folder, "ring.bin")
        _write_ring(ring)
        launch = [sys.executable, "-m", "vyrectl", "launch", str(ring)]
        ended = run_child([*launch, "--device", device, "--json", "--quiet"], seconds)
    if ended.status is None:
        return Check(area, "ring", Status.ERROR, f"no end within {seconds:g} s", FIX)
    return _judge(area, ended)


def _write_ring(path: Path) -> None:
    """Tasks of operation 0 that are Ready; the standard library writes them."""
    from vyrectl.ring.replace import replace_file
    from vyrectl.task.item import TaskWorkItem, WorkItem

    items = (TaskWorkItem.from_work_item(n, 0, n % 5, WorkItem(0)) for n in range(1, RING_SLOTS + 1))
    replace_file(path, [item.to_bytes() for item in items])


def _judge(area: str, ended: Ended) -> Check:
    try:
        report = json.loads(ended.output)
        done = int(report["done"])
    except (ValueError, KeyError, TypeError):
        why = _message(ended.last_line())
        return Check(area, "ring", Status.ERROR, f"a launch failed with exit code {ended.status}: {why}", FIX)
    if ended.status or done != RING_SLOTS:
        message = f"{done} of {RING_SLOTS} tasks done, exit code {ended.status}"
        return Check(area, "ring", Status.ERROR, message, FIX)
    facts = {"ring_seconds": report.get("wall_seconds")}
    return Check(area, "ring", Status.OK, f"{done} tasks, each done once", facts=facts)


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def check_shells() -> Iterator[Check]:
    """Which of this machine's shells complete vyrectl's commands."""
    for shell in SHELLS:
        path = script_path(shell)
        install = f"vyrectl --install-completion {shell}"
        if not path.is_file():
            if shutil.which(PROGRAMS.get(shell, shell)):
                yield Check(SHELL_AREA, shell, Status.NOTE, "not installed", install)
        elif _is_current(shell, path):
            yield Check(SHELL_AREA, shell, Status.OK, str(path))
        else:
            yield Check(SHELL_AREA, shell, Status.WARNING, f"{path} is of another version", install)


def _is_current(shell: str, path: Path) -> bool:
    try:
        return path.read_text(encoding="utf-8", errors="replace") == read_script(shell)
    except (OSError, VyrectlError):
        return False

"""`vyrectl doctor`: is this machine ready, and if not, what to type."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from vyrectl.cli.commands.doctor.view import view
from vyrectl.cli.completion.install import SHELLS, read_script, script_path
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Talking
from vyrectl.errors import DeviceError, UnknownNameError, VyrectlError
from vyrectl.opencl.diagnosis import Check, Status
from vyrectl.opencl.hints import FAMILIES

if TYPE_CHECKING:
    from vyrectl.cli.commands.doctor.record import Counts, DoctorHead
    from vyrectl.doctor.examine import Diagnosis

SHELL_AREA = "completion"
PROGRAMS = {"powershell": "pwsh"}
"""Shell -> its program, where that has another name."""

EXIT_NOT_READY = DeviceError.exit_code


@with_records
def command(
    *,
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="|".join(FAMILIES), help="Advise for another kind of system."),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="Time limit for each device.", min=1.0)
    ] = 120.0,
    printed: Talking,
) -> None:
    """Say whether this machine is ready.

    Looks at the versions, the drivers and the GPUs that no driver reaches; on each device builds the engine,
    checks the slot's layout, the fences and the claims, whether host and kernel see each other, how many
    work-groups are resident, and runs a ring that needs every kernel of a launch; then locks, caches and
    completions. What is not well comes with what to type. Exit code 5: no OpenCL device can run a ring
    (--device reference always can).

    \b
    Examples:
      vyrectl doctor
      vyrectl doctor --json | jq '.checks[] | select(.status != "ok")'
    """
    from vyrectl.doctor.examine import examine
    from vyrectl.opencl.trial import run_ring

    output = printed.output()
    if system is not None and system not in FAMILIES:
        raise UnknownNameError("system", system, FAMILIES)
    with output.progress("doctor", "looking at the devices"):
        diagnosis = examine(family=system, seconds=timeout, run_ring=lambda device: run_ring(device, timeout))
    checks = [*diagnosis.all_checks(), *check_shells()]
    rows = [check.to_record() for check in checks]
    output.emit("doctor", _record(diagnosis, checks), view, rows=rows, rows_key="checks")
    raise typer.Exit(0 if diagnosis.is_ready else EXIT_NOT_READY)


def _record(diagnosis: Diagnosis, checks: list[Check]) -> DoctorHead:
    counts = {f"{status}_count": sum(check.status is status for check in checks) for status in Status}
    return {**diagnosis.to_record(), **cast("Counts", counts)}


def check_shells() -> Iterator[Check]:
    """Which of this machine's shells complete vyrectl's commands."""
    for shell in SHELLS:
        install = f"vyrectl --install-completion {shell}"
        is_here = shutil.which(PROGRAMS.get(shell, shell)) is not None
        try:
            path = script_path(shell)
        except VyrectlError as error:
            if is_here:
                yield Check(SHELL_AREA, shell, Status.NOTE, f"not installed: {error.what}", error.fix)
            continue
        if not os.path.isfile(path):
            if is_here:
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

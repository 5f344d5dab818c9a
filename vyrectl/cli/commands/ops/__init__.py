"""`vyrectl ops`: the operations that a task's op_handle may name, and whether files of one's own are sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.ops.view import view, view_check
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Talking
from vyrectl.cli.output import Output
from vyrectl.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from vyrectl.cli.commands.ops.record import OpRecord
    from vyrectl.engine.ops import OpInfo
    from vyrectl.opencl.devices import Device

EXIT_UNSOUND = InvalidInputError.exit_code


@with_records
def command(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.cl...]", help="OpenCL C files; the shipped operations by default."),
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Look for mistakes in the files and compile them.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", "-d", metavar="NAME", help="Where --check compiles; reference: only read the text."
        ),
    ] = None,
    printed: Talking,
) -> None:
    """List the operations a task may name.

    Ids 0x1000-0x10FF are vyrectl's own; yours live in 8..0xFFF, 0x1100..0xFFEF and 0x10000..0x7FFFFFFF.
    --check names every mistake in your files by file and line: bad or clashing declarations, operations without
    documentation, barriers that one work-item would reach alone, and what the device's compiler says. Exit code
    3: there are errors.

    \b
    Examples:
      vyrectl ops
      vyrectl ops my_ops.cl
      vyrectl ops --check my_ops.cl
    """
    from vyrectl.engine.ops import load_source, shipped_ops

    output = printed.output()
    if check:
        _check(output, sources or [], device)
    ops = [op for path in sources for op in load_source(path).ops] if sources else list(shipped_ops())
    output.emit("ops", {}, view, rows=[_record(op) for op in ops], rows_key="ops")


def _check(output: Output, sources: list[Path], device: str | None) -> None:
    """Answer for `--check`, and leave.

    Raises:
        UsageError: There is nothing to check.
    """
    from vyrectl.launching.backends import is_reference
    from vyrectl.opencl.op_check import check_sources

    if not sources:
        raise UsageError("no file to check was named", fix="vyrectl ops --check my_ops.cl")
    only_text = is_reference(device)
    with output.progress("ops", "compiling"):
        report = check_sources(sources, None if only_text else _find_device(device))
    record = {
        "files": list(report.files),
        "device": report.device,
        "build_seconds": report.build_seconds,
        "error_count": report.count("error"),
        "warning_count": report.count("warning"),
        "ops": [_record(op) for op in report.ops],
    }
    findings = [finding.to_record() for finding in report.findings]
    output.emit("ops-check", record, view_check, rows=findings, rows_key="findings")
    raise typer.Exit(EXIT_UNSOUND if report.count("error") else 0)


def _find_device(name: str | None) -> Device:
    from vyrectl.opencl.devices import find_device

    return find_device(name)


def _record(op: OpInfo) -> OpRecord:
    return {
        "op_handle": op.id,
        "name": op.name,
        "doc": op.doc,
        "source": op.path.name if op.shipped else str(op.path),
        "line": op.line,
        "shipped": op.shipped,
    }

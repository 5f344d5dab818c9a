"""`vyrectl ops`: the operations that a task's op_handle may name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.options import ColorOption, FormatOption, JsonOption, make_output
from vyrectl.cli.views.ops import view


def command(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE.cl...]", help="OpenCL C files; the shipped operations by default."),
    ] = None,
    *,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
) -> None:
    """List the operations a task may name.

    Ids 0x1000-0x10FF are vyrectl's own; yours live in 8..0xFFF, 0x1100..0xFFEF and 0x10000..0x7FFFFFFF.

    \b
    Example:
      vyrectl ops
      vyrectl ops my_ops.cl
    """
    from vyrectl.engine.ops import load_source, shipped_ops

    output = make_output(format_name, as_json, color)
    ops = [op for path in sources for op in load_source(path).ops] if sources else list(shipped_ops())
    rows = [
        {
            "op_handle": op.id,
            "name": op.name,
            "doc": op.doc,
            "source": op.path.name if op.shipped else str(op.path),
            "line": op.line,
            "shipped": op.shipped,
        }
        for op in ops
    ]
    output.emit("ops", {}, view, rows=rows, rows_key="ops")

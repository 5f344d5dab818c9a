"""`--ops`, `--op-names`, `--no-builtin-names` and `VYRECTL_OPS`: how operations are named, the same in every command.

`with_op_names` gives a command those options; while it runs, `vyrectl.engine.ops` resolves names and ids through them.
Imports nothing of the engine before a command runs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.click_parts import Parsed
from vyrectl.errors import VyrectlError

NAMELESS = frozenset(
    {
        "apply",
        "bench",
        "completion",
        "converge",
        "debug",
        "demo",
        "devices",
        "doctor",
        "help",
        "io",
        "open",
        "ops",
        "plan",
        "plot",
        "schema",
        "worker",
    }
)
"""Commands that neither show nor take an operation."""

OpsOption = Annotated[
    list[Path] | None,
    typer.Option("--ops", metavar="FILE.cl", help="Operations of your own; may be repeated."),
]
OpNamesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--op-names", metavar="FILE", help="Names of operations without a source: JSON or CSV of id and name."
    ),
]
NoBuiltinNamesOption = Annotated[
    bool,
    typer.Option("--no-builtin-names", help="Leave vyrectl's own ids (0x1000-0x10FF) without a name."),
]

_OPTIONS: tuple[tuple[str, object, object], ...] = (
    ("ops", OpsOption, None),
    ("op_names", OpNamesOption, None),
    ("no_builtin_names", NoBuiltinNamesOption, False),
)
_BEFORE = "format_name"


def with_op_names(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name operations; one that has `--ops` of its own keeps it."""
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in _OPTIONS
        if name not in signature.parameters
    ]
    at = next((i for i, one in enumerate(own) if one.name == _BEFORE), len(own))
    at = max(
        at, next((i for i, one in enumerate(own) if one.kind is inspect.Parameter.KEYWORD_ONLY), len(own))
    )
    merged = [*own[:at], *added, *own[at:]]

    @functools.wraps(command)
    def named(**given: Parsed) -> None:
        files = [*(given.get("ops") or ()), *(given.get("op_names") or ())]
        shipped = not given.get("no_builtin_names", False)
        passed = {name: value for name, value in given.items() if name in signature.parameters}
        with _named_by(files, shipped=shipped):
            _check_sources(given.get("ops") or ())
            command(**passed)

    attributes: dict[str, object] = vars(named)
    attributes["__signature__"] = signature.replace(parameters=merged)
    named.__annotations__ = {one.name: one.annotation for one in merged} | {"return": None}
    return named


def _named_by(files: list[Path], *, shipped: bool) -> AbstractContextManager[None]:
    """What names operations while a command runs."""
    from vyrectl.engine.naming import named_by
    from vyrectl.engine.op_names import VARIABLE, files_of_environment, read_naming

    everywhere = files_of_environment()
    try:
        read_naming(everywhere)
    except VyrectlError as error:
        error.fix = f"{error.fix or 'Mend it'}; {VARIABLE} names this file"
        raise
    return named_by(read_naming(dict.fromkeys([*everywhere, *files]), shipped=shipped))


def _check_sources(ops: Iterable[Path]) -> None:
    """Refuse operations that clash with each other or with those that ship, as a launch would.

    Those on standard input are left to the command, which reads that once and says so where it is named twice.

    Raises:
        OpSourceError: Two have one id or one name.
    """
    from vyrectl.engine.op_names import is_source
    from vyrectl.engine.ops import check_unique, load_source, runnable_sources
    from vyrectl.shell import STDIN

    sources = [load_source(path) for path in ops if str(path) != STDIN and is_source(path)]
    if sources:
        check_unique(op for source in runnable_sources(sources) for op in source.ops)

"""`vyrectl converge`: a transfer step over a vector, repeated on the device until it comes to rest (spec 1.8)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.converge.options import Loop
from vyrectl.cli.commands.converge.rows import DISTRIBUTION, REACHABILITY, answer_rows, run_record
from vyrectl.cli.commands.converge.source import (
    Start,
    raw_words,
    read_edges,
    read_matrix,
    read_start,
    read_transitions,
)
from vyrectl.cli.commands.converge.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.endings import NPY, check_ending
from vyrectl.cli.options import (
    ReplaceOption,
    Span,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.request_options import LenientOption
from vyrectl.cli.sources import Window
from vyrectl.cli.stdin_once import check_single_stdin
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.cli.views.cells import count_of
from vyrectl.errors import InvalidInputError, UsageError, stopped_code
from vyrectl.files.json_text import Json
from vyrectl.ring.contents import ARRAY
from vyrectl.ring.outputs import Outputs

if TYPE_CHECKING:
    from vyrectl.engine.converge import Words
    from vyrectl.engine.transfer_steps import StepSource
    from vyrectl.hosting.converge import Apart


@with_records
def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A vector (.npy, JSON), a ring, a launch report, or - for standard input."
        ),
    ],
    *,
    loop: Loop,
    span: Span,
    lenient: LenientOption = False,
    force: ReplaceOption = False,
    printed: Talking,
) -> None:
    """Iterate a step on the device until nothing changes.

    Where is this queue heading? The step distribution moves the shares of the states under measured transitions;
    reachability spreads over a graph; --steps brings your own. One dispatch runs the whole loop. Exit code 0 also
    when --max-iterations ends it, which is said; 124 after --timeout.

    \b
    Examples:
      vyrectl launch ring.bin --json | vyrectl converge -
      vyrectl converge ring.bin --transitions report.json
      vyrectl converge start.json --step reachability --edges edges.json
      vyrectl converge words.npy --steps steps.cl --operand table.npy
    """
    from vyrectl.engine.transfer_steps import load_steps
    from vyrectl.hosting.converge import converge_apart

    output = printed.output()
    check_ending(loop.result, "a .npy array", NPY)
    check_single_stdin(source, loop.matrix, loop.transitions, loop.edges)
    stdout = StdoutFile(output)
    result = stdout.take_checked(_reads(source, loop, force=force), loop.result, ARRAY, ".npy")
    own = None if loop.steps is None else load_steps(loop.steps)
    name = _step_name(loop.step, own)
    _check_options(name, {**loop.graphs, "--operand": loop.operands, "--lazy": loop.lazy}, own)
    start = read_start(source, Window(span, lenient))
    if start.unknown:
        output.warn(f"{start.name}: slots in an unknown state, left out: {start.unknown}")
    try:
        vector, arrays = _prepare(name, start, loop)
    except InvalidInputError as error:
        raise error.at(start.name) from None
    found = converge_apart(
        vector,
        timeout_s=loop.timeout_s,
        step=name,
        steps=own,
        operands=arrays,
        device=loop.device,
        max_iterations=loop.max_iterations,
    )
    if result is not None:
        from vyrectl.engine.npy import save_npy

        save_npy(result, found.fixpoint.current)
    if stdout.is_used:
        stdout.send()
    else:
        _emit(output, name, start, vector, found, loop.max_iterations)
    if not found.fixpoint.converged:
        output.warn(_advice(name, found, lazy=loop.lazy))
    raise typer.Exit(_exit_code(found))


def _reads(source: Path, loop: Loop, *, force: bool) -> Outputs:
    """The files that are read, for what is written to be held against."""
    files = Outputs(force=force)
    files.reads("SOURCE", source)
    for option, path in (*loop.graphs.items(), ("--steps", loop.steps)):
        files.reads(option, path)
    for path in loop.operands:
        files.reads("--operand", path)
    return files


def _step_name(step: str | None, own: StepSource | None) -> str:
    """The step that is meant; checks the name before anything is read.

    Raises:
        UnknownNameError: Nothing bears it.
    """
    from vyrectl.engine.transfer_steps import find_step

    return find_step(step or (None if own else DISTRIBUTION), own)[0].name


ALLOWED = {
    DISTRIBUTION: ("--matrix", "--transitions", "--lazy"),
    REACHABILITY: ("--matrix", "--transitions", "--edges"),
}
"""Options that say what a shipped step works with; a step of your own takes operands."""


def _check_options(name: str, given: dict[str, object], own: StepSource | None) -> None:
    """Refuse options that the step has no use for.

    Raises:
        UsageError: One of them was given, or two that mean the same.
    """
    allowed = ALLOWED.get(name, ("--operand",))
    wrong = next((option for option, value in given.items() if value and option not in allowed), None)
    if wrong is not None:
        raise UsageError(f"step {name!r} does not take {wrong}", fix="It takes " + ", ".join(allowed))
    graphs = [option for option in ("--matrix", "--transitions", "--edges") if given[option]]
    if len(graphs) > 1:
        raise UsageError(f"{graphs[0]} and {graphs[1]} are given", fix="Give one of them")


def _prepare(name: str, start: Start, loop: Loop) -> tuple[Words, tuple[Words, ...]]:
    """Vector and operands of the step.

    Raises:
        FileError: Something cannot be read.
        InvalidInputError: Something is of another shape or type.
        UsageError: Nothing says where the transitions come from.
    """
    from vyrectl.engine.npy import load_npy
    from vyrectl.engine.shares import as_weights
    from vyrectl.launching.converge import as_words, reach_job, share_job

    if name not in ALLOWED:
        arrays = (as_words(load_npy(path), str(path)) for path in loop.operands)
        return as_words(raw_words(start), start.name, least=1), tuple(arrays)
    weights = as_weights(start.values, start.name)
    if loop.edges is not None:
        return reach_job(weights > 0, read_edges(loop.edges))
    chain = _chain(start, loop)
    if name == DISTRIBUTION:
        return share_job(weights, chain, lazy=loop.lazy)
    return reach_job(weights > 0, _edges_of(chain))


def _chain(start: Start, loop: Loop) -> Json:
    if loop.matrix is not None:
        return read_matrix(loop.matrix)
    if loop.transitions is not None:
        return read_transitions(loop.transitions)
    if start.transitions is not None:
        return start.transitions
    raise UsageError(
        "nothing says which state follows which",
        where=start.name,
        fix="Give --transitions with what `launch --json` printed, or --matrix",
    )


def _edges_of(chain: Json) -> Json:
    import numpy as np

    return np.argwhere(chain > 0)


def _emit(output: Output, name: str, start: Start, vector: Words, found: Apart, most: int) -> None:
    record = {"source": start.name, "step": name, "max_iterations": most, **run_record(found, vector)}
    rows_key, rows = answer_rows(name, start, vector, found.fixpoint.current)
    output.emit("converge", record, view, rows=rows, rows_key=rows_key)


def _advice(name: str, found: Apart, *, lazy: bool) -> str:
    text = f"not converged after {count_of(found.fixpoint.iterations, 'iteration')}"
    if found.timed_out or found.signal_received:
        return text
    more = "raise --max-iterations"
    return f"{text}; {more}" + (
        ", or stop it swinging with --lazy" if name == DISTRIBUTION and not lazy else ""
    )


def _exit_code(found: Apart) -> int:
    if found.signal_received or found.timed_out:
        return stopped_code(found.signal_received)
    return 0

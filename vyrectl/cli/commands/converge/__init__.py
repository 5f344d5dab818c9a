"""`vyrectl converge`: a transfer step over a vector, repeated on the device until it comes to rest (spec 1.8)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from vyrectl.cli.declared import number_option
from vyrectl.cli.endings import NPY, check_ending
from vyrectl.cli.options import (
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    OffsetOption,
    QuietOption,
    ReplaceOption,
    make_output,
)
from vyrectl.cli.output import Output
from vyrectl.cli.request_options import LenientOption
from vyrectl.cli.sources import Window, check_single_stdin
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.cli.views.cells import count_of
from vyrectl.errors import InvalidInputError, UsageError
from vyrectl.ring.contents import ARRAY
from vyrectl.ring.outputs import Outputs

if TYPE_CHECKING:
    from vyrectl.engine.converge import Words
    from vyrectl.engine.steps import StepSource
    from vyrectl.hosting.converge import Apart

EXIT_TIMEOUT = 124


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A vector (.npy, JSON), a ring, a launch report, or - for standard input."
        ),
    ],
    *,
    step: Annotated[
        str, typer.Option("--step", metavar="STEP", help="Transfer step; distribution by default.")
    ] = "",
    steps: Annotated[
        Path | None, typer.Option("--steps", metavar="FILE.cl", help="Transfer steps of your own.")
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option("--matrix", metavar="PATH", help="Transition chances or counts, row = from."),
    ] = None,
    transitions: Annotated[
        Path | None,
        typer.Option("--transitions", metavar="PATH", help="Transition counts that launch --json reported."),
    ] = None,
    edges: Annotated[
        Path | None,
        typer.Option("--edges", metavar="PATH", help="Edges of a graph for reachability: [[from, to], ...]."),
    ] = None,
    operands: Annotated[
        list[Path] | None,
        typer.Option("--operand", metavar="FILE.npy", help="Operand of your own step, from 0 up; repeats."),
    ] = None,
    lazy: Annotated[
        bool, typer.Option("--lazy", help="Move half of each share at a time: same limit, no swinging.")
    ] = False,
    max_iterations: Annotated[int, number_option("--max-iterations", says="Most iterations.")] = 10_000,
    device: Annotated[
        str,
        typer.Option(
            "--device", "-d", metavar="NAME", help="Where to run: an id, cpu, gpu, a name, reference."
        ),
    ] = "",
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Stop after this time.", min=0.0)
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write the resulting words here, as .npy."),
    ] = None,
    offset: OffsetOption = "",
    count: CountOption = "",
    lenient: LenientOption = False,
    force: ReplaceOption = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
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
    from vyrectl.engine.steps import load_steps
    from vyrectl.hosting.converge import converge_apart

    output = make_output(format_name, as_json, color, quiet=quiet)
    check_ending(result, "a .npy array", NPY)
    check_single_stdin(source, matrix, transitions, edges)
    stdout, files = StdoutFile(output), Outputs(force=force)
    for option, path in (("SOURCE", source), ("--matrix", matrix), ("--transitions", transitions)):
        files.reads(option, path)
    for option, path in (
        ("--edges", edges),
        ("--steps", steps),
        *(("--operand", one) for one in operands or ()),
    ):
        files.reads(option, path)
    result = stdout.take_checked(files, result, ARRAY, ".npy")
    own = None if steps is None else load_steps(steps)
    name = _step_name(step, own)
    given = {"--matrix": matrix, "--transitions": transitions, "--edges": edges}
    _check_options(name, {**given, "--operand": operands, "--lazy": lazy}, own)
    start = read_start(source, Window(offset, count, lenient))
    if start.unknown:
        output.warn(f"{start.name}: slots in an unknown state, left out: {start.unknown}")
    try:
        vector, arrays = _prepare(name, start, given, operands or [], lazy=lazy)
    except InvalidInputError as error:
        raise error.at(start.name) from None
    found = converge_apart(
        vector,
        timeout=timeout,
        step=name,
        steps=own,
        operands=arrays,
        device=device or None,
        max_iterations=max_iterations,
    )
    if result is not None:
        from vyrectl.engine.buffers import save_npy

        save_npy(result, found.fixpoint.current)
    if stdout.is_used:
        stdout.send()
    else:
        _emit(output, name, start, vector, found, max_iterations)
    if not found.fixpoint.converged:
        output.warn(_advice(name, found, lazy=lazy))
    raise typer.Exit(_exit_code(found))


def _step_name(step: str, own: StepSource | None) -> str:
    """The step that is meant; checks the name before anything is read.

    Raises:
        UnknownNameError: Nothing bears it.
    """
    from vyrectl.engine.steps import find_step

    return find_step(step or (None if own else DISTRIBUTION), own)[0].name


ALLOWED = {
    DISTRIBUTION: ("--matrix", "--transitions", "--lazy"),
    REACHABILITY: ("--matrix", "--transitions", "--edges"),
}
"""Options that say what a shipped step works with; a step of your own takes operands."""


def _check_options(name: str, given: dict[str, Any], own: StepSource | None) -> None:
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


def _prepare(
    name: str, start: Start, given: dict[str, Path | None], operands: list[Path], *, lazy: bool
) -> tuple[Words, tuple[Words, ...]]:
    """Vector and operands of the step.

    Raises:
        FileError: Something cannot be read.
        InvalidInputError: Something is of another shape or type.
        UsageError: Nothing says where the transitions come from.
    """
    from vyrectl.engine.buffers import load_npy
    from vyrectl.engine.shares import as_weights
    from vyrectl.launching.converge import as_words, reach_job, share_job

    if name not in ALLOWED:
        arrays = (as_words(load_npy(path), str(path)) for path in operands)
        return as_words(raw_words(start), start.name, least=1), tuple(arrays)
    weights = as_weights(start.values, start.name)
    if given["--edges"] is not None:
        return reach_job(weights > 0, read_edges(given["--edges"]))
    chain = _chain(start, given)
    if name == DISTRIBUTION:
        return share_job(weights, chain, lazy=lazy)
    return reach_job(weights > 0, _edges_of(chain))


def _chain(start: Start, given: dict[str, Path | None]) -> Any:
    if given["--matrix"] is not None:
        return read_matrix(given["--matrix"])
    if given["--transitions"] is not None:
        return read_transitions(given["--transitions"])
    if start.transitions is not None:
        return start.transitions
    raise UsageError(
        "nothing says which state follows which",
        where=start.name,
        fix="Give --transitions with what `launch --json` printed, or --matrix",
    )


def _edges_of(chain: Any) -> Any:
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
    if found.signal_received:
        return 128 + found.signal_received
    return EXIT_TIMEOUT if found.timed_out else 0

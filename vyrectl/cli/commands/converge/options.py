"""Options of `converge` alone: the step, what it works with, and when it ends. Typer-free."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.declared import path, paths, seconds, switch, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What is repeated, on what, and for how long."""

    step: str | None = text(None, "--step", metavar="STEP", says="Transfer step; distribution by default.")
    steps: Path | None = path(None, "--steps", metavar="FILE.cl", says="Transfer steps of your own.")
    matrix: Path | None = path(
        None, "--matrix", metavar="PATH", says="Transition chances or counts, row = from."
    )
    transitions: Path | None = path(
        None, "--transitions", metavar="PATH", says="Transition counts that launch --json reported."
    )
    edges: Path | None = path(
        None, "--edges", metavar="PATH", says="Edges of a graph for reachability: [[from, to], ...]."
    )
    operands: Sequence[Path] = paths(
        (), "--operand", metavar="FILE.npy", says="Operand of your own step, from 0 up; repeats."
    )
    lazy: bool = switch(False, "--lazy", says="Move half of each share at a time: same limit, no swinging.")
    max_iterations: int = whole(10_000, "--max-iterations", says="Most iterations.", typed=10_000)
    device: str | None = text(
        None,
        "--device",
        "-d",
        metavar="NAME",
        says="Where to run: an id, cpu, gpu, a name, reference.",
    )
    timeout_s: float | None = seconds(None, "--timeout", says="Stop after this time.")
    result: Path | None = path(
        None, "--output", "-o", metavar="PATH", says="Write the resulting words here, as .npy."
    )

    @property
    def graphs(self) -> dict[str, Path | None]:
        """The options that say what follows what, by their spelling."""
        return {"--matrix": self.matrix, "--transitions": self.transitions, "--edges": self.edges}

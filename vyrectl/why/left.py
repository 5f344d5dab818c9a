"""What launches with `--output` have left of their results that lost their command on the way.

Imports numpy, through what a launch says of the same files. The invariant: nothing is removed, and each is said with
the command that looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vyrectl.engine.left import cut_off
from vyrectl.ring.outputs import PARTIAL_SUFFIX
from vyrectl.ring.store import holds_tasks_of
from vyrectl.shell import command_line

MOST_LEFT = 8
"""Files of a folder that are named."""


def left_of(ring: Path) -> list[str]:
    """What is left of results of a ring in its folder, and of results by its name, a line each."""
    with suppress(OSError):
        partials = sorted(ring.parent.glob(f"*{PARTIAL_SUFFIX}*"))
        outputs = dict.fromkeys(one.with_name(one.name.partition(PARTIAL_SUFFIX)[0]) for one in partials)
        return [line for output in outputs for line in _left(output, ring)][:MOST_LEFT]
    return []


def left_by_name(output: Path) -> list[str]:
    """What is left of results by this name, a line each."""
    return [_line(output, one.left) for one in cut_off(output)]


def _left(output: Path, ring: Path) -> Iterator[str]:
    for one in cut_off(output):
        if output == ring or holds_tasks_of(one.left, ring):
            yield _line(output, one.left)


def _line(output: Path, left: Path) -> str:
    name = output.with_name(left.name)
    look = command_line("why", file=name)
    return (
        f"{name}: as far as a launch into {output} had come when it was killed; to go on from there: {look}"
    )

"""Options of `why` alone: what goes with the rings, and what counts as failed. Typer-free."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vyrectl.cli.option_groups import AGAIN, BESIDE
from vyrectl.dataclass import dataclass
from vyrectl.declared import LIMITS, path, seconds, text, texts, whole
from vyrectl.why.classes import find_cause

MOST_WAIT_S = 3600.0


def _cause(name: str) -> str:
    return find_cause(name).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the answer goes by beside the rings."""

    control: Path | None = path(
        None, "--control", metavar="FILE", says="Control buffer that goes with the ring.", group=BESIDE
    )
    since: Path | None = path(
        None,
        "--since",
        metavar="FILE",
        says="An earlier look: a copy of the ring, or a snapshot.",
        group=AGAIN,
    )
    trace: Path | None = path(
        None, "--trace", metavar="FILE", says="What `launch --trace` wrote.", group=BESIDE
    )
    epoch: int | None = whole(None, "--epoch", says="Epoch to go by; the control buffer's if not given.")
    age_threshold: int | None = whole(
        None, "--age-threshold", says="Age ticks of a starved task; 32 if not given.", group=LIMITS
    )
    again_after_s: float | None = seconds(
        None,
        "--again-after",
        says="Look twice, so far apart; a second for a ring that runs in place if not given, 0 for once.",
        group=AGAIN,
        most=MOST_WAIT_S,
    )
    fail_on: Sequence[str] = texts(
        (),
        "--fail-on",
        metavar="CLASS",
        says="Exit 1 for this class alone; may be repeated.",
        group=LIMITS,
        reads=_cause,
    )
    explain: str | None = text(
        None, "--explain", metavar="CLASS", says="Say what a class means, or all; needs no ring."
    )

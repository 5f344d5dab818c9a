"""Options of `plan` alone: what is asked, by which thresholds, and what is shown of the answer. Typer-free."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vyrectl.cli.declared import read_number
from vyrectl.cli.option_groups import NAMES
from vyrectl.cli.request_options import REQUEST_SAYS
from vyrectl.dataclass import dataclass
from vyrectl.declared import pair, path, paths, switch, text, texts
from vyrectl.errors import UsageError
from vyrectl.policy.enums import Topology, parse_topology
from vyrectl.policy.request import REQUEST_WIDTHS


def parse_sweep(given: str) -> tuple[str, int, int]:
    """Value of `--sweep`: the field, its first and its last value.

    Raises:
        UsageError: Not FIELD=START..STOP, or a bound out of the field's range.
        UnknownNameError: The request has no such field.
    """
    name, equals, bounds = given.partition("=")
    start, dots, stop = bounds.partition("..")
    if not (equals and dots):
        raise UsageError(
            f"--sweep is {given!r}", fix="Give FIELD=START..STOP, for example queue_len=0..100000"
        )
    field = name.strip().replace("-", "_")
    most = REQUEST_WIDTHS.most.get(field, 0xFFFF_FFFF_FFFF_FFFF)
    ends = [read_number(end, "a bound of --sweep", most=most) for end in (start, stop)]
    return field, ends[0], ends[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What a plan is asked with."""

    device: str | None = text(
        None, "--device", metavar="D", says="Device whose limits to plan for; the best by default."
    )
    request: Path | None = path(None, "--request", metavar="FILE", says=REQUEST_SAYS)
    previous: Topology | None = text(
        None,
        "--previous",
        metavar="TOPOLOGY",
        says="Topology of the launch before, for hysteresis.",
        reads=parse_topology,
    )
    policy: Path | None = path(
        None, "--policy", metavar="FILE", says="Thresholds of the policy, as JSON or TOML."
    )
    compare: tuple[Path, Path] | None = pair(
        None,
        "--compare",
        metavar="A B",
        says="Launch copies of the ring under two policies, and say which does better.",
    )
    explain: bool = switch(False, "--explain", says="Show each step that decided something.")
    sweep: tuple[str, int, int] | None = text(
        None,
        "--sweep",
        metavar="FIELD=START..STOP",
        says="Show where the answer flips.",
        reads=parse_sweep,
    )
    ops: Sequence[Path] = paths(
        (),
        "--ops",
        metavar="FILE.cl",
        says="Operations that the launch will be given; repeatable.",
        group=NAMES,
    )
    buffers: Sequence[str] = texts(
        (), "--buffer", metavar="H=SPEC", says="Buffers that it will be given, as launch takes them."
    )

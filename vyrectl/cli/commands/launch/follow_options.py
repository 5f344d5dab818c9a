"""What `launch` makes of --follow, --feed, --reclaim and --spin-ms."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vyrectl.cli.output import Output, write_line
from vyrectl.errors import UsageError
from vyrectl.launching.plan import AUTO, OFF
from vyrectl.live.follower import FollowPlan

if TYPE_CHECKING:
    from rich.console import RenderableType


def follow_plan(
    *, follow: bool, feed: str, reclaim: bool, spin_ms: float | None, options: dict[str, Any]
) -> FollowPlan | None:
    """How the launch stays when it is drained; None when it does not.

    Args:
        follow: --follow.
        feed: --feed, or empty; it follows too.
        reclaim: --reclaim.
        spin_ms: --spin-ms, or None.
        options: What the launch is given beside these. The policy is not asked by itself (`plan` becomes off): it
            speaks of the tasks that are there, and more will come.

    Raises:
        UsageError: Options that go only with a feed or with following, or not with it.
    """
    if not follow and not feed:
        for given, name in ((reclaim, "--reclaim"), (spin_ms is not None, "--spin-ms")):
            if given:
                raise UsageError(f"{name} is for a launch that follows", fix="Add --follow or --feed")
        return None
    if reclaim and not feed:
        raise UsageError("--reclaim is for a feed", fix="Add --feed - or --feed FIFO")
    for given, name, fix in (
        (options["where"], "--where", "It chooses among the tasks of the start; leave it out"),
        (options["verify"], "--verify", "Verify a launch that ends when it is drained"),
        (options["mode"] == "jit", "--mode jit", "Tasks to come may use any operation; leave it out"),
    ):
        if given:
            raise UsageError(f"{name} does not go with a launch that follows", fix=fix)
    if options["plan"] == AUTO:
        options["plan"] = OFF
    spin_seconds = None if spin_ms is None else spin_ms / 1000
    return FollowPlan(feed or None, reclaim, spin_seconds, answers=os.dup(1) if feed else 1)


def show_fed(output: Output, report: dict[str, Any], view: Callable[[Any], RenderableType]) -> None:
    """The end of a feed: the report as the last line of the answers, and for people on stderr."""
    write_line(json.dumps({"report": {"schema": "vyrectl.launch/1", **report}}))
    if output.is_table and not output.quiet:
        output.console(stderr=True).print(view(report))

"""What `launch` makes of --follow, --feed, --reclaim and --spin-ms."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from vyrectl.cli.output import Output, write_line
from vyrectl.errors import UsageError
from vyrectl.launching.options import LaunchOptions
from vyrectl.live.follower import FollowOptions

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vyrectl.cli.commands.launch.request import Flags
    from vyrectl.launching.report_record import LaunchRecord


def follow_options(flags: Flags, options: LaunchOptions) -> FollowOptions | None:
    """How the launch stays when it is drained; None when it does not.

    Raises:
        UsageError: Options that go only with a feed or with following, or not with it.
    """
    if not flags.follow and flags.feed is None:
        for given, name in ((flags.reclaim, "--reclaim"), (flags.spin_ms is not None, "--spin-ms")):
            if given:
                raise UsageError(f"{name} is for a launch that follows", fix="Add --follow or --feed")
        return None
    if flags.reclaim and flags.feed is None:
        raise UsageError("--reclaim is for a feed", fix="Add --feed - or --feed FIFO")
    for given, name, fix in (
        (options.where is not None, "--where", "It chooses among the tasks of the start; leave it out"),
        (options.verify, "--verify", "Verify a launch that ends when it is drained"),
        (options.mode == "jit", "--mode jit", "Tasks to come may use any operation; leave it out"),
    ):
        if given:
            raise UsageError(f"{name} does not go with a launch that follows", fix=fix)
    spin_seconds = None if flags.spin_ms is None else flags.spin_ms / 1000
    return FollowOptions(
        flags.feed, flags.reclaim, spin_seconds, answers=1 if flags.feed is None else os.dup(1)
    )


def show_fed(output: Output, report: LaunchRecord, view: Callable[[LaunchRecord], RenderableType]) -> None:
    """The end of a feed: the report as the last line of the answers, and for people on stderr."""
    write_line(json.dumps({"report": {"schema": "vyrectl.launch/1", **report}}))
    if output.is_table and not output.quiet:
        output.console(stderr=True).print(view(report))

"""Schemas of `control`, `debug`, `io`, `open`, `publish`, `replay`: what lies beside a ring and goes into it."""

from __future__ import annotations

from vyrectl.cli.commands.control.record import ControlRecord, EditAnswer
from vyrectl.cli.commands.debug.record import DebugAnswer
from vyrectl.cli.commands.io.record import IoAnswer
from vyrectl.cli.commands.publish.record import PublishDone, PublishPreview
from vyrectl.cli.commands.replay.record import ReplayAnswer, ReplayDiffAnswer
from vyrectl.cli.opened import OpenAnswer
from vyrectl.cli.schemas.parts import Schema
from vyrectl.cli.schemas.typed import printed

SCHEMAS: dict[str, Schema] = {
    "control": printed(
        "control", "A control buffer decoded, or what an edit changed in it.", ControlRecord, EditAnswer
    ),
    "debug": printed("debug", "The records of a debug log.", DebugAnswer),
    "io": printed("io", "The requests of an I/O queue.", IoAnswer),
    "open": printed("open", "What a file or a folder holds.", OpenAnswer),
    "publish": printed(
        "publish", "Where tasks were published, or with --dry-run what would be.", PublishDone, PublishPreview
    ),
    "replay": printed(
        "replay",
        "The records of a replay log, or where a replay parts from it.",
        ReplayAnswer,
        ReplayDiffAnswer,
    ),
}

"""Schemas of `control`, `debug`, `io`, `open`, `publish`, `replay`: what lies beside a ring and goes into it."""

from __future__ import annotations

from vyrectl.cli.commands.control.record import ControlRecord, EditAnswer
from vyrectl.cli.commands.debug.record import DebugAnswer
from vyrectl.cli.commands.io.record import IoAnswer
from vyrectl.cli.commands.publish.record import PublishDone, PublishPreview
from vyrectl.cli.commands.replay.record import ReplayAnswer, ReplayDiffAnswer
from vyrectl.cli.opened import OpenAnswer
from vyrectl.cli.schemas.parts import Schema, answer, document
from vyrectl.cli.schemas.typed import fields_of

SCHEMAS: dict[str, Schema] = {
    "control": document(
        "control",
        "A control buffer decoded, or what an edit changed in it.",
        answer("control", fields_of(ControlRecord)),
        answer("control", fields_of(EditAnswer)),
    ),
    "debug": document("debug", "The records of a debug log.", answer("debug", fields_of(DebugAnswer))),
    "io": document("io", "The requests of an I/O queue.", answer("io", fields_of(IoAnswer))),
    "open": document("open", "What a file or a folder holds.", answer("open", fields_of(OpenAnswer))),
    "publish": document(
        "publish",
        "Where tasks were published, or with --dry-run what would be.",
        answer("publish", fields_of(PublishDone)),
        answer("publish", fields_of(PublishPreview)),
    ),
    "replay": document(
        "replay",
        "The records of a replay log, or where a replay parts from it.",
        answer("replay", fields_of(ReplayAnswer)),
        answer("replay", fields_of(ReplayDiffAnswer)),
    ),
}

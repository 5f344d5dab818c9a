"""Schemas of `build`, `map`, `report` and `diff`: whole rings."""

from __future__ import annotations

from vyrectl.cli.commands.build.record import BuildAnswer
from vyrectl.cli.commands.diff.record import DiffAnswer
from vyrectl.cli.commands.report.record import ReportAnswer
from vyrectl.cli.map_record import MapAnswer, PictureAnswer
from vyrectl.cli.schemas.parts import Schema, answer, document
from vyrectl.cli.schemas.typed import fields_of

SCHEMAS: dict[str, Schema] = {
    "build": document("build", "The ring that was made.", answer("build", fields_of(BuildAnswer))),
    "map": document(
        "map",
        "A ring as marks, or the picture that was written.",
        answer("map", fields_of(MapAnswer)),
        answer("map", fields_of(PictureAnswer)),
    ),
    "report": document("report", "The page that was written.", answer("report", fields_of(ReportAnswer))),
    "diff": document(
        "diff", "What changed between two looks at a ring.", answer("diff", fields_of(DiffAnswer))
    ),
}

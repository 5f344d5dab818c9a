"""Schemas of `build`, `map`, `report` and `diff`: whole rings."""

from __future__ import annotations

from vyrectl.cli.commands.build.record import BuildAnswer
from vyrectl.cli.commands.diff.record import DiffAnswer
from vyrectl.cli.commands.report.record import ReportAnswer
from vyrectl.cli.map_record import MapAnswer, PictureAnswer
from vyrectl.cli.schemas.parts import Schema
from vyrectl.cli.schemas.typed import printed

SCHEMAS: dict[str, Schema] = {
    "build": printed("build", "The ring that was made.", BuildAnswer),
    "map": printed("map", "A ring as marks, or the picture that was written.", MapAnswer, PictureAnswer),
    "report": printed("report", "The page that was written.", ReportAnswer),
    "diff": printed("diff", "What changed between two looks at a ring.", DiffAnswer),
}

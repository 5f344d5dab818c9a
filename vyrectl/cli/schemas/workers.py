"""Schema of `workers`, and of a worker wherever one is shown."""

from __future__ import annotations

from vyrectl.cli.commands.workers.source import WorkersAnswer
from vyrectl.cli.schemas.parts import Schema, answer, document
from vyrectl.cli.schemas.typed import fields_of

SCHEMAS: dict[str, Schema] = {
    "workers": document(
        "workers",
        "What the workers of a launch have in hand.",
        answer("workers", fields_of(WorkersAnswer)),
    )
}

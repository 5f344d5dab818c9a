"""Schemas of `transition` and `set`: what an edit changed, or would change."""

from __future__ import annotations

from vyrectl.cli.edit_record import EditDone, EditPreview
from vyrectl.cli.schemas.parts import Schema, answer, document
from vyrectl.cli.schemas.typed import fields_of


def change_answers(command: str) -> tuple[Schema, Schema]:
    """What an editing command prints: what it did, or with `--dry-run` what it would do."""
    return answer(command, fields_of(EditDone)), answer(command, fields_of(EditPreview))


SCHEMAS: dict[str, Schema] = {
    "transition": document("transition", "What a lifecycle action changed.", *change_answers("transition")),
    "set": document("set", "What was written into slots.", *change_answers("set")),
}

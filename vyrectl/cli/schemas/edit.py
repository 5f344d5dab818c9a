"""Schemas of `transition` and `set`: what an edit changed, or would change."""

from __future__ import annotations

from vyrectl.cli.edit_record import EditDone, EditPreview
from vyrectl.cli.schemas.parts import Schema
from vyrectl.cli.schemas.typed import printed

CHANGED = (EditDone, EditPreview)
"""What an editing command did, or with `--dry-run` would do."""

SCHEMAS: dict[str, Schema] = {
    "transition": printed("transition", "What a lifecycle action changed.", *CHANGED),
    "set": printed("set", "What was written into slots.", *CHANGED),
}

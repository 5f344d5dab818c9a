"""What `transition`, `set` and `encode --slot` say of the slots that they changed, or would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypedDict

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.slot_records import FieldName
from vyrectl.shapes import Count, Keyed, Word


class EditCounts(TypedDict):
    """How many slots and words an action changes; words that no slot changes are left out."""

    ring: str
    action: str
    total: Count
    selected: Count
    slots_changed: Count
    words_changed: Annotated[Mapping[str, Count], Keyed(optional=FIELD_NAMES)]
    backup: str | None


class EditRecord(EditCounts):
    """The same, and whether it did."""

    dry_run: bool


class ChangeRow(TypedDict):
    """A word of a slot that changes."""

    slot: Count
    field: FieldName
    old: Word
    new: Word


class EditDone(EditCounts):
    """What was done."""

    dry_run: Literal[False]


class EditPreview(EditCounts):
    """What would be done."""

    dry_run: Literal[True]
    changes: Iterable[ChangeRow]

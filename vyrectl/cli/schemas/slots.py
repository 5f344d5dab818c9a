"""Schemas of `encode`, `decode` and `inspect`: slots in words and names."""

from __future__ import annotations

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.schemas.edit import CHANGED
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    SHARE,
    TEXT,
    WORD,
    Fields,
    Schema,
    answer,
    choice,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.typed import answer_of, fields_of
from vyrectl.cli.slot_records import DecodedSlot, DecodedSlots, FullSlot, SlotNames, SlotRecord, SlotWords
from vyrectl.protocol.partitions import PARTITION

FIELD = choice(FIELD_NAMES)

LISTED: Fields = {"ring": TEXT, "total": COUNT, "matched": COUNT, "shown": COUNT}
NAMED: Fields = {**fields_of(SlotWords), **fields_of(SlotNames)}
ROW: Fields = {"slot": COUNT, **NAMED}
TREE: Fields = {"depth": COUNT, "parent_slot": maybe(COUNT), "matched": BOOL}
BY_PARTITION: Fields = {PARTITION: maybe(TEXT)}
"""With `--control`, the class of a slot's partition; None outside all partitions."""

COLUMNS = choice(ROW)
GROUP: Fields = {"slots": COUNT, "share": SHARE, "oldest": WORD}


def _some(fields: Fields) -> Schema:
    """A record of which `--columns` may leave out keys."""
    return record({}, fields)


ONE_SLOT = answer_of("inspect", FullSlot)
LISTING = answer(
    "inspect", {**LISTED, "slots": rows({"anyOf": [_some({**ROW, **BY_PARTITION}), record(TREE, ROW)]})}
)
GROUPS = answer(
    "inspect",
    {
        **LISTED,
        "by": rows(FIELD),
        "groups_total": COUNT,
        "groups": rows(record(GROUP, NAMED)),
    },
)
TO_FILE = answer("inspect", {**LISTED, "output": TEXT, "columns": rows(COLUMNS)})

DECODED = answer_of("decode", DecodedSlot)
DECODED_SEVERAL = answer_of("decode", DecodedSlots)

HEX: Schema = {"type": "string", "pattern": "^[0-9a-f]{128}$"}

SCHEMAS: dict[str, Schema] = {
    "encode": document(
        "encode",
        "A slot as hex with its fields, or what changed in a ring.",
        answer("encode", {"hex": HEX, **fields_of(SlotRecord)}),
        *(answer_of("encode", kind) for kind in CHANGED),
    ),
    "decode": document("decode", "One slot word by word, or several.", DECODED, DECODED_SEVERAL),
    "inspect": document(
        "inspect",
        "Slots in a list or tree, one slot in full, groups, or the file that was written.",
        LISTING,
        ONE_SLOT,
        GROUPS,
        TO_FILE,
    ),
}

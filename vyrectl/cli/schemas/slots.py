"""Schemas of `encode`, `decode` and `inspect`: slots in words and names."""

from __future__ import annotations

from vyrectl.abi.slot import FIELD_NAMES, FIELDS, PAYLOAD_FIRST
from vyrectl.cli.describe import argument_name
from vyrectl.cli.schemas.edit import change_answers
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    SHARE,
    SLOT,
    SLOT_NAMES,
    SLOT_WORDS,
    TEXT,
    TEXTS,
    WORD,
    Fields,
    Schema,
    answer,
    choice,
    document,
    maybe,
    record,
    rows,
    table,
)
from vyrectl.protocol.partitions import PARTITION
from vyrectl.task.lifecycle import TRANSITIONS

FIELD = choice(FIELD_NAMES)

WORD_ROWS = rows(
    record(
        {
            "word": {"type": "integer", "minimum": 0, "maximum": 15},
            "name": choice((*FIELD_NAMES, *map(argument_name, FIELDS[PAYLOAD_FIRST:]))),
            "value": WORD,
            "hex": TEXT,
            "meaning": TEXT,
        }
    )
)
ACTION_ROWS = rows(
    record(
        {
            "action": choice(TRANSITIONS),
            "arguments": TEXTS,
            "allowed": BOOL,
            "reason": maybe(TEXT),
            "changes": rows(
                record({"field": FIELD, "old": WORD, "new": maybe(WORD), "argument": maybe(TEXT)})
            ),
        }
    )
)
RELATIVES = rows(
    record(
        {
            "slot": COUNT,
            "state": WORD,
            "state_name": TEXT,
            "op_handle": WORD,
            "op_name": maybe(TEXT),
            "task_id": WORD,
            "age_ticks": WORD,
        }
    )
)

PACKED: Fields = {
    "packed": rows(
        record(
            {
                **table(("index", "opcode", "offset"), COUNT),
                "op_name": maybe(TEXT),
                "arguments": maybe(rows(WORD)),
                "runs": BOOL,
                "idle_reason": maybe(TEXT),
            }
        )
    )
}
"""Inner operations, where the slot is a packed one."""

LISTED: Fields = {"ring": TEXT, "total": COUNT, "matched": COUNT, "shown": COUNT}
ROW: Fields = {"slot": COUNT, **SLOT_WORDS, **SLOT_NAMES}
TREE: Fields = {"depth": COUNT, "parent_slot": maybe(COUNT), "matched": BOOL}
BY_PARTITION: Fields = {PARTITION: maybe(TEXT)}
"""With `--control`, the class of a slot's partition; None outside all partitions."""

COLUMNS = choice(ROW)
GROUP: Fields = {"slots": COUNT, "share": SHARE, "oldest": WORD}


def _some(fields: Fields) -> Schema:
    """A record of which `--columns` may leave out keys."""
    return record({}, fields)


ONE_SLOT = answer(
    "inspect",
    {
        "ring": TEXT,
        "slot": COUNT,
        **SLOT,
        "reading": choice(("task", "protocol")),
        "words": WORD_ROWS,
        "actions": ACTION_ROWS,
        "parents": RELATIVES,
        "children": RELATIVES,
    },
    {**PACKED, **BY_PARTITION},
)
LISTING = answer(
    "inspect", {**LISTED, "slots": rows({"anyOf": [_some({**ROW, **BY_PARTITION}), record(TREE, ROW)]})}
)
GROUPS = answer(
    "inspect",
    {
        **LISTED,
        "by": rows(FIELD),
        "groups_total": COUNT,
        "groups": rows(record(GROUP, {**SLOT_WORDS, **SLOT_NAMES})),
    },
)
TO_FILE = answer("inspect", {**LISTED, "output": TEXT, "columns": rows(COLUMNS)})

DECODED = answer("decode", {**SLOT, "words": WORD_ROWS}, PACKED)
DECODED_SEVERAL = answer(
    "decode", {"slots": rows(record({"slot": COUNT, **SLOT, "words": WORD_ROWS}, PACKED))}
)

HEX: Schema = {"type": "string", "pattern": "^[0-9a-f]{128}$"}

SCHEMAS: dict[str, Schema] = {
    "encode": document(
        "encode",
        "A slot as hex with its fields, or what changed in a ring.",
        answer("encode", {"hex": HEX, **SLOT}),
        *change_answers("encode"),
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

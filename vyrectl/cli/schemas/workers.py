"""Schema of `workers`, and of a worker wherever one is shown."""

from __future__ import annotations

from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    SECONDS,
    TEXT,
    WORD,
    Schema,
    answer,
    document,
    maybe,
    record,
    rows,
)

WORKER = record(
    {
        "worker": COUNT,
        "slot": maybe(COUNT),
        "op_handle": maybe(WORD),
        "op_name": maybe(TEXT),
        "turns": WORD,
        "polls": WORD,
        "seconds": maybe(SECONDS),
    },
    {"device": TEXT},
)

SCHEMAS: dict[str, Schema] = {
    "workers": document(
        "workers",
        "What the workers of a launch have in hand.",
        answer(
            "workers",
            {
                "ring": TEXT,
                "held_by": maybe(TEXT),
                "lives": BOOL,
                "in_place": BOOL,
                "busy": COUNT,
                "idle": COUNT,
                "oldest_turn": maybe(WORKER),
                "workers": rows(WORKER),
            },
        ),
    )
}

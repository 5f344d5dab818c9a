"""Schema of `why`."""

from __future__ import annotations

from vyrectl.cli.schemas.parts import (
    TEXT,
    Fields,
    Schema,
    answer,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.telemetry import SINCE
from vyrectl.cli.schemas.typed import fields_of, record_of
from vyrectl.why.record import LookRecord, WhyCauseRecord, WhyRecord

RING: Fields = {
    **fields_of(WhyRecord),
    "left": rows(TEXT),
    "looks": rows(record_of(LookRecord)),
    "changes": maybe(SINCE),
}
EXPLAINED = answer("why-explain", {"classes": rows(record_of(WhyCauseRecord))})

SCHEMAS: dict[str, Schema] = {
    "why": document(
        "why",
        "Why a queue does not move, or what the classes mean.",
        answer("why", RING),
        answer("why", {"rings": rows(record(RING))}),
        EXPLAINED,
    ),
}

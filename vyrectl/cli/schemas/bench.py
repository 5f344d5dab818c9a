"""Schema of `bench`."""

from __future__ import annotations

from vyrectl.cli.schemas.machine import DEVICE
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    NUMBER,
    SECONDS,
    TEXT,
    TEXTS,
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

MEMORY = ("bytes", "bytes_a_slot", "compact_bytes_a_slot", "fast_bytes_a_slot")


def _spread(name: str) -> Fields:
    """A median with the least and the most."""
    return table((name, f"{name}_least", f"{name}_most"), maybe(SECONDS))


MEASURED: Fields = {
    "name": TEXT,
    "section": TEXT,
    "size": COUNT,
    "unit": TEXT,
    "amount": COUNT,
    "variant": TEXT,
    **_spread("device_seconds"),
    **_spread("wall_seconds"),
    "device_rate": maybe(NUMBER),
    "wall_rate": maybe(NUMBER),
    "beside": maybe(TEXT),
    **_spread("share"),
    **_spread("wall_share"),
}
JUDGED: Fields = {
    "quantity": maybe(choice(("share", "times", "seconds"))),
    "value": maybe(NUMBER),
    "target": maybe(NUMBER),
    "met": maybe(BOOL),
}
NAMED: Fields = {"name": TEXT, "size": COUNT}
FACTS: Schema = {"type": ["integer", "number", "string", "boolean", "null"]}

BENCH = answer(
    "bench",
    {
        "device": record(DEVICE),
        "quick": BOOL,
        "repeats": COUNT,
        "sizes": rows(COUNT),
        "geometry": rows({**record(NAMED), "additionalProperties": FACTS}),
        "where_time_goes": rows({**record(NAMED), "additionalProperties": maybe(NUMBER)}),
        "bytes_beside_ring": rows(record({"size": COUNT, **table(MEMORY, maybe(NUMBER))})),
        "overtaken": rows({"type": "object", "additionalProperties": NUMBER}),
        "skipped": TEXTS,
        "seconds": SECONDS,
        "measures": rows(record(MEASURED)),
    },
)

HOST = answer(
    "bench-host",
    {
        "slots": COUNT,
        "repeats": COUNT,
        "processors": COUNT,
        "device": maybe(record(DEVICE)),
        "skipped": TEXTS,
        "seconds": SECONDS,
        "measures": rows(record({**MEASURED, **JUDGED})),
    },
)

WALL = answer(
    "bench-wall",
    {
        "device": record(DEVICE),
        "sizes": rows(COUNT),
        "repeats": COUNT,
        "seconds": SECONDS,
        "measures": rows(
            record(
                {
                    **MEASURED,
                    "times_floor": maybe(NUMBER),
                    "times_device": maybe(NUMBER),
                    "target": maybe(NUMBER),
                    "met": maybe(BOOL),
                }
            )
        ),
    },
)

LIVE = answer(
    "bench-live",
    {
        "device": TEXT,
        "skipped": TEXTS,
        "seconds": SECONDS,
        "figures": rows(
            record(
                {
                    "name": TEXT,
                    "unit": choice(("seconds", "tasks/s", "count")),
                    "value": NUMBER,
                    "p99": maybe(NUMBER),
                    "count": COUNT,
                    "target": maybe(NUMBER),
                    "met": maybe(BOOL),
                }
            )
        ),
    },
)

DEVICES = answer(
    "bench-devices",
    {
        "devices": TEXTS,
        **table(("slots", "repeats"), COUNT),
        "figures": rows(
            record(
                {
                    "name": TEXT,
                    "unit": choice(("seconds", "times")),
                    "value": NUMBER,
                    "target": maybe(NUMBER),
                    "met": maybe(BOOL),
                }
            )
        ),
    },
)

SCHEMAS: dict[str, Schema] = {
    "bench": document(
        "bench",
        "A device, the host, a running launch, waiting, or several devices.",
        BENCH,
        HOST,
        LIVE,
        WALL,
        DEVICES,
    ),
}

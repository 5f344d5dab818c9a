"""Schema of `bench`."""

from __future__ import annotations

from vyrectl.bench.records import BenchAnswer, DevicesAnswer, HostAnswer, LiveAnswer, Named, WallAnswer
from vyrectl.cli.schemas.parts import NUMBER, Schema, answer, document, maybe, rows
from vyrectl.cli.schemas.typed import answer_of, fields_of, record_of

FACTS: Schema = {"type": ["integer", "number", "string", "boolean", "null"]}
FACT_BESIDE: Schema = {**record_of(Named), "additionalProperties": FACTS}
TIME_BESIDE: Schema = {**record_of(Named), "additionalProperties": maybe(NUMBER)}

BENCH = answer(
    "bench",
    {**fields_of(BenchAnswer), "geometry": rows(FACT_BESIDE), "where_time_goes": rows(TIME_BESIDE)},
)

SCHEMAS: dict[str, Schema] = {
    "bench": document(
        "bench",
        "A device, the host, a running launch, waiting, or several devices.",
        BENCH,
        answer_of("bench-host", HostAnswer),
        answer_of("bench-live", LiveAnswer),
        answer_of("bench-wall", WallAnswer),
        answer_of("bench-devices", DevicesAnswer),
    ),
}

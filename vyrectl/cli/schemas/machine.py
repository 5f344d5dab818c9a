"""Schemas of `devices`, `doctor`, `ops`, `completion`, `schema`, and of errors."""

from __future__ import annotations

from vyrectl.cli.commands.devices.record import DevicesAnswer
from vyrectl.cli.commands.doctor.record import DiagnosedDevice, DoctorAnswer
from vyrectl.cli.commands.help.record import HelpAnswer, TopicsAnswer
from vyrectl.cli.commands.ops.record import OpsAnswer, OpsCheckAnswer
from vyrectl.cli.commands.schema.record import SchemasAnswer
from vyrectl.cli.schemas.parts import (
    DRAFT,
    TEXT,
    Schema,
    answer,
    described,
    document,
    maybe,
    record,
    rows,
)
from vyrectl.cli.schemas.typed import answer_of, fields_of, printed, record_of, schema_of_type
from vyrectl.opencl.diagnosis import Fact

FACT = schema_of_type(Fact)
DIAGNOSED = {**record_of(DiagnosedDevice), "additionalProperties": FACT}
DOCTOR = answer("doctor", {**fields_of(DoctorAnswer), "devices": rows(DIAGNOSED)})

ERROR = described(
    {
        **record(
            {
                "schema": {"const": "vyrectl.error/1"},
                "error": described(TEXT, "Stable name of the kind of error."),
                "message": described(TEXT, "What went wrong."),
                "where": described(maybe(TEXT), "File, slot, line or option."),
                "fix": described(maybe(TEXT), "What to do about it."),
                "exit_code": {"type": "integer", "minimum": 1, "maximum": 255},
            }
        ),
        "additionalProperties": True,
    },
    "Kinds of error add particulars of their own, such as slot, state, column or errno.",
)

SCHEMAS: dict[str, Schema] = {
    "help": printed("help", "The topics and commands there are, or one of them.", TopicsAnswer, HelpAnswer),
    "devices": printed("devices", "What can run a ring.", DevicesAnswer),
    "doctor": document("doctor", "Whether this machine is ready.", DOCTOR),
    "ops": document(
        "ops",
        "Operations that a task may name, or with --check what is wrong with files of them.",
        answer_of("ops", OpsAnswer),
        answer_of("ops-check", OpsCheckAnswer),
    ),
    "completion": document(
        "completion", "A completion script.", answer("completion", {"shell": TEXT, "script": TEXT})
    ),
    "schema": document(
        "schema",
        "The schemas there are, or one of them.",
        answer_of("schema", SchemasAnswer),
        {"$ref": DRAFT, "required": ["$schema", "$id", "title"]},
    ),
    "error": document("error", "What a command that fails writes to stderr when JSON was asked for.", ERROR),
}

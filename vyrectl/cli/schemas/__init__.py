"""JSON Schemas (draft 2020-12) of what `--json` prints, one for each command and one for errors.

They are data in the modules of this package, put together from `parts` and from the tables that the records
themselves come from. The invariant: no key is left out and none is optional without a reason, so that a record with
a key that its schema does not know is an error; tests hold every command's real output to it. Standard library only.
"""

from __future__ import annotations

from importlib import import_module

from vyrectl.cli.schemas.parts import Schema
from vyrectl.errors import UnknownNameError

HOMES: dict[str, str] = {
    "encode": "slots",
    "decode": "slots",
    "inspect": "slots",
    "build": "rings",
    "map": "rings",
    "report": "rings",
    "diff": "rings",
    "snapshot": "telemetry",
    "plot": "telemetry",
    "transition": "edit",
    "set": "edit",
    "publish": "wire",
    "control": "wire",
    "open": "wire",
    "io": "wire",
    "why": "why",
    "check": "care",
    "recover": "care",
    "repair": "care",
    "apply": "plan",
    "plan": "plan",
    "converge": "plan",
    "launch": "run",
    "workers": "run",
    "worker": "run",
    "debug": "wire",
    "replay": "wire",
    "demo": "run",
    "bench": "bench",
    "help": "machine",
    "devices": "machine",
    "doctor": "machine",
    "ops": "machine",
    "completion": "machine",
    "schema": "machine",
    "error": "machine",
}
"""Command, or `error` -> module of this package that holds its schema."""


def schema_of(name: str) -> Schema:
    """The schema of a command's answer, or of errors.

    Args:
        name: A key of `HOMES`.

    Raises:
        UnknownNameError: There is no such command.
    """
    if name not in HOMES:
        raise UnknownNameError("command", name, tuple(HOMES))
    found: Schema = import_module(f"{__name__}.{HOMES[name]}").SCHEMAS[name]
    return found

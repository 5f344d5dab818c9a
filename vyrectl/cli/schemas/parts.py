"""What schemas are put together from: words, counts, records, and the pieces that several commands print.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vyrectl.abi.limits import U32_MAX

Schema = dict[str, Any]
Fields = Mapping[str, Schema]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

TEXT: Schema = {"type": "string"}
BOOL: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
WORD: Schema = {"type": "integer", "minimum": 0, "maximum": U32_MAX}


def described(schema: Schema, text: str) -> Schema:
    """The same schema with a sentence."""
    return {**schema, "description": text}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def choice(values: Iterable[str]) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": [str(value) for value in values]}


def rows(item: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": item}


def table(keys: Iterable[str], schema: Schema) -> dict[str, Schema]:
    """Every key with the same schema."""
    return dict.fromkeys(keys, schema)


def mapping(schema: Schema) -> Schema:
    """An object whose keys are data."""
    return {"type": "object", "additionalProperties": schema}


def record(fields: Fields, optional: Fields | None = None) -> Schema:
    """An object with these keys and no others; the optional ones may be missing."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def answer(name: str, fields: Fields, optional: Fields | None = None) -> Schema:
    """What a command prints: a record that begins with its schema's name."""
    return record({"schema": {"const": f"vyrectl.{name}/1"}, **fields}, optional)


def document(command: str, title: str, *answers: Schema, shared: Fields | None = None) -> Schema:
    """The schema of a command: one answer, or one of several.

    Args:
        command: The command that answers, or `error`.
        title: One sentence.
        answers: What it may print.
        shared: Pieces that `piece` refers to by name.
    """
    head = {"$schema": DRAFT, "$id": f"urn:vyrectl:schema:{command}:1", "title": title}
    body = answers[0] if len(answers) == 1 else {"oneOf": list(answers)}
    return {**head, **body, **({"$defs": dict(shared)} if shared else {})}


def piece(name: str) -> Schema:
    """A shared piece of the document."""
    return {"$ref": f"#/$defs/{name}"}

"""No schema changes unseen: each is pinned by its digest, so that making it of a type proves to be no change of it.

The words of an enumeration are left out: their tables grow, and the schema with them.

`UPDATE_GOLDEN=1 pytest tests/cli/test_pinned_schemas.py` writes the digests anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from vyrectl.cli.schemas import HOMES, schema_of

PINNED = Path(__file__).parent.parent / "golden" / "schemas.json"


def _digest(name: str) -> str:
    return hashlib.sha256(json.dumps(_sorted(schema_of(name))).encode()).hexdigest()[:16]


def _sorted(schema: object) -> object:
    """The schema in one order, where order says nothing: of keys, and of the names of those that are required."""
    if isinstance(schema, list):
        return [_sorted(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _told(key, schema[key]) for key in sorted(schema)}


def _told(key: str, value: object) -> object:
    if isinstance(value, list) and key in ("required", "enum"):
        return sorted(value) if key == "required" else []
    return _sorted(value)


def test_every_schema_is_as_it_was() -> None:
    found = {name: _digest(name) for name in sorted(HOMES)}
    if os.environ.get("UPDATE_GOLDEN"):
        PINNED.write_text(json.dumps(found, indent=1) + "\n")
    assert json.loads(PINNED.read_text()) == found

"""No schema changes unseen: each is pinned by its digest, so that making it of a type proves to be no change of it.

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
    return hashlib.sha256(json.dumps(schema_of(name), sort_keys=True).encode()).hexdigest()[:16]


def test_every_schema_is_as_it_was() -> None:
    found = {name: _digest(name) for name in sorted(HOMES)}
    if os.environ.get("UPDATE_GOLDEN"):
        PINNED.write_text(json.dumps(found, indent=1) + "\n")
    assert json.loads(PINNED.read_text()) == found

"""Answers of the runtime that defines the ABI, as JSON lines under `tests/vectors/`."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "vectors"


@lru_cache(maxsize=4)
def _read(name: str) -> tuple[dict[str, Any], ...]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def load(name: str, kind: str | None = None) -> list[dict[str, Any]]:
    """The vectors of one file, or those of one kind in it; there is always at least one."""
    found = [vector for vector in _read(name) if kind is None or vector["kind"] == kind]
    assert found, f"no vectors of kind {kind!r} in {name}"
    return found

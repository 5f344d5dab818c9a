"""Answers of the runtime that defines the ABI: JSON lines, gzip, one file for each kind of question."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def _lines(name: str) -> list[str]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
        return stream.read().splitlines()


def load(name: str, kind: str | None = None) -> Iterator[dict[str, Any]]:
    """The vectors of a file, of one kind if asked."""
    for line in _lines(name):
        vector = json.loads(line)
        if kind is None or vector["kind"] == kind:
            yield vector


def numbers(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its large numbers, which vectors write as text, as integers."""
    return {
        key: int(value) if isinstance(value, str) and value.isdigit() else value
        for key, value in record.items()
    }

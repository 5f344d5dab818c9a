"""What a text is: one of vyrectl's own records, a table of tasks, operations in OpenCL C, or something else.

Only the beginning is looked at; a text that is cut in the middle of a line is judged by the lines before. Standard
library only.
"""

from __future__ import annotations

import csv
import json
import re

from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX

LINES = 8
"""How many of the first lines are looked at."""

_SCHEMA = re.compile(r'"schema"\s*:\s*"(vyrectl\.[a-z-]{1,40}/\d{1,4})"')
_OPERATION = re.compile(r"\bVYRE_(?:ONCE_)?(?:GROUP_|SPAWNING_)?OP\s*\(|\bVYRE_STEP\s*\(")
_TASK_KEYS = frozenset({*FIELD_INDEX, *FIELD_ALIASES})


def text_schema(text: str) -> str | None:
    """The schema that a JSON text of vyrectl names, for example ``vyrectl.snapshot/1``; None without one."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    found = _SCHEMA.search(text)
    return found[1] if found else None


def declares_operations(text: str) -> bool:
    """True for OpenCL C that declares operations or transfer steps."""
    return _OPERATION.search(text) is not None


def is_task_table(text: str) -> bool:
    """True when the first lines are tasks: JSON objects with names of a slot's fields, or CSV under such a heading."""
    lines = [line for line in text.splitlines()[:LINES] if line.strip()]
    if not lines:
        return False
    if lines[0].lstrip().startswith("{"):
        return _has_task_keys(lines[0])
    heading = next(csv.reader(lines[:1]), [])
    names = {name.strip().lower() for name in heading}
    return bool(names & _TASK_KEYS) and len(names & _TASK_KEYS) * 2 >= len(names)


def _has_task_keys(line: str) -> bool:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and "schema" not in record and bool(record.keys() & _TASK_KEYS)

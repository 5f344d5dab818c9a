"""Debug records as rows and as lines, and the file that gives them texts. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import parse_json
from vyrectl.files.whole import read_head
from vyrectl.protocol.debug_format import Formats, format_record, parse_formats
from vyrectl.protocol.debug_log import DebugRecord
from vyrectl.shapes import Count, Word

MOST_TEXT_BYTES = 4 << 20


class DebugRow(TypedDict):
    """A record of the debug log, with its text where its format has one."""

    index: Count
    format_id: Word
    arg0: Word
    arg1: Word
    word: Word
    slot: Count
    text: str | None


def read_formats(path: Path | None) -> Formats:
    """The texts of format ids in a JSON file; none without a file.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It is no JSON object of texts, or has an unknown conversion.
    """
    if path is None:
        return {}
    data = read_head(path, MOST_TEXT_BYTES + 1, doing="read the formats")
    try:
        table = parse_json(data) if len(data) <= MOST_TEXT_BYTES else None
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise InvalidInputError(
            "this is no JSON object", where=str(path), fix='Write {"7": "tile %u took %u steps"}'
        )
    return parse_formats(table, str(path))


def debug_rows(records: Iterable[DebugRecord], formats: Formats, *, first: int = 0) -> Iterator[DebugRow]:
    """One row a record; `text` is None where the format id has none."""
    for index, record in enumerate(records, start=first):
        arg0, arg1, word = record.arguments
        yield {
            "index": index,
            "format_id": record.format_id,
            "arg0": arg0,
            "arg1": arg1,
            "word": word,
            "slot": record.slot,
            "text": format_record(record, formats),
        }


def debug_line(row: DebugRow) -> str:
    """One record for people: its text, or its numbers."""
    text = row["text"]
    said = f"format {row['format_id']}: {row['arg0']} {row['arg1']}" if text is None else text
    return f"printf, slot {row['slot']}: {said}"

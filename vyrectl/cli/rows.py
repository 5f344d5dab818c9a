"""Rows of one shape that are written quickly: JSON Lines and CSV from one template instead of a dict per row.

A command that lists a million slots gives `Output.emit` a `Rows`; any other iterable of mappings works too,
only slower. Standard library only.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

Value = str | bool | Sequence[str] | Mapping[str, object] | None
Quote = Callable[[Value], object]
"""Turns anything but an integer into what stands in a row of the chosen format."""

_SIMPLE = re.compile(r"[A-Za-z0-9_(][A-Za-z0-9_ ().:;|/-]*[A-Za-z0-9_).]|[A-Za-z0-9_]")
"""Texts that are the same in CSV as without."""

Blocks = Callable[[Quote], Iterator[Sequence[tuple[object, ...]]]]


class Rows:
    """Rows that all have the same keys; may be walked more than once.

    Args:
        columns: The keys, in order.
        blocks: Yields lists of value tuples; integers as they are, everything else passed through the `Quote`
            it is given.
    """

    def __init__(self, columns: Sequence[str], blocks: Blocks) -> None:
        self.columns = tuple(columns)
        self._blocks = blocks

    def __iter__(self) -> Iterator[dict[str, object]]:
        for block in self._blocks(_as_is):
            for values in block:
                yield dict(zip(self.columns, values, strict=True))

    def first(self, most: int | None) -> Rows:
        """At most that many rows from the top; all of them for None."""
        if most is None:
            return self

        def blocks(quote: Quote) -> Iterator[Sequence[tuple[object, ...]]]:
            left = most
            for block in self._blocks(quote):
                if left <= 0:
                    return
                yield block[:left]
                left -= len(block)

        return Rows(self.columns, blocks)

    def json_blocks(self) -> Iterator[list[str]]:
        """Blocks of rows, each row one JSON object without a line end."""
        template = "{" + ", ".join(f"{json.dumps(name)}: %s" for name in self.columns) + "}"
        for block in self._blocks(json_text):
            yield [template % values for values in block]

    def csv_blocks(self) -> Iterator[list[str]]:
        """The header as the first block, then blocks of rows, without line ends."""
        yield [",".join(csv_text(name) for name in self.columns)]
        template = ",".join(["%s"] * len(self.columns))
        for block in self._blocks(csv_text):
            yield [template % values for values in block]


def json_text(value: object) -> str:
    """One JSON value; texts, of which there are most, without the ways around them."""
    return json.encoder.encode_basestring_ascii(value) if type(value) is str else json.dumps(value)


def csv_text(value: object) -> str:
    """One CSV value: None is empty, texts in a list are joined by ``|``, other lists and objects are JSON."""
    if value is None:
        return ""
    if type(value) is str and _SIMPLE.fullmatch(value):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        value = "|".join(value)
    elif isinstance(value, (list, tuple, dict, bool)):
        value = json.dumps(value, default=list)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([value])
    written = line.getvalue()
    return "" if written == '""' else written


def _as_is(value: Value) -> Value:
    return value

"""What `map` says of a ring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypedDict, final

from vyrectl.shapes import Count, Form, Long, Share, Word


class Marked(TypedDict):
    """A mark, and the least of the values that it stands for; None for Empty, others and unknown."""

    mark: Annotated[str, Form(length=1)]
    least: Word | None


class MapKind(Marked):
    """What a mark stands for: values up to `most`, and the slots that have one."""

    name: str
    most: Word | None
    slots: Count
    share: Share
    first_slot: Count


class MapRow(TypedDict):
    """A row of marks."""

    first_slot: Count
    marks: str


class MapRecord(TypedDict):
    """Everything but the marks themselves."""

    ring: str
    by: str
    total: Count
    matched: Count
    slots_per_mark: Count
    marks_per_row: Count
    kinds: list[MapKind]


@final
class MapAnswer(MapRecord):
    """A map in letters."""

    rows: Iterable[MapRow]


@final
class PictureAnswer(MapRecord):
    """A map that was written as a picture, `pixels` wide and high."""

    output: str
    pixels: Annotated[list[Count], Long(2)]

"""Values of the records that `--json` prints: their bounds and their words, said once as types.

A record is a `TypedDict` or a frozen dataclass beside what makes it; mypy holds its maker to it, and
`vyrectl.cli.schemas.typed` makes its JSON Schema of it. The invariant: what a type here says of a value is what the
schema says. Standard library and the wire's limits only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from vyrectl.abi.limits import U32_MAX, U64_MAX


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a number: the least and the most that it is, None for no bound."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Among:
    """Of a text: the words that it is one of."""

    words: Collection[str]


@dataclass(frozen=True, slots=True)
class Form:
    """Of a text: a format of JSON Schema, or a regular expression."""

    name: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Long:
    """Of a list: how many entries it has."""

    entries: int


@dataclass(frozen=True, slots=True)
class Like:
    """Of a record that is made field by field: the dataclass whose fields it has."""

    kind: type


Count = Annotated[int, Bounds(0)]
Word = Annotated[int, Bounds(0, U32_MAX)]
LongWord = Annotated[int, Bounds(0, U64_MAX)]
Share = Annotated[float, Bounds(0, 1)]
Seconds = Annotated[float, Bounds(0)]
Timestamp = Annotated[str, Form("date-time")]

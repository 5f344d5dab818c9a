"""Values of the records that `--json` prints: their bounds and their words, said once as types.

A record is a `TypedDict` or a frozen dataclass beside what makes it; mypy holds its maker to it, and
`vyrectl.cli.schemas.typed` makes its JSON Schema of it. The invariant: what a type here says of a value is what the
schema says. Standard library and the wire's limits only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, NamedTuple

from vyrectl.abi.limits import U32_MAX, U64_MAX
from vyrectl.dataclass import dataclass


class Bounds(NamedTuple):
    """Of a number: the least and the most that it is, None for no bound."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Among:
    """Of a text: the words that it is one of."""

    words: Collection[str]


class Form(NamedTuple):
    """Of a text: a format of JSON Schema, a regular expression, how many characters it has."""

    name: str | None = None
    pattern: str | None = None
    length: int | None = None


class Long(NamedTuple):
    """Of a list: how many entries it has."""

    entries: int


class Shared(NamedTuple):
    """Of a record: the name of the piece of the schema that it refers to, for one that stands there several times."""

    name: str


class Like(NamedTuple):
    """Of a record that is made field by field: the dataclass whose fields it has."""

    kind: type


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """Of an object whose values are alike: the keys that it has, and those that it may have."""

    keys: Collection[str] = ()
    optional: Collection[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """Of an object of whole numbers from 0 on: its keys with the width of each in bits, and whether all are there."""

    bits: Mapping[str, int]
    whole: bool = True


Count = Annotated[int, Bounds(0)]
Word = Annotated[int, Bounds(0, U32_MAX)]
LongWord = Annotated[int, Bounds(0, U64_MAX)]
Share = Annotated[float, Bounds(0, 1)]
Seconds = Annotated[float, Bounds(0)]
Timestamp = Annotated[str, Form("date-time")]

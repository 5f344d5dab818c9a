"""A schema says of a record what its type says, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from vyrectl.cli.schemas.typed import fields_of, optional_of, record_of, schema_of_type
from vyrectl.shapes import Among, Count, Like, Long, Share, Timestamp, Word


class Colour(StrEnum):
    """Two words."""

    RED = "red"
    BLUE = "blue"


class Inner(TypedDict):
    """A record inside."""

    slot: Count
    name: str | None


class Outer(Inner):
    """A record that has another's keys first, and one that may be missing."""

    inners: list[Inner]
    more: NotRequired[Word]


@dataclass(frozen=True)
class Pair:
    """A dataclass."""

    left: Word
    right: float


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (Count, {"type": "integer", "minimum": 0}),
        (Share, {"type": "number", "minimum": 0, "maximum": 1}),
        (Timestamp, {"type": "string", "format": "date-time"}),
        (Word | None, {"type": ["integer", "null"], "minimum": 0, "maximum": 0xFFFF_FFFF}),
        (int | str | None, {"type": ["integer", "string", "null"]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Colour | None, {"anyOf": [{"type": "string", "enum": ["red", "blue"]}, {"type": "null"}]}),
        (Annotated[Colour, Among(("red",))], {"type": "string", "enum": ["red"]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[False], {"const": False}),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
        (tuple[int, int], {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}),
        (
            Annotated[list[int], Long(4)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
        ),
        (dict[str, Count], {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}),
        (Annotated[dict[str, object], Like(Pair)], record_of(Pair)),
    ],
)
def test_values(hint: Any, schema: dict[str, Any]) -> None:
    assert schema_of_type(hint) == schema


def test_a_record_has_its_keys_in_order_and_no_others() -> None:
    found = record_of(Outer)
    assert found["required"] == ["slot", "name", "inners"]
    assert list(found["properties"]) == ["slot", "name", "inners", "more"]
    assert found["additionalProperties"] is False
    assert found["properties"]["inners"]["items"] == record_of(Inner)
    assert set(fields_of(Outer)) | set(optional_of(Outer)) == set(found["properties"])


def test_a_dataclass_is_a_record() -> None:
    assert record_of(Pair)["required"] == ["left", "right"]


def test_what_json_has_no_value_for_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        schema_of_type(bytes)

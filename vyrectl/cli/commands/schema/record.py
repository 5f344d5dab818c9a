"""What `schema` says where no schema was named."""

from __future__ import annotations

from typing import TypedDict


class SchemaTitle(TypedDict):
    """A command, and what its answer is."""

    command: str
    title: str


class SchemasAnswer(TypedDict):
    """The schemas that there are."""

    schemas: list[SchemaTitle]

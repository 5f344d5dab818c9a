"""What `build` says of the ring that it made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from vyrectl.abi.states import TaskState
from vyrectl.shapes import Count, Keyed


class SourceRecord(TypedDict):
    """Where its tasks come from."""

    source: str
    table: str | None
    seed: Count | None


class BuildAnswer(SourceRecord):
    """The answer of `build`; `states` are those that there are slots of."""

    ring: str
    slots: Count
    tasks: Count
    bytes: Count
    states: Annotated[Mapping[str, Count], Keyed(optional=(*(state.label for state in TaskState), "unknown"))]
    dry_run: bool
    backup: str | None

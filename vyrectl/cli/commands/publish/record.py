"""What `publish` says of the tasks that it published, or would publish."""

from __future__ import annotations

from typing import Literal, TypedDict

from vyrectl.cli.commands.publish import PublishedSlot
from vyrectl.shapes import Count


class PublishCounts(TypedDict):
    """How many, and where."""

    ring: str
    published: Count
    first_slot: Count
    backup: str | None


class PublishDone(PublishCounts):
    """What was done."""

    dry_run: Literal[False]


class PublishPreview(PublishCounts):
    """What would be done, with the first slots of it."""

    dry_run: Literal[True]
    slots: list[PublishedSlot]

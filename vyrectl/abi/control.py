"""Layout of the control buffer (spec 3.1)."""

from __future__ import annotations

from vyrectl.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A run of control words.

    Attributes:
        name: The spec's name.
        first: Index of its first word.
        words: How many words it has.
        meaning: One line for tables.
    """

    name: str
    first: int
    words: int
    meaning: str

    @property
    def end(self) -> int:
        """Index one past its last word."""
        return self.first + self.words


SHUTDOWN = Region("SHUTDOWN", 0, 1, "non-zero: workers leave at their next iteration")
DONE_COUNT = Region("DONE_COUNT", 1, 1, "one more for each drained slot")
TENANT_BASE = Region("TENANT_BASE", 2, 1, "word index of the tenant table")
TENANT_MASKS = Region("TENANT_MASKS", 3, 29, "per tenant: 0 shuts it out")
TENANT_QUOTA = Region("TENANT_QUOTA", 32, 32, "per tenant: claims it may make")
TENANT_FAIRNESS = Region("TENANT_FAIRNESS", 64, 32, "claims per tenant, index tenant % 32")
METRICS = Region("METRICS", 96, 32, "executions per opcode, opcodes 0-31")
EPOCH = Region("EPOCH", 128, 1, "count of batch fences")
PRIORITY_OFFSETS = Region(
    "PRIORITY_OFFSETS", 129, 6, "first slot of each priority partition, then the slot total"
)
PRIORITY_STARVATION = Region("PRIORITY_STARVATION", 135, 1, "consecutive claims at Critical or High")
PRIORITY_FAIRNESS = Region("PRIORITY_FAIRNESS", 136, 5, "claims per priority")

OBSERVABLE_FIRST = 160
"""First word that operations publish results into; also a control buffer's least length in words."""

REGIONS: tuple[Region, ...] = (
    SHUTDOWN,
    DONE_COUNT,
    TENANT_BASE,
    TENANT_MASKS,
    TENANT_QUOTA,
    TENANT_FAIRNESS,
    METRICS,
    EPOCH,
    PRIORITY_OFFSETS,
    PRIORITY_STARVATION,
    PRIORITY_FAIRNESS,
)

DEFAULT_TENANT_QUOTA = 1_000_000
TENANT_OPEN = 0xFFFF_FFFF
"""Mask word of a tenant that a fresh buffer lets in."""

STARVATION_LIMIT = 16
"""Consecutive claims at Critical or High after which one is made from below (spec 3.5)."""

"""What a check is told beside the ring: the epoch, ages, operations and a control buffer's view of it.

Standard library only. The invariant: a fact that is not known makes its findings not searched for, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TypedDict, Unpack

from vyrectl.abi.control import EPOCH, OBSERVABLE_FIRST, PRIORITY_OFFSETS, PRIORITY_STARVATION, TENANT_MASKS
from vyrectl.abi.states import TaskPriority
from vyrectl.dataclass import dataclass
from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.reading import Abi, Readings

TENANTS = range(TENANT_MASKS.words)
"""Tenants that have a mask at all (spec 3.1)."""

STAND_INS = {
    "{task}": "op_handle not in (packed_slot, load_miss)",
    "{epoch}": "EPOCH",
    "{age}": "TICKS",
    "{ops}": "OPS",
    "{shut_out}": f"tenant_id < {len(TENANTS)} and tenant_id not in (TENANTS)",
    "{words}": "WORDS",
    "{observables}": "OBSERVABLES",
    "{misplaced}": "START <= slot < END and priority != CLASS",
}
"""Placeholder of a condition -> what `--explain` shows in its place."""


class MoreFacts(TypedDict, total=False):
    """Facts for an `About` that no control buffer tells."""

    age_threshold: int
    ops: frozenset[int] | None
    spawning: frozenset[int]
    readings: Readings


@dataclass(frozen=True, slots=True)
class About:
    """What a check is told beside the ring.

    Attributes:
        epoch: The batch fences so far; a pause until then, or until before, is over.
        age_threshold: Age ticks from which a queued task is called starving; 0 is never.
        ops: Ids of all operations with a body, or None when they are not known.
        spawning: Ids of those that may spawn, as far as they are known.
        admitted: Tenants whose mask lets them in, or None without a control buffer.
        offsets: The control buffer's priority offsets, six words, or None when it has none.
        control_words: How many words the control buffer has, or None without one.
        starvation: Its PRIORITY_STARVATION word.
        beyond: Tenants without a mask whom the runtime lets in all the same, by the word that it reads there: it
            looks up word 3 + tenant for any tenant, which from 29 on is the quota table, then what follows it.
        readings: Which slots hold arguments where a task keeps its own words.
    """

    epoch: int = 0
    age_threshold: int = AGE_THRESHOLD
    ops: frozenset[int] | None = None
    spawning: frozenset[int] = frozenset()
    admitted: frozenset[int] | None = None
    offsets: tuple[int, ...] | None = None
    control_words: int | None = None
    starvation: int = 0
    beyond: frozenset[int] = frozenset()
    readings: Readings = field(default_factory=Readings)

    @classmethod
    def beside(
        cls, control: Sequence[int] | None, *, epoch: int | None = None, **more: Unpack[MoreFacts]
    ) -> About:
        """What is known where a control buffer (spec 3.1) lies beside the ring; without one, what was asked for alone.

        Args:
            control: Its words, at least up to the priority offsets, or None.
            epoch: Epoch to go by, or None for the control buffer's.
            **more: Facts that no control buffer tells, by their names here.
        """
        if control is None:
            return cls(epoch=epoch or 0, **more)
        masks = control[TENANT_MASKS.first :]
        offsets = tuple(int(word) for word in control[PRIORITY_OFFSETS.first : PRIORITY_OFFSETS.end])
        return cls(
            epoch=int(control[EPOCH.first]) if epoch is None else epoch,
            admitted=frozenset(tenant for tenant in TENANTS if masks[tenant]),
            offsets=offsets if any(offsets) else None,
            control_words=len(control),
            starvation=int(control[PRIORITY_STARVATION.first]),
            beyond=frozenset(tenant for tenant in range(len(TENANTS), len(masks)) if masks[tenant]),
            **more,
        )

    @property
    def bounds(self) -> tuple[int, ...] | None:
        """The offsets when they ascend, else None: only then do they say which class a slot is for."""
        if self.offsets is None or list(self.offsets) != sorted(self.offsets):
            return None
        return self.offsets

    def knows(self, name: str) -> bool:
        """True when a finding of this name can be searched for."""
        facts = {
            "undefined-op": self.ops,
            "shut-out-tenant": self.admitted,
            "tenant-without-mask": self.admitted,
            "wrong-partition": self.bounds,
            "control-index": self.control_words,
            "fence-without-observables": self.control_words,
        }
        if name == "fence-without-observables" and (self.control_words or 0) > OBSERVABLE_FIRST:
            return False
        return facts.get(name, 0) is not None and (name != "starving" or self.age_threshold > 0)

    def condition(self, where: str) -> str:
        """A kind's condition with the facts in it, for a finding that can be searched for."""
        for placeholder, fact in self._facts().items():
            where = where.replace(placeholder, fact)
        return where

    def _facts(self) -> dict[str, str]:
        return {
            "{task}": self._task(),
            "{epoch}": str(self.epoch),
            "{age}": str(self.age_threshold),
            "{ops}": ", ".join(f"0x{code:x}" for code in sorted(self.ops or {0})),
            "{shut_out}": self._shut_out(),
            "{misplaced}": self._misplaced(),
            "{words}": str(self.control_words or 0),
            "{observables}": str(max(0, (self.control_words or 0) - OBSERVABLE_FIRST)),
        }

    def _task(self) -> str:
        asked = self.readings.asked
        if asked is not Abi.AUTO:
            return "slot >= 0" if asked is Abi.TASK else "slot < 0"
        ops = ("packed_slot", "load_miss", *(f"0x{one.op_handle:x}" for one in self.readings.decided))
        return f"op_handle not in ({', '.join(ops)})"

    def _shut_out(self) -> str:
        listed = ", ".join(map(str, sorted(self.admitted or ())))
        masked = f"tenant_id < {len(TENANTS)}"
        return f"{masked} and tenant_id not in ({listed})" if listed else masked

    def _misplaced(self) -> str:
        bounds = self.bounds or (0,) * (len(TaskPriority) + 1)
        return " or ".join(
            f"{bounds[one]} <= slot < {bounds[one + 1]} and priority != {int(one)}" for one in TaskPriority
        )

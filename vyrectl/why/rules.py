"""Every rule by the name of its class, in the order in which they are asked. Imports numpy.

The invariant, which a test holds: each class of `vyrectl.why.classes` but the two that are left over has a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from vyrectl.why import families, gates, moving, paused, running
from vyrectl.why.classes import CAUSES
from vyrectl.why.found import Found
from vyrectl.why.scene import Scene

Rule = Callable[[Scene], Iterator[Found]]

RULES: Mapping[str, Rule] = {
    "guard-live-lock": gates.guard_live_lock,
    "shut-out": gates.shut_out,
    "mask-closed": gates.mask_closed,
    "orphaned": running.orphaned,
    "held": running.held,
    "unattended": gates.unattended,
    "unknown-op": gates.unknown_op,
    "unknown-handle": gates.unknown_handle,
    "waits-for-children": families.waits_for_children,
    "due-forgotten": paused.due_forgotten,
    "not-due": paused.not_due,
    "starved": moving.starved,
    "circling": moving.circling,
    "faulted": moving.faulted,
    "full": families.full,
    "spinning": moving.spinning,
}


def find_all(scene: Scene) -> list[Found]:
    """Every class that holds, the most important first."""
    found = [one for rule in RULES.values() for one in rule(scene)]
    order = list(CAUSES)
    return sorted(found, key=lambda one: (not one.needs_person, -len(one.slots), order.index(one.cause.name)))

"""How many claims of a tenant a launch may make.

A quota counts claims, that is turns: a task that yields three times and finishes takes four. It belongs to a launch
and not to a round: what is claimed in one round is gone in the next. When it is spent, the tenant's tasks stay as they
are, are reported as shut out, and nobody waits for them. The invariant: never more claims than the quota, whoever
claims at the same time; a tenant without a quota is not bounded. Numpy only where it is used: the command line
reads its options with this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vyrectl.abi.number import parse_whole
from vyrectl.errors import UsageError
from vyrectl.numbers import check_mapping, integer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.task.arrays import SlotArray

Quotas = Mapping[int, int]
"""Tenant -> most claims."""

OPTION_FIX = "Give a tenant and a number of claims: --tenant-quota 3=100, in Python quotas={3: 100}"


def parse_quotas(texts: Iterable[str]) -> dict[int, int]:
    """Values of `--tenant-quota`, each TENANT=N.

    Raises:
        UsageError: Malformed, a number outside u32, or a tenant named twice.
    """
    quotas: dict[int, int] = {}
    for text in texts:
        tenant, separator, most = text.partition("=")
        key, value = parse_whole(tenant), parse_whole(most)
        if not separator or key is None or value is None:
            raise UsageError(f"--tenant-quota is {text!r}, which is no TENANT=N", fix=OPTION_FIX)
        if key in quotas:
            raise UsageError(f"--tenant-quota names tenant {key} twice", fix="Give each tenant one quota")
        quotas[key] = value
    return checked_quotas(quotas)


def checked_quotas(quotas: Quotas) -> dict[int, int]:
    """The same, by tenant, once every number fits a word.

    Raises:
        UsageError: One does not, or they are no mapping.
    """
    check_mapping("quotas", quotas, fix=OPTION_FIX)
    return dict(
        sorted(
            (integer("the tenant", tenant, fix=OPTION_FIX), integer("the quota", most, fix=OPTION_FIX))
            for tenant, most in quotas.items()
        )
    )


def tenants_spent(slots: SlotArray, left: Quotas) -> NDArray[np.bool_]:
    """Which slots belong to a tenant that has no claim left.

    Args:
        slots: Array of `SLOT_DTYPE`, shape (n,).
        left: Claims left, for each tenant that is bounded.

    Returns:
        Booleans, shape (n,).
    """
    import numpy as np

    spent = [tenant for tenant, claims in left.items() if not claims]
    return np.isin(slots["tenant_id"], spent) if spent else np.zeros(len(slots), bool)

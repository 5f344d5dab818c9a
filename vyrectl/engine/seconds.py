"""Lengths of time that callers give: a number that a clock can reach. Standard library only."""

from __future__ import annotations

import math

from vyrectl.errors import UsageError

MOST_SECONDS = 1e9
"""Thirty years; more than that a system's timers do not take."""


def check_seconds(name: str, value: float) -> float:
    """A length of time as it is.

    Raises:
        UsageError: No number, nan, infinite, negative or beyond `MOST_SECONDS`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{name} is {value!r}, which is no length of time", fix="Give seconds as a number")
    if not 0 <= value <= MOST_SECONDS:
        raise UsageError(f"{name} is {value}, out of bounds", fix=f"Give seconds from 0 to {MOST_SECONDS:g}")
    return value


def check_timeout(name: str, value: float | None) -> float | None:
    """A length of time, or None for no limit.

    Raises:
        UsageError: As for `check_seconds`.
    """
    return None if value is None else check_seconds(name, value)

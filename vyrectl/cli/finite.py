"""Numbers with a point, as options take them: nan and infinities are refused for every option of every command.

A range check lets nan through, since it compares as neither more nor less; so all values are looked at here, once they
are parsed and before a command sees them. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vyrectl.errors import UsageError

MOST = 1e9
"""Times are given in seconds and milliseconds; a system's timers take no more."""


def check_finite(params: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Refuse what is no number that a clock could reach.

    Args:
        params: The command's parameters, as its parser declares them.
        values: Parameter's name -> what was parsed.

    Raises:
        UsageError: A value is nan, infinite or beyond `MOST`.
    """
    for param in params:
        value = values.get(param.name)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, float) and not abs(one) <= MOST:
                kind = "out of bounds" if math.isfinite(one) else "which is no finite number"
                raise UsageError(f"{param.opts[0]} is {one:g}, {kind}", fix=f"Give a number up to {MOST:g}")

"""Numbers with a point, as options take them: decimal, finite, and the same for every option of every command.

A range check lets nan through, since it compares as neither more nor less; so all values are looked at here, once they
are parsed and before a command sees them. Standard library only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from vyrectl.cli.click_parts import Click
from vyrectl.errors import UsageError

MOST = 1e9
"""Times are given in seconds and milliseconds; a system's timers take no more."""


_DECIMAL = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_WORDS = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.ASCII | re.IGNORECASE)


def check_decimal(params: Sequence[Click], given: Mapping[str, object]) -> None:
    """Refuse what Python takes for a number and nobody else would: 1_000, digits of other scripts.

    Args:
        params: The command's parameters, as its parser declares them.
        given: Parameter's name -> the text that was typed.

    Raises:
        UsageError: An option for a number with a point was given something else; nan and infinities are left to
            `check_finite`.
    """
    for param in params:
        text = given.get(param.name)
        if "float" not in param.type.name or not isinstance(text, str) or _WORDS.fullmatch(text):
            continue
        if not _DECIMAL.fullmatch(text):
            raise UsageError(
                f"{param.opts[0]} is {text[:40]!r}, which is no number", fix="Give a decimal number"
            )


def check_finite(params: Sequence[Click], values: Mapping[str, object]) -> None:
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

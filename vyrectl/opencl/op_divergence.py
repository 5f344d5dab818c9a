"""Barriers that not every work-item of a group may reach: those inside an `if` whose condition differs among them.

The text is read, not compiled, and only what it gives away is told: a condition that names the work-item's index, or a
variable that was made of it by arithmetic alone. The invariant: what may be meant is a warning, nothing is refused for
it. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vyrectl.dataclass import dataclass
from vyrectl.engine.op_calls import BARRIERS, defined_functions
from vyrectl.engine.op_handles import closing_of, statement_end

_INDEX = re.compile(r"\b(?:get_(?:local|global)_(?:linear_)?id|vyre_lane)(?=\s*\()|->\s*lane\b")
"""What differs among the work-items of a group."""

_MADE = re.compile(r"\b([A-Za-z_]\w*)\s*(?:[-+*/%|&^]|<<|>>)?=(?!=)([^;{}]*);")
_CALL = re.compile(r"\b[A-Za-z_]\w*\s*\(")
_PLAIN_CALL = re.compile(r"\b(?:min|max|clamp|get_\w+|vyre_lanes?|uint|ulong|int|long)\s*\([^()]*\)")
_IF = re.compile(r"\bif\s*(?=\()")


@dataclass(frozen=True, slots=True)
class Divergence:
    """A barrier under a condition.

    Attributes:
        offset: Where the barrier stands in the text.
        barrier: What it is called.
        condition: What decides, as it is written.
        at: Where the `if` stands.
    """

    offset: int
    barrier: str
    condition: str
    at: int


def divergences(text: str) -> Iterator[Divergence]:
    """Every such barrier of an author's text, each once, in order."""
    for _, start, body in defined_functions(text):
        seen: set[int] = set()
        differing = _differing(body)
        for match in _IF.finditer(body):
            end = closing_of(body, match.end())
            condition = body[match.end() + 1 : end]
            if not (_INDEX.search(condition) or differing.intersection(re.findall(r"\w+", condition))):
                continue
            for barrier in BARRIERS.finditer(body, end, statement_end(body, match.start())):
                if barrier.start() not in seen:
                    seen.add(barrier.start())
                    shown = " ".join(condition.split())
                    yield Divergence(start + barrier.start(), barrier[0], shown, start + match.start())


def _differing(body: str) -> frozenset[str]:
    """Variables that are made of a work-item's index by arithmetic alone."""
    names: set[str] = set()
    for match in _MADE.finditer(body):
        words = frozenset(re.findall(r"\w+", match[2]))
        if (_INDEX.search(match[2]) or words & names) and not _CALL.search(_PLAIN_CALL.sub("", match[2])):
            names.add(match[1])
    return frozenset(names)

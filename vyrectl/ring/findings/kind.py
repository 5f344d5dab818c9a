"""What a kind of finding is: how bad, what it means, what to do. Standard library only."""

from __future__ import annotations

from enum import StrEnum

from vyrectl.dataclass import dataclass
from vyrectl.ring.findings.about import STAND_INS


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Something is broken; `check` exits 3."""
    WARNING = "warning"
    """Possible, and likely to mislead or to go wrong soon."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    Attributes:
        name: Stable name, for `--ignore`, `--explain` and programs.
        severity: How bad it is.
        title: What is the case, completing "N slots: ...".
        meaning: Why that matters, and how it comes about.
        remedy: What to do in words, and after them, as its end, the command that does it, if there is one. What stands
            in braces is known to a check (`vyrectl.ring.findings.advice`): files, a choice of the slots, numbers.
        where: The slots it is about, as a `--where` condition with the placeholders of
            `vyrectl.ring.findings.about`; None when it is about the file or about slots beside each other.
    """

    name: str
    severity: Severity
    title: str
    meaning: str
    remedy: str
    where: str | None = None

    @property
    def shown_where(self) -> str | None:
        """The condition with words for what only a check knows."""
        where = self.where
        for placeholder, words in STAND_INS.items():
            where = where.replace(placeholder, words) if where else None
        return where

"""What a check found, as records. Standard library only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field, replace
from typing import Annotated, TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.ring.findings.advice import split_advice
from vyrectl.ring.findings.kind import Kind, Severity
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.ring.reading import Readings, ReadingsRecord
from vyrectl.shapes import Among, Count

SHOWN_SLOTS = 8
"""How many slots a finding names."""


KindName = Annotated[str, Among(KINDS)]


class FindingRecord(TypedDict):
    """A finding as JSON shows it."""

    name: KindName
    severity: Severity
    count: Count
    slots: list[Count]
    message: str
    meaning: str
    remedy: str
    command: str | None


class CheckRecord(TypedDict):
    """A report without its findings, as JSON shows it."""

    ring: str
    size_bytes: Count
    slots: Count
    left_over_bytes: Count
    sound: bool
    errors: Count
    warnings: Count
    notes: Count
    ignored: list[KindName]
    abi: ReadingsRecord


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        kind: What it is.
        count: How many slots it concerns; of a finding about the file, 0.
        slots: The first of them, at most `SHOWN_SLOTS`.
        message: One sentence with the numbers.
        remedy: What to do, with the file's name in it; a command comes last.
    """

    kind: Kind
    count: int
    slots: tuple[int, ...]
    message: str
    remedy: str

    @property
    def command(self) -> str | None:
        """The command that the remedy ends with, None where it is words alone."""
        return split_advice(self.remedy)[1]

    def to_record(self) -> FindingRecord:
        """The finding as JSON shows it."""
        return {
            "name": self.kind.name,
            "severity": self.kind.severity,
            "count": self.count,
            "slots": list(self.slots),
            "message": self.message,
            "meaning": self.kind.meaning,
            "remedy": self.remedy,
            "command": self.command,
        }


def look_first(offset: int) -> str:
    """What is advised of slots that are read from a wrong place: no command that would change them."""
    return f"Nothing yet: look at the ring that starts at byte {offset} first"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        ring: The file, or ``-``.
        size_bytes: Length of what was given, the offset left aside.
        slots: Whole slots that were looked at.
        left_over_bytes: Bytes after the last whole slot.
        findings: Errors first, then warnings, then notes.
        ignored: Names of kinds that were left out on purpose and did occur.
        readings: How words 4-15 of each operation were read, and why.
        starts_at: The byte where the ring seems to start; then findings about these slots have no command.
    """

    ring: str
    size_bytes: int
    slots: int
    left_over_bytes: int
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()
    readings: Readings = field(default_factory=Readings)
    starts_at: int | None = None

    def count(self, severity: Severity) -> int:
        """How many findings are that bad."""
        return sum(one.kind.severity is severity for one in self.findings)

    @property
    def is_sound(self) -> bool:
        """True when no finding is an error."""
        return self.count(Severity.ERROR) == 0

    @property
    def is_foreign(self) -> bool:
        """True when this is no ring at all."""
        return any(one.kind.name == "not-a-ring" for one in self.findings)

    def joined(self, more: Collection[Finding], ignore: Collection[str]) -> CheckReport:
        """The same with further findings, but for those whose kinds are to be ignored."""
        if self.starts_at is not None:
            first = look_first(self.starts_at)
            more = [replace(one, remedy=first) if one.command else one for one in more]
        kept = (*self.findings, *(one for one in more if one.kind.name not in ignore))
        order = list(KINDS)
        return replace(
            self,
            findings=tuple(sorted(kept, key=lambda one: order.index(one.kind.name))),
            ignored=(*self.ignored, *(one.kind.name for one in more if one.kind.name in ignore)),
        )

    def to_record(self) -> CheckRecord:
        """The report without its findings, as JSON shows it."""
        return {
            "ring": self.ring,
            "size_bytes": self.size_bytes,
            "slots": self.slots,
            "left_over_bytes": self.left_over_bytes,
            "sound": self.is_sound,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "notes": self.count(Severity.NOTE),
            "ignored": list(self.ignored),
            "abi": self.readings.to_record(),
        }

"""What `check` and `check --explain` say."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.ring.findings.kind import Severity
from vyrectl.ring.findings.report import CheckRecord, FindingRecord, KindName


class CheckAnswer(CheckRecord):
    """The answer of `check`."""

    findings: list[FindingRecord]


class KindRecord(TypedDict):
    """What `--explain` says of a finding."""

    name: KindName
    severity: Severity
    title: str
    meaning: str
    remedy: str
    where: str | None


class KindsAnswer(TypedDict):
    """The answer of `check --explain`."""

    kinds: list[KindRecord]

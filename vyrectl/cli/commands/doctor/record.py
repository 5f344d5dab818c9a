"""What `doctor` says."""

from __future__ import annotations

from typing import TypedDict

from vyrectl.doctor.examine import DiagnosisRecord
from vyrectl.opencl.devices import DeviceRecord
from vyrectl.opencl.diagnosis import DiagnosisRow
from vyrectl.shapes import Count


class DiagnosedDevice(DeviceRecord):
    """A device, whether it can run a ring, and, under names of their own, the facts that its checks found."""

    usable: bool


class Counts(TypedDict):
    """Checks by how they went."""

    ok_count: Count
    note_count: Count
    warning_count: Count
    error_count: Count


class DoctorHead(DiagnosisRecord, Counts):
    """The answer of `doctor` without its checks."""


class DoctorAnswer(DoctorHead):
    """The answer of `doctor`."""

    checks: list[DiagnosisRow]

"""What `control` says about a control buffer, and what an edit changed in it, as records. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from vyrectl.abi import control as abi
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.cli.describe import op_label
from vyrectl.protocol.control import ControlView, decode_control
from vyrectl.protocol.control_names import word_name
from vyrectl.protocol.words import Data
from vyrectl.shapes import Count, Word


class TenantRecord(TypedDict):
    """Whether a tenant is let in, and how often."""

    tenant: Count
    mask: Word | None
    authorised: bool
    quota: Word
    fairness: Word


class PriorityRecord(TypedDict):
    """A priority class's partition and claims."""

    priority: Count
    name: str
    first_slot: Word
    fairness: Word


class MetricRecord(TypedDict):
    """How often an operation ran."""

    opcode: Count
    op_name: str | None
    executions: Word


class ObservableRecord(TypedDict):
    """A word behind the named ones that is not 0."""

    observable: Count
    word: Count
    value: Word


class ControlRecord(TypedDict):
    """Everything a control buffer says."""

    control: str
    words: Count
    shutdown: bool
    done_count: Word
    epoch: Word
    tenant_base: Word
    priority_starvation: Word
    tenants: list[TenantRecord]
    priorities: list[PriorityRecord]
    slot_total: Word
    metrics: list[MetricRecord]
    observable_words: Count
    observables: list[ObservableRecord]


class ChangeRecord(TypedDict):
    """A word that an edit alters."""

    word: Count
    name: str
    old: Word
    new: Word


def control_record(name: str, data: Data) -> ControlRecord:
    """Everything a control buffer says.

    Raises:
        WireBufferError: It is no control buffer.
    """
    view = decode_control(data)
    words = memoryview(bytes(data)).cast("I")
    return {
        "control": name,
        "words": len(words),
        "shutdown": view.shutdown,
        "done_count": view.done_count,
        "epoch": view.epoch,
        "tenant_base": words[abi.TENANT_BASE.first],
        "priority_starvation": view.priority_starvation,
        "tenants": _tenants(view),
        "priorities": _priorities(view),
        "slot_total": view.priority_offsets[-1],
        "metrics": [
            {"opcode": opcode, "op_name": op_label(opcode), "executions": count}
            for opcode, count in view.metrics
        ],
        "observable_words": view.observables,
        "observables": [
            {"observable": index, "word": abi.OBSERVABLE_FIRST + index, "value": value}
            for index, value in enumerate(words[abi.OBSERVABLE_FIRST :])
            if value
        ],
    }


def _tenants(view: ControlView) -> list[TenantRecord]:
    """Tenants 0 to 31; those without a mask are shut out while the gate is on."""
    return [
        {
            "tenant": tenant,
            "mask": view.tenant_masks[tenant] if tenant < abi.TENANT_MASKS.words else None,
            "authorised": tenant < abi.TENANT_MASKS.words and view.tenant_masks[tenant] != 0,
            "quota": view.tenant_quota[tenant],
            "fairness": view.tenant_fairness[tenant],
        }
        for tenant in range(abi.TENANT_FAIRNESS.words)
    ]


def _priorities(view: ControlView) -> list[PriorityRecord]:
    return [
        {"priority": number, "name": name.capitalize(), "first_slot": first, "fairness": claims}
        for number, (name, first, claims) in enumerate(
            zip(PRIORITY_NAMES, view.priority_offsets, view.priority_fairness, strict=False)
        )
    ]


def change_rows(data: Data, values: Mapping[int, int]) -> list[ChangeRecord]:
    """The words that a change would alter, in order."""
    rows: list[ChangeRecord] = []
    for index in sorted(values):
        old = int.from_bytes(data[index * WORD_BYTES : (index + 1) * WORD_BYTES], "little")
        if old != values[index]:
            rows.append({"word": index, "name": word_name(index), "old": old, "new": values[index]})
    return rows


class EditAnswer(TypedDict):
    """What an edit changed, or would change."""

    control: str
    dry_run: bool
    backup: str | None
    changes: list[ChangeRecord]

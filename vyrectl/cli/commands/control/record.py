"""What `control` says about a control buffer, and what an edit changed in it, as records. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vyrectl.abi import control as abi
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.cli.describe import op_label
from vyrectl.protocol.control import ControlView, decode_control
from vyrectl.protocol.control_names import word_name
from vyrectl.protocol.words import Data

Record = dict[str, Any]

CHANGE_KEYS = ("word", "name", "old", "new")


def control_record(name: str, data: Data) -> Record:
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


def _tenants(view: ControlView) -> list[Record]:
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


def _priorities(view: ControlView) -> list[Record]:
    return [
        {"priority": number, "name": name.capitalize(), "first_slot": first, "fairness": claims}
        for number, (name, first, claims) in enumerate(
            zip(PRIORITY_NAMES, view.priority_offsets, view.priority_fairness, strict=False)
        )
    ]


def change_rows(data: Data, values: Mapping[int, int]) -> list[Record]:
    """The words that a change would alter, in order."""
    rows = []
    for index in sorted(values):
        old = int.from_bytes(data[index * WORD_BYTES : (index + 1) * WORD_BYTES], "little")
        if old != values[index]:
            row = (index, word_name(index), old, values[index])
            rows.append(dict(zip(CHANGE_KEYS, row, strict=True)))
    return rows

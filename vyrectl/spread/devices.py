"""Which devices `--device` names when it may name several: a list, `all`, `gpu:*`.

Drivers are asked by another process (`vyrectl.opencl.devices.survey`), so that this one may still fork. The invariant:
a text that can only mean one device is left to the launch on one device, as it is. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.errors import UnknownNameError, UsageError
from vyrectl.launching.backends import REFERENCE

if TYPE_CHECKING:
    from vyrectl.opencl.devices import Device

ALL = "all"
EVERY = ":*"
"""Ends a kind, or a part of a name, of which every device is meant."""

SEVERAL_FIX = "Name devices as `vyrectl devices` lists them, for example --device 0:0,0:1 or --device gpu:*"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A device of a launch on several.

    Attributes:
        selector: What its own process is told.
        label: What people are told: the selector, with a number where it is named more than once.
        limits: The adapter limits that a plan goes by; empty for the reference backend.
        kind: "gpu", "cpu", ...; "reference" for the reference backend.
    """

    selector: str
    label: str
    limits: Mapping[str, int] = field(default_factory=dict, compare=False)
    kind: str = field(default=REFERENCE, compare=False)


def wanted_devices(device: object) -> str | None:
    """The text that may name several devices, of an option's value or of VYRECTL_DEVICE; None when it names one."""
    text = device if isinstance(device, str) else os.environ.get("VYRECTL_DEVICE") if device is None else None
    return text if text and _may_be_several(text) else None


def choose_devices(text: str) -> list[Chosen]:
    """Every device that a text names, in its order; one that is named twice gets two processes.

    Raises:
        UsageError: A name is empty.
        UnknownNameError: No device has that name.
        NoDeviceError: There is none, or none of that kind.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UsageError(f"--device {text!r} names no device between two commas", fix=SEVERAL_FIX)
    known = [] if all(name.lower() == REFERENCE for name in names) else _known()
    return list(_labelled([selector for name in names for selector in _of(name, known)], known))


def _may_be_several(text: str) -> bool:
    return "," in text or text.strip().lower() == ALL or text.strip().endswith(EVERY)


def _known() -> list[Device]:
    from vyrectl.opencl.devices import no_device, rank, survey

    known = sorted(survey(), key=rank)
    if not known:
        raise no_device()
    return known


def _of(name: str, known: Sequence[Device]) -> list[str]:
    from vyrectl.opencl.devices import KINDS, find_device

    word = name.lower()
    if word == REFERENCE:
        return [REFERENCE]
    real = [one for one in known if not one.is_simulator] or list(known)
    if word == ALL:
        best_kind = "gpu" if any(one.kind == "gpu" for one in real) else real[0].kind
        return [one.id for one in real if one.kind == best_kind]
    if not word.endswith(EVERY):
        return [find_device(name, known).id]
    part = word.removesuffix(EVERY)
    found = [one.id for one in real if one.kind == part] or [
        one.id for one in known if part in one.name.lower() or part in one.platform.lower()
    ]
    if found and part:
        return found
    if part in KINDS:
        return [find_device(part, known).id]  # there is none, which is said as of one
    raise UnknownNameError("device", name, (ALL, REFERENCE, *(f"{one.id} ({one.name})" for one in known)))


def _labelled(selectors: Sequence[str], known: Sequence[Device]) -> Iterator[Chosen]:
    devices = {one.id: one for one in known}
    seen: dict[str, int] = {}
    for selector in selectors:
        number = seen[selector] = seen.get(selector, 0) + 1
        label = selector if number == 1 else f"{selector}#{number}"
        device = devices.get(selector)
        yield (
            Chosen(selector, label) if device is None else Chosen(selector, label, device.limits, device.kind)
        )

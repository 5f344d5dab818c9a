"""Words of the control buffer by name: `epoch`, `tenant_masks.3`, `tenant_quota.0-7`, `metrics.memcpy`, `observable.5`.

Standard library only. Names and indices come from `vyrectl.abi.control.REGIONS`; nothing is listed a second time.
"""

from __future__ import annotations

from vyrectl.abi import control as abi
from vyrectl.abi.control import REGIONS, Region
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.abi.opcodes import CONTROL_OPCODES, METRIC_OPCODES
from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.errors import UnknownNameError, UsageError
from vyrectl.numbers import shown

OBSERVABLE = "observable"

ALIASES = {
    "done": "done_count",
    "mask": "tenant_masks",
    "masks": "tenant_masks",
    "tenant_mask": "tenant_masks",
    "quota": "tenant_quota",
    "fairness": "tenant_fairness",
    "metric": "metrics",
    "offsets": "priority_offsets",
    "starvation": "priority_starvation",
    "observables": OBSERVABLE,
}
"""Short names, wherever a region is named."""

BY_NAME: dict[str, Region] = {region.name.lower(): region for region in REGIONS}
NAMES: tuple[str, ...] = (*BY_NAME, OBSERVABLE)

_PRIORITIES = dict(zip(PRIORITY_NAMES, range(len(PRIORITY_NAMES)), strict=True))
_INDEX_NAMES: dict[str, dict[str, int]] = {
    "metrics": {one.name: one.code for one in CONTROL_OPCODES if one.code < METRIC_OPCODES},
    "priority_offsets": {**_PRIORITIES, "total": len(_PRIORITIES)},
    "priority_fairness": _PRIORITIES,
}
"""Regions whose words have names of their own."""

_VALUE_NAMES: dict[str, dict[str, int]] = {
    "tenant_masks": {"open": abi.TENANT_OPEN, "shut": 0},
    "shutdown": {"yes": 1, "no": 0},
}


def control_words(text: str, total: int) -> tuple[str, list[int]]:
    """The words that a name means.

    Args:
        text: `NAME`, `NAME.INDEX`, `NAME.FIRST-LAST` or `NAME.all`; an index may be a name where it has one.
        total: Words of the buffer, which decide how many observables there are.

    Returns:
        The region's full name, and word indices in order.

    Raises:
        UnknownNameError: No such region, or no such word of it.
        UsageError: An index is needed, or past the end.
    """
    name, _, index = text.strip().lower().replace("-count", "_count").partition(".")
    name = ALIASES.get(name, name)
    if name == OBSERVABLE:
        region = Region(OBSERVABLE, abi.OBSERVABLE_FIRST, max(0, total - abi.OBSERVABLE_FIRST), "")
    elif name in BY_NAME:
        region = BY_NAME[name]
    else:
        raise UnknownNameError("control word", text, (*NAMES, *ALIASES))
    return name, [region.first + number for number in _indices(name, index, region.words)]


def control_value(name: str, text: str) -> int:
    """The value of a word: a number, `open` and `shut` for masks, `yes` and `no` for shutdown.

    Raises:
        UsageError: No such value, or past u32.
    """
    names = _VALUE_NAMES.get(name, {})
    if text.strip().lower() in names:
        return names[text.strip().lower()]
    fix = f"Give a decimal or 0x number up to {U32_MAX}" + "".join(f", or {one}" for one in names)
    value = parse_whole(text)
    if value is None:
        raise UsageError(f"{name} is {text!r}, which is no number", fix=fix)
    if not 0 <= value <= U32_MAX:
        raise UsageError(f"{name} is {shown(value)}, which no word can hold", fix=fix)
    return value


def word_name(index: int) -> str:
    """How a word is called: `epoch`, `tenant_masks.3`, `metrics.store_u32`, `observable.5`, `word 145`."""
    if index >= abi.OBSERVABLE_FIRST:
        return f"{OBSERVABLE}.{index - abi.OBSERVABLE_FIRST}"
    for name, region in BY_NAME.items():
        if region.first <= index < region.end:
            return name if region.words == 1 else f"{name}.{_index_name(name, index - region.first)}"
    return f"word {index}"


def _index_name(name: str, number: int) -> str:
    named = {code: label for label, code in _INDEX_NAMES.get(name, {}).items()}
    return named.get(number, str(number))


def _indices(name: str, text: str, count: int) -> range:
    if text == "" and count == 1 and name != OBSERVABLE:
        return range(1)
    if text == "all":
        return range(count)
    if text == "":
        raise UsageError(f"{name} has {count} words", fix=f"Say which: {name}.0, {name}.0-3 or {name}.all")
    first, dash, last = text.partition("-")
    start = _index(name, first, count)
    return range(start, (_index(name, last, count) if dash else start) + 1)


def _index(name: str, text: str, count: int) -> int:
    names = _INDEX_NAMES.get(name, {})
    if text in names:
        return names[text]
    number = parse_whole(text)
    if number is None:
        raise UnknownNameError(f"word of {name}", text, (*names, "all"))
    if not 0 <= number < count:
        raise UsageError(
            f"there is no {name}.{shown(number)}",
            fix=f"It has {count} words, from 0 on" if count else "It has none",
        )
    return number

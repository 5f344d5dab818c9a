"""The groups in which `--help` and the manual list a command's options.

An option that is declared as a record's field (`vyrectl.declared`) says its group itself. Any other's goes by its name,
first in its command's own table, then in the one for all; an option that neither names is one of the command's own,
which come first, so that a new one is shown at once. Standard library, abi, policy and the declarations only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.cli.click_parts import Click
from vyrectl.declared import HOSTS, LIMITS, MORE_WORK, OWN, RECORDS, SAFETY, SLOTS, TUNING
from vyrectl.policy.request import REQUEST_BITS

WORDS = "Words of the slot"
MADE_UP = "Tasks made up from a seed"
BESIDE = "Files that go with the ring"
AGAIN = "Looking again, and what changed"
LIVE = "For live"
REQUEST = "Fields of the launch request"
NAMES = "Names of operations"
OUTPUT = "Output"

ORDER = (
    WORDS,
    OWN,
    MADE_UP,
    SLOTS,
    BESIDE,
    AGAIN,
    LIMITS,
    RECORDS,
    MORE_WORK,
    HOSTS,
    SAFETY,
    TUNING,
    LIVE,
    REQUEST,
    NAMES,
    OUTPUT,
)
"""Every group: what is used most comes first, what nearly every command has comes last."""

_COMMON = {
    SLOTS: "--where --slots --all --abi",
    SAFETY: "--dry-run --backup --force",
    NAMES: "--ops --op-names --no-builtin-names",
    OUTPUT: "--no-pager --color --help",
}
"""Group -> options that mean the same in every command."""


def _flags(fields: Iterable[str]) -> str:
    return " ".join(f"--{name.replace('_', '-')}" for name in fields)


_OF_COMMAND = {
    "encode": {WORDS: _flags(FIELD_NAMES)},
    "apply": {REQUEST: _flags(REQUEST_BITS)},
    "plan": {REQUEST: _flags(REQUEST_BITS)},
    "open": {OWN: "--slots"},
    "control": {OWN: "--slots"},
    "report": {BESIDE: "--launch --trace --history --control"},
    "check": {BESIDE: "--control --debug-log --io-queue"},
}
"""Command -> group -> its options, where they are not as in `_COMMON`."""

Row = TypeVar("Row")


def group_of(command: str, option: Click) -> str:
    """The group of an option: the one that it was declared in, or the one that lists it here."""
    declared: str | None = getattr(option, "rich_help_panel", None)
    if declared is not None:
        return declared
    names = (*option.opts, *option.secondary_opts)
    for table in (_OF_COMMAND.get(command, {}), _COMMON):
        for group, listed in table.items():
            if not set(names).isdisjoint(listed.split()):
                return group
    return OWN


EVERY = ""
"""In `listings`, what stands for every command."""


def listings() -> Iterator[tuple[str, str, str]]:
    """Each command, or `EVERY`, with a group and the options that it is given, as one text."""
    for command, groups in {EVERY: _COMMON, **_OF_COMMAND}.items():
        for group, listed in groups.items():
            yield command, group, listed


def grouped(rows: Iterable[tuple[str, Row]]) -> list[tuple[str, list[Row]]]:
    """Rows put together by group, in the order of `ORDER`; groups without a row are left out.

    Args:
        rows: Name of a group, and what stands in it.
    """
    groups: dict[str, list[Row]] = {name: [] for name in ORDER}
    for name, row in rows:
        groups[name].append(row)
    return [(name, found) for name, found in groups.items() if found]

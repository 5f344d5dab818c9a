"""The groups in which `--help` and the manual list a command's options.

An option's group goes by its name, first in its command's own table, then in the one for all; an option that neither
names is one of the command's own, which come first. So an option is declared where it belongs and grouped here, and
a new one is shown at once. Standard library, abi and policy only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.policy.request import REQUEST_BITS

WORDS = "Words of the slot"
OWN = "Options"
MADE_UP = "Tasks made up from a seed"
SLOTS = "Which slots"
BESIDE = "Files that go with the ring"
AGAIN = "Looking again, and what changed"
LIMITS = "Limits, and what counts as failed"
RECORDS = "Control buffer, logs and trace"
MORE_WORK = "Work that comes later"
SAFETY = "Safety"
TUNING = "Tuning"
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
    SAFETY,
    TUNING,
    LIVE,
    REQUEST,
    NAMES,
    OUTPUT,
)
"""Every group: what is used most comes first, what nearly every command has comes last."""

_COMMON = {
    SLOTS: "--where --slots --all --offset --count --abi",
    SAFETY: "--dry-run --backup --force",
    NAMES: "--ops --op-names --no-builtin-names",
    OUTPUT: "--limit --no-pager --format --json --color --quiet --help",
}
"""Group -> options that mean the same in every command."""


def _flags(fields: Iterable[str]) -> str:
    return " ".join(f"--{name.replace('_', '-')}" for name in fields)


_OF_COMMAND = {
    "encode": {WORDS: _flags(FIELD_NAMES)},
    "apply": {REQUEST: _flags(REQUEST_BITS)},
    "plan": {REQUEST: _flags(REQUEST_BITS)},
    "build": {OWN: "--slots", MADE_UP: "--synthetic --seed --mix"},
    "open": {OWN: "--slots"},
    "control": {OWN: "--slots"},
    "inspect": {SLOTS: "--slot", OUTPUT: "--output"},
    "snapshot": {
        BESIDE: "--control",
        AGAIN: "--since --watch --ticks --append --alert --alert-exits",
        OUTPUT: "--openmetrics --output",
    },
    "report": {BESIDE: "--launch --trace --history --control"},
    "why": {BESIDE: "--control --trace", AGAIN: "--since --again-after", LIMITS: "--fail-on --age-threshold"},
    "check": {BESIDE: "--control --debug-log --io-queue"},
    "bench": {LIVE: "--seconds --tasks"},
    "launch": {
        OWN: "--ops",
        LIMITS: "--timeout --grace --max-steps --tenant-quota --fault-unknown --fail-on-fault",
        RECORDS: "--control --save-control --debug-log --formats --record --trace",
        MORE_WORK: "--follow --feed --reclaim",
        TUNING: "--workers --work-group-size --ticket --age-threshold --plan --mode --in-place --fast-index "
        "--shard-slots --spin-ms --trace-records --debug-records --record-capacity",
    },
}
"""Command -> group -> its options, where they are not as in `_COMMON`."""

Row = TypeVar("Row")


def group_of(command: str, names: Sequence[str]) -> str:
    """The group of an option.

    Args:
        command: Name of its command.
        names: Every spelling of it.
    """
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

"""Which words can stand at a place of the command line, as data.

A place's metavar decides: `KIND_OF_METAVAR` is the only table to extend when a command brings a new one. The
words come from the layers that define them, so a new state or operation reaches every shell by itself.
"""

from __future__ import annotations

from functools import cache

from vyrectl.abi.faults import ENGINE_FAULTS, FAULT
from vyrectl.abi.io_queue import IO_STATUS_NAMES, IoOp
from vyrectl.abi.opcodes import CONTROL_OPCODES
from vyrectl.abi.slot import FIELD_ALIASES, FIELDS
from vyrectl.abi.states import FLAG_NAMES, PRIORITY_NAMES, STATE_MEANINGS, TaskState
from vyrectl.cli.catalog import CATALOG
from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.cli.output import COLORS, FORMATS
from vyrectl.dataclass import dataclass
from vyrectl.docs import topics
from vyrectl.ring.findings.kinds import KINDS
from vyrectl.ring.reading import ABIS
from vyrectl.task.lifecycle import TRANSITIONS
from vyrectl.telemetry.series import METRICS
from vyrectl.why.classes import CAUSES


@dataclass(frozen=True, slots=True)
class Word:
    """One word that can be completed, with a line that explains it (may be empty)."""

    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can stand at a place.

    Attributes:
        name: Identifier; the scripts name a function or a case after it.
        words: The words, or empty when the shell has to find them (files, devices) or nothing can be known.
    """

    name: str
    words: tuple[Word, ...] = ()


NONE = "none"
FILE = "file"
FILE_SUFFIX = "file_"
"""Beginning of the kinds that prefer files with a suffix: ``file_bin``, ``file_cl``."""

RING = f"{FILE_SUFFIX}bin"
DEVICE = "device"
WHERE = "where"
ASSIGNMENT = "assignment"
ASSIGNMENT_OR_RING = "assignment_or_ring"
BUFFER = "buffer"
COMMA = "_list"
"""Ending of a kind's name where several of its words may be joined by commas."""

KIND_OF_METAVAR: dict[str, str] = {
    "RING": RING,
    "NEW": RING,
    "SOURCE": RING,
    "A B": FILE,
    "FILE": FILE,
    "FIFO": FILE,
    "PATH": FILE,
    "DEVICE": DEVICE,
    "EXPR": WHERE,
    "FIELD=VALUE": ASSIGNMENT,
    "FIELD=VALUE SLOTS": ASSIGNMENT,
    "RING FIELD=VALUE": ASSIGNMENT_OR_RING,
    "H=SPEC": BUFFER,
    "ACTION": "action",
    "CODE": "fault",
    "COMMAND": "command",
    "COLUMN": "field",
    "IO_OP": "io_op",
    "IO_STATUS": "io_status",
    "FIELD": "field",
    "FINDING": "finding",
    "CLASS": "cause",
    "FIELD,": f"column{COMMA}",
    "FLAGS": "flag",
    "METRIC,": f"metric{COMMA}",
    "OP": "op",
    "OP:ARGS": "op",
    "PRIORITY": "priority",
    "SHELL": "shell",
    "TOPIC": "topic",
    "STATE": "state",
    "STEP": "step",
    "TOPOLOGY": "topology",
    "|".join(FORMATS): "format",
    "|".join(COLORS): "color",
    "|".join(ABIS): "abi",
    "TABLE": FILE,
    **dict.fromkeys(
        (
            "ADDRESS",
            "BYTES",
            "CA,CERT,KEY",
            "FIELD=START..STOP",
            "WORD=VALUE",
            "HEX",
            "LIST",
            "N",
            "NAME",
            "RULE",
            "S",
            "SECONDS",
            "TENANT=N",
            "SLOTS",
        ),
        NONE,
    ),
}
"""Metavar without dots and brackets -> name of a kind; in ``HEX|FILE`` each part is looked up."""

KIND_OF_OPTION: dict[str, str] = {
    "--by": f"group{COMMA}",
    "--code": "fault",
    "--columns": f"column{COMMA}",
    "--device": DEVICE,
}
"""Option -> name of a kind, where the metavar is a common one that lists no words; goes before `KIND_OF_METAVAR`."""

FIELD_METAVAR = "NAME|N"
"""Metavar of an option that bears a field's name and takes its value."""

_KIND_OF_FIELD: dict[str, str] = {"state": "state", "op": "op", "priority": "priority", "flags": "flag"}
"""What `vyrectl.abi.slot` says a field is -> kind of the words that it takes."""


def field_values() -> dict[str, tuple[str, ...]]:
    """Kind of words -> every name, short ones included, of the fields that take them."""
    names: dict[str, tuple[str, ...]] = {}
    for field in FIELDS:
        kind = _KIND_OF_FIELD.get(field.kind)
        if kind is not None:
            short = (alias for alias, name in FIELD_ALIASES.items() if name == field.name)
            names[kind] = (field.name, *short)
    return names


@cache
def word_kinds() -> dict[str, Kind]:
    """Every kind that is a fixed list of words, by name."""
    from vyrectl.cli.snapshot_records import GROUPS
    from vyrectl.engine.ops import shipped_ops
    from vyrectl.engine.transfer_steps import shipped_steps
    from vyrectl.policy.enums import Topology

    lists: dict[str, tuple[Word, ...]] = {
        "abi": tuple(Word(abi, meaning) for abi, meaning in ABIS.items()),
        "action": tuple(Word(row.action, row.meaning) for row in TRANSITIONS.values()),
        "command": tuple(Word(entry.name, entry.summary.rstrip(".")) for entry in CATALOG),
        "color": tuple(Word(name) for name in COLORS),
        "fault": tuple(Word(fault.name, fault.meaning) for fault in ENGINE_FAULTS),
        "field": tuple(Word(field.name, field.meaning) for field in FIELDS),
        "cause": tuple(Word(cause.name, cause.title) for cause in CAUSES.values()),
        "finding": tuple(Word(kind.name, kind.title) for kind in KINDS.values()),
        "flag": tuple(Word(name) for name in FLAG_NAMES),
        "format": tuple(Word(name) for name in FORMATS),
        "group": tuple(Word(name) for name in GROUPS.values()),
        "io_op": tuple(Word(op.name.lower()) for op in IoOp),
        "io_status": tuple(Word(name.lower()) for name in IO_STATUS_NAMES.values()),
        "metric": tuple(Word(metric.name, metric.title) for metric in METRICS.values()),
        "op": (
            *(Word(opcode.name, opcode.effect) for opcode in CONTROL_OPCODES),
            *(Word(op.name, op.doc) for op in shipped_ops()),
        ),
        "priority": tuple(Word(name) for name in PRIORITY_NAMES),
        "shell": tuple(Word(name) for name in SCRIPT_NAMES),
        "state": tuple(Word(state.name.lower(), STATE_MEANINGS[state]) for state in TaskState),
        "step": tuple(Word(step.name, step.doc) for source in shipped_steps() for step in source.steps),
        "topology": tuple(Word(topology.value) for topology in Topology),
    }
    lists["topic"] = (*(Word(*topic) for topic in topics()), *lists["command"])
    lists["column"] = (*lists["field"], Word(FAULT, "why a slot is Faulted"))
    lists["where_name"] = (*lists["column"], *_CONNECTIVES)
    lists["where_value"] = (*lists["state"], *lists["priority"], *lists["flag"], *lists["op"])
    return {name: Kind(name, _unique(words)) for name, words in sorted(lists.items())}


_CONNECTIVES = (Word("slot", "index of the slot"), Word("and"), Word("or"), Word("not"), Word("in"))


def _unique(words: tuple[Word, ...]) -> tuple[Word, ...]:
    first: dict[str, Word] = {}
    for word in words:
        first.setdefault(word.text, word)
    return tuple(first.values())

"""Refusals of a file that is of another kind than the one that was wanted, each with what reads it.

The invariant: only what is at least likely of another kind is refused (`vyrectl.ring.kinds`). Standard library only.
"""

from __future__ import annotations

import struct

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.abi.opcodes import SHIPPED_FIRST
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.errors import OtherKindError
from vyrectl.ring.kinds import LOOKED_AT_BYTES, Certainty, FileKind, Verdict, identify, noun_of
from vyrectl.shell import command_line

OP, PRIORITY = FIELD_INDEX["op_handle"], FIELD_INDEX["priority"]
LEAST_TASKS = 4
"""So few slots may be any small words."""


def other_kind_error(verdict: Verdict, name: str, *, override: str) -> OtherKindError | None:
    """The refusal of what is at least likely no ring, or None.

    Args:
        verdict: What was found.
        name: The file, for the message and the command in it.
        override: The options that take it for a ring all the same.
    """
    if verdict.may_be_ring:
        return None
    fix = f"{override} takes it for a ring all the same; {advice(verdict, name)}"
    return _refusal(verdict, why_not(verdict), name, fix)


def place_error(verdict: Verdict, name: str, why: str) -> OtherKindError:
    """The refusal to write a span of a file in which slots begin elsewhere."""
    fix = f"--force writes there all the same; {advice(verdict, name)}"
    return _refusal(verdict, why, name, fix)


def is_another(verdict: Verdict, wanted: FileKind) -> bool:
    """True when a file is at least likely of another kind; published words behind a control buffer are its own."""
    if verdict.certainty is Certainty.UNSURE or verdict.kind in (wanted, FileKind.EMPTY):
        return False
    return not (verdict.kind is FileKind.BUFFERS and wanted is FileKind.CONTROL and not _has_logs(verdict))


def refuse_another(verdict: Verdict, wanted: FileKind, name: str, *, so: str) -> None:
    """Take no file of another kind for the one that was wanted: its words mean something else there.

    Args:
        verdict: What was found.
        wanted: The kind that belongs there.
        name: The file, for the message and the command in it.
        so: What follows for the user, for example ``Nothing was written``.

    Raises:
        OtherKindError: It is at least likely of another kind.
    """
    if is_another(verdict, wanted):
        raise another_kind_error(verdict, wanted, name, so=so)


def another_kind_error(verdict: Verdict, wanted: FileKind, name: str, *, so: str) -> OtherKindError:
    """The refusal of a file that is none of the kind that was wanted.

    Args:
        verdict: What was found.
        wanted: The kind that belongs there.
        name: The file, for the message and the command in it.
        so: What follows for the user, or what to give in its place.
    """
    command = verdict.command(name) or command_line("open", file=name)
    return _refusal(verdict, why_not(verdict, noun_of(wanted)), name, f"{so}; read it with: {command}")


def _refusal(verdict: Verdict, why: str, name: str, fix: str) -> OtherKindError:
    return OtherKindError(why, str(verdict.kind), str(verdict.certainty), where=name, fix=fix)


def why_not(verdict: Verdict, wanted: str = "a ring") -> str:
    """What a file is in place of what was wanted, and the first reason."""
    if verdict.certainty is Certainty.CERTAIN:
        return f"this is {verdict.noun}, not {wanted}: {verdict.reasons[0]}"
    return f"this looks like {verdict.noun} and not like {wanted}: {verdict.reasons[0]}"


def refuse_beside(data: bytes, name: str, wanted: FileKind, *, so: str | None = None) -> None:
    """Refuse what is at least likely not the buffer beside a ring that an option or a command of its own names.

    Args:
        data: All of the file.
        name: Path of the file as it was given.
        wanted: What belongs there.
        so: What follows for the user; to give the right kind, unless another is named.

    Raises:
        OtherKindError: It is something else.
    """
    verdict = identify(memoryview(data))
    if not is_another(verdict, wanted):
        return
    if verdict.kind is FileKind.RING and not looks_full_of_tasks(data[:LOOKED_AT_BYTES]):
        return
    raise another_kind_error(verdict, wanted, name, so=so or f"Give {noun_of(wanted)}")


def _has_logs(verdict: Verdict) -> bool:
    """Words that operations publish behind a control buffer may look like a few slots, but like no log beside them."""
    parts = verdict.parts
    return parts is not None and any(parts.part(kind) for kind in (FileKind.DEBUG_LOG, FileKind.IO_QUEUE))


def looks_full_of_tasks(head: bytes) -> bool:
    """A buffer of small words made by hand looks like a ring too, but of few tasks, or of odd ones."""
    rows = list(struct.iter_unpack(f"<{SLOT_BYTES // WORD_BYTES}I", _whole(head)))
    tasks = [row for row in rows if 0 < row[0] < len(TaskState)]
    large = sum(row[OP] >= SHIPPED_FIRST for row in tasks)
    used = [row for row in rows if any(row)]
    whole = len(tasks) == len(used) and all(row[PRIORITY] < len(TaskPriority) for row in tasks)
    most = 4 * len(tasks) >= 3 * len(rows) or 4 * large >= 3 * len(tasks) or whole
    return len(rows) >= LEAST_TASKS <= len(tasks) and most


def _whole(head: bytes) -> bytes:
    return head[: len(head) // SLOT_BYTES * SLOT_BYTES]


def advice(verdict: Verdict, name: str) -> str:
    """What to type for a file that is no ring: where its ring lies if it holds one, and the command that reads it."""
    command = verdict.command(name) or command_line("open", file=name)
    span = verdict.ring_span
    return (f"its ring is read with {span}; " if span else "") + f"read it with: {command}"

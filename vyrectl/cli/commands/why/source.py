"""What `vyrectl why` reads: rings, folders, earlier looks, traces; and the answers with what changed between looks.

Needs numpy. The invariant: the last look of each queue is the one that is explained.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vyrectl.abi.states import TaskState
from vyrectl.cli import options
from vyrectl.cli.commands.why.options import Evidence
from vyrectl.cli.snapshot_since import read_baseline
from vyrectl.cli.why_question import again_without, question
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError, RingFormatError, UsageError
from vyrectl.files.json_text import parse_json
from vyrectl.files.whole import read_stdin, read_whole
from vyrectl.policy.policy import AGE_THRESHOLD
from vyrectl.ring.kinds import FileKind, identify_file
from vyrectl.ring.reading import Abi
from vyrectl.shell import STDIN, command_line
from vyrectl.telemetry.delta import Comparison, compare
from vyrectl.telemetry.snapshot import StateTally
from vyrectl.why.answer import Answer
from vyrectl.why.ask import Question, answer
from vyrectl.why.left import left_of
from vyrectl.why.looks import Look, Span, look_at_bytes, look_at_file, looks_in, with_control
from vyrectl.why.record import LookRecord
from vyrectl.why.turns import Turns, read_turns

SNAPSHOTS = (FileKind.SNAPSHOT, FileKind.RECORD, FileKind.TEXT, FileKind.TASKS)
"""Kinds of `--since` that hold counts; anything else is a ring."""


SEEN_AGAIN_S = 1.0
"""How long after the first look at a ring whose work or whose workers can be seen the second one follows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command, read."""

    evidence: Evidence
    ops: tuple[Path, ...]
    abi: Abi
    span: options.Span


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """An answer and its record."""

    answer: Answer
    record: dict[str, object]


def answers(rings: Sequence[Path], asked: Asked) -> list[Explained]:
    """Why each queue does not move.

    Raises:
        VyrectlError: A file cannot be read, or is no ring.
        UsageError: Options that do not go together.
    """
    queues = list(_queues(rings, asked))
    _check(queues, asked)
    for looks in queues:
        _refuse_empty(looks[-1])
    turns = None if asked.evidence.trace is None else _turns(asked.evidence.trace)
    threshold = AGE_THRESHOLD if asked.evidence.age_threshold is None else asked.evidence.age_threshold
    asking = question(
        asked.ops, epoch=asked.evidence.epoch, age_threshold=threshold, abi=asked.abi, turns=turns
    )
    return [_explained(_with_earlier(looks, asked), asking, asked) for looks in queues]


def _queues(rings: Sequence[Path], asked: Asked) -> Iterator[list[Look]]:
    """The looks of each queue: folders are looks at one, a file is a queue of its own."""
    folders = [path for path in rings if str(path) != STDIN and path.is_dir()]
    if folders and len(folders) != len(rings):
        raise UsageError(
            "folders and files are named together",
            fix="Name the folders of one queue, or files, a queue each",
        )
    if folders:
        if asked.span.is_given:
            raise UsageError("--offset and --count are for a file", fix="Name one of the folder's files")
        yield [look for folder in folders for look in looks_in(folder)]
        return
    span = Span(asked.span.start, asked.span.slots, asked.span.is_given)
    for path in rings:
        yield [look_at_bytes(read_stdin(), span) if str(path) == STDIN else look_at_file(path, span)]


def _refuse_empty(look: Look) -> None:
    if not len(look.ring):
        raise RingFormatError(
            "there is no slot in it, so that no task can wait there",
            where=look.name,
            fix=f"Look at what should have written it, or see what lies there: {command_line('open', file=look.file)}",
        )


def _check(queues: Sequence[Sequence[Look]], asked: Asked) -> None:
    """Refuse what is about one queue where there are several."""
    given = {
        "--control": asked.evidence.control,
        "--since": asked.evidence.since,
        "--trace": asked.evidence.trace,
    }
    for option, path in given.items():
        if path is not None and len(queues) > 1:
            raise UsageError(f"{option} goes with one ring", fix="Ask about one ring at a time")
    if asked.evidence.again_after_s and (
        asked.evidence.since is not None or any(len(one) > 1 for one in queues)
    ):
        raise UsageError(
            "--again-after is for one look at a file, and there are earlier ones to compare with",
            fix="Leave it out",
        )


def _with_earlier(looks: list[Look], asked: Asked) -> list[Look]:
    """The looks with those that the options add: the control buffer, an earlier one, a second one."""
    control, since = asked.evidence.control, asked.evidence.since
    if control is not None:
        looks = [*looks[:-1], _beside(looks[-1], control)]
    if since is not None and not _holds_counts(since):
        earlier = looks_in(since) if since.is_dir() else [look_at_file(since, Span())]
        return [*earlier, *looks]
    last = looks[-1]
    pause = asked.evidence.again_after_s
    if pause is None:
        seen = last.holder.in_place or (last.holder.on_copy and bool(last.workers))
        pause = SEEN_AGAIN_S if seen else 0.0
    if len(looks) > 1 or not pause:
        return looks
    if last.file == STDIN:
        raise UsageError("--again-after is for a file: standard input is read once", fix="Name the file")
    time.sleep(pause)
    again = look_at_file(Path(last.name), last.span)
    return [last, again if control is None else _beside(again, control)]


def _beside(look: Look, control: Path) -> Look:
    """A look with the control buffer that was named, as it is now."""
    from vyrectl.launching.control_file import load_control

    return with_control(look, control, load_control(control).tolist())


def _holds_counts(path: Path) -> bool:
    return str(path) == STDIN or (not path.is_dir() and identify_file(path).kind in SNAPSHOTS)


def _turns(path: Path) -> Turns:
    try:
        record = parse_json(read_whole(path, doing="read the trace"))
    except ValueError as error:
        raise InvalidInputError(f"it does not parse: {error}", where=str(path)) from None
    return read_turns(record, str(path))


def _explained(looks: list[Look], asking: Question, asked: Asked) -> Explained:
    compared = _compared(looks, asked)
    stalled = None if compared is None or len(looks) > 1 else compared.verdict
    found = again_without(answer(looks, replace(asking, stalled=stalled)), here=False)
    record = {
        **found.to_record(),
        "left": _left(looks[-1]),
        "looks": [_look_record(look, looks[-1]) for look in looks],
        "changes": None if compared is None else compared.to_record(),
    }
    return Explained(found, record)


def _left(look: Look) -> list[str]:
    """What killed launches have left of results, beside the ring's own file."""
    return [] if look.file == STDIN or look.span.offset else left_of(Path(look.file))


def _compared(looks: Sequence[Look], asked: Asked) -> Comparison | None:
    """The counts of the first look, or of a saved snapshot, beside those of the last."""
    last = _counts(looks[-1])
    if len(looks) > 1:
        return compare(_counts(looks[0]), last, looks[0].as_earlier(looks[-1]).seconds)
    if asked.evidence.since is None:
        return None
    baseline = read_baseline(asked.evidence.since)
    now = looks[-1].moment
    passed = None if baseline.seconds is None or now is None else now - baseline.seconds
    return compare(baseline.total, last, passed if passed is not None and passed > 0 else None)


def _counts(look: Look) -> dict[str, int]:
    tally = look.ring.tally()
    snapshot = tally.snapshot(lenient=True).to_record()
    return {
        **snapshot,
        "done_count": tally.counts[TaskState.DONE],
        "empty_count": tally.counts[TaskState.EMPTY],
    }


def _look_record(look: Look, last: Look) -> LookRecord:
    tally: StateTally = look.ring.tally()
    before = None if look is last else look.as_earlier(last).seconds
    return {
        "name": look.name,
        "seconds_before": before,
        "states": {state.label: tally.counts[state] for state in TaskState},
        "unknown": tally.unknown,
    }

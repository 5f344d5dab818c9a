"""The request that `launch` makes of its options, those of the command alone among them.

The parser has read each option by itself; here the files among them are read, and options that go only with others, or
not with them, are refused. Standard library and the records only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vyrectl.cli.declared import taken
from vyrectl.cli.endings import NPY, RING, TRACE, check_ending
from vyrectl.cli.output import Output
from vyrectl.cli.stdout_file import StdoutFile
from vyrectl.dataclass import dataclass
from vyrectl.declared import LIMITS, MORE_WORK, RECORDS, SAFETY, TUNING, path, seconds, switch, text
from vyrectl.engine.buffer_files import buffer_files
from vyrectl.engine.quotas import parse_quotas
from vyrectl.errors import UsageError
from vyrectl.hosting.request import FileLaunch
from vyrectl.launching.options import LaunchOptions
from vyrectl.launching.plan import AUTO, OFF, Plan, saved_plan
from vyrectl.live.follower import FollowOptions
from vyrectl.protocol.replay import LogKind
from vyrectl.ring.outputs import STDOUT, STDOUT_NAMES
from vyrectl.spread.options import Hosts

if TYPE_CHECKING:
    from vyrectl.policy.policy import LaunchPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Options of the command alone."""

    formats: Path | None = path(
        None,
        "--formats",
        metavar="FILE",
        says="JSON: format id -> text, as `debug` takes it.",
        group=RECORDS,
    )
    follow: bool = switch(
        False,
        "--follow",
        says="Stay when drained; sleep until there is work, or SHUTDOWN.",
        group=MORE_WORK,
    )
    feed: str | None = text(
        None,
        "--feed",
        metavar="FIFO|-",
        says="Take JSONL tasks and commands; answer on stdout.",
        group=MORE_WORK,
    )
    reclaim: bool = switch(False, "--reclaim", says="Put fed tasks into Done slots too.", group=MORE_WORK)
    spin_ms: float | None = seconds(
        None, "--spin-ms", metavar="MS", says="Poll so long for more work before sleeping.", group=TUNING
    )
    stall_after: float | None = seconds(
        None,
        "--stall-after",
        says="Say why when no turn ended for so long; 60 if not given, 0: never.",
        group=LIMITS,
    )
    on_stall: str | None = text(
        None,
        "--on-stall",
        metavar="COMMAND",
        says="Run this then; RING and STALL_JSON are set.",
        group=LIMITS,
    )
    stall_ends: bool = switch(False, "--stall-ends", says="End then, with exit code 7.", group=LIMITS)
    fail_on_fault: bool = switch(False, "--fail-on-fault", says="Exit 6 when a task faulted.", group=LIMITS)
    dry_run: bool = switch(
        False, "--dry-run", says="Show what would be claimed and run nothing.", group=SAFETY
    )


LOG_KINDS = (LogKind.ENDINGS, LogKind.PUBLICATIONS)
LOG_SUFFIX = ".vrrl"
"""Of the log beside a ring that a kind alone stands for."""

RECORDS_OF_LAUNCH = (LaunchOptions, FileLaunch, Hosts, Flags)
"""Everything that the command takes beside its ring, declared."""


def file_launch(
    ring: Path, given: Mapping[str, object], flags: Flags, output: Output, stdout: StdoutFile
) -> FileLaunch:
    """What the child is asked.

    Args:
        ring: The ring file.
        given: Parameter's name -> what was parsed; None where it was not given.
        flags: The command's own options.
        output: Where a log's name is said that was left out.
        stdout: Takes the one output that may go to standard output.

    Raises:
        UsageError: Options that do not go together, or a name that does not fit what it would hold.
        FileError: A plan or a policy cannot be read.
        InvalidInputError: It holds none.
    """
    asked = taken(
        FileLaunch,
        given,
        ring=ring,
        record=None,
        buffers=tuple(cast("Sequence[str]", given["buffers"] or ())),
    )
    log, kind = _read_record(cast("str | None", given["record"]), ring, output)
    trace = cast("Path | None", given["trace"])
    _check_endings(asked, log, trace)
    trace = stdout.take("--trace", trace)
    to_stdout = asked.output is not None and str(asked.output) == STDOUT
    asked = replace(asked, output=stdout.take("--output", asked.output), to_stdout=to_stdout)
    options = _options(given, trace)
    asked = replace(
        asked,
        options=options,
        save_control=stdout.take("--save-control", asked.save_control),
        debug_log=stdout.take("--debug-log", asked.debug_log),
        record=log,
        record_kind=kind,
        buffers=tuple(_buffer(spec, stdout) for spec in asked.buffers),
        reads=tuple(_read_files(flags, str(given["plan"]))),
        follow=_follow_options(flags, options),
    )
    if (
        asked.follow is not None and options.plan == AUTO
    ):  # it speaks of the tasks that are there; more will come
        asked = replace(asked, options=replace(options, plan=OFF))
    _check_together(asked, flags, given)
    return asked


def _options(given: Mapping[str, object], trace: Path | None) -> LaunchOptions:
    plan_text, quotas = str(given["plan"]), cast("Sequence[str]", given["quotas"] or ())
    return taken(
        LaunchOptions,
        given,
        ops=tuple(str(one) for one in cast("Sequence[Path]", given["ops"] or ())),
        plan=_read_plan(plan_text),
        policy=_read_policy(cast("Path | None", given["policy"]), plan_text),
        quotas=parse_quotas(quotas),
        trace=None if trace is None else str(trace),
    )


def _check_together(asked: FileLaunch, flags: Flags, given: Mapping[str, object]) -> None:
    """Refuse what is for another option that was not given."""
    if not given["dask"] and (given["dask_security"] or given["resume"]):
        raise UsageError("--dask-security and --resume are for --dask", fix="Add --dask tcp://HOST:8786")
    if asked.debug_log is None and (flags.formats or given["debug_records"]):
        raise UsageError(
            "--formats and --debug-records are for --debug-log",
            fix="Name a file for it: --debug-log debug.bin",
        )
    if asked.options.trace is None and given["trace_records"]:
        raise UsageError("--trace-records is for --trace", fix="Name a file for it: --trace trace.json")
    if asked.record is None and given["record_capacity"]:
        raise UsageError("--record-capacity is for --record", fix="Name a file for it: --record log.vrrl")


def _buffer(spec: str, stdout: StdoutFile) -> str:
    """A `--buffer` option whose output is a file, also when it says `-`."""
    handle, _, output = buffer_files(spec)
    if output is None or str(output) not in STDOUT_NAMES:
        return spec
    return f"{spec.removesuffix(str(output))}{stdout.take(f'--buffer {handle}=', Path(STDOUT))}"


def _read_files(flags: Flags, plan: str) -> Iterator[tuple[str, Path]]:
    if flags.formats is not None:
        yield "--formats", flags.formats
    if plan not in (AUTO, OFF):
        yield "--plan", Path(plan)


def _check_endings(asked: FileLaunch, log: Path | None, trace: Path | None) -> None:
    """Each file that a launch writes is what its name says.

    Raises:
        UsageError: One is not.
    """
    for one, content in (
        (asked.output, "a ring"),
        (asked.save_control, "a control buffer"),
        (asked.debug_log, "a debug log"),
        (log, "a replay log"),
    ):
        check_ending(one, content, RING)
    check_ending(trace, "a JSON trace", TRACE)
    for spec in asked.buffers:
        check_ending(buffer_files(spec).output, "a .npy array", NPY)


def _read_policy(path: Path | None, plan_text: str) -> LaunchPolicy | None:
    """Value of `--policy`.

    Raises:
        UsageError: The plan is not made here.
        FileError: It cannot be read.
        InvalidInputError: It holds no policy.
    """
    if path is None:
        return None
    if plan_text != AUTO:
        raise UsageError("--policy is for --plan auto", fix="Leave out --plan, or --policy")
    from vyrectl.cli.sources import read_policy

    return read_policy(path)


def _read_plan(word: str) -> Plan | str:
    """Value of `--plan`: one of the two words, or what a file holds.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: It holds no plan.
    """
    if word in (AUTO, OFF):
        return word
    from vyrectl.cli.sources import read_table

    return saved_plan(read_table(Path(word)), word)


def _follow_options(flags: Flags, options: LaunchOptions) -> FollowOptions | None:
    """How the launch stays when it is drained; None when it does not.

    Raises:
        UsageError: Options that go only with a feed or with following, or not with it.
    """
    if not flags.follow and flags.feed is None:
        for given, name in ((flags.reclaim, "--reclaim"), (flags.spin_ms is not None, "--spin-ms")):
            if given:
                raise UsageError(f"{name} is for a launch that follows", fix="Add --follow or --feed")
        return None
    if flags.reclaim and flags.feed is None:
        raise UsageError("--reclaim is for a feed", fix="Add --feed - or --feed FIFO")
    for given, name, fix in (
        (options.where is not None, "--where", "It chooses among the tasks of the start; leave it out"),
        (options.verify, "--verify", "Verify a launch that ends when it is drained"),
        (options.mode == "jit", "--mode jit", "Tasks to come may use any operation; leave it out"),
    ):
        if given:
            raise UsageError(f"{name} does not go with a launch that follows", fix=fix)
    spin_seconds = None if flags.spin_ms is None else flags.spin_ms / 1000
    return FollowOptions(
        flags.feed, flags.reclaim, spin_seconds, answers=1 if flags.feed is None else os.dup(1)
    )


def _read_record(text: str | None, ring: Path, output: Output) -> tuple[Path | None, LogKind]:
    """The log of `--record`, or None, and what its records stand for.

    A name that could be meant otherwise is still to be had, as a path (`./publications`).

    Args:
        text: `FILE`, `KIND:FILE`, or a kind alone for the log RING.vrrl, which is then said aloud.
        ring: The launched ring.
        output: Where that is said.

    Raises:
        UsageError: Nothing behind the kind, or no name at all.
    """
    if text is None:
        return None, LogKind.ENDINGS
    word, colon, name = text.partition(":")
    kind = next((one for one in LOG_KINDS if word == one), None)
    if kind is None:
        kind, name = LogKind.ENDINGS, text
    elif not colon:
        name = f"{ring}{LOG_SUFFIX}"
        output.talk(f"{kind} go to {name}; --record ./{word} names a file")
    if not name:
        raise UsageError(
            f"--record {text!r} names no file",
            fix=f"Name the log: --record {kind}:run{LOG_SUFFIX}, or --record {kind} for RING{LOG_SUFFIX}",
        )
    return Path(name), kind

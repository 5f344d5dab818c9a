"""What a launch of a ring file is asked beside the options of every launch: its files, its process, how it follows.

Nothing heavy is imported. Invariant: a request can be sent to another process.
"""

from __future__ import annotations

from pathlib import Path

from vyrectl.abi.limits import DEFAULT_DEBUG_RECORDS, MAX_ENCODED
from vyrectl.dataclass import dataclass
from vyrectl.declared import (
    LIMITS,
    RECORDS,
    SAFETY,
    TUNING,
    path,
    python,
    seconds,
    switch,
    text,
    texts,
    whole,
)
from vyrectl.engine.ops import OpSource
from vyrectl.files.whole import STDIN
from vyrectl.hosting.supervisor import GRACE_SECONDS
from vyrectl.launching.options import LaunchOptions
from vyrectl.live.follower import FollowOptions
from vyrectl.protocol.replay import LogKind


@dataclass(frozen=True, kw_only=True)
class Logs:
    """Files that a launch reads and writes beside its ring and its buffers."""

    control: Path | None = path(
        None,
        "--control",
        metavar="FILE",
        says="Control buffer to start from; its tenants' gate holds.",
        group=RECORDS,
    )
    save_control: Path | None = path(
        None, "--save-control", metavar="FILE", says="Write the control buffer at the end.", group=RECORDS
    )
    debug_log: Path | None = path(
        None,
        "--debug-log",
        metavar="FILE",
        says="Show PRINTF records as they come, and keep them here.",
        group=RECORDS,
    )
    debug_records: int = whole(
        DEFAULT_DEBUG_RECORDS,
        "--debug-records",
        says=f"Records that it has room for; {DEFAULT_DEBUG_RECORDS} by default.",
        least=1,
        most=MAX_ENCODED,
        group=TUNING,
    )
    record: Path | None = text(
        None,
        "--record",
        metavar="FILE",
        says="Append a record of every ended task to a replay log; publications:FILE records publications.",
        group=RECORDS,
    )
    record_kind: LogKind = python(LogKind.ENDINGS, "What the records of `record` stand for.")
    record_capacity: int | None = whole(
        None,
        "--record-capacity",
        says="Records that a new replay log has room for.",
        least=1,
        most=MAX_ENCODED,
        group=TUNING,
    )


@dataclass(frozen=True, kw_only=True)
class Result:
    """Where the ring that a launch leaves goes."""

    in_place: bool = switch(
        True,
        "--in-place/--no-in-place",
        says="Let a CPU device work on the mapped file itself.",
        group=TUNING,
    )
    output: Path | None = path(
        None, "--output", "-o", metavar="NEW", says="Write the result here and keep RING."
    )
    backup: bool = switch(
        False, "--backup", says="Keep the old ring as RING.bak, or .bak.1 and so on.", group=SAFETY
    )

    @property
    def works_in_file(self) -> bool:
        """Whether the device may work on the file itself."""
        return self.in_place and self.output is None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLaunch(Result, Logs):
    """A launch of a ring file.

    Attributes:
        ring: The ring file.
        options: The launch itself; its `timeout` counts from the moment that the launch was asked for.
        reads: Other files that are read for it, each with its option; no output may be one.
    """

    ring: Path
    options: LaunchOptions = LaunchOptions()
    reads: tuple[tuple[str, Path], ...] = ()
    buffers: tuple[str, ...] = texts(
        (), "--buffer", metavar="H=SPEC", says="x.npy, x.npy:OUT.npy or zeros:DTYPE:SHAPE[:OUT.npy]."
    )
    grace_s: float = seconds(GRACE_SECONDS, "--grace", says="Time to stop before the kill.", group=LIMITS)
    to_stdout: bool = python(False, "Whether the output is a file on its way to standard output.")
    follow: FollowOptions | None = python(
        None, "How the launch stays when it is drained; None for one that ends then."
    )

    @property
    def reads_stdin(self) -> bool:
        """Whether standard input is among the files that its process reads."""
        ops = (op for op in self.options.ops if not isinstance(op, OpSource))
        return any(str(path) == STDIN for path in (self.control, *ops, *self.buffer_files))

    @property
    def buffer_files(self) -> tuple[str, ...]:
        """What `buffers` are read from, as far as their texts tell."""
        return tuple(option.partition("=")[2].partition(":")[0] for option in self.buffers)

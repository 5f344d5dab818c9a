"""What a launch is asked to do: every option declared once, for Python, the command line and the child process alike.

`launch` takes the fields as keywords, the command's parameters are made of those with a spelling, the supervised child
is sent the record, and `Job` inherits what the engine receives as it is. The invariant: a record that the command line
makes can be pickled. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from vyrectl.abi.limits import DEFAULT_TRACE_RECORDS, MOST_TRACE_RECORDS
from vyrectl.dataclass import dataclass
from vyrectl.declared import (
    LIMITS,
    RECORDS,
    SLOTS,
    TUNING,
    path,
    paths,
    python,
    seconds,
    switch,
    text,
    texts,
    whole,
)
from vyrectl.engine.options import EngineOptions
from vyrectl.launching.plan import AUTO, OFF, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vyrectl.engine.buffers import BufferTable
    from vyrectl.engine.ops import OpSource
    from vyrectl.engine.trace import Trace
    from vyrectl.launching.rounds import Limits
    from vyrectl.policy.policy import LaunchPolicy


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """How a launch is to go, as far as the plan does not say, and whether its turns are noted."""

    age_threshold: int | None = whole(
        None,
        "--age-threshold",
        says="Age ticks that lift a task by one class; 0: none.",
        group=TUNING,
        about="Age ticks that lift a task by one class; 0 for none. When None the plan decides, 32 without one.",
    )
    mode: str = text(
        "auto",
        "--mode",
        metavar="auto|jit|interpreter",
        says="Compile the ring's operations, or all.",
        group=TUNING,
        about="`jit` compiles the operations that the ring uses, `interpreter` all; with `auto` the plan "
        "decides. Without one short rings get all of them on a CPU.",
    )
    plan: Plan | str = text(
        OFF,
        "--plan",
        metavar="auto|off|FILE",
        says="Ask the policy, do not, or replay a saved plan.",
        group=TUNING,
        typed=AUTO,
        about="`auto` asks the launch policy about the whole ring as it is at the start, `off` does not; or"
        " a saved plan. Mode and aging follow it where they are not given; the report compares the "
        "two.",
    )
    policy: LaunchPolicy | None = path(
        None,
        "--policy",
        metavar="FILE",
        says="Thresholds for --plan auto, as JSON or TOML.",
        about="The thresholds that `auto` asks by; spec 2.2's own by default.",
    )
    trace: str | PathLike[str] | Callable[[Trace], object] | None = path(
        None,
        "--trace",
        metavar="FILE",
        says="Write when each turn was made, for Perfetto.",
        group=RECORDS,
        about="Write the times of every turn there, for Perfetto or chrome://tracing; see "
        "`vyrectl.launching.trace`. Or what is called with them.",
    )
    trace_records: int = whole(
        DEFAULT_TRACE_RECORDS,
        "--trace-records",
        says=f"Turns that the trace holds; {DEFAULT_TRACE_RECORDS} by default.",
        least=1,
        most=MOST_TRACE_RECORDS,
        group=TUNING,
        about="Turns that the trace has room for; later ones are counted and dropped.",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """What ends a launch, or refuses it."""

    quotas: Mapping[int, int] | None = texts(
        None,
        "--tenant-quota",
        metavar="TENANT=N",
        says="Most claims of a tenant in this launch; repeatable.",
        group=LIMITS,
        about="Tenant -> most claims of it in this launch; its other tasks are then shut out.",
    )
    max_steps: int | None = whole(
        None, "--max-steps", says="Stop after this many claims.", group=LIMITS, about="Most claims."
    )
    timeout: float | None = seconds(
        None,
        "--timeout",
        says="Stop after this time.",
        group=LIMITS,
        about="Seconds from the call on, what is read and compiled among them, after which no further slice "
        "starts.",
    )
    fault_unknown: bool = switch(
        False,
        "--fault-unknown",
        says="Go on although tasks would only be Faulted: no operation or no buffer is known for them.",
        group=LIMITS,
        about="Go on although tasks would only be faulted, for want of an operation or of a buffer.",
    )
    limits: Limits | None = python(
        None,
        "Everything that can end the launch early, for callers that watch it; `max_steps` and `timeout` are "
        "added to it.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaunchOptions(EngineOptions, Bounds, Choices):
    """The options of a launch; None leaves a choice to the plan, the ring or the device."""

    device: object = text(
        None,
        "--device",
        "-d",
        metavar="NAME",
        says="Where to run: an id, cpu, gpu, a name, reference; several: 0:0,0:1, gpu:*, all.",
        about="`reference`, a selector for `vyrectl.opencl.devices.find_device`, a `Device` or a `Backend`;"
        " the best OpenCL device when None.",
    )
    ops: Sequence[OpSource | str | PathLike[str]] = paths(
        (),
        "--ops",
        metavar="FILE.cl",
        says="Operations of your own; may be repeated.",
        about="OpenCL C files of operations beside the shipped ones.",
    )
    buffers: BufferTable | Mapping[int | str, object] | None = python(
        None,
        'Handle -> array; arrays with the writeable flag are changed in place. The key "args" is the '
        "argument table. A `BufferTable` may also name output files, which are written at the end.",
    )
    epoch: int | None = whole(
        None,
        "--epoch",
        says="Epoch to start at; due paused tasks are resumed.",
        about="Epoch to start at; paused tasks whose resume_epoch is at most that are resumed. The control "
        "buffer's own by default, 0 when there is none.",
    )
    control: NDArray[np.uint32] | None = python(
        None,
        "Control buffer (spec 3.1), u32, at least 160 words; changed in place. Its tenant masks then "
        "say who may run. By default a fresh one that lets everybody in.",
    )
    debug_log: NDArray[np.uint32] | None = python(
        None,
        "Debug log (spec 3.2) to append to, u32, at least one word; changed in place. By default a "
        "fresh one with room for 64 records; the report holds it.",
    )
    where: str | None = text(
        None,
        "--where",
        metavar="EXPR",
        says="Only slots for which this holds, e.g. 'state == paused'; < and > go by the words (critical is 0).",
        group=SLOTS,
        about="Only slots for which this expression holds at the start may be claimed.",
    )

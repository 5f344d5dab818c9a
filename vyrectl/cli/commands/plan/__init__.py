"""`vyrectl plan`: what the launch policy recommends for a queue, and which rule decided it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vyrectl.cli.commands.plan.options import Planning
from vyrectl.cli.commands.plan.view import compare_view, view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    Span,
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.request_options import (
    LenientOption,
    flag,
    given_fields,
    option_fields,
    with_request_options,
)
from vyrectl.cli.sources import (
    Asked,
    Window,
    is_ring_file,
    read_policy,
    read_source,
)
from vyrectl.cli.stdin_once import check_single_stdin
from vyrectl.errors import (
    DeviceMemoryError,
    LaunchRequestError,
    UnrunnableTasksError,
    UsageError,
    VyrectlError,
)
from vyrectl.policy.enums import Topology
from vyrectl.policy.judging import SILENT, Judge, Recorder
from vyrectl.policy.policy import LaunchPolicy, LaunchRecommendation
from vyrectl.policy.request import ADAPTER_LIMITS, LaunchRequest
from vyrectl.policy.sweep import Sweep, sweep

if TYPE_CHECKING:
    from vyrectl.cli.commands.plan.record import LimitsFrom

PLAN_KEYS = (
    "geometry",
    "worker_groups",
    "hit_capacity",
    "pressure",
    "execution_mode",
    "topology",
    "promote_hot_opcodes",
    "promote_hot_windows",
    "age_priority_work",
    "estimated_peak_device_bytes",
    "device_memory_budget_bytes",
    "topology_evidence",
    "promotion_evidence",
)


@with_request_options
@with_records
def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A ring, a saved snapshot, a launch request, or - for standard input."
        ),
    ],
    *,
    planning: Planning,
    span: Span,
    lenient: LenientOption = False,
    printed: Talking,
    **fields: int | None,
) -> None:
    """Recommend a launch for a queue, and say why.

    A ring's or a snapshot's telemetry is merged into the request of --request and of the options named after its
    fields; a SOURCE that is a request is taken as it is. Adapter limits that nobody gave come from the OpenCL device.

    \b
    Examples:
      vyrectl plan ring.bin --explain
      vyrectl plan ring.bin --sweep queue_len=0..100000
      vyrectl plan ring.bin --compare ours.toml theirs.toml
      vyrectl apply ring.bin --json | vyrectl plan - --previous SparseFrontier
    """
    output = printed.output()
    window = Window(span, lenient)
    if planning.compare is not None:
        alone = replace(Planning(), compare=planning.compare, device=planning.device)
        if lenient or replace(planning, ops=(), buffers=()) != alone or option_fields(fields):
            raise UsageError("--compare goes with a ring alone", fix="Leave out what a plan is asked with")
        _compare(output, source, planning.compare, planning, span)
        return
    check_single_stdin(source, planning.request, planning.policy)
    thresholds = LaunchPolicy() if planning.policy is None else read_policy(planning.policy)
    asked, limits = _request(source, planning, fields, window, output)
    recorder = Recorder() if planning.explain else None
    answer, refusal = _recommend(thresholds, asked, planning.previous, recorder or SILENT)
    if refusal is not None and recorder is None and planning.sweep is None:
        raise refusal.at(str(source))
    record: dict[str, object] = {
        **_plan_record(answer),
        "request": asked.to_record(),
        "policy": thresholds.to_record(),
        "previous_topology": planning.previous,
        "limits_from": limits,
    }
    _warn_of_refusal(output, source, window, planning)
    if recorder is not None:
        record["steps"] = [step.to_record() for step in recorder.steps]
    swept = planning.sweep
    _emit(output, record, None if swept is None else sweep(asked, *swept, thresholds, planning.previous))
    if refusal is not None:
        raise refusal.at(str(source))


def _warn_of_refusal(output: Output, source: Path, window: Window, planning: Planning) -> None:
    """Say what a launch of a ring file would refuse as things stand; nothing for other sources."""
    if not is_ring_file(source, window):
        return
    from vyrectl.engine.buffer_options import parse_buffer_options
    from vyrectl.launching.options import LaunchOptions
    from vyrectl.launching.preview import what_cannot_run
    from vyrectl.launching.unrunnable import refuse
    from vyrectl.ring.file import Ring

    options = LaunchOptions(ops=planning.ops, buffers=parse_buffer_options(planning.buffers))
    with Ring.open(source, offset=window.span.start, count=window.span.slots) as ring:
        found = what_cannot_run(ring.slots, options)
    try:
        refuse(found, str(source))
    except UnrunnableTasksError as error:
        output.warn(str(error))


def _compare(
    output: Output,
    ring: Path,
    policies: tuple[Path, Path],
    planning: Planning,
    span: Span,
) -> None:
    """Launch copies of a ring under two policies; the files of buffers are read and none is written."""
    from vyrectl.cli.options import open_ring
    from vyrectl.engine.buffer_options import parse_buffer_options
    from vyrectl.launching.compare import REPEATS, compare_policies, verdict

    check_single_stdin(ring, *policies)
    named = [(str(path), read_policy(path)) for path in policies]
    with open_ring(ring, span) as opened:
        slots = opened.slots.copy()
    one, other = compare_policies(
        slots,
        named,
        device=planning.device,
        ops=planning.ops,
        buffers=lambda: parse_buffer_options(planning.buffers).without_outputs(),
    )
    record = {
        "ring": str(ring),
        "launches": REPEATS,
        "policies": [one.to_record(), other.to_record()],
        "verdict": verdict(one, other),
    }
    output.emit("plan-compare", record, compare_view)


def _recommend(
    policy: LaunchPolicy, request: LaunchRequest, previous: Topology | None, judge: Judge
) -> tuple[LaunchRecommendation | None, VyrectlError | None]:
    """The recommendation, or why there is none."""
    try:
        return policy.recommend(request, previous, judge=judge), None
    except (LaunchRequestError, DeviceMemoryError) as error:
        return None, error


def _plan_record(answer: LaunchRecommendation | None) -> Mapping[str, object]:
    """The fields of spec 2.3 and 2.4 by name, a `Planned`; all None when there is no plan."""
    if answer is None:
        return dict.fromkeys(PLAN_KEYS)
    return {
        **answer.to_record(),
        "topology_evidence": answer.topology_evidence.to_record(),
        "promotion_evidence": answer.promotion_evidence.to_record(),
    }


def _emit(output: Output, record: Mapping[str, object], found: Sweep | None) -> None:
    if found is None:
        output.emit("plan", record, view)
        return
    rows = [region.to_record() for region in found.regions]
    output.emit("plan", {**record, "sweep": found.to_record()}, view, rows=rows, rows_key="regions")


def _request(
    source: Path,
    planning: Planning,
    options: dict[str, int | None],
    window: Window,
    output: Output,
) -> tuple[LaunchRequest, LimitsFrom | None]:
    """The request that the source, the file, the options and the device make together; and whose limits it has."""
    found = read_source(source, window)
    if isinstance(found, Asked):
        if planning.request is not None:
            raise UsageError("SOURCE is a launch request already", fix="Leave out --request")
        fields = {**found.fields, **option_fields(options)}
    else:
        fields = given_fields(planning.request, options)
        if found.unknown:
            output.warn(f"{found.name}: slots in an unknown state, left out: {found.unknown}")
    missing = [name for name in ADAPTER_LIMITS if name not in fields]
    limits: dict[str, int] = {}
    whose = None
    if missing:
        limits, whose = _device_limits(planning.device, missing)
    asked = LaunchRequest(**fields | {name: limits[name] for name in missing})
    return asked if isinstance(found, Asked) else found.snapshot.apply_to(asked), whose


def _device_limits(selector: str | None, missing: list[str]) -> tuple[dict[str, int], LimitsFrom]:
    from vyrectl.launching.backends import is_reference
    from vyrectl.opencl.devices import find_device, survey

    if is_reference(selector):
        options = ", ".join(flag(name) for name in missing)
        raise UsageError(
            "the reference backend has no adapter limits", fix=f"Give {options}, or name a device"
        )
    device = find_device(selector, survey(), reference=False)
    return device.limits, {"device": device.id, "name": device.name, "fields": missing}

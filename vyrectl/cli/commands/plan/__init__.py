"""`vyrectl plan`: what the launch policy recommends for a queue, and which rule decided it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vyrectl.cli.commands.plan.view import compare_view, view
from vyrectl.cli.declared import read_number
from vyrectl.cli.options import (
    ColorOption,
    CountOption,
    FormatOption,
    JsonOption,
    OffsetOption,
    QuietOption,
    make_output,
    parse_span,
)
from vyrectl.cli.output import Output
from vyrectl.cli.request_options import (
    LenientOption,
    RequestOption,
    flag,
    given_fields,
    option_fields,
    with_request_options,
)
from vyrectl.cli.sources import (
    Asked,
    Window,
    check_single_stdin,
    is_ring_file,
    read_policy,
    read_source,
)
from vyrectl.errors import (
    DeviceMemoryError,
    LaunchRequestError,
    UnrunnableTasksError,
    UsageError,
    VyrectlError,
)
from vyrectl.policy.enums import Topology, parse_topology
from vyrectl.policy.policy import LaunchPolicy, LaunchRecommendation
from vyrectl.policy.request import ADAPTER_LIMITS, REQUEST_WIDTHS, LaunchRequest
from vyrectl.policy.sweep import Sweep, sweep
from vyrectl.policy.trace import SILENT, Judge, Recorder

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
def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="A ring, a saved snapshot, a launch request, or - for standard input."
        ),
    ],
    *,
    device: Annotated[
        str,
        typer.Option("--device", metavar="D", help="Device whose limits to plan for; the best by default."),
    ] = "",
    request: RequestOption = None,
    previous: Annotated[
        str,
        typer.Option("--previous", metavar="TOPOLOGY", help="Topology of the launch before, for hysteresis."),
    ] = "",
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Thresholds of the policy, as JSON or TOML."),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Launch copies of the ring under two policies, and say which does better.",
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show each step that decided something.")
    ] = False,
    sweep_text: Annotated[
        str, typer.Option("--sweep", metavar="FIELD=START..STOP", help="Show where the answer flips.")
    ] = "",
    ops: Annotated[
        list[Path] | None,
        typer.Option(
            "--ops", metavar="FILE.cl", help="Operations that the launch will be given; repeatable."
        ),
    ] = None,
    buffers: Annotated[
        list[str] | None,
        typer.Option(
            "--buffer", metavar="H=SPEC", help="Buffers that it will be given, as launch takes them."
        ),
    ] = None,
    offset: OffsetOption = "",
    count: CountOption = "",
    lenient: LenientOption = False,
    format_name: FormatOption = "table",
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    quiet: QuietOption = False,
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
    output = make_output(format_name, as_json, color, quiet=quiet)
    if compare is not None:
        others = (request, previous, policy, explain, sweep_text, lenient)
        if any(others) or any(field is not None for field in fields.values()):
            raise UsageError("--compare goes with a ring alone", fix="Leave out what a plan is asked with")
        _compare(output, source, compare, device, (offset, count), buffers or [], ops or [])
        return
    check_single_stdin(source, request, policy)
    swept = _parse_sweep(sweep_text) if sweep_text else None
    before = parse_topology(previous) if previous else None
    thresholds = LaunchPolicy() if policy is None else read_policy(policy)
    asked, limits = _request(source, request, fields, Window(offset, count, lenient), device, output)
    recorder = Recorder() if explain else None
    answer, refusal = _recommend(thresholds, asked, before, recorder or SILENT)
    if refusal is not None and not explain and swept is None:
        raise refusal.at(str(source))
    record = {
        **_plan_record(answer),
        "request": asked.to_record(),
        "policy": thresholds.to_record(),
        "previous_topology": before,
        "limits_from": limits,
    }
    _warn_of_refusal(output, source, Window(offset, count, lenient), ops or (), buffers or ())
    if recorder is not None:
        record["steps"] = [step.to_record() for step in recorder.steps]
    found = sweep(asked, *swept, thresholds, before) if swept is not None else None
    _emit(output, record, found)
    if refusal is not None:
        raise refusal.at(str(source))


def _warn_of_refusal(
    output: Output, source: Path, window: Window, ops: Sequence[Path], buffers: Sequence[str]
) -> None:
    """Say what a launch of a ring file would refuse as things stand; nothing for other sources."""
    if not is_ring_file(source, window):
        return
    from vyrectl.engine.buffers import parse_buffer_options
    from vyrectl.launching.options import LaunchOptions
    from vyrectl.launching.preview import what_cannot_run
    from vyrectl.launching.unrunnable import refuse
    from vyrectl.ring.file import Ring

    first, slots = parse_span(window.offset, window.count)
    with Ring.open(source, offset=first, count=slots) as ring:
        found = what_cannot_run(ring.slots, LaunchOptions(ops=ops, buffers=parse_buffer_options(buffers)))
    try:
        refuse(found, str(source))
    except UnrunnableTasksError as error:
        output.warn(str(error))


def _compare(
    output: Output,
    ring: Path,
    policies: tuple[Path, Path],
    device: str,
    span: tuple[str, str],
    buffers: list[str],
    ops: list[Path],
) -> None:
    """Launch copies of a ring under two policies; the files of buffers are read and none is written."""
    from vyrectl.cli.options import open_ring
    from vyrectl.engine.buffers import parse_buffer_options
    from vyrectl.launching.compare import REPEATS, compare_policies, verdict

    check_single_stdin(ring, *policies)
    named = [(str(path), read_policy(path)) for path in policies]
    with open_ring(ring, *span) as opened:
        slots = opened.slots.copy()
    one, other = compare_policies(
        slots,
        named,
        device=device or None,
        ops=ops,
        buffers=lambda: parse_buffer_options(buffers).without_outputs(),
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


def _plan_record(answer: LaunchRecommendation | None) -> dict[str, Any]:
    """The fields of spec 2.3 and 2.4 by name; all None when there is no plan."""
    if answer is None:
        return dict.fromkeys(PLAN_KEYS)
    return {
        **answer.to_record(),
        "topology_evidence": answer.topology_evidence.to_record(),
        "promotion_evidence": answer.promotion_evidence.to_record(),
    }


def _emit(output: Output, record: dict[str, Any], found: Sweep | None) -> None:
    if found is None:
        output.emit("plan", record, view)
        return
    rows = [region.to_record() for region in found.regions]
    output.emit("plan", {**record, "sweep": found.to_record()}, view, rows=rows, rows_key="regions")


def _parse_sweep(text: str) -> tuple[str, int, int]:
    """Value of `--sweep`.

    Raises:
        UsageError: Not FIELD=START..STOP, or a bound out of the field's range.
        UnknownNameError: The request has no such field.
    """
    name, equals, bounds = text.partition("=")
    start, dots, stop = bounds.partition("..")
    if not (equals and dots):
        raise UsageError(
            f"--sweep is {text!r}", fix="Give FIELD=START..STOP, for example queue_len=0..100000"
        )
    field = name.strip().replace("-", "_")
    most = REQUEST_WIDTHS.most.get(field, 0xFFFF_FFFF_FFFF_FFFF)
    ends = [read_number(end, "a bound of --sweep", most=most) for end in (start, stop)]
    return field, ends[0], ends[1]


def _request(
    source: Path,
    request: Path | None,
    options: dict[str, int | None],
    window: Window,
    device: str,
    output: Output,
) -> tuple[LaunchRequest, dict[str, Any] | None]:
    """The request that the source, the file, the options and the device make together; and whose limits it has."""
    found = read_source(source, window)
    if isinstance(found, Asked):
        if request is not None:
            raise UsageError("SOURCE is a launch request already", fix="Leave out --request")
        fields = {**found.fields, **option_fields(options)}
    else:
        fields = given_fields(request, options)
        if found.unknown:
            output.warn(f"{found.name}: slots in an unknown state, left out: {found.unknown}")
    missing = [name for name in ADAPTER_LIMITS if name not in fields]
    limits, whose = _device_limits(device, missing) if missing else ({}, None)
    asked = LaunchRequest(**fields | {name: limits[name] for name in missing})
    return asked if isinstance(found, Asked) else found.snapshot.apply_to(asked), whose


def _device_limits(selector: str, missing: list[str]) -> tuple[dict[str, int], dict[str, Any]]:
    from vyrectl.opencl.devices import DEVICE_VARIABLE, find_device, survey

    if (selector or os.environ.get(DEVICE_VARIABLE)) == "reference":
        options = ", ".join(flag(name) for name in missing)
        raise UsageError(
            "the reference backend has no adapter limits", fix=f"Give {options}, or name a device"
        )
    device = find_device(selector or None, survey(), reference=False)
    return device.limits, {"device": device.id, "name": device.name, "fields": missing}

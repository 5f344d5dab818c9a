"""`vyrectl apply`: a queue's telemetry merged into a launch request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.apply.view import view
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import (
    Span,
    Talking,
)
from vyrectl.cli.request_options import LenientOption, RequestOption, given_fields, with_request_options
from vyrectl.cli.sources import Asked, Window, read_source
from vyrectl.cli.stdin_once import check_single_stdin
from vyrectl.errors import InvalidInputError
from vyrectl.policy.request import LaunchRequest


@with_request_options
@with_records
def command(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="A ring, a snapshot saved as JSON, or - for standard input."),
    ],
    *,
    request: RequestOption = None,
    span: Span,
    lenient: LenientOption = False,
    printed: Talking,
    **fields: int | None,
) -> None:
    """Merge a ring's telemetry into a launch request.

    queue_len becomes the number of schedulable tasks, requeue_count grows by the continuation pressure and
    max_priority_age rises to the oldest task's; every other field stays. The request comes from --request and from
    the options named after its fields, which win. The JSON output is the request; `plan` reads it.

    \b
    Examples:
      vyrectl apply ring.bin --requested-worker-groups 64
      vyrectl apply ring.bin --json | vyrectl plan -
    """
    output = printed.output()
    check_single_stdin(source, request)
    before = LaunchRequest(**given_fields(request, fields))
    telemetry = read_source(source, Window(span, lenient))
    if isinstance(telemetry, Asked):
        raise InvalidInputError(
            "this is a launch request and holds no telemetry",
            where=telemetry.name,
            fix="Name a ring or a saved snapshot, and give the request with --request",
        )
    after = telemetry.snapshot.apply_to(before)
    if telemetry.unknown:
        output.warn(f"{telemetry.name}: slots in an unknown state, left out: {telemetry.unknown}")
    about = {"source": telemetry.name, "before": before.to_record(), **telemetry.snapshot.to_record()}
    output.emit("apply", after.to_record(), lambda record: view(record, about))

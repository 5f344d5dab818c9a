"""Schemas of `apply`, `plan` and `converge`."""

from __future__ import annotations

from typing import Annotated

from vyrectl.cli.commands.converge.record import NodesAnswer, WordsAnswer
from vyrectl.cli.commands.plan.record import CompareAnswer, NoPlanAnswer, PlanAnswer
from vyrectl.cli.schemas.parts import (
    Schema,
    answer,
    document,
)
from vyrectl.cli.schemas.typed import answer_of, printed, schema_of_type
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.shapes import Sized

REQUEST = schema_of_type(Annotated[dict[str, int], Sized(REQUEST_BITS)])["properties"]

PLAN = answer_of("plan", PlanAnswer)
NO_PLAN = answer_of("plan", NoPlanAnswer)

SCHEMAS: dict[str, Schema] = {
    "apply": document("apply", "A launch request with a queue's telemetry in it.", answer("apply", REQUEST)),
    "plan": document(
        "plan",
        "A recommended launch and why; without one, only why; with --compare, launches under two policies.",
        PLAN,
        NO_PLAN,
        answer_of("plan-compare", CompareAnswer),
    ),
    "converge": printed(
        "converge", "Where a vector converges to, node by node or word by word.", NodesAnswer, WordsAnswer
    ),
}

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
from vyrectl.cli.schemas.typed import fields_of, optional_of, schema_of_type
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.shapes import Sized

REQUEST = schema_of_type(Annotated[dict[str, int], Sized(REQUEST_BITS)])["properties"]

PLAN = answer("plan", fields_of(PlanAnswer), optional_of(PlanAnswer))
NO_PLAN = answer("plan", fields_of(NoPlanAnswer), optional_of(NoPlanAnswer))

SCHEMAS: dict[str, Schema] = {
    "apply": document("apply", "A launch request with a queue's telemetry in it.", answer("apply", REQUEST)),
    "plan": document(
        "plan",
        "A recommended launch and why; without one, only why; with --compare, launches under two policies.",
        PLAN,
        NO_PLAN,
        answer("plan-compare", fields_of(CompareAnswer)),
    ),
    "converge": document(
        "converge",
        "Where a vector converges to, node by node or word by word.",
        answer("converge", fields_of(NodesAnswer)),
        answer("converge", fields_of(WordsAnswer)),
    ),
}

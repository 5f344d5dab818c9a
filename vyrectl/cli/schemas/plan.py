"""Schemas of `apply`, `plan` and `converge`."""

from __future__ import annotations

from vyrectl.abi.states import PRIORITY_NAMES
from vyrectl.cli.schemas.parts import (
    BOOL,
    COUNT,
    LONG,
    NUMBER,
    SECONDS,
    TEXT,
    TEXTS,
    WORD,
    Fields,
    Schema,
    answer,
    choice,
    document,
    maybe,
    record,
    rows,
    table,
)
from vyrectl.cli.schemas.typed import fields_of, record_of
from vyrectl.policy.enums import ExecutionMode, QueuePressure, Topology
from vyrectl.policy.evidence import PromotionEvidence, TopologyEvidence
from vyrectl.policy.policy import POLICY_BITS
from vyrectl.policy.request import REQUEST_BITS
from vyrectl.policy.sizing import Geometry

TOPOLOGY, PRESSURE, MODE = choice(Topology), choice(QueuePressure), choice(ExecutionMode)


def _numbers(bits: dict[str, int]) -> dict[str, Schema]:
    return {name: {"type": "integer", "minimum": 0, "maximum": 2**width - 1} for name, width in bits.items()}


REQUEST: Fields = _numbers(REQUEST_BITS)

CHOSEN: dict[str, Schema] = {
    "topology": TOPOLOGY,
    "pressure": PRESSURE,
    "execution_mode": MODE,
    **table(("promote_hot_opcodes", "promote_hot_windows", "age_priority_work"), BOOL),
    "worker_groups": WORD,
    "hit_capacity": WORD,
    "estimated_peak_device_bytes": LONG,
}
GEOMETRY = record_of(Geometry)
VERSION: Fields = {"schema_version": COUNT}
TOPOLOGY_EVIDENCE = record({**VERSION, **fields_of(TopologyEvidence)})
PROMOTION_EVIDENCE = record({**VERSION, **fields_of(PromotionEvidence)})
RECOMMENDATION: Fields = {
    "geometry": GEOMETRY,
    **CHOSEN,
    "device_memory_budget_bytes": LONG,
    "topology_evidence": TOPOLOGY_EVIDENCE,
    "promotion_evidence": PROMOTION_EVIDENCE,
}

VALUE: Schema = {"type": ["integer", "number", "string", "boolean", "array", "null"]}
"""What a step or a comparison may set or look at."""

COMPARISON = record(
    {"left": TEXT, "value": VALUE, "sign": TEXT, "right": TEXT, "bound": VALUE, "holds": BOOL}
)
STEP = record(
    {
        "rule": TEXT,
        "field": TEXT,
        "before": VALUE,
        "after": VALUE,
        "decided": BOOL,
        "why": TEXT,
        "tests": rows(COMPARISON),
    }
)
ANSWERED: Fields = {
    **{name: maybe(schema) for name, schema in CHOSEN.items()},
    **table(("refused", "error"), maybe(TEXT)),
}
CAUSE = record({"field": TEXT, "before": VALUE, "after": VALUE, "rule": TEXT, "test": TEXT})
REGION = record({"first": LONG, "last": LONG, **ANSWERED, "causes": rows(CAUSE)})
SWEEP = record(
    {
        "field": choice(REQUEST_BITS),
        "start": LONG,
        "stop": LONG,
        "flips": COUNT,
        "exact": BOOL,
        "asked": COUNT,
        "widest_gap": COUNT,
        "logarithmic": BOOL,
        "points": rows(record({"at": LONG, **ANSWERED})),
    }
)
PLANNED: Fields = {
    "request": record(REQUEST),
    "policy": record(_numbers(POLICY_BITS)),
    "previous_topology": maybe(TOPOLOGY),
    "limits_from": maybe(record({"device": TEXT, "name": TEXT, "fields": TEXTS})),
}
EXTRAS: Fields = {"steps": rows(STEP), "sweep": SWEEP, "regions": rows(REGION)}

PLAN = answer("plan", {**RECOMMENDATION, **PLANNED}, EXTRAS)
NO_PLAN = answer("plan", {**table(RECOMMENDATION, {"type": "null"}), **PLANNED}, EXTRAS)

RUN: Fields = {
    "source": TEXT,
    "step": TEXT,
    "max_iterations": COUNT,
    "device": TEXT,
    "words": COUNT,
    "work_group_size": COUNT,
    "iterations": COUNT,
    "converged": BOOL,
    "ended": TEXT,
    "device_seconds": SECONDS,
    "result": rows(WORD),
}
NODE: Fields = {"node": COUNT, "name": maybe(TEXT)}
NODES = rows(
    {
        "anyOf": [
            record({**NODE, **table(("start", "start_share", "limit", "limit_share"), NUMBER)}),
            record({**NODE, **table(("start", "reached"), BOOL)}),
        ]
    }
)
CHANGES = rows(record({"word": COUNT, "start": WORD, "end": WORD}))

COMPARED_POLICIES: Fields = {
    "ring": TEXT,
    "launches": COUNT,
    "policies": rows(
        record(
            {
                "policy": TEXT,
                "execution_mode": MODE,
                "age_threshold": WORD,
                "tasks_per_second": NUMBER,
                "waiting_us": record(table(PRIORITY_NAMES, maybe(NUMBER))),
                "ended": TEXTS,
                "turns_dropped": COUNT,
            }
        )
    ),
    "verdict": TEXT,
}

SCHEMAS: dict[str, Schema] = {
    "apply": document("apply", "A launch request with a queue's telemetry in it.", answer("apply", REQUEST)),
    "plan": document(
        "plan",
        "A recommended launch and why; without one, only why; with --compare, launches under two policies.",
        PLAN,
        NO_PLAN,
        answer("plan-compare", COMPARED_POLICIES),
    ),
    "converge": document(
        "converge",
        "Where a vector converges to, node by node or word by word.",
        answer("converge", {**RUN, "nodes": NODES}),
        answer("converge", {**RUN, "changes": CHANGES}),
    ),
}

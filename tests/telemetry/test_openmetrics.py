"""The exposition, read back by the parsers of the Prometheus client: OpenMetrics and the older text format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import parser as prometheus_text
from prometheus_client.openmetrics import parser as openmetrics_text

from vyrectl.telemetry.openmetrics import openmetrics
from vyrectl.telemetry.snapshot import TaskQueueSnapshot

COUNTS = TaskQueueSnapshot(
    ready_count=3, paused_count=2, total_requeues=2**63, max_priority_age=40
).to_record()
RING: dict[str, Any] = {"ring": "a.bin", **COUNTS, "slots": 9, "empty_count": 1, "done_count": 3}
SPREAD = {"tasks": 5, "p50": 1, "p99": 8, "max": 9, "histogram": []}
IDLE = ("empty", "running", "done", "yielded", "requeued", "faulted", "unknown")
GROUP = {
    "value": 7,
    "name": "7",
    **dict.fromkeys([f"{state}_count" for state in IDLE], 0),
    "ready_count": 3,
    "paused_count": 2,
}

Sample = tuple[str, frozenset[tuple[str, str]]]


def read(parser: Any, text: str) -> dict[Sample, float]:
    found: dict[Sample, float] = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            assert sample.timestamp is None
            found[key] = sample.value
    return found


def value(samples: dict[Sample, float], name: str, **labels: str) -> float:
    return samples[f"vyrectl_{name}", frozenset({"ring": "a.bin", **labels}.items())]


@pytest.mark.parametrize("parser", [openmetrics_text, prometheus_text])
def test_both_parsers_read_the_counts(parser: Any) -> None:
    samples = read(parser, openmetrics([RING]))
    assert value(samples, "ring_readable") == 1
    assert value(samples, "ring_slots", state="ready") == 3
    assert value(samples, "ring_slots", state="empty") == 1
    assert value(samples, "schedulable_tasks") == 3
    assert value(samples, "requeues") == 2**63
    assert value(samples, "max_priority_age_ticks") == 40
    assert value(samples, "slots") == 9


@pytest.mark.parametrize("parser", [openmetrics_text, prometheus_text])
def test_groups_and_percentiles(parser: Any) -> None:
    record = {**RING, "by": {"tenant": {"groups": [GROUP]}}, "ages": SPREAD, "requeues": SPREAD}
    samples = read(parser, openmetrics([record]))
    assert value(samples, "tenant_slots", tenant="7", state="paused") == 2
    assert value(samples, "age_ticks", quantile="0.99") == 8
    assert value(samples, "task_requeues", quantile="1") == 9


def test_no_open_task_has_no_percentile() -> None:
    nothing: dict[str, Any] = {"tasks": 0, "p50": None, "p99": None, "max": None, "histogram": []}
    samples = read(openmetrics_text, openmetrics([{**RING, "ages": nothing, "requeues": nothing}]))
    assert not any(name == "vyrectl_age_ticks" for name, _ in samples)


def test_a_ring_that_cannot_be_read_is_down() -> None:
    gone = {"ring": "b.bin", "error": {"message": "no such file"}}
    samples = read(openmetrics_text, openmetrics([RING, gone]))
    assert value(samples, "ring_readable") == 1
    assert [sample for sample in samples if ("ring", "b.bin") in sample[1]] == [
        ("vyrectl_ring_readable", frozenset({("ring", "b.bin")}))
    ]
    assert samples["vyrectl_ring_readable", frozenset({("ring", "b.bin")})] == 0


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    name=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")) | st.sampled_from('\n"\\{}')
    )
)
@pytest.mark.parametrize("parser", [openmetrics_text, prometheus_text])
def test_names_come_back_as_they_were(parser: Any, name: str) -> None:
    samples = read(parser, openmetrics([{**RING, "ring": name}]))
    assert {dict(labels)["ring"] for _, labels in samples} == {name}


def test_the_text_ends_as_openmetrics_wants() -> None:
    text = openmetrics([RING])
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1
    assert read(openmetrics_text, openmetrics([])) == {}

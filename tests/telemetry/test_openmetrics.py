"""The exposition, read back by the parsers of the Prometheus client: OpenMetrics and the older text format."""

from __future__ import annotations

import itertools
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import parser as prometheus_text
from prometheus_client.openmetrics import parser as openmetrics_text

from tests.needs import needs_tool
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

OLDEST = {
    "alerts": [{"rule": 'ready > 1 and "x"', "firing": True}],
    "oldest_by_priority": {"High": 9},
    "oldest_by_tenant": {"3": 40},
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
    assert value(samples, "age_ticks", percentile="99") == 8
    assert value(samples, "task_requeues", percentile="100") == 9


@pytest.mark.parametrize("parser", [openmetrics_text, prometheus_text])
def test_alerts_and_the_oldest_of_each_class(parser: Any) -> None:
    record = {**RING, **OLDEST}
    samples = read(parser, openmetrics([record, {"ring": "gone.bin", "error": {}}]))
    assert value(samples, "alert", rule='ready > 1 and "x"') == 1
    assert value(samples, "priority_oldest_age_ticks", priority="High") == 9
    assert value(samples, "tenant_oldest_age_ticks", tenant="3") == 40


STRICT = needs_tool("promtool")


@pytest.mark.parametrize(
    "more",
    [{}, OLDEST, {"by": {"tenant": {"groups": [GROUP]}}}, {"ages": SPREAD, "requeues": SPREAD}],
    ids=str,
)
@STRICT
def test_promtool_has_nothing_to_say(more: dict[str, Any]) -> None:
    text = openmetrics([{**RING, **more}, {**RING, **more, "ring": 'q"x\\\ny'}])
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


@STRICT
def test_promtool_refuses_a_percentile_that_is_called_a_quantile() -> None:
    text = openmetrics([{**RING, "ages": SPREAD}]).replace("percentile", "quantile")
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert said.returncode == 3


@pytest.mark.parametrize("labels", [{}, {"ages": SPREAD, "requeues": SPREAD}], ids=str)
def test_the_textfile_collectors_rules_hold(labels: dict[str, Any]) -> None:
    lines = openmetrics([{**RING, **labels}, {**RING, **labels, "ring": "b.bin"}]).splitlines()
    kinds = [tuple(line.split()[1:3]) for line in lines if line.startswith("#") and line != "# EOF"]
    assert len(set(kinds)) == len(kinds)
    samples = [line for line in lines if not line.startswith("#")]
    assert len({line.rpartition(" ")[0] for line in samples}) == len(samples)
    assert all(float(line.rpartition("} ")[2]) >= 0 for line in samples)
    names = [line.partition("{")[0] for line in samples]
    assert len(list(itertools.groupby(names))) == len(set(names))


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

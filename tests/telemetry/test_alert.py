"""Alerts: the language, when a condition holds, when an alert begins and ends; what ships with them."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tests.needs import needs_tool
from vyrectl.docs import page_path
from vyrectl.errors import WhereError
from vyrectl.telemetry.alert import FIELDS, MAX_CHARACTERS, AlertWatch, parse_alert, values_of
from vyrectl.telemetry.openmetrics import openmetrics
from vyrectl.telemetry.snapshot import TaskQueueSnapshot

VALUES = {"ready_count": 9, "done_count": 4, "done_count_delta": 0, "paused_count": 0, "slots": 20}
FOLDER = page_path("telemetry").parent


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ready > 8", True),
        ("ready_count > 9", False),
        ("ready > 8 and done_delta == 0", True),
        ("ready > 9 or done_delta != 0", False),
        ("ready > 9 or done_delta == 0", True),
        ("ready >= 0 and done_delta < 1", True),
        ("ready - 10 < 0", True),
        ("done_delta * 2 == 0", True),
        ("not ready > 9", True),
        ("0 < ready <= 9 < slots", True),
        ("0 < ready < 9 < slots", False),
        ("ready in (1, 9)", True),
        ("ready not in [1, 9]", False),
        ("ready * 2 + 1 - done == 15", True),
        ("ready // 2 == 4 and ready % 2 == 1", True),
        ("-ready < -8", True),
        ("ready // paused == 0 or ready > 0", False),
        ("ready % paused == 0", False),
        ("faulted > 0", False),
        ("not faulted > 0", False),
        ("ready * 999999999999999999999999999 > 0", False),
    ],
)
def test_a_condition(text: str, holds: bool) -> None:
    assert parse_alert(text).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("ready > 1", 0),
        ("ready > 1 for 30s", 30),
        ("ready > 1 for 1.5 m", 90),
        ("ready > 1 for 250ms ", 0.25),
    ],
)
def test_how_long(text: str, seconds: float) -> None:
    rule = parse_alert(text)
    assert (rule.seconds, rule.text) == (seconds, text.strip())


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("redy > 1", 0, "Did you mean 'ready'"),
        ("  zzzzzzzz > 1", 2, "Fields are"),
        ("slots_delta > 1", 0, "unknown field"),
        ("ready = 1", 6, "Did you mean ready == 1?"),
        ("ready > 1 && done_delta = 0 for 30s ", 10, "Did you mean ready > 1 and done_delta == 0 for 30s?"),
        ("!(ready > 1) for 3s", 0, "Did you mean not (ready > 1) for 3s?"),
        ("ready between 1 and 5", 6, "Did you mean 1 <= ready <= 5?"),
        ("ready ge 10", 6, "Did you mean ready >= 10?"),
        ("ready >= 0", 0, "holds at every look"),
        ("done > 1 or ready > -1", 12, "holds at every look"),
        ("ready != -1 and done > 1", 0, "holds at every look"),
        ("not ready < 0", 4, "never"),
        ("ready == -1", 0, "never"),
        ("ready not in (-1, -2)", 0, "holds at every look"),
        ("ready in ()", 0, "never"),
        ("5 > 7 > ready", 0, "never"),
        ("0 <= ready", 0, "holds at every look"),
        ("ready % 4 == 4", 0, "never"),
        ("ready * 2 + 1 <= 0", 0, "never"),
        ("ready - 1 == 1 - -2 == 4", 0, "never"),
        ("ready & 1", 6, "no place"),
        ("ready > 'x'", 8, "no place"),
        ("ready >", 7, "breaks off"),
        ("ready", 0, "no condition"),
        ("ready > 1 for", 9, "for 30s"),
        ("ready > 1 for 31 days", 9, "for 30s"),
        ("ready > 1 for 9999h", 14, "30 days"),
        ("", 0, "empty"),
        (" for 3s", 0, "empty"),
        ("ready > 1.5", 9, "no place"),
        ("ready / 2 > 1", 0, "not part"),
        ("ready is 1", 9, "not part"),
        ("1 < ready in (1, 2)", 13, "not part"),
        ("ready > (1, 2)", 8, "not part"),
        ("ready > True", 8, "not part"),
        ("not " * 45 + "ready > 1", 160, "nested too deeply"),
        ("(" * 300 + "1" + ")" * 300, 0, ""),
        ("-" * 1000 + "1 > 0", 0, ""),
        ("ready > " + "-" * 60 + "1", 47, "nested too deeply"),
        ("r" * (MAX_CHARACTERS + 1), MAX_CHARACTERS, "longer"),
    ],
)
def test_what_is_refused(text: str, column: int, words: str) -> None:
    with pytest.raises(WhereError) as caught:
        parse_alert(text)
    assert words in str(caught.value)
    assert "--alert, column" in str(caught.value)
    if words:
        assert caught.value.column == column


def test_values_of_a_record() -> None:
    record: dict[str, Any] = {**TaskQueueSnapshot(ready_count=3).to_record(), "ring": "a", "done_count": 1}
    assert values_of(record)["ready_count"] == 3
    assert "done_count_delta" not in values_of(record)
    record["since"] = {"changes": {"done_count": -1}}
    assert values_of(record)["done_count_delta"] == -1
    assert set(values_of(record)) <= {*FIELDS, *(f"{name}_delta" for name in FIELDS)}


def test_an_alert_begins_once_it_has_held_and_ends() -> None:
    watch = AlertWatch(parse_alert("ready > 1 for 2s"), "a.bin")
    seen = [
        watch.look({"ready_count": ready}, moment) for moment, ready in enumerate((1, 5, 5, 5, 6, 1, 1, 5))
    ]
    assert [None if one is None else (one.began, one.seconds) for one in seen] == [
        None,
        None,
        None,
        (True, 2),
        None,
        (False, 4),
        None,
        None,
    ]
    began = seen[3]
    assert began is not None
    assert began.line == "a.bin: alert began after 2 s: ready > 1 for 2s (ready_count 5)"
    assert began.to_record() == {
        "schema": "vyrectl.alert/1",
        "ring": "a.bin",
        "rule": "ready > 1 for 2s",
        "event": "began",
        "seconds": 2.0,
        "values": {"ready_count": 5},
    }


def test_a_ring_that_cannot_be_read_ends_an_alert() -> None:
    watch = AlertWatch(parse_alert("ready > 1"), "a.bin")
    assert watch.look({"ready_count": 2}, 0.0) is not None
    assert watch.to_record() == {"rule": "ready > 1", "firing": True}
    ended = watch.look({}, 3.0)
    assert ended is not None
    assert ended.line == "a.bin: alert ended after 3 s: ready > 1"


# --- what ships ------------------------------------------------------------------------------------------


def metrics() -> set[str]:
    """Every metric that the exposition can hold."""
    record = {
        "ring": "a.bin",
        **TaskQueueSnapshot().to_record(),
        "slots": 1,
        "empty_count": 1,
        "done_count": 0,
        "alerts": [{"rule": "ready > 1", "firing": False}],
        "oldest_by_priority": {"High": 1},
        "oldest_by_tenant": {"0": 1},
    }
    return set(re.findall(r"^# TYPE (\S+)", openmetrics([record]), re.MULTILINE))


def test_the_dashboard_shows_metrics_that_there_are() -> None:
    dashboard = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 5
    for panel in panels:
        named = {name for target in panel["targets"] for name in re.findall(r"vyrectl_\w+", target["expr"])}
        assert named
        assert named <= metrics(), panel["title"]


def test_the_rules_name_metrics_that_there_are() -> None:
    text = (FOLDER / "prometheus-rules.yml").read_text(encoding="utf-8")
    assert text.count("- alert:") == 3
    assert set(re.findall(r"\bvyrectl_[a-z_]+", text)) <= metrics()


@needs_tool("promtool")
def test_promtool_takes_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(FOLDER / "prometheus-rules.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "SUCCESS: 3 rules found" in done.stdout) == (0, True), done.stdout + done.stderr


@needs_tool("promtool")
def test_the_rules_fire(tmp_path: Any) -> None:
    """A queue that stands still, one with an old task, and an alert of vyrectl's own."""
    series = {
        'vyrectl_schedulable_tasks{ring="a.bin"}': "4x20",
        'vyrectl_ring_slots{ring="a.bin",state="done"}': "7x20",
        'vyrectl_continuation_pressure{ring="a.bin"}': "0x20",
        'vyrectl_schedulable_tasks{ring="b.bin"}': "4x20",
        'vyrectl_ring_slots{ring="b.bin",state="done"}': "7+1x20",
        'vyrectl_continuation_pressure{ring="b.bin"}': "0x20",
        'vyrectl_tenant_oldest_age_ticks{ring="b.bin",tenant="3"}': "40x20",
        'vyrectl_alert{ring="b.bin",rule="ready > 1"}': "1x20",
    }
    fired = [("VyrectlQueueStalled", 1), ("VyrectlOldestTaskWaits", 1), ("VyrectlAlert", 1)]
    tests = {
        "rule_files": [str(FOLDER / "prometheus-rules.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}})',
                        "eval_time": "15m",
                        "exp_samples": [{"value": count}],
                    }
                    for name, count in fired
                ],
            }
        ],
    }
    (tmp_path / "tests.json").write_text(json.dumps(tests))
    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "tests.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_parser_that_runs_out_of_room_says_nested_too_deeply(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("vyrectl.telemetry.alert.ast.parse", parse)
    with pytest.raises(WhereError, match="nested too deeply"):
        parse_alert("ready > 1")

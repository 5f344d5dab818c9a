"""`ops --check`: everything that is wrong with a file, at its place; and nothing where all is well."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.engine.ops import shipped_sources, unclosed_brace
from vyrectl.errors import DeviceError
from vyrectl.opencl import op_check as module
from vyrectl.opencl.devices import Device
from vyrectl.opencl.op_check import RULES, Finding, check_sources
from vyrectl.opencl.op_divergence import divergences

GOOD = """#include "inner.h"
VYRE_OP(0x20000, good, "adds one") {
    __global uint *out = vyre_write_u32(task, task->output_handle, 0, 1);
    VYRE_CHECK(task);
    out[0] += ONE;
    return vyre_done();
}
VYRE_GROUP_OP(0x20001, together, "meets") {
    for (uint i = vyre_lane(); i < 4u; i += vyre_lanes()) vyre_barrier();
    return vyre_done();
}
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "inner.h").write_text("#define ONE 1u\n")
    path = tmp_path / "good.cl"
    path.write_text(GOOD)
    return path


def found(findings: tuple[Finding, ...]) -> list[tuple[str, str, int, int]]:
    return [(one.rule, Path(one.path).name, one.line, one.column) for one in findings]


def test_a_sound_file(good: Path, device: Device, capfd: pytest.CaptureFixture[str]) -> None:
    report = check_sources([good], device)
    assert report.findings == ()
    assert [op.name for op in report.ops] == ["good", "together"]
    assert report.device == device.name
    assert report.build_seconds > 0
    assert capfd.readouterr().err == ""


def test_every_rule_at_its_place(good: Path) -> None:
    (good.parent / "sync.h").write_text("\nstatic void meet(void) { barrier(0); }\n")
    bad = good.with_name("bad.cl")
    bad.write_text(
        '#include "sync.h"\n'
        'VYRE_OP(0x20000, first, "   ") { return vyre_done(); }\n'
        'VYRE_OP(0x20002, second, "x") {\n    meet();\n    uint i = vyre_lane();\n    return vyre_done();\n}\n'
        'VYRE_OP(0x1000, mine, "x") { return vyre_done(); }\n'
        'VYRE_OP(0x20003, scale, "x") { return vyre_done(); }\n'
        'VYRE_OP(0x20004, second, "x") { return vyre_done(); }\n'
        "VYRE_OP(NUMBER, last)\n"
    )
    wild = good.with_name("wild.cl")
    wild.write_text(
        "static uint f(uint n) { return f(n); }\n"
        'VYRE_OP(0x20010, wild, "x") {\n    printf("x");\n    return vyre_done();\n}\n'
        "static uint late(uint n) { if (n) return 1u; }\n"
    )
    empty, lost = good.with_name("empty.cl"), good.with_name("lost.cl")
    empty.write_text("int x;\n")
    lost.write_text('\n#include "nowhere.h"\nVYRE_OP(0x20009, lost, "x") { return vyre_done(); }\n')
    report = check_sources([good, bad, empty, lost, wild], None)
    assert found(report.findings) == [
        ("clash", "bad.cl", 2, 0),
        ("undocumented", "bad.cl", 2, 0),
        ("barrier", "bad.cl", 4, 5),
        ("lane", "bad.cl", 5, 14),
        ("id", "bad.cl", 8, 0),
        ("clash", "bad.cl", 9, 0),
        ("clash", "bad.cl", 10, 0),
        ("declaration", "bad.cl", 11, 0),
        ("empty", "empty.cl", 1, 0),
        ("include", "lost.cl", 2, 0),
        ("recursion", "wild.cl", 1, 32),
        ("printf", "wild.cl", 3, 5),
        ("return", "wild.cl", 6, 46),
    ]
    assert {finding.rule for finding in report.findings} | {"braces", "compile", "divergence"} == set(RULES)
    assert all(finding.fix and finding.severity == "error" for finding in report.findings)
    assert report.device is None


def test_a_barrier_in_an_include_is_blamed_on_the_operation(good: Path, device: Device) -> None:
    good.write_text('#include "inner.h"\nVYRE_OP(0x20000, good, "x") { meet(); return vyre_done(); }\n')
    (good.parent / "inner.h").write_text("static void meet(void) { barrier(CLK_LOCAL_MEM_FENCE); }\n")
    (finding,) = check_sources([good], device).findings
    assert (finding.rule, finding.op, finding.line) == ("barrier", "good", 2)
    assert finding.message.startswith("meet(), which reaches barrier(): one work-item runs 'good' alone")


def test_what_the_compiler_says(good: Path, device: Device, capfd: pytest.CaptureFixture[str]) -> None:
    (good.parent / "inner.h").write_text("#define ONE 1u\n\nstatic uint f(void) { return nothing; }\n")
    good.write_text(GOOD + "uint g(void) { return 1u }\n")
    report = check_sources([good], device)
    assert {(rule, name, line) for rule, name, line, _ in found(report.findings)} == {
        ("compile", "inner.h", 3),
        ("compile", "good.cl", 12),
    }
    assert "nothing" in report.findings[-1].message
    assert capfd.readouterr().err == ""


def test_warnings_are_told_each_time(good: Path, device: Device) -> None:
    good.write_text(GOOD.replace("VYRE_CHECK(task);", "uint a; if (a = 3u) out[0] = a;"))
    for _ in range(2):
        report = check_sources([good], device)
        assert report.count("error") == 0
        if "portable" in device.platform.lower():
            assert report.count("warning") == 1
            assert found(report.findings)[0][:3] == ("compile", "good.cl", 4)


def test_what_only_work_groups_trip_over(good: Path, device: Device) -> None:
    good.write_text(GOOD.replace("vyre_barrier();", "{\n#if VYRE_DRIVER_GROUP\n oops;\n#endif\n}"))
    assert "oops" in check_sources([good], device).findings[0].message


def test_what_ships_is_sound() -> None:
    for source in shipped_sources():
        assert not list(module._read_findings(source))


def test_a_device_that_compiles_nothing_is_no_finding(
    good: Path, monkeypatch: pytest.MonkeyPatch, device: Device
) -> None:
    def refuse(*arguments: object) -> object:
        raise DeviceError("no")

    monkeypatch.setattr(module, "build_program", refuse)
    with pytest.raises(DeviceError):
        check_sources([good], device)


GROUPED = """VYRE_GROUP_OP(0x20000, grouped, "meets") {{
    uint own = get_local_id(0), half = 2u;
    uint moved = own * 2u + min(own, 3u);
    uint summed = sum_of(own);
    {body}
    return vyre_done();
}}
"""


@pytest.mark.parametrize(
    ("body", "warned"),
    [
        ("if (own < 32u) {{ out[0] = 1u; barrier(CLK_LOCAL_MEM_FENCE); }}", ["barrier"]),
        ("if (get_local_id(0) == 0u) vyre_barrier();", ["vyre_barrier"]),
        ("if (task->param) ; else if (vyre_lane()) ; else {{ vyre_barrier(); }}", ["vyre_barrier"]),
        ("if (moved > 1u) for (uint i = 0u; i < 2u; ++i) if (half) vyre_barrier();", ["vyre_barrier"]),
        ("if (task->lane) {{ vyre_barrier(); }} else {{ barrier(0); }}", ["vyre_barrier", "barrier"]),
        ("if (own) {{ out[0] = 1u; }} vyre_barrier();", []),
        ("if (own) out[0] = 1u; else out[1] = 1u; vyre_barrier();", []),
        ("if (task->param > half) vyre_barrier();", []),
        ("if (summed) vyre_barrier();", []),
        ("/* if (own) barrier(0); */", []),
    ],
)
def test_a_barrier_that_not_all_may_reach_is_a_warning(tmp_path: Path, body: str, warned: list[str]) -> None:
    path = tmp_path / "grouped.cl"
    path.write_text(GROUPED.format(body=body.replace("{{", "{").replace("}}", "}")))
    report = check_sources([path], None)
    found = [one for one in report.findings if one.rule == "divergence"]
    assert [one.message.partition("()")[0] for one in found] == warned
    assert {(one.severity, one.line) for one in found} <= {("warning", 5)}
    assert report.count("error") == 0


def test_shipped_operations_meet_all_together() -> None:
    texts = [source.text for source in shipped_sources()]
    assert [one for text in texts for one in divergences(text)] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'VYRE_OP(0x20000, a, "x") {\n  if (task->pc) {\n    return vyre_done();\n  return vyre_done();\n}\n',
            1,
        ),
        (
            'VYRE_OP(0x20000, a, "x") {\n  return vyre_done();\nVYRE_OP(0x20001, b, "x") { return vyre_done(); }\n',
            1,
        ),
        (
            'static uint f(void) {\n  return 1u;\n}\nVYRE_OP(0x20000, a, "x") {\n  if (1) {\n    return vyre_done(); }',
            4,
        ),
    ],
)
def test_a_brace_that_is_never_closed_is_said_where_it_is_opened(
    tmp_path: Path, device: Device, text: str, line: int
) -> None:
    path = tmp_path / "open.cl"
    path.write_text(text)
    report = check_sources([path], device)
    assert [(one.rule, one.line) for one in report.findings if one.rule != "declaration"] == [
        ("braces", line)
    ]
    assert report.device is None


def test_braces_of_branches_are_not_judged() -> None:
    assert unclosed_brace("#if A\nvoid f(void) {\n#else\nvoid g(void) {\n#endif\n}\n") is None
    assert unclosed_brace("}}} void f(void) { } /* { */") is None


def test_a_mistyped_name_of_ours_is_told_the_nearest(tmp_path: Path, device: Device) -> None:
    path = tmp_path / "typo.cl"
    path.write_text('VYRE_OP(0x20000, a, "x") { VYRE_CHEK(task); return vyre_done(); }\n')
    messages = " ".join(one.message for one in check_sources([path], device).findings)
    assert "VYRE_CHEK" in messages
    assert "did you mean 'VYRE_CHECK'?" in messages
    path.write_text('VYRE_OP(0x20000, a, "x") { nothing_like_it(task); return vyre_done(); }\n')
    assert "did you mean 'VYRE" not in " ".join(one.message for one in check_sources([path], device).findings)

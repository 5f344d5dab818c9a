"""`ops --check`: everything that is wrong with a file, at its place; and nothing where all is well."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.engine.ops import shipped_sources
from vyrectl.errors import DeviceError
from vyrectl.opencl import op_check as module
from vyrectl.opencl.devices import Device
from vyrectl.opencl.op_check import RULES, Finding, check_sources

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
    assert {finding.rule for finding in report.findings} | {"compile"} == set(RULES)
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

"""Which buffers an operation reaches whatever happens, read from its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.engine.op_handles import Leave, Need, needs_of
from vyrectl.engine.op_handles import Test as Holds
from vyrectl.engine.ops import scan_source, shipped_sources

IN, OUT = "input_handle", "output_handle"
RESUMED: tuple[Leave, ...] = (((Holds("continuation_pc", "!=", 0),),),)


def needs(body: str, before: str = "") -> list[Need]:
    text = f'{before}\nVYRE_OP(0x20000, mine, "x") {{ {body} }}'
    return list(needs_of(scan_source(text, Path("mine.cl"))).get(0x2_0000, ()))


def handles(body: str, before: str = "") -> list[int | str]:
    found = needs(body, before)
    assert not any(need.unless for need in found)
    return [need.handle for need in found]


READ, WRITE = (
    "vyre_read_u32(task, task->input_handle, 0, 1)",
    "vyre_write_u32(task, task->output_handle, 0, 1)",
)
DONE = "return vyre_done();"


def test_shipped_operations() -> None:
    found = {
        op.name: {need.handle for need in needs_of(source).get(op.id, ())}
        for source in shipped_sources()
        for op in source.ops
    }
    assert {name: need for name, need in found.items() if need} == {
        "scale": {IN, OUT},
        "copy": {IN, OUT},
        "fill": {OUT},
        "saxpy": {"args", IN, OUT},
        "sum": {IN, OUT},
        "mandelbrot": {IN, OUT},
        "fork_sum": {IN, OUT},
        "quicksort": {OUT},
        "stencil_strip": {OUT},
        "stencil": {OUT},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (DONE, []),
        (f"{READ}; {DONE}", [IN]),
        (f"{{ {READ}; }} {DONE}", [IN]),
        (f"const ulong n = vyre_length(task, task->input_handle); {WRITE}; {DONE}", [IN, OUT]),
        (f"vyre_argument_record(task, task->param); {DONE}", ["args"]),
        (f"vyre_write_f32(task, 3u, 0, 1); vyre_type(task, OUT_OF_MINE); {DONE}", [3, 7]),
        (f"vyre_length(task, task->param); {DONE}", ["param"]),
        (f"VYRE_CHECK(task); {READ}; {DONE}", [IN]),
        (f"if (task->fault) return vyre_done(); {READ}; {DONE}", [IN]),
        (f"if (n > 3) return vyre_refuse(task, VYRE_FAULT_BAD_ARGUMENT); {READ}; {DONE}", [IN]),
        (f"for (uint i = 0; i < 3; ++i) x += i; {READ}; {DONE}", [IN]),
        (f"if (a) {{ {READ}; }} else {{ {READ}; {WRITE}; }} {DONE}", [IN]),
        (f"return {READ} ? vyre_done() : vyre_fault(1u);", [IN]),
        (f"helper(task, 3); {DONE}", [OUT]),
    ],
)
def test_what_is_reached_for_certain(body: str, expected: list[int | str]) -> None:
    before = (
        "#define OUT_OF_MINE 7u\n"
        "static void helper(vyre_task *task, uint x) { vyre_words(task, task->output_handle, 0, x, true); }"
    )
    assert handles(body, before) == expected


@pytest.mark.parametrize(
    "body",
    [
        f"if (task->param) {{ {READ}; }} {DONE}",
        f"if (x > 3) return vyre_done(); {READ}; {DONE}",
        f"if (x) return vyre_fault(7u); {READ}; {DONE}",
        f"x = task->param ? {READ} : 0; {DONE}",
        f"x = task->param && {READ}; {DONE}",
        f"for (uint i = 0; i < task->param; ++i) {READ}; {DONE}",
        f"for (;;) {{ if (x) return vyre_done(); }} {READ}; {DONE}",
        f"{DONE} {READ};",
        f"task->input_handle = 3; {READ}; {DONE}",
        f"LEAVE; {READ}; {DONE}",
        f"\n#if 0\n{READ};\n#endif\n {DONE}",
        f"// {READ};\n {DONE}",
        f"vyre_length(task, handle); {DONE}",
        f"vyre_task copy = *task; vyre_length(&copy, copy.input_handle); {DONE}",
        f"vyre_length(task, task->input_handle); task->fault = 0u; {DONE}",
        f"goto end; {READ}; end: {DONE}",
    ],
)
def test_what_is_not(body: str) -> None:
    assert needs(body, "#define LEAVE if (task->param) return vyre_done()") == []


def test_a_turn_that_leaves_by_words_of_the_slot() -> None:
    assert needs(f"if (task->pc) return vyre_done(); {READ}; {DONE}") == [Need(IN, RESUMED)]
    both: tuple[Leave, ...] = (
        ((Holds("param", "==", 3), Holds("priority", "<", 2)), (Holds("continuation_data", "==", 0),)),
    )
    text = (
        f"if (task->param == 3u && task->priority < 0x2 || !task->data) {{ x = 1; {DONE} }} {WRITE}; {DONE}"
    )
    assert needs(text) == [Need(OUT, both)]

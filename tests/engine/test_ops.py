"""The scanner finds the operations that a source declares, and refuses what it cannot be sure of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyrectl.abi.opcodes import CONTROL_OPCODES
from vyrectl.engine import ops
from vyrectl.engine.ops import MOST_AT_ONCE, OpInfo, load_source, op_codes, op_name, scan_source, shipped_ops
from vyrectl.engine.reference_family import FAMILY_BODIES
from vyrectl.engine.reference_ops import BODIES
from vyrectl.errors import FileError, InvalidInputError

PATH = Path("my_ops.cl")


def found(text: str) -> list[tuple[int, str, str, int]]:
    return [(op.id, op.name, op.doc, op.line) for op in scan_source(text, PATH).ops]


def test_documentation_may_be_several_literals() -> None:
    text = 'VYRE_OP(0x20000, mine, "says \\"one\\" "\n        "and two; "\n "three") { return vyre_done(); }'
    [op] = scan_source(text, PATH).ops
    assert (op.doc, op.at_once) == ('says \\"one\\" and two; three', True)


def test_declarations_in_every_layout() -> None:
    text = (
        'VYRE_OP(0x20000, first, "one") { return vyre_done(); }\n'
        "\n"
        'VYRE_OP ( 8u ,\n  second,  "two, with (a) comma" )\n{ return vyre_done(); }\n'
        '  VYRE_OP(0XFFEF,_3,"")'
    )
    assert found(text) == [
        (0x2_0000, "first", "one", 1),
        (8, "second", "two, with (a) comma", 3),
        (0xFFEF, "_3", "", 6),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        '// VYRE_OP(9, no, "x")',
        '/* VYRE_OP(9, no, "x")\n VYRE_OP(10, no, "x") */',
        "#define MINE(id, name) VYRE_OP(id, name, doc)",
        '#define MINE(id) \\\n  VYRE_OP(id, no, "x")',
        '  #  define MINE VYRE_OP(9, no, "x")',
        'constant char *s = "VYRE_OP(9, no, x)";',
        'constant char *s = "\\"VYRE_OP(9, no, x)";',
        "MY_VYRE_OP(9, no)",
        "VYRE_OPS(9, no)",
    ],
)
def test_what_is_no_declaration_is_passed_over(hidden: str) -> None:
    assert found(f'{hidden}\nVYRE_OP(77, yes, "doc") {{}}\n') == [(77, "yes", "doc", hidden.count("\n") + 2)]


@pytest.mark.parametrize("quoted", ["'\"'", "'\\''", "'\\\\'", '"\\\\"', '"//"', '"/*"', "'/', '*'"])
def test_quotes_hide_neither_too_much_nor_too_little(quoted: str) -> None:
    text = f'char c = {quoted}; VYRE_OP(77, yes, "doc") {{}} /* "*/ VYRE_OP(78, too, "// */") {{}}'
    assert [op[1] for op in found(text)] == ["yes", "too"]


@pytest.mark.parametrize(
    "text",
    [
        "VYRE_OP(ID, name, doc)",
        "VYRE_OP(0x20000, name)",
        'VYRE_OP(0x20000, 9name, "x")',
        'VYRE_OP(0x20000, name, "a" "b")',
        'VYRE_OP(0x20000, name, "open',
        'VYRE_OP(0x20000, näme, "x")',
        'VYRE_OP(0x, name, "x")',
        'VYRE_OP(-1, name, "x")',
        "VYRE_OP",
    ],
)
def test_a_malformed_declaration_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        scan_source(f"\n\n{text}", PATH)
    assert caught.value.where == "my_ops.cl, line 3"


@pytest.mark.parametrize("kept", [0, 7, 0xFFF0, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1000, 0x10FF])
def test_ids_that_are_kept(kept: int) -> None:
    text = f'VYRE_OP({kept}, mine, "x")'
    with pytest.raises(InvalidInputError, match=f"id 0x{kept:x} is kept"):
        scan_source(text, PATH)
    assert scan_source(text, PATH, shipped=True).ops[0].id == kept


@pytest.mark.parametrize("free", [8, 0xFFF, 0x1100, 0xFFEF, 0x1_0000, 0x7FFF_FFFF])
def test_ids_that_are_free(free: int) -> None:
    assert found(f'VYRE_OP({free:#x}, mine, "x")')[0][0] == free


def test_an_id_past_u32() -> None:
    with pytest.raises(InvalidInputError, match="is no u32"):
        scan_source('VYRE_OP(0x100000000, mine, "x")', PATH)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('VYRE_OP(0x20000, other, "x")', "id 0x20000 is taken by 'mine' (my_ops.cl, line 1)"),
        ('VYRE_OP(131072, other, "x")', "id 0x20000 is taken"),
        ('VYRE_OP(0x20001, mine, "x")', "name 'mine' is taken"),
    ],
)
def test_duplicates_name_both_places(second: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        scan_source(f'VYRE_OP(0x20000, mine, "x")\n{second}', PATH)
    assert caught.value.what.startswith(message)
    assert caught.value.where == "my_ops.cl, line 2"


def test_a_name_that_ships_may_be_declared_but_not_run() -> None:
    mine = scan_source('VYRE_OP(0x20000, scale, "x")', PATH)
    with pytest.raises(InvalidInputError, match="name 'scale' is taken"):
        ops.check_unique([*shipped_ops(), *mine.ops])


@given(st.text(alphabet="VYRE_OP(,) \"'/*\\\n#x09ab"))
@example('VYRE_OP(8,a,"\\\n")')
def test_any_text_is_scanned_or_refused(text: str) -> None:
    try:
        places = {op.line for op in scan_source(text, PATH).ops}
    except InvalidInputError as error:
        places = {int(str(error.where).removeprefix("my_ops.cl, line "))}
    lines = text.split("\n")
    assert all("VYRE_OP" in lines[place - 1] for place in places)


def test_load_source(tmp_path: Path) -> None:
    path = tmp_path / "a.cl"
    path.write_bytes(b'// one\r\nVYRE_OP(9, a, "doc") { return vyre_done(); }\r\n')
    source = load_source(path)
    assert source.ops == (OpInfo(9, "a", "doc", path, 2, shipped=False, at_once=True),)
    assert source.ops[0].function == "vyre_op_a"


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, FileError, "no such file"),
        (b"", InvalidInputError, "no operation is declared"),
        (b"int x;", InvalidInputError, "no operation is declared"),
        (b"\xff\xfe", InvalidInputError, "byte 0 is no UTF-8"),
    ],
)
def test_sources_that_are_refused(
    tmp_path: Path, content: bytes | None, error: type[Exception], message: str
) -> None:
    path = tmp_path / "a.cl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=message):
        load_source(path)
    with pytest.raises(FileError):
        load_source(tmp_path)


def test_what_ships() -> None:
    shipped = {op.name: op.id for op in shipped_ops()}
    assert {name: code for name, code in shipped.items() if 0x1000 <= code <= 0x10FF} == {
        "scale": 0x1000,
        "copy": 0x1001,
        "fill": 0x1002,
        "saxpy": 0x1003,
        "sum": 0x1004,
        "spin": 0x1005,
        "wait": 0x1006,
        "requeue_n": 0x1007,
        "fault": 0x1008,
        "mandelbrot": 0x1009,
        "fork_sum": 0x1010,
        "quicksort": 0x1011,
        "stencil": 0x1012,
        "stencil_strip": 0x1013,
    }
    assert all(op.doc and op.shipped and op.path.is_file() for op in shipped_ops())
    assert [op.id for op in shipped_ops()] == sorted(shipped.values())


def test_every_shipped_operation_has_its_python_twin() -> None:
    assert {op.id for op in shipped_ops()} == set(BODIES) | set(FAMILY_BODIES)


def test_control_opcodes_bear_the_wire_s_names() -> None:
    wire = {opcode.code: opcode.name for opcode in CONTROL_OPCODES}
    assert all(wire[op.id] == op.name for op in shipped_ops() if op.id in wire)


def test_codes_and_names() -> None:
    mine = scan_source('VYRE_OP(0x20000, mine, "x")', PATH)
    assert op_codes()["printf"] == 0xFFFE
    assert op_codes((mine,))["mine"] == 0x2_0000
    assert "mine" not in op_codes()
    assert (op_name(0x1003), op_name(0x8000_0001), op_name(0x2_0000)) == ("saxpy", "packed_slot", None)


def test_operations_that_may_have_children() -> None:
    text = """VYRE_SPAWNING_OP(0x20000, split, "doc") { return vyre_done(); }
    VYRE_ONCE_SPAWNING_OP(0x20001, once, "doc") { return vyre_done(); }
    VYRE_OP(0x20002, plain, "doc") { return vyre_done(); }"""
    ops = scan_source(text, Path("x.cl")).ops
    assert [(op.spawns, op.once, op.group) for op in ops] == [
        (True, False, False),
        (True, True, False),
        (False, False, False),
    ]


def test_operations_that_may_not_run_twice() -> None:
    text = """VYRE_ONCE_OP(0x20000, send, "doc") { return vyre_done(); }
    VYRE_ONCE_GROUP_OP(0x20001, all, "doc") { return vyre_done(); }
    VYRE_OP(0x20002, often, "doc") { return vyre_done(); }"""
    ops = scan_source(text, Path("x.cl")).ops
    assert [(op.name, op.once, op.group) for op in ops] == [
        ("send", True, False),
        ("all", True, True),
        ("often", False, False),
    ]


@pytest.mark.parametrize(
    ("macro", "body", "at_once"),
    [
        ("VYRE_OP", "{ return vyre_done(); }", True),
        ("VYRE_OP", "\n{\n    /* nothing } */ return vyre_done ( ) ; // that is all\n}\n", True),
        ("VYRE_ONCE_OP", "{ return vyre_done(); }", True),
        ("VYRE_OP", "{ task->pc = 1u; return vyre_done(); }", False),
        ("VYRE_OP", "{ return vyre_done(), vyre_fault(1u); }", False),
        ("VYRE_OP", "{\n#if 0\n    return vyre_done();\n#endif\n    return vyre_fault(1u);\n}", False),
        ("VYRE_OP", "; static int other; /* { return vyre_done(); } */", False),
        ("VYRE_OP", "{ /*" + "x" * MOST_AT_ONCE + "*/ return vyre_done(); }", False),
        ("VYRE_GROUP_OP", "{ return vyre_done(); }", False),
        ("VYRE_SPAWNING_OP", "{ return vyre_done(); }", False),
    ],
)
def test_an_operation_that_only_ends_is_known(macro: str, body: str, *, at_once: bool) -> None:
    source = scan_source(f'{macro}(9, a, "doc") {body}', Path("a.cl"))
    assert [op.at_once for op in source.ops] == [at_once]

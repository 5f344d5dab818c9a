"""How a program's source is put together; that messages point at the author's own file and line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from vyrectl.engine.ops import OpSource, load_source, shipped_ops
from vyrectl.errors import FileError, InvalidInputError, KernelBuildError, OpSourceError
from vyrectl.opencl.devices import Device
from vyrectl.opencl.program import build_program
from vyrectl.opencl.source import Variant, assemble, op_order

OP = 'VYRE_OP(0x20000, mine, "x") { return vyre_done(); }\n'
LINE = re.compile(r'^#line (\d+) "([^"]*)"$')


def source(folder: Path, text: str, name: str = "my_ops.cl") -> OpSource:
    """A file of operations."""
    path = folder / name
    path.write_text(text)
    return load_source(path)


def places(program: str) -> dict[str, list[tuple[str, int]]]:
    """Text of a line -> the files and lines that the program says it comes from."""
    found: dict[str, list[tuple[str, int]]] = {}
    name, number = "", 0
    for line in program.split("\n"):
        match = LINE.match(line)
        if match:
            number, name = int(match[1]), match[2]
            continue
        found.setdefault(line, []).append((name, number))
        number += 1
    return found


def test_every_line_says_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "inner.h").write_text("/* one */\nuint inner(void);\n")
    mine = source(tmp_path, f'// first\n#include "inner.h"\nuint after(void);\n{OP}')
    at = places(assemble((mine,)))
    assert at["// first"] == [(str(tmp_path / "my_ops.cl"), 1)]
    assert at["uint inner(void);"] == [(str(tmp_path / "inner.h"), 2)]
    assert at["uint after(void);"] == [(str(tmp_path / "my_ops.cl"), 3)]
    run = next(line for line in at if line.startswith("__kernel void vyre_run("))
    assert at[run][0][0] == "engine/lane.cl"


def test_each_file_is_pasted_once(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text('#include "b.h"\nuint in_a;\n')
    (tmp_path / "b.h").write_text('#include "a.h"\n#include "vyre_op.h"\nuint in_b;\n')
    text = f'#include "b.h"\n#include "./a.h"\n # include "b.h" // again\n{OP}'
    at = places(assemble((source(tmp_path, text),)))
    assert len(at["uint in_a;"]) == len(at["uint in_b;"]) == 1
    assert [len(found) for line, found in at.items() if "vyre_outcome vyre_done(void)" in line] == [1]


def test_an_include_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.h").write_text('#include "b.h"\n')
    (tmp_path / "lib" / "b.h").write_text("uint in_b;\n")
    mine = source(tmp_path, f'#include "lib/a.h"\n#include <stdint.h>\n{OP}')
    assert places(assemble((mine,)))["uint in_b;"] == [(str(tmp_path / "lib" / "b.h"), 1)]


def test_includes_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"'missing\.h' cannot be found") as caught:
        assemble((source(tmp_path, f'\n#include "missing.h"\n{OP}'),))
    assert caught.value.where == f"{tmp_path}/my_ops.cl, line 2"
    (tmp_path / "bytes.h").write_bytes(b"\xff")
    with pytest.raises(InvalidInputError, match="is no UTF-8"):
        assemble((source(tmp_path, f'#include "bytes.h"\n{OP}'),))
    for depth in range(40):
        (tmp_path / f"{depth}.h").write_text(f'#include "{depth + 1}.h"\n')
    with pytest.raises(InvalidInputError, match="nested too deeply"):
        assemble((source(tmp_path, f'#include "0.h"\n{OP}'),))


def test_an_unreadable_include(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = source(tmp_path, f'#include "a.h"\n{OP}')
    (tmp_path / "a.h").touch()

    system_open = os.open

    def refuse(path: str | Path, *options: int) -> int:
        if Path(path).name == "a.h":
            raise PermissionError(13, "Permission denied", str(path))
        return system_open(path, *options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="permission denied"):
        assemble((mine,))


def test_clashing_operations(tmp_path: Path) -> None:
    one = source(tmp_path, OP, "one.cl")
    other = source(tmp_path, OP.replace("mine", "other"), "other.cl")
    with pytest.raises(InvalidInputError, match="id 0x20000 is taken by 'mine'"):
        assemble((one, other))
    assert [op.name for op in op_order((one,))][-1] == "mine"


def test_an_operation_may_bear_any_name(device: Device, tmp_path: Path) -> None:
    names = ["index", "done", "dispatch", "tally_row", "task", "main", "float4", "if", "order"]
    ops = [OP.replace("mine", name).replace("0x20000", hex(0x2_0000 + i)) for i, name in enumerate(names)]
    program = build_program(device, (source(tmp_path, "".join(ops)),))
    assert [op.name for op in program.ops][-len(names) :] == names


def test_a_mistake_is_reported_at_its_file_and_line(device: Device, tmp_path: Path) -> None:
    (tmp_path / "inner.h").write_text("/* fine */\n")
    text = f'// one\n#include "inner.h"\n{OP}\nVYRE_OP(0x20001, bad, "x") {{\n    return no_such_thing;\n}}\n'
    with pytest.raises(KernelBuildError) as caught:
        build_program(device, (source(tmp_path, text),))
    assert re.search(r"my_ops\.cl:6\b", caught.value.log)
    assert "no_such_thing" in caught.value.log
    assert caught.value.where == f"{tmp_path / 'my_ops.cl'}, line 6"
    assert caught.value.log.count("no_such_thing") == 2
    assert "\n      return no_such_thing;\n             ^" in caught.value.log


def test_a_mistake_in_an_include_is_reported_there(device: Device, tmp_path: Path) -> None:
    (tmp_path / "inner.h").write_text("\n\nuint broken(void) { return nothing; }\n")
    with pytest.raises(KernelBuildError) as caught:
        build_program(device, (source(tmp_path, f'#include "inner.h"\n{OP}'),))
    assert re.search(r"inner\.h:3\b", caught.value.log)


def test_jit_compiles_what_a_ring_names_and_the_interpreter_everything() -> None:
    spin, saxpy = 0x1005, 0x1003
    jit, interpreter = assemble((), Variant(only=frozenset({spin}))), assemble()
    assert "VYRE_OP(0x1005, spin" in jit
    assert "VYRE_GROUP_OP(0x1003, saxpy" not in jit
    dispatched = re.findall(r"case 0x([0-9a-f]+)u: return vyre_op_\w+\(task\);", jit)
    assert [int(code, 16) for code in dispatched] == [spin]
    everything = re.findall(r"case 0x([0-9a-f]+)u: return vyre_op_\w+\(task\);", interpreter)
    assert {op.id for op in shipped_ops()} <= {int(code, 16) for code in everything}
    assert saxpy in {int(code, 16) for code in everything}


NASTY = """#define i 0
#define count 1
#define state 2
#define lane 3
#define slot 4
#define found 5
#define env 6
#define true false
#define uint ulong
#define task_of(x) x
# /* spaced */ define w 7
#define \\
    barrier(x)
#define switch if
#define vyre_unknown_op vyre_give_back
VYRE_OP(0x20000, mine, "x") { return vyre_done(); }
"""


def test_macros_of_an_author_end_with_the_text(device: Device, tmp_path: Path) -> None:
    mine = source(tmp_path, NASTY)
    text = assemble((mine,))
    assert (
        text.index("__kernel void vyre_run(") < text.index("#define true false") < text.index("#undef true")
    )
    defined = set(re.findall(r"define(?:[ \t]|\\\n)+(\w+)", NASTY))
    assert defined <= set(re.findall(r"^#undef (\w+)$", text, re.MULTILINE))
    assert build_program(device, (mine,), Variant(only=frozenset([0x20000])))


def test_a_source_that_includes_itself(tmp_path: Path) -> None:
    (tmp_path / "way.h").write_text('\n#include "my_ops.cl"\n')
    with pytest.raises(OpSourceError, match=r"my_ops.cl -> way.h -> my_ops.cl") as caught:
        assemble((source(tmp_path, f'#include "way.h"\n{OP}'),))
    assert (Path(caught.value.path).name, caught.value.line, caught.value.exit_code) == ("way.h", 2, 3)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (OP.replace("{", '{\n printf("%u", 1u);'), "printf", 2),
        ("#define SAY(x) printf(x)\n" + OP, "printf", 1),
        ("static uint f(uint n) {\n return n ? f(n - 1u) : 0u;\n}\n" + OP, "recursion", 2),
        ("static uint g(uint n);\nstatic uint f(uint n) { return g(n); }\nstatic uint g(uint n) { return f(n); }\n"
         + OP, "recursion", 2),
    ],
)  # fmt: skip
def test_what_no_operation_may_do(tmp_path: Path, text: str, rule: str, line: int) -> None:
    with pytest.raises(OpSourceError) as caught:
        assemble((source(tmp_path, text),))
    assert (caught.value.rule, caught.value.line, caught.value.exit_code) == (rule, line, 3)


@pytest.mark.parametrize(
    "text", ['// printf("x")\n', "#define printf(...)\n", "static uint printf_like(uint n) { return n; }\n"]
)
def test_what_only_looks_like_it(tmp_path: Path, text: str) -> None:
    assert assemble((source(tmp_path, text + OP),))


@pytest.mark.parametrize("text", [OP.replace("vyre_done()", "nothing"), OP.replace("}", "")])
def test_a_mistake_of_the_author_is_one_of_the_file(device: Device, tmp_path: Path, text: str) -> None:
    with pytest.raises(KernelBuildError) as caught:
        build_program(device, (source(tmp_path, text),), Variant(only=frozenset([0x20000])))
    assert caught.value.exit_code == 3
    assert "my_ops.cl" in str(caught.value.where)

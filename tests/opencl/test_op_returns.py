"""Functions that may fall off their end, found in the text: statement by statement, and nothing that is meant."""

from __future__ import annotations

import pytest

from vyrectl.opencl.op_returns import falling
from vyrectl.resources import kernels_dir

FALLING = [
    "",
    "x();",
    "VYRE_CHECK(task);",
    "if (a) return x;",
    "if (a) { return x; } else if (b) { return y; }",
    "while (1) { if (a) break; }",
    "while (a) return x;",
    "for (uint i = 0; i < n; i++) { return x; }",
    "for (;;) { if (a) { break; } }",
    "do { y(); } while (a);",
    "do { if (a) break; } while (1);",
    "switch (a) { case 0: return x; }",
    "switch (a) { case 0: y(); break; default: return x; }",
    "switch (a) { default: y(); }",
    "uint a[2] = {1, 2}; y(a);",
    "v = (uint4)(1, 2, 3, 4);",
    "EACH(i) { y(); }",
    "// return x;\n",
    's = "return x;";',
    "return_it();",
    "again: y();",
]
ENDING = [
    "return vyre_done();",
    "if (a) return x; else return y;",
    "if (a) { return x; } else if (b) { return y; } else { return z; }",
    "while (1) { if (a) return x; }",
    "while (true) y();",
    "for (;;) { for (uint i = 0; i < 3; i++) { if (a) break; } if (b) return x; }",
    "do { return x; } while (a);",
    "do { y(); } while (1);",
    "switch (a) { case 0: return x; default: return y; }",
    "switch (a) { case 0: y(); break; } return z;",
    "switch (a) { case 0: while (b) break; return x; default: return y; }",
    "uint a[2] = {1, 2}; return y(a);",
    "goto out; out: return x;",
    "{ { return x; } }",
    "END(x);",
    "END(x)",
    "\n#ifdef X\n  return x;\n#endif\n",
    "if (a) { return x; } END(y);",
    "return (struct s){.a = 1, .b = {2}};",
]
MACROS = "#define END(x) return vyre_done()\n#define EACH(i) if (i)\n"


@pytest.mark.parametrize("body", FALLING)
def test_what_may_fall_off_its_end_is_found_at_its_brace(body: str) -> None:
    text = (
        f'{MACROS}VYRE_OP(0x20050, x, "d") {{ {body} }}\nVYRE_OP(0x20051, y, "d") {{ return vyre_done(); }}\n'
    )
    [(name, offset)] = falling(text)
    assert (name, text[offset : offset + 2]) == ("vyre_op_x", "}\n")


@pytest.mark.parametrize("body", ENDING)
def test_what_leaves_on_every_way_is_let_be(body: str) -> None:
    assert list(falling(f'{MACROS}VYRE_OP(0x20050, x, "d") {{ {body} }}')) == []


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ("static uint f(uint a) { if (a) return 3; }", True),
        ("static uint\nf(uint a) { }", True),
        ("inline __global uint *f(uint a) { y(); }", True),
        ("static void *f(uint a) { y(); }", True),
        ("static void f(uint a) { y(); }", False),
        ("__kernel void f(uint a) { y(); }", False),
        ("struct s { uint a; };", False),
        ('VYRE_STEP(a, "x") { }', False),
        ("__constant uint table[] = {1, 2};", False),
    ],
)
def test_helpers_with_a_value(function: str, found: bool) -> None:
    assert bool(list(falling(function))) is found


def test_no_shipped_text_is_found() -> None:
    for path in [*kernels_dir().rglob("*.cl"), *kernels_dir().rglob("*.h")]:
        assert list(falling(path.read_text())) == [], path

"""Which lane operations reach a barrier, and which only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.engine.op_calls import BARRIERS, SHARES, Calls
from vyrectl.engine.ops import shipped_sources

HEAD = 'VYRE_OP(0x20000, mine, "doc with { and barrier()") {'


def chains(text: str) -> list[tuple[str, ...]]:
    return [reach.chain for reach in Calls(text).reached(BARRIERS)]


@pytest.mark.parametrize(
    "call",
    [
        "barrier",
        "work_group_barrier",
        "vyre_barrier",
        "sub_group_barrier",
        "work_group_reduce_add",
        "async_work_group_copy",
        "wait_group_events",
    ],
)
def test_a_barrier_in_the_body(call: str) -> None:
    text = f"{HEAD}\n  if (task->pc) {{ {call} (1); }}\n return vyre_done(); }}"
    (reach,) = Calls(text).reached(BARRIERS)
    assert (reach.op, reach.chain, str(reach)) == ("mine", (call,), f"{call}()")
    assert text[reach.offset :].startswith(call)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "/* barrier(0) */",
        "// barrier(0)",
        'printf("barrier(0)");',
        "uint barrier = 3; barrier += 1;",
        "my_barrier(0);",
        "barriers(0);",
        "get_sub_group_size();",
        "sub_group_sum(3);",
        "unknown();",
    ],
)
def test_what_only_looks_like_one(body: str) -> None:
    helper = "static uint sub_group_sum(uint x) { return x + 1u; }\n"
    assert chains(f"{helper}{HEAD}\n{body}\nreturn vyre_done(); }}") == []


def test_a_group_operation_may_wait() -> None:
    assert chains('VYRE_GROUP_OP(0x20000, mine, "doc") { barrier(0); return vyre_done(); }') == []


def test_through_functions_macros_and_operations() -> None:
    text = f"""
    #define SYNC(x) \\
        barrier(x)
    #define SYNC_ALL SYNC(1)
    static void third(void);
    __attribute__((noinline)) static void third(void) {{ for (;;) {{ SYNC_ALL; }} }}
    static inline uint second(uint (x)) __attribute__((noinline)) {{ third(); return x; }}
    uint first(uint x) {{ return x ? second(x) : first(x - 1u); }}
    VYRE_GROUP_OP(0x20001, other, "doc") {{ barrier(0); return vyre_done(); }}
    {HEAD} uint y = first(1u) + first(2u); return vyre_op_other(task); }}
    """
    assert chains(text) == [
        ("first", "second", "third", "SYNC_ALL", "SYNC", "barrier"),
        ("vyre_op_other", "barrier"),
    ]
    (reach, _) = Calls(text).reached(BARRIERS)
    assert str(reach).startswith("first(), which reaches second(), which reaches third()")


def test_only_the_operation_that_reaches_it() -> None:
    text = f"""
    static void helper(void) {{ barrier(0); }}
    static const uint table[] = {{ 1, 2 }};
    typedef struct {{ uint x; }} pair;
    VYRE_OP(0x20001, fine, "doc") {{ return vyre_done(); }}
    {HEAD} helper(); return vyre_done(); }}
    """
    assert [reach.op for reach in Calls(text).reached(BARRIERS)] == ["mine"]


def test_sharing_work_with_nobody() -> None:
    text = f"{HEAD} for (uint i = vyre_lane(); i < 9u; i += vyre_lanes()) ; return vyre_done(); }}"
    assert [reach.chain for reach in Calls(text).reached(SHARES)] == [("vyre_lane",), ("vyre_lanes",)]


def test_what_ships_is_sound() -> None:
    for source in shipped_sources():
        calls = Calls(source.text)
        assert {name for name, _ in calls.lane_ops} == {op.name for op in source.ops if not op.group}
        assert not [*calls.reached(BARRIERS), *calls.reached(SHARES)]


@given(st.text(alphabet="VYRE_OP(,)\"'{}#define barrier\\\n; 0x9a"))
def test_any_text_can_be_read(text: str) -> None:
    for reach in Calls(text).reached(BARRIERS):
        assert BARRIERS.search(text)
        assert text[reach.offset]

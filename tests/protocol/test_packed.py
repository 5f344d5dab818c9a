"""Packed payloads: what is encoded is decoded, and what a device would leave out is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.errors import UsageError
from vyrectl.protocol.packed import decode_packed, encode_packed

OPS = st.lists(st.tuples(st.integers(0, 255), st.lists(st.integers(0, 2**32 - 1), max_size=4)), max_size=10)


@given(OPS)
def test_what_is_encoded_is_decoded(ops: list[tuple[int, list[int]]]) -> None:
    try:
        payload = encode_packed(ops)
    except UsageError:
        assert sum(len(own) for _, own in ops) + (2 + 2 * len(ops) + 3) // 4 > 12
        return
    packed = decode_packed(payload)
    assert (packed.count, packed.argument_words) == (len(ops), sum(len(own) for _, own in ops))
    assert [op.opcode for op in packed.ops] == [opcode for opcode, _ in ops]
    for op, (_, own) in zip(packed.ops, ops, strict=True):
        if op.arguments is not None:
            assert list(op.arguments[: len(own)]) == own[:3]
        assert op.runs == (op.arguments is not None and op.index < 4)
        assert (op.idle_reason is None) == op.runs


@given(st.lists(st.integers(0, 2**32 - 1), min_size=12, max_size=12))
def test_any_payload_can_be_decoded(payload: list[int]) -> None:
    packed = decode_packed(payload)
    assert len(packed.ops) == min(packed.count, 23)
    assert sum(op.runs for op in packed.ops) <= 4


def test_why_an_operation_does_not_run() -> None:
    packed = decode_packed(encode_packed([(0, ()), (1, ()), (2, ()), (3, ()), (4, ()), (5, (1, 2, 3))]))
    assert packed.ops[4].idle_reason == "only the first 4 run"
    short = decode_packed(encode_packed([(0, (0,) * 8), (1, (1, 2))]))
    assert short.ops[0].runs
    assert "inside the payload" in str(short.ops[1].idle_reason)


@pytest.mark.parametrize("ops", [[(256, ())], [(-1, ())], [(0, (2**32,))], [(0, (0,) * 12)], [(0, ())] * 24])
def test_what_does_not_fit(ops: list[tuple[int, tuple[int, ...]]]) -> None:
    with pytest.raises(UsageError):
        encode_packed(ops)

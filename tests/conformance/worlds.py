"""Random rings with hostile words whose result does not depend on the order in which tasks run.

Tasks share what nobody writes, add to words that nobody reads, and write only into buffers and control words of
their own:

    control  | 0 wire | 160 a fence's tag | 161 read only | 224 a compare_swap word a slot | 384 its answers |
             | 544 eight words a slot |
    handles  | 0-7 inputs, a gap, a view, an empty one | 8 + slot: the slot's own output | the argument table |

Everything about a slot follows from the seed and the slot's number, so that a shorter ring of the same seed
has the same first slots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.conformance.cases import Case, given, lent, zeros
from vyrectl import SLOT_DTYPE
from vyrectl.abi.control import OBSERVABLE_FIRST
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.opcodes import LOAD_MISS, PACKED_SLOT, PRINTF
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.engine.buffers import Buffer
from vyrectl.task.arrays import SlotArray

MOST_SLOTS = 40
LIMIT_SLOTS = 160
"""A world has no more, or its compare_swap words would reach their answers."""

OWN_HANDLE = 8
CONSTANT_WORDS, SWAP_WORDS, OWN_WORDS = 161, 224, 544
OWN_WORDS_EACH = 8
PICTURE_WORDS = 12 * 8 * 3

EDGES = (0, 1, 2, 3, 7, 31, 32, 63, 64, 65, 96, 4096, 2**31 - 1, 2**31, U32_MAX - 159, U32_MAX - 1, U32_MAX)
ADDABLE = (1, 32, 70, 96, 100, 128, 135, 138, 141, 159)
"""Control words that may be added to. Not the tenants' masks: the gate is looked at between rounds, and a device may
run a requeued task before that or after."""

FLOATS = (0x3F80_0000, 0xBF00_0000, 0x7F7F_FFFF, 0x0000_0001, 0x8000_0000, 0x7F80_0000, 0x7FC0_0000)
UNKNOWN_OPS = (8, 31, 32, 0xFFF, 0x100A, 0x10FF, 0xFFFC, 0xFFFD, 0x2_0000, 0x8000_0002, U32_MAX - 1)
CONTROL_INDICES = (1, 2, 31, 96, 128, 160, 190, 191, 192, 2**31, U32_MAX - 160, U32_MAX - 159, U32_MAX)
"""Inside and outside a launch's own control buffer, but not SHUTDOWN."""

COUNTERS = (0, 0, 0, 0, 0, 5, U32_MAX - 1, U32_MAX)

Words = dict[str, int]


def worlds(most_slots: int = MOST_SLOTS) -> st.SearchStrategy[Case]:
    """Cases with every state, op, fault, flag and gate."""
    return st.builds(world, st.integers(1, most_slots), st.integers(0, 2**32 - 1))


def world(count: int, seed: int) -> Case:
    """The case of a seed, cut to `count` slots."""
    assert count <= LIMIT_SLOTS
    slots = np.zeros(count, SLOT_DTYPE)
    buffers = inputs()
    for slot in range(count):
        random = Random(f"{seed} {slot}")
        words = _words(random, slot, count)
        slots[slot] = tuple(words[name] for name in FIELD_NAMES)
        buffers[OWN_HANDLE + slot] = _own_buffer(random, words)
    random = Random(seed)
    return Case(slots, buffers, _control(random, count), _options(random))


HOSTILE_OPS = (*range(8), 0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1006, 0x1008, 0x1009, 0x100A)
MORE_OPS = (*range(0x1010, 0x1014), 0x1010, 0x1011, PACKED_SLOT, PACKED_SLOT, PRINTF, LOAD_MISS)
"""Operations that have children, packed slots, what the runtime keeps to itself."""


def hostile_ring(count: int, seed: int, ops: Sequence[int] = HOSTILE_OPS) -> SlotArray:
    """Slots of random bytes, most of them made schedulable and given one of these operations."""
    random = np.random.default_rng(seed)
    words = random.integers(0, 2**32, (count, 16), dtype=np.uint64).astype("<u4")
    small = random.random((count, 16)) < 0.6
    words[small] = random.choice(np.array(EDGES, "<u4"), int(small.sum()))
    slots = words.view(SLOT_DTYPE).reshape(count)
    slots["state"] = random.choice([0, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 99], count)
    slots["op_handle"] = random.choice(np.array(ops, "<u4"), count)
    slots["output_handle"] = random.choice([0, 1, 2, 3, 5, *range(8, 12), U32_MAX], count)
    slots["input_handle"] = random.choice([*range(12), U32_MAX], count)
    control = slots["op_handle"] - 1 < 5
    for name in ("input_handle", "output_handle"):
        slots[name][control] = random.choice(CONTROL_INDICES, int(control.sum()))
    return slots


def hostile_buffers() -> dict[int | str, Buffer]:
    """What a hostile ring may name: the inputs, and outputs of every type at handles 8 to 11."""
    outputs = (zeros(PICTURE_WORDS), zeros(66, "<f4"), zeros(70, "<i4"), zeros(3, "<u2"))
    return {**inputs(), **{OWN_HANDLE + i: one for i, one in enumerate(outputs)}}


def inputs() -> dict[int | str, Buffer]:
    """Handles 0-7 and the argument table; 4 is absent."""
    floats = np.linspace(-3, 3, 66, dtype=np.float32)
    floats[:3] = np.inf, -0.0, 1e-40
    view = np.array([12, 8, 5, 3, 20, 7], np.uint32)
    plane = np.array([-2.0, -1.0, 0.25, 0.25, 0, 0], np.float32).view(np.uint32)
    endless = np.array([U32_MAX, U32_MAX, 1, 1, 9, 1] + [0] * 6, np.uint32)
    records = [
        (0, 10, 1, FLOATS[0]),
        (5, 7, 3, 0x4020_0000),
        (65, 1, 0, FLOATS[1]),
        (66, 0, 9, FLOATS[1]),
        (0, 67, 1, FLOATS[0]),
        (U32_MAX, U32_MAX, U32_MAX, FLOATS[0]),
        (0, U32_MAX, 1, FLOATS[0]),
        (2, 2, U32_MAX, FLOATS[0]),
    ]
    return {
        0: given(np.arange(9001, dtype=np.uint32)),
        1: given(floats),
        2: given(np.arange(-40, 30, dtype=np.int32)),
        3: given(np.arange(7, dtype=np.uint8)),
        5: zeros(0),
        6: given(np.concatenate([view, plane])),
        7: given(endless),
        "args": given(np.array(records, np.uint32)),
    }


def _own_buffer(random: Random, words: Words) -> Buffer:
    """The slot's output, most often of a type and size that suits its operation."""
    by_op = {0x1003: (66, "<f4"), 0x1004: (3, "<u4"), 0x1009: (PICTURE_WORDS, "<u4")}
    by_input = {0: (9001, "<u4"), 1: (66, "<f4"), 2: (70, "<i4")}
    fitting = by_op.get(words["op_handle"], by_input.get(words["input_handle"], (70, "<u4")))
    odd = ((66, "<f4"), (65, "<u4"), (5, "<u2"), (0, "<u4"))
    size, dtype = fitting if random.random() < 0.85 else random.choice(odd)
    return lent(np.zeros(size, dtype))


def _control(random: Random, count: int) -> NDArray[np.uint32] | None:
    if random.random() < 0.5:
        return None
    numbers = np.random.default_rng(random.getrandbits(32))
    control = numbers.integers(0, 2**32, OWN_WORDS + OWN_WORDS_EACH * count, dtype=np.uint32)
    control[0] = 0
    control[3:32] = numbers.choice([0, 1, 1, U32_MAX], 29)
    control[128] = random.choice((0, 1, 3, U32_MAX - 1))
    control[135] = random.choice((0, 3, 15, 16, 17, U32_MAX))
    control[SWAP_WORDS:OBSERVABLE_SWAPS] = 5
    return control


def _options(random: Random) -> dict[str, Any]:
    options: dict[str, Any] = {"age_threshold": random.choice((0, 1, 32, 32, U32_MAX))}
    if random.random() < 0.5:
        options["epoch"] = random.choice((0, 1, 3, 100, U32_MAX))
    if random.random() < 0.25:
        options["where"] = random.choice(("priority < 3", "state == ready or slot % 2 == 1"))
    return options


def _words(random: Random, slot: int, count: int) -> Words:
    pick = random.choice
    words = {
        "state": pick((1, 1, 1, 1, 1, 5, 6, 4, 4, pick((0, 2, 3, 7, 8, 99, U32_MAX)))),
        "tenant_id": pick((0, 1, 2, 3, 28, pick((29, 31, 32, U32_MAX)))),
        "priority": pick((0, 1, 2, 3, 4, pick((5, U32_MAX)))),
        "input_handle": pick(EDGES),
        "output_handle": pick(EDGES),
        "param": pick(EDGES),
        "continuation_pc": pick((0, 0, 0, 0, 0, pick(EDGES))),
        "continuation_data": pick(EDGES),
        "resume_epoch": pick((0, 1, 2, 3, 100, U32_MAX - 1, U32_MAX)),
        "task_id": random.getrandbits(32),
        "parent_task_id": pick(EDGES),
        "age_ticks": pick((0, 0, 31, 32, 64, 200, pick((U32_MAX - 1, U32_MAX)))),
        "requeue_count": pick(COUNTERS),
        "yield_count": pick(COUNTERS),
        "flags": random.getrandbits(pick((4, 32))),
    }
    words.update(pick(_OPS)(pick, words, slot, OWN_WORDS + OWN_WORDS_EACH * count))
    return words


OBSERVABLE_SWAPS = SWAP_WORDS + OBSERVABLE_FIRST
Pick = Callable[[Any], Any]


def _own(pick: Pick, slot: int, end: int) -> int:
    """One of the slot's own control words, or an index outside the buffer."""
    own = OWN_WORDS + OWN_WORDS_EACH * slot
    return int(pick((own, own + 3, own + OWN_WORDS_EACH - 1, pick((end, end + 1, 2**31, U32_MAX)))))


def _nop(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0}


def _store(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 1, "output_handle": _own(pick, slot, end)}


def _add(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 2, "output_handle": pick((*ADDABLE, _own(pick, slot, end)))}


def _load(pick: Pick, words: Words, slot: int, end: int) -> Words:
    source = pick((CONSTANT_WORDS, CONSTANT_WORDS + 30, pick((end, 2**31, U32_MAX))))
    index = _own(pick, slot, end)
    target = index if index > U32_MAX - OBSERVABLE_FIRST else index - OBSERVABLE_FIRST
    return {"op_handle": 3, "input_handle": source, "output_handle": target}


def _compare_swap(pick: Pick, words: Words, slot: int, end: int) -> Words:
    word = pick((SWAP_WORDS + slot, SWAP_WORDS + slot, pick((end - OBSERVABLE_FIRST, end, U32_MAX))))
    return {"op_handle": 4, "input_handle": word, "output_handle": pick((5, 6))}


def _memcpy(pick: Pick, words: Words, slot: int, end: int) -> Words:
    own = OWN_WORDS + OWN_WORDS_EACH * slot
    return {
        "op_handle": 5,
        "input_handle": pick((CONSTANT_WORDS, own, own + 1, pick((CONSTANT_WORDS, U32_MAX)))),
        "output_handle": pick((own, own + 1, pick((own, U32_MAX)))),
        "param": pick((0, 1, 5, 7, pick((2**31, U32_MAX)))),
    }


def _reserved(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 6}


def _fence(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 7, "output_handle": 77}


def _scale(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1000, **_handles(pick, slot, end), "param": pick((*FLOATS, 3, U32_MAX))}


def _copy(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1001, **_handles(pick, slot, end), "param": pick((0, 0, 5, 66, pick(EDGES)))}


def _fill(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1002, **_handles(pick, slot, end)}


def _saxpy(pick: Pick, words: Words, slot: int, end: int) -> Words:
    source = pick((1, 1, 1, _handles(pick, slot, end)["input_handle"]))
    return {
        "op_handle": 0x1003,
        **_handles(pick, slot, end),
        "input_handle": source,
        "param": pick((0, 1, 2, 3, 4, 5, 6, 7, 8)),
    }


def _sum(pick: Pick, words: Words, slot: int, end: int) -> Words:
    source = pick((0, 2, _handles(pick, slot, end)["input_handle"]))
    return {
        "op_handle": 0x1004,
        **_handles(pick, slot, end),
        "input_handle": source,
        "param": pick((0, 1, 2, 3, U32_MAX)),
    }


def _handles(pick: Pick, slot: int, end: int) -> Words:
    own, table = OWN_HANDLE + slot, OWN_HANDLE + (end - OWN_WORDS) // OWN_WORDS_EACH
    return {
        "input_handle": pick((0, 1, 1, 2, 2, own, pick((3, 4, 5, 7, table, table + 1, 2**31, U32_MAX)))),
        "output_handle": pick((own, own, own, own, own, pick((0, 1, 4, 5, table, U32_MAX)))),
    }


def _spin(pick: Pick, words: Words, slot: int, end: int) -> Words:
    steps = U32_MAX if words["continuation_pc"] >= U32_MAX - 1 else pick((0, 1, 5, 1000))
    return {"op_handle": 0x1005, "param": steps}


def _wait(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1006, "param": pick((0, 1, 2, 3, 100, U32_MAX))}


def _requeue_n(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1007, "param": pick((0, 1, 2, 4))}


def _fault(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": 0x1008, "param": pick((0, 1, 77, 0xFFFF_FEFF, 0xFFFF_FF00, 0xFFFF_FF03, U32_MAX))}


def _mandelbrot(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {
        "op_handle": 0x1009,
        "input_handle": pick((6, 6, 6, 6, pick((0, 1, 7, 4)))),
        "output_handle": pick((OWN_HANDLE + slot,) * 4 + (pick((0, 5)),)),
        "param": pick((0, 4, 8, pick((9, U32_MAX)))),
    }


def _unknown(pick: Pick, words: Words, slot: int, end: int) -> Words:
    return {"op_handle": pick(UNKNOWN_OPS)}


_OPS = (
    _nop,
    _store,
    _add,
    _load,
    _compare_swap,
    _memcpy,
    _reserved,
    _fence,
    _scale,
    _copy,
    _fill,
    _saxpy,
    _sum,
    _spin,
    _wait,
    _requeue_n,
    _requeue_n,
    _fault,
    _mandelbrot,
    _unknown,
)

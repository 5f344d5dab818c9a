"""Python twins of the operations in `kernels/ops/family.cl`; see `vyrectl.engine.reference_ops`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import faults, opcodes
from vyrectl.abi.engine import TYPE_I32
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.reference_env import Body, Env, OpFault, Outcome, Task, done, join, pause
from vyrectl.engine.reference_ops import INTEGER_TYPES

FORK_SUM, QUICKSORT, STENCIL, STENCIL_STRIP = range(0x1010, 0x1014)
FORK_LEAF = 4_096
SORT_LEAF = 32
STRIP = 1_024
STENCIL_ADVANCES = 1
"""The stencil's pc once the strips of a step are under way: the next thing is the epoch."""


def _heap_range(node: int, leaves: int) -> tuple[int, int]:
    """First leaf and number of leaves below a node of a binary heap of so many leaves, numbered from 0."""
    depth = (node + 1).bit_length() - 1
    width = leaves >> depth
    return (node + 1 - (1 << depth)) * width, width


def _fork_sum(task: Task, env: Env) -> Outcome:
    total = env.length(task.input_handle)
    leaves = 1 << max(0, -(-total // FORK_LEAF) - 1).bit_length()
    node = task.param
    if node >= 2 * leaves - 1:
        raise OpFault(faults.BAD_ARGUMENT)
    target = env.typed(task.output_handle, 0, 2 * leaves - 1, INTEGER_TYPES, writes=True)
    source = env.typed(task.input_handle, 0, total, INTEGER_TYPES, writes=False)
    halves = (2 * node + 1, 2 * node + 2)
    if node >= leaves - 1:
        target[node] = _range_sum(source, node, leaves)
        return done()
    if task.pc:
        target[node] = (int(target[halves[0]]) + int(target[halves[1]])) & U32_MAX
        return done()
    for half in halves:
        child = env.spawn(
            task, FORK_SUM, task.priority, source=task.input_handle, target=task.output_handle, param=half
        )
        if child is None:
            target[half] = _range_sum(source, half, leaves)
    return join(1, 0)


def _range_sum(source: NDArray[np.uint32], node: int, leaves: int) -> int:
    first, width = _heap_range(node, leaves)
    part = source[first * FORK_LEAF : (first + width) * FORK_LEAF]
    return int(part.sum(dtype=np.uint64)) & U32_MAX


def _quicksort(task: Task, env: Env) -> Outcome:
    if task.pc:
        return done()
    is_signed = env.buffer(task.output_handle).type_code == TYPE_I32
    first = task.input_handle if task.param else 0
    count = task.param or env.length(task.output_handle)
    if count > U32_MAX:
        raise OpFault(faults.BAD_ARGUMENT)
    raw = env.typed(task.output_handle, first, count, INTEGER_TYPES, writes=True)
    words = raw.view("<i4") if is_signed else raw
    if count <= SORT_LEAF:
        words.sort()
        return done()
    split = _partition(words)
    for start, length in ((0, split), (split, count - split)):
        child = env.spawn(
            task, QUICKSORT, task.priority, source=first + start, target=task.output_handle, param=length
        )
        if child is None:
            words[start : start + length].sort()
    return join(1, 0)


def _partition(words: NDArray[np.generic]) -> int:
    """Hoare's, around the median of first, middle and last: words before the split are at most those behind it."""
    count = len(words)
    pivot = sorted((words[0], words[(count - 1) // 2], words[count - 1]))[1]
    left, right = 0, count - 1
    while True:
        while left < count - 1 and words[left] < pivot:
            left += 1
        while right > 0 and words[right] > pivot:
            right -= 1
        if left >= right:
            return min(max(right + 1, 1), count - 1)
        words[left], words[right] = words[right], words[left]
        left, right = left + 1, right - 1


def _stencil(task: Task, env: Env) -> Outcome:
    length = env.length(task.output_handle) // 2
    env.typed(task.output_handle, 0, 2 * length, INTEGER_TYPES, writes=True)
    if length > U32_MAX:
        raise OpFault(faults.BAD_ARGUMENT)
    step, stage = task.data, task.pc
    if stage == STENCIL_ADVANCES:
        return _advance_epoch(task, env)
    if step >= task.param or not length:
        return done()
    for strip in range(-(-length // STRIP)):
        child = env.spawn(
            task, STENCIL_STRIP, task.priority, source=step & 1, target=task.output_handle, param=strip
        )
        if child is None:
            _strip_step(env, task.output_handle, step & 1, strip)
    return join(STENCIL_ADVANCES, step)


def _advance_epoch(task: Task, env: Env) -> Outcome:
    at = control_abi.EPOCH.first
    epoch = int(env.control[at])
    if env.spawn(task, opcodes.BATCH_FENCE, task.priority, target=task.data + 1 & U32_MAX) is None:
        env.control[at] = (epoch + 1) & U32_MAX
    return pause(0, task.data + 1 & U32_MAX, (epoch + 1) & U32_MAX)


def _stencil_strip(task: Task, env: Env) -> Outcome:
    _strip_step(env, task.output_handle, task.input_handle, task.param)
    return done()


def _strip_step(env: Env, handle: int, plane: int, strip: int) -> None:
    length = env.length(handle) // 2
    words = env.typed(handle, 0, 2 * length, INTEGER_TYPES, writes=True).reshape(2, length)
    if plane > 1 or strip * STRIP >= length:
        raise OpFault(faults.BAD_ARGUMENT)
    current, following = words[plane], words[1 - plane]
    at = np.arange(strip * STRIP, min((strip + 1) * STRIP, length))
    following[at] = current[at - 1] + current[at] + current[(at + 1) % length]


FAMILY_BODIES: dict[int, Body] = {
    FORK_SUM: _fork_sum,
    QUICKSORT: _quicksort,
    STENCIL: _stencil,
    STENCIL_STRIP: _stencil_strip,
}
"""op_handle -> body of the operations that have children, and of those that they bear."""

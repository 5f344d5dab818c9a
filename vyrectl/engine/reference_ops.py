"""Python twins of the operations in `kernels/ops`: same words, same faults, same buffers, bit for bit.

A body gets the task's words and the launch's environment and returns an `Outcome`; a failed access raises
`OpFault`, which ends the task as Faulted. float32 arithmetic goes through numpy without contraction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vyrectl.abi import control as control_abi
from vyrectl.abi import faults, opcodes
from vyrectl.abi.engine import TYPE_F32, TYPE_I32, TYPE_U32
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.outcomes import OutcomeKind
from vyrectl.abi.slot import PAYLOAD_FIRST
from vyrectl.abi.states import TaskPriority
from vyrectl.engine.reference_env import (
    Body,
    Env,
    OpFault,
    Outcome,
    Task,
    done,
    fault,
    pause,
    requeue,
    yield_,
)
from vyrectl.protocol.packed import decode_packed

TURN_ELEMENTS = 65_536
SUM_TURN_ELEMENTS = 4_096
SPIN_TURN_STEPS = 1 << 20

SCALE, COPY, FILL, SAXPY, SUM, SPIN, WAIT, REQUEUE_N, FAULT, MANDELBROT = range(0x1000, 0x100A)

_FLOAT = (TYPE_F32,)
INTEGER_TYPES = (TYPE_U32, TYPE_I32)


def _turn(total: int, pc: int, most: int) -> int:
    return 0 if pc >= total else min(most, total - pc)


def _next(task: Task, total: int, count: int, data: int) -> Outcome:
    following = task.pc + count
    if following >= total:
        return done()
    if following > U32_MAX:
        raise OpFault(faults.BAD_ARGUMENT)
    return yield_(following, data)


def _f32(words: NDArray[np.uint32]) -> NDArray[np.float32]:
    return words.view("<f4")


def _scalar_f32(bits: int) -> np.float32:
    return np.uint32(bits).view(np.float32)


def _nop(task: Task, env: Env) -> Outcome:
    return done()


def _scale(task: Task, env: Env) -> Outcome:
    total = env.length(task.input_handle)
    count = _turn(total, task.pc, TURN_ELEMENTS)
    is_float = env.buffer(task.input_handle).type_code == TYPE_F32
    types = _FLOAT if is_float else INTEGER_TYPES
    source = env.typed(task.input_handle, task.pc, count, types, writes=False)
    target = env.typed(task.output_handle, task.pc, count, types, writes=True)
    with np.errstate(all="ignore"):
        if is_float:
            _f32(target)[:] = _f32(source) * _scalar_f32(task.param)
        else:
            target[:] = source * np.uint32(task.param)
    return _next(task, total, count, task.data)


def _copy(task: Task, env: Env) -> Outcome:
    length = env.length(task.input_handle)
    total = task.param or length
    count = _turn(total, task.pc, TURN_ELEMENTS)
    if env.buffer(task.input_handle).type_code != env.buffer(task.output_handle).type_code:
        raise OpFault(faults.BAD_TYPE)
    source = env.words(task.input_handle, task.pc, count, writes=False)
    target = env.words(task.output_handle, task.pc, count, writes=True)
    target[:] = source
    return _next(task, total, count, task.data)


def _fill(task: Task, env: Env) -> Outcome:
    total = env.length(task.output_handle)
    count = _turn(total, task.pc, TURN_ELEMENTS)
    env.words(task.output_handle, task.pc, count, writes=True)[:] = task.param
    return _next(task, total, count, task.data)


def _saxpy(task: Task, env: Env) -> Outcome:
    offset, total, stride, scalar = env.argument_record(task.param)
    count = _turn(total, task.pc, TURN_ELEMENTS)
    first = offset + task.pc * stride
    span = (count - 1) * stride + 1 if count else 0
    source = _f32(env.typed(task.input_handle, first, span, _FLOAT, writes=False))[::stride]
    target = _f32(env.typed(task.output_handle, first, span, _FLOAT, writes=True))[::stride]
    with np.errstate(all="ignore"):
        target[:] = _scalar_f32(scalar) * source + target
    return _next(task, total, count, task.data)


def _sum(task: Task, env: Env) -> Outcome:
    total = env.length(task.input_handle)
    count = _turn(total, task.pc, SUM_TURN_ELEMENTS)
    source = env.typed(task.input_handle, task.pc, count, INTEGER_TYPES, writes=False)
    target = env.typed(task.output_handle, task.param, 1, INTEGER_TYPES, writes=True)
    carried = task.data if task.pc else 0
    accumulator = (carried + int(source.sum(dtype=np.uint64))) & U32_MAX
    outcome = _next(task, total, count, accumulator)
    if outcome.kind is OutcomeKind.DONE:
        target[0] = accumulator
    return outcome


def _spin(task: Task, env: Env) -> Outcome:
    left = task.param - min(task.pc, task.param)
    steps = min(left, SPIN_TURN_STEPS)
    x = task.data if task.pc else (task.task_id * 2654435761 & U32_MAX) | 1
    if left <= steps:
        # Only 0 leads to 0, so the last turn's steps need not be made to know that the generator is alive.
        return done() if x else fault(1)
    for _ in range(steps):
        x ^= x << 13 & U32_MAX
        x ^= x >> 17
        x ^= x << 5 & U32_MAX
    return yield_(task.pc + steps, x)


def _wait(task: Task, env: Env) -> Outcome:
    return done() if task.pc else pause(1, task.data, task.param)


def _requeue_n(task: Task, env: Env) -> Outcome:
    if task.pc >= task.param:
        return done()
    idle = int(TaskPriority.IDLE)
    return requeue(task.pc + 1, task.data, min(min(task.priority, idle) + 1, idle))


def _fault(task: Task, env: Env) -> Outcome:
    return fault(task.param)


def _mandelbrot(task: Task, env: Env) -> Outcome:
    view = env.typed(task.input_handle, 0, 12, INTEGER_TYPES, writes=False)
    width, height, tile_width, tile_height, most, turn = (int(word) for word in view[:6])
    if not (width and height and tile_width and tile_height and turn):
        raise OpFault(faults.BAD_ARGUMENT)
    columns = (width - 1) // tile_width + 1
    rows = (height - 1) // tile_height + 1
    pixels = width * height
    if task.param // columns >= rows or pixels > U32_MAX:
        raise OpFault(faults.BAD_ARGUMENT)
    planes = env.typed(task.output_handle, 0, pixels * 3, INTEGER_TYPES, writes=True).reshape(
        3, height, width
    )
    x0, y0 = task.param % columns * tile_width, task.param // columns * tile_height
    tile = planes[:, y0 : min(y0 + tile_height, height), x0 : min(x0 + tile_width, width)]
    until = task.pc if task.pc >= most else task.pc + min(turn, most - task.pc)
    _mandelbrot_turn(tile, _f32(view[6:10]), (x0, y0), task.pc, until)
    return yield_(until, task.data) if until < most else done()


def _mandelbrot_turn(
    tile: NDArray[np.uint32], plane: NDArray[np.float32], corner: tuple[int, int], made: int, until: int
) -> None:
    left, top, step_x, step_y = plane
    height, width = tile.shape[1:]
    alive = tile[0] == made if made else np.ones((height, width), bool)
    ys, xs = np.nonzero(alive)
    with np.errstate(all="ignore"):
        re0 = left + (corner[0] + xs).astype(np.float32) * step_x
        im0 = top + (corner[1] + ys).astype(np.float32) * step_y
        re = tile[1][ys, xs].view(np.float32) if made else np.zeros_like(re0)
        im = tile[2][ys, xs].view(np.float32) if made else np.zeros_like(im0)
        count = tile[0][ys, xs].copy() if made else np.zeros(len(ys), np.uint32)
        inside = np.arange(len(ys))
        while True:
            re2, im2 = re[inside] * re[inside], im[inside] * im[inside]
            keep = (count[inside] < until) & (re2 + im2 <= np.float32(4))
            inside, re2, im2 = inside[keep], re2[keep], im2[keep]
            if not len(inside):
                break
            product = re[inside] * im[inside]
            im[inside] = (product + product) + im0[inside]
            re[inside] = (re2 - im2) + re0[inside]
            count[inside] += np.uint32(1)
    tile[0][ys, xs] = count
    tile[1][ys, xs] = re.view(np.uint32)
    tile[2][ys, xs] = im.view(np.uint32)


def _store(task: Task, env: Env) -> Outcome:
    env.control[env.control_index(task.output_handle)] = task.input_handle
    return done()


def _atomic_add(task: Task, env: Env) -> Outcome:
    at = env.control_index(task.output_handle)
    env.control[at] = (int(env.control[at]) + task.input_handle) & U32_MAX
    return done()


def _load(task: Task, env: Env) -> Outcome:
    value = env.control[env.control_index(task.input_handle)]
    env.control[env.observable(task.output_handle)] = value
    return done()


def _compare_swap(task: Task, env: Env) -> Outcome:
    at, met_at = env.control_index(task.input_handle), env.observable(task.input_handle)
    met = int(env.control[at])
    if met == task.output_handle:
        env.control[at] = task.param
    env.control[met_at] = met
    return done()


def _memcpy(task: Task, env: Env) -> Outcome:
    if task.param:
        env.control_index(task.input_handle + task.param - 1)
        env.control_index(task.output_handle + task.param - 1)
    for i in range(task.param):
        env.control[task.output_handle + i] = env.control[task.input_handle + i]
    return done()


def _dfa_step(task: Task, env: Env) -> Outcome:
    raise OpFault(faults.RESERVED_OP)


def _batch_fence(task: Task, env: Env) -> Outcome:
    env.control[env.observable(0)] = task.output_handle
    epoch = control_abi.EPOCH.first
    env.control[epoch] = (int(env.control[epoch]) + 1) & U32_MAX
    return done()


def _printf(task: Task, env: Env) -> Outcome:
    env.debug(env.first_slot + task.slot, task.input_handle, task.output_handle, task.param)
    return done()


def _packed_slot(task: Task, env: Env) -> Outcome:
    payload = list(task.words.values())[PAYLOAD_FIRST:]
    for op in decode_packed(payload).ops:
        if op.arguments is not None and op.runs:
            outcome = _run_inner(task, env, op.opcode, op.arguments)
            if outcome.kind is not OutcomeKind.DONE:
                return (
                    outcome if outcome.kind is OutcomeKind.FAULT else Outcome.engine_fault(faults.BAD_OUTCOME)
                )
    return done()


def _run_inner(task: Task, env: Env, opcode: int, arguments: Sequence[int]) -> Outcome:
    body = env.inner.get(opcode)
    if body is None:
        raise OpFault(faults.UNKNOWN_OP)
    names = ("op_handle", "input_handle", "output_handle", "param", "continuation_pc", "continuation_data")
    words = {**task.words, **dict(zip(names, (opcode, *arguments, 0, 0), strict=True))}
    outcome = body(Task(task.slot, words), env)
    if outcome.kind is OutcomeKind.DONE and opcode < opcodes.METRIC_OPCODES:
        at = control_abi.METRICS.first + opcode
        env.control[at] = (int(env.control[at]) + 1) & U32_MAX
    return outcome


def _shutdown(task: Task, env: Env) -> Outcome:
    env.control[control_abi.SHUTDOWN.first] = 1
    return done()


BODIES: dict[int, Body] = {
    opcodes.NOP: _nop,
    opcodes.STORE_U32: _store,
    opcodes.ATOMIC_ADD: _atomic_add,
    opcodes.LOAD_U32: _load,
    opcodes.COMPARE_SWAP: _compare_swap,
    opcodes.MEMCPY: _memcpy,
    opcodes.DFA_STEP: _dfa_step,
    opcodes.BATCH_FENCE: _batch_fence,
    opcodes.PRINTF: _printf,
    opcodes.PACKED_SLOT: _packed_slot,
    opcodes.SHUTDOWN: _shutdown,
    SCALE: _scale,
    COPY: _copy,
    FILL: _fill,
    SAXPY: _saxpy,
    SUM: _sum,
    SPIN: _spin,
    WAIT: _wait,
    REQUEUE_N: _requeue_n,
    FAULT: _fault,
    MANDELBROT: _mandelbrot,
}
"""op_handle -> body, one for every operation that ships and has no children."""

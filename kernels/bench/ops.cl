/* ops.cl - operations that `vyrectl bench` gives its tasks. They are built into no other launch. */
#include "vyre_op.h"

VYRE_OP(0x20000, yield_n, "yields param times, then finishes (pc = times yielded)") {
    return task->pc < task->param ? vyre_yield(task->pc + 1u, task->data) : vyre_done();
}

VYRE_OP(0x20001, mixed,
        "yields param times; every fourth task_id then requeues once, two classes on; then finishes (pc = "
        "turns made)") {
    if (task->pc < task->param) return vyre_yield(task->pc + 1u, task->data);
    if (task->pc == task->param && task->task_id % 4u == 0u)
        return vyre_requeue(task->pc + 1u, task->data, (task->priority + 2u) % VYRE_PRIORITY_COUNT);
    return vyre_done();
}

VYRE_OP(0x20002, stamp, "output[1 + slot] = how many tasks ran before, counted in output[0]") {
    __global uint *out = vyre_write_u32(task, task->output_handle, 0, (ulong)task->slot + 2u);
    VYRE_CHECK(task);
    out[task->slot + 1u] = vyre_add_relaxed(out, 1u);
    return vyre_done();
}
